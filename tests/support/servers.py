"""The real servers that the tests run against, started once a session and thrown away."""

from __future__ import annotations

import functools
import hashlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollout_console import migrate
from rollout_console.adapters.embedded.cluster import ROLES
from rollout_console.data_files import data_file
from tests.support import hosted, owner, tools

IN_MEMORY = Path("/dev/shm")  # where Linux has files that nobody keeps
ROOM = 8 << 30  # bytes free there that the databases of a whole run need

# What the superuser of a server of one's own has beside himself, so that the API's roles can be given their rights.
OF_ONES_OWN = "create role anon; create role authenticated; create role service_role bypassrls;"

PORTS = range(20_000, 32_000)  # below those that systems give to whoever connects

KEPT = 12  # servers as they are before a test, of 70 MB each: some versions, and what the rules were lately


@contextmanager
def embedded_server() -> Iterator[str]:
    """PostgreSQL 18 from the wheel: its URL."""
    with cluster(18, durable=False) as server:
        yield server.url


class Cluster:
    """A PostgreSQL of its own, a child of this process, so that it can be killed with all its processes.

    Args:
        folder: a new folder for its files.
        version: 15 to 18.
        durable: whether commits wait for the disk.
        settings: of the server, beside those of all.
        environment: variables of its processes, beside our own.
        is_hosted: whether it is laid out as a hosted project; else `postgres` is its superuser.
        as_made: whether its files are a copy of what was made once; else they are made.
    """

    def __init__(
        self,
        folder: Path,
        version: int = 15,
        *,
        durable: bool = True,
        settings: Mapping[str, object] | None = None,
        environment: Mapping[str, str] | None = None,
        is_hosted: bool = True,
        as_made: bool = True,
    ) -> None:
        folder.mkdir()
        folder.parent.chmod(0o755)
        self._folder = folder
        self._programs = tools.postgresql(version)
        self._port = free_port()
        self._user = tools.server_user()
        self._options = ["-c", "listen_addresses=127.0.0.1", "-c", f"fsync={'on' if durable else 'off'}"]
        self._options += ["-c", "max_connections=200", "-c", "log_line_prefix=%d/%a/", "-c", "max_wal_size=128MB"]
        self._options += ["-c", "max_prepared_transactions=5"]
        # Shared memory is among its files, and so is gone with them, even if it was killed.
        self._options += ["-c", "dynamic_shared_memory_type=mmap"]
        self._options += [word for name, value in (settings or {}).items() for word in ("-c", f"{name}={value}")]
        self._environment = {**os.environ, **(environment or {})}
        self._superuser = hosted.SUPERUSER if is_hosted else "postgres"
        self._is_laid_out = as_made
        if self._user:
            shutil.chown(self._folder, self._user["user"], self._user["group"])
        if as_made:
            _copy_made(version, self._folder / "data", is_hosted=is_hosted)
        else:
            options = ["-D", "data", "-U", self._superuser, "-A", "trust", "-E", "utf8", "--locale=C.UTF-8"]
            subprocess.run(
                [self._programs / "initdb", *options, "--no-sync"], check=True, cwd=self._folder, capture_output=True,
                **self._user,
            )  # fmt: skip
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def start(self) -> None:
        with (self._folder / "log").open("a") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", "-p", str(self._port), "-k", "", *self._options],
                cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self._environment, **self._user,
            )  # fmt: skip
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                if self._is_laid_out:
                    psycopg.connect(self.url).close()
                else:
                    self._lay_out()
            except psycopg.OperationalError:
                time.sleep(0.02)
            else:
                return
        raise RuntimeError((self._folder / "log").read_text())

    def _lay_out(self) -> None:
        """Make roles, templates, and of each template one that is migrated."""
        url = with_user(self.url, self._superuser)
        if self._superuser == hosted.SUPERUSER:
            hosted.lay_out(url)
        else:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(OF_ONES_OWN)
        for template in hosted.TEMPLATES if self._superuser == hosted.SUPERUSER else ["template1"]:
            migrate.apply(create_database(self.url, migrated_of(template), migrated=False, template=template))
        self._is_laid_out = True

    @property
    def pid(self) -> int:
        """The server's own process, of which all others are children."""
        return self._process.pid

    def configure(self, **settings: object) -> None:
        """Set settings of the running server, as whoever may edit its files; none are those that it started with."""
        file = self._folder / "data/postgresql.auto.conf"
        file.write_text("".join(f"{name} = '{value}'\n" for name, value in settings.items()))
        self._process.send_signal(signal.SIGHUP)

    def stop(self) -> None:
        """End it in order, with all sessions."""
        self._process.send_signal(signal.SIGINT)
        self._process.wait(30)

    def begin_next_epoch(self) -> None:
        """Have it be past 4 thousand million transactions, once it is started again; only 18, while it is stopped."""
        command = [str(self._programs / "pg_resetwal"), "--force", "--epoch", "1", "-D", "data"]
        subprocess.run(command, check=True, cwd=self._folder, capture_output=True, **self._user)

    def end(self) -> None:
        """End it at once, whatever its sessions do; killed, it would leave its shared memory behind."""
        for sent in (signal.SIGQUIT, signal.SIGCONT):
            self._process.send_signal(sent)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """SIGKILL for the server and each of its processes, as when the machine loses its power."""
        if self._process.poll() is not None:
            return
        import psutil

        everyone = psutil.Process(self._process.pid).children(recursive=True)
        self._process.kill()
        for process in everyone:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait()
        psutil.wait_procs(everyone, timeout=10)


@contextmanager
def cluster(version: int = 15, *, within: Path | None = None, **arguments: Any) -> Iterator[Cluster]:
    """Run a `Cluster`, by default in a temporary folder; skip the test where there are no programs for it.

    One that need not be durable is in memory, where there is room.
    """
    try:
        tools.postgresql(version)
    except tools.NotHere as error:
        pytest.skip(str(error))
    if within is None and not arguments.get("durable", True):
        within = _in_memory()
    top = Path(tempfile.mkdtemp(prefix=f"rollout-pg{version}-", dir=within))
    cluster = Cluster(top / "server", version, **arguments)
    cluster.start()
    try:
        yield cluster
    finally:
        cluster.end()
        shutil.rmtree(top, ignore_errors=True)


def _copy_made(version: int, data: Path, *, is_hosted: bool) -> None:
    """Copy the files of a new server, laid out and migrated; they are made anew once what they are made from changes."""
    migrations = data_file("migrations")
    sources = [*sorted(migrations.rglob("*.sql")), Path(migrate.__file__), ROLES, hosted.REST]
    sources += [Path(hosted.__file__), Path(__file__)]
    described = hashlib.sha256(str((version, tools.postgresql(version), is_hosted)).encode())
    for source in sources:
        described.update(source.read_bytes())
    name = described.hexdigest()[:16]
    made = tools.kept("servers", name, functools.partial(_make, version, is_hosted), KEPT)
    subprocess.run(["cp", "-Rp", made, data], check=True)


def _make(version: int, is_hosted: bool, path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="rollout-made-", dir=_in_memory()) as folder:
        server = Cluster(Path(folder) / "server", version, durable=False, is_hosted=is_hosted, as_made=False)
        server.start()
        server.stop()
        subprocess.run(["cp", "-Rp", Path(folder) / "server/data", path], check=True)


def migrated_of(template: str) -> str:
    """Return the name of the template that is the same, migrated."""
    return f"{template}_migrated"


def _in_memory() -> Path | None:
    """Return the folder that is in memory, if it has room."""
    return IN_MEMORY if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > ROOM else None


@contextmanager
def outage(cluster: Cluster) -> Iterator[None]:
    """Stop a cluster, as for maintenance, and start it again at the end."""
    cluster.stop()
    try:
        yield
    finally:
        cluster.start()


def free_port() -> int:
    """Return a port at which nobody listens, and which no connection is given for its own end meanwhile."""
    chance = random.Random()  # from the system: of several processes each looks elsewhere
    while True:
        with socket.socket() as probe, suppress(OSError):
            port = chance.choice(PORTS)
            probe.bind(("127.0.0.1", port))
            return port


def create_database(server_url: str, name: str, *, migrated: bool = True, template: str = hosted.TEMPLATE) -> str:
    """Create a database as a project has it, by default migrated, and return its URL."""
    template = migrated_of(template) if migrated else template
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f'create database "{name}" template {template}')
    return with_database(server_url, name)


def with_database(server_url: str, name: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(server_url, dbname=name)


def with_user(url: str, name: str) -> str:
    from psycopg.conninfo import make_conninfo

    return make_conninfo(url, user=name)


# To truncate a table takes a hundred times as long as to delete the few rows that most tests leave. But pages without
# rows that autovacuum has looked at are a table without rows to the planner, however many come: only truncating makes
# it forget them.
EMPTY = """
    do $$
    declare
        emptied record;
    begin
        set local session_replication_role = replica;
        for emptied in
            select oid::regclass as name, reltuples >= 0 or pg_relation_size(oid) > 200000 as is_known from pg_class
            where relnamespace in ('public'::regnamespace, 'rollout'::regnamespace) and relkind in ('r', 'p')
              and oid not in ('rollout.rules'::regclass, 'rollout.migrations'::regclass)
        loop
            execute format(
                case when emptied.is_known then 'truncate %s cascade' else 'delete from %s' end, emptied.name);
        end loop;
    end $$
"""


def empty(url: str) -> None:
    """Take every row out, past the triggers that forbid it: back to a freshly migrated database."""
    owner.session(url).execute(EMPTY)
