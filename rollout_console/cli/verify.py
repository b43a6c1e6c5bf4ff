"""`rollout-console verify`: compares the counters that make reports fast with the rows that they count."""

from __future__ import annotations

import argparse
import sys

from rollout_console import connect
from rollout_console.render import Screen
from rollout_console.render.criteria import met_mark
from rollout_console.render.formatting import format_count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: there are none."""


def main(args: argparse.Namespace) -> int:
    """Print each kind of counter.

    Returns:
        0 if all agree with their rows, 1 if one differs.

    Raises:
        RolloutError: the database can't be read.
    """
    client = connect()
    found = client.verify()
    screen = Screen.of(sys.stdout)
    rows = [
        [
            met_mark(not check.differences, screen),
            check.name,
            format_count(check.counters),
            format_count(check.differences),
        ]
        for check in found.checks
    ]
    print(f" {client.feature} on {client.adapter.target}")
    print(screen.table(["", "counters", "compared", "differ"], rows))
    if not any(check.differences for check in found.checks):
        return 0
    print(" to rebuild the counters of repositories, type at an SQL prompt:")
    print(f"   select rollout_count_repositories('{client.feature}');")
    return 1
