"""SIPp phones register: challenged once, refreshed with the nonce they hold, and removed."""

import sys
import unittest

from installation import DOMAIN, Installation, WireTest, wait_for
from peers import Sipp, user_row


class Registers(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(has_ipv6=True))
        cls.dt.add_account("acme")
        for number in range(4):
            cls.dt.add_endpoint("acme", f"phone{number}")
        for number in range(100):
            cls.dt.add_endpoint("acme", f"many{number:02}")
        cls.dt.wait_config()

    def test_a_phone_registers_refreshes_without_a_challenge_and_leaves(self):
        ways = (("127.0.0.1", "udp"), ("127.0.0.1", "tcp"), ("::1", "udp"), ("::1", "tcp"))
        for index, (host, transport) in enumerate(ways):
            with self.subTest(host=host, transport=transport):
                user = f"phone{index}"
                phone = Sipp(self.dt, "register-refresh", [user_row(user)], host,
                             transport=transport, options=["-d", "500"])
                bindings = wait_for("a binding is there", lambda user=user: self.dt.bindings(user))
                self.assertEqual(len(bindings), 1)
                self.assertIn(f":{phone.port}", bindings[0]["uri"])
                phone.wait()
                self.assertEqual(self.dt.bindings(user), [])
                challenges = phone.received("SIP/2.0 401")
                self.assertEqual(len(challenges), 1)
                self.assertIn(f'realm="{DOMAIN}"', challenges[0])

    def test_a_wrong_password_is_challenged_and_never_registered(self):
        Sipp(self.dt, "register-wrong", [user_row("phone0", password="guessed")]).wait()
        self.assertEqual(self.dt.bindings("phone0"), [])

    def test_a_user_who_is_not_there_looks_like_a_wrong_password(self):
        Sipp(self.dt, "register-wrong", [user_row("nobody")]).wait()

    def test_a_user_may_not_register_another(self):
        """phone1's password, phone2's address of record."""
        Sipp(self.dt, "register-other", [user_row("phone1", says="phone2")]).wait()
        self.assertEqual(self.dt.bindings("phone2"), [])

    def test_a_hundred_phones_at_once(self):
        rows = [user_row(f"many{number:02}") for number in range(100)]
        Sipp(self.dt, "register", rows, count=100, options=["-r", "200"]).wait()
        self.assertEqual([u for u, *_ in rows if len(self.dt.bindings(u)) != 1], [])


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
