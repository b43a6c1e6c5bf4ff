"""For folders whose tests are slow: each adapter once, with another version of PostgreSQL behind it."""

from __future__ import annotations

import pytest


@pytest.fixture(params=["embedded", "supabase"])
def kind(request: pytest.FixtureRequest) -> str:
    """The adapter under test: PostgreSQL 18 directly, PostgreSQL 15 behind the API."""
    return str(request.param)
