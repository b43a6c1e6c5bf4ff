"""The stop's statement, beside what it can't do with less, and in the middle of many who report failures."""

from __future__ import annotations

import statistics

import psycopg

from benchmarks.crowd import FAILING, NEVER_IN_BREACH, reporting
from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, seconds

STOP = "select rollout_emergency_stop('measured')"
BARE = """
    with stopped as (
        update bare_configuration set emergency_stop = true, emergency_stop_reason = 'measured', updated_at = now()
        where is_active returning id, rollout_percentage
    )
    insert into bare_history (rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by)
    select s.id, 'emergency_stop', s.rollout_percentage, s.rollout_percentage, 'measured', 'manual' from stopped s
    returning rollout_config_id
"""
# The same row and indexes, without any trigger.
COPY = """
    create table bare_configuration (like rollout_configuration including all);
    create table bare_history (like rollout_history including all);
    insert into bare_configuration select * from rollout_configuration
"""


def run(ground: Ground, quick: bool) -> list[Row]:
    stops = 20 if quick else 200
    database = ground.database()
    database.fill(1_000, jobs=100_000)
    database.run("select rollout_categorize_batch(100000)", NEVER_IN_BREACH, *COPY.split(";"))
    rows = [_bare(database, stops), _beside_reporters(database, stops)]
    ground.drop(database)
    return rows


def _bare(database: Database, stops: int) -> Row:
    """In turn, each after what undoes it."""
    with psycopg.connect(database.url, autocommit=True) as operator:
        ours, theirs = [], []
        for _ in range(stops):
            ours.append(1000 * seconds(lambda: operator.execute(STOP)))
            operator.execute("select rollout_resume()")
            theirs.append(1000 * seconds(lambda: operator.execute(BARE)))
            operator.execute("update bare_configuration set emergency_stop = false")
    mine, bare = statistics.median(ours), statistics.median(theirs)
    return Row("emergencyStop, the statement", "a bare update and an insert", mine, bare, "ms", mine / bare, 3.0)


def _beside_reporters(database: Database, stops: int) -> Row:
    with psycopg.connect(database.url, autocommit=True) as operator:

        def times(statement: str, undo: str) -> list[float]:
            taken = []
            for _ in range(stops):
                taken.append(1000 * seconds(lambda: operator.execute(statement)))
                operator.execute(undo)
            return taken

        ours = (STOP, "select rollout_resume()")
        times(*ours)  # plans and caches are warm in a console that is open
        idle = statistics.median(times(*ours))
        with reporting(database, FAILING, clients=50):
            worst = max(times(*ours))
            bare = max(times(BARE, "update bare_configuration set emergency_stop = false"))
    return Row(f"emergencyStop, the slowest of {stops}, 50 clients report failures", "idle, median",
               worst, idle, "ms", worst / idle, 8.0,
               note=f"a bare update and an insert in the same crowd, the slowest: {bare:.0f} ms")  # fmt: skip
