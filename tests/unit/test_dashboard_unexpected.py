"""What nobody expected takes no screen, no question and no key with it."""

from __future__ import annotations

import asyncio

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.formatted_text import to_plain_text
from prompt_toolkit.output import DummyOutput

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.dashboard import app
from rollout_console.dashboard.app import Dashboard


@pytest.fixture
def dashboard():
    """A dashboard that is not run, and connects to nothing."""
    with (
        create_app_session(output=DummyOutput()),
        RolloutClient(PostgresAdapter("postgresql://127.0.0.1:1/x")) as client,
    ):
        yield Dashboard(client, 60)


def test_what_nobody_expected_of_an_action_is_its_message(dashboard):
    async def act() -> None:
        dashboard.perform(lambda: int("x"), doing="checking")
        async with asyncio.timeout(30):
            while dashboard.message == " checking …":
                await asyncio.sleep(0.01)

    asyncio.run(act())
    said = " ".join(dashboard.message.split())
    assert "ValueError: invalid literal for int() with base 10: 'x'; before you do it again, look: press l" in said


def test_what_cant_be_drawn_is_a_line_in_its_place(dashboard, monkeypatch):
    def fail(*_):
        raise OverflowError("date value out of range")

    monkeypatch.setattr(app, "draw", fail)
    assert "this can't be drawn: OverflowError: date value" in " ".join(to_plain_text(dashboard._body()).split())
