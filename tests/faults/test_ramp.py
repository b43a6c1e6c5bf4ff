"""R17: whoever does what to a ramp, in whatever order and however the clock jumps, it is where the rules say."""

from __future__ import annotations

import contextlib
import functools
import uuid
from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from rollout_console.client import RolloutClient
from rollout_console.errors import Refused
from tests.support import servers
from tests.support.clock import pass_time
from tests.support.jobs import HOURS, add_jobs, finish
from tests.support.model import No
from tests.support.ramp_model import MANUAL, Ramp, Seen

PLANS = [MANUAL, [(5, 1), (10, 2), (40, 24), (90, 48)], [(1, 1), (2, 1), (3, 1)], [(50, 12)]]
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
operators = st.integers(0, 2)
percentages = st.one_of(st.sampled_from([0, 1, 10, 25, 50, 75, 100]), st.integers(0, 100))


def machine(rollout: Any, step: Callable[[], None]) -> type[RuleBasedStateMachine]:
    """Return a state machine that does everything to a ramp and to the model, and compares them after each step."""

    class Commands(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            servers.empty(rollout.url)
            rollout.client.create()
            rollout.add_repositories(3)
            rollout.client.configure(guardrail="evidence")  # so that a check judges as a report does
            self.ramp = Ramp()
            self.stuck: list[str] = []
            self.clients = [
                RolloutClient(rollout.client.adapter, who={"operator": f"o{n}", "host": "h"}) for n in range(3)
            ]
            self.late: list[tuple[Callable[[], Any], int, tuple[int, int]]] = []

        def seen(self) -> Seen:
            health, warnings = rollout.client.status().health, rollout.client.jobs().warnings
            return Seen(health.verdict, health.jobs, health.error_rate, health.success_rate,
                        frozenset(warning.name for warning in warnings))  # fmt: skip

        def both(self, act: Callable[[], Any], expect: Callable[[], Any]) -> Any:
            step()
            try:
                expected = expect()
            except No:
                with pytest.raises(Refused):
                    act()
                return None
            try:
                done = act()
            except Refused as refusal:  # R20: an operator who had not seen what another lowered looks first
                if "you had not seen" not in str(refusal):
                    raise
                assert self.ramp.lowerings or self.ramp.perhaps
                for client in self.clients:
                    client.status()
                done = act()
            if isinstance(expected, str):
                assert done.outcome == expected
            return done

        @rule(who=operators, percentage=percentages)
        def set_rollout(self, who: int, percentage: int) -> None:
            shut, raises = self.ramp.shut(self.seen()), percentage > self.ramp.percentage
            done = self.both(
                lambda: self.clients[who].set_rollout(percentage),
                lambda: self.ramp.become(percentage, self.ramp.stopped),
            )
            if done is not None:
                assert {gate.name for gate in done.shut} == (shut if raises else set())

        @rule(who=operators, percentage=percentages)
        def rollback(self, who: int, percentage: int) -> None:
            self.both(
                lambda: self.clients[who].rollback_to_percentage(percentage), lambda: self.ramp.rollback(percentage)
            )

        @rule(who=operators)
        def stop(self, who: int) -> None:
            self.both(
                lambda: self.clients[who].emergency_stop("look"), lambda: self.ramp.become(self.ramp.percentage, True)
            )

        @rule(who=operators, percentage=st.none() | percentages)
        def resume(self, who: int, percentage: int | None) -> None:
            self.both(lambda: self.clients[who].resume(percentage), lambda: self.ramp.resume(percentage))

        @rule(who=operators, percentage=percentages)
        def a_request_is_given_up_and_stays_in_the_api(self, who: int, percentage: int) -> None:
            client = self.clients[who]
            client.status()
            assert client.seen is not None
            sent = {**client.who, "operation_id": str(uuid.uuid4()), **client.seen.sent(patience=3600)}
            late = functools.partial(
                client.adapter.call, "rollout_set_percentage", percentage=percentage, reason=None, context=sent,
                feature_name=client.feature, changes=True, idempotent=True,
            )  # fmt: skip
            self.late = [(late, percentage, (self.ramp.lowerings, self.ramp.perhaps))]

        @precondition(lambda self: self.late)
        @rule()
        def it_arrives_late(self) -> None:
            """R20: it raises nothing that was lowered since; where that is not sure, either is right."""
            late, percentage, (lowerings, perhaps) = self.late.pop()
            raises = percentage > self.ramp.percentage
            if raises and self.ramp.lowerings > lowerings:
                with pytest.raises(Refused):
                    late()
            elif raises and self.ramp.perhaps > perhaps:
                with contextlib.suppress(Refused):
                    late()
                    self.ramp.become(percentage, self.ramp.stopped)
            else:
                self.both(late, lambda: self.ramp.become(percentage, self.ramp.stopped))

        @rule(percentage=percentages)
        def the_browser_sets_it(self, percentage: int) -> None:
            self.both(
                lambda: rollout.sql("update rollout_configuration set rollout_percentage = %s", percentage),
                lambda: self.ramp.outside(percentage),
            )

        @rule(who=operators, reason=st.sampled_from([None, "look"]), hours=st.sampled_from([None, 1, 12, 100]))
        def hold(self, who: int, reason: str | None, hours: int | None) -> None:
            self.both(
                lambda: self.clients[who].hold(reason, until=f"{hours}h" if hours else None),
                lambda: self.ramp.hold(f"o{who}", bool(reason), hours),
            )

        @rule(who=operators)
        def release(self, who: int) -> None:
            seen = self.seen()
            self.both(self.clients[who].release, lambda: self.ramp.release(seen))

        @rule(who=operators, force=st.booleans())
        def advance(self, who: int, force: bool) -> None:
            seen = self.seen()
            self.both(lambda: self.clients[who].advance("on", force=force), lambda: self.ramp.advance(seen, force))

        @rule(who=operators)
        def advance_by_itself(self, who: int) -> None:
            seen, before = self.seen(), self.ramp.percentage
            self.both(self.clients[who].auto_advance, lambda: self.ramp.auto_advance(seen))
            raised_to = rollout.client.status().rollout_percentage
            assert raised_to == before or raised_to in [p for p, _ in self.ramp.steps], "never beyond its plan"

        @rule(on=st.booleans(), on_breach=st.sampled_from(["zero", "step_back", "hold"]))
        def configure(self, on: bool, on_breach: Any) -> None:
            self.both(
                lambda: rollout.client.configure(auto_advance=on, on_breach=on_breach),
                lambda: self.ramp.configure(on, on_breach),
            )

        @rule(steps=st.sampled_from(PLANS))
        def plan(self, steps: list[tuple[int, int]]) -> None:
            def expect() -> None:
                self.ramp.steps = steps

            self.both(lambda: rollout.client.set_plan([p for p, _ in steps], hours=[h for _, h in steps]), expect)

        @rule(closed=st.sampled_from([None, False, True]), zone=st.sampled_from(ZONES))
        def window(self, closed: bool | None, zone: str) -> None:
            today = rollout.value("select now()").astimezone(UTC).weekday()
            days = DAYS[(today + 3) % 7] if closed else "Mon-Sun"  # three days off in any zone

            def expect() -> None:
                self.ramp.closed = bool(closed)

            window = "always" if closed is None else f"{days} 00:00-24:00 {zone}"
            self.both(lambda: rollout.client.set_plan(window=window), expect)

        @rule(hours=st.one_of(st.integers(1, 60), st.sampled_from([24, 24, 24, 24, -1, -5, -30])))
        def time_passes_or_the_clock_is_set_back(self, hours: int) -> None:
            self.ramp.perhaps += hours < 0  # what was seen may lie in the future now
            held = self.ramp.held_by
            self.both(
                lambda: pass_time(rollout, timedelta(hours=hours), jobs=False), lambda: self.ramp.pass_time(hours)
            )
            if held and not self.ramp.held_by:
                rollout.client.enable_auto_rollback()  # it is on; but now it is written down that the hold has ended

        @rule()
        def a_job_is_stuck(self) -> None:
            step()
            self.stuck += add_jobs(rollout, status="processing", queued=9 * HOURS)

        @rule()
        def stuck_jobs_end(self) -> None:
            step()
            while self.stuck:
                finish(rollout, self.stuck.pop())

        @rule(jobs=st.integers(5, 60))
        def good_jobs(self, jobs: int) -> None:
            self.check_health()  # a breach from before a release: which job finds it is not promised
            self._report(good=jobs)

        @rule(jobs=st.integers(1, 12))
        def bad_jobs(self, jobs: int) -> None:
            self.check_health()
            for _ in range(jobs):
                self._report(bad=1)

        @rule(days=st.integers(1, 3), jobs=st.integers(20, 60))
        def good_days(self, days: int, jobs: int) -> None:
            """As a monitor sees them, so that many a ramp gets to its end."""
            for _ in range(days):
                self.time_passes_or_the_clock_is_set_back(12)
                self.good_jobs(jobs)
                self.time_passes_or_the_clock_is_set_back(12)
                self.advance_by_itself(0)

        def _report(self, **jobs: int) -> None:
            step()
            rows, armed = rollout.history_rows(), self.ramp.armed
            rollout.report(**jobs)
            health = rollout.client.status().health
            if rollout.history_rows() == rows:
                known = self.ramp.held_for_good and self.ramp.on_breach == "hold"
                assert not (armed and health.breach) or known, "no job that makes a breach goes by"
                return
            assert armed
            assert rollout.history_rows() == rows + 1
            evidence = rollout.value("select metadata -> 'evidence' from rollout_history order by metadata ->> 'recorded_at' desc limit 1")  # fmt: skip
            assert (evidence["breach"], evidence["on_breach"]) == (True, self.ramp.on_breach)
            self.ramp.breach()

        @rule()
        def check_health(self) -> None:
            def expect() -> None:
                if breach and self.ramp.armed:
                    self.ramp.breach()

            breach = rollout.client.status().health.breach
            self.both(rollout.client.check_health, expect)

        @invariant()
        def ramp_and_gates_are_those_of_the_rules(self) -> None:
            status, plan, ramp = rollout.client.status(), rollout.client.plan(), self.ramp
            assert (status.rollout_percentage, status.emergency_stop) == (ramp.percentage, ramp.stopped)
            assert status.held_by == ramp.held_by
            assert (status.auto_advance, status.on_breach) == (ramp.by_itself, ramp.on_breach)
            assert [(s.percentage, s.hours) for s in plan.steps] == ramp.steps
            assert plan.next_percentage == ramp.next
            shut = ramp.shut(self.seen())
            assert {gate.name for gate in plan.gates if not gate.open} == shut
            assert plan.ready == (ramp.next is not None and not shut)
            ahead = [s.earliest for s in plan.steps if s.percentage > ramp.percentage]
            if ramp.stopped or ramp.held_for_good:
                assert not any(ahead)
            elif ahead and not ramp.closed:
                wait = max(0, ramp.ends or 0, ramp.due - ramp.flowing if ramp.percentage else 0)
                assert ahead[0] is not None
                assert abs((ahead[0] - plan.server_time) / timedelta(hours=1) - wait) < 0.1
                assert ahead == sorted(ahead, key=lambda at: at or plan.server_time)

    return Commands


def test_r17_any_sequence_of_operations_ends_where_the_rules_say(rollout, effort, tried):
    run_state_machine_as_test(
        machine(rollout, lambda: tried("operations on a ramp compared with the model")),
        settings=settings(max_examples=effort(3, 150), stateful_step_count=25),
    )
    # A clock that was set back leaves rows in the future, and so perhaps another one than the last change at the end.
    pass_time(rollout, timedelta(days=30), jobs=False)
    rollout.client.note("from here on it is right")
    assert rollout.differences() == {}
