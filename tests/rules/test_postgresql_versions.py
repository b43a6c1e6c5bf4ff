"""Every command that changes something, on each major version of PostgreSQL that is supported."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support import servers
from tests.support.changes import CHANGES, REPOSITORY, check_chain


@pytest.mark.large
@pytest.mark.parametrize("version", [15, 16, 17, 18])
def test_every_change_is_made_and_recorded_on_each_version(version):
    with servers.cluster(version, durable=False) as cluster:
        url = servers.create_database(cluster.url, f"version_{uuid.uuid4().hex[:8]}")
        with psycopg.connect(url, autocommit=True) as connection:
            assert connection.info.server_version // 10000 == version
            connection.execute(
                "insert into repositories (github_id, full_name, owner, name) values (1, %s, 'acme', 'repo-1')",
                (REPOSITORY,),
            )
            client = RolloutClient(PostgresAdapter(url))
            client.create(10)
            client.categorize_all()
            for change in CHANGES.values():
                change.prepare(client, connection.execute)
                rows = len(client.history(1000).entries)
                change.act(client)
                assert len(client.history(1000).entries) == rows + 1
            assert not any(check.differences for check in client.verify().checks)
            client.adapter.close()
        check_chain(url)
