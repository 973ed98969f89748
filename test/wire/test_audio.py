"""Two baresip phones hear each other's tone through a call; sox says what was heard."""

import sys
import unittest
from decimal import Decimal

from installation import Installation, WireTest, charge_of, wait_for
from peers import Baresip, sound_of

TALK_S = 3


class Audio(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(on_net="0.60"))
        cls.dt.add_deck("retail", "49,1.20,1,1\n")
        cls.dt.add_account("acme", "10.00", sell_deck="retail")
        for user in ("alice", "bob", "carol", "dave", "erin"):
            cls.dt.add_endpoint("acme", user)
        cls.dt.wait_config()
        cls.records = 0

    def registered(self, user, **more):
        phone = Baresip(self.dt, user, **more)
        wait_for(f"{user} is registered", lambda: self.dt.bindings(user))
        return phone

    def talk(self, caller, callee, number):
        """They talk TALK_S seconds by the edge's clock; what each heard; the record."""
        caller.command("dial", number)
        caller.wait_event("CALL_ESTABLISHED")
        callee.wait_event("CALL_ESTABLISHED")
        wait_for("they talk long enough", lambda: self.dt.calls()[0]["talk_us"] >= TALK_S * 1e6)
        caller.command("hangup")
        callee.wait_event("CALL_CLOSED")
        type(self).records += 1
        cdr = self.dt.wait_cdrs(self.records)[0]
        self.assertEqual(Decimal(cdr["charge"]), charge_of(cdr))
        self.assertGreaterEqual(Decimal(cdr["charge"]), Decimal("0.01") * TALK_S)
        self.assertEqual(self.dt.calls(), [])
        for phone in (caller, callee):
            phone.stop()  # so that its recording is whole
        return cdr

    def assert_tone(self, phone, hertz):
        seconds, frequency, loudness = sound_of(phone.heard())
        self.assertAlmostEqual(frequency, hertz, delta=hertz * 0.03)
        self.assertGreater(seconds, TALK_S - 0.7)
        self.assertLess(seconds, TALK_S + 1.5)
        self.assertGreater(loudness, 0.05)

    def test_two_phones_hear_each_other(self):
        for transport, names in (("udp", ("alice", "bob")), ("tcp", ("carol", "dave"))):
            with self.subTest(transport=transport):
                caller = self.registered(names[0], tone_hz=440, transport=transport)
                callee = self.registered(names[1], tone_hz=700, transport=transport)
                cdr = self.talk(caller, callee, f"sip:{names[1]}@wire.test")
                self.assertIn("on-net", cdr["flags"])
                self.assert_tone(callee, 440)
                self.assert_tone(caller, 700)

    def test_a_phone_and_a_carriers_gateway_hear_each_other(self):
        gateway = Baresip(self.dt, "4930123", tone_hz=1000, is_gateway=True, host="127.0.5.1")
        self.dt.add_trunk("carrier", gateway.host, gateway.port)
        self.dt.add_route("carrier")
        self.dt.wait_config()
        caller = self.registered("erin", tone_hz=600)
        cdr = self.talk(caller, gateway, "sip:4930123@wire.test")
        self.assertNotIn("on-net", cdr["flags"])
        self.assert_tone(gateway, 600)
        self.assert_tone(caller, 1000)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
