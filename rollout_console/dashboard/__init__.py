"""`rollout-console dashboard`: the state of the rollout on a full screen, and its controls under single keys."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--every", type=float, default=2.0, metavar="SECONDS", help="how often to refresh (default 2, at least 0.5)"
    )


def main(args: argparse.Namespace) -> int:
    """Show the dashboard until q is pressed."""
    from rollout_console.adapters import open_adapter
    from rollout_console.client import RolloutClient
    from rollout_console.dashboard.app import Dashboard
    from rollout_console.settings import Settings

    settings = Settings.from_environment()
    client = RolloutClient(open_adapter(settings), settings.feature)
    Dashboard(client, every=max(0.5, args.every)).run()
    return 0
