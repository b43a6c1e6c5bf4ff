"""The command line: the console, `-c`, and the sub-commands."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from rollout_console import __version__
from rollout_console.errors import RolloutError

# Imported only when asked for: the console must not wait for what it does not use.
SUBCOMMANDS = {
    "setup": (
        "rollout_console.setup",
        "set a rollout up, once: schema, categories, whitelist, first percentage",
    ),
    "monitor": ("rollout_console.monitor", "check health at an interval, roll back on a breach, and alert"),
    "dashboard": ("rollout_console.dashboard", "watch and control the rollout on a full screen"),
    "migrate": ("rollout_console.cli_migrate", "bring the database's rollout functions up to date"),
    "verify": ("rollout_console.cli_verify", "hold the database's counters against the rows that they count"),
    "install-profile": ("rollout_console.cli_profile", "make `ipython --profile=rollout` open the console"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status: 0, 1 for a failure, 2 for a wrong call."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        if arguments and arguments[0] in SUBCOMMANDS:
            return _subcommand(arguments[0], arguments[1:])
        return _console(arguments)
    except RolloutError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # whoever read the output has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _subcommand(name: str, arguments: list[str]) -> int:
    module_name, summary = SUBCOMMANDS[name]
    module: Any = import_module(module_name)
    parser = argparse.ArgumentParser(prog=f"rollout-console {name}", description=f"{summary[0].upper()}{summary[1:]}.")
    module.add_arguments(parser)
    status: int = module.main(parser.parse_args(arguments))
    return status


def _console(arguments: list[str]) -> int:
    listed = "\n".join(f"  {name.ljust(16)} {summary}" for name, (_, summary) in SUBCOMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="rollout-console",
        description="Open the rollout console, or run one piece of code in it.",
        epilog=f"sub-commands (each has --help):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-c", metavar="CODE", dest="code", help="run CODE as if typed, and leave; exit 1 if it fails")
    parser.add_argument(
        "--reset-demo", action="store_true", help="delete the local practice database, then begin afresh"
    )
    parser.add_argument("--version", action="version", version=f"rollout-console {__version__}")
    chosen = parser.parse_args(arguments)

    from rollout_console.shell import launch

    if chosen.reset_demo:
        _reset()
    return launch.interactive() if chosen.code is None else launch.run(chosen.code)


def _reset() -> None:
    from rollout_console.adapters.embedded import reset
    from rollout_console.settings import Settings

    reset(Settings.from_environment().home)
    print("the local practice database is reset")
