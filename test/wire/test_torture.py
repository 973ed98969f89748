"""Every message of RFC 4475 and RFC 5118 to the running program: what comes back is what the tables
of docs/torture.md say.

The messages name addresses of others, so all of it runs in a network namespace that has nothing but
its loopback: no packet can leave, wherever the program would send it.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import socket
import struct
import sys
import unittest

from installation import Installation, WireTest, headers_of, password_of, wait_for
from namespace import enter_namespace, raise_loopback

HERE = os.path.dirname(os.path.abspath(__file__))
DATA = os.path.join(HERE, "..", "data")
TABLE = os.path.join(HERE, "..", "..", "docs", "torture.md")
DOMAIN = "example.com"  # the messages' own
COLUMNS = ("stranger", "phone", "trunk", "tcp")
NOTHING, CLOSED = "-", "closed"
DUE_S, NOT_DUE_S = 5, 0.3
PHONE = "127.0.3.1"
TRUNK = "127.0.2.1"
EDGE6 = "2001:db8::10"  # RFC 5118 asks this address

SIOCSIFADDR = 0x8916


# ---- the namespace ----

def add_address6(address):
    """The kernel takes a new address into use a moment later."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
        fcntl.ioctl(line, SIOCSIFADDR, struct.pack("=16sIi", socket.inet_pton(
            socket.AF_INET6, address), 128, socket.if_nametoindex("lo")))
    wait_for(f"{address} is there", lambda: can_bind6(address), 5)


def can_bind6(address):
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as line:
        try:
            line.bind((address, 0))
            return True
        except OSError:
            return False


def has_route_out():
    for kind, address in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8:ffff::1")):
        with socket.socket(kind, socket.SOCK_DGRAM) as line:
            try:
                line.connect((address, 5060))
                return True
            except OSError:
                pass
    return False


# ---- what is said of each message ----

def table_rows():
    """{name: {column: text}} of all tables in docs/torture.md whose first column is a message."""
    rows = {}
    with open(TABLE, encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            name = re.fullmatch(r"`([\w-]+)`", cells[0])
            if not line.startswith("|") or name is None:
                continue
            if name[1] in rows or len(cells) != 7:
                raise ValueError(f"docs/torture.md: {line}")
            rows[name[1]] = dict(zip(COLUMNS, cells[2:6]))
    return rows


def messages(folder):
    found = {}
    for name in sorted(os.listdir(os.path.join(DATA, folder))):
        with open(os.path.join(DATA, folder, name), "rb") as file:
            found[name.removesuffix(".dat")] = file.read()
    return found


def reply_port(message):
    """Where the answer to a datagram is due: the port of the topmost Via, or 5060."""
    via = re.search(rb"(?im)^(?:via|v)[ \t]*:\s*SIP\s*/\s*\d\.\d\s*/\s*\w+\s+(\[[^\]]*\]|[\w.-]+)"
                    rb"(?:[ \t]*:[ \t]*(\d+))?(.*)", message)
    return int(via[2]) if via and via[2] and b";rport" not in via[3] else 5060


def family_of(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


class Torture(WireTest):
    @classmethod
    def setUpClass(cls):
        raise_loopback()
        if has_route_out():
            raise RuntimeError("there is a way out of this namespace")
        add_address6(EDGE6)
        cls.dt = cls.enterClassContext(Installation(domain=DOMAIN, ipv6=(EDGE6, 5060)))
        cls.dt.add_account("acme", "10.00")
        cls.dt.add_endpoint("acme", "user")
        cls.dt.add_trunk("far", TRUNK, 5060)
        cls.dt.wait_config()
        cls.rows = table_rows()
        cls.sets = [messages("torture"), messages("torture-ipv6")]
        cls.all = {**cls.sets[0], **cls.sets[1]}
        cls.number = 0

    # ---- asking ----

    def source(self, is_ipv6=False):
        """An address that never spoke before: one source that sends all of this is a scanner."""
        Torture.number += 1
        if is_ipv6:
            address = f"2001:db8:{Torture.number:x}::1"
            add_address6(address)
            return address
        return f"127.5.{Torture.number >> 8}.{Torture.number & 255}"

    def edge(self, host):
        return (EDGE6, 5060) if ":" in host else (self.dt.host, self.dt.port)

    def by_udp(self, host, message, is_due):
        """The status of the final answer to a datagram, and its text."""
        with contextlib.ExitStack() as stack:
            lines = {}
            for port in {5060, reply_port(message)}:
                lines[port] = stack.enter_context(socket.socket(family_of(host), socket.SOCK_DGRAM))
                lines[port].bind((host, port))
            lines[5060].sendto(message, self.edge(host))
            line = lines[reply_port(message)]
            line.settimeout(DUE_S if is_due else NOT_DUE_S)
            answer = "SIP/2.0 100"
            with contextlib.suppress(TimeoutError):
                while answer.startswith("SIP/2.0 1"):
                    answer = line.recv(65535).decode("utf-8", "replace")
                return answer.split()[1], answer
        return NOTHING, ""

    def by_tcp(self, host, message, is_due):
        """The status of the first final answer on a connection; whether it was closed."""
        with socket.socket(family_of(host), socket.SOCK_STREAM) as line:
            line.bind((host, 0))
            line.settimeout(DUE_S)
            line.connect(self.edge(host))
            line.sendall(message)
            text = b""
            line.settimeout(DUE_S if is_due else NOT_DUE_S)
            try:
                while more := line.recv(65535):
                    text += more
                    if final := re.search(rb"(?m)^SIP/2.0 ([2-6]\d\d)", text):
                        return final[1].decode()
            except ConnectionResetError:
                pass
            except TimeoutError:
                return NOTHING
            return CLOSED

    def register(self):
        """The phone's flow becomes known: user's binding."""
        def request(more=""):
            return (f"REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {PHONE};branch=z9hG4bKr{len(more)}"
                    f"\r\nFrom: <sip:user@{DOMAIN}>;tag=r\r\nTo: <sip:user@{DOMAIN}>\r\nCall-ID: reg\r\n"
                    f"CSeq: {1 + len(more)} REGISTER\r\nMax-Forwards: 70\r\nContact: <sip:user@{PHONE}>\r\n"
                    f"{more}Content-Length: 0\r\n\r\n").encode()

        def digest(*parts):
            return hashlib.md5(":".join(parts).encode()).hexdigest()
        nonce = re.search(r'nonce="([^"]+)"', self.by_udp(PHONE, request(), True)[1])[1]
        proof = digest(digest("user", DOMAIN, password_of("user")), nonce, "00000001", "c", "auth",
                       digest("REGISTER", f"sip:{DOMAIN}"))
        status, _ = self.by_udp(PHONE, request(
            f'Authorization: Digest username="user", realm="{DOMAIN}", nonce="{nonce}", qop=auth, '
            f'uri="sip:{DOMAIN}", nc=00000001, cnonce="c", algorithm=MD5, response="{proof}"\r\n'), True)
        self.assertEqual(status, "200")

    # ---- the table ----

    def look(self, column, name, message):
        """What the message gets that way. Those of RFC 5118 come to us by IPv6, if from strangers."""
        is_due = self.rows.get(name, {}).get(column) not in (None, NOTHING)
        if column == "tcp":
            return self.by_tcp(self.source(name in self.sets[1]), message, is_due)
        host = {"phone": PHONE, "trunk": TRUNK}.get(column) or self.source(name in self.sets[1])
        return self.by_udp(host, message, is_due)[0]

    def test_every_message_gets_what_the_table_says(self):
        self.register()
        edge = self.dt.edge_pid()
        for name, message in self.all.items():
            for column in COLUMNS:
                with self.subTest(message=name, source=column):
                    self.assertEqual(self.look(column, name, message), self.rows[name][column])
        self.assertEqual(self.dt.edge_pid(), edge, "the edge was restarted")

    def test_the_table_has_every_message_and_no_other(self):
        self.assertEqual([len(names) for names in self.sets], [49, 12])
        self.assertEqual(sorted(self.rows), sorted(self.all))

    def test_silence_is_only_where_no_answer_is_due(self):
        for name, row in self.rows.items():
            is_response = self.all[name].startswith(b"SIP/2.0 ")
            for column in COLUMNS[:3]:
                with self.subTest(message=name, source=column):
                    self.assertEqual(row[column] == NOTHING, is_response)

    def test_responses_to_nothing_make_the_edge_send_nothing(self):
        before = self.sent_count()
        for name, message in self.all.items():
            if self.rows[name]["stranger"] == NOTHING:
                self.by_udp(self.source(), message, False)
        self.assertEqual(self.sent_count(), before)

    def sent_count(self):
        return self.dt.control("edge", "status")["counts"]["messages_out"]

    def test_an_answer_carries_what_could_be_read(self):
        for name in ("insuf", "badinv01", "clerr", "scalar02", "quotbal", "badvers", "ipv6-bad"):
            message = self.all[name].decode()
            with self.subTest(message=name):
                _, answer = self.by_udp(self.source(), self.all[name], True)
                for header in ("Call-ID", "CSeq"):
                    self.assertEqual(headers_of(answer, header), headers_of(message, header))
                via = headers_of(answer, "Via")[0]
                self.assertTrue(via.startswith(headers_of(message, "Via")[0].split(";")[0]), via)

    def test_what_cannot_be_followed_on_a_connection_is_answered_then_closed(self):
        for name in ("ncl", "mcl01", "inv2543"):
            with self.subTest(message=name), socket.create_connection(
                    (self.dt.host, self.dt.port), DUE_S, (self.source(), 0)) as line:
                line.sendall(self.all[name])
                text = b""
                with contextlib.suppress(ConnectionResetError):
                    while more := line.recv(65535):
                        text += more
                self.assertTrue(text.startswith(b"SIP/2.0 400 Bad Content-Length"), text)


if __name__ == "__main__":
    enter_namespace(__file__)
    sys.exit(unittest.main(verbosity=2))
