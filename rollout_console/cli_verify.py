"""`rollout-console verify`: whether the counters that make reports fast are those of the rows."""

from __future__ import annotations

import argparse
import sys

from rollout_console import connect
from rollout_console.render import Screen
from rollout_console.render.phrases import mark
from rollout_console.text import count


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """There are no options."""


def main(args: argparse.Namespace) -> int:
    """Print each kind of counter; return 1 if one differs from its rows."""
    client = connect()
    found = client.verify()
    screen = Screen.of(sys.stdout)
    rows = [
        [mark(not check.differences, screen), check.name, count(check.counters), count(check.differences)]
        for check in found.checks
    ]
    print(f" {client.feature} on {client.adapter.target}")
    print(screen.table(["", "counters", "looked at", "differ"], rows))
    if not any(check.differences for check in found.checks):
        return 0
    print(" to count the repositories anew, type in SQL:")
    print(f"   select rollout_count_repositories('{client.feature}');")
    return 1
