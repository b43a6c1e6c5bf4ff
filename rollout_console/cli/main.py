"""`rollout-console`: opens the console, runs `-c CODE` in it, or hands over to a sub-command."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from rollout_console import __version__
from rollout_console.errors import RolloutError

# Each is a module beside this one, imported when asked for: the console must not wait for what it does not use.
SUBCOMMANDS = {
    "setup": "set a rollout up: schema, categories, whitelist, first percentage",
    "monitor": "check health at an interval, roll back on a breach, and alert",
    "dashboard": "watch and control the rollout on a full screen",
    "migrate": "bring the database's rollout functions up to date",
    "verify": "compare the counters with the rows that they count",
    "install-profile": "make `ipython --profile=rollout` open the console",
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments without the program's name, by default those of this process.

    Returns:
        The exit status: 0, 1 for a failure, 2 for wrong options, 130 after Ctrl-C, 141 if the output was
        closed; `monitor` has more.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _leave_with_the_terminal()
    try:
        if arguments and arguments[0] in SUBCOMMANDS:
            return _run_subcommand(arguments[0], arguments[1:])
        return _console(arguments)
    except RolloutError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader of the output is gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def _leave_with_the_terminal() -> None:
    """Take the closing of the terminal's window as leaving, so that what runs at the end runs: SIGHUP kills."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(128 + number))


def subcommand(name: str) -> Any:
    """Return the module of a sub-command, with its `add_arguments` and `main`."""
    return import_module(f"rollout_console.cli.{name.replace('-', '_')}")


def _run_subcommand(name: str, arguments: list[str]) -> int:
    module = subcommand(name)
    summary = SUBCOMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"rollout-console {name}", description=f"{summary[0].upper()}{summary[1:]}.")
    module.add_arguments(parser)
    wrong_use: int = getattr(module, "WRONG_USE", 2)
    try:
        chosen = parser.parse_args(arguments)
    except SystemExit as ended:  # argparse has said why
        return wrong_use if ended.code else 0
    status: int = module.main(chosen)
    return status


def _console(arguments: list[str]) -> int:
    listed = "\n".join(f"  {name.ljust(16)} {summary}" for name, summary in SUBCOMMANDS.items())
    parser = argparse.ArgumentParser(
        prog="rollout-console",
        description="Open the rollout console, or run one piece of code in it.",
        epilog=f"sub-commands (each has --help):\n{listed}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,  # --reset is not --reset-demo
    )
    parser.add_argument(
        "-c",
        metavar="CODE",
        dest="code",
        action="append",
        help="run CODE as if typed, and leave; exit 1 if it fails; several run one after the other",
    )
    parser.add_argument(
        "--reset-demo", action="store_true", help="delete the local practice database, then begin afresh"
    )
    parser.add_argument("--version", action="version", version=f"rollout-console {__version__}")
    chosen = parser.parse_args(arguments)

    from rollout_console.shell import launch

    if chosen.reset_demo:
        _reset()
    return launch.interactive() if chosen.code is None else launch.run(*chosen.code)


def _reset() -> None:
    from rollout_console.adapters.embedded import reset
    from rollout_console.settings import Settings

    reset(Settings.from_environment().home)
    print("the local practice database is reset")
