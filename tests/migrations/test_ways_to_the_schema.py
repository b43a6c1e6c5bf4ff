"""Whatever way a database has come, it ends in the same functions, tables, privileges and comments."""

from __future__ import annotations

import gzip
import json
import tempfile
import uuid
from pathlib import Path

import psycopg
import pytest
from jsonschema import Draft202012Validator
from psycopg import sql
from psycopg.types.json import Jsonb

from rollout_console import __version__
from rollout_console.adapters.embedded import Server
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.export import export
from rollout_console.migrate import Rules, apply, pending, rules, steps
from tests.migrations.deployments import EXISTING
from tests.support import hosted, practice, release, release_calls, servers
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.rows import one_row
from tests.support.terminal import console_environment, run_console

OURS = (
    "(c.relnamespace = 'rollout'::regnamespace or c.relnamespace = 'public'::regnamespace and"
    " (c.relname like 'rollout\\_%%' or c.relname = 'repository_categories'))"
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


def execute(url: str, script: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(script)


@pytest.fixture
def from_nothing(fresh_database):
    return catalogue(fresh_database())


def own_database(own_server: str) -> str:
    """Create a database where `postgres` is the superuser: no hosted project takes what 0.1.0 migrated."""
    name = f"own_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(own_server, name, migrated=False, template="template1")
    execute(url, hosted.BEFORE_OCTOBER_2026)
    return url


@pytest.fixture(scope="module")
def own_from_nothing(own_server_url):
    url = own_database(own_server_url)
    apply(url)
    return catalogue(url)


def test_a_superuser_of_ones_own_server_gets_what_a_hosted_project_gets(own_from_nothing, postgres15_url):
    name = f"fresh_{uuid.uuid4().hex[:12]}"
    project = servers.create_database(postgres15_url, name, template=hosted.TEMPLATE_BEFORE)
    assert own_from_nothing == catalogue(project)


RELEASES = sorted(release.FOLDER.glob("*.sql.gz"))
EARLIER = [file for file in RELEASES if file != release.of_release(__version__)]


def stored(file: Path) -> str:
    return gzip.decompress(file.read_bytes()).decode()


def test_the_database_of_this_release_is_kept():
    """`python -m tests.support.release` writes it; from then on its steps are not edited."""
    assert release.of_release(__version__) in RELEASES


def test_what_this_release_calls_is_kept_and_answered(postgres15_url):
    url = servers.create_database(postgres15_url, f"calls_{uuid.uuid4().hex[:12]}")
    rollout = RolloutUnderTest(RolloutClient(PostgresAdapter(url), who=OPERATOR), url, "postgres", {})
    rollout.client.create()
    release.fill(rollout)
    file = release.calls_of_release(__version__)
    assert gzip.decompress(release_calls.packed(rollout)) == gzip.decompress(file.read_bytes()), (
        "type: python -m tests.support.release"
    )
    assert answers_to(file, url) == (set(), set())
    rollout.client.adapter.close()


# Arguments that a console can't leave out.
GIVEN: dict[str, dict[str, object]] = {
    "rollout_add_to_blacklist": {"repositories": ["acme/repo-3"]},
    "rollout_add_to_whitelist": {"repositories": ["acme/repo-4"]},
    "rollout_claim_alerts": {"kinds": ["stop", "trip"]},
    "rollout_confirm_alerts": {"operation": str(uuid.uuid4()), "sent": []},
    "rollout_configure": {"settings": Jsonb({"max_error_rate": 6})},
    "rollout_eligible_repositories": {"ids": []},
    "rollout_emergency_stop": {"reason": "again"},
    "rollout_explain": {"repository": "acme/repo-4"},
    "rollout_find_repositories": {"prefix": "acme"},
    "rollout_mark_as_test": {"repositories": ["acme/repo-5"]},
    "rollout_monitor_beat": {"monitor_id": str(uuid.uuid4()), "every_seconds": 60},
    "rollout_note": {"reason": "seen"},
    "rollout_preview": {"percentage": 50},
    "rollout_remove_from_blacklist": {"repositories": ["acme/repo-3"]},
    "rollout_remove_from_whitelist": {"repositories": ["acme/repo-4"]},
    "rollout_rollback": {"percentage": 0},
    "rollout_set_auto_rollback": {"enabled": False},
    "rollout_set_percentage": {"percentage": 30},
    "rollout_unmark_as_test": {"repositories": ["acme/repo-5"]},
}
# Calls of a release that are refused (one says who is in the way, one is for the sample data), and those that are answered
# in another form, as docs/upgrading.md says.
DIFFERENCES = {
    "0.1.0": ({"rollout_blocked", "rollout_simulate"}, {"rollout_guardrail", "rollout_list_settings"}),
}


def answers_to(calls: Path, url: str, only: str | None = None) -> tuple[set[str], set[str]]:
    """Call what a release's programs call, and return which functions refused and which answered in another form."""
    kept = json.loads(stored(calls))
    refused: set[str] = set()
    other_form: set[str] = set()
    with psycopg.connect(url, autocommit=True) as connection:
        for function, call in kept["calls"].items() if only is None else [(only, kept["calls"][only])]:
            arguments = dict(GIVEN.get(function, {}))
            if "context" in call["parameters"]:
                arguments["context"] = Jsonb({"operator": "ada", "host": "desk", "operation_id": str(uuid.uuid4())})
            named = sql.SQL(", ").join(sql.SQL("{} => {}").format(sql.Identifier(n), v) for n, v in arguments.items())
            try:
                query = sql.SQL("select public.{}({})").format(sql.Identifier(function), named)
                answer = one_row(connection.execute(query))[0]
            except psycopg.Error as error:
                refused.add(function if (error.sqlstate or "").startswith("RC") else f"{function}: {error}")
                continue
            schema = {"$ref": f"#/$defs/{call['answer']}", "$defs": kept["$defs"]}
            if call["answer"] and not Draft202012Validator(schema).is_valid(answer):
                other_form.add(function)
            if call["answer"] and function in ("rollout_emergency_stop", "rollout_rollback"):
                assert answer["change"]["id"] == answer["operation_id"]
    return refused, other_form


# What plan(freeze=) of 0.1.0 stored: of a freeze to come, of one that is over, and of one under a hold.
FROZEN = """
update rollout_configuration set plan = plan || '{"frozen_until": "2099-01-31T12:00:00+00:00"}';
insert into rollout_configuration (feature_name, is_active, plan, held_reason, held_by, held_at) values
    ('was_frozen', true, '{"frozen_until": "2020-01-31T12:00:00+00:00"}', null, null, null),
    ('is_held', true, '{"frozen_until": "2099-01-31T12:00:00+00:00"}', 'looking', 'rex', now());
"""


@pytest.mark.parametrize("file", EARLIER, ids=lambda file: file.name.removesuffix(".sql.gz"))
def test_a_database_of_a_release_is_brought_up_to_date(file, own_server_url, own_from_nothing):
    url = own_database(own_server_url)
    execute(url, stored(file) + FROZEN)
    with psycopg.connect(url) as connection:
        rows = one_row(connection.execute("select count(*) from rollout_history"))[0]
    apply(url)
    assert catalogue(url) == own_from_nothing
    client = RolloutClient(PostgresAdapter(url))
    status = client.status()
    assert (status.rollout_percentage, status.emergency_stop_reason) == (40, "errors in the logs")
    assert {check.name: check.differences for check in client.verify().checks if check.differences} == {}
    history = client.history(1000).entries
    assert len(history) >= rows
    assert [entry.command for entry in history if entry.command not in (None, "migrate")][:2] == [
        "emergencyStop",
        "setRollout",
    ]
    assert client.resume(5).status.rollout_percentage == 5
    client.emergency_stop("while consoles and monitors of the release run on")  # R18: a stop is never read as not made
    version = file.name.removesuffix(".sql.gz")
    calls = release.calls_of_release(version)
    assert answers_to(calls, url) == DIFFERENCES[version]
    client.resume()
    client.configure(guardrail="compared")
    assert answers_to(calls, url, "rollout_emergency_stop") == (set(), set())

    held = status.held_reason, status.held_by, f"{status.held_until:%Y-%m-%d %H:%M}", status.held_at is not None
    assert held == ("frozen", "plan(freeze=)", "2099-01-31 12:00", True)
    assert "a freeze is a hold with an end now" in [entry.reason for entry in history if entry.command == "migrate"]
    for feature, reason in [("was_frozen", None), ("is_held", "looking")]:
        kept = RolloutClient(client.adapter, feature).status()
        assert (kept.held_reason, kept.held_until) == (reason, None)


@pytest.mark.parametrize("file", EARLIER, ids=lambda file: file.name)
def test_a_practice_folder_is_brought_up_to_date_by_the_next_console(file, tmp_path):
    with tempfile.TemporaryDirectory(prefix="rc-") as home:
        practice.folder_of_0_1_0(Path(home))
        server = Server(Path(home))
        server.start()
        execute(server.url(), servers.OF_ONES_OWN + stored(file))
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
        "functions": (
            "is_repository_eligible_for_rollout(",
            "categorize_repository(",
            "rollout.host_is_halted(",
            "rollout_eligible_repositories(",
        ),
        "relations": tuple(f"('{table}', 'r'" for table in four),
        "policies": tuple(f"('{table}'" for table in four),
        "columns": ("rollout_strategy",),
        "views": ("('rollout_host_repositories'",),  # fits the columns that are there
    }
    for kind, expected in from_nothing.items():
        different = [row for row in expected ^ adopted[kind] if not any(
            what in row for what in chosen_by_the_host.get(kind, ()))]  # fmt: skip
        assert different == [], kind


def test_exported_files_give_the_same_database(fresh_database, from_nothing, tmp_path):
    url = fresh_database(migrated=False)
    everything, older_reports = export(tmp_path)
    for file in (everything, older_reports):
        assert "set lock_timeout = '4s';" in file.read_text().splitlines()[:3]
        execute(url, file.read_text())
    assert catalogue(url) == from_nothing
    assert pending(url) == ([], [])


def test_an_export_writes_what_the_folder_lacks_and_after_all_others(tmp_path, monkeypatch):
    (tmp_path / "20990101000000_of_the_host.sql").write_text("select 1;\n")
    assert [file.name for file in export(tmp_path)] == [
        f"20990101000001_rollout_{rules().checksum}.sql", "20990101000002_rollout_count_older_reports.sql"]  # fmt: skip
    assert export(tmp_path) == []
    older, newer = rules(), Rules("select 1;\n")
    monkeypatch.setattr("rollout_console.export.rules", lambda: newer)
    (written,) = export(tmp_path)
    assert written.name == f"20990101000003_rollout_{newer.checksum}.sql"
    assert steps()[0].record not in written.read_text(), "it holds the rules alone"
    monkeypatch.setattr("rollout_console.export.rules", lambda: older)
    assert len(export(tmp_path)) == 1, "those of before come after the newer ones, again"
