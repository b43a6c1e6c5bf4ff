"""Fixtures: a database behind each door, emptied before each test."""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import servers
from terminal import Terminal, console_environment

from rollout_console.client import RolloutClient
from rollout_console.doors import Door
from rollout_console.doors.postgres import PostgresDoor

OPERATOR = {"operator": "tess", "host": "testhost"}


def missing(what: str) -> None:
    """A server that is not there skips its tests on a laptop and fails them in CI."""
    message = f"{what} is not installed here"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def embedded_url() -> Iterator[str]:
    with servers.embedded_server() as url:
        yield url


@pytest.fixture(scope="session")
def postgres15_url() -> Iterator[str]:
    if not servers.postgres15_available():
        missing("PostgreSQL 15 (initdb, pg_ctl)")
    with servers.postgres15_server() as url:
        yield url


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

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, in a transaction of its own."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            cursor = connection.execute(statement, values or None)
            return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: Any) -> Any:
        return self.sql(statement, *values)[0][0]

    def add_repositories(self, amount: int, stars: int = 0, prefix: str = "acme/repo") -> list[str]:
        """Add repositories with this many stars, and return their names."""
        first = self.value("select coalesce(max(github_id), 0) from repositories")
        self.sql(
            "insert into repositories (github_id, full_name, owner, name, stargazers_count)"
            " select %s + n, %s || '-' || n, split_part(%s, '/', 1), split_part(%s, '/', 2) || '-' || n, %s"
            " from generate_series(1, %s) n",
            first, prefix, prefix, prefix, stars, amount,
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

    def is_eligible(self, name: str) -> bool:
        return bool(self.value("select is_repository_eligible_for_rollout(%s)", self.repository_id(name)))


@pytest.fixture(scope="session")
def doors() -> Iterator[Callable[[str, pytest.FixtureRequest], tuple[Door, str]]]:
    """Open each door once a session: the door, and the superuser's URL of the database behind it."""
    opened: dict[str, tuple[Door, str]] = {}
    with ExitStack() as stack:

        def open_once(kind: str, request: pytest.FixtureRequest) -> tuple[Door, str]:
            if kind not in opened:
                url = servers.create_database(request.getfixturevalue(f"{kind}_url"), f"door_{uuid.uuid4().hex[:12]}")
                door = PostgresDoor(url)
                stack.callback(door.close)
                opened[kind] = (door, url)
            return opened[kind]

        yield open_once


@pytest.fixture(params=["embedded", "postgres15"])
def kind(request: pytest.FixtureRequest) -> str:
    """The door under test. The behavioural suite runs once through each."""
    return str(request.param)


@pytest.fixture
def rollout(kind: str, doors: Any, request: pytest.FixtureRequest) -> Rollout:
    """An empty database with a rollout at 0 %, through the door under test."""
    door, url = doors(kind, request)
    servers.empty(url)
    client = RolloutClient(door, who=OPERATOR)
    client.create()
    return Rollout(client, url, kind)


@pytest.fixture
def console_env(rollout: Rollout, tmp_path: Any) -> dict[str, str]:
    """The environment of a console on the database of the `rollout` fixture, with 100 repositories at 20 %."""
    rollout.add_repositories(100)
    rollout.client.categorize_all()
    rollout.client.set_rollout(20)
    return console_environment(tmp_path, **target_environment(rollout))


def target_environment(rollout: Rollout) -> dict[str, str]:
    """The variables that lead a console to the database of the `rollout` fixture, through its door."""
    return {"ROLLOUT_DATABASE_URL": rollout.url}


@pytest.fixture
def terminal(console_env: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Open consoles in a real terminal: `terminal(width=80, height=24)`."""
    if not Terminal.available():
        missing("tmux")
    opened: list[Terminal] = []

    def open_terminal(**options: Any) -> Terminal:
        opened.append(Terminal(console_env, **options))
        return opened[-1]

    yield open_terminal
    for each in opened:
        each.close()
