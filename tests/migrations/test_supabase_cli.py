"""The real Supabase CLI beside `rollout-console migrate`, as the host's team runs it: neither stands in the other's way."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from rollout_console.export import export
from rollout_console.migrate import apply, pending
from tests.support import ROOT, servers, tools

PAGE = (
    (ROOT / "docs" / "supabase.md")
    .read_text()
    .partition("### What the advisors will say")[2]
    .partition("## Upgrade")[0]
)
PUSHED = "select version from supabase_migrations.schema_migrations order by version"


class HostsRepository:
    """The host's own repository, with its migrations, and the CLI in it."""

    def __init__(self, folder: Path) -> None:
        self.migrations = folder / "supabase" / "migrations"
        self.migrations.mkdir(parents=True)
        (folder / "supabase" / "config.toml").write_text('project_id = "application"\n')
        self._folder = folder
        self._environment = {**os.environ, "DO_NOT_TRACK": "1", "HOME": str(folder)}

    def add(self, version: int, name: str) -> None:
        (self.migrations / f"{version}_{name}.sql").write_text(
            f"create schema {name}; create table {name}.own (id int);\n"
        )

    def run(self, *words: str, url: str) -> subprocess.CompletedProcess[str]:
        to = conninfo_to_dict(url)
        remote = f"--remote=postgresql://{to['user']}@{to['host']}:{to['port']}/{to['dbname']}?sslmode=disable"
        command = [str(tools.supabase_cli()), *words, "--yes", remote]
        return subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=60, check=False
        )

    def push(self, url: str) -> None:
        done = self.run("db", "push", url=url)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def repository(tmp_path):
    try:
        tools.supabase_cli()
    except tools.NotHere as error:
        pytest.skip(str(error))
    return HostsRepository(tmp_path)


def versions(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [version for (version,) in connection.execute(PUSHED).fetchall()]


def test_host_and_console_migrate_one_database_with_their_own_tools(repository, postgres15_url):
    url = servers.create_database(postgres15_url, "pushed", migrated=False)
    repository.add(20260101000000, "notes")
    repository.push(url)
    apply(url)
    repository.add(20990101000000, "later_notes")
    repository.push(url)
    assert versions(url) == ["20260101000000", "20990101000000"], "none of ours, and the host's next one went through"

    exported = export(repository.migrations)
    repository.push(url)  # what migrate has applied is applied again, without --include-all
    assert versions(url)[2:] == [file.name.partition("_")[0] for file in exported]
    assert pending(url) == ([], [])

    fresh = servers.create_database(postgres15_url, "pushed_alone", migrated=False)
    repository.push(fresh)  # as for a preview branch
    assert versions(fresh) == versions(url)
    assert pending(fresh) == ([], [])
    listed = repository.run("migration", "list", "--output-format", "json", url=fresh)
    assert [row["local"] == row["remote"] for row in json.loads(listed.stdout)["migrations"]] == [True] * 4
    advised = repository.run("db", "advisors", "--type", "all", "--level", "info", "--output-format", "json", url=fresh)
    ours = {row["name"] for row in json.loads(advised.stdout)["results"] if "notes" not in row["detail"]}
    assert ours == set(re.findall(r"^\| `(\w+)`", PAGE, re.MULTILINE)), (
        "the page prepares for what is said, and no more"
    )
