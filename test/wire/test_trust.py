"""Who is who: sources that are no customer's, identities that are another's, and how fast the first
call of an account connects that the edge has never seen."""

import random
import socket
import sys
import unittest
from decimal import Decimal

from installation import DOMAIN, Installation, WireTest, headers_of, wait_for
from peers import Sipp, register, user_row

METHODS = ("INVITE", "MESSAGE", "SUBSCRIBE", "REFER", "PUBLISH", "INFO", "UPDATE", "BYE", "NOTIFY",
           "PRACK", "CANCEL", "REGISTER")


class Trust(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(on_net="0.60"))
        cls.gateway = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        cls.addClassCleanup(cls.gateway.close)
        cls.gateway.bind(("127.0.2.1", 0))
        cls.gateway.settimeout(0.2)
        cls.dt.add_deck("retail", "49,0.60,1,1\n")
        cls.dt.add_account("acme", "10.00", sell_deck="retail")
        for user in ("alice", "bob", "carol"):
            cls.dt.add_endpoint("acme", user, identities=["4930100"] if user == "alice" else [])
        cls.dt.add_trunk("far", *cls.gateway.getsockname())
        cls.dt.add_route("far")
        cls.dt.wait_config()

    def ask(self, host, method, user, more=""):
        """Statuses (without 100) that a request from there gets, and the last answer."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.bind((host, 0))
            line.settimeout(1)  # a CANCEL waits 500 ms for its INVITE
            tag = f"{random.getrandbits(48):012x}"
            port = line.getsockname()[1]
            line.sendto((f"{method} sip:{user}@{DOMAIN} SIP/2.0\r\n"
                         f"Via: SIP/2.0/UDP {host}:{port};branch=z9hG4bK{tag};rport\r\n"
                         f"From: <sip:alice@{DOMAIN}>;tag={tag}\r\nTo: <sip:{user}@{DOMAIN}>\r\n"
                         f"Call-ID: {tag}\r\nCSeq: 1 {method}\r\nMax-Forwards: 70\r\n"
                         f"Contact: <sip:alice@{host}:{port}>\r\n{more}"
                         "Content-Length: 0\r\n\r\n").encode(), (self.dt.host, self.dt.port))
            statuses, answer = [], ""
            try:
                while not statuses or statuses[-1] < 200:
                    answer = line.recv(65535).decode()
                    statuses.append(int(answer.split()[1]))
            except OSError:
                pass
            return [status for status in statuses if status != 100], answer

    def assert_gateway_heard_nothing(self):
        with self.assertRaises(OSError):
            self.gateway.recv(65535)

    def test_an_unknown_source_gets_no_route_by_any_method(self):
        for method in METHODS:
            for user in ("49301234", "bob"):
                with self.subTest(method=method, user=user):
                    statuses, _ = self.ask("127.0.2.9", method, user)
                    self.assertTrue(statuses and set(statuses) <= {401, 403, 405, 407, 481},
                                    statuses)
                    if method in ("INVITE", "REGISTER"):
                        self.assertEqual(statuses, [407 if method == "INVITE" else 401])
        self.assert_gateway_heard_nothing()

    def test_headers_of_trust_from_an_unknown_source_open_nothing(self):
        for more in (f"P-Asserted-Identity: <sip:alice@{DOMAIN}>\r\n",
                     "Route: <sip:127.0.2.1;lr>\r\n",
                     f"Route: <sip:{self.dt.host}:{self.dt.port};lr>,<sip:127.0.2.1;lr>\r\n"):
            with self.subTest(more=more):
                statuses, _ = self.ask("127.0.2.9", "INVITE", "49301234", more)
                self.assertTrue(statuses and set(statuses) <= {403, 407, 481}, statuses)
        self.assert_gateway_heard_nothing()

    def test_a_carrier_reaches_numbers_of_ours_only(self):
        statuses, _ = self.ask("127.0.2.1", "INVITE", "49301234")
        self.assertEqual(len(statuses), 1)
        self.assertIn(statuses[0], (403, 404))
        self.assert_gateway_heard_nothing()

    def test_another_ones_identity_in_from_is_refused(self):
        caller = Sipp(self.dt, "uac-403", [user_row("bob", "carol", says="alice")])
        caller.wait()
        refusal = caller.received("SIP/2.0 403")[0]
        self.assertTrue(headers_of(refusal, "X-Reason") or headers_of(refusal, "Reason"), refusal)

    def test_a_wrong_password_gets_no_call(self):
        port = register(self.dt, ["bob"])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bob:
            bob.bind(("127.0.0.1", port))
            bob.settimeout(0.3)
            Sipp(self.dt, "uac-407", [user_row("alice", "bob", password="guessed")]).wait()
            with self.assertRaises(OSError):
                bob.recv(65535)

    def test_the_first_call_of_an_account_never_seen_connects_in_time(self):
        """It waits for its first lease; 250 ms at most, with the ledger alive."""
        port = register(self.dt, ["carol"])
        added_ms = []
        for number in range(5):
            user = f"new{number}"
            self.dt.add_account(user, "5.00")
            self.dt.add_endpoint(user, user)
            self.dt.wait_config()
            first, second = (self.ring_ms(user, port) for _ in range(2))
            self.assertLess(first, 250)
            added_ms.append(first - second)
        print("a first call took longer by ms:", *(f"{ms:.1f}" for ms in added_ms), flush=True)

        def charged():
            return [Decimal(cdr["charge"]) for cdr in self.dt.cdrs() if cdr["talk_us"] > 0]
        wait_for("each is charged once", lambda: charged() == [Decimal("0.01")] * 10)

    def ring_ms(self, user, port):
        """Calls carol: milliseconds from the INVITE with credentials to 180."""
        carol = Sipp(self.dt, "uas-call", port=port, options=["-d", "100"]).wait_bound()
        caller = Sipp(self.dt, "uac-call", [user_row(user, "carol")], options=["-d", "100"])
        caller.wait()
        carol.wait()
        sent = [at for at, is_sent, text in caller.messages() if is_sent and
                text.startswith("INVITE") and "Authorization: " in text]
        rung = [at for at, is_sent, text in caller.messages() if text.startswith("SIP/2.0 180")]
        return (rung[0] - sent[0]) * 1000


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
