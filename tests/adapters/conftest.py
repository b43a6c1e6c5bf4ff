"""Each test of this folder runs on PostgreSQL 15 directly as well; and an API that speaks as PostgREST does."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator

import pytest

from tests.support import servers
from tests.support.postgrest import Postgrest, postgrest
from tests.support.rollouts import FaultyRollout


@pytest.fixture(params=["embedded", "postgres15", "supabase"])
def kind(request: pytest.FixtureRequest) -> str:
    """The adapter under test, and which PostgreSQL is behind it."""
    return str(request.param)


@pytest.fixture(scope="session")
def postgrest_server(postgres15_url: str) -> Iterator[tuple[Postgrest, str]]:
    url = servers.create_database(postgres15_url, f"postgrest_{uuid.uuid4().hex[:12]}")
    with postgrest(url) as server:
        yield server, url


@pytest.fixture
def spoken(postgrest_server: tuple[Postgrest, str]) -> Iterator[FaultyRollout]:
    """An empty database with a rollout at 0 %, through PostgREST's answers, or what a test gives in their place."""
    server, url = postgrest_server
    servers.empty(url)
    server.faults.clear()
    server.always, server.stale, server.release = None, False, threading.Event()
    with FaultyRollout.to(server, server.api, url) as rollout:
        rollout.client.create()
        server.requests.clear()
        yield rollout
