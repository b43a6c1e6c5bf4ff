"""PgBouncer in transaction mode before a server, from the system's package."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tests.support import tools
from tests.support.servers import free_port

SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {own_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = {sessions}
max_client_conn = 300
admin_users = {user}
query_wait_timeout = 30
server_login_retry = 1
"""


def who_is_there(through: str) -> str:
    """What a pooler knows of its clients and of the server's sessions."""
    with psycopg.connect(make_conninfo(through, dbname="pgbouncer"), autocommit=True) as console:
        cursor = psycopg.ClientCursor(console)
        seen = [(what, cursor.execute(f"show {what}").fetchall()) for what in ("pools", "clients", "servers")]
    return "\n".join(f"{what}: {row}" for what, rows in seen for row in rows)


@contextmanager
def pgbouncer(url: str, sessions: int = 1) -> Iterator[str]:
    """Run a pooler whose clients share so many sessions of the server; yield the URL through it."""
    program = shutil.which("pgbouncer") or shutil.which("pgbouncer", path="/usr/sbin")
    if program is None:
        pytest.skip("pgbouncer is not installed; to install it: apt-get install pgbouncer")
    parts = conninfo_to_dict(url)
    own_port = free_port()
    user = tools.server_user()
    folder = Path(tempfile.mkdtemp(prefix="rollout-pgbouncer-"))
    settings = folder / "pgbouncer.ini"
    target = {"host": parts["host"], "port": parts["port"], "user": parts.get("user", "postgres")}
    settings.write_text(SETTINGS.format(**target, own_port=own_port, sessions=sessions))
    if user:
        folder.chmod(0o755)
        shutil.chown(folder, user["user"], user["group"])
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([program, settings], stdout=log, stderr=log, **user)
    through = make_conninfo(url, host="127.0.0.1", port=own_port)
    try:
        for _ in range(500):
            try:
                psycopg.connect(through).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.02)
        else:
            raise RuntimeError((folder / "log").read_text())
        yield through
    finally:
        process.kill()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
