"""The embedded server as processes, sockets and folders: who uses it, starting it, and stopping it after the last."""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from rollout_console.adapters.embedded import cluster
from rollout_console.errors import NotConfigured, Unreachable

NEEDED_SPACE = 80 * 2**20  # bytes: a new data folder takes about 60 MB
PATIENCE = 60  # seconds for a server that is starting or stopping
ATTEMPTS = 50  # to start one while the processes of a killed one end, 0.1 seconds apart
PORT = "5432"  # a part of the socket's name: no network is listened on
SOCKET_PATH = 103  # bytes that the path of a socket may have
LONGEST = 900  # bytes: PostgreSQL cuts paths off at 1,024, with what it adds to this one
AFRESH = "begin afresh: rollout-console --reset-demo"


class Server:
    """A PostgreSQL server on a data folder, that runs while a console uses it.

    Each console holds a lock on a file of its own in the folder `consoles`, and loses it however it ends. Who starts
    or stops the server holds the lock on `consoles/turn`.

    Args:
        home: the folder that holds the data folder `postgres`.
    """

    def __init__(self, home: Path) -> None:
        self.home = home if str(home).startswith("~") else Path(os.path.realpath(home))
        self.data = self.home / "postgres"
        self.log = self.home / "postgres.log"
        self._consoles = self.home / "consoles"
        self._mine: IO[bytes] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server, or join the one that runs already; make the data folder if need be.

        Raises:
            NotConfigured: the wheel is not installed, or this user or this path can't have a server.
            Unreachable: the folder can't be written or the server does not start.
        """
        _refuse_path(self.home)
        cluster.programs()
        try:
            with self._turn():
                self._join()
                if not self.data.exists():
                    cluster.create(self.data)
                self._refuse_other_version()
                self._run()
        except (OSError, subprocess.SubprocessError) as error:
            raise Unreachable(self._why_not_started(error)) from error

    def leave(self) -> None:
        """Stop using the server, and stop it if no console is left that uses it."""
        atexit.unregister(self.leave)
        if not self.data.exists():
            return
        with contextlib.suppress(OSError), self._turn():
            if self._mine is not None:
                Path(self._mine.name).unlink(missing_ok=True)
                self._mine.close()
                self._mine = None
            if not self._others():
                self._stop()

    def reset(self) -> None:
        """Stop the server and delete its data; the next start loads the samples again.

        Raises:
            Unreachable: another console is using the data, or it can't be deleted.
        """
        if not self.data.exists():
            return
        try:
            with self._turn():
                if others := ", ".join(self._others()):
                    raise Unreachable(
                        f"another console uses the practice database ({others}); "
                        "close it, then: rollout-console --reset-demo"
                    )
                self._stop()
                shutil.rmtree(self.data)
        except OSError as error:
            raise Unreachable(f"the practice database in {self.data} can't be deleted: {error}") from error

    def is_ready(self) -> bool:
        """Return whether this process uses the server, and it runs and has started."""
        return self._mine is not None and self._lock_file()[-1:] == ["ready"] and self._listens()

    def url(self, role: str = "postgres") -> str:
        """Return a role's connection string, by default that of who migrates and operates."""
        from psycopg import conninfo

        return conninfo.make_conninfo(host=str(self._socket_folder()), port=PORT, user=role, dbname="postgres")

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        self._consoles.mkdir(parents=True, exist_ok=True)
        with (self._consoles / "turn").open("wb") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            yield

    def _join(self) -> None:
        if self._mine is None:
            name = self._consoles / f"{os.getpid()}-{time.time_ns()}"
            self._mine = name.open("xb")
            fcntl.flock(self._mine, fcntl.LOCK_EX)
            atexit.register(self.leave)

    def _others(self) -> list[str]:
        """Return the other consoles that use the server, as `process 4711`; remove the files of those that ended."""
        found = []
        for name in self._consoles.glob("*-*"):
            with name.open("rb") as theirs:
                try:
                    fcntl.flock(theirs, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    found.append(f"process {name.name.partition('-')[0]}")
                else:
                    name.unlink()
        return found

    def _run(self) -> None:
        """Launch the server unless it runs, and wait until it is ready.

        One that was killed leaves its lock file, and its child processes hold the shared memory for a moment: then
        PostgreSQL itself refuses to start, so it is launched again.
        """
        attempts = ATTEMPTS if self._lock_file() else 1
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            if not self._listens() and (self._process is None or self._process.poll() is not None):
                if not attempts:
                    raise subprocess.SubprocessError("postgres ended")
                attempts -= 1
                self._launch()
            if time.monotonic() > deadline:
                raise TimeoutError(f"not ready after {PATIENCE} s")
            time.sleep(0.02 if attempts else 0.1)

    def _launch(self) -> None:
        user = cluster.server_user(self.data)
        cluster.let_in(self.data, user)
        # PostgreSQL takes the process id in a lock file for a server that runs, though it may be a zombie's in a
        # container that reaps nothing, or another program's since a power cut. Nothing listens, so it is told to pass
        # over that one; whether anybody still has the data open it goes on to see from the shared memory.
        passed_over = {"PG_GRANDPARENT_PID": "".join(self._lock_file()[:1])}
        self.log.touch(mode=0o600)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                # The socket is named relative to the data folder: so it has room for its name, wherever that is.
                [cluster.programs() / "postgres", "-D", self.data, "-p", PORT, "-k", ".", "-c", "listen_addresses="],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=cluster.environment() | passed_over,
                start_new_session=True,  # Ctrl-C and a terminal that closes do not end it
                **user,
            )

    def _stop(self) -> None:
        lines = self._lock_file()
        if not lines or not self._listens():
            return
        pid = int(lines[0])
        os.kill(pid, signal.SIGINT)
        deadline = time.monotonic() + PATIENCE
        while self._lock_file()[:1] == [str(pid)]:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the server, process {pid}, does not stop")
            time.sleep(0.02)
        if self._process is not None:
            self._process.wait(PATIENCE)

    def _lock_file(self) -> list[str]:
        """The lines of PostgreSQL's lock file: first the process id, at last the state."""
        try:
            text = (self.data / "postmaster.pid").read_text(errors="surrogateescape")
        except OSError:
            return []
        return [line.strip() for line in text.splitlines()]

    def _listens(self) -> bool:
        with socket.socket(socket.AF_UNIX) as attempt:
            try:
                attempt.connect(os.fsencode(self._socket_folder() / f".s.PGSQL.{PORT}"))
            except (ConnectionRefusedError, FileNotFoundError):
                return False
            except OSError:
                pass  # there is a socket; its server may be busy
        return True

    def _socket_folder(self) -> Path:
        """The data folder, or a link to it of a kind that libpq can use: short, without a comma, in UTF-8."""
        path = os.fsencode(self.data / f".s.PGSQL.{PORT}")
        with contextlib.suppress(UnicodeDecodeError):
            if len(path) <= SOCKET_PATH and "," not in path.decode():
                return self.data
        folder = Path(tempfile.gettempdir()) / f"rollout-{os.geteuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.lstat().st_uid != os.geteuid():
            raise Unreachable(f"{folder} belongs to another user; set TMPDIR to a folder of yours")
        folder.chmod(0o700)
        link = folder / hashlib.sha256(path).hexdigest()[:16]
        if not link.is_symlink():
            with contextlib.suppress(FileExistsError):
                link.symlink_to(self.data)
        return link

    def _refuse_other_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != cluster.VERSION:
            raise Unreachable(f"the data in {self.data} is of PostgreSQL {version}, not {cluster.VERSION}; {AFRESH}")

    def _why_not_started(self, error: Exception) -> str:
        with contextlib.suppress(OSError):
            if shutil.disk_usage(self.home).free < NEEDED_SPACE:
                return f"no space left for the local database in {self.home}; make room or set ROLLOUT_HOME elsewhere"
        if isinstance(error, PermissionError):
            return f"the folder {self.home} is not writable; set ROLLOUT_HOME to one that is"
        if isinstance(error, OSError):
            return f"the local database did not start ({error}); set ROLLOUT_HOME to another folder"
        if isinstance(error, subprocess.CalledProcessError):
            said = error.stderr.decode(errors="replace").splitlines()
            cause = next((line for line in said if "error:" in line or "FATAL:" in line), "".join(said))
            return f"the local database can't be made ({cause}); set ROLLOUT_HOME to another folder"
        return f"the local database did not start; see {self.log}, or {AFRESH}"


def _refuse_path(home: Path) -> None:
    """Refuse what PostgreSQL can't have as a data folder, before anything is made.

    Raises:
        NotConfigured: the path has a line feed, which its lock file does not hold; is too long; or is no path.
    """
    if not home.is_absolute():
        raise NotConfigured("this user has no home directory; set ROLLOUT_HOME to a folder that it may write")
    if len(os.fsencode(home)) > LONGEST or set("\r\n") & set(str(home)):
        raise NotConfigured(
            f"the path of the practice database has a line break or more than {LONGEST} bytes, which PostgreSQL can't "
            "use; set ROLLOUT_HOME to another folder"
        )
