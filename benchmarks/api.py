"""A Supabase-compatible API over a benchmark database; the one of the tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from benchmarks.ground import Database  # first: it makes the servers of the tests importable

from tests.support import lite  # isort: skip


@contextmanager
def api_over(database: Database) -> Iterator[lite.Api]:
    with lite.lite_server(database.url) as api:
        yield api


@contextmanager
def bare_client(api: lite.Api) -> Iterator[httpx.Client]:
    """httpx with the service role's key, as little else as possible."""
    headers = {"apikey": api.secret_key, "authorization": f"Bearer {api.secret_key}"}
    with httpx.Client(base_url=f"{api.url}/rest/v1", headers=headers, trust_env=False, timeout=30) as client:
        yield client
