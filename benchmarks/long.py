"""What grows with the years: ten thousand entries of the whitelist, a million rows of history."""

from __future__ import annotations

import statistics

import psycopg

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, seconds

CALLS = {
    "status": "select rollout_status()",
    "history(20)": "select rollout_list_history('hybrid_progressive_capture', 20)",
    "the decision": "select is_repository_eligible_for_rollout(md5('acme/repo-500')::uuid)",
}
HISTORY = """
    insert into rollout_history (
        rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata, created_at)
    select c.id, 'updated', n % 50, n % 50 + 1, 'long ago', 'manual',
           '{{"command": "setRollout", "details": {{}}, "before": {{"rollout_percentage": 1}},
              "after": {{"rollout_percentage": 2}}}}',
           now() - make_interval(secs => {amount} - n)
    from rollout_configuration c, generate_series(1, {amount}) n
"""


def run(ground: Ground, quick: bool) -> list[Row]:
    entries, changes = (1_000, 20_000) if quick else (10_000, 1_000_000)
    short, long = ground.database(), ground.database()
    for database, amount in ((short, 3), (long, entries)):
        database.fill(entries + 1_000)
        database.run(
            "select rollout_categorize_batch(100000)",
            "update rollout_configuration set target_repositories = array("
            f"select md5('acme/repo-' || n)::uuid::text from generate_series(1, {amount}) n)",
            *(f"select rollout_set_percentage({n})" for n in range(20)),
            "vacuum analyze",
        )
    rows = _compare(long, short, f"{entries:,} whitelist entries", "3 entries")
    ground.drop(long)
    old = ground.database(short)
    old.run(HISTORY.format(amount=changes), "vacuum analyze")
    rows += _compare(old, short, f"{changes:,} rows of history", "20 rows")
    ground.drop(short, old)
    return rows


def _compare(ours: Database, theirs: Database, what: str, against: str, rounds: int = 31) -> list[Row]:
    rows = []
    with psycopg.connect(ours.url, autocommit=True) as a, psycopg.connect(theirs.url, autocommit=True) as b:
        for name, query in CALLS.items():
            for connection in (a, b):  # plans and caches are warm in a console that is open
                for _ in range(7):
                    connection.execute(query, prepare=True).fetchone()
            pairs = [(_milliseconds(a, query), _milliseconds(b, query)) for _ in range(rounds)]
            mine, other = (statistics.median(p[side] for p in pairs) for side in (0, 1))
            rows.append(Row(f"{name}, {what}", against, mine, other, "ms", mine / other, 2.0))
    return rows


def _milliseconds(session: psycopg.Connection, query: str) -> float:
    return 1000 * seconds(lambda: session.execute(query))
