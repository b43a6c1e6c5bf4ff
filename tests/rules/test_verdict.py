"""R8: evidence since the restart, summed over stretches, and beside the control; each bound at, below and above."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, getcontext

import numpy as np
import pytest

from tests.support.clock import pass_time

pytestmark = pytest.mark.asked

ALTERNATIVES = [Decimal(r) for r in ("1.7", "2.6", "4.7", "10", "28")]
P = Decimal("0.05")
getcontext().prec = 50


def likelihood(r: Decimal, errors: int, jobs: int) -> Decimal:
    return r**errors / (1 - P + r * P) ** jobs


def evidence(errors: int, jobs: int) -> Decimal:
    return sum((likelihood(r, errors, jobs) for r in ALTERNATIVES), Decimal()) / 5


def weighed(rollout, slots, sample=10):
    """The sum of SQL over slots of (jobs, errors), the oldest first."""
    return rollout.value(
        "select w.total from rollout_configuration c cross join lateral jsonb_populate_record(c,"
        " jsonb_build_object('minimum_sample', %s, 'max_error_rate', 5)) k cross join lateral rollout.weigh_stretches(k,"
        " array(select now() + n * interval '5 min' from generate_series(1, %s) n), %s, %s) w",
        sample, len(slots), [jobs for jobs, _ in slots], [errors for _, errors in slots],
    )  # fmt: skip


def count(rollout, ago, jobs, errors=0, *, treated=True):
    """Jobs so long ago, past every judgement."""
    rollout.sql(
        "insert into rollout.job_deltas select c.id, rollout.slot_start(c, clock_timestamp() - %s), 'inngest', %s, %s, %s,"
        " %s, 0, 0, 0, null, 0, null from rollout_configuration c", ago, treated, jobs, errors, jobs - errors,
    )  # fmt: skip


def treatment(rollout, feature=None):
    return rollout.sql(
        "select t.run_jobs, t.run_errors, t.evidence::float8, t.recent_evidence::float8, t.whole_breach, t.recent_breach"
        " from rollout_configuration c cross join lateral rollout.treatment(c) t where c.feature_name = %s",
        feature or rollout.client.feature,
    )[0]


@pytest.fixture
def long_running(running):
    """A rollout that began three days ago."""
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    return running


@pytest.mark.parametrize(
    ("jobs", "errors", "verdict"),
    [
        (0, 0, "no_data"),
        (1, 0, "small_sample"),
        (9, 9, "small_sample"),
        (10, 0, "healthy"),
        (2000, 100, "healthy"),
        (1999, 100, "above_threshold"),
        (10, 3, "above_threshold"),
        (10, 4, "breach"),
    ],
)
def test_r7_the_verdict_of_a_window(running, jobs, errors, verdict):
    count(running, timedelta(), jobs, errors)
    assert running.client.status().health.verdict == verdict


def test_r8_the_sum_over_stretches_is_exact(rollout):
    rng = np.random.default_rng(8)
    for rate, slots, sample in ((0.05, 288, 10), (0.3, 40, 10), (0.9, 3, 1), (0.04, 288, 200)):
        jobs = rng.poisson(4, slots) + 1
        table = [(int(n), int(rng.binomial(n, rate))) for n in jobs]
        stretches = [tuple(map(sum, zip(*table[start:], strict=True))) for start in range(slots)]
        crossed = [(n, k) for n, k in stretches if n >= sample and 100 * k > 5 * n]
        expected = sum((evidence(k, n) for n, k in crossed), Decimal())
        found = weighed(rollout, table, sample)
        assert float(found) == pytest.approx(float(expected), rel=1e-9)
        recursion = [Decimal()] * 5  # Shiryaev-Roberts: all stretches, of each alternative
        for n, k in table:
            recursion = [(s + 1) * likelihood(r, k, n) for r, s in zip(ALTERNATIVES, recursion, strict=True)]
        everything = sum(recursion, Decimal()) / 5
        if sample == 1:
            assert expected <= everything <= expected + len(stretches) - len(crossed)
        assert expected <= everything


def test_r8_the_sum_is_monotone_and_within_what_a_number_holds(rollout):
    sums = [weighed(rollout, [(10, 0), (10, errors)]) for errors in range(11)]
    assert sums == sorted(sums)
    assert sums[0] == weighed(rollout, [(20, 1)]) == 0, "a rate at the threshold crosses nothing"
    assert weighed(rollout, [(19, 1)]) > 0
    good = [weighed(rollout, [(10, 5), (jobs, 0)]) for jobs in range(0, 60, 6)]
    assert good == sorted(good, reverse=True)
    assert weighed(rollout, [(10**9, 10**9)] * 288) > 1e299
    assert weighed(rollout, [(10**9, 0)] * 288) == 0
    assert weighed(rollout, [(9, 9)]) == 0, "below the minimum sample there is no stretch"
    assert weighed(rollout, [(10, 9)]) > 5760
    assert weighed(rollout, [(-5, -5), (12, 6)]) > 0, "the application's writes can lower counts"


def test_r8_evidence_is_taken_since_the_restart_and_not_before(long_running):
    count(long_running, timedelta(days=3, minutes=1), 1000, 1000)
    count(long_running, timedelta(days=2), 90, 0)
    count(long_running, timedelta(), 10, 5)
    assert treatment(long_running)[:3] == (100, 5, pytest.approx(float(evidence(5, 100)), rel=1e-9))
    assert not treatment(long_running)[4], "5 of 10 would do for a window, 5 of 100 do not"
    count(long_running, timedelta(), 9, 9, treated=False)
    assert treatment(long_running)[:2] == (100, 5), "the control is none of it"
    count(long_running, timedelta(), 7, 7)
    run = treatment(long_running)
    assert (run[:2], evidence(11, 106) < 20) == ((107, 12), True)
    assert evidence(12, 107) < 20
    assert not run[4]
    count(long_running, timedelta(), 2, 2)
    assert evidence(14, 109) > 20
    assert treatment(long_running)[4], "above 20 since the restart"
    assert long_running.client.status().health.recent.jobs == 109


def test_r8_what_has_long_passed_does_not_trip_in_a_window_below_the_threshold(long_running):
    count(long_running, timedelta(days=2), 100, 30)
    count(long_running, timedelta(), 20, 1)
    assert treatment(long_running)[2] > 20
    assert not treatment(long_running)[4], "5 % is not above 5 %"
    count(long_running, timedelta(), 1, 1)
    assert treatment(long_running)[4]


@pytest.mark.parametrize("restarted_at", ["now() - interval '3 days'", None])
def test_r8_jobs_that_are_not_of_the_run_are_in_none_of_its_sums(long_running, restarted_at):
    """Those of the control, of before all time, of another run; folded, corrected and removed, as well."""
    long_running.sql("select rollout_create(feature_name => 'another_feature')")
    long_running.sql(f"update rollout_configuration set restarted_at = {restarted_at or 'null'}")
    run = [("now() - interval '3 days'", True, 20, 12), ("now() - interval '1 hour'", True, 10, 6)]
    others = [("'-infinity'", True), ("'-infinity'", False), ("now() - interval '1 hour'", False)]
    if restarted_at:
        others.append(("now() - interval '3 days 1 us'", True))
    for begins, treated, jobs, errors in [*run, *((*other, 50, 50) for other in others)]:
        long_running.sql(
            f"insert into rollout.job_deltas select id, {begins}, 'inngest', %s, %s, %s, 0, 0, 0, 0, null, 0, null"
            " from rollout_configuration", treated, jobs, errors,
        )  # fmt: skip
    sums = (30, 18, *(pytest.approx(float(sum_)) for sum_ in (evidence(18, 30), evidence(18, 30) + evidence(6, 10))))
    of_ours = "select id from rollout_configuration where feature_name <> 'another_feature'"
    for change in (
        "select", "select rollout.fold_deltas()", "update rollout.job_counts set jobs = jobs - 1 where jobs = 50",
        "delete from rollout.job_counts where jobs = 49",
    ):  # fmt: skip
        long_running.sql(change)
        assert treatment(long_running)[:4] == treatment(long_running, "another_feature")[:4] == sums, change
    long_running.sql(f"delete from rollout.job_counts where jobs = 20 and rollout_config_id = ({of_ours})")
    assert treatment(long_running)[:2] == (10, 6)
    assert treatment(long_running, "another_feature")[:4] == sums, "of which nothing was removed"


def test_r8_of_equally_strong_stretches_the_longest_is_told(rollout):
    assert rollout.sql(
        "select w.jobs, w.errors, w.since < now() from rollout_configuration c cross join lateral jsonb_populate_record(c,"
        " jsonb_build_object('minimum_sample', 1, 'max_error_rate', 0)) k"
        " cross join lateral rollout.weigh_stretches(k, array[now() - interval '1 hour', now()], '{4,4}', '{1,1}') w"
    ) == [(8, 2, True)]


@pytest.mark.parametrize(
    ("total", "since", "jobs", "errors", "trips"),
    [
        (5759.99, "0", 20, 2, False),
        (5760, "0", 20, 1, True),
        (5760, "-1 us", 20, 1, False),
        (5760, "-1 us", 20, 2, True),
        (5760, "-1 us", 1, 1, True),
        (5760, "-1 us", 0, 0, False),
        (5760, "1 us", 0, 0, True),
    ],
)
def test_r8_stretches_trip_at_their_limit_if_the_strongest_or_the_window_speaks_for_it(
    rollout, total, since, jobs, errors, trips
):
    assert rollout.value(
        "select rollout.stretches_trip(c, %s::numeric, now() + %s::interval, now(), %s::int, %s::int) from rollout_configuration c",
        total, since, jobs, errors,
    ) == trips  # fmt: skip


@pytest.mark.commits
def test_r8_sums_are_the_same_whoever_counts_and_whenever(long_running):
    count(long_running, timedelta(days=2), 30, 3)
    long_running.report(good=4, bad=2)
    before = treatment(long_running)
    assert before[:2] == (36, 5)
    long_running.sql("select rollout.fold_deltas()")
    assert treatment(long_running) == before
    long_running.sql("select rollout.fold_deltas(); update rollout.job_counts set errors = errors + 1 where jobs = 30")
    assert treatment(long_running)[:2] == (36, 6)
    long_running.sql("delete from rollout.job_counts where jobs = 30")
    assert treatment(long_running)[:2] == (6, 2)
    pass_time(long_running, timedelta(hours=30))
    assert treatment(long_running)[:2] == (6, 2), "beyond the window, and since the restart"
    long_running.client.emergency_stop("x")
    long_running.client.resume()
    assert treatment(long_running)[:2] == (0, 0)
    long_running.report(good=3)
    long_running.sql("select rollout.fold_deltas()")
    assert treatment(long_running)[:2] == (3, 0)


def test_r8_the_newest_288_slots_with_jobs_begin_stretches(long_running):
    long_running.sql("update rollout_configuration set restarted_at = now() - interval '20 days'")
    for hour in range(290):
        count(long_running, timedelta(hours=hour), 2, 1 if hour < 5 else 0)
    slots = [(2, 0)] * 283 + [(2, 1)] * 5
    before = treatment(long_running)
    assert before[0] == 580
    assert float(before[3]) == pytest.approx(float(weighed(long_running, slots)), rel=1e-9)
    starts = long_running.value(
        "select count(*) from rollout_configuration c cross join lateral rollout.newest_slots(c)"
    )
    assert starts == 288


LIMITS = "select l.compared_limit, l.early_limit, l.recent_limit, l.window_limit, l.stretches from rollout.evidence_limits() l"


@pytest.mark.commits
def test_r8_a_breach_that_the_control_shares_is_held_and_said(running):
    assert running.sql(LIMITS) == [(3, 100, 5760, 20, 288)]
    running.client.configure(guardrail="compared")
    count(running, timedelta(), 50, 20, treated=False)
    running.report(good=4, bad=6)
    status = running.client.status()
    assert (status.rollout_percentage, status.held_by, status.health.shared) == (50, "auto-rollback", True)
    assert (status.health.verdict, status.health.check_rolls_back) == ("breach", False)
    entry = running.client.history(1).entries[0]
    assert entry.reason.startswith("both arms fail: error rate ")
    assert "held at 50 %, not rolled back" in entry.reason
    assert (
        running.value("select rollout.alert_kind(h) from rollout_history h order by created_at desc limit 1")
        == "auto_hold"
    )
    rows = running.history_rows()
    assert running.client.check_health().action == "ramp_held"
    running.report(bad=1)
    assert running.history_rows() == rows, "held once, and not again"
    replayed = running.client.backtest()
    assert [(t.held, t.judged_at) for t in replayed.trips] == [(True, "report")]
    assert [t.held for t in running.client.backtest("evidence").trips] == [False], "which would have rolled back"
    count(running, timedelta(), 500, 0, treated=False)
    running.report(bad=1)
    assert running.client.status().rollout_percentage == 0, "the control is well again: it is the rollout"


@pytest.mark.commits
def test_r8_without_a_control_there_is_nothing_to_compare(running):
    running.client.configure(guardrail="compared")
    running.report(good=4, bad=6)
    assert running.client.status().rollout_percentage == 0


@pytest.mark.parametrize(
    ("guardrail", "control", "shared"), [("compared", 0, False), ("compared", 1, True), ("evidence", 1, False)]
)
def test_r8_a_control_of_one_job_is_compared_and_one_of_none_is_passed_over(running, guardrail, control, shared):
    running.client.configure(guardrail=guardrail)
    count(running, timedelta(), 10, 6)
    count(running, timedelta(), control, 0, treated=False)
    health = running.client.status().health
    assert (health.breach, health.shared, health.check_rolls_back) == (True, shared, not shared)


def test_r8_one_job_in_each_arm_is_compared_and_none_of_another_feature(running):
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.sql(
        "update rollout_configuration set restarted_at = now() - interval '1 h', percentage_since = now() - interval '1 h'"
    )
    count(running, timedelta(), 1, 1)
    count(running, timedelta(), 1, 0, treated=False)
    coin = sum(r / ((1 + r) / 2) for r in ALTERNATIVES) / 5  # heads, with a share of a half
    assert running.client.status().health.compared.evidence == pytest.approx(float(coin), abs=1e-4)


@pytest.mark.commits
def test_r8_other_guardrails_ask_no_control(running):
    running.client.configure(guardrail="evidence")
    count(running, timedelta(), 50, 20, treated=False)
    running.report(good=4, bad=6)
    assert running.client.status().rollout_percentage == 0


@pytest.fixture
def with_control(running):
    """A rollout that stands at its percentage for a day, far below its threshold, with 91 jobs of the control."""
    running.client.configure(max_error_rate=60)
    running.sql("update rollout_configuration set percentage_since = now() - interval '1 day'")
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 day'")
    count(running, timedelta(hours=1), 91, 1, treated=False)
    return running


def test_r8_an_early_sign_warns_and_holds_and_rolls_nothing_back(with_control):
    def early():
        return with_control.client.status().health.compared

    count(with_control, timedelta(hours=2), 7, 0)
    with_control.report(bad=2)
    below = early()
    assert (below.jobs, below.errors, below.control_jobs, below.early) == (9, 2, 91, False)
    with_control.report(bad=2)
    found = early()
    assert found.early
    assert found.evidence >= found.evidence_limit == 100 > below.evidence
    status = with_control.client.status()
    assert status.rollout_percentage == 50, "no check and no report rolls back"
    warning = next(w for w in status.warnings if w.name == "early")
    assert warning.message.startswith("an early sign: 4 of 11 jobs failed in the rollout, 1 of 91 outside it, since ")
    assert next(g for g in with_control.client.plan().gates if g.name == "early").open is False
    with_control.client.configure(auto_advance=True)
    held = with_control.client.auto_advance()
    assert held.status.held_by == "auto-hold"
    with_control.client.release()
    with_control.client.set_rollout(0)
    with_control.client.set_rollout(50)
    assert not early().early, "another run"


@pytest.mark.parametrize(("percentage", "is_early"), [(1, True), (0, False)])
def test_r8_from_1_percent_on_there_are_early_signs(with_control, percentage, is_early):
    with_control.sql("update rollout_configuration set rollout_percentage = %s", percentage)
    with_control.sql("update rollout_configuration set percentage_since = now() - interval '1 day'")
    count(with_control, timedelta(hours=1), 11, 4)
    assert with_control.client.status().health.compared.early is is_early


def test_r8_what_ran_at_another_percentage_is_not_compared(with_control):
    with_control.sql("update rollout_configuration set percentage_since = now() - interval '30 minutes'")
    with_control.client.disable_auto_rollback()
    with_control.report(bad=8)
    assert with_control.client.status().health.compared.control_jobs == 0


def test_r16_slow_jobs_are_a_sign_and_unknown_times_are_none(running):
    def signs():
        return [w.name for w in running.client.status().warnings if w.name.startswith("slow")]

    def report(times, seconds, treated=True):
        running.sql(
            "select record_rollout_job(null, 'github_actions', true, %s, treated => %s) from generate_series(1, %s)",
            seconds, treated, times,
        )  # fmt: skip

    running.sql("update rollout_configuration set restarted_at = now() - interval '1 day'")
    report(40, None)
    report(9, 7201)
    report(40, 9000, treated=False)
    assert signs() == [], "nine are too few, those of the control and of no known time are none"
    report(1, 7191)
    assert signs() == [], "7,200 s on the average are the target"
    report(1, 7201)
    assert signs() == ["slow_github_actions"]
    running.client.configure(auto_advance=True)
    assert running.client.auto_advance().status.held_reason.startswith("jobs in the rollout take 7,200 s on GitHub")
    assert running.client.check_health().action == "none", "and rolls nothing back"


def test_r8_a_replayed_window_is_288_slots(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    begins = "date_bin('5 min', now(), 'epoch')"
    for ago, jobs, errors in (("24 hours", 5, 5), ("0", 10, 0)):
        running.sql(
            f"insert into rollout.job_deltas select id, {begins} - %s::interval, 'inngest', true, %s, %s, %s, 0, 0, 0, null,"
            " 0, null from rollout_configuration", ago, jobs, errors, jobs - errors,
        )  # fmt: skip
    assert running.client.backtest("rate").trips == [], "what is 24 h old is out of the window"
    running.sql(f"update rollout.job_deltas set slot_start = slot_start + interval '5 min' where slot_start < {begins}")
    assert [(t.jobs, t.errors) for t in running.client.backtest("rate").trips] == [(15, 5)]


def test_r8_a_regression_after_good_days_is_replayed(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    for hour in range(48, 2, -1):
        count(running, timedelta(hours=hour), 40)
    count(running, timedelta(minutes=10), 10, 6)
    trips = running.client.backtest("evidence").trips
    assert [(t.jobs, t.errors, t.judged_at, t.held) for t in trips] == [(10, 6, "report", False)]
    assert trips[0].evidence >= 5760
    assert treatment(running)[3] == pytest.approx(trips[0].evidence, rel=1e-4), "as it is judged live"
