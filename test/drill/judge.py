"""What became of the money: the generator's own list of calls against records, entries and balances."""

import collections
from decimal import Decimal

from installation import charge_of
from world import GRACE

TALK_SLACK_US = 1500000  # the generator and the edge see a call's ends at different moments on a loaded machine


class Judge:
    """complaints: sentences, each a reason to fail. figures: for the table."""

    def __init__(self, dt, is_timed=True):
        self.dt = dt
        self.is_edge_killed = False
        self.is_timed = is_timed  # may a slow machine be the reason to fail?
        self.complaints = []
        self.figures = {}

    def complain(self, text):
        self.complaints.append(text)

    def judge(self, fault_from, fault_to, excused=None):
        """fault_from, fault_to: seconds of the monotonic clock. excused(row): where edges die, a call that may fail by
        design."""
        rows = self.dt.rows()
        self.is_edge_killed = excused is not None
        excused = excused or (lambda row: False)
        self.look_at_calls(rows)
        self.look_at_refusals(rows, fault_from, fault_to, excused)
        self.look_at_speed([row for row in rows if not excused(row)])
        self.look_at_charges(rows)
        self.look_at_status()
        try:
            self.dt.audit()
        except Exception as failure:  # noqa: BLE001 - whatever it says is a complaint
            self.complain(f"audit: {failure}")
        return self

    # ---- was there anything to look at? ----

    def look_at_calls(self, rows):
        for step in ("before", "during"):
            good = sum(row.step == step and row.outcome == "ok" for row in rows)
            every = sum(row.step == step for row in rows)
            if good == 0 or good * 4 < every:
                self.complain(f"only {good} of {every} calls went well {step} the fault")

    # ---- refusals ----

    def look_at_refusals(self, rows, fault_from, fault_to, excused):
        wrong = collections.Counter()
        poor = collections.Counter()
        excuses = 0
        for row in rows:
            if row.outcome == "ok":
                continue
            began = row.began_us / 1e6
            if row.caller < self.dt.rich:
                if excused(row):
                    excuses += 1
                else:
                    wrong[f"{row.step}: {row.outcome} {row.status}"] += 1
            else:
                # Money ran out: 402 by what the ledger said, or, in its silence, 503 when grace is spent.
                is_silent = fault_from + 3 < began < fault_to
                if row.status == 503 or (row.status == 402 and not is_silent) or row.outcome == "cut" or excused(row):
                    poor[row.status] += 1
                else:
                    wrong[f"{row.step}, poor: {row.outcome} {row.status}"] += 1
        self.figures.update(offered=len(rows), wrong=sum(wrong.values()), excused=excuses, poor=sum(poor.values()))
        for text, count in wrong.items():
            self.complain(f"{count} calls failed wrongly ({text})")

    # ---- time ----

    def look_at_speed(self, rows):
        for phase, steps in (("before", ("before",)), ("during", ("during",))):
            times = sorted(row.setup_us for row in rows if row.setup_us >= 0 and row.step in steps)
            if times:
                self.figures[f"{phase}_p50"] = times[len(times) // 2]
                self.figures[f"{phase}_p99"] = times[min(len(times) - 1, len(times) * 99 // 100)]
        before, during = self.figures.get("before_p99"), self.figures.get("during_p99")
        # Who waited for the database waited for 250 ms, an edge's patience, or for 2 s, its deadline.
        if before and during and self.is_timed and during > max(4 * before, 200000):
            self.complain(f"decisions became slow: p99 {before} us before, {during} us during the fault")

    # ---- money ----

    def look_at_charges(self, rows):
        calls = {row.call_id: row for row in rows}
        charged = collections.defaultdict(list)
        spent = collections.Counter()
        estimated = 0
        for cdr in self.dt.cdrs():
            row = calls.get(cdr["call_id"])
            charge = Decimal(cdr["charge"])
            estimated += "estimated" in cdr["flags"]
            spent[self.dt.names.get(cdr["account_id"])] += charge
            if charge != charge_of(cdr):
                self.complain(f"the charge of {cdr['call_id']} is {charge}, and its talk costs {charge_of(cdr)}")
            if row is None:
                self.complain(f"a record of {cdr['call_id']}, which nobody called")
            if "answered" in cdr["flags"]:
                charged[cdr["call_id"]].append(cdr)
        double = [call_id for call_id, cdrs in charged.items() if len(cdrs) > 1]
        lost = [row for row in rows if row.setup_us >= 0 and row.call_id not in charged]
        unheard = [call_id for call_id in charged if call_id in calls and calls[call_id].setup_us < 0]
        self.figures.update(double=len(double), lost=len(lost), estimated=estimated, unheard=len(unheard))
        if double:
            self.complain(f"{len(double)} calls are charged twice ({double[0]} ...)")
        if not self.is_edge_killed and estimated:
            self.complain(f"{estimated} charges are estimated, and no edge was to die")
        if not self.is_edge_killed and unheard:
            self.complain(f"{len(unheard)} calls are charged that no phone saw answered ({unheard[0]} ...)")
        if spent[None]:
            self.complain(f"{spent[None]} is charged to accounts that were not made here")
        if lost:
            self.complain(f"{len(lost)} calls are not charged ({lost[0].call_id} ...)")
        self.look_at_talk(calls, charged)
        self.look_at_balances(spent)

    def look_at_talk(self, calls, charged):
        for call_id, cdrs in charged.items():
            row = calls.get(call_id)
            if row is None or row.setup_us < 0 or len(cdrs) > 1 or "estimated" in cdrs[0]["flags"]:
                continue
            if abs(cdrs[0]["talk_us"] - row.talk_us) > TALK_SLACK_US:
                self.complain(f"the talk of {call_id} is {cdrs[0]['talk_us']} us, and it was {row.talk_us} us")

    def look_at_balances(self, spent):
        over = leased = Decimal(0)
        for number, funds in self.dt.funds.items():
            spend = spent[number]
            money = self.dt.api("GET", f"/v1/accounts/a{number}/balance")
            balance = Decimal(money["balance"])
            leased += Decimal(money["leased"])
            if balance != funds - spend:
                self.complain(f"account a{number}: {funds} paid in, {spend} in records, and {balance} is left")
            if spend > funds + GRACE:
                self.complain(f"account a{number} spent {spend} of {funds}: more than its grace beyond")
            over += max(Decimal(0), spend - funds)
        self.figures["over"] = over
        held = Decimal(self.dt.status()["lease"]["outstanding"])
        if held > leased:
            self.complain(f"the edge holds {held}, and the ledger has set {leased} aside for it")

    # ---- what it said meanwhile ----

    def look_at_status(self):
        bounds = [Decimal(status["lease"]["bound"]) for _, status in self.dt.samples]
        backlogs = [status["outbox"]["unsettled"] for _, status in self.dt.samples]
        self.figures["bound"] = max(bounds, default=Decimal(0))
        self.figures["backlog"] = max(backlogs, default=0)
        if self.figures["over"] > self.figures["bound"]:
            self.complain(f"{self.figures['over']} overspent, and at most {self.figures['bound']} was promised")
