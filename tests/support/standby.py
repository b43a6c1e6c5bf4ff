"""A hot standby of a cluster: a copy of its files that follows it by streaming replication."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.support.rows import one_row
from tests.support.servers import Cluster, free_port, outage


class Standby(Cluster):
    """Copies the files of a primary, which is stopped meanwhile, and follows it from then on."""

    def __init__(self, primary: Cluster, folder: Path) -> None:
        self._folder = folder
        self._programs, self._user, self._options = primary._programs, primary._user, primary._options
        self._environment = primary._environment
        self._port = free_port()
        self._is_laid_out = True
        self.url = f"postgresql://postgres@127.0.0.1:{self._port}/postgres"
        folder.parent.chmod(0o755)
        with outage(primary):
            shutil.copytree(primary._folder, folder, ignore=shutil.ignore_patterns("log"))
        parts = conninfo_to_dict(primary.url)
        with (folder / "data/postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"primary_conninfo = 'host={parts['host']} port={parts['port']} user=postgres application_name=standby'\n"
            )
        (folder / "data/standby.signal").touch()
        if self._user:
            for path in (folder, *folder.rglob("*")):
                shutil.chown(path, self._user["user"], self._user["group"])
        self.start()

    def promote(self) -> None:
        command: list[str | Path] = [self._programs / "pg_ctl", "promote", "--wait", "-D", "data"]
        subprocess.run(command, check=True, cwd=self._folder, capture_output=True, **self._user)


@contextmanager
def standby(primary: Cluster) -> Iterator[Standby]:
    """Run a standby of a primary, and wait until it follows."""
    top = Path(tempfile.mkdtemp(prefix="rollout-standby-"))
    follower = Standby(primary, top / "server")
    try:
        deadline = time.monotonic() + 30
        with psycopg.connect(primary.url, autocommit=True) as connection:
            while one_row(connection.execute("select count(*) from pg_stat_replication")) == (0,):
                assert time.monotonic() < deadline, (top / "server/log").read_text()
                time.sleep(0.05)
        yield follower
    finally:
        follower.kill()
        shutil.rmtree(top, ignore_errors=True)
