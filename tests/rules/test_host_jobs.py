"""R16: the host's table of jobs may be missing, altered, forbidden, another or great."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.errors import RolloutError
from rollout_console.migrate import apply, steps
from tests.support import servers
from tests.support.jobs import HOURS, MINUTES, add_jobs, states
from tests.support.rollouts import RolloutUnderTest, rollout_on
from tests.support.rows import one_row


def everything_works_without_jobs(rollout: RolloutUnderTest) -> None:
    assert rollout.sql("select * from rollout_host_jobs") == []
    found = rollout.client.jobs()
    assert (found.groups, found.jobs, found.warnings) == ([], [], [])
    assert rollout.client.jobs("stuck").jobs == []
    assert all(gate.open for gate in rollout.client.plan().gates if gate.name == "sight")
    assert rollout.client.check_health().action == "none"
    with pytest.raises(RolloutError, match=r"no table progressive_capture_jobs to follow; nothing was changed"):
        rollout.client.configure(follow_jobs=True)
    assert rollout.client.configure(follow_jobs=False, minimum_sample=20).changed


def test_r16_without_the_table_everything_works(fresh_database):
    url = fresh_database(migrated=False)
    with psycopg.connect(url) as connection:
        connection.execute(
            "create table repositories (id uuid primary key default gen_random_uuid(), github_id bigint unique not null,"
            " full_name text unique not null, owner text not null, name text not null, stargazers_count integer)"
        )
    apply(url)
    rollout = rollout_on(url)
    assert rollout.value("select to_regclass('progressive_capture_jobs')") is None
    everything_works_without_jobs(rollout)


def test_r16_the_host_drops_changes_and_creates_its_table_as_it_likes(fresh_database):
    rollout = rollout_on(fresh_database())
    add_jobs(rollout, 3)
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("alter table progressive_capture_jobs alter column error type varchar(99), drop column workflow_run_id")
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("create table elsewhere as table progressive_capture_jobs")
    rollout.sql("drop table progressive_capture_jobs")
    everything_works_without_jobs(rollout)
    rollout.sql("alter table elsewhere rename to progressive_capture_jobs")
    assert states(rollout, "inngest") == {"queued": 3}
    rollout.sql("alter table progressive_capture_jobs drop column metadata")
    assert rollout.client.jobs().groups == []


def test_r11_whoever_may_not_read_the_table_sees_no_jobs_and_no_error(fresh_database):
    rollout = rollout_on(fresh_database())
    add_jobs(rollout, 3)
    rollout.sql("revoke select on progressive_capture_jobs from anon")
    with psycopg.connect(rollout.url) as connection:
        connection.execute("set role anon")
        row = connection.execute("select rollout_jobs() -> 'groups', rollout_phases() -> 'gates'").fetchone()
    assert row is not None
    assert row[0] == []
    assert "sight" not in [gate["name"] for gate in row[1]], "a host without jobs, as far as anon can see"


def test_r16_another_host_redefines_the_function_alone(fresh_database):
    rollout = rollout_on(fresh_database())
    rollout.sql("""create or replace function rollout_host_jobs(
            on_processor text, in_status text, since timestamptz, max_rows integer)
        returns table (id text, repository_id uuid, processor text, status text, treated boolean, error text,
            created_at timestamptz, started_at timestamptz, completed_at timestamptz, job_type text)
        language sql stable as $$
            select '7', null::uuid, on_processor, in_status, true, null, now(), now(), now(), 'a type'
            where in_status = 'pending' and on_processor is not null $$""")
    rollout.sql("drop table progressive_capture_jobs")
    assert states(rollout, "inngest") == states(rollout, "github_actions") == {"queued": 1}


def test_r16_a_function_that_a_host_has_redefined_for_0_1_0_is_asked_on(fresh_database):
    rollout = rollout_on(fresh_database())
    rollout.sql("""drop view rollout_host_jobs; drop function rollout_host_jobs(text, text, timestamptz, integer);
        create function rollout_host_jobs(
            on_processor text, in_status text, since timestamptz, max_rows integer)
        returns table (id text, repository_id uuid, processor text, status text, treated boolean, error text,
            created_at timestamptz, started_at timestamptz, completed_at timestamptz)
        language sql stable as $$
            select '7', null::uuid, on_processor, in_status, true, null, now(), now(), now()
            where in_status = 'pending' and on_processor is not null $$""")
    (step,) = [step for step in steps() if step.name == "views_of_the_host"]
    for _ in range(2):
        rollout.sql(step.sql)
        assert states(rollout, "inngest") == {"queued": 1}


@pytest.mark.parametrize(("late", "capped"), [(4_999, False), (5_000, True)])
def test_r16_counts_are_capped_once_as_many_jobs_of_a_status_are_read(running, late, capped):
    add_jobs(running, 4_000, status="processing", processor="github_actions")
    add_jobs(running, 1_000, status="processing", processor="github_actions", started=24 * HOURS)
    add_jobs(running, late, status="processing", processor="github_actions", started=150 * MINUTES)
    (group,) = running.client.jobs().groups
    assert (group.running, group.late, group.stuck, group.capped) == (4_000, late, 1_000, capped)


@pytest.mark.parametrize(("others", "unnamed", "shown", "capped"), [
    (0, 999, 999, False), (0, 1_001, 1_000, True), (600, 399, 399, False), (600, 600, 400, True),
])  # fmt: skip
def test_r16_processors_that_nobody_has_named_are_looked_for_among_the_newest_thousand(
    running, others, unnamed, shown, capped
):
    add_jobs(running, unnamed, processor="a_lambda", queued=MINUTES)
    if others:
        add_jobs(running, others, processor="inngest")
    assert states(running, "a_lambda", "other") == {"queued": shown}
    of_unnamed = [group for group in running.client.jobs().groups if group.processor == "a_lambda"]
    assert [group.capped for group in of_unnamed] == [capped]


@pytest.mark.parametrize(("unnamed", "capped"), [(399, False), (400, True)])
def test_r16_among_the_newest_thousand_are_all_that_are_processing(running, unnamed, capped):
    for hours in (1, 2.5, 9):  # running, late and stuck
        add_jobs(running, 200, status="processing", processor="github_actions", queued=hours * HOURS)
    add_jobs(running, unnamed, status="processing", processor="a_lambda")
    found = {group.processor: group for group in running.client.jobs().groups}
    named = found["github_actions"]
    assert (named.running, named.late, named.stuck) == (200, 200, 200)
    assert (found["a_lambda"].running, found["a_lambda"].capped) == (unnamed, capped)


@pytest.mark.large
def test_r16_many_jobs_are_read_by_short_ranges_of_an_index(postgres15_url, effort):
    rollout = rollout_on(servers.create_database(postgres15_url, f"many_{uuid.uuid4().hex[:12]}"))
    rollout.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    rollout.sql(f"""insert into progressive_capture_jobs (
            job_type, processor_type, status, metadata, created_at, started_at, completed_at)
        select 'recent_prs', case when n % 2 = 0 then 'inngest' else 'github_actions' end,
               case when n % 97 = 0 then 'failed' when n % 101 = 0 then 'processing' else 'completed' end,
               '{{"rollout_applied": true}}', at, at, at + interval '30 seconds'
        from generate_series(1, {effort(200_000, 1_000_000)}) n cross join lateral (select now() - interval '8 seconds' * n) m (at)""")
    rollout.sql("vacuum analyze progressive_capture_jobs")
    source = rollout.value("select prosrc from pg_proc where proname = 'rollout_host_jobs'")
    query = source.partition("return query")[2].partition(";")[0]
    for n, name in enumerate(("on_processor", "in_status", "since", "max_rows"), 1):
        query = query.replace(name, f"${n}")
    counters = "select seq_scan, seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'progressive_capture_jobs'"
    with psycopg.connect(rollout.url, autocommit=True) as connection:
        connection.execute(f"prepare jobs (text, text, timestamptz, integer) as {query}")
        for mode in ("force_custom_plan", "force_generic_plan"):
            connection.execute(f"set plan_cache_mode = {mode}")
            for status in ("pending", "processing", "completed", "failed"):
                plan = connection.execute(
                    f"explain execute jobs ('inngest', '{status}', now() - interval '7 days', 10000)"
                ).fetchall()
                assert "Seq Scan" not in str(plan), plan
                assert "Index" in str(plan), plan
            connection.execute("select pg_stat_force_next_flush()")
            scans, rows = one_row(connection.execute(counters))
            for call in ("rollout_jobs()", "rollout_jobs('stuck')", "rollout_phases()"):
                connection.execute(f"select {call}")
            connection.execute("select pg_stat_force_next_flush()")
            scans_now, rows_now = one_row(connection.execute(counters))
            assert scans_now == scans
            assert 0 < rows_now - rows < 120_000
    inngest, actions = rollout.client.jobs().groups
    assert inngest.capped == actions.capped == (inngest.completed == 10_000)
    assert inngest.completed > 1_000


def test_r16_what_waits_and_how_long_jobs_took_is_of_each_state_alone(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    add_jobs(running, queued=2 * HOURS)
    add_jobs(running, status="processing", queued=5 * HOURS, started=MINUTES)
    add_jobs(running, status="completed", queued=HOURS, started=2 * MINUTES, ended=MINUTES)
    add_jobs(running, status="failed", queued=HOURS, started=30 * MINUTES, ended=MINUTES)
    add_jobs(running, status="completed", queued=50 * HOURS, started=50 * HOURS, ended=40 * HOURS)
    found = running.client.jobs()
    (group,) = found.groups
    assert 119 * MINUTES < found.server_time - group.oldest_queued_at < 121 * MINUTES
    assert (group.timed, group.p50_seconds, group.p95_seconds) == (1, 60, 60)
