"""R11: everybody may read, only the service role may change, and no schema can be slipped underneath."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from tests.support.catalogue import (
    TABLES,
    a_column,
    busy_rollout,
    call_with_nulls,
    contents,
    functions,
    session,
    tables,
)
from tests.support.rows import one_row

READERS = ("anon", "authenticated")
DENIED = psycopg.errors.InsufficientPrivilege
ASKED_FOR_EVERY_JOB = {
    "rollout.decide", "is_repository_eligible_for_rollout", "rollout.listed_as", "rollout.shard", "rollout.stretches",
    "rollout.counted_at", "rollout.recorded_window", "rollout.snapshot_is_kept", "rollout.current_change",
    "rollout.placed_report", "rollout.settled_report", "rollout.can_trip", "rollout.reason_to_judge", "rollout.evidence",
    "rollout.is_ignored",
}  # fmt: skip
# Of every status, too, which planning them anew at each call would make slower by a fifth.
ASKED_FOR_EVERY_STATUS = {"rollout.unusable_settings", "rollout.running_monitors"}
# Inlined, too, and not immutable, since the host may redefine the first, which the others read.
OF_THE_HOSTS_PROCESSORS = {
    "rollout_host_processors", "rollout.criterion_ranges", "rollout.processors", "rollout.is_treated", "rollout.report_fault",
    "rollout.metrics_tally",
}  # fmt: skip
FIXED_PATH = ["search_path=pg_catalog, public, pg_temp"]
NARROW_PATH = ["search_path=pg_catalog, pg_temp"]  # where names are shown with their schema


@pytest.fixture(params=["embedded", "postgres15 of before October 2026"])
def kind(request):
    """In SQL, as each role, on a new project and an old one; over the API, see the file beside this one."""
    return request.param


@pytest.fixture
def busy(rollout):
    return busy_rollout(rollout)


@pytest.mark.parametrize("role", READERS)
def test_r11_readers_see_our_tables_and_cannot_write_them(busy, role):
    before = contents(busy)
    for table in tables(busy):
        with session(busy, role) as connection:
            seen = one_row(connection.execute(f"select count(*) from {table}"))[0]
        assert seen == busy.value(f"select count(*) from {table}"), table
        column = a_column(busy, table)
        for statement in (
            f"insert into {table} default values",
            f"update {table} set {column} = {column}",
            f"delete from {table}",
            f"truncate {table}",
            f"select from {table} for update",
            f"lock table {table} in exclusive mode",
            f"create trigger t before insert on {table} for each row execute function rollout.history_stamp()",
            f"alter table {table} disable row level security",
            f"drop table {table}",
        ):
            with session(busy, role) as connection, pytest.raises(DENIED):
                connection.execute(statement)
    assert contents(busy) == before


@pytest.mark.parametrize("role", READERS)
def test_r11_readers_cannot_move_our_sequences(rollout, role):
    sequences = rollout.sql(
        "select oid::regclass::text from pg_class where relkind = 'S' and relnamespace = 'rollout'::regnamespace"
    )
    assert sequences
    for (sequence,) in sequences:
        for privilege in ("usage", "update"):
            assert not rollout.value("select has_sequence_privilege(%s, %s, %s)", role, sequence, privilege), sequence


@pytest.mark.parametrize("role", READERS)
def test_r11_readers_cannot_execute_anything_that_could_write(busy, role):
    changing = [f for f in functions(busy) if f.volatile == "v"]
    assert {"rollout_set_percentage", "rollout_emergency_stop", "record_rollout_job", "categorize_repository"} <= {
        f.name for f in changing
    }
    for function in changing:
        assert not busy.value("select has_function_privilege(%s, %s, 'execute')", role, function.signature)
        if not function.is_trigger:
            with session(busy, role) as connection, pytest.raises(DENIED, match="permission denied for function"):
                connection.execute(call_with_nulls(function))


@pytest.mark.parametrize("role", READERS)
def test_r11_every_report_works_for_readers(busy, role):
    readable = [
        f
        for f in functions(busy)
        if f.volatile != "v" and busy.value("select has_function_privilege(%s, %s, 'execute')", role, f.signature)
    ]
    assert len(readable) >= 30
    with session(busy, role) as connection:
        for call in (
            "rollout_status()", "rollout_stats()", "rollout_categories()", "rollout_show_metrics()",
            "rollout_show_whitelist()", "rollout_error_trend()", "rollout_list_history()", "rollout_preview(25) - 'server_time'",
            "rollout_explain('acme/repo-1')", "rollout_phases()", "rollout_overview()",
            "rollout_jobs()", "rollout_jobs('failed')",
            "rollout_find_repositories('acme')",
            "is_repository_eligible_for_rollout('00000000-0000-0000-0000-000000000000')",
        ):  # fmt: skip
            assert one_row(connection.execute(f"select {call}"))[0] is not None, call


def test_r11_the_service_role_can_do_all_that_the_console_does(busy):
    adopted = {"rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history"}
    for table in tables(busy):
        for privilege in ("select", "insert", "update", "delete"):
            assert busy.value("select has_table_privilege('service_role', %s, %s)", table, privilege), table
        for privilege in ("truncate", "references", "trigger") if table not in adopted else ():
            assert not busy.value("select has_table_privilege('service_role', %s, %s)", table, privilege), table
    for function in functions(busy):
        assert busy.value("select has_function_privilege('service_role', %s, 'execute')", function.signature)
    with session(busy, "service_role") as connection:
        assert one_row(connection.execute("select rollout_set_percentage(60) -> 'changed'"))[0] is True
        repo = busy.repository_id("acme/repo-1")
        connection.execute("select record_rollout_job(%s, 'inngest', true)", (repo,))
        assert one_row(connection.execute("select categorize_repository(%s)", (repo,)))[0] == "test"


def test_r11_nothing_is_open_to_public(rollout):
    """Whatever role is created tomorrow gets nothing by itself."""
    role = f"stranger_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(rollout.url) as connection:
        connection.execute(f"create role {role}")
        for function in functions(rollout):
            allowed = connection.execute("select has_function_privilege(%s, %s, 'execute')", (role, function.signature))
            assert not one_row(allowed)[0], function.signature
        for table in [*tables(rollout), "rollout_host_repositories"]:
            for privilege in ("select", "insert", "update", "delete", "truncate", "references", "trigger"):
                allowed = connection.execute("select has_table_privilege(%s, %s, %s)", (role, table, privilege))
                assert not one_row(allowed)[0], (table, privilege)
        connection.rollback()


def test_r11_row_level_security_guards_every_table(rollout):
    unguarded = "select relname from pg_class where relkind = 'r'"
    unguarded += " and relnamespace in ('public'::regnamespace, 'rollout'::regnamespace)"
    assert rollout.sql(f"{unguarded} and not relrowsecurity") == []
    writable = (
        "select tablename, policyname from pg_policies where schemaname in ('public', 'rollout') and cmd <> 'SELECT'"
    )
    assert rollout.sql(writable) == []


def test_r11_only_what_records_and_stops_acts_with_the_rights_of_its_owner(rollout):
    """Triggers, since whoever the host lets write must not have to write our tables, too; the stop, a yes or no; who is
    in the way of a stop or a report, since the service role sees and ends no sessions of others; and whether there is a
    certain job of pg_cron, a yes or no."""
    definers = [f for f in functions(rollout) if f.definer]
    assert [f.name for f in definers if not f.is_trigger] == [
        "rollout.blockers", "rollout.end_blockers", "rollout.has_clean_up", "rollout.holder_of_line",
        "rollout.host_is_halted",
    ]  # fmt: skip
    assert [f.signature for f in definers if f.search_path != FIXED_PATH] == []
    writing = rollout.sql(
        "select distinct p.oid::regproc::text from pg_trigger t join pg_proc p on p.oid = t.tgfoid"
        " where not t.tgisinternal and t.tgtype & 2 = 0 and p.proname <> 'history_is_append_only'"
    )
    assert {name for (name,) in writing} <= {f.name for f in definers}, (
        "a trigger that runs after a change is a definer"
    )


def test_r11_a_function_pins_its_search_path_or_names_every_schema(rollout):
    free = [f for f in functions(rollout) if f.search_path not in (FIXED_PATH, NARROW_PATH)]
    assert [f.signature for f in free if f.search_path] == []
    for function in free:
        # Inlined into the queries that use it, which a pinned path would prevent, or those asked for every job.
        inlined = (function.language, function.volatile) == ("sql", "i")
        named = ASKED_FOR_EVERY_JOB | ASKED_FOR_EVERY_STATUS | OF_THE_HOSTS_PROCESSORS
        assert inlined or function.name in named, function.signature
        with session(rollout, path="''") as connection:
            connection.execute(call_with_nulls(function))


@pytest.mark.parametrize("strategy", ["repository_size", "percentage", "whitelist"])
def test_r11_the_decision_names_every_schema_on_every_path(busy, strategy):
    busy.sql("update rollout_configuration set rollout_strategy = %s", strategy)
    names = [f"acme/repo-{n}" for n in range(1, 21)]
    expected = [busy.is_eligible(name) for name in names]
    assert len(set(expected)) == 2
    ids = [busy.repository_id(name) for name in names]
    with session(busy, path="''") as connection:
        decided = [connection.execute("select public.is_repository_eligible_for_rollout(%s)", (i,)) for i in ids]
        assert [one_row(answer)[0] for answer in decided] == expected


def attack(connection, schema: str) -> None:
    """Put a table or function of the same name before every one of ours, and before built-in ones."""
    names = [row[0] for row in connection.execute(TABLES)]
    for name in [*names, "rollout_host_repositories", "repositories"]:
        copy = f"{schema}.{name.rpartition('.')[2]}"
        connection.execute(f"create {'temp' if schema == 'pg_temp' else ''} table {copy} (like {name})")
    if schema != "pg_temp":  # functions of a temporary schema are never found by name
        for body in (
            "now() returns timestamptz language sql as $$ select 'infinity'::timestamptz $$",
            "md5(text) returns text language sql as $$ select '00000000000000000000000000000000' $$",
            "jsonb_build_object(text, text) returns jsonb language sql as $$ select '{}'::jsonb $$",
            "rollout_active(text) returns public.rollout_configuration language sql as $$ select null::public.rollout_configuration $$",
            "rollout_decide(uuid, text) returns text language sql as $$ select 'whitelist' $$",
            "rollout_is_eligible(text) returns boolean language sql as $$ select true $$",
        ):
            connection.execute(f"create function {schema}.{body}")


@pytest.mark.parametrize("schema", ["evil", "pg_temp"])
def test_r11_a_schema_slipped_underneath_changes_nothing(busy, schema):
    repo = busy.repository_id("acme/repo-20")
    calls = [
        "rollout_status() #- '{health}' #- '{server_time}'",
        "rollout_categories()",
        "rollout_show_whitelist()",
        "rollout_list_history()",
        "rollout_explain('acme/repo-20')",
        "rollout_preview(25) - 'server_time'",
        f"is_repository_eligible_for_rollout('{repo}')",
    ]
    question = f"select jsonb_build_array({', '.join('public.' + call for call in calls)})"
    with session(busy) as connection:
        honest = connection.execute(question).fetchone()
        if schema == "evil":
            connection.execute("create schema evil")
        attack(connection, schema)
        connection.execute(f"set local search_path = {schema}, pg_catalog, public")
        assert (
            connection.execute(question.replace("jsonb_build_array", "pg_catalog.jsonb_build_array")).fetchone()
            == honest
        )
        connection.execute("select public.rollout_emergency_stop('attacked')")
        stopped = connection.execute("select emergency_stop, emergency_stop_reason from public.rollout_configuration")
        assert stopped.fetchone() == (True, "attacked")
        assert one_row(connection.execute(f"select pg_catalog.count(*) from {schema}.rollout_history"))[0] == 0


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_r11_who_may_not_see_the_reports_does_not_see_their_messages(running, role):
    running.report(bad=1)
    assert seen_as(running, role) == 1
    running.sql("create policy closed on rollout_metrics as restrictive for select using (false)")
    try:
        assert seen_as(running, role) == 0
    finally:
        running.sql("drop policy closed on rollout_metrics")


def seen_as(rollout, role):
    with psycopg.connect(rollout.url) as connection:
        connection.execute(f"set local role {role}")
        return one_row(connection.execute("select count(*) from rollout.counted_errors"))[0]
