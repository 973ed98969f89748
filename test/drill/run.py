"""run.py [--mutants] [--build DIR] [NAME ...]: plays the money drills with the real program, and judges them.

Each drill has a process of its own, for which nothing goes on after its time. The table says what was offered and what
became of it; docs/drills.md says what each column means. With --mutants the build has the mistakes that the drills are
to find, and each must be found.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "wire"), HERE]
LIMIT_S = 150  # a drill is to take 90 s; a machine may be busy
BEGUN = "BEGUN"  # what a drill says when calls went well and its fault comes (World.wait_step)
STOP_S = 30  # a drill that is told to end has cleared up by then

# name: (what is tried, the mistakes that it is to find, whether it needs namespaces, whether it needs the drill build)
DRILLS = {
    "stopped": ("PostgreSQL hangs for 60 s at ten times the calls", ("unknown-is-no",), False, False),
    "failover": ("the primary dies in the middle of a batch", ("commit-without-standby",), False, False),
    "cut": ("the network is cut: answers, questions, both", ("no-high-water-mark",), True, False),
    "reset": ("each packet has one chance in ten to end its connection",
              ("retry-renumbered",), False, False),
    "truncated": ("answers end somewhere in the middle", ("short-answer-is-empty",), False, False),
    "killed": ("the edge dies at each durable point", ("calls-forgotten",), False, True),
    "restored": ("yesterday's database comes back", ("any-ledger-believed",), False, False),
    "brief": ("PostgreSQL hangs for 4 s: for ./check", (), False, False),
}
COLUMNS = (("drill", "name", 10), ("calls", "offered", 7), ("refused wrongly", "wrong", 15), ("twice", "double", 6),
           ("lost", "lost", 5), ("no money", "poor", 8), ("overspent", "over", 10), ("bound", "bound", 10),
           ("p50/p99 before us", "before", 17), ("during us", "during", 15), ("backlog", "backlog", 8),
           ("settled s", "settle_s", 9), ("took s", "took", 7))


def play(name):
    """In a process of its own."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # its servers are stopped, its folders removed
    import drill_edge
    import drill_network
    import drill_store
    drills = {
        "stopped": drill_store.store_stopped,
        "failover": drill_store.failover,
        "restored": drill_store.restored,
        "brief": drill_store.brief,
        "cut": drill_network.cut,
        "reset": drill_network.reset,
        "truncated": drill_network.truncated,
        "killed": drill_edge.killed,
    }
    from installation import Failure, Installation
    import json
    try:
        judge = drills[name]()
        figures, complaints = judge.figures, judge.complaints
    except Failure as failure:
        figures, complaints = {}, [str(failure)]
    print("FIGURES " + json.dumps({key: str(value) for key, value in figures.items()}), flush=True)
    for text in complaints[:10]:
        print("COMPLAINT " + text, flush=True)
    return 1 if complaints else 0


def end(process):
    """Ends a drill that takes too long: by itself, so that it wakes what it has frozen and clears up; else by force."""
    process.terminate()
    try:
        return process.communicate(timeout=STOP_S)[0]
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        return process.communicate()[0]


def start(name, build, mutation):
    """Runs one drill: (figures, complaints, seconds, what else it said, whether it came as far as its fault)."""
    import json
    words = [sys.executable, "-B", os.path.abspath(__file__), "--play", name, "--build", build]
    if DRILLS[name][2]:
        words = [shutil.which("unshare") or "unshare", "-n", *words]
    environment = {**os.environ, "DIALTONE": os.path.join(build, "dialtone"), "DRILL_BUILD": build,
                   "DIALTONE_MUTATION": f"wrong/{mutation}" if mutation else ""}
    began = time.monotonic()
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               env=environment, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=LIMIT_S)
    except subprocess.TimeoutExpired:
        output = end(process) + f"\nCOMPLAINT not over after {LIMIT_S} s\n"
    figures, complaints, rest, is_begun = {}, [], [], False
    for line in output.splitlines():
        if line.startswith("FIGURES "):
            figures = json.loads(line[8:])
        elif line.startswith("COMPLAINT "):
            complaints.append(line[10:])
        elif line == BEGUN:
            is_begun = True
        else:
            rest.append(line)
    if process.returncode != 0 and not complaints:
        complaints.append("the drill itself failed: " + " / ".join(rest[-6:]))
    return figures, complaints, time.monotonic() - began, rest, is_begun


def row_of(name, figures, took_s):
    cells = {"name": name, "took": f"{took_s:.0f}", **figures}
    for phase in ("before", "during"):
        cells[phase] = f"{figures.get(phase + '_p50', '-')}/{figures.get(phase + '_p99', '-')}"
    if "settle_s" in figures:
        cells["settle_s"] = f"{float(figures['settle_s']):.1f}"
    return " ".join(str(cells.get(key, "-")).rjust(width) for _, key, width in COLUMNS)


def play_clean(name, build):
    figures, complaints, took_s, rest, _ = start(name, build, None)
    print(row_of(name, figures, took_s), flush=True)
    for text in complaints + (rest[-10:] if complaints else []):
        print(f"           {text}", flush=True)
    return not complaints


def play_mutant(name, build, mutation):
    """What ends a drill before its fault (no database, say) has found nothing."""
    _, complaints, took_s, _, is_begun = start(name, build, mutation)
    is_found = is_begun and bool(complaints)
    print(f"{'found' if is_found else 'NOT FOUND':9} {mutation:26} by {name:9} in {took_s:3.0f} s: "
          f"{complaints[0] if complaints else 'the drill passed'}", flush=True)
    return is_found


def run_all(names, build, mutant, with_mistakes):
    results = []
    if with_mistakes:
        for name in names:
            results += [play_mutant(name, mutant, mutation) for mutation in DRILLS[name][1]]
    else:
        print(" ".join(title.rjust(width) for title, _, width in COLUMNS), flush=True)
        results = [play_clean(name, mutant if DRILLS[name][3] else build) for name in names]
    print(f"{results.count(True)} passed, {results.count(False)} failed", flush=True)
    return 0 if all(results) else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--mutant-build", default="build-mutant", help="made with -DDIALTONE_MUTANT=ON")
    parser.add_argument("--mutants", action="store_true", help="is each mistake found?")
    parser.add_argument("--play", help=argparse.SUPPRESS)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(DRILLS))
    options = parser.parse_args()
    if options.play:
        return play(options.play)
    unknown = [name for name in options.names if name not in DRILLS]
    if unknown:
        parser.error(f"no drill {unknown[0]}")
    return run_all(options.names or [name for name in DRILLS if name != "brief"], os.path.abspath(options.build), os.path.abspath(options.mutant_build),
                   options.mutants)


if __name__ == "__main__":
    sys.exit(main())
