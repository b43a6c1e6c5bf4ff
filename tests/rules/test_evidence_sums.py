"""R8: evidence since the restart, and summed over stretches; each bound at, below and above."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal, getcontext

import numpy as np
import pytest

from tests.support.clock import pass_time
from tests.support.evidence import ALTERNATIVES, count, treatment, weighed

pytestmark = pytest.mark.asked

P = Decimal("0.05")
getcontext().prec = 50


def likelihood(r: Decimal, errors: int, jobs: int) -> Decimal:
    return r**errors / (1 - P + r * P) ** jobs


def evidence(errors: int, jobs: int) -> Decimal:
    return sum((likelihood(r, errors, jobs) for r in ALTERNATIVES), Decimal()) / 5


@pytest.fixture
def long_running(running):
    """A rollout that began three days ago."""
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    return running


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
