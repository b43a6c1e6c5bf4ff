"""The embedded server as processes, sockets and folders: starting it, and clearing up after one that was killed."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

from rollout_console.adapters.embedded.wheel import load, quiet
from rollout_console.errors import NotConfigured, Unreachable

NEEDED_SPACE = 80 * 2**20  # bytes: a new data folder takes about 60 MB
PATIENCE = 5  # seconds for a server that is being killed or started to show which it is
INSTALL = (
    "no target: set SUPABASE_URL and SUPABASE_SECRET_KEY, or ROLLOUT_DATABASE_URL, "
    "or install the embedded database: pip install 'rollout-console[local]'"
)


def accepts_connections(server: Any) -> bool:
    """Return whether a server that `start` returned still runs."""
    import psycopg

    try:
        psycopg.connect(server.get_uri(), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def reset(home: Path) -> None:
    """Stop the embedded server and delete its data; the next start loads the samples again.

    Args:
        home: the folder that holds the data folder `postgres`.

    Raises:
        NotConfigured: the wheel is not installed.
        Unreachable: another console is using the data, or it can't be deleted.
    """
    data = home / "postgres"
    if not data.exists():
        return
    server = start(data)
    others = [pid for pid in server.global_process_id_list.get_and_add(os.getpid()) if pid != os.getpid()]
    if others:
        processes = ", ".join(f"process {pid}" for pid in others)
        raise Unreachable(
            f"another console uses the practice database ({processes}); close it, then: rollout-console --reset-demo"
        )
    server.cleanup()
    shutil.rmtree(data)


def start(data: Path) -> Any:
    """Start the server of a data folder, or join the one that runs there already; make the folder if need be.

    Returns:
        The wheel's handle of the server, which stops it when the last process that uses it ends.

    Raises:
        NotConfigured: the wheel is not installed.
        Unreachable: the folder can't be written or the server does not start.
    """
    try:
        pgserver = load()
    except ImportError as error:
        raise NotConfigured(INSTALL) from error
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        with quiet():
            _forget_dead_server(data)
            # A handle of an earlier server in this process would be returned as it is, dead or not.
            pgserver.PostgresServer._instances.pop(data.resolve(), None)
            server = pgserver.get_server(data, cleanup_mode="stop")
            _close_to_others(server.get_postmaster_info().socket_dir or data, data)
            _forget_dead_consoles(server)
            return server
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise Unreachable(_why_not_started(data, error)) from error


def _close_to_others(folder: Path, data: Path) -> None:
    """Close the socket's folder to all but the server's user (and root, who can enter any folder).

    If the path of the data folder is too long for a socket, the wheel puts the socket in another folder, which
    it opens to everybody when root runs it; and whoever can reach the socket is the superuser.
    """
    if folder.stat().st_mode & 0o077 and hasattr(os, "chown"):
        os.chown(folder, data.stat().st_uid, -1)
        folder.chmod(0o700)


def _forget_dead_consoles(server: Any) -> None:
    """Strike consoles that were killed off the wheel's list, or the last one to leave would not stop the server."""
    import psutil

    for pid in server.global_process_id_list.get_and_add(os.getpid()):
        try:
            process = psutil.Process(pid)
            alive = process.status() != psutil.STATUS_ZOMBIE and any("python" in part for part in process.cmdline())
        except psutil.NoSuchProcess:
            alive = False
        except psutil.Error:
            alive = True
        if not alive:
            server.global_process_id_list.get_and_remove(pid)


def _forget_dead_server(data: Path) -> None:
    """Remove the lock files of a server that was killed, so that the next one can start.

    Its child processes end by themselves after a moment; until then they hold its shared memory. In a
    container where nothing reaps orphans, the killed server stays listed as a zombie, PostgreSQL takes it for
    a running one, and would never start again.
    """
    lock = data / "postmaster.pid"
    try:
        pid, _, _, port, socket_folder, *_ = lock.read_text().split("\n")
        if not _is_dead(int(pid), Path(socket_folder, f".s.PGSQL.{port}") if socket_folder else None):
            return
    except (OSError, ValueError):
        return
    deadline = time.monotonic() + PATIENCE
    while _live_processes_in(data) and time.monotonic() < deadline:
        time.sleep(0.1)
    if not _live_processes_in(data):
        for stale in (lock, *Path(socket_folder).glob(".s.PGSQL.*.lock")):
            stale.unlink(missing_ok=True)


def _is_dead(pid: int, address: Path | None) -> bool:
    """Return whether the process of a lock file is no longer a server, or never was one.

    A killed server closes its socket before the system lists it as dead, and a starting one is alive before
    it listens, so a server that does not listen is asked again for PATIENCE. A process of another name has
    been given the process id of a server that ended without removing its lock file, as in a power cut.
    """
    import psutil

    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE or not process.name().startswith("postgres"):
                return True
        except psutil.NoSuchProcess:
            return True
        except psutil.Error:
            return False
        if address is None or _listens(address):
            return False
        time.sleep(0.05)
    return False


def _listens(address: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as attempt:
        try:
            attempt.connect(str(address))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:
            pass  # there is a socket; its server may be busy
    return True


def _live_processes_in(data: Path) -> bool:
    import psutil

    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] == "postgres" and process.info["status"] != psutil.STATUS_ZOMBIE:
            with contextlib.suppress(psutil.Error):
                if Path(process.cwd()) == data.resolve():
                    return True
    return False


def _why_not_started(data: Path, error: Exception) -> str:
    log = data / "log"
    with contextlib.suppress(OSError):
        if shutil.disk_usage(data.parent).free < NEEDED_SPACE:
            return f"no space left for the local database in {data}; make room or set ROLLOUT_HOME elsewhere"
    if isinstance(error, PermissionError) or not os.access(data.parent, os.W_OK):
        return f"the folder {data.parent} is not writable; set ROLLOUT_HOME to one that is"
    if isinstance(error, OSError):
        return f"the local database did not start ({error}); set ROLLOUT_HOME to another folder"
    return f"the local database did not start; see {log}, or begin afresh: rollout-console --reset-demo"
