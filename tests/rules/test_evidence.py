"""R8: evidence at reports, at checks, and over a stretch of the window; by recursion over the SQL, not by chance."""

from __future__ import annotations

import itertools
import math

import psycopg
import pytest

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


def chance_by_recursion(tripping, jobs: int, rate: float) -> list[float]:
    """The chance that a stream at this rate has tripped, after each job."""
    alive, tripped, after = {0: 1.0}, 0.0, []
    for job in range(1, jobs + 1):
        ahead: dict[int, float] = {}
        for errors, chance in alive.items():
            for more, share in ((0, 1 - rate), (1, rate)):
                if (job, errors + more) in tripping:
                    tripped += chance * share
                else:
                    ahead[errors + more] = ahead.get(errors + more, 0) + chance * share
        alive = {errors: chance for errors, chance in ahead.items() if chance > 1e-15}
        after.append(tripped)
    return after


TRIPS_AT_REPORTS = """
    select n, k from generate_series(1, %(jobs)s) n cross join lateral generate_series(0, least(n, 120)) k
    cross join rollout.guardrails() g cross join rollout.evidence_limits() l
    where g.guardrail = %(guardrail)s and rollout.crossed(k, n, 5, 10)
      and (not g.at_reports or rollout.evidence(k, n, 5) >= l.window_limit)
"""


@pytest.mark.parametrize(
    ("guardrail", "chances"),
    [
        ("rate", {1: 19.2, 2: 38.8, 3: 58.8, 4: 78.8, 5: 94.2}),
        ("manual", {1: 0.00, 2: 0.02, 3: 0.12, 4: 0.52, 5: 2.4}),
        ("evidence", {1: 0.00, 2: 0.02, 3: 0.12, 4: 0.52, 5: 2.4}),
    ],
)
def test_r8_how_often_a_healthy_day_of_a_thousand_jobs_is_rolled_back_by_a_report(rollout, guardrail, chances):
    with psycopg.connect(rollout.url) as connection:
        rows = connection.execute(TRIPS_AT_REPORTS, {"jobs": 1000, "guardrail": guardrail}).fetchall()
    for rate, expected in chances.items():
        found = 100 * chance_by_recursion(set(rows), 1000, rate / 100)[-1]
        assert found == pytest.approx(expected, abs=0.06), f"{rate} %"
        if rate < 5:
            shown = {day.error_rate: day.at_reports for day in rollout.client.guardrail(guardrail).healthy}
            assert shown[rate] == pytest.approx(found, abs=0.0002), "and guardrail() says the same"


def test_r8_how_soon_a_true_rate_of_thirty_percent_is_rolled_back_by_a_report(rollout):
    """Half of the streams by job 12, 79 % by job 20, 99 % by job 47.

    99 % by job 20 can't be had: two errors in 20 jobs would have to be enough, and at a true 5 %, which is to be left
    alone in 95 % of rollouts, 26 % of streams have those.
    """
    with psycopg.connect(rollout.url) as connection:
        rows = connection.execute(TRIPS_AT_REPORTS, {"jobs": 60, "guardrail": "manual"}).fetchall()
    after = chance_by_recursion(set(rows), 60, 0.3)
    assert after[11] >= 0.5 > after[10]
    assert after[19] == pytest.approx(0.789, abs=0.001)
    assert next(job for job, chance in enumerate(after, 1) if chance >= 0.99) == 47
    at_least_two = [1 - (1 - p) ** 20 - 20 * p * (1 - p) ** 19 for p in (0.3, 0.05)]
    assert at_least_two == pytest.approx([0.992, 0.264], abs=0.001)
    failing = {day.error_rate: day.median_job for day in rollout.client.guardrail("manual").failing}
    assert failing == {10: 156, 20: 25, 30: 12, 50: 10}


def test_r8_checks_on_the_bare_threshold_are_part_of_the_cost(rollout):
    manual, evidence = rollout.client.guardrail("manual"), rollout.client.guardrail("evidence")
    assert (manual.jobs_today, manual.jobs, manual.check_minutes) == (0, 1000, 15)
    for by_threshold, by_evidence in zip(manual.healthy, evidence.healthy, strict=True):
        assert by_threshold.at_reports == by_evidence.at_reports == by_evidence.with_checks
        assert by_threshold.with_checks > 10
