"""Fixtures: a database behind each adapter, emptied before each test."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import psycopg
import pytest

from tests.support import hosted, lite, servers, tools
from tests.support.asked import asked
from tests.support.fault_proxy import fault_proxy
from tests.support.rollouts import (
    OPERATOR,
    FaultyRollout,
    OpenAdapter,
    RolloutUnderTest,
    Unseeing,
    open_postgres,
    open_supabase,
)
from tests.support.terminal import Terminal, console_environment

os.environ["TZ"] = "UTC"  # the zone of the texts that tests expect
time.tzset()
for name in ("COLUMNS", "LINES"):  # of the terminal of who runs the tests, which xdist hands on to its processes
    os.environ.pop(name, None)
os.umask(0o022)  # servers run as another user, who reads what root has written

pytest_plugins = ["tests.support.effort"]
pytest.register_assert_rewrite("tests.support.changes")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--postgresql", type=int, help="take this version, 15 to 17, in the place of the embedded server")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which programs of other people the tests ran against, and which this machine lacks."""
    terminalreporter.section("ran against")
    for line in tools.found():
        terminalreporter.write_line(f" {line}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as quick what needs no server, each rule that is asked by one example, and of other files of rules a test."""
    chosen = set()
    for item in items:
        through = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        is_asked = through.get("kind") == "session"
        one = item.nodeid.partition("[")[0] if is_asked else item.path.name
        is_first = one not in chosen and {through.get("kind"), through.get("server_url")} <= {
            None,
            "embedded",
            "session",
        }
        folder = item.path.parent.name
        if (folder == "unit" or (folder == "rules" and is_first)) and not item.get_closest_marker("large"):
            chosen.add(one)
            item.add_marker("quick")


@pytest.fixture(scope="session")
def embedded_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if version := request.config.getoption("postgresql"):
        with servers.cluster(version, durable=False) as cluster:
            yield cluster.url
    else:
        with servers.embedded_server() as url:
            yield url


@pytest.fixture(scope="session")
def postgres15_url() -> Iterator[str]:
    with servers.cluster(durable=False) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def own_server_url() -> Iterator[str]:
    """PostgreSQL 15 of one's own, where `postgres` is the superuser: its databases are copies of `template1`."""
    with servers.cluster(durable=False, is_hosted=False) as cluster:
        yield cluster.url


@pytest.fixture(scope="session")
def api_server(postgres15_url: str) -> Iterator[tuple[lite.Server, str]]:
    url = servers.create_database(postgres15_url, f"api_{uuid.uuid4().hex[:12]}")
    server = lite.Server(url)
    try:
        server.start()
        yield server, url
    finally:
        server.stop()


@pytest.fixture
def api(api_server: tuple[lite.Server, str]) -> tuple[lite.Api, str]:
    """A Supabase-compatible API, and the URL of the database behind it."""
    server, url = api_server
    server.ensure_running()
    return server.api, url


@pytest.fixture(scope="session", params=["embedded", "postgres15"])
def server_url(request: pytest.FixtureRequest) -> str:
    """The URL of each PostgreSQL in turn."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
def fresh_database(server_url: str) -> Callable[..., str]:
    """Create further databases: `fresh_database(migrated=False)`, `fresh_database(template=hosted.TEMPLATE_BEFORE)`."""
    return lambda **how: servers.create_database(server_url, f"fresh_{uuid.uuid4().hex[:12]}", **how)


@pytest.fixture(scope="session")
def adapters() -> Iterator[Callable[[str, pytest.FixtureRequest], OpenAdapter]]:
    """Open each adapter once a session."""
    opened: dict[str, OpenAdapter] = {}
    with ExitStack() as stack:

        def open_once(kind: str, request: pytest.FixtureRequest) -> OpenAdapter:
            if kind not in opened:
                if kind == "supabase":
                    opened[kind] = open_supabase(*request.getfixturevalue("api"))
                else:
                    server, _, project = kind.partition(" ")
                    template = hosted.TEMPLATE_BEFORE if project else hosted.TEMPLATE
                    opened[kind] = open_postgres(request.getfixturevalue(f"{server}_url"), template)
                stack.callback(opened[kind].adapter.close)
            return opened[kind]

        yield open_once


@pytest.fixture(params=["embedded", "supabase"])
def kind(request: pytest.FixtureRequest) -> str:
    """The adapter under test: PostgreSQL 18 directly, PostgreSQL 15 behind the API; `tests/adapters` has one more."""
    return str(request.param)


@pytest.fixture(scope="session")
def asked_session(embedded_url: str) -> Iterator[psycopg.Connection]:
    """The one session of the rules that are asked, on a database of its own."""
    url = servers.create_database(embedded_url, "asked")
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def rollout(kind: str, adapters: Any, request: pytest.FixtureRequest) -> Iterator[RolloutUnderTest]:
    """An empty database with a rollout at 0 %, through the adapter under test, or asked in one session."""
    if kind == "session":
        with asked(request.getfixturevalue("asked_session")) as rollout:
            yield rollout
        return
    if kind == "supabase":
        request.getfixturevalue("api")
    opened: OpenAdapter = adapters(kind, request)
    servers.empty(opened.url)
    client = Unseeing(opened.adapter, who=OPERATOR)
    client.create()
    yield RolloutUnderTest(client, opened.url, kind, opened.environment)


@pytest.fixture
def faulty(api: tuple[lite.Api, str]) -> Iterator[FaultyRollout]:
    """An empty database with a rollout at 0 %, through the API and a proxy that does as it is told."""
    running, url = api
    servers.empty(url)
    with fault_proxy(running.port) as proxy, FaultyRollout.to(proxy, running, url) as rollout:
        rollout.client.create()
        proxy.requests.clear()
        yield rollout


@pytest.fixture
def console_env(rollout: RolloutUnderTest, tmp_path: Any) -> dict[str, str]:
    """The environment of a console on the database of the `rollout` fixture, with 100 repositories at 20 %."""
    rollout.add_repositories(100)
    rollout.client.categorize_all()
    rollout.client.set_rollout(20)
    return console_environment(tmp_path, **target_environment(rollout))


def target_environment(rollout: RolloutUnderTest) -> dict[str, str]:
    """The variables that lead a console to the database of the `rollout` fixture, through its adapter."""
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
