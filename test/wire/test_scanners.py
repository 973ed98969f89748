"""Scanners: sipvicious against a thousand users. It finds none of them, is banned within twenty
requests each time, and a customer behind the same address does not notice."""

import concurrent.futures
import os
import re
import socket
import subprocess
import sys
import unittest

from installation import DOMAIN, Installation, WireTest, wait_for
from peers import Sipp, register, user_row

USERS = range(100, 1100)
REQUESTS_MAX = 20
SCAN_S = 40


class Scanners(WireTest):
    @classmethod
    def setUpClass(cls):
        # The scanner comes from this machine, which is never banned otherwise.
        cls.dt = cls.enterClassContext(Installation(settings="ban_allow = ( );", on_net="0.60"))
        cls.dt.add_account("acme", "100.00")
        for user in ("alice", "bob", *map(str, USERS)):
            cls.dt.add_endpoint("acme", user)
        cls.dt.wait_config()
        cls.phone = register(cls.dt, ["bob"])
        cls.caller = register(cls.dt, ["alice"])

    def setUp(self):
        for ban in self.bans():
            self.dt.run_command("unban", ban["source"], "--dir", self.dt.dir)
        self.before = self.counts()

    def counts(self):
        return self.dt.control("edge", "status")["counts"]

    def bans(self):
        return self.dt.control("edge", "bans")["bans"]

    def scan(self, *words):
        home = os.path.join(self.dt.top, "scanner")
        os.makedirs(home, exist_ok=True)
        done = subprocess.run([*words, "-p", str(self.dt.port), self.dt.host], cwd=home, text=True,
                              env={**os.environ, "HOME": home}, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SCAN_S,
                              check=False)
        return done.stdout

    def read_since(self):
        return self.counts()["messages_in"] - self.before["messages_in"]

    def assert_banned(self):
        bans = self.bans()
        self.assertEqual([ban["source"] for ban in bans], [self.dt.host])
        self.assertTrue(bans[0]["has_customers"])
        self.assertLessEqual(self.read_since(), REQUESTS_MAX)

    def assert_banned_or_gone(self):
        """All answers are alike: a scanner that sees so may give up before it is banned."""
        self.assertLessEqual(self.read_since(), REQUESTS_MAX)
        if self.counts()["dropped_banned"] > self.before["dropped_banned"]:
            self.assert_banned()

    def assert_found_nobody(self, said):
        """sipvicious draws a table of what it found."""
        found = [row for row in re.findall(r"(?m)^[|│] *(\d+) ", said) if int(row) in USERS]
        self.assertEqual(found, [], said)

    def assert_customer_is_served(self):
        """From the same address: a call between two that registered, through the ban."""
        callee = Sipp(self.dt, "uas-call", port=self.phone, options=["-d", "100"]).wait_bound()
        caller = Sipp(self.dt, "uac-call", [user_row("alice", "bob")], port=self.caller,
                      options=["-d", "100"])
        caller.wait()
        callee.wait()
        # And a phone of theirs that boots, at another port.
        register(self.dt, ["bob"], port=self.phone)
        self.assertTrue(self.bans())

    def test_svwar_finds_none_of_a_thousand(self):
        for method, domain in (("REGISTER", self.dt.host), ("REGISTER", DOMAIN), ("INVITE", DOMAIN),
                               ("INVITE", self.dt.host), ("OPTIONS", DOMAIN)):
            with self.subTest(method=method, domain=domain):
                self.setUp()
                said = self.scan("svwar", "--force", "-m", method, "--maximumtime", "2",
                                 "--domain", domain, f"-e{USERS[0]}-{USERS[-1]}")
                self.assert_found_nobody(said)
                self.assert_banned_or_gone()

    def test_svwar_that_goes_on_is_banned(self):
        said = self.scan("svwar", "--force", "--maximumtime", "2", f"-e{USERS[0]}-{USERS[-1]}")
        self.assert_found_nobody(said)
        self.assert_banned()
        self.assert_customer_is_served()

    def test_svcrack_finds_no_password(self):
        words = os.path.join(self.dt.top, "words")
        with open(words, "w", encoding="ascii") as file:
            # The right one is the last.
            file.writelines(f"guess{i}\n" for i in range(1000))
            file.write("secret-100\n")
        said = self.scan("svcrack", "-u100", "-d", words, "--domain", DOMAIN, "--maximumtime", "2")
        self.assertNotIn("secret-100", said)
        self.assert_banned()
        self.assert_customer_is_served()

    def test_svmap_is_banned_as_it_goes_on(self):
        """It sends one request to each address and port: so it comes again and again."""
        with concurrent.futures.ThreadPoolExecutor(REQUESTS_MAX) as pool:
            list(pool.map(lambda _: self.scan("svmap", "-t", "0.1"), range(REQUESTS_MAX)))
        self.assert_banned()
        self.assert_customer_is_served()

    def test_a_ban_survives_a_restart_and_is_lifted_by_hand(self):
        self.scan("svwar", "--force", "--maximumtime", "2", f"-e{USERS[0]}-{USERS[-1]}")
        self.assert_banned()
        before = self.bans()[0]
        self.dt.kill_edge()
        wait_for("the edge is back", lambda: self.edge_is_back(), 10)
        after = self.bans()[0]
        for member in ("source", "reason", "level", "has_customers"):
            self.assertEqual(before[member], after[member])
        self.assertLess(abs(before["wall_until_us"] - after["wall_until_us"]), 1000000)
        self.assertIsNone(self.ask_as_stranger())
        self.assert_customer_is_served()
        self.assertIn(self.dt.host, self.dt.run_command("bans", "--dir", self.dt.dir))
        self.dt.run_command("unban", self.dt.host, "--dir", self.dt.dir)
        self.assertEqual(self.bans(), [])
        self.assertTrue(self.ask_as_stranger().startswith("SIP/2.0 401 "))
        self.dt.run_command("ban", self.dt.host, "--for", "1m", "--reason", "test", "--dir",
                            self.dt.dir)
        self.assertIsNone(self.ask_as_stranger())
        self.assertEqual(self.dt.api("GET", "/v1/bans")["items"][0]["reason"], "test")
        self.dt.api("DELETE", f"/v1/bans/{self.dt.host}")
        self.assertEqual(self.bans(), [])

    def edge_is_back(self):
        try:
            return self.dt.control("edge", "status").get("state") == "ready" and self.bans()
        except OSError:
            return False

    def ask_as_stranger(self):
        """The answer to a REGISTER of a user who never came from here, or None."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(0.5)
            line.bind((self.dt.host, 0))
            line.sendto((f"REGISTER sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {self.dt.host}:"
                         f"{line.getsockname()[1]};branch=z9hG4bKstranger;rport\r\n"
                         f"From: <sip:777@{DOMAIN}>;tag=1\r\nTo: <sip:777@{DOMAIN}>\r\n"
                         "Call-ID: stranger\r\nCSeq: 1 REGISTER\r\nMax-Forwards: 70\r\n"
                         "Content-Length: 0\r\n\r\n").encode(), (self.dt.host, self.dt.port))
            try:
                return line.recv(65535).decode()
            except OSError:
                return None


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
