"""Bans in the kernel's packet filter: what the edge bans stands in the set, with a timeout, and the
kernel drops it; what is lifted, or has customers behind it, does not. In a network namespace."""

import json
import os
import socket
import subprocess
import sys
import unittest

from installation import DOMAIN, Failure, Installation, WireTest, wait_for
from namespace import enter_namespace, raise_loopback
from peers import register

SETTINGS = 'ban_allow = ( ); ban_nft_set = "inet filter dialtone_bans";'
FILTER = """
table inet filter {
    set dialtone_bans { type ipv4_addr; flags timeout; }
    set dialtone_bans6 { type ipv6_addr; flags interval, timeout; }
    chain dialtone {
        type filter hook input priority -10;
        ip saddr @dialtone_bans udp dport { 5060, 20000-32767 } counter drop
        ip6 saddr @dialtone_bans6 drop
    }
}
"""


def nft(*words, **more):
    done = subprocess.run(["nft", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, timeout=20, check=False, **more)
    if done.returncode != 0:
        raise Failure(f"nft {' '.join(words)}: {done.stdout}")
    return done.stdout


def elements(name="dialtone_bans"):
    """Of a set: address to (timeout, what is left of it)."""
    for part in json.loads(nft("-j", "list", "set", "inet", "filter", name))["nftables"]:
        for element in part.get("set", {}).get("elem", []):
            value = element["elem"]
            address = value["val"]
            if isinstance(address, dict):
                address = f"{address['prefix']['addr']}/{address['prefix']['len']}"
            yield address, (value["timeout"], value["expires"])


def capabilities(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {line.split(":")[0]: line.split()[1] for line in file if line.startswith("Cap")}


def link_of(path):
    try:
        return os.readlink(path)
    except FileNotFoundError:  # closed meanwhile
        return ""


class Nft(WireTest):
    @classmethod
    def setUpClass(cls):
        nft("-f", "-", input="flush ruleset\n" + FILTER)
        cls.dt = cls.enterClassContext(Installation(settings=SETTINGS, on_net="0.60"))
        cls.dt.add_account("acme", "1.00")
        cls.dt.add_endpoint("acme", "bob")
        cls.dt.wait_config()

    def tearDown(self):
        for ban in self.dt.control("edge", "bans")["bans"]:
            self.dt.run_command("unban", ban["source"], "--dir", self.dt.dir)
        self.wait_elements([])
        self.wait_elements([], "dialtone_bans6")

    def ban(self, source, length="1h"):
        self.dt.run_command("ban", source, "--for", length, "--reason", "test", "--dir", self.dt.dir)

    def wait_elements(self, addresses, name="dialtone_bans"):
        wait_for(f"{name} holds {addresses}", lambda: set(dict(elements(name))) == set(addresses), 20)

    def log(self):
        with open(os.path.join(self.dt.top, "run.log"), encoding="utf-8") as file:
            return file.read()

    def hears(self, host):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
            line.settimeout(0.5)
            line.bind((host, 0))
            line.sendto((f"OPTIONS sip:{DOMAIN} SIP/2.0\r\nVia: SIP/2.0/UDP {host}:"
                         f"{line.getsockname()[1]};branch=z9hG4bKn;rport\r\nFrom: <sip:a@b>;tag=1\r\n"
                         "To: <sip:a@b>\r\nCall-ID: n\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                         "Content-Length: 0\r\n\r\n").encode(), (self.dt.host, self.dt.port))
            try:
                return line.recv(65535)
            except OSError:
                return None

    def test_bans_come_and_go_in_the_set(self):
        self.assertTrue(self.hears("127.0.3.1"))
        self.ban("127.0.3.1")
        self.ban("127.0.3.2", "6s")
        self.ban("2001:db8:1:2::1")
        self.wait_elements(["127.0.3.1", "127.0.3.2"])
        self.wait_elements(["2001:db8:1:2::/64"], "dialtone_bans6")
        timeout, left = dict(elements())["127.0.3.1"]
        self.assertTrue(3500 < timeout <= 3600 and left <= timeout, (timeout, left))
        dropped = self.dt.control("edge", "status")["counts"]["dropped_banned"]
        self.assertIsNone(self.hears("127.0.3.1"))
        self.assertEqual(self.dt.control("edge", "status")["counts"]["dropped_banned"], dropped)
        self.wait_elements(["127.0.3.1"])  # the other's seconds are over
        self.dt.run_command("unban", "127.0.3.1", "--dir", self.dt.dir)
        self.dt.run_command("unban", "2001:db8:1:2::", "--dir", self.dt.dir)
        self.wait_elements([])
        self.wait_elements([], "dialtone_bans6")
        self.assertTrue(self.hears("127.0.3.1"))

    def test_a_place_with_customers_is_not_dropped_by_the_kernel(self):
        register(self.dt, ["bob"], host="127.0.3.7")
        self.ban("127.0.3.7")
        self.ban("127.0.3.8")
        self.wait_elements(["127.0.3.8"])

    def test_the_set_follows_a_restarted_edge_and_a_set_made_anew(self):
        self.ban("127.0.3.1")
        self.wait_elements(["127.0.3.1"])
        self.dt.kill_edge()
        nft("flush", "set", "inet", "filter", "dialtone_bans")
        nft("delete", "table", "inet", "filter")

        def bans():
            try:
                self.ban("127.0.3.2")
                return True
            except Failure:
                return False
        wait_for("the edge is back", bans)
        wait_for("it is said that nft fails", lambda: '"nft-failed"' in self.log())
        self.assertTrue(self.hears("127.0.3.3"))
        nft("-f", "-", input=FILTER)
        self.wait_elements(["127.0.3.1", "127.0.3.2"])
        self.assertIn('"nft-works-again"', self.log())

    def test_what_names_no_set_is_refused(self):
        conf = os.path.join(self.dt.dir, "dialtone.conf")
        with open(conf, encoding="utf-8") as file:
            good = file.read()
        self.dt.run_command("check", self.dt.dir)
        for name in ("dialtone_bans", "ip filter bans", "inet filter", "inet filter a b", "inet  a",
                     "inet filter a;flush", "inet filter a\\n", "inet filter 'a", "inet filter 1a",
                     "inet filter $a", "inet filter " + "a" * 40, "inet filter \u00e4"):
            with self.subTest(name=name):
                with open(conf, "w", encoding="utf-8") as file:
                    file.write(good.replace("inet filter dialtone_bans", name))
                with self.assertRaisesRegex(Failure, "ban_nft_set"):
                    self.dt.run_command("check", self.dt.dir)
        with open(conf, "w", encoding="utf-8") as file:
            file.write(good)

    def test_it_has_one_capability_and_no_socket_of_ours(self):
        found = subprocess.run(["ps", "--ppid", str(self.dt.process.pid), "-o", "pid="],
                               stdout=subprocess.PIPE, text=True, timeout=20, check=True)
        roles = {role["pid"] for role in self.dt.control("supervisor", "status")["roles"]}
        sinks = {int(pid) for pid in found.stdout.split()} - roles
        self.assertEqual(len(sinks), 1)
        pid = sinks.pop()
        net_admin = f"{1 << 12:016x}"
        held = capabilities(pid)
        self.assertEqual([held[name] for name in ("CapPrm", "CapEff", "CapBnd")], [net_admin] * 3)
        self.assertEqual(capabilities(self.dt.process.pid)["CapPrm"], "0" * 16)
        links = [link_of(f"/proc/{pid}/fd/{fd}") for fd in os.listdir(f"/proc/{pid}/fd")]
        self.assertLessEqual(len([link for link in links if link.startswith("socket:")]), 1, links)


if __name__ == "__main__":
    enter_namespace(__file__)
    raise_loopback()
    sys.exit(unittest.main(verbosity=2))
