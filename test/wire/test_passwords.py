"""Of a password only its digest with user and realm is kept: it is in no file, log or argument."""

import glob
import os
import sys
import unittest

from installation import Installation, WireTest, password_of, wait_for
from peers import Sipp, register, user_row


class Secrets(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation(on_net="0.60"))
        cls.dt.add_account("acme", "10.00")
        for user in ("alice", "bob"):
            cls.dt.add_endpoint("acme", user)
        cls.dt.wait_config()

    def test_a_password_is_kept_nowhere(self):
        register(self.dt, ["bob"])
        Sipp(self.dt, "uac-407", [user_row("alice", "bob", password="guessed-wrongly")]).wait()
        self.dt.kill_edge()
        wait_for("the edge is back", lambda: self.is_ready(), 10)
        words = [password_of("alice"), password_of("bob"), "guessed-wrongly"]
        files = 0
        for path in glob.glob(os.path.join(self.dt.dir, "**"), recursive=True):
            if os.path.isfile(path):
                files += 1
                with open(path, "rb") as file:
                    self.assert_without(file.read(), words, path)
        self.assertGreater(files, 8)
        with open(os.path.join(self.dt.top, "run.log"), "rb") as file:
            self.assert_without(file.read(), words, "run.log")
        pids = [self.dt.process.pid] + [
            role["pid"] for role in self.dt.control("supervisor", "status")["roles"]]
        self.assertEqual(len(pids), 3)
        for pid in pids:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                self.assert_without(file.read(), words, f"arguments of {pid}")
        key = self.dt.key.encode()
        with open(f"/proc/{self.dt.process.pid}/cmdline", "rb") as file:
            self.assertNotIn(key, file.read())

    def is_ready(self):
        try:
            return self.dt.control("edge", "status").get("state") == "ready"
        except OSError:
            return False

    def assert_without(self, data, words, where):
        for word in words:
            self.assertFalse(word.encode() in data, f"{word} is in {where}")


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
