"""Holds R8 beside the engines of other libraries, on the same streams, for docs/guardrails.md.

    pip install scipy==1.17.1 statsmodels==0.15.0 river==0.26.1
    python -m benchmarks.engines

These are no dependencies of the project. Each engine is asked after each failure (those that forget, after each job)
and is given the jobs since the start; ours sees its window of a day. Traffic is 1,000 jobs a day.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib.metadata import version

import numpy as np

from benchmarks.verdict import SAMPLE, SEED, THRESHOLD, Array, Stream, first_trip, stream

TRAFFIC, GOOD_JOBS = 1_000, 5_000
Engine = Callable[[Stream, int], int]  # the job at which a stream is reported first, from one on; 0 if it never is


def ours(jobs: Stream, after: int) -> int:
    return first_trip(jobs, after).evidence


def bound(lower: Callable[[Array, Array], Array]) -> Engine:
    """An engine that looks whether a lower bound of the error rate since the start is above the threshold."""

    def engine(jobs: Stream, after: int) -> int:
        n, k = jobs.failed + 1, np.arange(1, jobs.failed.size + 1)
        asked = (n >= SAMPLE) & (jobs.failed >= after)
        above = jobs.failed[asked][lower(k[asked], n[asked]) > THRESHOLD]
        return int(above[0] + 1) if above.size else 0

    return engine


def detector(name: str) -> Engine:
    """A detector of river, with its defaults."""
    from river import drift

    def engine(jobs: Stream, after: int) -> int:
        one = getattr(drift, name)()
        failed = np.zeros(jobs.slot.size, int)
        failed[jobs.failed] = 1
        for job, value in enumerate(failed):
            one.update(int(value))
            if one.drift_detected and job >= after:
                return job + 1
        return 0

    return engine


def engines() -> dict[str, Engine]:
    from scipy import stats
    from statsmodels.stats.proportion import proportion_confint

    def interval(method: str) -> Engine:
        return bound(lambda k, n: np.asarray(proportion_confint(k, n, 0.05, method)[0]))

    of_scipy, of_statsmodels, of_river = (f"{name} {version(name)}" for name in ("scipy", "statsmodels", "river"))
    return {
        "ours, `evidence`": ours,
        "bare rate above 5 %, at least 10 jobs": bound(lambda k, n: k / n),
        f"{of_statsmodels}, Wilson's lower bound, at least 10 jobs": interval("wilson"),
        f"{of_statsmodels}, Clopper-Pearson's, at least 10 jobs": interval("beta"),
        f"{of_scipy}, binomial test at each failure, 5 %": bound(
            lambda k, n: np.where(stats.binom.sf(k - 1, n, THRESHOLD) < 0.05, 1.0, 0.0)
        ),
        f"{of_river}, ADWIN": detector("ADWIN"),
        f"{of_river}, PageHinkley": detector("PageHinkley"),
    }


def median(engine: Engine, rate: int, good_jobs: int, streams: int) -> str:
    """After how many jobs at a rate half of the streams are reported, if they are within these streams."""
    found = []
    for number in range(streams):
        rng = np.random.default_rng((SEED, rate, good_jobs, number))
        jobs = stream(rng, TRAFFIC, [(good_jobs / TRAFFIC, 0.01), (2.0, rate / 100)])
        after = int(np.searchsorted(jobs.slot, good_jobs / TRAFFIC * 288))
        at = engine(jobs, after)
        found.append(at - after if at else np.inf)
    half = np.quantile(found, 0.5, method="inverted_cdf")
    return f"{half:.0f}" if np.isfinite(half) else "never"


def false_alarms(engine: Engine, streams: int) -> float:
    """Percent of days at a true 4 % that are reported."""
    days = (stream(np.random.default_rng((SEED, 4, n)), TRAFFIC, [(1.0, 0.04)]) for n in range(streams))
    return 100 * sum(engine(day, 0) > 0 for day in days) / streams


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.engines", description=__doc__)
    parser.add_argument("--streams", type=int, default=1_000, help="streams of each setting")
    streams = parser.parse_args().streams
    print("| engine | 4 % | from the start | after good jobs |\n| --- | ---: | ---: | ---: |")
    for name, engine in engines().items():
        start = " / ".join(median(engine, rate, 0, streams) for rate in (10, 20, 50))
        print(f"| {name} | {false_alarms(engine, streams):.1f} | {start} | {median(engine, 20, GOOD_JOBS, streams)} |")


if __name__ == "__main__":
    main()
