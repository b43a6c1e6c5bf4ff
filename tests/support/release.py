"""What a release leaves behind: `python -m tests.support.release` writes its database, which later versions upgrade, and
what its programs call, which they answer."""

from __future__ import annotations

import gzip
import subprocess
from pathlib import Path

import psycopg

from rollout_console import __version__
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support import ROOT, release_calls, servers, tools
from tests.support.changes import CHANGES
from tests.support.rollouts import OPERATOR, RolloutUnderTest

FOLDER = ROOT / "tests" / "migrations" / "releases"
VERSION = 15  # of PostgreSQL: later ones read what is dumped from it
# A dump gives rights in addition to those that a host gives by default on whatever is created.
WITHOUT_DEFAULTS = "".join(
    f"alter default privileges in schema public revoke all on {kind} from anon, authenticated, service_role;\n"
    for kind in ("tables", "functions", "sequences")
)


def of_release(version: str) -> Path:
    """Return the file that holds a release's database."""
    return FOLDER / f"{version}.sql.gz"


def calls_of_release(version: str) -> Path:
    """Return the file that holds what a release's programs call: parameters by function, and JSON Schemas of the answers."""
    return FOLDER / f"{version}.json.gz"


def dumped(url: str, *options: str) -> str:
    """Return the host's schema and ours as SQL that psycopg can execute on any supported version."""
    options = ("--no-owner", "--rows-per-insert=500", "--schema=public", "--schema=rollout", *options)
    command = [str(tools.postgresql(18) / "pg_dump"), *options, url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    of_pg_dump = ("SET ", "SELECT pg_catalog.set_config", "\\")
    of_project = ("CREATE SCHEMA public", "COMMENT ON SCHEMA public", "ALTER DEFAULT PRIVILEGES")
    lines = [line for line in text.splitlines() if not line.startswith((*of_pg_dump, *of_project))]
    return "set check_function_bodies = false;\n" + "\n".join(lines) + "\n"


def fill(rollout: RolloutUnderTest) -> None:
    """Make each change once, report jobs of both arms, and stop at 40 %."""
    rollout.add_repositories(60)
    rollout.client.categorize_all()
    with psycopg.connect(rollout.url, autocommit=True) as connection:
        for change in CHANGES.values():
            change.prepare(rollout.client, connection.execute)
            change.act(rollout.client)
    if rollout.client.status().emergency_stop:
        rollout.client.resume()
    rollout.client.set_rollout(40)
    rollout.report(good=40, bad=1, message="rate limited")
    rollout.client.emergency_stop("errors in the logs")


def write() -> Path:
    """Make a rollout on a new database, and keep it."""
    with servers.cluster(VERSION, durable=False) as cluster:
        url = servers.create_database(cluster.url, "release")
        client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
        client.create()
        rollout = RolloutUnderTest(client, url, "postgres", {})
        fill(rollout)
        FOLDER.mkdir(exist_ok=True)
        file = of_release(__version__)
        file.write_bytes(gzip.compress((WITHOUT_DEFAULTS + dumped(url)).encode(), mtime=0))
        calls_of_release(__version__).write_bytes(release_calls.packed(rollout))
        client.adapter.close()
    return file


if __name__ == "__main__":
    print(f"wrote {write().relative_to(ROOT)}")
