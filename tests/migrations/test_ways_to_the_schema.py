"""Whatever way a database has come, it ends in the same functions, tables, privileges and comments."""

from __future__ import annotations

import gzip
import tempfile
from pathlib import Path

import psycopg
import pytest

from rollout_console import __version__
from rollout_console.adapters.embedded import Server
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import Rules, apply, export, pending, steps
from tests.migrations.deployments import EXISTING
from tests.support import practice, release, servers
from tests.support.rows import one_row
from tests.support.terminal import console_environment, run_console

OLD = Path(__file__).with_name("commit_14f76b8.sql")
OURS = (
    "(c.relnamespace = 'rollout'::regnamespace or c.relnamespace = 'public'::regnamespace"
    " and (c.relname like 'rollout\\_%%' or c.relname = 'repository_categories'))"
)
CATALOGUE = {
    "functions": "select p.oid::regprocedure::text, pg_get_functiondef(p.oid), p.proacl::text, obj_description(p.oid, 'pg_proc')"
    " from pg_proc p where p.pronamespace in ('public'::regnamespace, 'rollout'::regnamespace) and p.prokind = 'f'"
    " and not exists (select from pg_depend d where d.objid = p.oid and d.deptype = 'e')",
    "triggers": f"select pg_get_triggerdef(t.oid) from pg_trigger t join pg_class c on c.oid = t.tgrelid where not t.tgisinternal and {OURS}",
    "relations": "select c.relname, c.relkind, c.relrowsecurity, c.reloptions, array(select unnest(c.relacl)::text order by 1)::text,"
    f" obj_description(c.oid, 'pg_class') from pg_class c where {OURS} and c.relkind in ('r', 'v', 'S')",
    "columns": "select c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,"
    " pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum) from pg_class c"
    " join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped"
    f" left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum where {OURS} and c.relkind = 'r'",
    "constraints": "select c.relname, pg_get_constraintdef(k.oid) from pg_constraint k join pg_class c on c.oid = k.conrelid"
    f" where {OURS} and k.contype <> 'n'",
    "indexes": f"select pg_get_indexdef(i.indexrelid) from pg_index i join pg_class c on c.oid = i.indrelid where {OURS}",
    "views": f"select c.relname, pg_get_viewdef(c.oid) from pg_class c where {OURS} and c.relkind = 'v'",
    "policies": f"select c.relname, p.polname, p.polcmd::text, pg_get_expr(p.polqual, p.polrelid) from pg_policy p join pg_class c on c.oid = p.polrelid where {OURS}",
}  # fmt: skip


def catalogue(url: str) -> dict[str, set[str]]:
    with psycopg.connect(url) as connection:
        return {kind: set(map(str, connection.execute(query.replace("%%", "%")))) for kind, query in CATALOGUE.items()}


def control_jobs(url: str) -> tuple[int, int]:
    """Return jobs and errors of the control, however long ago they were counted."""
    with psycopg.connect(url) as connection:
        return one_row(
            connection.execute("select sum(jobs)::int, sum(errors)::int from rollout.job_counts where not treated")
        )


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)


@pytest.fixture
def from_nothing(fresh_database):
    return catalogue(fresh_database())


@pytest.fixture
def older(fresh_database):
    url = fresh_database(migrated=False)
    execute(url, OLD.read_text())
    return url


def test_a_database_of_the_development_version_is_brought_up_to_date(older, from_nothing):
    before = RolloutClient(PostgresAdapter(older)).adapter.call(
        "rollout_status", feature_name="hybrid_progressive_capture"
    )
    apply(older)
    assert catalogue(older) == from_nothing
    client = RolloutClient(PostgresAdapter(older))
    status = client.status()
    assert (status.rollout_percentage, status.emergency_stop_reason) == (40, "errors in the logs")
    assert control_jobs(older) == (25, 1), "an older row has no arm"
    assert status.eligible_repositories == before["eligible_repositories"]
    assert [entry.command for entry in client.history().entries][:3] == ["migrate", "emergencyStop", "setRollout"]
    assert {check.name: check.differences for check in client.verify().checks if check.differences} == {}
    client.resume(5)
    assert client.check_health().action == "none"


RELEASES = sorted(release.FOLDER.glob("*.sql.gz"))


def stored(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode() if file.suffix == ".gz" else file.read_text()


def test_the_database_of_this_release_is_kept():
    """`python -m tests.support.release` writes it; from then on its steps are not edited."""
    assert release.of_release(__version__) in RELEASES


@pytest.mark.parametrize("file", RELEASES, ids=lambda file: file.name.removesuffix(".sql.gz"))
def test_a_database_of_a_release_is_brought_up_to_date(file, fresh_database, from_nothing):
    url = fresh_database(migrated=False)
    execute(url, stored(file))
    with psycopg.connect(url) as connection:
        rows = one_row(connection.execute("select count(*) from rollout_history"))[0]
    apply(url)
    assert catalogue(url) == from_nothing
    client = RolloutClient(PostgresAdapter(url))
    status = client.status()
    assert (status.rollout_percentage, status.emergency_stop_reason) == (40, "errors in the logs")
    assert {check.name: check.differences for check in client.verify().checks if check.differences} == {}
    history = client.history(1000).entries
    assert len(history) >= rows
    assert [entry.command for entry in history if entry.command != "migrate"][:2] == ["emergencyStop", "setRollout"]
    assert client.resume(5).status.rollout_percentage == 5


@pytest.mark.parametrize("file", [OLD, *RELEASES], ids=lambda file: file.name)
def test_a_practice_folder_is_brought_up_to_date_by_the_next_console(file, tmp_path):
    with tempfile.TemporaryDirectory(prefix="rc-") as home:
        practice.folder_of_0_1_0(Path(home))
        server = Server(Path(home))
        server.start()
        execute(server.url(), servers.ROLES + stored(file))
        server.leave()
        done = run_console(console_environment(tmp_path, ROLLOUT_HOME=home), "rollout.status(); rollout.history()")
    assert done.stderr == ""
    assert "STOPPED (40 % is kept)" in done.stdout
    assert "errors in the logs" in done.stdout


def test_an_adopted_database_differs_only_in_what_the_host_chose(fresh_database, from_nothing):
    url = fresh_database(migrated=False)
    execute(url, EXISTING)
    apply(url)
    adopted = catalogue(url)
    four = ("rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history")
    chosen_by_the_host = {
        "functions": ("is_repository_eligible_for_rollout(", "categorize_repository(", "rollout.host_is_halted("),
        "relations": tuple(f"('{table}', 'r'" for table in four),
        "policies": tuple(f"('{table}'" for table in four),
        "columns": ("rollout_strategy",),
    }
    for kind, expected in from_nothing.items():
        different = [row for row in expected ^ adopted[kind] if not any(
            what in row for what in chosen_by_the_host.get(kind, ()))]  # fmt: skip
        assert different == [], kind


def test_exported_files_give_the_same_database(fresh_database, from_nothing, tmp_path):
    url = fresh_database(migrated=False)
    assert [file.name for file in export(tmp_path)][:-1] == [f"{step}.sql" for step in steps()]
    for file in sorted(tmp_path.iterdir()):  # as `supabase db push` does
        execute(url, file.read_text())
    assert catalogue(url) == from_nothing


def test_an_export_is_repeated_only_when_the_rules_have_changed(tmp_path, monkeypatch):
    export(tmp_path)
    assert export(tmp_path) == []
    newer = Rules("0123456789ab", "select 1;\n")
    monkeypatch.setattr("rollout_console.migrate.rules", lambda: newer)
    (written,) = export(tmp_path)
    assert written.name.endswith("_rollout_rules_0123456789ab.sql")
    assert written.name > f"{steps()[-1]}.sql"


def test_after_an_export_was_pushed_migrate_finds_nothing_to_do(fresh_database, tmp_path):
    url = fresh_database(migrated=False)
    export(tmp_path)
    ledger = "create schema if not exists supabase_migrations; create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text)"  # fmt: skip
    execute(url, ledger)
    for file in sorted(tmp_path.iterdir()):
        version, _, name = file.stem.partition("_")
        execute(url, file.read_text())
        with psycopg.connect(url) as connection:
            connection.execute(
                "insert into supabase_migrations.schema_migrations values (%s, %s, %s)",
                (version, file.read_text().split(";"), name),
            )
    assert pending(url) == []
