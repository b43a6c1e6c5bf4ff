"""R1 to R20: what is done with one feature shows nowhere in another, though they share the tables."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from rollout_console.client import RolloutClient
from rollout_console.errors import NotFound
from tests.support.changes import CHANGES, REPORTS
from tests.support.rollouts import RolloutUnderTest, Unseeing

SHARED = {"markAsTest", "unmarkAsTest", "categorizeAll"}  # categories and pins are the same for all features
OF_ALL = {"features", "monitorPhase4"}


class Neighbours:
    """Two features in one database, as alike as they can be."""

    def __init__(self, running: RolloutUnderTest) -> None:
        self._running = running
        self.ours = running.client
        self.other = Unseeing(running.client.adapter, "another_feature", who={"operator": "uma", "host": "elsewhere"})
        self.other.create()
        self.other.set_rollout(50)
        for client, word in ((self.ours, "ours"), (self.other, "theirs")):
            client.configure(max_error_rate=60)
            client.add_to_whitelist(["acme/repo-2", "acme/repo-3"], until="2h")
            client.add_to_blacklist("acme/repo-4")
            self.report(client, word)

    def report(self, client: RolloutClient, message: str) -> None:
        """Report jobs of both arms and processors, those of a minute ago as well, as reports and as rows."""
        for processor in ("inngest", "github_actions"):
            for treated in (True, False):
                self._running.sql(
                    "select record_rollout_job(r.id, %s, n > 3, 700, %s, %s, clock_timestamp() - n * interval '20 s',"
                    " treated => %s) from generate_series(1, 12) n, repositories r where r.full_name = 'acme/repo-1'",
                    processor, message, client.feature, treated,
                )  # fmt: skip
        self._running.sql(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
            " total_jobs, last_error_message, metrics_window_end) select c.id, r.id, 'github_actions', 4, 1, 5, %s, now()"
            " from rollout_configuration c, repositories r where c.feature_name = %s and r.full_name = 'acme/repo-5'",
            message, client.feature,
        )  # fmt: skip

    def act(self, client: RolloutClient) -> None:
        """Do everything that can be done with a feature, and end in an emergency stop."""
        feature = client.feature

        def sql(statement: str) -> Any:
            return self._running.sql(statement.replace("treated =>", f"feature_name => '{feature}', treated =>"))

        for name in (name for name in CHANGES if name not in SHARED):
            CHANGES[name].prepare(client, sql)
            CHANGES[name].act(client)
            self.report(client, f"after {name}")
        client.check_health()
        Unseeing(client.adapter, "third_feature", who={"operator": "uma", "host": "elsewhere"}).create()
        client.emergency_stop("the end")
        self.report(client, "after the end")
        self._running.sql(
            "update rollout_configuration set target_repositories = array(select id::text from repositories),"
            " excluded_repositories = array(select id::text from repositories where full_name like '%%7')"
            " where feature_name = %s",
            feature,
        )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each part of an answer with its path; of a trend, whose points move with the clock, the sums."""
    if path.endswith(".points"):
        names = [name for name, part in value[0].items() if isinstance(part, int)]
        yield from ((f"{path}.{name}", sum(point[name] for point in value)) for name in names)
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from leaves(part, f"{path}.{key}")
    elif isinstance(value, list):
        yield path, len(value)
        for number, part in enumerate(value):
            yield from leaves(part, f"{path}[{number}]")
    else:
        yield path, value


def answers(client: RolloutClient) -> dict[str, Any]:
    found = {name: ask(client).to_dict() for name, ask in REPORTS.items() if name not in OF_ALL}
    return dict(leaves({**found, "plan": client.plan().to_dict(), "settings": client.settings().to_dict()}))


@pytest.mark.parametrize("kind", ["embedded"])
def test_what_is_done_with_a_feature_changes_no_answer_of_another(running):
    neighbours = Neighbours(running)
    quiet, busy = neighbours.ours, neighbours.other
    first = answers(quiet)
    time.sleep(0.5)  # so that an age in ten-thousandths of an hour is another
    before = answers(quiet)
    passing = {path for path in before if before[path] != first.get(path)}  # times, ages
    eligible = running.sql(
        "select is_repository_eligible_for_rollout(id, %s) from repositories order by id", quiet.feature
    )
    neighbours.act(busy)
    running.sql("select rollout.fold_deltas()")
    after = answers(quiet)
    assert {path: (before.get(path), after.get(path)) for path in before.keys() | after.keys()
            if path not in passing and before.get(path) != after.get(path)} == {}  # fmt: skip
    assert eligible == running.sql(
        "select is_repository_eligible_for_rollout(id, %s) from repositories order by id", quiet.feature
    )
    assert running.differences() == {}
    assert busy.status().emergency_stop
    with pytest.raises(NotFound, match="no active rollout for feature 'fourth_feature'"):
        Unseeing(busy.adapter, "fourth_feature").emergency_stop("beside others that are there")


@pytest.mark.parametrize("kind", ["embedded"])
def test_r9_a_change_of_a_long_list_keeps_no_change_of_another_feature_waiting(running):
    other = Unseeing(running.client.adapter, "another_feature", who={"operator": "uma", "host": "elsewhere"})
    other.create()
    with psycopg.connect(running.url) as connection:
        connection.execute(
            "update rollout_configuration set target_repositories = array(select gen_random_uuid()::text"
            " from generate_series(1, 150)) where feature_name = %s",
            [running.client.feature],
        )
        assert other.set_rollout(40).status.rollout_percentage == 40
