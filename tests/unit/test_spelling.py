"""A name that is no command leads to the one that was meant, and to nothing that would do something else."""

from __future__ import annotations

import pytest

from rollout_console.console import COMMANDS
from rollout_console.console.spelling import meant


@pytest.mark.parametrize(
    ("typed", "command"),
    [("emergency_stop", "emergencyStop"), ("halt", "emergencyStop"), ("OFF", "emergencyStop"),
     ("setRolout", "setRollout"), ("rollback", "rollbackToZero"), ("whitelist", "showWhitelist"),
     ("blacklist", "showWhitelist"), ("showBlacklist", "showWhitelist"), ("pause", None), ("on", None)],
)  # fmt: skip
def test_a_name_leads_to_the_command_that_was_meant(typed, command):
    assert meant(typed, COMMANDS) == command
