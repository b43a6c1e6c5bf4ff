"""`rollout-console dashboard`: the state of the rollout on a full screen, and its controls under single keys."""

from __future__ import annotations

import argparse
import os
import sys

from rollout_console.exit_status import Exit

SHORTEST, LONGEST = 0.5, 24 * 3600.0  # seconds between two refreshes
NO_SCREEN = "the dashboard needs a terminal; type: rollout-console status"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--every", type=seconds, default=2.0, metavar="SECONDS", help="how often to refresh (default 2, at least 0.5)"
    )


def seconds(text: str) -> float:
    """Return an interval in seconds, at least 0.5.

    Raises:
        argparse.ArgumentTypeError: it is no number, or more than a day.
    """
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not value <= LONGEST:
        raise argparse.ArgumentTypeError(f"takes seconds, 0.5 to 86400, not {text!r}")
    return max(SHORTEST, value)


def main(args: argparse.Namespace) -> int:
    """Show the dashboard until q is pressed; without a screen to draw on, or keys to press, say what to type instead.

    Raises:
        RolloutError: the settings name no usable target.
    """
    is_terminal = all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
    if os.environ.get("TERM", "dumb") == "dumb" or not is_terminal:
        print(NO_SCREEN, file=sys.stderr)
        return Exit.WRONG_USE
    from rollout_console.client.connect import connect
    from rollout_console.dashboard.app import Dashboard

    Dashboard(connect(), every=args.every).run()
    return 0
