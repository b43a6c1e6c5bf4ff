"""R7: what reports add is folded into slots, kinds and rows by the way: nothing is lost, and nobody waits for it."""

from __future__ import annotations

import json
import random
import threading
import time
import uuid

import psycopg
import pytest

from rollout_console.migrate import apply

REPORT = "select record_rollout_job(%s, 'github_actions', %s)"
KILL_A_REPORTER = """
    with one as (
        select pid from pg_stat_activity
        where state = 'active' and query like 'select record_rollout_jobs%' and datname = current_database()
        order by random() limit 1
    )
    select count(*) filter (where pg_terminate_backend(pid))::integer from one
"""


def batch(amount: int, **more: object) -> str:
    return json.dumps([{"processor": "github_actions", **more}] * amount)


def named_jobs(amount: int, chance: random.Random) -> str:
    """A batch of jobs with ids, of which half fail."""
    return json.dumps([
        {"processor": "github_actions", "success": chance.random() < 0.5, "job_id": str(uuid.UUID(int=chance.getrandbits(128)))}
        for _ in range(amount)
    ])  # fmt: skip


DRAW = """
    do $$ declare seed integer := 0; begin
        loop
            perform setseed(seed / 10000.0);
            exit when (random() * 500 < 1) = %s;
            seed := seed + 1;
        end loop;
        perform setseed(seed / 10000.0);
    end $$
"""
FAILURES = {
    "report": "select record_rollout_job(null, 'inngest', false)",
    "batch": f"select record_rollout_jobs('{batch(1, success=False)}')",
    "row": "insert into rollout_metrics (rollout_config_id, processor_type, error_count, total_jobs)"
    " select id, 'inngest', 1, 1 from rollout_configuration",
}


@pytest.mark.asked
@pytest.mark.parametrize("kind_of_report", FAILURES)
@pytest.mark.parametrize("drawn", [True, False])
def test_r7_one_report_in_500_folds_all_of_whichever_kind(running, kind_of_report, drawn):
    running.report(good=1)
    running.sql(DRAW % drawn)
    running.sql(FAILURES[kind_of_report])
    left = running.value("select count(*) from rollout.job_deltas")
    assert left == (0 if drawn else 2)


@pytest.mark.asked
def test_r7_a_slot_is_the_sum_of_what_was_folded_into_it_with_the_last_leak_and_the_newest_skew(running):
    folded: tuple[int, ...] = (0,) * 7
    leaked, skewed = None, None
    for number, (amount, leak, skew) in enumerate(((1, 5, 7), (2, None, None), (4, 3, None), (8, None, 9)), 1):
        running.sql(
            "insert into rollout.job_deltas select id, '2026-01-02', 'inngest', true, %s, %s, %s, %s, %s, %s,"
            " '2026-01-02'::timestamptz + %s * interval '1 h', %s, %s from rollout_configuration",
            *(amount * n for n in range(1, 7)), leak, amount * 7, skew,
        )  # fmt: skip
        folded = tuple(sum_ + amount * n for n, sum_ in enumerate(folded, 1))
        leaked, skewed = max(leaked or 0, leak or 0), skew or skewed
        if number != 1:  # of the first two at once
            running.sql("select rollout.fold_deltas()")
            assert running.sql(
                "select jobs, errors, successes, timed_jobs, processing_seconds::integer, leaks, recorded,"
                " (extract(epoch from last_leak_at - slot_start) / 3600)::integer, clock_skew::integer"
                " from rollout.job_counts"
            ) == [(*folded, leaked, skewed)]  # fmt: skip


@pytest.mark.parametrize("kind", ["embedded"])
def test_r7_whoever_does_not_fold_alone_folds_errors_of_known_kinds_and_leaves_the_others(running):
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.client.disable_auto_rollback()
    running.report(bad=1, message="known")
    running.sql("select record_rollout_job(null, 'inngest', false, 1, 'fresh', 'another_feature')")
    running.sql("select rollout.fold_deltas()")
    for message in ("known", "fresh"):
        running.report(bad=1, message=message)
    with psycopg.connect(running.url) as folding:
        folding.execute("select pg_advisory_xact_lock(hashtextextended('rollout.fold_deltas kinds', 0))")
        running.sql("select rollout.fold_deltas()")
        assert running.sql("select kind from rollout.error_deltas") == [("fresh",)]
    running.sql("select rollout.fold_deltas()")
    assert running.sql("select kind from rollout.error_deltas") == []
    assert {kind.kind: kind.errors for kind in running.client.errors().kinds} == {"known": 2, "fresh": 1}


def test_r7_deltas_are_folded_by_the_way_and_nothing_is_lost(running, effort, tried):
    """Sessions that report and are killed, beside folds, retention, a migration, and one that is idle after it folded."""
    running.client.disable_auto_rollback()
    sent = [0] * 6
    over = threading.Event()

    def report(number: int) -> None:
        chance = random.Random(number)
        unanswered: str | None = None
        while not over.is_set() or unanswered:
            try:
                with psycopg.connect(running.url, autocommit=True) as session:
                    while not over.is_set() or unanswered:
                        unanswered = unanswered or named_jobs(20, chance)
                        session.execute("select record_rollout_jobs(%s)", [unanswered])
                        unanswered = None
                        sent[number] += 20
            except psycopg.OperationalError:
                pass  # killed: what was not answered is sent again, and its ids say whether it was counted

    threads = [threading.Thread(target=report, args=[n]) for n in range(6)]
    for thread in threads:
        thread.start()
    kills = 0
    try:
        for _ in range(effort(1, 10)):
            with psycopg.connect(running.url) as idle:
                idle.execute("select rollout.fold_deltas()")
                for _ in range(8):
                    time.sleep(0.25)
                    running.sql("select rollout.fold_deltas()")
                    kills += running.value(KILL_A_REPORTER)
                    running.sql("select rollout_remove_old()")
                idle.rollback()
            running.sql("delete from rollout.rules")
            apply(running.url)
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert kills > 0
    tried("reports sent by sessions that are killed", sum(sent))
    tried("kills of a session that reports", kills)
    for _ in range(2):
        assert running.value("select sum(jobs)::integer from rollout.counts") == sum(sent)
        assert running.value("select sum(total_jobs)::integer from rollout_metrics") == sum(sent)
        assert running.differences() == {}
        running.sql("select rollout.fold_deltas()")
        assert running.value("select count(*) from rollout.job_deltas") == 0


@pytest.mark.parametrize("isolation", ["repeatable read", "serializable"])
def test_r7_what_reports_under_a_kept_snapshot_have_added_is_folded_by_the_monitor(running, isolation):
    with psycopg.connect(running.url, autocommit=True) as session:
        session.execute(f"set default_transaction_isolation = '{isolation}'")
        for _ in range(5):
            session.execute("select record_rollout_job(null, 'github_actions', true)")
    unfolded = "select count(*) from rollout.job_deltas"
    assert running.value(unfolded) == 5
    running.client.remove_old()
    assert running.value(unfolded) == 0
    assert running.client.status().health.jobs == 5


def test_r8_the_newest_slots_are_as_many_however_little_of_them_is_folded(running):
    """Beyond the window, where they are read one by one."""
    running.sql(
        "update rollout_configuration set restarted_at = now() - interval '30 days', monitoring_window_hours = 1"
    )
    running.sql(
        "insert into rollout.job_counts (rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes,"
        " timed_jobs, processing_seconds, treated) select id, date_bin('5 min', now(), 'epoch') - n * interval '1 day',"
        " 'inngest', 1, 1, 0, 1, 0, 0, true from rollout_configuration, generate_series(1, 20) n"
    )
    running.sql(
        "insert into rollout.job_deltas (rollout_config_id, slot_start, processor_type, treated, jobs, errors, successes,"
        " timed_jobs, processing_seconds, leaks, recorded) select id, date_bin('5 min', now(), 'epoch') - interval '1 day',"
        " 'inngest', true, 1, 0, 1, 0, 0, 0, 1 from rollout_configuration, generate_series(1, 6000)"
    )
    slots = "select count(*)::integer, sum(s.jobs)::integer from rollout_configuration c, rollout.newest_slots(c) s"
    assert running.sql(slots) == [(20, 6020)]
