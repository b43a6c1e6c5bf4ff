"""Starts IPython with the console in it, for a session or for one piece of code."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

from rollout_console.data_files import data_file
from rollout_console.errors import Unreachable
from rollout_console.shell import load

PROFILE = "rollout"


def interactive() -> int:
    """Open the console, stay until the operator leaves it, and return 0."""
    from IPython import start_ipython

    config = _config()
    try:
        folder = install_profile()
        config.BaseIPythonApplication.profile = PROFILE
        config.BaseIPythonApplication.ipython_dir = str(folder.parent)  # a temporary one if there is no home
    except Unreachable:  # the profile can't be written: the same console without it
        config.InteractiveShellApp.extensions = ["rollout_console"]
    start_ipython(argv=[], config=config)
    return 0


def run(*code: str) -> int:
    """Run code as if it had been typed, and return the exit status: 0, or 1 if a command failed or refused.

    Args:
        code: what would be typed, one line or more; several run one after the other.
    """
    from IPython.terminal.ipapp import TerminalIPythonApp

    config = _config()
    config.HistoryManager.enabled = False
    if not sys.stdout.isatty():
        config.InteractiveShell.colors = "nocolor"  # tracebacks too
    app: Any = TerminalIPythonApp.instance(config=config)
    app.initialize(argv=[])
    session = load(app.shell, quiet=True)
    done = []
    for cell in code:
        outcome = app.shell.run_cell(cell, store_history=False)
        done.append(outcome.success and not session.refused)
    return 0 if all(done) else 1


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
        folder = Path(profiles.create_profile_dir_by_name(get_ipython_dir(), PROFILE).location)
        for source in data_file("startup").glob("*.py"):
            shutil.copyfile(source, folder / "startup" / source.name)
    except OSError as error:
        raise Unreachable(
            f"the IPython profile can't be written ({error}); set IPYTHONDIR to a folder of yours"
        ) from error
    return folder


def _config() -> Any:
    from traitlets.config import Config

    config = Config()
    config.TerminalIPythonApp.display_banner = False
    return config
