"""Fixtures: a database behind each door, emptied before each test."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import lite
import psycopg
import pytest
import servers
import tools
from fault_proxy import FaultProxy, fault_proxy
from terminal import Terminal, console_environment

from rollout_console.adapters import Adapter as Door
from rollout_console.adapters.postgres import PostgresAdapter as PostgresDoor
from rollout_console.adapters.supabase import SupabaseAdapter as SupabaseDoor
from rollout_console.client import RolloutClient

pytest_plugins = ["effort"]
pytest.register_assert_rewrite("changes")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs of other people the tests ran against, and which this machine lacks."""
    terminalreporter.section("ran against")
    for line in tools.found():
        terminalreporter.write_line(f" {line}")


OPERATOR = {"operator": "tess", "host": "testhost"}


@pytest.fixture(scope="session")
def embedded_url() -> Iterator[str]:
    with servers.embedded_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres15_url() -> Iterator[str]:
    with servers.cluster(durable=False) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def api(postgres15_url: str) -> Iterator[tuple[lite.Api, str]]:
    """A Supabase-compatible API, and the superuser's URL of the database behind it."""
    url = servers.create_database(postgres15_url, f"api_{uuid.uuid4().hex[:12]}")
    with lite.lite_server(url) as running:
        yield running, url


@pytest.fixture(scope="session", params=["embedded", "postgres15"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The superuser's URL of each PostgreSQL in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def fresh_database(server_url: str) -> Callable[..., str]:
    """Create further databases: `fresh_database(migrated=False)`."""
    return lambda migrated=True: servers.create_database(
        server_url, f"fresh_{uuid.uuid4().hex[:12]}", migrated=migrated
    )


@dataclass
class Rollout:
    """What a behavioural test works with: a client through the door under test, and SQL beside it."""

    client: RolloutClient
    url: str
    kind: str
    environment: dict[str, str] = field(default_factory=dict)  # what leads a console to the same door

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, in a transaction of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: Any) -> Any:
        return self.sql(statement, *values)[0][0]

    def add_repositories(self, amount: int, stars: int = 0, prefix: str = "acme/repo") -> list[str]:
        """Add repositories with this many stars, and return their names.

        Their ids come from their names: which of them share a hash bucket is the same in every run.
        """
        first = self.value("select coalesce(max(github_id), 0) from repositories")
        self.sql(
            "insert into repositories (id, github_id, full_name, owner, name, stargazers_count)"
            " select md5(full_name)::uuid, %s + n, full_name, split_part(full_name, '/', 1), split_part(full_name, '/', 2), %s"
            " from generate_series(1, %s) n cross join lateral (select %s || '-' || n as full_name) f",
            first, stars, amount, prefix,
        )  # fmt: skip
        return [f"{prefix}-{n}" for n in range(1, amount + 1)]

    def repository_id(self, name: str) -> str:
        return str(self.value("select id from repositories where full_name = %s", name))

    def report(self, *, good: int = 0, bad: int = 0, name: str = "acme/repo-1", message: str = "boom") -> None:
        """Report finished jobs as the application does: successes first, each in its own transaction."""
        repo = self.repository_id(name)
        with psycopg.connect(self.url, autocommit=True) as connection:
            for success in [True] * good + [False] * bad:
                connection.execute(
                    "select record_rollout_job(%s, 'inngest', %s, 30, %s)",
                    (repo, success, None if success else message),
                )

    def history_rows(self) -> int:
        return int(self.value("select count(*) from rollout_history"))

    def differences(self) -> dict[str, int]:
        """Counters that are not those of the rows."""
        return {check.name: check.differences for check in self.client.verify().checks if check.differences}

    def is_eligible(self, name: str) -> bool:
        return bool(self.value("select is_repository_eligible_for_rollout(%s)", self.repository_id(name)))


@dataclass
class Opened:
    """A door, the superuser's URL of the database behind it, and the variables that lead a console there."""

    door: Door
    url: str
    environment: dict[str, str]


def open_postgres(server_url: str) -> Opened:
    url = servers.create_database(server_url, f"door_{uuid.uuid4().hex[:12]}")
    return Opened(PostgresDoor(url), url, {"ROLLOUT_DATABASE_URL": url})


def open_supabase(api: lite.Api, url: str) -> Opened:
    environment = {"SUPABASE_URL": api.url, "SUPABASE_SECRET_KEY": api.secret_key}
    return Opened(SupabaseDoor(api.url, api.secret_key), url, environment)


@pytest.fixture(scope="session")
def doors() -> Iterator[Callable[[str, pytest.FixtureRequest], Opened]]:
    """Open each door once a session."""
    opened: dict[str, Opened] = {}
    with ExitStack() as stack:

        def open_once(kind: str, request: pytest.FixtureRequest) -> Opened:
            if kind not in opened:
                if kind == "supabase":
                    opened[kind] = open_supabase(*request.getfixturevalue("api"))
                else:
                    opened[kind] = open_postgres(request.getfixturevalue(f"{kind}_url"))
                stack.callback(opened[kind].door.close)
            return opened[kind]

        yield open_once


@pytest.fixture(params=["embedded", "postgres15", "supabase"])
def kind(request: pytest.FixtureRequest) -> str:
    """The door under test. The behavioural suite runs once through each."""
    return str(request.param)


@pytest.fixture
def rollout(kind: str, doors: Any, request: pytest.FixtureRequest) -> Rollout:
    """An empty database with a rollout at 0 %, through the door under test."""
    opened: Opened = doors(kind, request)
    servers.empty(opened.url)
    client = RolloutClient(opened.door, who=OPERATOR)
    client.create()
    return Rollout(client, opened.url, kind, opened.environment)


@dataclass
class Faulty(Rollout):
    """A rollout whose API stands behind a proxy that can fail; `door` opens further doors to it."""

    proxy: FaultProxy = field(kw_only=True)
    api: lite.Api = field(kw_only=True)

    def door(self, key: str | None = None, patience: float = 10) -> SupabaseDoor:
        return SupabaseDoor(self.proxy.url, key or self.api.secret_key, patience=patience)


@pytest.fixture
def faulty(api: tuple[lite.Api, str]) -> Iterator[Faulty]:
    """An empty database with a rollout at 0 %, through the API and a proxy that does as it is told."""
    running, url = api
    servers.empty(url)
    with fault_proxy(running.port) as proxy:
        door = SupabaseDoor(proxy.url, running.secret_key)
        client = RolloutClient(door, who=OPERATOR)
        client.create()
        proxy.requests.clear()
        yield Faulty(client, url, "supabase", proxy=proxy, api=running)
        door.close()


@pytest.fixture
def console_env(rollout: Rollout, tmp_path: Any) -> dict[str, str]:
    """The environment of a console on the database of the `rollout` fixture, with 100 repositories at 20 %."""
    rollout.add_repositories(100)
    rollout.client.categorize_all()
    rollout.client.set_rollout(20)
    return console_environment(tmp_path, **target_environment(rollout))


def target_environment(rollout: Rollout) -> dict[str, str]:
    """The variables that lead a console to the database of the `rollout` fixture, through its door."""
    return rollout.environment


@pytest.fixture
def terminal(console_env: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Open consoles in a real terminal: `terminal(width=80, height=24)`."""
    opened: list[Terminal] = []

    def open_terminal(**options: Any) -> Terminal:
        opened.append(Terminal(console_env, **options))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()
