"""record_rollout_job with the breaker, eight clients, against a bare counter; with an empty and with a full window."""

from __future__ import annotations

from benchmarks.ground import Ground
from benchmarks.measure import Row, in_turn

REPORT = """\\set n random(1, 1000)
select record_rollout_job(
    md5('acme/repo-' || :n)::uuid, case when :n % 2 = 0 then 'inngest' else 'github_actions' end,
    random() > 0.01, 30, 'boom')
"""
COUNT = "insert into one_counter values (1, 1) on conflict (id) do update set jobs = one_counter.jobs + 1"


def run(ground: Ground, quick: bool) -> list[Row]:
    jobs, length, rounds = (100_000, 2, 3) if quick else (2_000_000, 8, 5)
    empty, full = ground.database(), ground.database()
    for database, done in ((empty, 0), (full, jobs)):
        database.fill(1_000, jobs=done)
        database.run(
            "select rollout_categorize_batch(100000)", "create table one_counter (id integer primary key, jobs bigint)"
        )
    ours, theirs = in_turn(lambda: full.pgbench(REPORT, length), lambda: full.pgbench(COUNT, length), rounds)
    after, before = in_turn(lambda: full.pgbench(REPORT, length), lambda: empty.pgbench(REPORT, length), rounds)
    ground.drop(empty, full)
    return [
        Row("record_rollout_job, breaker included", "a bare one-row counter", ours, theirs, "jobs/s",
            ours / theirs, 0.6, at_least=True, note="the counter's clients wait for one row, ours spread over several"),
        Row(f"the same with {jobs:,} jobs in the window", "an empty window", after, before, "jobs/s",
            after / before, 0.9, at_least=True, note="no fall, but for noise"),
    ]  # fmt: skip
