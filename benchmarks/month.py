"""A month in which jobs are reported all the time: what the tables hold, and what a report takes, day by day.

The server's clock runs some thousand times as fast (libfaketime), so slots begin and end, reports come of age and are
removed, and vacuum does its work, as in thirty days. The jobs come as fast as the machine allows: some thousands a
day instead of the 86 million of 1,000 a second. Slots and rows of reports are about as many as there would be for a
thousand repositories; of jobs' ids and of updates of a row there are fewer.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg

from benchmarks.crowd import NEVER_IN_BREACH
from benchmarks.ground import Database, Ground
from benchmarks.jobs import REPORT
from benchmarks.measure import Row
from tests.support import servers

LIBRARY = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1")
DAYS, KEPT = 30, 5
WITH_ID = REPORT.replace("'boom')", "'boom', job_id => gen_random_uuid()::text)")
GROWING = "{rollout_metrics,rollout.reported_jobs,rollout.job_counts,rollout.error_kinds,rollout_history}"
SIZES = f"""
    select sum(pg_total_relation_size(t::regclass)) / 1e6, sum(s.n_live_tup), sum(s.n_dead_tup)
    from unnest('{GROWING}'::text[]) t join pg_stat_user_tables s on s.relid = t::regclass
"""
CHECK = "select rollout_check_health(), rollout_remove_old()"
# As autovacuum chooses; its own launcher gives up a worker that takes longer to start than a minute by its clock.
IN_NEED_OF_VACUUM = """
    select format('vacuum analyze %I.%I', s.schemaname, s.relname)
    from pg_stat_user_tables s
    where s.n_dead_tup > current_setting('autovacuum_vacuum_threshold')::integer
          + current_setting('autovacuum_vacuum_scale_factor')::float8 * s.n_live_tup
"""
# What waits by the clock: seconds of the server's are a blink here.
SETTINGS = {
    "autovacuum": "off",
    "checkpoint_timeout": "1d",
    "deadlock_timeout": "10min",
    "wal_writer_delay": "10s",
    "bgwriter_delay": "10s",
}


@dataclass(frozen=True)
class Day:
    """What one day of the server's left: megabytes on disk, rows, rows that wait for vacuum."""

    megabytes: float
    rows: int
    dead: int


def run(ground: Ground, quick: bool) -> list[Row]:
    if not LIBRARY.exists():
        print("month: not measured, because libfaketime is not installed (apt-get install faketime)", file=sys.stderr)
        return []
    length = 2 if quick else 12  # seconds of ours in a day of the server's
    clock = {"LD_PRELOAD": str(LIBRARY), "FAKETIME": f"+0 x{86400 // length}", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    with servers.cluster(settings=SETTINGS, environment=clock) as cluster:
        database = Ground(cluster.url).database()
        database.fill(1_000)
        database.run(
            "select rollout_categorize_batch(100000)",
            NEVER_IN_BREACH,
            f"update rollout_configuration set keep_days = {KEPT}",
        )
        _days(database, 1, length)
        early = _report(database, length)  # takes the second day
        days = _days(database, DAYS - 3, length)
        late = _report(database, length)
        jobs = database.value("select sum(jobs) from rollout.counts")
    return _rows(early, late, days, jobs)


def _rows(early: float, late: float, days: list[Day], jobs: int) -> list[Row]:
    """From the third day on."""
    full, last = days[KEPT], days[-1]  # the first day on which as much is removed as comes, and the end
    # Each table's rise and fall with its own vacuum.
    dead = [statistics.mean(day.dead for day in part) for part in (days[-10:], days[KEPT : KEPT + 10])]
    return [
        Row("a report at the end of a month by time", "after the first day", late, early, "ms",
            late / early, 2.0, note=f"{jobs:,} jobs of the {KEPT} days that are kept"),
        Row("what its tables take on disk on the last day", f"on day {KEPT + 3}, when the first rows have gone",
            last.megabytes, full.megabytes, "MB", last.megabytes / full.megabytes, 1.25, note=f"{last.rows:,} rows"),
        Row("rows that wait for vacuum, the last ten days", f"the ten days from day {KEPT + 3} on", dead[0], dead[1],
            "rows", dead[0] / dead[1], 1.25),
    ]  # fmt: skip


def _days(database: Database, amount: int, length: int) -> list[Day]:
    """Have eight clients report for some days, with all that a database has done beside it; look at each day's end."""
    with database.every(length / 24, _check_and_vacuum), database.every(length, _day) as days:
        database.pgbench(WITH_ID, amount * length)
    return days


def _report(database: Database, length: int) -> float:
    """Return the milliseconds of a report, undisturbed: a month of housekeeping in minutes is no measure of its own."""
    return 1000 * 8 / database.pgbench(WITH_ID, length)


def _check_and_vacuum(connection: psycopg.Connection) -> None:
    """As the monitor and autovacuum do, once an hour."""
    connection.execute(CHECK)
    for (statement,) in connection.execute(IN_NEED_OF_VACUUM).fetchall():
        connection.execute(statement)


def _day(connection: psycopg.Connection) -> Day:
    found = connection.execute(SIZES).fetchone()
    assert found is not None
    return Day(float(found[0]), int(found[1]), int(found[2]))
