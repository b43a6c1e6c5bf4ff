"""The server's time for each command: beside an earlier commit's, or beside the bare statements that it stands for."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg

from benchmarks.earlier import COMMIT, earlier
from benchmarks.ground import Ground
from benchmarks.measure import Row, seconds
from benchmarks.stop import COPY

WARM_UP = 10  # plans and caches are warm in a console that is open
REPOSITORIES, REPORTED = 1_000, 2_000
# As many as were reported, on the host's own table; a few wait, run, or have failed.
HOST_JOBS = """
    insert into progressive_capture_jobs (
        job_type, repository_id, processor_type, status, metadata, error, created_at, started_at, completed_at)
    select 'recent_prs', md5('acme/repo-' || (n % 1000 + 1))::uuid,
           case n % 2 when 0 then 'inngest' else 'github_actions' end,
           case when n <= 20 then 'pending' when n <= 40 then 'processing' when n % 50 = 0 then 'failed'
                else 'completed' end,
           '{"rollout_applied": true}', case when n > 40 and n % 50 = 0 then 'boom' end, t.at,
           case when n > 20 then t.at + interval '5 seconds' end, case when n > 40 then t.at + interval '35 seconds' end
    from generate_series(1, 2000) n
    cross join lateral (select now() - n * interval '40 seconds' as at) t
"""
# Each command that reads, and what its time should be at most, beside that of the earlier commit.
READS = {
    "rollout_check_health()": 0.3, "rollout_status()": 0.4, "rollout_overview()": 0.2, "rollout_plan()": 0.3,
    "rollout_phases()": 0.3, "rollout_stats()": 1.0, "rollout_show_metrics()": 1.0, "rollout_categories()": 1.0,
    "rollout_jobs()": 1.0, "rollout_errors()": 1.0, "rollout_list_history()": 1.0, "rollout_timeline()": 1.0,
    "rollout_error_trend()": 1.0, "rollout_features()": 1.0,
    "rollout_preview(50)": 1.0,
}  # fmt: skip
# A change, what undoes it unmeasured, and the bare statements of the same effect; half of the changes raise.
BARE = """
    with changed as (
        update bare_configuration set {change}, updated_at = now() where is_active
        returning id, rollout_percentage
    )
    insert into bare_history (rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by)
    select c.id, 'updated', c.rollout_percentage, c.rollout_percentage, 'measured', 'manual' from changed c
    returning rollout_config_id
"""
CHANGES = {
    "rollout_set_percentage, up": (
        "rollout_set_percentage(45)", "rollout_set_percentage(40)", "rollout_percentage = 45"),
    "rollout_set_percentage, down": (
        "rollout_set_percentage(35)", "rollout_set_percentage(40)", "rollout_percentage = 35"),
    "rollout_emergency_stop": ("rollout_emergency_stop('measured')", "rollout_resume()", "emergency_stop = true"),
    "rollout_rollback to 0 %": ("rollout_rollback(0)", "rollout_set_percentage(40)", "rollout_percentage = 0"),
}  # fmt: skip
UNDONE = "update bare_configuration set emergency_stop = false, rollout_percentage = 40"


def run(ground: Ground, quick: bool) -> list[Row]:
    rounds = 10 if quick else 50
    present = ground.database()
    with earlier() as before, ExitStack() as open_sessions:
        for database in (present, before):
            database.fill(REPOSITORIES, jobs=REPORTED)
            database.run("select rollout_categorize_batch(100000)", HOST_JOBS, *COPY.split(";"), "vacuum analyze")
        ours, theirs = (
            open_sessions.enter_context(psycopg.connect(database.url, autocommit=True))
            for database in (present, before)
        )
        rows = [*_reads(ours, theirs, rounds), *_changes(ours, rounds)]
    ground.drop(present)
    return rows


def _reads(ours: psycopg.Connection, theirs: psycopg.Connection, rounds: int) -> Iterator[Row]:
    for call, goal in READS.items():
        mine, other = _medians([_asked(ours, f"select {call}"), _asked(theirs, f"select {call}")], rounds)
        yield Row(call.split("(")[0], f"at {COMMIT}", mine, other, "ms", mine / other, goal)


def _changes(session: psycopg.Connection, rounds: int) -> Iterator[Row]:
    for what, (change, undo, bare) in CHANGES.items():
        mine, other = _medians(
            [
                _asked(session, f"select {change}", f"select {undo}"),
                _asked(session, BARE.format(change=bare), UNDONE),
            ],
            rounds,
        )
        yield Row(what, "a bare update and an insert", mine, other, "ms", mine / other, 3.0)


def _asked(session: psycopg.Connection, statement: str, after: str | None = None) -> Callable[[], float]:
    """Return what runs a statement and says how many milliseconds it took; what undoes it is not measured."""

    def run_it() -> float:
        taken = 1000 * seconds(lambda: session.execute(statement, prepare=True).fetchall())
        if after:
            session.execute(after)
        return taken

    return run_it


def _medians(actions: list[Callable[[], float]], rounds: int) -> list[float]:
    """Let each measure itself in turn, warm, and return the medians."""
    for action in actions * WARM_UP:
        action()
    return [statistics.median(taken) for taken in zip(*([a() for a in actions] for _ in range(rounds)), strict=True)]
