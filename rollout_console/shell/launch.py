"""Starts IPython with the console in it, for a session or for one piece of code."""

from __future__ import annotations

import os
import re
import shutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from rollout_console.adapters.unavailable import UnavailableAdapter
from rollout_console.console.bound import BoundCommand
from rollout_console.data_files import data_file
from rollout_console.errors import Interrupted, RolloutError, Unreachable
from rollout_console.exit_status import Exit
from rollout_console.pattern import pattern
from rollout_console.shell import load

PROFILE = "rollout"
CONTINUES = pattern(r"(?:else|elif|except|finally|case)\b|[)\]}]")  # a block that begins at the margin


def interactive() -> int:
    """Open the console until the operator leaves it, and return 0; what comes from a pipe is run as `run` does."""
    from IPython import start_ipython

    if sys.stdin is None or not sys.stdin.isatty():
        return _run(lambda shell: _pieces(sys.stdin or (), shell.check_complete))

    config = _config()
    try:
        folder = install_profile()
        config.BaseIPythonApplication.profile = PROFILE
        config.BaseIPythonApplication.ipython_dir = str(folder.parent)  # a temporary one if there is no home
        config.HistoryManager.hist_file = str(folder / f"history-{_target()}.sqlite")  # what a drill types stays there
    except Unreachable:  # the profile can't be written: the same console without it
        config.InteractiveShellApp.extensions = ["rollout_console"]
    start_ipython(argv=[], config=config)
    return 0


def _target() -> str:
    """Return a name for the target that can be part of a file's, without credentials."""
    import hashlib

    from rollout_console.settings import Settings

    try:
        settings = Settings.from_environment()
    except RolloutError:  # the console says why when it opens
        return "none"
    place = settings.supabase_url or settings.database_url
    unnamed = hashlib.sha256(place.encode()).hexdigest()[:12] if place else "practice"
    return re.sub(r"[^A-Za-z0-9]+", "-", settings.target or unnamed)


def run(*code: str) -> int:
    """Run code as if it had been typed; return the exit status: 0, 1 if a command failed or refused, 130 for Ctrl-C.

    Args:
        code: what would be typed, one line or more; several run one after the other, until one is interrupted.
    """
    return _run(lambda shell: code)


def _run(code: Callable[[Any], Iterable[str]]) -> int:
    """Run each piece of code, also after one that fails: a note that is refused must keep no stop from being made.

    After Ctrl-C nothing more is run: whoever pressed it does not see what comes next.
    """
    from IPython.terminal.ipapp import TerminalIPythonApp

    warnings.filterwarnings("ignore", module="IPython.paths")  # that a home can't be written to is no matter here
    config = _config()
    config.HistoryManager.enabled = False
    if not sys.stdout.isatty():
        config.InteractiveShell.colors = "nocolor"  # tracebacks too
    app: Any = TerminalIPythonApp.instance(config=config)
    app.initialize(argv=[])
    session = load(app.shell, quiet=True)
    session.unattended = True
    app.shell.keep_running = True
    done = []
    for cell in code(app.shell):
        outcome = app.shell.run_cell(cell, store_history=False)
        if isinstance(outcome.error_in_exec, KeyboardInterrupt | Interrupted):
            return Exit.INTERRUPTED
        is_unsaid = isinstance(outcome.result, BoundCommand)  # a command without its brackets does nothing
        done.append(outcome.success and not session.refused and not is_unsaid)
        if not app.shell.keep_running:
            break
    where = session.console.client.adapter
    if all(done) and isinstance(where, UnavailableAdapter) and where.target.named:  # and no command has said so
        raise where.reason
    return Exit.DONE if all(done) else Exit.FAILED


def _pieces(lines: Iterable[str], check_complete: Callable[[str], tuple[str, str]]) -> Iterator[str]:
    """Return what would be entered at the prompt, as soon as it is complete.

    Args:
        lines: with their line ends.
        check_complete: IPython's.
    """
    piece = ""
    for line in lines:
        begins = line.strip() and not line[0].isspace() and not CONTINUES.match(line)
        if (
            piece and begins and check_complete(f"{piece}\n")[0] == "complete"
        ):  # a block ends where its indentation does
            yield piece
            piece = ""
        piece += line
        if check_complete(piece.removesuffix("\n"))[0] != "incomplete":
            yield piece
            piece = ""
    if piece.strip():
        yield piece


def install_profile() -> Path:
    """Write the IPython profile "rollout", so that `ipython --profile=rollout` opens the console.

    Returns:
        The profile's folder. Files of the operator's own in it are left alone.

    Raises:
        Unreachable: the folder can't be written.
    """
    from IPython.core import profiledir
    from IPython.paths import get_ipython_dir

    profiles: Any = profiledir.ProfileDir
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", UserWarning)  # IPython turns to a temporary folder where it can't write
            place = Path(get_ipython_dir()).absolute()
        folder = Path(profiles.create_profile_dir_by_name(str(place), PROFILE).location)
        for source in data_file("startup").glob("*.py"):
            shutil.copyfile(source, folder / "startup" / source.name)
    except (OSError, UserWarning) as error:
        raise Unreachable(
            f"the IPython profile can't be written ({error}); set IPYTHONDIR to a folder of yours"
        ) from error
    return folder


def _config() -> Any:
    from traitlets.config import Config

    config = Config()
    config.TerminalIPythonApp.display_banner = False
    if os.environ.get("NO_COLOR"):
        config.InteractiveShell.colors = "nocolor"
    config.TerminalInteractiveShell.confirm_exit = False  # a question would take the next line for its answer
    return config
