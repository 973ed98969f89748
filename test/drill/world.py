"""One installation under a drill: its accounts, its load, what it says of itself meanwhile."""

import http.client
import json
import os
import sys
import threading
import time
from decimal import Decimal

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "wire"))

from installation import Failure, Installation, wait_for  # noqa: E402
from load import Load  # noqa: E402

DOMAIN = "drill.test"
PRICE = Decimal("0.60")  # a minute, by the second
GRACE = Decimal("0.50")  # what a verified account may overspend at one edge
FUNDS = Decimal("50.00")
BUILD = os.path.abspath(os.environ.get("DRILL_BUILD", "build"))


class World(Installation):
    """`rich` accounts have more money than they need; `poor` ones run out of it. One phone each; the phones of the
    poor call each other, and so do those of the rich."""

    def __init__(self, store=None, rich=100, poor=10, poor_funds=Decimal("0.40"), settings=""):
        super().__init__(on_net=str(PRICE), settings=settings, domain=DOMAIN)
        self.store = store
        self.rich, self.poor, self.poor_funds = rich, poor, poor_funds
        self.funds = {}
        self.names = {}  # account id -> number of its phone
        self.loads = []
        self.samples = []
        self.heard = set()
        self.is_watching = False

    def run_command(self, *words):
        if words[0] == "init" and self.store:
            words = (*words, "--store", self.store)
        return super().run_command(*words)

    # ---- provisioning, over one connection ----

    def provision(self):
        host, port = self.http.rsplit(":", 1)
        link = http.client.HTTPConnection(host, int(port), timeout=15)

        def post(path, body, key=None):
            headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
            if key:
                headers["Idempotency-Key"] = key
            link.request("POST", path, json.dumps(body), headers)
            answer = link.getresponse()
            text = answer.read().decode()
            if answer.status >= 300:
                raise Failure(f"POST {path}: {answer.status} {text}")
            value = json.loads(text)
            self.version = max(self.version, value.get("version", 0))
            return value

        for number in range(self.rich + self.poor):
            name = f"a{number}"
            self.funds[number] = FUNDS if number < self.rich else self.poor_funds
            made = post("/v1/accounts", {"name": name, "currency": "EUR", "class": "verified"})
            self.names[made["id"]] = number
            post("/v1/endpoints", {"account": name, "user": f"u{number:07}", "password": f"pw-u{number:07}"})
            if self.funds[number] > 0:
                post(f"/v1/accounts/{name}/topups", {"amount": str(self.funds[number]), "reason": "drill"},
                     f"start-{number}")
        link.close()
        self.wait_config()

    # ---- load ----

    def call(self, steps, poor_share=Decimal("0.1"), hold_ms=1000):
        """Begins the load: `steps` of the rich, and a share of their rate among the poor."""
        generator = os.path.join(BUILD, "bench", "dialload")
        self.loads.append(Load(self, 0, self.rich, steps, hold_ms, generator))
        if self.poor:
            few = [(label, max(1, int(rate * poor_share)), seconds) for label, rate, seconds in steps]
            self.loads.append(Load(self, self.rich, self.poor, few, hold_ms, generator))

    def wait_step(self, label):
        for load in self.loads:
            load.wait_step(label)
        if label == "before":
            print("BEGUN", flush=True)  # for run.py: what fails from here on is the fault's doing

    def wait_calls(self):
        for load in self.loads:
            load.wait()

    def rows(self):
        return [row for load in self.loads for row in load.rows()]

    def close(self, is_kept):
        self.is_watching = False
        for load in self.loads:
            load.stop()
        return super().close(is_kept)

    # ---- what it says ----

    def status(self):
        try:
            return self.control("edge", "status")
        except (OSError, ValueError):
            return {}

    def watch(self):
        """Notes the edge's status four times a second until the end."""
        self.is_watching = True
        threading.Thread(target=self.note, daemon=True).start()

    def note(self):
        while self.is_watching:
            status = self.status()
            if status.get("store"):
                self.samples.append((time.monotonic(), status))
            time.sleep(0.25)

    def listen(self):
        """Notes the kinds of all events that are told to viewers."""
        threading.Thread(target=self.hear, daemon=True).start()

    def hear(self):
        host, port = self.http.rsplit(":", 1)
        link = http.client.HTTPConnection(host, int(port))
        try:
            link.request("GET", "/v1/events", headers={"Authorization": f"Bearer {self.key}"})
            stream = link.getresponse()
            while line := stream.readline():
                if line.startswith(b"event:"):
                    self.heard.add(line[6:].strip().decode())
        except (OSError, http.client.HTTPException):
            pass  # dialtone is stopped

    def wait_store(self, state, timeout_s):
        wait_for(f"the edge says that its store is {state}", lambda:
                 self.status().get("store", {}).get("state") == state, timeout_s)

    def wait_settled(self, timeout_s=30):
        """Seconds until nothing waits to be settled."""
        began = time.monotonic()
        def is_settled():
            status = self.status()
            # "unsettled" is as old as the last settlement; the sequence is that of the newest record.
            return status.get("calls_open") == 0 and status["store"]["state"] == "ok" and (
                status["outbox"]["unsettled"] == 0 and
                status["outbox"]["sequence"] == status["outbox"]["high_water"])
        wait_for("all is settled", is_settled, timeout_s, 0.1)
        return time.monotonic() - began

    def wait_backlog(self, timeout_s):
        """Seconds until the store answers and only what came just now waits for it."""
        began = time.monotonic()
        def is_small():
            status = self.status()
            return status.get("store", {}).get("state") == "ok" and status["outbox"]["unsettled"] < 50
        wait_for("the backlog is settled", is_small, timeout_s, 0.05)
        return time.monotonic() - began

    def change_rows(self, server, is_over):
        """Row after row of the configuration is said to have changed, so that the edge reads it again."""
        until = time.monotonic() + 90
        while not is_over() and time.monotonic() < until:
            server.sql("WITH next AS (UPDATE counter SET value = value + 1 WHERE name = 'change' RETURNING value),"
                       " oldest AS (SELECT kind, id FROM change ORDER BY number LIMIT 1)"
                       " UPDATE change SET number = next.value FROM next, oldest"
                       " WHERE change.kind = oldest.kind AND change.id = oldest.id")
            time.sleep(0.1)

    # ---- money ----

    def pay_in(self, account, amount):
        self.topups += 1
        self.api("POST", f"/v1/accounts/{account}/topups", {"amount": amount, "reason": "drill"},
                 Idempotency_Key=f"more-{self.topups}")
        return Decimal(amount)

    def refund_a_call(self, account):
        """Gives one charged call of that account back; the key by which it is known."""
        entries = self.api("GET", f"/v1/accounts/{account}/transfers?max=100")["items"]
        entry = next(row["transfer"] for row in entries if row["kind"] == "usage")
        self.api("POST", f"/v1/accounts/{account}/refunds",
                 {"amount": "0.01", "reason": "drill", "transfer": entry}, Idempotency_Key="refund-1")
        return "refund-1"
