"""An installation of dialtone of a test's own: made, started, provisioned, watched and stopped.

Everything a test starts has a folder and ports of its own, so tests may run side by side. Nothing
waits without a deadline, and what a test looks for is asked for until it is there: no sleep stands
for an event.
"""

import http.client
import json
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
from decimal import Decimal

DOMAIN = "wire.test"
PROGRAM = os.path.abspath(os.environ.get("DIALTONE", "build/dialtone"))
READY_S = 20
STOP_S = 6  # SIGTERM ends an installation within 5


class Failure(Exception):
    """The world of the test does not do what it should: said in one sentence."""


def wait_for(what, look, timeout_s=10.0, every_s=0.02):
    """What look() answers as soon as that is true; Failure after timeout_s."""
    until = time.monotonic() + timeout_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > until:
            raise Failure(f"{what}: not within {timeout_s:g} s (last: {answer!r})")
        time.sleep(every_s)


def free_port(host="127.0.0.1"):
    """A port that is free for UDP and TCP. Below the range from which the kernel gives ports to
    clients, so that nobody gets it by chance before it is used."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for _ in range(200):
        port = random.randrange(20000, 32000)
        try:
            for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                with socket.socket(family, kind) as probe:
                    probe.bind((host, port))
            return port
        except OSError:
            continue
    raise Failure(f"no free port on {host}")


def stop_process(process, timeout_s):
    """SIGTERM, and SIGKILL for who does not listen: True if it ended by itself."""
    if process.poll() is not None:
        return True
    process.terminate()
    try:
        process.wait(timeout_s)
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


class WireTest(unittest.TestCase):
    """Keeps the folders of its installations when a test failed."""

    def doCleanups(self):
        if self._outcome is not None and not self._outcome.success:
            Installation.is_kept = True
        return super().doCleanups()


class Installation:
    """`with Installation() as dt:` a running dialtone at dt.host:dt.port (UDP and TCP)."""

    is_kept = False

    def __init__(self, on_net="0", settings="", has_ipv6=False, domain=DOMAIN, ipv6=None):
        self.domain = domain
        self.host = "127.0.0.1"
        self.port = free_port()
        self.host6, self.port6 = ipv6 or ("::1", free_port("::1") if has_ipv6 else None)
        self.top = tempfile.mkdtemp(prefix="dialtone-wire-")
        self.dir = os.path.join(self.top, "dir")
        self.on_net = on_net
        self.settings = settings
        self.process = None
        self.peers = []
        self.topups = 0
        self.version = 0  # of the last change to the configuration

    # ---- life ----

    def __enter__(self):
        try:
            self.run_command("init", self.dir, "--domain", self.domain)
            self.configure()
            self.start()
        except BaseException:
            self.close(is_kept=True)
            raise
        return self

    def __exit__(self, kind, value, trace):
        is_stopped = self.close(self.is_kept or kind is not None)
        if kind is None and not is_stopped:
            raise Failure("dialtone did not stop within 5 s of SIGTERM")

    def close(self, is_kept):
        for peer in self.peers:
            peer.stop()
        is_stopped = self.process is None or stop_process(self.process, STOP_S)
        if is_kept:
            print(f"kept for a look: {self.top}", flush=True)
        else:
            shutil.rmtree(self.top, ignore_errors=True)
        return is_stopped

    def configure(self):
        lines = [
            f'on_net = {{ price = "{self.on_net}"; first_increment = 1; next_increment = 1; }};',
            self.settings,
        ]
        with open(os.path.join(self.dir, "dialtone.conf"), "a", encoding="ascii") as conf:
            conf.write("\n".join(lines) + "\n")

    def start(self):
        listens = [f"{kind}:{self.host}:{self.port}" for kind in ("udp", "tcp")]
        if self.port6:
            listens += [f"{kind}:[{self.host6}]:{self.port6}" for kind in ("udp", "tcp")]
        argv = [PROGRAM, "run", self.dir, "--http", "127.0.0.1:0", "--workers", "2"]
        for listen in listens:
            argv += ["--listen", listen]
        with open(os.path.join(self.top, "run.log"), "ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_for("dialtone is ready", self.is_ready, READY_S)
        with open(os.path.join(self.dir, "run/addresses.json"), encoding="utf-8") as file:
            self.http = json.load(file)["http"]
        with open(os.path.join(self.dir, "secrets/admin.key"), encoding="ascii") as file:
            self.key = file.read().strip()

    def is_ready(self):
        if self.process.poll() is not None:
            raise Failure(f"dialtone ended with {self.process.returncode} while it started")
        try:
            return self.control("supervisor", "status").get("ready")
        except OSError:
            return False

    # ---- asking ----

    def run_command(self, *words):
        done = subprocess.run([PROGRAM, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=30, check=False, text=True)
        if done.returncode != 0:
            raise Failure(f"dialtone {words[0]} ended with {done.returncode}: {done.stdout}")
        return done.stdout

    def control(self, role, do, **more):
        """One question to a role's control socket."""
        folder = os.open(os.path.join(self.dir, "run"), os.O_PATH)
        try:
            with socket.socket(socket.AF_UNIX) as line:
                line.settimeout(2)
                line.connect(f"/proc/self/fd/{folder}/{role}.sock")
                line.sendall(json.dumps({"id": 1, "do": do, **more}).encode() + b"\n")
                return json.loads(line.makefile().readline() or "{}")
        finally:
            os.close(folder)

    def api(self, method, path, body=None, kind="application/json", **headers):
        host, port = self.http.rsplit(":", 1)
        link = http.client.HTTPConnection(host, int(port), timeout=10)
        data = json.dumps(body) if kind == "application/json" and body is not None else body
        link.request(method, path, data, {"Authorization": f"Bearer {self.key}",
                                          "Content-Type": kind,
                                          **{k.replace("_", "-"): v for k, v in headers.items()}})
        answer = link.getresponse()
        text = answer.read().decode()
        link.close()
        if answer.status >= 300:
            raise Failure(f"{method} {path}: {answer.status} {text}")
        value = json.loads(text) if text else None
        if method == "POST" and kind == "application/json":
            self.version = max(self.version, value.get("version", 0))
        return value

    def edge_pid(self):
        for role in self.control("supervisor", "status").get("roles", []):
            if role["name"] == "edge":
                return role["pid"]
        return None

    def kill_edge(self):
        os.kill(self.edge_pid(), signal.SIGKILL)

    # ---- provisioning ----

    def add_account(self, name, balance="0", **more):
        self.api("POST", "/v1/accounts", {"name": name, "currency": "EUR", "class": "verified",
                                          **more})
        if Decimal(balance) > 0:
            self.topups += 1
            self.api("POST", f"/v1/accounts/{name}/topups",
                     {"amount": balance, "reason": "start"}, Idempotency_Key=f"t{self.topups}")

    def add_endpoint(self, account, user, **more):
        self.api("POST", "/v1/endpoints", {"account": account, "user": user,
                                           "password": password_of(user), **more})

    def add_deck(self, name, rows):
        self.api("POST", f"/v1/decks?name={name}&currency=EUR",
                 "prefix,rate,first_increment,next_increment\n" + rows, kind="text/csv")

    def add_trunk(self, name, host, port, **more):
        """A carrier at host:port, known by its address."""
        self.api("POST", "/v1/trunks", {"name": name, "host": host, "port": port, "acl": [host],
                                        **more})

    def add_route(self, trunk, priority=1, prefix="49"):
        self.api("POST", "/v1/routes", {"prefix": prefix, "trunk": trunk, "priority": priority,
                                        "weight": 100})

    def wait_config(self):
        """Until the edge has all that was provisioned."""
        wait_for(f"the edge has version {self.version}", lambda:
                 self.control("edge", "status").get("config", {}).get("version") >= self.version)

    # ---- what came of it ----

    def calls(self):
        return self.control("edge", "calls").get("calls", [])

    def bindings(self, user):
        return self.control("edge", "bindings", user=user).get("bindings", [])

    def cdrs(self):
        rows, cursor = [], ""
        while True:
            page = self.api("GET", f"/v1/cdrs?max=1000{cursor}")
            rows += page["items"]
            if not page.get("next"):
                return rows
            cursor = f"&cursor={page['next']}"

    def wait_cdrs(self, count, timeout_s=15):
        """The records, once there are `count` and nothing waits to be settled; never more."""
        def settled():
            rows = self.cdrs()
            if len(rows) > count:
                raise Failure(f"{len(rows)} records where {count} calls were made")
            unsettled = self.control("edge", "status").get("outbox", {}).get("unsettled")
            return rows if len(rows) == count and unsettled == 0 else None
        return wait_for(f"{count} records are settled", settled, timeout_s, 0.05)

    def balance(self, account):
        return Decimal(self.api("GET", f"/v1/accounts/{account}/balance")["balance"])

    def audit(self):
        self.run_command("audit", self.dir)


def password_of(user):
    return f"secret-{user}"


def charge_of(cdr):
    """What a record must cost by its talk time and price alone."""
    price = cdr["price"]
    first, following = price["first_increment"], price["next_increment"]
    if "answered" not in cdr["flags"]:
        return Decimal(0)
    seconds = first
    over_us = cdr["talk_us"] - first * 1000000
    if over_us > 0:
        seconds += -(-over_us // (following * 1000000)) * following
    return Decimal(price["per_minute"]) * seconds / 60 + Decimal(price["connection_fee"])


def headers_of(message, name):
    return re.findall(rf"(?im)^{re.escape(name)}[ \t]*:[ \t]*(.*?)\r?$", message)


def ask_options(host, port, timeout_s):
    """One OPTIONS to the edge, outside of any call: the seconds until its answer, or None."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as line:
        line.bind(("127.0.0.9", 0))
        line.settimeout(timeout_s)
        mine = "%s:%d" % line.getsockname()
        tag = f"{random.getrandbits(64):016x}"
        line.sendto((f"OPTIONS sip:{DOMAIN} SIP/2.0\r\n"
                     f"Via: SIP/2.0/UDP {mine};branch=z9hG4bK{tag};rport\r\n"
                     f"From: <sip:probe@{DOMAIN}>;tag={tag}\r\nTo: <sip:{DOMAIN}>\r\n"
                     f"Call-ID: {tag}\r\nCSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\n"
                     "Content-Length: 0\r\n\r\n").encode(), (host, port))
        begin = time.monotonic()
        try:
            line.recv(65535)
            return time.monotonic() - begin
        except OSError:
            return None
