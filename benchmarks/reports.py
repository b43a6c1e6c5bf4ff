"""What an operator asks for, at a thousand repositories and at a million with ten million jobs."""

from __future__ import annotations

import statistics

import psycopg

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, seconds

CALLS = {
    "status": "select rollout_status()",
    "stats": "select rollout_stats()",
    "categories": "select rollout_categories()",
    "checkHealth": "select rollout_check_health()",
    "preview": "select rollout_preview(75)",
    "explain": "select rollout_explain('acme/repo-500')",
}
LIMIT = 50.0  # milliseconds in the database


def run(ground: Ground, quick: bool) -> list[Row]:
    repositories, jobs = (20_000, 100_000) if quick else (1_000_000, 10_000_000)
    small, large = ground.database(), ground.database()
    for database, amount, done in ((small, 1_000, 1_000), (large, repositories, jobs)):
        database.fill(amount, jobs=done)
        database.run(
            "insert into repository_categories (repository_id, category, star_count)"
            " select r.id, c.category, r.stargazers_count from repositories r"
            " cross join lateral rollout.category_of(r.stargazers_count, 1, 1) c",
            "vacuum analyze",
        )
    rows = []
    for name, query in CALLS.items():
        ours, theirs = _medians(large, small, query)
        rows.append(
            Row(
                f"{name}, {repositories:,} repositories and {jobs:,} jobs", "1,000 repositories",
                1000 * ours, 1000 * theirs, "ms", ours / theirs, 2.0,
            )
        )  # fmt: skip
    ground.drop(small, large)
    slowest = max(rows, key=lambda row: row.ours)
    return [
        *rows,
        Row(f"the slowest of the six ({slowest.what.split(',')[0]})", "50 ms in the database",
            slowest.ours, LIMIT, "ms", slowest.ours / LIMIT, 1.0),
    ]  # fmt: skip


def _medians(large: Database, small: Database, query: str, rounds: int = 21) -> tuple[float, float]:
    with psycopg.connect(large.url, autocommit=True) as a, psycopg.connect(small.url, autocommit=True) as b:
        for connection in (a, b):  # plans and caches are warm in a console that is open
            for _ in range(7):
                connection.execute(query, prepare=True).fetchone()
        pairs = [(seconds(lambda: a.execute(query)), seconds(lambda: b.execute(query))) for _ in range(rounds)]
    return statistics.median(p[0] for p in pairs), statistics.median(p[1] for p in pairs)
