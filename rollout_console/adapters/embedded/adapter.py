"""The embedded adapter: a PostgreSQL adapter that starts its server when it is needed."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path
from typing import Any

from rollout_console.adapters.base import Target
from rollout_console.adapters.embedded.guard import stand_by
from rollout_console.adapters.embedded.sample import bring_up_to_date
from rollout_console.adapters.embedded.server import accepts_connections, start
from rollout_console.adapters.postgres import PostgresAdapter


class EmbeddedAdapter(PostgresAdapter):
    """Calls the SQL functions on a server that this process starts, or shares with other consoles.

    Args:
        home: the folder that holds the data folder `postgres`.
    """

    patience: float = 30.0  # seconds: the first start makes the data folder

    def __init__(self, home: Path) -> None:
        super().__init__("", Target("local", "local", first_run=not (home / "postgres").exists()))
        self.home = home
        self._server: Any = None
        self._starting = threading.Lock()

    def url(self) -> str:
        """Start the server if it does not run, bring it up to date, and return its connection string.

        Raises:
            NotConfigured: the wheel is not installed.
            Unreachable: the folder can't be written or the server does not start.
            SchemaMismatch: the data is of a newer console.
        """
        with self._starting:
            if self._server is None or not accepts_connections(self._server):
                if self._server is None:
                    stand_by(self.home / "postgres")
                self._server = start(self.home / "postgres")
                bring_up_to_date(self._server.get_uri())
            return str(self._server.get_uri())

    def warm_up(self) -> None:
        """See `Adapter.warm_up`: start the server, so that it runs when the first command comes."""

        def warm() -> None:
            with contextlib.suppress(Exception):  # the first command meets the error and shows it
                self.url()

        threading.Thread(target=warm, name="embedded-start", daemon=True).start()
