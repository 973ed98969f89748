"""Kamailio as the far end of a trunk: routes within dialogs, challenges, failover, inbound calls."""

import socket
import sys
import unittest
from decimal import Decimal

from installation import Installation, WireTest, charge_of, free_port, headers_of
from peers import Kamailio, Sipp, register, user_row

GATEWAY_HOST = "127.0.4.1"
NUMBER = "4930123456"


class FarEnd(WireTest):
    """One installation, several trunks; each test has a prefix of its own that names its trunks."""

    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation())
        cls.dt.add_deck("retail", "49,0.60,1,1\n")
        cls.dt.add_account("acme", "10.00", sell_deck="retail", inbound_deck="retail")
        cls.users = [f"user{number}" for number in range(20)]
        for number, user in enumerate(cls.users):
            cls.dt.add_endpoint("acme", user)
            cls.dt.api("POST", "/v1/numbers", {"digits": f"4989{number:04}", "account": "acme",
                                               "endpoint": user})
        cls.dt.wait_config()
        cls.trunks = cls.records = 0

    def add_trunk(self, prefix, host, port, priority=1, **more):
        type(self).trunks += 1
        name = f"trunk{self.trunks}"
        self.dt.add_trunk(name, host, port, **more)
        self.dt.add_route(name, priority, prefix)
        self.dt.wait_config()

    def take_user(self):
        return self.users.pop()

    def far(self, host, way="udp", config="far", **words):
        """A Kamailio with a gateway behind it that is started when a call needs it."""
        port = free_port(GATEWAY_HOST)
        words = {"gateway": f"{GATEWAY_HOST}:{port}", "gateway_host": GATEWAY_HOST, "way": way,
                 **words}
        return Kamailio(self.dt, config, host, tcp=way == "tcp", **words), port

    def gateway(self, port, uas="uas-call", transport="udp"):
        return Sipp(self.dt, uas, host=GATEWAY_HOST, port=port, transport=transport,
                    options=["-d", "300"]).wait_bound()

    def call(self, uac, number, gateway=None, transport="udp"):
        """A call out; the caller's SIPp and the record."""
        caller = Sipp(self.dt, uac, [user_row(self.take_user(), number)], transport=transport,
                      options=["-d", "300"])
        caller.wait()
        if gateway is not None:
            gateway.wait()
        return caller, self.record()

    def record(self):
        type(self).records += 1
        cdr = self.dt.wait_cdrs(self.records)[0]
        self.assertEqual(Decimal(cdr["charge"]), charge_of(cdr))
        return cdr

    def assert_passed(self, sipp, *methods):
        """These requests came to it through Kamailio."""
        for method in methods:
            requests = sipp.received(method)
            self.assertTrue(requests, method)
            for request in requests:
                self.assertEqual(headers_of(request, "X-Far-End"), [method], request)

    # ---- out ----

    def test_caller_hangs_up_through_the_route_set(self):
        far, port = self.far("127.0.3.1")
        self.add_trunk("4931", far.host, far.port)
        gateway = self.gateway(port)
        _, cdr = self.call("uac-call", "4931000", gateway)
        self.assertIn("answered", cdr["flags"])
        self.assert_passed(gateway, "ACK", "BYE")

    def test_gateway_hangs_up_through_the_route_set(self):
        far, port = self.far("127.0.3.2")
        self.add_trunk("4932", far.host, far.port)
        gateway = self.gateway(port, "uas-ends")
        caller, cdr = self.call("uac-ended", "4932000", gateway)
        self.assertIn("answered", cdr["flags"])
        self.assert_passed(gateway, "ACK")
        self.assert_passed(caller, "BYE")

    def test_cancel_reaches_the_gateway(self):
        far, port = self.far("127.0.3.3")
        self.add_trunk("4933", far.host, far.port)
        _, cdr = self.call("uac-cancel", "4933000", self.gateway(port, "uas-cancel"))
        self.assertEqual((cdr["status"], Decimal(cdr["charge"])), (487, 0))

    def test_a_reinvite_follows_the_route_set(self):
        far, port = self.far("127.0.3.4")
        self.add_trunk("4934", far.host, far.port)
        gateway = self.gateway(port, "uas-reinvite")
        self.call("uac-reinvite", "4934000", gateway)
        self.assert_passed(gateway, "ACK", "BYE")
        reinvites = [text for text in gateway.received("INVITE") if headers_of(text, "X-Far-End")]
        self.assertEqual(len(reinvites), 1)

    def test_both_proxies_record_route_twice_where_the_transport_changes(self):
        """Phone by TCP, trunk by UDP, gateway by TCP (RFC 5658)."""
        far, port = self.far("127.0.3.5", way="tcp")
        self.add_trunk("4935", far.host, far.port)
        gateway = self.gateway(port, transport="tcp")
        caller, _ = self.call("uac-call", "4935000", gateway, transport="tcp")
        self.assert_passed(gateway, "ACK", "BYE")
        answer = [text for text in caller.received("SIP/2.0 200") if "INVITE" in
                  headers_of(text, "CSeq")[0]][0]
        routes = [route for line in headers_of(answer, "Record-Route")
                  for route in line.split(",")]
        ours = [route for route in routes if f":{self.dt.port}" in route]
        theirs = [route for route in routes if f":{far.port}" in route]
        self.assertEqual((len(ours), len(theirs)), (2, 2), routes)
        self.assertEqual(sum("transport=tcp" in route.lower() for route in ours), 1, routes)

    def test_a_trunk_by_tcp(self):
        far, port = self.far("127.0.3.6", way="tcp")
        self.add_trunk("4936", far.host, far.port, transport="tcp")
        gateway = self.gateway(port, "uas-ends", transport="tcp")
        caller, cdr = self.call("uac-ended", "4936000", gateway)
        self.assertIn("answered", cdr["flags"])
        self.assert_passed(caller, "BYE")

    # ---- challenges ----

    def test_a_trunk_that_challenges_is_answered(self):
        far, port = self.far("127.0.3.10", config="challenge", user="dialtone", password="secret")
        self.add_trunk("4941", far.host, far.port, auth_user="dialtone", auth_password="secret")
        gateway = self.gateway(port, "uas-reinvite")
        caller, cdr = self.call("uac-reinvite", "4941000", gateway)
        self.assertIn("answered", cdr["flags"])
        self.assert_passed(gateway, "ACK", "BYE")
        self.assertEqual(len(caller.received("SIP/2.0 407")), 1)  # ours only

    def test_a_trunk_that_takes_other_credentials_is_left(self):
        first, _ = self.far("127.0.3.11", config="challenge", user="dialtone", password="other")
        second, port = self.far("127.0.3.12")
        self.add_trunk("4942", first.host, first.port, auth_user="dialtone",
                       auth_password="secret")
        self.add_trunk("4942", second.host, second.port, priority=2)
        _, cdr = self.call("uac-call", "4942000", self.gateway(port))
        self.assertIn("answered", cdr["flags"])

    # ---- failover ----

    def test_a_trunk_that_answers_503_is_left_for_the_next(self):
        first = Kamailio(self.dt, "refuse", "127.0.3.20", status=503)
        second, port = self.far("127.0.3.21")
        self.add_trunk("4951", first.host, first.port)
        self.add_trunk("4951", second.host, second.port, priority=2)
        _, cdr = self.call("uac-call", "4951000", self.gateway(port))
        self.assertIn("answered", cdr["flags"])
        self.assertLess(cdr["pdd_ms"], 1000)

    def test_a_silent_trunk_is_left_after_3_seconds(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.3.22", 0))
            second, port = self.far("127.0.3.23")
            self.add_trunk("4952", *silent.getsockname())
            self.add_trunk("4952", second.host, second.port, priority=2)
            _, cdr = self.call("uac-call", "4952000", self.gateway(port))
        self.assertIn("answered", cdr["flags"])
        self.assertGreaterEqual(cdr["pdd_ms"], 2900)
        self.assertLess(cdr["pdd_ms"], 4000)

    def test_a_trunk_where_nobody_listens_is_left_at_once(self):
        second, port = self.far("127.0.3.25")
        self.add_trunk("4953", "127.0.3.24", free_port("127.0.3.24"))
        self.add_trunk("4953", second.host, second.port, priority=2)
        _, cdr = self.call("uac-call", "4953000", self.gateway(port))
        self.assertIn("answered", cdr["flags"])
        self.assertLess(cdr["pdd_ms"], 1000)

    def test_busy_is_final(self):
        first = Kamailio(self.dt, "refuse", "127.0.3.26", status=486)
        second, _ = self.far("127.0.3.27")
        self.add_trunk("4954", first.host, first.port)
        self.add_trunk("4954", second.host, second.port, priority=2)
        _, cdr = self.call("uac-busy", "4954000")
        self.assertEqual((cdr["status"], Decimal(cdr["charge"])), (486, 0))

    def test_where_all_trunks_fail_the_caller_hears_no_503_of_theirs(self):
        first = Kamailio(self.dt, "refuse", "127.0.3.28", status=503)
        self.add_trunk("4955", first.host, first.port)
        caller, cdr = self.call("uac-500", "4955000")
        self.assertEqual(Decimal(cdr["charge"]), 0)
        self.assertEqual(caller.received("SIP/2.0 503"), [])

    # ---- in ----

    def call_in(self, far, port, uac, uas, transport="udp"):
        user = self.take_user()
        number = f"4989{int(user[4:]):04}"
        phone = Sipp(self.dt, uas, port=register(self.dt, [user], transport=transport),
                     transport=transport, options=["-d", "300"]).wait_bound()
        gateway = Sipp(self.dt, uac, [["493099", "", number]], GATEWAY_HOST, port,
                       to=f"{far.host}:{far.port}", options=["-d", "300"])
        gateway.wait()
        phone.wait()
        cdr = self.record()
        self.assertEqual(set(cdr["flags"]), {"answered", "inbound"})
        return gateway, phone

    def test_an_inbound_call_ended_by_the_gateway(self):
        far, port = self.far("127.0.3.30")
        self.add_trunk("4961", far.host, far.port)
        for transport in ("udp", "tcp"):
            with self.subTest(transport=transport):
                _, phone = self.call_in(far, port, "gateway-call", "uas-call", transport)
                self.assert_passed(phone, "ACK", "BYE")

    def test_an_inbound_call_ended_by_the_phone(self):
        far, port = self.far("127.0.3.31")
        self.add_trunk("4962", far.host, far.port)
        gateway, phone = self.call_in(far, port, "gateway-ended", "uas-ends")
        self.assert_passed(phone, "ACK")
        self.assert_passed(gateway, "BYE")

    def test_zz_the_books_are_right(self):
        """Last: the charges of all calls above are what the account has less."""
        charged = sum(Decimal(cdr["charge"]) for cdr in self.dt.cdrs())
        self.assertGreater(charged, 0)
        self.assertEqual(self.dt.balance("acme"), Decimal("10.00") - charged)
        self.assertEqual(self.dt.calls(), [])
        self.dt.audit()


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
