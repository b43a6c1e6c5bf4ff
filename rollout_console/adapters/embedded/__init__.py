"""The embedded database: a real PostgreSQL from a wheel, started, migrated and filled on demand."""

import os

from rollout_console.errors import NotConfigured

if os.name != "posix":  # there the server would listen on a port, to every user of the machine
    raise NotConfigured(
        "no target, and the embedded database runs on Linux and macOS only: "
        "set SUPABASE_URL and SUPABASE_SECRET_KEY, or ROLLOUT_DATABASE_URL"
    )

from rollout_console.adapters.embedded.adapter import EmbeddedAdapter
from rollout_console.adapters.embedded.server import Server

__all__ = ["EmbeddedAdapter", "Server"]
