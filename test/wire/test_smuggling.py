"""Header lines that want to get past the edge: other spellings of names that only a trust domain
may say, lines hidden in lines, singletons that come twice. What reaches the other side is read by
two readers that are not dialtone's: Python's reader of mail headers, and a careless one."""

import email.parser
import email.policy
import random
import re
import sys
import unicodedata
import unittest

from installation import DOMAIN, Installation, WireTest
from phone import Phone

INTERNAL = ("P-Asserted-Identity", "P-Preferred-Identity", "Remote-Party-ID", "X-Reason",
            "P-Charging-Vector", "P-Charging-Function-Addresses", "P-Charge-Info", "Charge-Info",
            "P-Asserted-Service", "P-Preferred-Service", "P-Served-User", "P-Profile-Key",
            "P-User-Database", "P-Visited-Network-ID", "P-DCS-Billing-Info", "Diversion",
            "History-Info")
MARK = b"<sip:4930666@smuggled.example>"  # the value of all that is smuggled

# How each of these names may be written. All must be cut out or refused, whoever reads.
SPELLINGS = (
    ("as it is", b"%s: %s\r\n"),
    ("space before the colon", b"%s : %s\r\n"),
    ("tabs around the colon", b"%s\t:\t%s\r\n"),
    ("no space", b"%s:%s\r\n"),
    ("folded after the colon", b"%s:\r\n %s\r\n"),
    ("folded before the colon", b"%s\r\n : %s\r\n"),
    ("after a bare line feed", b"Subject: x\n%s: %s\r\n"),
    ("after a bare return", b"Subject: x\r%s: %s\r\n"),
    ("after a quoted return", b"Subject: \"\\\r%s: %s\"\r\n"),
    ("after a quoted line feed", b"Subject: \"\\\n%s: %s\"\r\n"),
    ("after two returns", b"Subject: x\r\r\n%s: %s\r\n"),
    ("after a vertical tab", b"Subject: x\x0b%s: %s\r\n"),
    ("after a form feed", b"Subject: x\x0c%s: %s\r\n"),
    ("after a zero byte", b"Subject: x\0%s: %s\r\n"),
    ("between two of its kind", b"%s: <sip:a@b>\r\nSubject: x\r\n%s: %s\r\n"),
)
# Names that only look like the first: these are no names at all.
LOOKALIKES = (b"P-Asserted-Identity\0", b"\0P-Asserted-Identity", b"P-Asserted-Identity\x0b",
              b"P-Asserted\x08-Identity", b"P-Asserted-Identity\x7f", b"\xef\xbb\xbfP-Asserted-Identity",
              "\u0420-Asserted-Identity".encode(), "P-\u0410sserted-Identity".encode(),
              "\uff30-Asserted-Identity".encode(), "P\u2010Asserted\u2010Identity".encode(),
              "P-Asserted-Identity\u200b".encode(), "P-Asserted-Identity\u00a0".encode(),
              b"P-Asserted-Identity\xa0", b"P-Asserted- Identity", b"P-Asserted\r\n -Identity",
              b"\"P-Asserted-Identity\"", b"P-Asserted-Identity;x", b"(x)P-Asserted-Identity")
# What must not stand twice, in both of its forms, or has more than one reading.
TWICE = (b"f: <sip:bob@%s>;tag=1" % DOMAIN.encode(), b"From: <sip:bob@x>;tag=2", b"t: <sip:carol@x>",
         b"TO : <sip:carol@x>", b"i: other", b"call-id: other", b"CSeq: 2 INVITE",
         b"Max-Forwards: 0", b"Content-Length: 5", b"l: 5", b"Content-Length: 0, 5",
         b"l: +0", b"c: text/plain\r\nContent-Type: application/sdp")
LENGTHS = (b"+0", b"-0", b"0x0", b"0 0", b"0;1", b"", b"00000000000000000000005", b"0, 0", b"5",
           "\u0660".encode(), b"0\0", b"1e1")


def careless(message):
    """Names of header lines as somebody may see them who takes any control or separator for the end
    of a line and has no eye for what looks alike; to the end of the datagram, body or not."""
    text = message.decode("utf-8", "replace")
    names = set()
    for line in re.split(r"[\0\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]+", text):
        name = unicodedata.normalize("NFKC", line.partition(":")[0])
        name = name.translate({0x420: "P", 0x410: "A", 0x2010: "-", 0x200b: None, 0xfeff: None})
        names.add(re.sub(r"[^!-~]", "", name).replace("_", "-").lower())
    return names


def by_mail(message):
    """The header fields, read as those of a mail."""
    _, _, rest = message.partition(b"\n")
    return email.parser.BytesParser(policy=email.policy.compat32).parsebytes(rest, headersonly=True)


def one_line(value):
    return re.sub(r"\s+", " ", value).strip()


class Smuggling(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(on_net="0.60"))
        cls.dt.add_deck("retail", "49,0.60,1,1\n")
        cls.dt.add_account("acme", "1000.00", sell_deck="retail")
        for user in ("alice", "bob", "carol"):
            cls.dt.add_endpoint("acme", user, identities=["4930100"] if user == "alice" else [])
        cls.alice, cls.bob = Phone(cls.dt, "alice"), Phone(cls.dt, "bob")
        cls.carrier = Phone(cls.dt, "carrier", "127.0.2.1")
        cls.victim = Phone(cls.dt, "victim", "127.0.2.9")
        for phone in (cls.alice, cls.bob, cls.carrier, cls.victim):
            cls.addClassCleanup(phone.close)
        cls.dt.add_trunk("far", cls.carrier.host, cls.carrier.port)
        cls.dt.add_route("far")
        cls.dt.wait_config()
        cls.bob.register()

    def invite(self, callee, to, lines=b"", tail=b"Content-Length: 0\r\n\r\n", **more):
        """An INVITE of alice's with those lines and the right credentials: (what the callee got or
        None, the status that alice got). The callee declines."""
        call_id = f"{random.getrandbits(64):016x}"
        proof = self.alice.credentials(self.alice.nonce(to), "INVITE", f"sip:{to}@{DOMAIN}")
        sent = self.alice.request("INVITE", to, call_id, lines=lines + proof, tail=tail, **more)
        self.alice.send(sent)
        answer = self.alice.take(call_id=call_id.encode())
        got = None
        if answer is not None and answer.startswith(b"SIP/2.0 100"):
            got = callee.take(call_id=call_id.encode())
            callee.reply(got, 603)
            assert callee.take(call_id=call_id.encode()).startswith(b"ACK")
            answer = self.alice.take(call_id=call_id.encode())
        self.alice.send(self.ack_of(sent, answer))
        return got, None if answer is None else int(answer.split()[1])

    @staticmethod
    def ack_of(sent, answer):
        to = re.search(rb"(?im)^To:.*", answer or sent)[0].rstrip()
        lines = sent.split(b"\r\n")
        return b"\r\n".join([b"ACK" + lines[0][6:], lines[1], lines[2], to, lines[4],
                             b"CSeq: 1 ACK", b"Max-Forwards: 70", b"Content-Length: 0", b"", b""])

    def assert_clean(self, message, but=()):
        names = {name.lower() for name in INTERNAL} - set(but)
        self.assertEqual(careless(message) & names, set(), message)
        self.assertEqual({name.lower() for name in by_mail(message).keys()} & names, set(), message)
        self.assertNotIn(MARK if "p-asserted-identity" not in but else b"smuggled.example",
                         message.split(b"Subject: ")[0])

    def smuggle(self, lines, callee=None, to="bob", but=()):
        """Nothing of it may arrive. True: the call did."""
        got, status = self.invite(callee or self.bob, to, lines)
        self.assertIsNotNone(status, lines)
        if got is None:
            self.assertIn(status, (400, 403), lines)
            return False
        self.assert_clean(got, but)
        return True

    def test_internal_names_do_not_arrive_however_they_are_written(self):
        passed = refused = 0
        for name in INTERNAL:
            for what, spelling in SPELLINGS:
                if name != INTERNAL[0] and b"Subject" in spelling and b"\r\r" not in spelling:
                    continue  # it is about the line, and the same for all names
                for written in (name, name.upper(), name.lower()):
                    with self.subTest(name=written, what=what):
                        words = (written.encode(),) * (spelling.count(b"%s") - 1) + (MARK,)
                        is_ours = name in ("P-Asserted-Identity", "P-Preferred-Identity")
                        # These two are looked at first: another's number is refused (403), so that
                        # here they name one of alice's.
                        line = (spelling % words).replace(MARK, b"<sip:4930100@smuggled.example>"
                                                          if is_ours else MARK)
                        line = line.replace(b"<sip:a@b>", b"<sip:4930100@b>")
                        if self.smuggle(line):
                            passed += 1
                        else:
                            refused += 1
        self.assertGreater(passed, 100)
        self.assertGreater(refused, 20)

    def test_a_name_that_only_looks_like_one_is_refused(self):
        for name in LOOKALIKES:
            with self.subTest(name=name):
                got, status = self.invite(self.bob, "bob", name + b": " + MARK + b"\r\n")
                self.assertIsNone(got)
                self.assertEqual(status, 400)

    def test_another_one_s_number_is_refused_in_any_spelling(self):
        for line in (b"P-Asserted-Identity: <sip:4930666@x>", b"p-asserted-identity : <sip:4930666@x>",
                     b"P-Preferred-Identity:\r\n\t<tel:+4930666>",
                     b"P-Asserted-Identity: <sip:4930100@x>, <tel:+4930666>",
                     b"P-Asserted-Identity: <sip:4930100@x>\r\nP-ASSERTED-IDENTITY: <tel:+4930666>"):
            with self.subTest(line=line):
                got, status = self.invite(self.carrier, "4930555", line + b"\r\n")
                self.assertIsNone(got)
                self.assertEqual(status, 403)

    def test_a_carrier_gets_the_identity_that_we_say_and_no_other(self):
        for name in INTERNAL[2:]:
            with self.subTest(name=name):
                line = name.encode() + b": " + MARK + b"\r\n"
                self.assertTrue(self.smuggle(line, self.carrier, "4930555", ("p-asserted-identity",)))
        got, _ = self.invite(self.carrier, "4930555", b"p-asserted-identity : <sip:4930100@b>\r\n")
        said = by_mail(got).get_all("P-Asserted-Identity")
        self.assertEqual(said, [f"<sip:+4930100@{DOMAIN}>"])
        self.assertNotIn("proxy-authorization", careless(got))

    def test_what_stands_once_is_refused_twice(self):
        for line in TWICE:
            with self.subTest(line=line):
                got, status = self.invite(self.bob, "bob", line + b"\r\n")
                self.assertIsNone(got)
                self.assertEqual(status, 400)

    def test_a_length_has_one_reading(self):
        for length in LENGTHS:
            with self.subTest(length=length):
                got, status = self.invite(self.bob, "bob",
                                          tail=b"Content-Length: " + length + b"\r\n\r\n")
                self.assertIsNone(got)
                self.assertEqual(status, 400)

    def test_what_follows_the_message_is_cut(self):
        second = self.alice.request("INVITE", "bob", "smuggled", lines=b"P-Asserted-Identity: %s\r\n" %
                                    MARK)
        for tail in (b"Content-Length: 0\r\n\r\n" + second, b"l:0\n\n" + second,
                     b"Content-Length: 0\r\n\n" + b"P-Asserted-Identity: " + MARK + b"\r\n\r\n",
                     b"Content-Length: 2\r\n\r\nxx" + second):
            with self.subTest(tail=tail[:30]):
                got, _ = self.invite(self.bob, "bob", tail=tail)
                self.assert_clean(got)
                head, _, body = got.partition(b"\r\n\r\n")
                self.assertIn(body, (b"", b"xx"))
                fields = by_mail(head + b"\r\n\r\n")
                self.assertEqual(int(fields["Content-Length"] or fields["l"]), len(body))

    def test_both_readers_see_the_call_that_was_made(self):
        sender = f"f: \"alice \\\" P-Asserted-Identity: x\"\r\n  <sip:alice@{DOMAIN}>;tag=q"
        got, status = self.invite(self.bob, "bob", from_line=sender)
        self.assertEqual(status, 603)
        fields = by_mail(got)
        self.assertEqual(one_line(fields["f"]), one_line(sender[2:]))
        self.assertEqual(fields["To"], f"<sip:bob@{DOMAIN}>")
        self.assertEqual(fields.get_all("CSeq"), ["1 INVITE"])
        self.assertEqual(fields.get_all("Max-Forwards"), ["69"])
        self.assertEqual(len(fields.get_all("Via")), 2)

    def test_another_one_s_from_in_compact_form_is_refused(self):
        got, status = self.invite(self.bob, "bob", from_line=f"f: <sip:carol@{DOMAIN}>;tag=q")
        self.assertIsNone(got)
        self.assertEqual(status, 403)

    def test_a_via_cannot_send_our_answers_to_others(self):
        for via in (f";received={self.victim.host}", f";received={self.victim.host};rport={self.victim.port}",
                    f";maddr={self.victim.host}", f";RECEIVED={self.victim.host}"):
            with self.subTest(via=via):
                call_id = f"{random.getrandbits(64):016x}"
                self.alice.send(self.alice.request("INVITE", "bob", call_id, via=via))
                self.assertIsNotNone(self.alice.take(call_id=call_id.encode()))
                got, status = self.invite(self.bob, "bob", via=via)
                if got is not None:
                    below = got.decode().lower().split("\r\nvia: ")[2].split("\r\n")[0]
                    self.assertEqual(re.findall(r";received=([^;]*)", below), ["127.0.0.1"])
                else:
                    self.assertEqual(status, 400)
        self.assertIsNone(self.victim.take(0.2))

    def test_forged_routes_lead_nowhere(self):
        """The sides of a call tell us neither by Route nor by Record-Route whom to send to."""
        victim = f"<sip:{self.victim.here};lr>".encode()
        for forged in (b"Route: " + victim,
                       b"Route: <sip:%s:%d;lr;dt=%s>, " % (self.dt.host.encode(), self.dt.port,
                                                           b"0123456789abcdef0123456789abcdef0") + victim,
                       b"ROUTE :\r\n " + victim):
            with self.subTest(forged=forged):
                got, _ = self.invite(self.bob, "bob", forged + b"\r\n")
                if got is not None:
                    self.assertNotIn("route", careless(got))
        call_id = f"{random.getrandbits(64):016x}"
        proof = self.alice.credentials(self.alice.nonce("bob"), "INVITE", f"sip:bob@{DOMAIN}")
        sent = self.alice.request("INVITE", "bob", call_id,
                                  lines=proof + b"Record-Route: " + victim + b"\r\n")
        self.alice.send(sent)
        got = self.bob.take(call_id=call_id.encode())
        self.bob.reply(got, 200, b"P-ASSERTED-IDENTITY : " + MARK + b"\r\nx-Reason:y\r\n"
                       b"P-Charging-Vector: a\nP-Charge-Info: b\r\n")
        answer = self.alice.take(call_id=call_id.encode())
        while answer is not None and answer.startswith(b"SIP/2.0 1"):
            answer = self.alice.take(call_id=call_id.encode())
        self.assertTrue(answer.startswith(b"SIP/2.0 200"), answer)
        self.assert_clean(answer)
        routes = ", ".join(by_mail(got).get_all("Record-Route"))
        self.bob.send((f"BYE sip:alice@{self.victim.here} SIP/2.0\r\n"
                       f"Via: SIP/2.0/UDP {self.bob.here};branch=z9hG4bK{call_id};rport\r\n"
                       f"Route: {routes}\r\nFrom: <sip:bob@{DOMAIN}>;tag=callee\r\n"
                       f"To: <sip:alice@{DOMAIN}>;tag={call_id[:8]}\r\nCall-ID: {call_id}\r\n"
                       "CSeq: 1 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n").encode())
        bye = self.alice.take(call_id=call_id.encode())
        while bye is not None and not bye.startswith(b"BYE"):
            bye = self.alice.take(call_id=call_id.encode())
        self.assertIsNotNone(bye)
        self.alice.reply(bye, 200)
        self.assertIsNone(self.victim.take(0.2))


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
