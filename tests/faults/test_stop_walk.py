"""R18: the world is broken one thing at a time, and each time a stop, a fall to 0 %, the dashboard's key and the report
that trips the breaker halt all the same, or say how to."""

from __future__ import annotations

import contextvars
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import PipeInput, create_pipe_input
from prompt_toolkit.output import DummyOutput
from psycopg.conninfo import conninfo_to_dict

from rollout_console.adapters.ladder import STOP, ZERO, Halt, Ladder
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.dashboard.app import Dashboard
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
    delete from rollout.job_counts;
    delete from rollout.job_deltas;
    delete from rollout.unjudged;
    insert into rollout.job_counts (rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes,
                                    timed_jobs, processing_seconds, treated)
    select id, now(), 'github_actions', 1, 9, 9, 0, 0, 0, true from rollout.kept_configuration;
    reset session_replication_role;
"""
# What counts and judges a report: without it, a report is refused, or handed on to the next. It needs nothing else.
COUNTS_AND_JUDGES = {"00_figures", "01_ground", "03_eligibility", "04_health", "07_breaker", "11_access"}
COUNTS_AND_JUDGES |= {
    "is_repository_eligible_for_rollout",
    "rollout_host_processors",
    "rollout_metrics",
    "job_counts",
    "job_deltas",
    "error_deltas",
    "unjudged",
    "counts",
    "run_counts",
}
MEANT = {"stop": "a stop", "zero": "rollbackToZero", "report": "the report that trips", "key": "the dashboard's key"}
REPORT = "select public.record_rollout_job(null, 'github_actions', false)"
TYPING = 0.05  # seconds between two keys: faster is a paste


class World:
    """A database with a rollout at 50 %, one failure short of a breach, and the hands that halt it."""

    screen: Dashboard

    def __init__(self, url: str, keys: PipeInput) -> None:
        self.url, self.keys = url, keys
        self.owner = psycopg.connect(url, autocommit=True)
        self.reporter = psycopg.connect(url, autocommit=True)
        self.adapter = PostgresAdapter(url)
        self.by_hand, self.refused, self.handed_on = list[str](), list[str](), list[str]()
        self.client = RolloutClient(self.adapter, who=OPERATOR)
        self.client.create()
        self.client.set_rollout(50)
        self.owner.execute("create table rollout.kept_configuration as select * from public.rollout_configuration")
        self.owner.execute(BACK)
        self.hands: dict[str, Callable[[str], None]] = {
            "stop": lambda what: self.halt(STOP, what), "zero": lambda what: self.halt(ZERO, what),
            "key": lambda what: self.press(), "report": self.report,
        }  # fmt: skip

    def close(self) -> None:
        self.client.close()
        self.reporter.close()
        self.owner.close()

    def rows(self, query: str) -> list[Any]:
        return self.owner.execute(query).fetchall()

    def halt(self, halt: Halt, what: str) -> None:
        """Halt by the ladder, and by hand if that is what is said."""
        ladder = Ladder(self.adapter.ways(halt.function, {}), FEATURE, halt)
        more = {"percentage": 0} if halt is ZERO else {}
        try:
            ladder.climb(reason="walk", context={**OPERATOR, "operation_id": str(uuid.uuid4())}, **more)
        except RolloutError as error:
            self.by_hand.append(f"{what}: {error}")
            statement, _ = halt_by_hand(FEATURE, halt.values, error)
            with psycopg.connect(self.url, autocommit=True) as prompt:
                prompt.execute(statement)

    def press(self) -> None:
        """Type e, a reason and Enter into the dashboard, and wait until it has stopped."""
        self.type_until("\x1b", lambda: not self.screen.question)
        self.type_until("e", lambda: bool(self.screen.question))
        self.type_until("w", lambda: bool(self.screen.answer.text))
        self.type_until("\r", lambda: self.is_halted("key"))

    def type_until(self, key: str, seen: Callable[[], bool]) -> None:
        """Press a key once more every half second: a slow machine may take two keys for a paste."""
        begun = time.monotonic()
        for _ in range(2 * WITHIN):
            self.keys.send_text(key)
            while time.monotonic() - begun < 0.5:
                time.sleep(TYPING)
                if seen():
                    return
            begun = time.monotonic()

    def report(self, what: str) -> None:
        """Report the job that is one too many; note where it is refused, or handed on to the next report."""
        if self.reporter.closed:
            self.reporter = psycopg.connect(self.url, autocommit=True)
        try:
            self.reporter.execute(REPORT)
        except psycopg.Error as error:
            self.refused.append(f"{what}: {error}")

    def is_halted(self, hand: str) -> bool:
        ((stopped, percentage),) = self.rows(
            "select emergency_stop, rollout_percentage from public.rollout_configuration where is_active"
        )
        return bool(stopped if hand in {"stop", "key"} else percentage == 0)

    def broken(self, how: str, back: str, hand: str) -> None:
        """Break something, halt, and mend it; fails unless all is halted in time."""
        self.owner.execute(how)
        try:
            begun = time.monotonic()
            self.hands[hand](how)
            took = time.monotonic() - begun
            assert took < WITHIN, f"{how}: {took:.1f} s"
            if hand != "report":
                assert self.is_halted(hand), how
            elif not self.is_halted(hand) and not (self.refused and self.refused[-1].startswith(how)):
                self.handed_on.append(how)
        finally:
            self.owner.execute(back)
            self.owner.execute(BACK)


@pytest.fixture(scope="module")
def world(embedded_url: str) -> Iterator[World]:
    with create_pipe_input() as keys, create_app_session(input=keys, output=DummyOutput()):
        built = World(servers.create_database(embedded_url, f"walk_{uuid.uuid4().hex[:8]}"), keys)
        with dashboard(built):
            yield built
        built.close()


@contextmanager
def dashboard(world: World) -> Iterator[None]:
    """Run the dashboard beside the test, with a client of its own."""
    world.screen = screen = Dashboard(RolloutClient(PostgresAdapter(world.url), who=OPERATOR), 30)
    running = threading.Thread(target=contextvars.copy_context().run, args=[screen.run])
    running.start()
    yield
    world.keys.send_text("\x1b")
    time.sleep(TYPING)
    world.keys.send_text("q")
    running.join()


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


def place_of(how: str) -> str:
    """Return the floor of the function that a statement takes out of the way; of anything else the name."""
    called = how.split()[2].partition("(")[0].removeprefix("public.")
    return defined()[called].parent.name if called in defined() else called.rpartition(".")[2]


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


HANDS = pytest.mark.parametrize("hand", ["stop", "zero", "report", "key"])


@pytest.fixture(autouse=True)
def notes(world: World) -> None:
    for noted in (world.by_hand, world.refused, world.handed_on):
        noted.clear()


@HANDS
def test_r18_a_stop_needs_nothing_but_its_row(world, share_of, hand, record_property):
    cases = share_of(out_of_the_way(world), 8 if hand == "key" else 50)
    for how, back in cases:
        world.broken(how, back, hand)
    assert world.by_hand == []
    assert {place_of(how) for how in world.refused + world.handed_on} <= COUNTS_AND_JUDGES
    record_property(TRIED, (f"things broken under {MEANT[hand]}", len(cases)))


def test_r8_a_report_trips_though_the_history_is_gone(world):
    world.broken("alter table rollout_history rename to gone", "alter table gone rename to rollout_history", "report")
    assert (world.refused, world.handed_on) == ([], [])


@HANDS
def test_r18_no_odd_value_undoes_a_stop(world, share_of, hand, record_property):
    for how, back in (cases := share_of(odd_values(world), {"key": 4, "report": 15}.get(hand, 40))):
        try:
            world.owner.execute("begin")
            world.owner.execute(how)
            world.owner.execute("commit")
        except psycopg.Error:  # the column does not take it
            world.owner.execute("rollback")
            continue
        world.broken(f"select 1 /* {how} */", back, hand)
    assert world.by_hand == []
    assert world.refused == []
    record_property(TRIED, (f"things broken under {MEANT[hand]}", len(cases)))


@pytest.mark.parametrize("setting", SETTINGS)
def test_r18_no_setting_of_the_database_undoes_a_stop(world, setting):
    database = conninfo_to_dict(world.url)["dbname"]
    for hand in ("stop", "zero", "report"):
        world.adapter.close()
        world.reporter.close()
        world.broken(
            f'alter database "{database}" set {setting} = {SETTINGS[setting]}',
            f'alter database "{database}" reset {setting}',
            hand,
        )
    assert bool(world.refused) == (setting in {"default_transaction_read_only", "statement_timeout"}), world.refused
    assert bool(world.handed_on) == (setting == "default_transaction_isolation"), world.handed_on
    world.adapter.close()
    world.reporter.close()
