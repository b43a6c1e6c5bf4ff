"""A hot standby: it reports and decides; it takes over with nothing lost that was acknowledged."""

from __future__ import annotations

import re
import uuid
from contextlib import closing
from dataclasses import dataclass

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from tests.support import servers
from tests.support.changes import REPORTS
from tests.support.monitors import monitor
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.rows import one_row
from tests.support.servers import Cluster
from tests.support.standby import Standby, standby
from tests.support.terminal import CONSOLE, Terminal, console_environment
from tests.support.waiting import answer_of

SYNCHRONOUS = {"synchronous_standby_names": "standby", "synchronous_commit": "remote_apply"}


@dataclass
class Replicated:
    """A primary and its synchronous standby, with a rollout at 50 %."""

    primary: Cluster
    follower: Standby
    rollout: RolloutUnderTest

    def reader(self) -> str:
        """The URL of the standby."""
        return servers.with_database(self.follower.url, str(conninfo_to_dict(self.rollout.url)["dbname"]))

    def both(self) -> str:
        """The URL that leads to whichever of the two can be written to."""
        there, then = (conninfo_to_dict(url) for url in (self.rollout.url, self.reader()))
        hosts = f"127.0.0.1:{there['port']},127.0.0.1:{then['port']}"
        return f"postgresql://postgres@{hosts}/{there['dbname']}?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Promote the standby, the primary being lost, and have it wait for no standby of its own."""
        self.follower.promote()
        self.follower.configure()


@pytest.fixture
def replicated():
    with servers.cluster() as primary:
        url = servers.create_database(primary.url, f"replicated_{uuid.uuid4().hex[:8]}")
        with standby(primary) as follower:
            primary.configure(**SYNCHRONOUS)
            client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
            client.create(50)
            rollout = RolloutUnderTest(client, url, "replicated")
            rollout.add_repositories(20)
            client.categorize_all()
            yield Replicated(primary, follower, rollout)
            client.adapter.close()


def test_a_standby_reports_and_decides_and_then_takes_over_with_nothing_lost(replicated):
    rollout = replicated.rollout
    reader = RolloutClient(PostgresAdapter(replicated.reader()), who=OPERATOR)
    for report in REPORTS.values():
        report(reader)
    (warning,) = [w.message for w in reader.status().warnings if w.name == "replica"]
    assert re.match(r"read from a replica, \d+ s at most behind", warning)
    assert reader.check_health().action == "none"
    rollout.client.disable_auto_rollback()
    rollout.report(bad=40)
    assert reader.check_health().action == "read_only"
    rollout.client.rollback_to_zero()
    rollout.client.set_rollout(50)
    rollout.client.enable_auto_rollback()
    ids = [str(i) for (i,) in rollout.sql("select id from repositories")]
    assert reader.eligible_repositories(ids) == rollout.client.eligible_repositories(ids)
    with pytest.raises(RolloutError, match="read-only"):
        reader.set_rollout(10)

    client = RolloutClient(PostgresAdapter(replicated.both()), who=OPERATOR)
    acknowledged = {entry.id for n in (10, 20, 30) if (entry := client.set_rollout(n).change)}
    assert len(acknowledged) == 3
    replicated.primary.kill()
    replicated.fail_over()
    status = answer_of(client.status)
    assert status.rollout_percentage == 30
    assert acknowledged <= {entry.id for entry in client.history(50).entries}
    assert client.check_health("monitor").action == "none"
    client.set_rollout(40)
    with psycopg.connect(replicated.reader()) as connection:
        assert one_row(connection.execute("select rollout_percentage from rollout_configuration")) == (40,)
    client.adapter.close()
    reader.adapter.close()


def test_console_monitor_and_dashboard_go_on_when_a_standby_takes_over(replicated, tmp_path):
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=replicated.both())
    client = RolloutClient(PostgresAdapter(replicated.both()), who=OPERATOR)
    console = Terminal(env)
    dashboard = Terminal(env, f"{CONSOLE} dashboard --every 0.5", width=80, height=24)
    with monitor(env) as logged, closing(console), closing(dashboard):
        logged("50 %")
        console.wait_for("50 % ▸")
        dashboard.wait_for("50 % set")

        replicated.primary.kill()
        console.type("rollout.setRollout(60)")
        for screen in (console, dashboard):
            screen.wait_for("can't be reached")
        logged("BLIND: the database can't be reached")

        replicated.fail_over()
        assert answer_of(client.status).rollout_percentage == 50
        console.type('rollout.setRollout(70, "on the standby")')
        dashboard.wait_for("70 % set")
        dashboard.wait_without("can't be reached")
        logged("70 %")
        client.disable_auto_rollback()
        RolloutUnderTest(client, replicated.reader(), "promoted").report(bad=40)
        client.enable_auto_rollback()
        logged("ROLLED BACK to 0 %")
        dashboard.wait_for("ROLLED BACK to 0 %")
    client.adapter.close()
