"""`rollout-console monitor`: checks health at an interval, rolls back on a breach, and alerts."""

from __future__ import annotations

import argparse
import re
import sys

from rollout_console.errors import BadArgument, RolloutError

UNITS = {"s": 1, "m": 60, "h": 3600}
SHORTEST, LONGEST = 1, 24 * 3600  # seconds between two checks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--every", default="15m", metavar="TIME", help="interval, as in 90s, 15m or 1h (default 15m)")
    parser.add_argument(
        "--once",
        action="store_true",
        help="check once and leave: exit 0 no breach, 1 breach and traffic is taken back, "
        "2 breach and auto-rollback is off, 3 could not check",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object a line")


def main(args: argparse.Namespace) -> int:
    """Check until SIGINT or SIGTERM, or once; see --help for the exit statuses of --once."""
    from rollout_console import connect
    from rollout_console.monitor import signals
    from rollout_console.monitor.alerts import Alerts
    from rollout_console.monitor.loop import Monitor
    from rollout_console.monitor.output import Lines, Objects
    from rollout_console.settings import Settings

    every = seconds(args.every)
    signals.install()
    output = Objects(sys.stdout) if args.json else Lines(sys.stdout)
    try:
        client = connect()
        monitor = Monitor(client, every, output, Alerts.from_settings(client, Settings.from_environment()))
    except RolloutError as error:
        print(error, file=sys.stderr)
        return 3
    return monitor.check_once() if args.once else monitor.run()


def seconds(text: str) -> int:
    """Return an interval in seconds: a whole number with s, m or h behind it, or of seconds alone.

    Raises:
        BadArgument: it can't be read, or is not between a second and a day.
    """
    match = re.fullmatch(r"(\d{1,6})([smh]?)", text.strip().lower())
    value = int(match[1]) * UNITS[match[2] or "s"] if match else 0
    if not SHORTEST <= value <= LONGEST:
        raise BadArgument(
            "--every takes an interval from 1s to 24h, as in 90s, 15m or 1h; type: rollout-console monitor --every 15m"
        )
    return value
