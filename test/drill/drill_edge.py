"""The edge dies at each point where something becomes durable. Needs a build for drills (DIALTONE_MUTANT)."""

import os
import time

from installation import STOP_S, Failure, stop_process, wait_for
from judge import Judge
from postgres import Cluster
from world import World

RATE = 20
NAME_SIZE = 64

# As they come: a record is written, it is synced, money is asked for, usage is settled, a snapshot replaces segments.
# The supervisor starts a role five times a minute without delay, so five share a start of the installation.
POINTS = (
    ("record-append", "record-appended", "usage-append", "usage-appended", "sync-begun"),
    ("sync-done", "refill-synced", "commit-begun", "commit-answered", "refill-answered"),
    ("refill-heard", "settle-begun", "settle-answered", "settle-archived", "settle-noted"),
    ("snapshot-begun", "snapshot-written", "snapshot-complete", "snapshot-noted"),
)


class Points:
    """The file in which a point is chosen (test/drill/switch.c)."""

    def __init__(self, top):
        self.path = os.path.join(top, "points")
        self.write("")
        os.environ["DIALTONE_DRILL_POINTS"] = self.path

    def write(self, name):
        with open(self.path, "r+b" if os.path.exists(self.path) else "w+b") as file:
            file.write(name.encode().ljust(NAME_SIZE, b"\0"))

    def is_reached(self):
        with open(self.path, "rb") as file:
            return file.read(1) == b"\0"


def killed():
    """Calls go on at 20 a second; those that were being set up at the moment of a death may fail."""
    os.environ["DIALTONE_MUTATION"] = ",".join(
        filter(None, (os.environ.get("DIALTONE_MUTATION"), "wrong/snapshot-each-second")))
    server = Cluster("killed").make()
    gaps = []
    judge = None
    try:
        with World(server.url()) as dt:  # the poor ask for money at each call
            dt.provision()
            dt.watch()
            dt.call([("before", RATE, 3)])
            dt.wait_step("before")
            dt.wait_calls()
            judge = Judge(dt)
            for points in POINTS:
                die_at_each(dt, points, gaps)
            judge.figures["settle_s"] = dt.wait_settled(20)
            judge.figures["points"] = sum(map(len, POINTS))
            return judge.judge(0, 0, lambda row: is_disturbed(row, gaps))
    finally:
        server.close()


# What a death explains: nobody answered, or somebody who was not ready. It is no reason for a "no" (402, 403, 404).
STATUSES_OF_A_DEATH = (408, 480, 481, 487, 500, 503, 504)


def is_disturbed(row, gaps):
    """Was it being set up, or did its BYE come, while the edge was away? Two seconds for repetitions."""
    if row.outcome == "failed" and row.status not in STATUSES_OF_A_DEATH:
        return False
    began, up, end = (us / 1e6 for us in (row.began_us, row.began_us + max(row.setup_us, 2000000),
                                          row.began_us + row.setup_us + row.talk_us))
    is_answered = row.setup_us >= 0
    return any(began < to and up > at and not is_answered or is_answered and at < end < to or
               is_answered and began < to and began + row.setup_us / 1e6 > at for at, to in gaps)


def die_at_each(dt, points, gaps):
    """One start of the installation, with calls all the while."""
    stop_process(dt.process, STOP_S)
    choice = Points(dt.top)
    dt.start()
    dt.call([("during", RATE, 3 * len(points))])
    dt.loads[-1].wait_step("register")
    for point in points:
        pid = dt.edge_pid()
        began = time.monotonic()
        choice.write(f"at/{point}")
        wait_for(f"the edge comes to {point}", choice.is_reached, 10, 0.005)
        died = time.monotonic()
        wait_for("the edge is back", lambda: is_back(dt, pid), 10, 0.02)
        gaps.append((died - 0.2, time.monotonic() + 0.2))
        time.sleep(max(0.0, began + 2.2 - time.monotonic()))  # calls begin, talk and end in between
    dt.wait_calls()


def is_back(dt, before):
    try:
        pid = dt.edge_pid()
        return pid not in (None, before) and dt.status().get("state") == "ready"
    except (OSError, KeyError, Failure):
        return False
