"""The embedded database: a real PostgreSQL from a wheel, started, migrated and filled on demand."""

from rollout_console.adapters.embedded.adapter import EmbeddedAdapter
from rollout_console.adapters.embedded.server import Server

__all__ = ["EmbeddedAdapter", "Server"]
