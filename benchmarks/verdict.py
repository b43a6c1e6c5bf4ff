"""Simulates R8 job by job: how often a healthy rollout is rolled back, and how soon a failing one is.

    python -m benchmarks.verdict               # docs/guardrails.md: all figures, on two cores in a quarter of an hour
    python -m benchmarks.verdict --arms 2000   # early signs and shared outages
    python -m benchmarks.verdict --write       # and migrations/rules/00_figures/verdict.sql, which guardrail() shows

The rule is written here a second time, in numpy; tests/rules/test_verdict.py holds both against each other, job by job.
Jobs arrive as a Poisson process, in slots of five minutes. Every stream has a seed of its own, derived from SEED.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

SEED = 43
SLOTS = 288  # of a day, and those whose stretches are summed
RUN_LIMIT, SUM_LIMIT, COMPARED_LIMIT, EARLY_LIMIT = 20, 5760, 3, 100
ALTERNATIVES = np.array([1.7, 2.6, 4.7, 10, 28])
THRESHOLD, SAMPLE = 0.05, 10
CHECK = 3  # slots between two health checks
TRAFFIC = (10, 20, 50, 100, 300, 1_000, 3_000, 10_000)
HEALTHY, FAILING = (1, 2, 3, 4, 5), (10, 20, 30, 50)
GOOD_DAYS = 3
TARGET = Path(__file__).parents[1] / "migrations" / "rules" / "00_figures" / "verdict.sql"

Array = NDArray[Any]


class Rules(NamedTuple):
    """The job, counted from 1, at which each rule acts first; 0 if none does.

    `evidence`: reports under manual, evidence and compared. `rate`: reports under rate. `check`: a health check under
    manual every 15 minutes.
    """

    evidence: int
    rate: int
    check: int


@dataclass(frozen=True)
class Stream:
    """Jobs in their order.

    Attributes:
        slot: of each job.
        failed: the jobs that fail, by their places.
    """

    slot: Array
    failed: Array


def stream(rng: np.random.Generator, traffic: float, phases: Iterable[tuple[float, float]]) -> Stream:
    """Draw a stream.

    Args:
        rng: the source of chance.
        traffic: jobs a day.
        phases: days and true error rate, one after the other.
    """
    arrivals, failed = [], []
    for days, rate in phases:
        counts = rng.poisson(traffic / SLOTS, round(days * SLOTS))
        arrivals.append(counts)
        failed.append(rng.random(counts.sum()) < rate)
    counts = np.concatenate(arrivals)
    return Stream(np.repeat(np.arange(counts.size), counts), np.flatnonzero(np.concatenate(failed)))


def evidence(errors: Array, jobs: Array, threshold: Array | float = THRESHOLD) -> Array:
    """R8: the mixture of likelihood ratios."""
    with np.errstate(over="ignore"):
        logs = (errors * np.log(r) - jobs * np.log(1 - threshold + r * threshold) for r in ALTERNATIVES)
        return np.asarray(np.mean([np.exp(np.clip(log, -690, 690)) for log in logs], axis=0))


def summed(jobs: Stream, chosen: Array, sample: int = SAMPLE) -> Array:
    """The sum of the evidence over the stretches at each of these failures, by their numbers."""
    starts = np.flatnonzero(np.diff(jobs.slot, prepend=-1))  # the first job of each slot that holds any
    before = np.searchsorted(jobs.failed, starts)
    newest = np.searchsorted(starts, jobs.failed[chosen], side="right")  # slots up to the failure
    column = newest[:, None] - 1 - np.arange(SLOTS)
    held = column >= 0
    column = np.maximum(column, 0)
    n = jobs.failed[chosen][:, None] + 1 - starts[column]
    k = chosen[:, None] + 1 - before[column]
    row, at = np.nonzero(held & (n >= sample) & (k > THRESHOLD * n))
    return np.bincount(row, evidence(k[row, at].astype(float), n[row, at].astype(float)), chosen.size)


def promising(jobs: Stream) -> Array:
    """The failures, by their numbers, at which the sum may reach its limit: no stretch is above the strongest."""
    starts = np.flatnonzero(np.diff(jobs.slot, prepend=-1))
    before = np.searchsorted(jobs.failed, starts)
    newest = np.searchsorted(starts, jobs.failed, side="right") - 1
    strongest = np.zeros(jobs.failed.size)
    for r in ALTERNATIVES:
        tolerated = np.log(1 - THRESHOLD + r * THRESHOLD)
        lowest = np.minimum.accumulate(before * np.log(r) - starts * tolerated)
        logs = np.arange(1, jobs.failed.size + 1) * np.log(r) - (jobs.failed + 1) * tolerated - lowest[newest]
        strongest += np.exp(np.minimum(logs, 690)) / len(ALTERNATIVES)
    return np.flatnonzero(SLOTS * strongest >= SUM_LIMIT)


def first_trip(jobs: Stream, after: int = 0) -> Rules:
    """Where each rule acts first, of the jobs from `after` on; the run begins with the first job."""
    total = np.arange(1, jobs.slot.size + 1)
    errors = np.zeros(jobs.slot.size + 1, int)
    errors[jobs.failed + 1] = 1
    errors = errors.cumsum()
    window = np.searchsorted(jobs.slot, jobs.slot - SLOTS + 1)  # the first job of the window
    n, k = total - window, errors[1:] - errors[window]
    crossed = (n >= SAMPLE) & (k > THRESHOLD * n)
    crossed[:after] = False
    checks = np.flatnonzero(crossed & (np.diff(jobs.slot // CHECK, append=jobs.slot[-1:] // CHECK + 1) > 0))

    numbers = np.arange(jobs.failed.size)
    run = evidence(numbers + 1.0, jobs.failed + 1.0) >= RUN_LIMIT
    tripping = run & (jobs.failed + 1 >= SAMPLE) & (k > THRESHOLD * n)[jobs.failed] & (jobs.failed >= after)
    by_run = jobs.failed[tripping][:1] + 1
    by_sum = np.zeros(0, int)
    candidates = promising(jobs)
    at = jobs.failed[candidates]
    candidates = candidates[(at >= after) & (at < (by_run[0] if by_run.size else jobs.slot.size))]
    for part in np.array_split(candidates, max(1, candidates.size // 400)):
        reached = part[summed(jobs, part) >= SUM_LIMIT]
        if reached.size:
            by_sum = jobs.failed[reached[:1]] + 1
            break
    report = min((*by_run, *by_sum), default=0)
    reported = [report] if report else []  # the sum over stretches counts under each of them
    rate = min((*(np.flatnonzero(crossed)[:1] + 1), *reported), default=0)
    check = min((*(checks[:1] + 1), *reported), default=0)
    return Rules(int(report), int(rate), int(check))


def chances(task: tuple[int, int, float, int]) -> tuple[Array, Array]:
    """Percent of streams rolled back, in the order of Rules: within the first day, and within all of these days."""
    traffic, rate, days, streams = task
    day, month = np.zeros(3), np.zeros(3)
    for number in range(streams):
        rng = np.random.default_rng((SEED, traffic, rate, round(days), number))
        jobs = stream(rng, traffic, [(days, rate / 100)])
        if not jobs.slot.size:
            continue
        acted = np.array(first_trip(jobs))
        month += acted > 0
        day += (acted > 0) & (jobs.slot[acted - 1] < SLOTS)
    return 100 * day / streams, 100 * month / streams


def delays(task: tuple[int, int, int, int]) -> tuple[Array, Array]:
    """Jobs until half, and until 95 of 100 streams are rolled back by a report, under evidence and rate."""
    traffic, rate, good_days, streams = task
    days = max(2.0, 60_000 / rate**1.5 / traffic)
    found = []
    for number in range(streams):
        rng = np.random.default_rng((SEED, traffic, rate, good_days, number))
        jobs = stream(rng, traffic, [(good_days, 0.01), (days, rate / 100)])
        after = int(np.searchsorted(jobs.slot, good_days * SLOTS))
        acted = first_trip(jobs, after)
        found.append([at - after if at else np.inf for at in acted[:2]])
    return (np.quantile(found, 0.5, axis=0, method="inverted_cdf"),
            np.quantile(found, 0.95, axis=0, method="inverted_cdf"))  # fmt: skip


def early_signs(task: tuple[int, float, int, int, int]) -> tuple[float, float, float]:
    """Percent of first days with an early sign, and after how many jobs of the treatment half and 95 of 100 have one.

    The task: jobs of the treatment a day, its share of all jobs, the true rates of both arms in percent, days.
    """
    traffic, share, rate, control_rate, days = task
    found = []
    for number in range(days):
        rng = np.random.default_rng((SEED, traffic, round(100 * share), rate, control_rate, number))
        treated = rng.random(rng.poisson(traffic / share)) < share
        failed = rng.random(treated.size) < np.where(treated, rate, control_rate) / 100
        jobs, all_jobs = treated.cumsum(), np.arange(1, treated.size + 1)
        errors, all_errors = (treated & failed).cumsum(), failed.cumsum()
        looked = np.flatnonzero(treated & failed & (jobs < all_jobs))
        weight = evidence(errors[looked], all_errors[looked], jobs[looked] / all_jobs[looked])
        signs = looked[weight >= EARLY_LIMIT]
        found.append(float(jobs[signs[0]]) if signs.size else np.inf)
    half, most = np.quantile(found, (0.5, 0.95), method="inverted_cdf")
    return 100 * float(np.isfinite(found).mean()), float(half), float(most)


def shared_outages(task: tuple[int, float, int]) -> tuple[float, float]:
    """Percent of days, at 1 %, on which five minutes of failures in both arms roll back: under evidence, and compared.

    The task: jobs of the treatment a day, its share of all jobs, days.
    """
    traffic, share, days = task
    rolled_back = np.zeros(2)
    for number in range(days):
        rng = np.random.default_rng((SEED, traffic, round(100 * share), number))
        arms = [stream(rng, t, [(0.5, 0.01), (1 / SLOTS, 1.0), (0.25, 0.01)])
                for t in (traffic, traffic * (1 / share - 1))]  # fmt: skip
        ours, control = arms
        numbers = np.arange(ours.failed.size)
        run = evidence(numbers + 1.0, ours.failed + 1.0) >= RUN_LIMIT
        breach = ((summed(ours, numbers) >= SUM_LIMIT) | run) & (ours.failed + 1 >= SAMPLE)
        rolled_back[0] += breach.any()
        rolled_back[1] += any(_stands_out(ours, control, number) for number in numbers[breach])
    return tuple(100 * rolled_back / days)


def _stands_out(ours: Stream, control: Stream, number: int) -> bool:
    """Whether the strongest stretch at a failure holds against the control's jobs of the same slots so far."""
    job = ours.failed[number]
    starts = np.flatnonzero(np.diff(ours.slot[: job + 1], prepend=-1))[-SLOTS:]
    n = job + 1 - starts
    k = number + 1 - np.searchsorted(ours.failed, starts)
    strongest = np.argmax(np.where((n >= SAMPLE) & (k > THRESHOLD * n), evidence(k, n), -1))
    begin, end = ours.slot[starts[strongest]], ours.slot[job]
    first, last = np.searchsorted(ours.slot, (end, end + 1))
    passed = (job + 1 - first) / (last - first + 1)  # of the slot that has not ended
    lower, upper = np.searchsorted(control.slot, (end, end + 1))
    within = np.searchsorted(control.slot, begin), lower + round(passed * (upper - lower))
    jobs = within[1] - within[0]
    errors = np.searchsorted(control.failed, within[1]) - np.searchsorted(control.failed, within[0])
    share = n[strongest] / (n[strongest] + jobs)
    return bool(jobs == 0 or evidence(k[strongest], k[strongest] + errors, share) >= COMPARED_LIMIT)


def both_arms(days: int) -> None:
    """Print what an early sign costs and sees, and what a shared outage leads to."""
    for share, rate in itertools.product((0.1, 0.5), (1, 3)):
        print(
            f"early sign, share {share:.0%}, both at {rate} %: {early_signs((1000, share, rate, rate, days))[0]:.2f} %"
        )
    for share, rate in itertools.product((0.1, 0.5), (5, 10, 20, 50)):
        _, half, most = early_signs((1000, share, rate, 1, days // 4))
        print(f"early sign, share {share:.0%}, {rate} % against 1 %: after {half:.0f} jobs, 95 of 100 after {most:.0f}")
    for share, traffic in itertools.product((0.1, 0.5), (100, 1_000, 10_000)):
        found = shared_outages((traffic, share, days // 5))
        print(f"shared outage, share {share:.0%}, {traffic} jobs a day: {found[0]:.1f} %, compared {found[1]:.1f} %")


def measure(streams: int, days: int) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Return the rows of both tables.

    Args:
        streams: months, and failing rollouts, of each setting.
        days: first days of each setting.
    """
    healthy = list(itertools.product(TRAFFIC, HEALTHY))
    failing = list(itertools.product(TRAFFIC, FAILING))
    with multiprocessing.Pool() as pool:
        months = pool.map(chances, [(t, r, 30.0, streams if t < 10_000 else streams // 2) for t, r in healthy], 1)
        firsts = pool.map(chances, [(t, r, 1.0, days) for t, r in healthy], 1)
        start = pool.map(delays, [(t, r, 0, streams) for t, r in failing], 1)
        later = pool.map(delays, [(t, r, GOOD_DAYS, streams // 2) for t, r in failing], 1)
    return (
        [(t, r, *(round(c, 2) for c in (*first[0], *np.maximum(first[0], month[1]))))
         for (t, r), first, month in zip(healthy, firsts, months, strict=True)],
        [(t, r, *(int(n) if np.isfinite(n) else None for n in (s[0][p], s[1][p], a[0][p], a[1][p])), rule)
         for p, rule in enumerate(("evidence", "rate"))
         for (t, r), s, a in zip(failing, start, later, strict=True)],
    )  # fmt: skip


def sql(healthy: list[tuple[object, ...]], failing: list[tuple[object, ...]], streams: int, days: int) -> str:
    """Return the file of rules with both tables."""

    def rows(table: list[tuple[object, ...]]) -> str:
        def value(v: object) -> str:
            return "null" if v is None else f"'{v}'" if isinstance(v, str) else f"{v}"

        return ",\n           ".join(f"({', '.join(map(value, row))})" for row in table)

    return f"""-- R8: what a guardrail costs, simulated: made by `python -m benchmarks.verdict --write`, not by hand.

create or replace function rollout.simulated_costs()
returns table (
    jobs_a_day integer, error_rate numeric, day_evidence numeric, day_rate numeric, day_check numeric,
    month_evidence numeric, month_rate numeric, month_check numeric
)
language sql immutable parallel safe
as $$
    values {rows(healthy)}
$$;
comment on function rollout.simulated_costs() is
    'R8: percent of rollouts that are rolled back on their first day and within 30 days, at a threshold of 5 % and at '
    'least 10 jobs: by reports on evidence, by reports on the rate, and by health checks on the rate every 15 minutes '
    'as well. {days:,} days and {streams:,} months of each (half as many at 10,000 jobs a day), seed {SEED}.';

create or replace function rollout.simulated_delays()
returns table (
    jobs_a_day integer, error_rate numeric, median integer, slow integer, median_after integer, slow_after integer,
    rule text
)
language sql immutable parallel safe
as $$
    values {rows(failing)}
$$;
comment on function rollout.simulated_delays() is
    'R8: the job by whose report half, and 95 of 100 failing rollouts are rolled back, at a threshold of 5 % and at '
    'least 10 jobs: from the start, and after {GOOD_DAYS} days at 1 %. {streams:,} rollouts of each (half as many '
    'after good days), seed {SEED}; null is more than were simulated.';
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verdict", description=__doc__)
    parser.add_argument("--write", action="store_true", help="write the tables that guardrail() shows")
    parser.add_argument("--streams", type=int, default=2_000, help="months of each setting")
    parser.add_argument("--days", type=int, default=20_000, help="first days of each setting")
    parser.add_argument("--arms", type=int, metavar="DAYS", help="both arms alone, over so many days")
    chosen = parser.parse_args()
    if chosen.arms:
        both_arms(chosen.arms)
        return
    healthy, failing = measure(chosen.streams, chosen.days)
    text = sql(healthy, failing, chosen.streams, chosen.days)
    print(text)
    if chosen.write:
        TARGET.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
