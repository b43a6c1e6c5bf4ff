"""R17: one step up, by hand or by itself, with every gate asked in the transaction that raises."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, Refused
from rollout_console.render.history import change_author
from tests.support.clock import pass_time
from tests.support.jobs import HOURS, add_jobs, finish
from tests.support.ramp import MANUAL, good_hours, shut
from tests.support.rollouts import percentage

pytestmark = pytest.mark.asked


@pytest.fixture
def ready(running):
    """At 10 % for a day with good jobs: every gate is open."""
    running.client.set_rollout(10)
    good_hours(running)
    assert shut(running) == []
    return running


def test_r17_it_goes_to_the_next_step_and_no_further(ready):
    advanced = ready.client.advance("looks good")
    assert (advanced.outcome, advanced.changed, advanced.shut) == ("advanced", True, [])
    assert (advanced.change.command, advanced.change.new_percentage, advanced.change.reason) == (
        "advance",
        25,
        "looks good",
    )
    again = ready.client.advance()
    assert (again.outcome, again.changed, percentage(ready)) == ("shut", False, 25)
    assert again.shut[0].name == "time at this percentage"


def test_r17_between_two_steps_it_goes_to_the_next_one_above(running):
    running.client.set_rollout(30)
    good_hours(running)
    assert running.client.advance().change.new_percentage == 50


def test_r17_a_start_and_the_end(rollout):
    started = rollout.client.advance()
    assert (started.outcome, started.change.previous_percentage, started.change.new_percentage) == ("advanced", 0, 10)
    rollout.client.set_rollout(1)
    assert "time at this percentage" in shut(rollout), "from 1 % on, it is measured"
    rollout.client.set_rollout(100)
    ended = rollout.client.advance()
    assert (ended.outcome, ended.changed, ended.next_percentage) == ("finished", False, None)
    assert rollout.client.advance("again", force=True).outcome == "finished"


GATES = {
    "stop": lambda r: r.client.emergency_stop("look"),
    "hold": lambda r: r.client.hold("look", until="2h"),
    "time at this percentage": lambda r: pass_time(r, timedelta(hours=-1)),
    "error rate": lambda r: r.report(good=29, bad=2),
    "jobs": lambda r: pass_time(r, timedelta(hours=24)),
    "verdict": lambda r: r.client.configure(minimum_sample=1000),
    "stuck_jobs": lambda r: add_jobs(r, status="processing", queued=9 * HOURS),
}


@pytest.mark.parametrize("gate", GATES)
def test_r17_each_gate_alone_keeps_it_where_it_is_and_says_what_to_type(ready, gate):
    GATES[gate](ready)
    rows = ready.history_rows()
    found = ready.client.advance()
    assert (found.outcome, found.changed, percentage(ready), ready.history_rows()) == ("shut", False, 10, rows)
    named = {shut_gate.name: shut_gate for shut_gate in found.shut}
    assert gate in named
    assert named[gate].command.startswith("rollout.")
    assert named[gate].message


def test_r17_past_shut_gates_only_with_a_reason_which_is_recorded_with_them(running):
    running.client.set_rollout(10)
    for reason in (None, "", "  "):
        with pytest.raises(
            Refused, match=r'needs a reason.*type for example rollout\.advance\("checked by hand", force=True\)'
        ):
            running.client.advance(reason, force=True)
    forced = running.client.advance("checked by hand", force=True)
    assert (forced.outcome, percentage(running)) == ("advanced", 25)
    entry = running.client.history(1).entries[0]
    assert entry.reason == "checked by hand"
    assert [gate["name"] for gate in entry.evidence["shut"]] == [gate.name for gate in forced.shut]
    with pytest.raises(BadArgument):
        running.client.advance(force="yes")


def test_r17_a_hold_is_passed_by_no_force(running):
    running.client.set_rollout(10)
    running.client.hold("waiting for the vendor")
    with pytest.raises(Refused, match=r"held since .* by tess: waiting for the vendor.*rollout\.release\(\)"):
        running.client.advance("hurry", force=True)
    assert percentage(running) == 10


@pytest.mark.commits
def test_r17_two_who_advance_at_once_advance_once(ready):
    ready.client.configure(auto_advance=True)

    def work(by_itself: bool) -> str:
        with RolloutClient(PostgresAdapter(ready.url), who={"operator": "o", "host": "h"}) as client:
            return (client.auto_advance() if by_itself else client.advance()).outcome

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(work, [True, False] * 4))
    assert (outcomes.count("advanced"), percentage(ready)) == (1, 25)


def test_r17_nothing_rises_by_itself_unless_it_is_told_to(ready):
    assert (ready.client.auto_advance().outcome, percentage(ready)) == ("idle", 10)
    ready.client.configure(auto_advance=True)
    assert percentage(ready) == 10, "the monitor raises, not the setting"
    raised = ready.client.auto_advance()
    assert (raised.outcome, percentage(ready)) == ("advanced", 25)
    entry = ready.client.history(1).entries[0]
    assert (entry.command, entry.triggered_by, entry.reason) == ("advance", "auto_advance", "every gate is open")


def test_go_feature_flag_4630_the_plan_has_an_end_and_says_so(running):
    """A ramp went on rising for 31 hours past its end there."""
    running.client.set_plan([10, 30], hours=1)
    running.client.set_rollout(10)
    running.client.configure(auto_advance=True)
    good_hours(running, 2)
    assert (running.client.auto_advance().outcome, percentage(running)) == ("advanced", 30)
    for hours in (1, 24, 31 * 24):
        good_hours(running, hours)
        outcome = running.client.auto_advance().outcome
        assert percentage(running) == 30
        assert outcome == ("finished" if hours == 1 else "idle")
    ends = [e for e in running.client.history().entries if e.reason == "the plan ends at 30 %: auto_advance is off"]
    assert len(ends) == 1
    assert not running.client.status().auto_advance


def test_r17_beyond_the_plan_nothing_rises_by_itself(running):
    running.client.set_plan([10, 30], hours=1)
    running.client.set_rollout(60)
    running.client.configure(auto_advance=True)
    good_hours(running, 2)
    assert (running.client.auto_advance().outcome, percentage(running)) == ("finished", 60)


def test_kargo_4586_and_6360_a_gate_is_asked_anew_each_time_by_whoever_acts(running):
    """A soak time stalled there until the controller was restarted, and did not hold for promotions by hand."""
    running.client.set_rollout(10)
    running.report(good=20)
    assert running.client.advance().outcome == "shut", "by hand, too"
    running.client.configure(auto_advance=True)
    assert running.client.auto_advance().outcome == "shut"
    good_hours(running, 24)  # no process was running
    assert running.client.auto_advance().outcome == "advanced"


def test_argo_rollouts_4479_and_1905_no_data_is_no_success_and_no_failure(running):
    """No measurement read as success there, or sent a canary back for a quiet night."""
    running.client.set_rollout(10)
    running.client.configure(auto_advance=True)
    pass_time(running, timedelta(hours=48))
    waiting = running.client.auto_advance()
    assert (waiting.outcome, percentage(running)) == ("shut", 10)
    assert {"jobs", "verdict"} <= {gate.name for gate in waiting.shut}
    assert running.client.status().held_reason is None
    assert running.client.check_health().action == "none"


def test_flagger_1501_a_night_without_jobs_delays_and_does_no_more(running):
    running.client.set_rollout(10)
    running.client.configure(auto_advance=True)
    good_hours(running, 24)
    pass_time(running, timedelta(hours=14))  # the jobs of the day before leave the window
    assert running.client.auto_advance().outcome == "shut"
    running.report(good=20)
    assert running.client.auto_advance().outcome == "advanced"


def test_argo_rollouts_4479_success_that_is_reported_and_did_not_happen_raises_nothing(ready):
    """The application reports success as it queues a job; what became of it stands in its own table."""
    ready.client.configure(auto_advance=True)
    add_jobs(ready, 30, status="processing", queued=10 * HOURS)
    held = ready.client.auto_advance()
    assert (held.outcome, percentage(ready)) == ("held", 10)
    assert "stuck" in held.status.held_reason


@pytest.mark.commits
def test_r16_it_never_rises_while_it_cannot_see(ready):
    ready.client.configure(auto_advance=True)
    with psycopg.connect(ready.url) as host:
        host.execute("lock table progressive_capture_jobs in access exclusive mode")
        assert "sight" in shut(ready)
        assert ready.client.auto_advance().outcome == "shut"
        host.rollback()
    assert ready.client.auto_advance().outcome == "advanced"


def test_r17_what_is_at_0_or_stopped_starts_by_no_hand_but_a_persons(ready):
    ready.client.configure(auto_advance=True)
    ready.client.emergency_stop("look")
    assert ready.client.auto_advance().outcome == "idle"
    ready.client.resume()
    ready.client.rollback_to_zero()
    pass_time(ready, timedelta(days=3))
    assert (ready.client.auto_advance().outcome, percentage(ready)) == ("idle", 0)


SIGNALS = {
    "above_threshold": lambda r: r.report(good=17, bad=3),
    "stuck_jobs": lambda r: add_jobs(r, status="processing", queued=9 * HOURS),
    "oldest_queued": lambda r: add_jobs(r, queued=3 * HOURS),
}


@pytest.mark.parametrize("signal", SIGNALS)
def test_r17_a_weak_signal_holds_and_names_both_ways_out(ready, signal):
    ready.client.configure(auto_advance=True, guardrail="evidence")
    SIGNALS[signal](ready)
    held = ready.client.auto_advance()
    assert (held.outcome, percentage(ready)) == ("held", 10)
    entry = ready.client.history(1).entries[0]
    assert (entry.command, entry.triggered_by, held.status.held_by) == ("hold", "auto_hold", "auto-hold")
    assert change_author(entry) == "auto-hold"
    assert "rollout.release()" in entry.reason
    assert "rollout.rollbackToZero()" in entry.reason
    assert signal in [found["name"] for found in entry.evidence["signals"]]
    rows = ready.history_rows()
    assert (ready.client.auto_advance().outcome, ready.history_rows()) == ("idle", rows), "held once"


def test_argo_rollouts_261_what_a_release_has_accepted_holds_at_no_step_again(ready):
    """The same pause came back at each step there."""
    ready.client.configure(auto_advance=True)
    (job,) = add_jobs(ready, status="processing", queued=9 * HOURS)
    assert ready.client.auto_advance().outcome == "held"
    ready.client.release("its status update was lost")
    for step in (25, 50):
        assert (ready.client.auto_advance().outcome, percentage(ready)) == ("advanced", step)
        good_hours(ready)
    finish(ready, job)
    assert ready.client.auto_advance().outcome == "advanced"
    good_hours(ready)
    add_jobs(ready, status="processing", queued=9 * HOURS)
    assert ready.client.auto_advance().outcome == "held", "it had ended, so this is another"


SLOW = "select record_rollout_job(null, 'github_actions', true, 9000, treated => true) from generate_series(1, 10)"


@pytest.mark.parametrize(
    ("name", "signal"), [("stuck_jobs", SIGNALS["stuck_jobs"]), ("slow_github_actions", lambda r: r.sql(SLOW))]
)
def test_r17_by_hand_a_gate_that_is_shut_stays_shut_after_a_release(ready, name, signal):
    """Nobody would see the end of what was accepted, so that the next stuck job would go by."""
    signal(ready)
    ready.client.hold("look")
    ready.client.release()
    assert shut(ready) == [name]
    ready.client.configure(auto_advance=True)
    ready.client.hold("look")
    ready.client.release()
    assert shut(ready) == []
    ready.client.configure(auto_advance=False)
    assert shut(ready) == [name]


def test_r17_nothing_is_accepted_where_a_null_stands_for_what_was(ready):
    for signal in (SIGNALS["stuck_jobs"], lambda r: r.sql(SLOW)):
        signal(ready)
    with ready.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute("update rollout_configuration set accepted_signals = null")
    assert shut(ready) == ["stuck_jobs", "slow_github_actions"]


def test_flagger_1248_a_release_that_is_sent_again_restarts_nothing(ready):
    ready.client.configure(auto_advance=True)
    ready.client.hold("look")
    since = ready.client.plan().since
    assert [ready.client.release().changed for _ in range(3)] == [True, False, False]
    assert ready.client.plan().since == since
    assert ready.client.auto_advance().outcome == "advanced"


def test_r17_the_whole_plan_by_itself(running):
    running.client.configure(auto_advance=True)
    running.client.set_rollout(10)
    seen = [10]
    for _ in range(8):
        good_hours(running)
        running.client.auto_advance()
        seen.append(percentage(running))
    assert seen == [*MANUAL, 100, 100, 100, 100]
