"""A host that is not the web application: `docs/other-hosts.md`, tried from nothing to a stop."""

from __future__ import annotations

import re
import uuid

import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support import ROOT, servers
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.terminal import console_environment
from tests.support.within import run_within

ON_THE_PAGE = re.findall(r"```sql\n(.*?)```", (ROOT / "docs/other-hosts.md").read_text(encoding="utf-8"), re.DOTALL)
QUEUE = """
create table queue (id integer, tenant uuid, worker text, state text, billed_anew boolean, error text,
    queued_at timestamptz default now(), began_at timestamptz, ended_at timestamptz);
insert into queue select n, md5('1')::uuid, 'new', 'pending', true, null, now() - interval '3 hours' from generate_series(1, 4) n;
grant select on queue to service_role;
"""
OURS = "rollout_configuration, rollout_history, rollout_metrics, repository_categories"
TENANTS = """
create table tenants (id {type} primary key, slug text unique not null, seats integer);
insert into tenants select {id}, 'tenant-' || n, case when n % 4 = 0 then null else n * 7 end
from generate_series(1, 40) n;
grant select on tenants to service_role;
"""


@pytest.fixture
def host(postgres15_url, tmp_path):
    """A database of tenants, and the environment of a console that leads there."""

    def build(type_: str, identity: str) -> tuple[RolloutUnderTest, dict[str, str]]:
        url = servers.create_database(postgres15_url, f"host_{uuid.uuid4().hex[:12]}", migrated=False)
        rollout = RolloutUnderTest(RolloutClient(PostgresAdapter(url), who=OPERATOR), url, "postgres")
        rollout.sql(TENANTS.format(type=type_, id=identity))
        return rollout, console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)

    return build


def tables(rollout: RolloutUnderTest) -> set[str]:
    return {t for (t,) in rollout.sql("select tablename::text from pg_tables where schemaname = 'public'")}


@pytest.mark.parametrize(("type_", "identity"), [("uuid", "md5(n::text)::uuid"), ("bigint", "n")])
def test_r9_tenants_from_nothing_to_a_stop(host, type_, identity):
    rollout, environment = host(type_, identity)
    refused = run_within(environment, "migrate")
    assert refused.returncode == 1
    assert 'rollout-console setup --units "tenants(id, slug, seats)"' in refused.stderr
    assert tables(rollout) == {"tenants"}, "nothing was changed"

    done = run_within(environment, "setup", "--yes", "--units", "tenants(id, slug, seats)", "--percentage", "25")
    assert (done.returncode, done.stderr) == (0, "")
    assert tables(rollout) == {"tenants", *OURS.split(", ")}
    assert rollout.client.status().eligible_repositories == 10
    rollout.sql("revoke select on tenants from service_role")
    assert "grant select on tenants to service_role;" in run_within(environment, "verify").stdout
    rollout.sql("grant select on tenants to service_role")
    assert rollout.client.explain("tenant-1").category == "small"
    as_uuid = rollout.value(
        f"select {'id' if type_ == 'uuid' else 'md5(id::text)::uuid'} from tenants where slug = 'tenant-1'"
    )
    rollout.client.add_to_whitelist("tenant-1")
    assert rollout.value("select is_repository_eligible_for_rollout(%s)", as_uuid)

    if type_ == "bigint":
        index, asked = ON_THE_PAGE[0].split(";\n", 1)
        rollout.sql(index)
        rollout.sql(asked)
    assert (rollout.client.jobs().groups, [g for g in rollout.client.plan().gates if g.name == "oldest_queued"]) == (
        [],
        [],
    )
    rollout.sql(QUEUE)
    for redefined in ON_THE_PAGE[1:]:
        rollout.sql(redefined)
    (waiting,) = rollout.client.jobs().groups
    assert (waiting.processor, waiting.arm, waiting.queued) == ("new", "treatment", 4)
    assert [w.name for w in rollout.client.status().warnings] == ["oldest_queued"]
    with pytest.raises(Exception, match="no table progressive_capture_jobs to follow"):
        rollout.client.configure(follow_jobs=True)
    rollout.sql("delete from queue where id > 0")
    report = "select record_rollout_job(%s, %s, %s, 1, case when %s then null else 'declined' end, started_at => now())"
    for n in range(12):
        rollout.sql(report, as_uuid, "new", n % 2 == 0, n % 2 == 0)
    rollout.sql(report.replace("started_at", "treated => false, started_at"), as_uuid, "old", True, True)
    assert rollout.client.status().rollout_percentage == 0, "the breaker has tripped"
    assert [c.name for c in rollout.client.stats().criteria][2:] == [
        "Old billing processing time", "New billing processing time", "jobs on New billing",
        "cost reduction against Old billing only",
    ]  # fmt: skip
    with pytest.raises(Exception, match="processor must be old or new, not 'inngest'"):
        rollout.sql(report, as_uuid, "inngest", True, True)
    rollout.client.set_rollout(10, "fixed")
    rollout.client.emergency_stop("incident")
    assert not rollout.value("select is_repository_eligible_for_rollout(%s)", as_uuid)
    assert rollout.differences() == {}
    rollout.sql("delete from tenants where slug = 'tenant-1'")
    rollout.client.catch_up()
    assert rollout.client.status().total_repositories == 39
    assert "nothing to do" in run_within(environment, "setup", "--yes", "--units", "tenants(id, slug, seats)").stdout
    verified = run_within(environment, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")


WRONG = {
    "tenants": "--units is a table with its columns",
    "tenants(id)": "--units is a table with its columns",
    "tenants(id, slug); drop table tenants": "--units is a table with its columns",
    "tenants(id, slug, size)": "with a column size",
    "nobody(id, slug)": "there is no table public.nobody",
    "tenants(id, slug, slug)": "tenants.slug is no number",
}


def test_units_that_are_not_there_change_nothing(host):
    rollout, environment = host("uuid", "md5(n::text)::uuid")
    for units, said in WRONG.items():
        for how in ("--yes", "--dry-run"):
            refused = run_within(environment, "setup", how, "--units", units)
            assert (refused.returncode, said in refused.stderr) == (1, True), refused.stderr
        assert tables(rollout) == {"tenants"}
    shown = run_within(environment, "setup", "--dry-run", "--units", "tenants(id, slug)").stdout
    assert "rollout_host_repositories would read public.tenants" in shown
    assert tables(rollout) == {"tenants"}
