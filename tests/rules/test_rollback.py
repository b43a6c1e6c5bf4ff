"""R6: a rollback only lowers."""

from __future__ import annotations

import pytest

from rollout_console.errors import Refused

pytestmark = pytest.mark.asked


@pytest.fixture(autouse=True)
def repositories(rollout):
    rollout.add_repositories(100)
    rollout.client.categorize_all()


def test_r6_rollback_only_lowers(rollout):
    rollout.client.set_rollout(20)
    with pytest.raises(Refused, match=r"only lowers.*rollout\.setRollout\(50\)"):
        rollout.client.rollback_to_percentage(50)
    assert rollout.client.rollback_to_percentage(20).changed is False
    assert rollout.client.rollback_to_percentage(5).status.rollout_percentage == 5
    assert rollout.client.rollback_to_zero().status.rollout_percentage == 0
    assert rollout.client.history(1).entries[0].action == "rollback"
