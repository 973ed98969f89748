"""SIPp phones call each other: over UDP, TCP and IPv6, ended in every way."""

import sys
import unittest
from decimal import Decimal

from installation import Installation, WireTest, charge_of
from peers import Sipp, register, user_row


class Calls(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(on_net="0.60", has_ipv6=True))
        cls.dt.add_account("acme", "10.00")
        for user in ["alice"] + [f"bob{i}" for i in range(20)]:
            cls.dt.add_endpoint("acme", user)
        cls.dt.wait_config()
        cls.records = 0

    def call(self, uac, uas, host="127.0.0.1", transport="udp", talk_ms=300):
        """One call of alice to a bob who was never registered elsewhere; its record."""
        user = f"bob{self.records}"
        port = register(self.dt, [user], host, transport=transport)
        bob = Sipp(self.dt, uas, host=host, port=port, transport=transport,
                   options=["-d", str(talk_ms)]).wait_bound()
        alice = Sipp(self.dt, uac, [user_row("alice", user)], host, transport=transport,
                     options=["-d", str(talk_ms)])
        alice.wait()
        bob.wait()
        type(self).records += 1
        self.assertEqual(self.dt.calls(), [])
        return self.dt.wait_cdrs(self.records)[0]

    def check_talk(self, cdr, least_us):
        self.assertIn("answered", cdr["flags"])
        self.assertGreaterEqual(cdr["talk_us"], least_us)
        self.assertLess(cdr["talk_us"], least_us + 900000)
        self.assertEqual(Decimal(cdr["charge"]), charge_of(cdr))

    def test_caller_hangs_up(self):
        for host, transport in (("127.0.0.1", "udp"), ("127.0.0.1", "tcp"), ("::1", "udp"),
                                ("::1", "tcp")):
            with self.subTest(host=host, transport=transport):
                cdr = self.call("uac-call", "uas-call", host, transport)
                self.check_talk(cdr, 300000)

    def test_called_hangs_up(self):
        for host, transport in (("127.0.0.1", "udp"), ("127.0.0.1", "tcp"), ("::1", "udp")):
            with self.subTest(host=host, transport=transport):
                self.check_talk(self.call("uac-ended", "uas-ends", host, transport), 300000)

    def test_hold_by_a_reinvite(self):
        for transport in ("udp", "tcp"):
            with self.subTest(transport=transport):
                cdr = self.call("uac-reinvite", "uas-reinvite", transport=transport)
                self.check_talk(cdr, 600000)

    def test_busy_reaches_the_caller_and_costs_nothing(self):
        for transport in ("udp", "tcp"):
            with self.subTest(transport=transport):
                cdr = self.call("uac-busy", "uas-busy", transport=transport)
                self.assertEqual((cdr["status"], Decimal(cdr["charge"])), (486, 0))

    def test_cancel_reaches_the_phone_and_costs_nothing(self):
        for transport in ("udp", "tcp"):
            with self.subTest(transport=transport):
                cdr = self.call("uac-cancel", "uas-cancel", transport=transport)
                self.assertEqual((cdr["status"], Decimal(cdr["charge"])), (487, 0))

    def test_zz_the_books_are_right(self):
        """Last: the charges of all calls above are what the account has less."""
        charged = sum(Decimal(cdr["charge"]) for cdr in self.dt.wait_cdrs(self.records))
        self.assertEqual(self.dt.balance("acme"), Decimal("10.00") - charged)
        self.dt.audit()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
