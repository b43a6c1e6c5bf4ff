"""R18: the world is broken one thing at a time, and each time a stop, or a fall to 0 %, is made, or says how to."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from rollout_console.adapters.ladder import STOP, ZERO, Halt, Ladder
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.errors import RolloutError
from tests.support import servers
from tests.support.effort import TRIED
from tests.support.rollouts import OPERATOR
from tests.support.sql_floors import defined

Case: TypeAlias = "tuple[str, ...]"  # a statement that breaks something, and one that mends it
WITHIN = 5  # seconds, R18
CORE = {name for name, path in defined().items() if path.parent.name == "02_stop"}
FEATURE = "hybrid_progressive_capture"

# What a database may set for its sessions, and what changes how SQL works there.
SETTINGS = {
    "search_path": "pg_catalog",
    "standard_conforming_strings": "off",
    "DateStyle": "'SQL, DMY'",
    "IntervalStyle": "sql_standard",
    "TimeZone": "'Pacific/Kiritimati'",
    "default_transaction_isolation": "serializable",
    "default_transaction_read_only": "on",
    "default_transaction_deferrable": "on",
    "client_encoding": "LATIN1",
    "statement_timeout": "'20ms'",
    "lock_timeout": "'1ms'",
    "row_security": "off",
    "transform_null_equals": "on",
    "array_nulls": "off",
    "bytea_output": "escape",
    "extra_float_digits": "'-15'",
    "xmlbinary": "hex",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "work_mem": "'64kB'",
    "check_function_bodies": "off",
    "client_min_messages": "error",
    "synchronous_commit": "off",
    "idle_in_transaction_session_timeout": "'1s'",
    "default_table_access_method": "heap",
    "escape_string_warning": "on",
    "quote_all_identifiers": "on",
    "lc_monetary": "'C'",
}
# Odd values by the type of a column; each is written past the triggers.
ODD = {
    "integer": ["2147483647", "-2147483648", "null"],
    "numeric": ["'NaN'", "'infinity'", "'-infinity'", "1e100", "null"],
    "double precision": ["'NaN'", "'infinity'", "'-infinity'", "1e300", "null"],
    "bigint": ["9223372036854775807", "-9223372036854775808", "null"],
    "timestamp with time zone": ["'infinity'", "'-infinity'", "'4714-01-01 BC'", "'294276-12-31'", "null"],
    "text": ["''", "repeat('x', 100000)", "E'\\x1b[2J'", "null"],
    "text[]": ["array[null]", "array['']", "array[array['a'],array['b']]", "null"],
    "boolean": ["true", "false", "null"],
    "uuid": ["null"],
    "jsonb": ["'null'", "'[]'", "'\"x\"'", "'1e999'", "'true'", "'{\"a\": [null]}'", "null"],
}
KEYS = ["before", "after", "details", "outside_console", "overwritten", "command", "ended_sessions", "cost_per_job"]
OURS = {"id", "rollout_config_id", "feature_name", "is_active", "emergency_stop", "rollout_percentage"}


BACK = """
    set session_replication_role = replica;
    delete from public.rollout_configuration;
    insert into public.rollout_configuration select * from rollout.kept_configuration;
    reset session_replication_role;
"""


class World:
    """A database with a rollout at 50 %, and the two ways of its adapter."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.owner = psycopg.connect(url, autocommit=True)
        self.adapter = PostgresAdapter(url)
        self.tried, self.by_hand = 0, list[str]()
        self.client = RolloutClient(self.adapter, who=OPERATOR)
        self.client.create()
        self.client.set_rollout(50)
        self.owner.execute("create table rollout.kept_configuration as select * from public.rollout_configuration")

    def close(self) -> None:
        self.client.close()
        self.owner.close()

    def rows(self, query: str) -> list[Any]:
        return self.owner.execute(query).fetchall()

    def halt(self, halt: Halt, what: str) -> None:
        """Halt, and by hand if that is what is said; fails unless either way halts in time."""
        self.tried += 1
        begun = time.monotonic()
        ladder = Ladder(self.adapter.ways(halt.function, {}), FEATURE, halt)
        more = {"percentage": 0} if halt is ZERO else {}
        try:
            ladder.climb(reason="walk", context={**OPERATOR, "operation_id": str(uuid.uuid4())}, **more)
        except RolloutError as error:
            self.by_hand.append(f"{what}: {error}")
            statement, _ = halt_by_hand(FEATURE, halt.values, error)
            with psycopg.connect(self.url, autocommit=True) as prompt:
                prompt.execute(statement)
        took = time.monotonic() - begun
        assert took < WITHIN, f"{what}: {took:.1f} s"
        ((stopped, percentage),) = self.rows(
            "select emergency_stop, rollout_percentage from public.rollout_configuration where is_active"
        )
        assert stopped if halt is STOP else percentage == 0, what

    def broken(self, how: str, back: str, halt: Halt) -> None:
        """Break something, halt, and mend it."""
        self.owner.execute(how)
        try:
            self.halt(halt, how)
        finally:
            self.owner.execute(back)
            self.owner.execute(BACK)


@pytest.fixture(scope="module")
def world(embedded_url: str) -> Iterator[World]:
    built = World(servers.create_database(embedded_url, f"walk_{uuid.uuid4().hex[:8]}"))
    yield built
    built.close()


@pytest.fixture
def share_of(request: pytest.FixtureRequest) -> Callable[[list[Case], int], list[Case]]:
    """All cases in a long run, and else every so many-th."""
    long = request.config.getoption("long")
    return lambda cases, size: cases if long else cases[:: max(1, len(cases) // size)]


def out_of_the_way(world: World) -> list[Case]:
    """Everything of ours and of the host's that a stop might need, each renamed: to a caller that is dropped."""
    functions = world.rows(
        "select p.oid::regproc::text, p.oid::regprocedure::text, p.pronamespace::regnamespace::text, proname,"
        " pg_get_function_identity_arguments(p.oid) from pg_proc p"
        " where p.pronamespace in ('public'::regnamespace, 'rollout'::regnamespace) order by 1"
    )
    cases: list[Case] = [
        (f"alter function {signature} rename to gone", f'alter function {schema}.gone({arguments}) rename to "{name}"')
        for called, signature, schema, name, arguments in functions
        if called.removeprefix("public.") not in CORE
    ]
    cases += world.rows(
        "select format('alter table %s disable trigger %I', tgrelid::regclass, tgname),"
        " format('alter table %s enable trigger %I', tgrelid::regclass, tgname)"
        " from pg_trigger where not tgisinternal"
    )
    cases += world.rows(
        "select format('alter %s %s rename to gone', k.kind, c.oid::regclass),"
        " format('alter %s %s.gone rename to %I', k.kind, c.relnamespace::regnamespace, c.relname)"
        " from pg_class c cross join lateral (select case c.relkind when 'v' then 'view' else 'table' end as kind) k"
        " where c.relkind in ('r', 'p', 'v') and c.relnamespace in ('public'::regnamespace, 'rollout'::regnamespace)"
        " and c.relname not in ('rollout_configuration', 'kept_configuration')"
    )
    return cases


def odd_values(world: World) -> list[Case]:
    """Each odd value in each column of the configuration and of the newest history row, and under JSON keys."""
    columns = world.rows(
        "select c.oid::regclass::text, a.attname, format_type(a.atttypid, null) from pg_class c"
        " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and not a.attnotnull"
        " where c.oid in ('public.rollout_configuration'::regclass, 'public.rollout_history'::regclass)"
    )
    cases: list[Case] = []
    for table, column, kind in columns:
        if column not in OURS:
            cases += [written(table, column, value) for value in ODD.get(kind.partition("(")[0], ["null"])]
    cases += [written("rollout_history", "metadata", f"metadata || '{{\"{key}\": {odd}}}'")
              for key in KEYS for odd in ('"maybe"', "1e400", "null", "[null]", '{"a": null}')]  # fmt: skip
    return cases


def written(table: str, column: str, value: str) -> Case:
    odd = f"update {table} set {column} = {value}"
    return f"set session_replication_role = replica; {odd}; reset session_replication_role", "select 1"


@pytest.mark.parametrize("halt", [STOP, ZERO], ids=["stop", "zero"])
def test_r18_a_stop_needs_nothing_but_its_row(world, share_of, halt, record_property):
    cases = share_of(out_of_the_way(world), 60)
    for how, back in cases:
        world.broken(how, back, halt)
    assert world.by_hand == []
    assert len(cases) > 50
    record_property(TRIED, ("things broken under a stop", len(cases)))


@pytest.mark.parametrize("halt", [STOP, ZERO], ids=["stop", "zero"])
def test_r18_no_odd_value_undoes_a_stop(world, share_of, halt, record_property):
    for how, back in (cases := share_of(odd_values(world), 40)):
        try:
            world.owner.execute("begin")
            world.owner.execute(how)
            world.owner.execute("commit")
        except psycopg.Error:  # the column does not take it
            world.owner.execute("rollback")
            continue
        world.broken("select 1", back, halt)
    assert world.by_hand == []
    assert len(cases) > 30
    record_property(TRIED, ("things broken under a stop", len(cases)))


@pytest.mark.parametrize("setting", SETTINGS)
def test_r18_no_setting_of_the_database_undoes_a_stop(world, setting):
    database = conninfo_to_dict(world.url)["dbname"]
    for halt in (STOP, ZERO):
        world.adapter.close()
        world.broken(
            f'alter database "{database}" set {setting} = {SETTINGS[setting]}',
            f'alter database "{database}" reset {setting}',
            halt,
        )
    world.adapter.close()
