"""R7 to R17: what needs no rows, at its bounds: just below, at and just above."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asked

ASKED = [
    ("rollout.time_in_words('119 min 59 s')", "119 min"),
    ("rollout.time_in_words('2 h')", "2 h"),
    ("rollout.time_in_words('47:59')", "47 h"),
    ("rollout.time_in_words('2 days')", "2 days"),
]


def test_what_is_decided_at_a_bound(rollout):
    found = {asked: rollout.value(f"select ({asked})::text") for asked, _ in ASKED}
    assert found == dict(ASKED)
