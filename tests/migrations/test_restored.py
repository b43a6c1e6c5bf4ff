"""R11: what a restore, a grant or a statement by hand has changed is named by `verify`, and mended by `migrate`."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply, pending
from tests.support import hosted, release, servers
from tests.support.rollouts import rollout_on
from tests.support.terminal import console_environment
from tests.support.within import run_within

# What somebody did, and how it is told.
ALTERED = {
    "alter table rollout_history disable trigger rollout_history_stamp":
        "trigger rollout_history_stamp on public.rollout_history: is disabled",
    "alter table rollout_metrics disable trigger user":
        "trigger rollout_metrics_prepare on public.rollout_metrics: is disabled",
    "drop trigger rollout_configuration_changed on rollout_configuration":
        "trigger rollout_configuration_changed on public.rollout_configuration is missing",
    "alter trigger rollout_metrics_counted on rollout_metrics rename to counted":
        "trigger counted on public.rollout_metrics was added",
    "drop function rollout_stats(text)": "function public.rollout_stats(text) is missing",
    "create or replace function rollout_features() returns jsonb"
    " stable language sql set search_path = pg_catalog as 'select null::jsonb'":
        "function public.rollout_features(): definition has changed",
    "grant execute on function rollout_emergency_stop to anon":
        "function public.rollout_emergency_stop(text,text,jsonb): anon may execute now",
    "revoke execute on function rollout_check_health from service_role":
        "function public.rollout_check_health(text,jsonb): service_role may execute no longer",
    "grant truncate on rollout.job_counts to anon": "table rollout.job_counts: anon may truncate now",
    "alter table rollout.buckets disable row level security": "table rollout.buckets: row-level security is off",
}  # fmt: skip


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)


@pytest.fixture
def migrated(postgres15_url):
    """A rollout in use."""
    url = servers.create_database(postgres15_url, f"used_{uuid.uuid4().hex[:12]}")
    RolloutClient(PostgresAdapter(url)).create()
    rollout = rollout_on(url)
    rollout.report(good=8, bad=2)
    return rollout


def test_r11_what_was_altered_is_named_and_mended(migrated, tmp_path):
    url = migrated.url
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
    verified = run_within(env, "verify")
    assert (verified.returncode, verified.stderr) == (0, ""), verified.stdout
    for statement in ALTERED:
        execute(url, statement)
    assert set(ALTERED.values()) <= set(pending(url).differences)
    assert set(ALTERED.values()) <= set(apply(url).mended)
    assert pending(url) == ([], [])
    execute(url, "drop function rollout.differences(jsonb)")  # which itself finds them
    assert apply(url).mended == ["function rollout.differences(jsonb) is missing"]
    execute(url, "grant truncate on rollout_history to anon; drop function rollout_stats(text)")
    verified = run_within(env, "verify")
    assert verified.returncode == 1
    assert "function public.rollout_stats(text) is missing" in verified.stdout
    assert "to mend them, type: rollout-console migrate" in verified.stdout
    mended = run_within(env, "migrate").stdout
    assert "mended  function public.rollout_stats(text) is missing" in mended
    assert "kept    table public.rollout_history: anon may truncate now" in mended, "the host's to say"
    assert run_within(env, "verify").returncode == 0


def test_r11_a_restore_into_a_project_with_open_default_privileges_is_named_and_closed(migrated, postgres15_url):
    dump = release.dumped(migrated.url)
    name = f"restored_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(postgres15_url, name, migrated=False, template=hosted.TEMPLATE_BEFORE)
    execute(url, dump)
    told = (
        "function public.rollout_emergency_stop(text,text,jsonb): anon may execute now, authenticated may execute now"
    )
    assert told in pending(url).differences
    mended = apply(url)
    assert told in mended.mended
    assert [line for line in mended.kept if not line.startswith("table public.r")] == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        execute(url, "set role anon; select rollout_emergency_stop('no')")
    assert RolloutClient(PostgresAdapter(url)).status().health.jobs == 10


WITHOUT_RECORDS = ("--data-only", "--exclude-table=rollout.migrations", "--exclude-table=rollout.rules")
REPORTS = ("repositories", "rollout_configuration", "rollout_metrics", "rollout.job_counts", "rollout.job_deltas")


def test_r11_a_policy_that_somebody_has_added_to_a_table_of_ours_is_named_and_stops_no_migration(migrated):
    execute(migrated.url, "create policy dashboards on rollout.job_counts for select using (true)")
    added = "table rollout.job_counts: policies have changed"
    assert apply(migrated.url).kept == [added]
    assert pending(migrated.url) == ([], [])


def test_rows_alone_move_past_the_triggers_as_the_page_says(migrated, postgres15_url):
    url = servers.create_database(postgres15_url, f"moved_{uuid.uuid4().hex[:12]}")
    execute(url, "set session_replication_role = replica;" + release.dumped(migrated.url, *WITHOUT_RECORDS))
    client = RolloutClient(PostgresAdapter(url))
    assert client.status().health.jobs == 10
    assert [check.name for check in client.verify().checks if check.differences] == []


def test_r7_reports_that_were_counted_twice_are_counted_anew_each_in_its_time(migrated, postgres15_url):
    url = servers.create_database(postgres15_url, f"doubled_{uuid.uuid4().hex[:12]}")
    execute(url, release.dumped(migrated.url, "--data-only", *(f"--table={name}" for name in REPORTS)))
    client = RolloutClient(PostgresAdapter(url))
    assert client.status().health.jobs == 20
    (remedy,) = [
        check.remedy for check in client.verify().checks if check.name.startswith("jobs") and check.differences
    ]
    execute(url, remedy)
    health = client.status().health
    assert (health.jobs, health.error_rate) == (10, 20), "in the window, too"
    assert not any(check.differences for check in client.verify().checks if check.name.startswith("jobs"))


def test_r10_a_status_warns_when_changes_leave_no_history(migrated):
    execute(migrated.url, "alter table rollout_configuration disable trigger user")
    assert "changes leave no history" in migrated.client.status().warnings[-1].message
    apply(migrated.url)
    assert not any("no history" in warning.message for warning in migrated.client.status().warnings)


def test_r11_who_ends_sessions_is_asked_for_whatever_was_granted(migrated):
    execute(
        migrated.url, "grant usage on schema rollout to anon; grant execute on all functions in schema rollout to anon"
    )
    for statement in ("select rollout.end_blockers('x')", "select rollout.blockers('x')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="anon may not see the sessions of others"):
            execute(migrated.url, f"set role anon; {statement}")
        execute(migrated.url, f"set role service_role; {statement}")
