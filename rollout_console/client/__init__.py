"""The typed Python API: one method for each SQL function; what is a command at the prompt is marked as one."""

from __future__ import annotations

from rollout_console.client.calls import Percentage, Repositories
from rollout_console.client.control import Control
from rollout_console.client.practice import Practice
from rollout_console.client.programs import Programs
from rollout_console.client.ramp import Ramp
from rollout_console.client.repositories import RepositoryLists
from rollout_console.client.safety import Safety
from rollout_console.client.settings import SettingCommands, SettingValues
from rollout_console.client.status import StatusCommands
from rollout_console.client.story import Story
from rollout_console.client.workers import Workers

__all__ = ["Percentage", "Repositories", "RolloutClient", "SettingValues"]


class RolloutClient(
    StatusCommands, Control, RepositoryLists, Safety, Ramp, Story, SettingCommands, Practice, Workers, Programs
):
    """The rollout of one feature, through one adapter.

    Nothing here prints: what shows something returns it, and the console puts it on screen. Every method that
    changes something takes a `reason` for the history and returns a `Change`. All raise `RolloutError` or one of
    its kinds. As a context manager it closes its connections at the end.

    Args:
        adapter: leads to the database.
        feature: the name of the feature that is rolled out.
        who: `operator` and `host` for the history, by default the login name and this machine's.

    Raises:
        NotConfigured: the feature's name is one that no database can hold.
    """

    def __enter__(self) -> RolloutClient:
        return self  # named here, so that editors complete the methods behind `with connect() as client`
