"""R11: a hosted project is migrated, set up and operated by roles that are no superuser, an older one like a new one."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters import Adapter
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from tests.migrations.deployments import deployment
from tests.support import hosted, lite, servers
from tests.support.rollouts import OPERATOR
from tests.support.terminal import console_environment
from tests.support.within import run_within

# What a host has granted itself since October 2026, and what an older project gave by default.
GRANTED = "grant select, insert, update, delete on all tables in schema public to anon, authenticated, service_role;"
HOSTS = {"empty": "", "adopted": deployment("open policies") + GRANTED}
LIMITS = """
    create function limits() returns jsonb stable language sql return jsonb_build_array(
        session_user, current_user, current_setting('statement_timeout'), current_setting('lock_timeout'));
    grant execute on function limits() to service_role;
"""
RIGHTS = """
    select c.oid::regclass::text, array(select a from unnest(c.relacl::text[]) a where a !~ '^service_role=' order by a),
           c.relrowsecurity
    from pg_class c where c.relkind in ('r', 'p', 'v', 'S') and (
        c.relnamespace = 'rollout'::regnamespace
        or c.relnamespace = 'public'::regnamespace
            and (c.relname like 'rollout%' or c.relname = 'repository_categories'))
    union all
    select p.oid::regprocedure::text, array(select a from unnest(p.proacl::text[]) a order by a), null
    from pg_proc p where p.pronamespace in ('public'::regnamespace, 'rollout'::regnamespace)
    order by 1
"""


def database(server: str, template: str, host: str = "", *, migrated: bool = False) -> str:
    url = servers.create_database(server, f"hosted_{uuid.uuid4().hex[:12]}", migrated=migrated, template=template)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(host)
    return url


def operate(adapter: Adapter) -> None:
    client = RolloutClient(adapter, who=OPERATOR)
    assert client.set_rollout(20, confirm=True).status.rollout_percentage == 20
    assert client.emergency_stop("smoke").changed
    assert client.resume(5, confirm=True).status.rollout_percentage == 5
    assert client.check_health().action == "none"
    assert [entry.command for entry in client.history().entries][:3] == ["resume", "emergencyStop", "setRollout"]


@pytest.mark.parametrize("template", hosted.TEMPLATES)
@pytest.mark.parametrize("host", HOSTS)
def test_r11_no_superuser_is_needed(postgres15_url, template, host, tmp_path):
    url = database(postgres15_url, template, HOSTS[host])
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
    for command in (["migrate"], ["setup", "--yes"], ["verify"]):
        done = run_within(env, *command)
        assert (done.returncode, done.stderr) == (0, ""), done.stdout
    operate(PostgresAdapter(url))
    with psycopg.connect(url, autocommit=True) as owner:
        owner.execute(LIMITS)
        assert owner.execute("select rolname from pg_roles where rolsuper and rolcanlogin").fetchall() == []
    with lite.lite_server(url) as api:
        adapter = SupabaseAdapter(api.url, api.secret_key)
        operate(adapter)
        assert adapter.call("limits", changes=False) == ["authenticator", "service_role", "8s", "8s"]


def test_r11_an_older_project_ends_with_the_rights_of_a_new_one(server_url):
    """All but the service role's, who may write anyway."""
    rights = []
    for template in hosted.TEMPLATES:
        with psycopg.connect(database(server_url, template, migrated=True)) as connection:
            rights.append(connection.execute(RIGHTS).fetchall())
    assert rights[0] == rights[1]
    assert len(rights[0]) > 100


def test_r11_no_function_sets_a_parameter_of_ours(fresh_database):
    """In a `SET` clause that takes a superuser, PostgreSQL 15 and later."""
    settings = (
        "select p.oid::regprocedure::text, setting from pg_proc p cross join unnest(p.proconfig) setting"
        " where split_part(setting, '=', 1) like '%.%'"
    )
    with psycopg.connect(fresh_database()) as connection:
        assert connection.execute(settings).fetchall() == []
