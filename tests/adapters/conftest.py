"""Each test of this folder runs on PostgreSQL 15 directly as well."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["embedded", "postgres15", "supabase"])
def kind(request: pytest.FixtureRequest) -> str:
    """The adapter under test, and which PostgreSQL is behind it."""
    return str(request.param)
