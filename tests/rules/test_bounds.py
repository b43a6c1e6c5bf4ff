"""R7 to R17: what needs no rows, at its bounds: just below, at and just above."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.asked

ASKED = [
    ("rollout.time_in_words('119 min 59 s')", "119 min"),
    ("rollout.time_in_words('2 h')", "2 h"),
    ("rollout.time_in_words('47:59')", "47 h"),
    ("rollout.time_in_words('2 days')", "2 days"),
    ("rollout.known(numeric '1e300') = 1e300", "true"),
    ("rollout.known(numeric 'Infinity')", None),
    ("rollout.known(numeric '-Infinity')", None),
    ("rollout.known(numeric 'NaN')", None),
    ("rollout.known(timestamptz '0001-01-01 23:59:59.999999+00') is null", "true"),
    ("rollout.known(timestamptz '0001-01-02 00:00+00') is null", "false"),
    ("rollout.known(timestamptz '9999-12-30 23:59:59.999999+00') is null", "false"),
    ("rollout.known(timestamptz '9999-12-31 00:00+00') is null", "true"),
    ("(rollout.read_change_window('Mon 09:00-09:00 UTC')).days", None),
    ("(rollout.read_change_window('Mon 09:00-09:15 UTC')).days", "{1}"),
    ("(rollout.read_change_window('Sat-Mon,Wed 09:00-24:00 UTC')).days", "{1,3,6,7}"),
    ("rollout.manual_cost_reduction()", "(60,85)"),
]


def test_what_is_decided_at_a_bound(rollout):
    found = {asked: rollout.value(f"select ({asked})::text") for asked, _ in ASKED}
    assert found == dict(ASKED)
