"""The embedded adapter: a PostgreSQL adapter that starts its server when it is needed."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path

from rollout_console.adapters.base import Target
from rollout_console.adapters.embedded.cluster import programs
from rollout_console.adapters.embedded.guard import stand_by
from rollout_console.adapters.embedded.sample import bring_up_to_date
from rollout_console.adapters.embedded.server import Server
from rollout_console.adapters.postgres import PostgresAdapter


class EmbeddedAdapter(PostgresAdapter):
    """Calls the SQL functions on a server that this process starts, or shares with other consoles.

    Args:
        home: the folder that holds the data folder `postgres`.

    Raises:
        NotConfigured: the wheel is not installed.
    """

    patience: float = 30.0  # seconds: the first start makes the data folder

    def __init__(self, home: Path) -> None:
        programs()  # so that a console without it opens with what to type
        self.server = Server(home)
        super().__init__("", Target("local", "local", first_run=not os.path.exists(self.server.data)))
        self._starting = threading.Lock()
        self._guarded = False

    def url(self) -> str:
        """Start the server if it does not run, bring it up to date, and return its connection string.

        Raises:
            NotConfigured: the wheel is not installed, or this user or this folder can't have a server.
            Unreachable: the folder can't be written or the server does not start.
            SchemaMismatch: the data is of a newer console.
        """
        with self._starting:
            if not self.server.is_ready():
                if not self._guarded:
                    stand_by(self.server.home)
                    self._guarded = True
                self.server.start()
                bring_up_to_date(self.server.url())
            return self.server.url()

    def warm_up(self) -> None:
        """See `Adapter.warm_up`: start the server, so that it runs when the first command comes."""

        def warm() -> None:
            with contextlib.suppress(Exception):  # the first command meets the error and shows it
                self.url()

        threading.Thread(target=warm, name="embedded-start", daemon=True).start()
