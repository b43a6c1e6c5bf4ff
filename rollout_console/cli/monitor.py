"""`rollout-console monitor`: checks health at an interval, rolls back on a breach, and alerts."""

from __future__ import annotations

import argparse
import re
import sys
import traceback

from rollout_console.errors import BadArgument, RolloutError
from rollout_console.exit_status import MonitorExit

WRONG_USE = MonitorExit.COULD_NOT_CHECK  # exit status of wrong options: 1 and 2 mean a breach
UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}
SHORTEST, LONGEST = 1, 24 * 3600  # seconds between two checks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--every", default="15m", metavar="TIME", help="interval, as in 90s, 15m or 1h (default 15m)")
    parser.add_argument(
        "--once",
        action="store_true",
        help="check once and leave; the exit status: "
        + "; ".join(f"{status.value} {status.after_one_check}" for status in MonitorExit),
    )
    parser.add_argument(
        "--metrics",
        metavar="PORT",
        help="serve metrics for Prometheus at this port of the loopback interface, or at ADDRESS:PORT",
    )
    parser.add_argument(
        "--heartbeat",
        metavar="URL",
        help="request this URL after each check that could see, so that healthchecks.io or another service alerts when "
        "none comes",
    )
    parser.add_argument("--json", action="store_true", help="write one JSON object per line")


def main(args: argparse.Namespace) -> int:
    """Check until SIGINT, SIGTERM or SIGHUP, or once.

    Returns:
        The exit status of `Monitor.run` or `Monitor.check_once`; WRONG_USE if the interval or the settings are wrong.
    """
    from rollout_console.cli.in_shell import in_shell
    from rollout_console.cli.verbs import complain
    from rollout_console.client.connect import connect
    from rollout_console.monitor import signals
    from rollout_console.monitor.alerts import Alerts
    from rollout_console.monitor.fan_out import fan_out
    from rollout_console.monitor.heartbeat import Heartbeat
    from rollout_console.monitor.log import JsonLog, TextLog
    from rollout_console.monitor.loop import Log, Monitor
    from rollout_console.monitor.metrics import MetricsLog, address
    from rollout_console.settings import Settings

    signals.install()
    logs: list[Log] = [JsonLog(sys.stdout) if args.json else TextLog(sys.stdout, in_shell)]
    try:
        every = seconds(args.every)
        if args.metrics is not None and args.once:
            raise BadArgument("--metrics is for a monitor that stays; leave out --once or --metrics")
        where = None if args.metrics is None else address(args.metrics)
        beat = None if args.heartbeat is None else Heartbeat(args.heartbeat)
        client = connect()
        if where is not None:
            logs.append(MetricsLog(client, *where))
        alerts = Alerts.from_settings(client, Settings.from_environment())
        monitor = Monitor(client, every, fan_out(*logs), alerts, beat)
        return monitor.check_once() if args.once else monitor.run()
    except RolloutError as error:
        complain(error)
    except Exception:  # Python's own exit status would be 1, a breach
        traceback.print_exc()
    return MonitorExit.COULD_NOT_CHECK


def seconds(text: str) -> int:
    """Return an interval in seconds, 1 to 86,400, from a whole number with or without a unit: s, m or h.

    Raises:
        BadArgument: it can't be read or is out of range.
    """
    match = re.fullmatch(r"(\d{1,6})([smh]?)", text.strip().lower())
    value = int(match[1]) * UNITS[match[2]] if match else 0
    if not SHORTEST <= value <= LONGEST:
        raise BadArgument(
            "--every takes an interval from 1s to 24h, as in 90s, 15m or 1h; type: rollout-console monitor --every 15m"
        )
    return value
