"""Calls to a carrier, and `dialtone reconcile` against what the carrier says of them."""

import csv
import json
import os
import subprocess
import sys
import unittest
from datetime import datetime, timezone
from decimal import Decimal

from installation import PROGRAM, Installation, WireTest, free_port
from peers import Sipp, user_row

CARRIER = "127.0.0.9"  # known by its address, so another one than the phones have
COUNT = 4
BASIC = ["time", "number", "duration", "cost", "call_id"]


class Reconcile(WireTest):
    @classmethod
    def setUpClass(cls):
        cls.dt = cls.enterClassContext(Installation())
        cls.dt.add_deck("retail", "49,0.60,1,1\n")
        cls.dt.add_deck("carrier-buy", "49,0.30,1,1\n")
        cls.dt.add_account("acme", "10.00", sell_deck="retail")
        cls.dt.add_endpoint("acme", "alice", identities=["4989100"])
        port = free_port(CARRIER)
        cls.dt.add_trunk("carrier", CARRIER, port, cost_deck="carrier-buy")
        cls.dt.add_route("carrier")
        cls.dt.wait_config()
        for i in range(COUNT):
            gateway = Sipp(cls.dt, "uas-call", host=CARRIER, port=port,
                           options=["-d", "200"]).wait_bound()
            alice = Sipp(cls.dt, "uac-call", [user_row("alice", f"+49301234{i}0")], "127.0.0.1",
                         options=["-d", "200"])
            alice.wait()
            gateway.wait()
        cls.cdrs = sorted(cls.dt.wait_cdrs(COUNT), key=lambda cdr: cdr["wall_answer_us"])

    def theirs(self, has_id=True):
        """What an honest carrier would write."""
        return [[datetime.fromtimestamp(cdr["wall_answer_us"] / 1e6, timezone.utc)
                 .strftime("%Y-%m-%d %H:%M:%S"),
                 "+" + cdr["callee"], f"{cdr['talk_us'] / 1e6:.3f}", cdr["cost"],
                 cdr["call_id"] if has_id else ""] for cdr in self.cdrs]

    def reconcile(self, rows, *more, header=None, status=0):
        path = os.path.join(self.dt.top, "theirs.csv")
        with open(path, "w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header or BASIC] + rows)
        done = subprocess.run([PROGRAM, "reconcile", path, "--trunk", "carrier", *more, "--dir",
                               self.dt.dir], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=30, check=False, encoding="utf-8")
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if "--json" in more else done.stdout + done.stderr

    def test_an_honest_file_has_no_difference(self):
        self.assertGreater(Decimal(self.cdrs[0]["cost"]), 0)
        for has_id in (True, False):
            report = self.reconcile(self.theirs(has_id), "--json")
            self.assertEqual(report["matched"], COUNT)
            for sum_of in ("calls", "cost"):
                self.assertEqual(report["ours"][sum_of], report["theirs"][sum_of])
        self.assertIn("in both                      4", self.reconcile(self.theirs()))

    def test_each_kind_of_difference_is_told(self):
        rows = self.theirs()
        del rows[1]                          # missing
        rows[0][2] = "60"                    # longer
        rows[1][3] = "1.00"                  # dearer
        rows.append([rows[0][0], "+493099999", "10", "0.05", ""])  # extra
        rows.append(["soon", "+493099999", "10", "0.05", ""])      # unreadable
        report = self.reconcile(rows, "--json", status=1)
        self.assertEqual(report["matched"], COUNT - 1)
        self.assertEqual([row["call_id"] for row in report["missing"]], [self.cdrs[1]["call_id"]])
        self.assertEqual([row["line"] for row in report["duration"]], [2])
        self.assertEqual([row["line"] for row in report["price"]], [3])
        self.assertEqual([row["number"] for row in report["extra"]], ["493099999"])
        self.assertEqual([row["line"] for row in report["faults"]], [6])
        said = self.reconcile(rows, status=1)
        self.assertIn("missing from their file      1", said)
        self.assertIn("line 6: the time is not like", said)

    def test_other_names_and_another_clock(self):
        local = [row[:4] for row in self.theirs()]
        for row in local:
            at = datetime.strptime(row[0], "%Y-%m-%d %H:%M:%S").timestamp() + 5 * 3600
            row[0] = datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
        names = ["Seizure", "Dialled", "Talk", "Sum"]
        self.reconcile(local, "--columns", "time=Seizure,number=Dialled,cost=Sum", "--offset", "+05:00",
                       header=names)
        self.assertIn("no column looks like the time", self.reconcile(local, header=names, status=1))

    def test_what_is_wrong_is_said(self):
        self.assertIn("no row tells of a call", self.reconcile([], status=1))
        done = subprocess.run([PROGRAM, "reconcile", "nothing.csv", "--trunk", "carrier", "--dir", self.dt.dir],
                              stderr=subprocess.PIPE, timeout=30, check=False)
        self.assertEqual(done.returncode, 1)
        for words in (["x.csv"], ["x.csv", "--trunk", "carrier", "--offset", "5"],
                      ["x.csv", "--trunk", "carrier", "--columns", "when=x"]):
            done = subprocess.run([PROGRAM, "reconcile", *words, "--dir", self.dt.dir],
                                  stderr=subprocess.PIPE, timeout=30, check=False)
            self.assertEqual(done.returncode, 2, done.stderr)


if __name__ == "__main__":
    sys.exit(unittest.main(verbosity=2))
