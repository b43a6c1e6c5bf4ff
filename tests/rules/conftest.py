"""What several of the rules start from."""

from __future__ import annotations

import pytest


@pytest.fixture
def running(rollout):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout
