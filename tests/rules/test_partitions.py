"""The steps of docs/performance.md: reports in a partition for each day, with everything as it was."""

from __future__ import annotations

import datetime
import re
from pathlib import Path

import psycopg
import pytest

from rollout_console.migrate import apply
from tests.support.rollouts import rollout_on

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
STEPS = re.findall(r"```sql\n(.*?)```", PAGE.read_text(), re.DOTALL)
MOVE, KEEP_AHEAD, DROP = STEPS
APPLICATION_QUEUES = """
    insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs)
    select c.id, r.id, 'inngest', 1, 0, 1 from rollout_configuration c, repositories r
    where r.full_name = 'acme/repo-1'
"""
RIGHTS = """
    select relrowsecurity, array(select a::text from unnest(relacl) a order by 1), array(
        select (polname, polcmd, pg_get_expr(polqual, polrelid), polroles)::text from pg_policy where polrelid = c.oid)
    from pg_class c where oid = 'rollout_metrics'::regclass
"""
TRIGGERS = "select tgname from pg_trigger where tgrelid = 'rollout_metrics'::regclass and not tgisinternal order by 1"
INDEXES = """
    select replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON ') from pg_index
    where indrelid = 'rollout_metrics'::regclass and not indisprimary order by 1
"""


@pytest.fixture
def before(fresh_database):
    """A rollout with reports of ours and of the application, not partitioned."""
    rollout = rollout_on(fresh_database())
    rollout.report(good=3, bad=1)
    rollout.sql(APPLICATION_QUEUES)
    return rollout


@pytest.fixture
def partitioned(before):
    before.sql(MOVE)
    return before


def tomorrow() -> str:
    return f"{datetime.datetime.now(datetime.UTC).date() + datetime.timedelta(days=1):rollout_metrics_%Y_%m_%d}"


def report_of_tomorrow(rollout, created: str = "now()", repository: str = "acme/repo-1") -> None:
    rollout.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, treated, recorded_window,"
        f" success_count, error_count, total_jobs, created_at) select id, %s, 'inngest', false,"
        f" date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '1 day', 1, 0, 1, {created}"
        " from rollout_configuration",
        rollout.repository_id(repository),
    )


def test_rights_triggers_and_indexes_are_those_of_the_table_before(before):
    rights = [before.sql(query) for query in (RIGHTS, TRIGGERS, INDEXES)]
    before.sql(MOVE)
    assert [before.sql(query) for query in (RIGHTS, TRIGGERS, INDEXES)] == rights


def test_r7_reports_count_as_before_and_each_day_has_its_partition(partitioned):
    assert partitioned.differences() == {}
    partitioned.report(good=2, bad=1)
    partitioned.sql(APPLICATION_QUEUES)
    report_of_tomorrow(partitioned)
    assert partitioned.sql(f"select count(*) from {tomorrow()}") == [(1,)]
    assert partitioned.value("select sum(total_jobs) from rollout_metrics") == 10
    assert partitioned.differences() == {}


def test_r8_the_breaker_trips_at_the_crossing_report(partitioned):
    partitioned.report(bad=20)
    status = partitioned.client.status()
    assert (status.percentage_in_effect, status.last_change.command) == (0, "record_rollout_job")


def test_migrating_again_finds_the_table_as_it_is(partitioned):
    partitioned.sql("delete from rollout.rules")
    apply(partitioned.url)
    partitioned.report(good=1)
    assert partitioned.differences() == {}


def test_retention_removes_what_is_old_alone_wherever_it_lies(partitioned):
    """A row's address is unique within its partition only."""
    for number in range(1, 9):
        report_of_tomorrow(partitioned, "now() - interval '200 days'", f"acme/repo-{number}")
    same = "select count(*) from rollout_metrics_without_day w join {} t on w.ctid = t.ctid"
    assert partitioned.value(same.format(tomorrow())) > 0
    kept = partitioned.value("select count(*) from rollout_metrics_without_day")
    assert partitioned.client.remove_old()["rollout_metrics"] == 8
    assert partitioned.value("select count(*) from rollout_metrics") == kept
    assert partitioned.differences() == {}


def test_a_day_may_go_and_is_counted_out(partitioned):
    report_of_tomorrow(partitioned)
    partitioned.sql(re.sub(r"rollout_metrics_\d{4}_\d\d_\d\d", tomorrow(), DROP.split("\n")[0]))
    assert partitioned.differences() != {}
    partitioned.sql(DROP.split("\n")[1])
    assert partitioned.differences() == {}


def test_days_are_kept_ahead_by_a_job_that_may_run_twice(partitioned):
    partitions = "select count(*) from pg_inherits where inhparent = 'rollout_metrics'::regclass"
    days = partitioned.value(partitions)
    partitioned.sql(KEEP_AHEAD)
    partitioned.sql(KEEP_AHEAD)
    assert partitioned.value(partitions) == days  # the ninetieth was made by the move


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_r11_a_partition_is_read_through_its_table_alone(partitioned, role):
    with psycopg.connect(partitioned.url, autocommit=True) as connection:
        connection.execute(f"set role {role}")
        for partition in (tomorrow(), "rollout_metrics_without_day"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(f"select from {partition}")
