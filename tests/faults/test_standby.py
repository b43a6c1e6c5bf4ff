"""A hot standby: it reports and decides; it takes over with nothing lost that was acknowledged."""

from __future__ import annotations

import time
import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from tests.support import servers
from tests.support.changes import REPORTS
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.rows import one_row
from tests.support.standby import standby

SYNCHRONOUS = (
    "alter system set synchronous_standby_names = 'standby'",
    "alter system set synchronous_commit = 'remote_apply'",
    "select pg_reload_conf()",
)


@pytest.fixture(scope="module")
def replicated():
    """A primary and its synchronous standby, with a rollout at 50 %."""
    with servers.cluster() as primary:
        name = f"replicated_{uuid.uuid4().hex[:8]}"
        url = servers.create_database(primary.url, name)
        with standby(primary) as follower:
            with psycopg.connect(primary.url, autocommit=True) as connection:
                for statement in SYNCHRONOUS:
                    connection.execute(statement)
            client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
            client.create(50)
            rollout = RolloutUnderTest(client, url, "replicated")
            rollout.add_repositories(20)
            client.categorize_all()
            yield primary, follower, rollout, servers.with_database(follower.url, name)
            client.adapter.close()


def test_a_standby_reports_and_decides_and_then_takes_over_with_nothing_lost(replicated):
    primary, follower, rollout, standby_url = replicated
    reader = RolloutClient(PostgresAdapter(standby_url), who=OPERATOR)
    for report in REPORTS.values():
        report(reader)
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

    hosts = [psycopg.conninfo.conninfo_to_dict(url) for url in (rollout.url, standby_url)]
    both = (
        f"postgresql://postgres@127.0.0.1:{hosts[0]['port']},127.0.0.1:{hosts[1]['port']}/{hosts[0]['dbname']}"
        "?target_session_attrs=read-write"
    )
    client = RolloutClient(PostgresAdapter(both), who=OPERATOR)
    acknowledged = {entry.id for n in (10, 20, 30) if (entry := client.set_rollout(n).change)}
    assert len(acknowledged) == 3
    primary.kill()
    follower.promote()
    with psycopg.connect(follower.url, autocommit=True) as connection:
        for statement in ("alter system reset all", "select pg_reload_conf()"):
            connection.execute(statement)

    deadline = time.monotonic() + 30
    while True:
        try:
            status = client.status()
            break
        except RolloutError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert status.rollout_percentage == 30
    assert acknowledged <= {entry.id for entry in client.history(50).entries}
    assert client.check_health("monitor").action == "none"
    client.set_rollout(40)
    with psycopg.connect(standby_url) as connection:
        assert one_row(connection.execute("select rollout_percentage from rollout_configuration")) == (40,)
    client.adapter.close()
    reader.adapter.close()
