"""What several of the rules start from."""

from __future__ import annotations

import pytest


@pytest.fixture
def running(rollout):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout


@pytest.fixture
def steady(running):
    """A rollout at its percentage for 30 hours, so that the window is a day."""
    running.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    return running
