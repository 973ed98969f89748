"""Calls by dialload, in steps, and its own list of what became of each."""

import collections
import os
import re
import subprocess
import threading

from installation import Failure, wait_for

Row = collections.namedtuple("Row", "step call_id caller callee outcome status began_us setup_us talk_us")


class Load:
    """Phones first .. first + count - 1: they register, then call each other in the steps given.

    A step is (label, calls a second, seconds). The next begins when the last call of the one before is over."""

    def __init__(self, dt, first, count, steps, hold_ms=1000, generator=None):
        self.first, self.count = first, count
        self.list_path = os.path.join(dt.top, f"calls-{len(dt.loads)}.list")
        self.log_path = os.path.join(dt.top, f"calls-{len(dt.loads)}.log")
        self.done = set()
        words = [generator, "--target", f"{dt.host}:{dt.port}", "--domain", dt.domain, "--list", self.list_path,
                 "--users", str(count), "--first-user", str(first), "--sockets", "4", "--limit", "80",
                 "--mode", "register", "--count", str(count), "--rate", "200", "--expires", "3600"]
        for label, rate, seconds in steps:
            words += ["--mode", "call", "--label", label, "--count", "0", "--rate", str(rate), "--duration",
                      str(seconds), "--hold", str(hold_ms), "--hangup-by", "alternate"]
        self.process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        stdin=subprocess.DEVNULL, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        with open(self.log_path, "w", encoding="utf-8") as log:
            for line in self.process.stdout:
                log.write(line)
                found = re.match(r"([a-z0-9_-]+): \d+ ok in ", line)
                if found:
                    self.done.add(found[1])

    def wait_step(self, label, timeout_s=90):
        def look():
            if self.process.poll() is not None and label not in self.done:
                self.reader.join(1)
                if label not in self.done:
                    raise Failure(f"dialload ended before its step {label} (see {self.log_path})")
            return label in self.done
        wait_for(f"dialload's step {label}", look, timeout_s, 0.02)

    def wait(self, timeout_s=90):
        try:
            self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            raise Failure("dialload is not done in time") from None
        self.reader.join(5)

    def stop(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def rows(self):
        rows = []
        with open(self.list_path, encoding="ascii") as file:
            for line in file:
                step, call_id, caller, callee, outcome, status, began, setup, talk = line.split()
                rows.append(Row(step, call_id, int(caller), int(callee), outcome, int(status), int(began), int(setup),
                                int(talk)))
        return rows
