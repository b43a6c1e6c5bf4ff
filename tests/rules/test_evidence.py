"""R8: evidence at reports, at checks, and over a stretch of the window; by recursion over the SQL, not by chance."""

from __future__ import annotations

import itertools
import math
from datetime import timedelta

import psycopg
import pytest

from tests.support.evidence import count, treatment

pytestmark = pytest.mark.asked

ALTERNATIVES = (1.7, 2.6, 4.7, 10, 28)


def evidence_by_the_book(errors: int, jobs: int, rate: float) -> float:
    """R8 as it is written: a mean of likelihood ratios, in logarithms."""
    p = rate / 100
    logs = []
    for r in ALTERNATIVES:
        a = r * p / (1 - p + r * p)
        logs.append(errors * math.log(a / p) + (jobs - errors) * math.log((1 - a) / (1 - p)))
    return sum(math.exp(max(-690, min(690, log))) for log in logs) / len(logs)


def test_r8_evidence_is_the_mixture_likelihood_ratio(rollout):
    counts = [(0, 0), (0, 1), (1, 1), (3, 10), (4, 10), (6, 30), (73, 1000), (74, 1000), (50_000, 10**6), (10**6, 10**6), (0, 10**6)]  # fmt: skip
    for (errors, jobs), rate in itertools.product(counts, (0.01, 1, 5, 50, 99.99)):
        found = rollout.value("select rollout.evidence(%s, %s, %s::numeric)::float8", errors, jobs, rate)
        assert found == pytest.approx(evidence_by_the_book(errors, jobs, rate), rel=1e-9), (errors, jobs, rate)


def test_r8_evidence_at_the_ends_of_its_range(rollout):
    def evidence(errors, jobs, rate):
        return rollout.value("select rollout.evidence(%s, %s, %s)", errors, jobs, rate)

    assert evidence(0, 0, 0) == 1
    assert evidence(0, 10, 0) == 1, "no error speaks neither for nor against a rate of 0"
    assert evidence(1, 10, 0) > 1e299, "one error can't happen at a rate of 0"
    assert evidence(10, 10, 100) == 1, "nothing speaks against a threshold of 100 %"
    assert evidence(9, 5, 5) == evidence(5, 5, 5), "the application's rows may hold more errors than jobs"
    assert evidence(-3, 5, 5) == evidence(0, 5, 5)


@pytest.mark.parametrize(
    ("errors", "jobs"), [(4, 10), (5, 15), (6, 30), (8, 50), (13, 100), (21, 200), (42, 500), (74, 1000)]
)
def test_r8_errors_needed_at_a_threshold_of_five_percent(rollout, errors, jobs):
    assert rollout.value("select rollout.evidence(%s, %s, 5) >= 20", errors, jobs)
    assert not rollout.value("select rollout.evidence(%s, %s, 5) >= 20", errors - 1, jobs)


def chance_by_recursion(tripping, jobs: int, rate: float) -> float:
    """The chance that a stream at this rate has tripped by its last job."""
    alive, tripped = {0: 1.0}, 0.0
    for job in range(1, jobs + 1):
        ahead: dict[int, float] = {}
        for errors, chance in alive.items():
            for more, share in ((0, 1 - rate), (1, rate)):
                if (job, errors + more) in tripping:
                    tripped += chance * share
                else:
                    ahead[errors + more] = ahead.get(errors + more, 0) + chance * share
        alive = {errors: chance for errors, chance in ahead.items() if chance > 1e-15}
    return tripped


TRIPS_OF_THE_RUN = """
    select n, k from rollout_configuration c
    cross join lateral (select jsonb_populate_record(c, jsonb_build_object('guardrail', %s::text)) as config) g
    cross join generate_series(1, 1000) n cross join lateral generate_series(0, least(n, 120)) k
    where rollout.run_trips(g.config, n, k, n, k)
"""


@pytest.mark.large
@pytest.mark.commits
@pytest.mark.parametrize(
    ("guardrail", "chances"),
    [
        ("rate", {1: 19.2, 2: 38.8, 3: 58.8, 4: 78.8, 5: 94.2}),
        ("evidence", {1: 0.00, 2: 0.02, 3: 0.12, 4: 0.52, 5: 2.4}),
    ],
)
def test_r8_what_is_simulated_agrees_with_the_exact_chance_of_a_first_day(rollout, guardrail, chances):
    """Exact for the jobs since the restart alone; the stretches add to it, and by at most one day in twenty."""
    with psycopg.connect(rollout.url) as connection:
        rows = set(connection.execute(TRIPS_OF_THE_RUN, (guardrail,)).fetchall())
    shown = {cost.error_rate: cost for cost in rollout.client.guardrail(guardrail).healthy}
    for rate, expected in chances.items():
        exact = 100 * chance_by_recursion(rows, 1000, rate / 100)
        assert exact == pytest.approx(expected, abs=0.06), f"{rate} %"
        noise = 4 * math.sqrt(max(exact, 0.1) * (100 - exact) / 10_000)  # of the days that were simulated
        assert exact - noise <= shown[rate].day <= exact + noise + (0 if guardrail == "rate" else 5), f"{rate} %"
        assert shown[rate].day <= shown[rate].month


@pytest.fixture
def long_running(running):
    """A rollout that has stood at its percentage for three days."""
    running.client.disable_auto_rollback()
    for column in ("restarted_at", "percentage_since"):
        running.sql(f"update rollout_configuration set {column} = now() - interval '3 days'")
    return running


def test_r7_without_jobs_everything_is_nothing(long_running):
    def health():
        return long_running.client.status().health

    def compared():
        found = health().compared
        return found.jobs, found.errors, found.control_jobs, found.control_errors, found.evidence

    assert treatment(long_running) == (0, 0, 1, 0, False, False)
    found = health()
    assert (found.jobs, found.errors, found.successes, found.evidence) == (0, 0, 0, 1)
    assert (found.breach, found.check_rolls_back, found.recent) == (False, False, None)
    assert compared() == (0, 0, 0, 0, 1)
    count(long_running, timedelta(days=2), 5)
    assert (health().jobs, health().recent) == (0, None), "jobs that have left the window are no breach"
    count(long_running, timedelta(), 1, treated=False)
    assert compared() == (0, 0, 1, 0, 1)


def test_r8_older_slots_begin_stretches_where_the_window_has_less_than_288(long_running):
    older, newest = "now() - interval '25 hours' - n * interval '5 min'", "now() - n * interval '4 min'"
    for begins, slots, expected in (
        (older, 3, 3),
        (newest, 286, 288),
        (newest, 287, 288),
        (newest, 288, 288),
        (newest, 290, 290),
    ):
        long_running.sql(
            f"insert into rollout.job_deltas select c.id, {begins}, 'inngest', true, 1, 0, 1, 0, 0, 0, null, 0, null"
            f" from rollout_configuration c, generate_series(1, %s) n"
            f" where not exists (select from rollout.job_deltas d where d.slot_start = {begins})", slots,
        )  # fmt: skip
        found = long_running.sql(
            "select count(*), count(*) filter (where s.in_window) from rollout_configuration c"
            " cross join lateral rollout.newest_slots(c) s"
        )
        assert found == [(expected, slots if begins == newest else 0)]


@pytest.mark.parametrize(
    ("jobs", "errors", "control_jobs", "control_errors"), [(1, 1, 2, 1), (3, 2, 1, 0), (10, 1, 4, 3), (2, 0, 2, 2)]
)
def test_r8_of_all_errors_the_treatment_is_expected_to_have_its_share_of_the_jobs(
    long_running, jobs, errors, control_jobs, control_errors
):
    count(long_running, timedelta(), jobs, errors)
    count(long_running, timedelta(), control_jobs, control_errors, treated=False)
    found = long_running.client.status().health.compared
    assert (found.jobs, found.errors, found.control_jobs, found.control_errors) == (
        jobs, errors, control_jobs, control_errors)  # fmt: skip
    expected = evidence_by_the_book(errors, errors + control_errors, 100 * jobs / (jobs + control_jobs))
    assert found.evidence == pytest.approx(expected, abs=1e-4)
