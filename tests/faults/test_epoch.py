"""R18: a server that has seen more transactions than have numbers of their own."""

from __future__ import annotations

import time
from contextlib import closing

import psycopg

from tests.support import servers
from tests.support.rollouts import rollout_on


def test_r18_a_stop_wins_over_a_savepoint_past_four_thousand_million_transactions():
    with servers.cluster(18, durable=False) as server:
        url = servers.create_database(server.url, "old")
        server.stop()
        server.begin_next_epoch()
        server.start()
        rollout = rollout_on(url)
        assert rollout.value("select pg_snapshot_xmin(pg_current_snapshot())::text::bigint > 4294967296")
        with closing(psycopg.connect(url, application_name="blocker")) as session:
            session.execute("select txid_current(); savepoint a")
            session.execute("update rollout_configuration set updated_at = now()")
            session.execute("release savepoint a")
            time.sleep(1)
            (ended,) = rollout.client.emergency_stop("smoke").ended_sessions
            assert (ended.pid, ended.application) == (session.info.backend_pid, "blocker")
        rollout.client.close()
