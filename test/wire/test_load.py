"""500 calls, 50 a second: none fails, each is charged once, and the books agree to the micro-unit."""

import sys
import unittest
from decimal import Decimal

from installation import Installation, WireTest, charge_of
from peers import Sipp, register, user_row

CALLS = 500
PAIRS = 20


class Load(WireTest):
    def test_500_calls_at_50_a_second(self):
        with Installation(on_net="0.60") as dt:
            for name in ("acme", "bravo"):
                dt.add_account(name, "100.00")
            for number in range(PAIRS):
                dt.add_endpoint("acme" if number % 2 else "bravo", f"caller{number}")
                dt.add_endpoint("acme", f"called{number}")
            dt.wait_config()
            port = register(dt, [f"called{number}" for number in range(PAIRS)])
            called = Sipp(dt, "uas-call", port=port, count=CALLS).wait_bound()
            rows = [user_row(f"caller{n}", f"called{n}") for n in range(PAIRS)]
            callers = Sipp(dt, "uac-call", rows, count=CALLS,
                           options=["-r", "50", "-l", "500", "-d", "1500"])
            callers.wait(60)
            called.wait()
            cdrs = dt.wait_cdrs(CALLS)
            self.assertEqual(dt.calls(), [])
            self.check(dt, cdrs)
            self.assertEqual(len(callers.received("SIP/2.0 5")), 0)

    def check(self, dt, cdrs):
        self.assertEqual(len({cdr["call_id"] for cdr in cdrs}), CALLS)
        self.assertEqual(len({(cdr["incarnation"], cdr["sequence"]) for cdr in cdrs}), CALLS)
        for cdr in cdrs:
            self.assertIn("answered", cdr["flags"])
            self.assertNotIn("estimated", cdr["flags"])
            self.assertGreaterEqual(cdr["talk_us"], 1490000)
            self.assertEqual(Decimal(cdr["charge"]), charge_of(cdr), cdr)
        for name in ("acme", "bravo"):
            account = dt.api("GET", f"/v1/accounts/{name}")["id"]
            charged = sum(Decimal(c["charge"]) for c in cdrs if c["account_id"] == account)
            self.assertGreaterEqual(charged, Decimal("0.02") * CALLS / 2)
            self.assertEqual(dt.balance(name), Decimal("100.00") - charged)
        dt.audit()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
