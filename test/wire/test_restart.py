"""kill -9 of the edge, with real peers: it answers again within a second, calls go on, a BYE that is
sent while it is gone is not lost, and each call is charged once."""

import sys
import time
import unittest
from decimal import Decimal

from installation import Failure, Installation, WireTest, ask_options, charge_of, wait_for
from peers import Baresip, Sipp, register, user_row

BACK_S = 1.0
CALLS = 20


def seconds_until_back(dt):
    """Kills the edge: seconds until an OPTIONS that is sent afterwards is answered."""
    pid = dt.edge_pid()
    dt.kill_edge()
    begin = time.monotonic()
    while time.monotonic() < begin + 10:
        # Each try is a request of its own: those sent meanwhile wait in the socket.
        if ask_options(dt.host, dt.port, 0.05) is not None:
            took = time.monotonic() - begin
            wait_for("the supervisor has another edge", lambda: dt.edge_pid() not in (None, pid))
            wait_for("it can be asked", dt.is_ready)
            return took
    raise Failure("the edge did not come back in 10 s")


class Restart(WireTest):
    def setUp(self):
        self.dt = self.enterContext(Installation(on_net="0.60"))
        self.dt.add_account("acme", "50.00")
        for number in range(CALLS):
            self.dt.add_endpoint("acme", f"a{number}")
            self.dt.add_endpoint("acme", f"b{number}")
        self.dt.wait_config()

    def kill(self):
        took = seconds_until_back(self.dt)
        print(f"answered {took * 1000:.0f} ms after kill -9", flush=True)
        self.assertLess(took, BACK_S)

    def check_books(self, count, least_us, most_us):
        cdrs = self.dt.wait_cdrs(count)
        self.assertEqual(len({cdr["call_id"] for cdr in cdrs}), count)
        for cdr in cdrs:
            self.assertNotIn("estimated", cdr["flags"])
            self.assertEqual(Decimal(cdr["charge"]), charge_of(cdr), cdr)
            self.assertGreaterEqual(cdr["talk_us"], least_us)
            self.assertLess(cdr["talk_us"], most_us)
        charged = sum(Decimal(cdr["charge"]) for cdr in cdrs)
        self.assertEqual(self.dt.balance("acme"), Decimal("50.00") - charged)
        self.assertEqual(self.dt.calls(), [])
        self.dt.audit()

    def talk(self, uac, uas, talk_ms, transport="udp"):
        """CALLS calls at once, killed in the middle; the edge then probes each, after 10 to
        15 s, and goes on to the end of the scenarios."""
        called = [f"b{number}" for number in range(CALLS)]
        port = register(self.dt, called, transport=transport)
        phones = Sipp(self.dt, uas, port=port, transport=transport, count=CALLS,
                      options=["-d", str(talk_ms)], is_probed=True).wait_bound()
        rows = [user_row(f"a{number}", f"b{number}") for number in range(CALLS)]
        callers = Sipp(self.dt, uac, rows, transport=transport, count=CALLS,
                       options=["-r", "100", "-d", str(talk_ms)], is_probed=True)
        wait_for("all talk", lambda: sum(call["state"] == "answered" for call in self.dt.calls())
                 == CALLS)
        self.kill()
        wait_for("the calls go on", lambda: len(self.dt.calls()) == CALLS, 1)
        callers.wait()
        phones.wait()

    def test_calls_go_on_and_the_caller_ends_them(self):
        self.talk("uac-call", "uas-call", 1000)
        self.check_books(CALLS, 1000000, 19000000)

    def test_calls_go_on_and_the_called_ends_them(self):
        self.talk("uac-ended", "uas-ends", 1000)
        self.check_books(CALLS, 1000000, 19000000)

    def test_calls_go_on_and_are_put_on_hold(self):
        self.talk("uac-reinvite", "uas-reinvite", 500)
        self.check_books(CALLS, 1000000, 19000000)

    def test_a_bye_sent_while_the_edge_is_gone_is_not_lost(self):
        alice, bob = (Baresip(self.dt, user) for user in ("a0", "b0"))
        for user in ("a0", "b0"):
            wait_for(f"{user} is registered", lambda user=user: self.dt.bindings(user))
        alice.command("dial", "sip:b0@wire.test")
        alice.wait_event("CALL_ESTABLISHED")
        wait_for("they talk", lambda: self.dt.calls() and self.dt.calls()[0]["talk_us"] > 1200000)
        self.dt.kill_edge()
        alice.command("hangup")
        self.assertIsNone(ask_options(self.dt.host, self.dt.port, 0.005))  # it is gone indeed
        begin = time.monotonic()
        bob.wait_event("CALL_CLOSED", 5)
        print(f"BYE reached the other side {(time.monotonic() - begin) * 1000:.0f} ms later",
              flush=True)
        self.check_books(1, 1200000, 3000000)

    def test_a_phone_refreshes_with_the_nonce_it_held(self):
        """register-refresh accepts no second challenge."""
        phone = Sipp(self.dt, "register-refresh", [user_row("a0")], options=["-d", "2500"])
        wait_for("a binding is there", lambda: self.dt.bindings("a0"))
        self.kill()
        self.assertEqual(len(self.dt.bindings("a0")), 1)
        phone.wait()
        self.assertEqual(self.dt.bindings("a0"), [])

    def test_ringing_calls_end_on_both_sides(self):
        port = register(self.dt, ["b0"])
        phone = Sipp(self.dt, "uas-cancel", port=port).wait_bound()
        caller = Sipp(self.dt, "uac-500-ringing", [user_row("a0", "b0")])
        wait_for("it rings", lambda: self.dt.calls() and self.dt.calls()[0]["state"] == "ringing")
        self.kill()
        caller.wait()
        phone.wait()
        cdr = self.dt.wait_cdrs(1)[0]
        self.assertEqual(Decimal(cdr["charge"]), 0)
        self.assertEqual(self.dt.balance("acme"), Decimal("50.00"))
        self.dt.audit()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
