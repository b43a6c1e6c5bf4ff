"""A Supabase-compatible API in front of a database of the tests: @supabase/lite, pinned in tests/support/npm/."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import ProxyHandler, Request, build_opener

from psycopg.conninfo import conninfo_to_dict

from tests.support import tools
from tests.support.servers import free_port

CONFIG = Path(__file__).with_name("npm") / "config.mjs"
QUIET = {"DO_NOT_TRACK": "1", "LITE_TELEMETRY": "0"}


@dataclass(frozen=True)
class Api:
    """A running API: where, and the keys of its two roles."""

    url: str
    secret_key: str
    publishable_key: str

    @property
    def port(self) -> int:
        return int(self.url.rsplit(":", 1)[1])


class Server:
    """The API as a process, which can be killed and started again where it was.

    The database must have the roles, and be migrated: the API looks at both when it starts.
    """

    def __init__(self, database_url: str) -> None:
        self.api = Api(
            f"http://127.0.0.1:{free_port()}",
            f"sb_secret_{secrets.token_urlsafe(24)}",
            f"sb_publishable_{secrets.token_urlsafe(24)}",
        )
        self._database_url = as_url(database_url)
        self._folder = Path(tempfile.mkdtemp(prefix="rollout-lite-"))
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        env = {
            **os.environ,
            **QUIET,
            "DATABASE_URL": self._database_url,
            "API_PORT": str(self.api.port),
            "SECRET_KEY": self.api.secret_key,
            "PUBLISHABLE_KEY": self.api.publishable_key,
        }
        shutil.copy(CONFIG, self._folder)
        if not (self._folder / "node_modules").exists():  # where the configuration's imports are looked up
            (self._folder / "node_modules").symlink_to(tools.packages())
        with (self._folder / "log").open("w") as log:
            self._process = subprocess.Popen(
                [tools.node(), str(tools.lite()), "start", "--no-admin", "--config", CONFIG.name],
                cwd=self._folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        _wait_until_ready(self.api, self._process, self._folder / "log")

    def ensure_running(self) -> None:
        """Start it again if it has died, with a warning that shows its last words."""
        if self._process is not None and self._process.poll() is not None:
            last_words = (self._folder / "log").read_text()[-2000:]
            warnings.warn(f"the API died with {self._process.returncode}:\n{last_words}", stacklevel=2)
            self.start()

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def lite_server(database_url: str) -> Iterator[Api]:
    """Run the API over a database."""
    server = Server(database_url)
    try:
        server.start()
        yield server.api
    finally:
        server.stop()


def _wait_until_ready(api: Api, server: subprocess.Popen[bytes], log: Path) -> None:
    opener = build_opener(ProxyHandler({}))
    request = Request(f"{api.url}/rest/v1/", headers={"apikey": api.secret_key})
    deadline = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError):
            opener.open(request, timeout=5).close()
            return
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the API did not start:\n{log.read_text()}")
        time.sleep(0.05)


def as_url(conninfo: str) -> str:
    parts = conninfo_to_dict(conninfo)
    return f"postgres://{parts['user']}@{parts['host']}:{parts['port']}/{parts['dbname']}"
