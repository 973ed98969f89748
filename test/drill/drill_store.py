"""Drills of the database: it hangs, its primary dies in the middle of a batch, yesterday's copy is put back."""

import json
import subprocess
import time

from installation import PROGRAM, STOP_S, Failure, stop_process, wait_for
from judge import Judge
from postgres import Cluster
from world import World

RATE = 10  # calls a second on a usual day


def store_stopped():
    """60 s without an answer, under ten times the usual calls."""
    return stopped("stopped", {}, 11, 60, 3)


def brief():
    """The same in some seconds."""
    return stopped("brief", {"rich": 10, "poor": 4}, 2, 3, 1)


def stopped(name, phones, before_s, during_s, after_s):
    server = Cluster(name).make()
    try:
        with World(server.url(), **phones) as dt:
            dt.provision()
            dt.watch()
            dt.call([("before", RATE, before_s), ("during", 10 * RATE, during_s), ("after", RATE, after_s)])
            dt.wait_step("before")
            server.freeze()
            began = time.monotonic()
            dt.wait_store("unknown", 10)
            dt.loads[0].wait_step("during")
            ended = time.monotonic()
            server.thaw()
            judge = Judge(dt, is_timed=name != "brief")
            judge.figures["settle_s"] = dt.wait_backlog(30)
            dt.wait_calls()
            dt.wait_settled(20)
            return judge.judge(began, ended)
    finally:
        server.close()


def failover():
    """The primary dies while a batch waits for its standby, which never got it and is promoted."""
    primary = Cluster("primary").make()
    standby = Cluster("standby")
    try:
        standby.follow(primary, "other")
        hosts = f"postgresql://dialtone@{primary.host}:{primary.port},{standby.host}:{standby.port}/dialtone"
        with World(hosts) as dt:
            dt.provision()
            dt.watch()
            dt.call([("before", 2 * RATE, 8), ("during", 4 * RATE, 25), ("after", RATE, 3)])
            dt.wait_step("before")
            began = time.monotonic()
            wait_for("a batch is under way", lambda: batch_is_caught(primary, standby), 15, 0)
            primary.kill()
            standby.start()
            standby.promote()
            dt.wait_store("ok", 20)
            judge = Judge(dt)
            ended = time.monotonic()
            judge.figures["settle_s"] = ended - began
            dt.wait_calls()
            dt.wait_settled(20)
            return judge.judge(began, ended)
    finally:
        primary.close()
        standby.close()


def batch_is_caught(primary, standby):
    """The standby stands still until a commit waits for it; then it is killed: it will never have that batch."""
    if standby.process is None:
        return True
    standby.freeze()
    try:
        wait_for("a commit waits for the standby", primary.has_waiting_commit, 5, 0.01)
    except Failure:
        pass  # nobody waits for the standby: what comes of that is seen below
    standby.kill()
    return True


def restored():
    """A copy of before comes back under running edges; `ledger recover` puts back what it misses."""
    server = Cluster("restored").make()
    try:
        with World(server.url()) as dt:
            dt.provision()
            dt.watch()
            dt.listen()
            dt.call([("before", 2 * RATE, 8), ("between", 2 * RATE, 10), ("during", 2 * RATE, 20)], poor_share=0)
            dt.wait_step("before")
            server.keep()
            dt.wait_store("ok", 15)
            dt.wait_step("between")
            given = dt.pay_in("a0", "7.00")
            refund = dt.refund_a_call("a1")
            wait_for("what was settled is on record", lambda: dt.status()["outbox"]["unsettled"] < 100, 10)
            server.put_back()
            began = time.monotonic()
            judge = Judge(dt)
            dt.wait_store("unknown", 15)
            wait_for("it says that the database is older", lambda: "back" in dt.status()["store"]["error"]
                     or "older" in dt.status()["store"]["error"], 10)
            dt.wait_calls()
            ended = time.monotonic()
            held = dt.status()
            if held["outbox"]["unsettled"] == 0:
                judge.complain("charges went into a database that went back")
            recover(dt, judge, refund)
            judge.figures["settle_s"] = dt.wait_settled(20)
            dt.funds[0] += given
            if "store.unknown" not in dt.heard:
                judge.complain(f"no event told of the silence, only {sorted(dt.heard)}")
            return judge.judge(began, ended)
    finally:
        server.close()


def recover(dt, judge, refund):
    """Stops dialtone, replays its journals, starts it again."""
    stop_process(dt.process, STOP_S)
    done = subprocess.run([PROGRAM, "ledger", "recover", dt.dir, "--json"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    try:
        report = json.loads(done.stdout)
    except ValueError:
        raise Failure(f"ledger recover: {done.stdout} {done.stderr}") from None
    judge.figures["replayed"] = report["charges_put"]
    if report["charges_put"] == 0 or report["requests_put"] == 0:
        judge.complain(f"nothing was put back: {report}")
    if not any(refund in text for text in report["left"]):
        judge.complain(f"the refund that cannot be replayed is not listed: {report['left']}")
    for text in report["left"]:
        if refund not in text:
            judge.complain(f"not replayed: {text}")
    dt.start()
