"""The typed Python API: one method for each SQL function."""

from __future__ import annotations

from rollout_console.client.calls import Percentage, Repositories
from rollout_console.client.changes import Changes
from rollout_console.client.configuration import Configuration
from rollout_console.client.programs import Programs
from rollout_console.client.ramp import Ramp
from rollout_console.client.reports import Reports
from rollout_console.client.repositories import RepositoryChanges
from rollout_console.client.story import Story
from rollout_console.client.workers import JobReport, Workers

__all__ = ["JobReport", "Percentage", "Repositories", "RolloutClient"]


class RolloutClient(Reports, Story, Changes, Ramp, RepositoryChanges, Configuration, Workers, Programs):
    """The rollout of one feature, through one adapter.

    Every method that changes something takes a `reason` for the history and returns a `Change`. All raise
    `RolloutError` or one of its kinds. As a context manager it closes its connections at the end.

    Args:
        adapter: leads to the database.
        feature: the name of the feature that is rolled out.
        who: `operator` and `host` for the history, by default the login name and this machine's.
    """
