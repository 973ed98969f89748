"""Drills of the way to the database: cut in one direction or both, reset, answers that end too early."""

import subprocess
import time

from installation import Failure
from judge import Judge
from namespace import raise_loopback
from postgres import Cluster
from proxy import Proxy
from world import World

RATE = 10
HERE, THERE = "10.213.7.1", "10.213.7.2"


# ---- a cable of two namespaces ----

def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=20,
                          check=False)
    if done.returncode != 0:
        raise Failure(f"{' '.join(words)}: {done.stdout.strip()}")


class Cable:
    """We are in a network namespace already (run.py); the database gets one beside it."""

    def __init__(self):
        raise_loopback()
        self.holder = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", "-n", "sleep", "600"],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.inside = ["nsenter", "-t", str(self.holder.pid), "-n"]
        # The child has its namespace once its program has changed to the second one.
        until = time.monotonic() + 5
        while "sleep" not in name_of(self.holder.pid) and time.monotonic() < until:
            time.sleep(0.01)
        run("ip", "link", "add", "drill0", "type", "veth", "peer", "name", "drill1", "netns", str(self.holder.pid))
        run("ip", "address", "add", f"{HERE}/24", "dev", "drill0")
        run("ip", "link", "set", "drill0", "up")
        run(*self.inside, "ip", "address", "add", f"{THERE}/24", "dev", "drill1")
        run(*self.inside, "ip", "link", "set", "drill1", "up")
        run(*self.inside, "ip", "link", "set", "lo", "up")
        run("nft", "-f", "-", stdin="table inet drill {\n"
            "chain in { type filter hook input priority 0;\n}\n"
            "chain out { type filter hook output priority 0;\n}\n}\n")

    def cut(self, answers, questions):
        run("nft", "flush", "table", "inet", "drill")
        if answers:
            run("nft", "add", "rule", "inet", "drill", "in", "iifname", "drill0", "drop")
        if questions:
            run("nft", "add", "rule", "inet", "drill", "out", "oifname", "drill0", "drop")

    def close(self):
        self.holder.kill()
        self.holder.wait()


def name_of(pid):
    with open(f"/proc/{pid}/comm", encoding="ascii") as file:
        return file.read()


def cut():
    """Answers are lost (what was asked is done, and nobody hears of it), then questions, then both."""
    cable = Cable()
    server = Cluster("cut", THERE, cable.inside)
    try:
        server.make()
        with World(server.url()) as dt:
            dt.provision()
            dt.watch()
            dt.call([("before", 2 * RATE, 7), ("during", 2 * RATE, 44), ("after", RATE, 3)])
            dt.wait_step("before")
            began = time.monotonic()
            for answers, questions in ((True, False), (False, True), (True, True)):
                # A commit is held up until the cut is made, so that it is done and its answer lost.
                server.hold_commits()
                cable.cut(answers, questions)
                server.let_commits_go()
                dt.wait_store("unknown", 8)
                time.sleep(7)  # how long this fault lasts, while calls go on
                cable.cut(False, False)
                dt.wait_store("ok", 20)
            ended = time.monotonic()
            judge = Judge(dt)
            judge.figures["settle_s"] = dt.wait_backlog(30)
            dt.wait_calls()
            dt.wait_settled(30)
            return judge.judge(began, ended)
    finally:
        server.close()
        cable.close()


# ---- a bad line ----

def spoiled(mischief, seed, is_tried):
    server = Cluster(mischief).make()
    proxy = Proxy(server.host, server.port, seed)
    try:
        with World(server.url(port=proxy.port)) as dt:
            dt.provision()
            dt.watch()
            dt.call([("before", 2 * RATE, 7), ("during", 2 * RATE, 30), ("after", RATE, 3)])
            dt.wait_step("before")
            began = time.monotonic()
            proxy.begin(mischief)
            dt.change_rows(server, lambda: "during" in dt.loads[0].done)
            ended = time.monotonic()
            proxy.begin(None)
            judge = Judge(dt)
            judge.figures["settle_s"] = dt.wait_backlog(30)
            judge.figures.update(proxy.counts)
            if not is_tried(proxy.counts):
                judge.complain(f"the line was hardly bad: {proxy.counts}")
            dt.wait_calls()
            dt.wait_settled(30)
            return judge.judge(began, ended)
    finally:
        proxy.close()
        server.close()


def reset():
    return spoiled("reset", 10, lambda counts: counts["resets"] >= 20)


def truncated():
    return spoiled("truncate", 11, lambda counts: counts["cuts"] >= 10)
