"""One odd row blinds nothing: every column that others may write, with odd values of its type, against every screen and
the changes that matter in an incident. The table is made from the catalogue, so that a new column is in it."""

from __future__ import annotations

import os
import tempfile
import time
import zlib
from collections import defaultdict
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollout_console.client import RolloutClient
from rollout_console.dashboard.view import draw
from rollout_console.monitor.alerts import Alerts
from rollout_console.monitor.loop import Monitor
from rollout_console.monitor.memory import Memory
from rollout_console.refresh import Snapshot
from rollout_console.render import Screen, render
from rollout_console.results import Overview
from tests.support import odd
from tests.support.changes import REPORTS
from tests.support.rollouts import OPERATOR


class Lines:
    """The monitor's log, which keeps what could not be done."""

    def __init__(self):
        self.failed = []

    def not_done(self, task, error):
        self.failed.append(f"{task}: {error}")

    def __getattr__(self, name):
        return lambda *told: None


def check_as_the_monitor_does(client):
    lines: Any = Lines()
    memory = Memory(Path(tempfile.gettempdir(), f"monitor-of-{os.getpid()}.json"))
    Monitor(client, 60, lines, Alerts(client, [], [], memory)).check()
    if lines.failed:
        raise AssertionError(lines.failed)
    return {}


def shown(answer):
    if isinstance(answer, dict):
        return ""
    if isinstance(answer, Overview):
        assert None not in (answer.categories, answer.plan, answer.metrics, answer.trend, answer.history)
        return "\n".join(draw(Snapshot(answer, time.monotonic()), 2, Screen(), 200, 60))
    return render(answer, Screen())


OFTEN = {
    "overview": lambda c: c.overview(),
    "monitor": check_as_the_monitor_does,
    "timeline": lambda c: c.timeline("1h"),
    "emergencyStop": lambda c: c.emergency_stop("errors"),
}
RARELY = {
    **REPORTS,
    "settings": lambda c: c.settings(),
    "resume": lambda c: c.resume(),
    "setRollout": lambda c: c.set_rollout(30),
    "alerts": lambda c: c.adapter.call("rollout_claim_alerts", kinds=["trip", "stop"], feature_name=c.feature),
}


@pytest.fixture(params=["embedded"])
def kind(request):
    """All of it happens in the database."""
    return request.param


def what_fails(client: RolloutClient, screens) -> dict[str, str]:
    failed = {}
    for name, ask in screens.items():
        try:
            text = shown(ask(client))
            if "can't be read" in text:
                failed[name] = text
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    return failed


@pytest.mark.large
def test_r10_one_odd_value_blinds_no_screen_and_keeps_no_stop_away(running, effort):
    running.report(good=30)
    screens = OFTEN | effort({}, RARELY)
    failed = {}
    with psycopg.connect(running.url) as connection:
        client = RolloutClient(odd.Within(connection), who=OPERATOR)
        cases = defaultdict(list)
        for case in odd.values(connection):
            cases[case.column].append(case)
        for column, of_column in cases.items():
            # one of each column, another for each column; all of them at length
            for case in effort([of_column[zlib.crc32(column.encode()) % len(of_column)]], of_column):
                with connection.transaction(force_rollback=True):
                    try:
                        with connection.transaction():
                            connection.execute(case.statement)
                    except psycopg.Error:
                        continue  # refused as it is written, by a constraint
                    if wrong := what_fails(client, screens):
                        failed[str(case)] = wrong
        connection.rollback()
    assert len(cases) > 80, "the table is made from the catalogue"
    assert not failed, "\n".join(f"{case}: {wrong}" for case, wrong in failed.items())
