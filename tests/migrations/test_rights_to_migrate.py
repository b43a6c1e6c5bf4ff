"""Migrating as a role that lacks rights: all of them are named with who can give them, and nothing is changed."""

from __future__ import annotations

import re
import uuid

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import NotPermitted
from rollout_console.migrate import apply
from tests.migrations.deployments import EXISTING
from tests.support import servers
from tests.support.terminal import console_environment
from tests.support.within import run_within

OWNED = ("repositories", "pull_requests", "rollout_configuration", "repository_categories", "rollout_metrics",
         "rollout_history")  # fmt: skip


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)


@pytest.fixture
def roles(own_server_url):
    """A role that owns the host's tables, and one that may log in and owns nothing: nobody can let it in on a project."""
    name = uuid.uuid4().hex[:8]
    url = servers.create_database(own_server_url, f"rights_{name}", migrated=False, template="template1")
    execute(url, EXISTING + f"create role owner_{name}; grant owner_{name} to current_user;"
            f"grant create on schema public to owner_{name}; create role deployer_{name} login;"
            + "".join(f"alter table {table} owner to owner_{name};" for table in OWNED))  # fmt: skip
    return url, f"owner_{name}", f"deployer_{name}"


def test_r13_all_missing_rights_are_named_at_once_and_what_to_type(roles, tmp_path):
    url, owner, deployer = roles
    as_deployer = make_conninfo(url, user=deployer)
    with pytest.raises(NotPermitted) as refused:
        apply(as_deployer)
    line = str(refused.value)
    assert f"the role {deployer} can't migrate" in line
    assert "create on database" in line
    assert "create on schema public" in line
    assert f"public.rollout_metrics, which {owner} owns".replace("public.", "") in line
    assert "nothing was changed" in line

    # One line, whichever program is asked.
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=as_deployer)
    for words in (["migrate"], ["setup", "--yes"]):
        done = run_within(env, *words)
        assert (done.returncode, done.stderr.strip()) == (1, line), words
    status = run_within(env, "migrate", "--status")
    assert (status.returncode, status.stderr, status.stdout.splitlines()[-1]) == (0, "", line)

    for remedy in re.findall(r"(grant [^;]+);", line):
        execute(url, remedy)
    apply(as_deployer)
    client = RolloutClient(PostgresAdapter(as_deployer))
    assert client.status().rollout_percentage == 10
    assert client.emergency_stop("incident").changed


def test_the_login_for_emergencies_is_told_that_it_can_not_migrate(fresh_database, tmp_path):
    url = fresh_database()
    RolloutClient(PostgresAdapter(url)).create()
    login = f"operator_{uuid.uuid4().hex[:8]}"
    execute(url, f"create role {login} login noinherit; grant service_role to {login};"
                 f"alter role {login} set role = 'service_role'")  # fmt: skip
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=make_conninfo(url, user=login))
    status = run_within(env, "migrate", "--status")
    assert (status.returncode, status.stderr) == (0, "")
    assert "pending" not in status.stdout
    assert run_within(env, "setup", "--dry-run").stderr == ""
    execute(url, "update rollout.rules set checksum = 'of older rules'")
    for words in (["migrate", "--status"], ["setup", "--yes"], ["migrate"]):
        done = run_within(env, *words)
        assert "Traceback" not in done.stderr
        assert "the role service_role can't migrate; it needs: " in done.stdout + done.stderr, words
