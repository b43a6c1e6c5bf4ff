"""`rollout-console verify`: compares counters with their rows, functions, triggers and rights with the rules."""

from __future__ import annotations

import argparse
import sys

from rollout_console.cli import second_way, way_out
from rollout_console.client.connect import connect
from rollout_console.console.output import tell
from rollout_console.migrate import rules
from rollout_console.render import Screen
from rollout_console.render.access import DECIDED_BY, access_table
from rollout_console.render.criteria import met_mark
from rollout_console.render.formatting import format_count
from rollout_console.render.sanitize import sanitize
from rollout_console.results import VerifiedCounters
from rollout_console.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--way-out",
        action="store_true",
        help="try instead what a stop and its alerts depend on; a test message goes to each alert service",
    )


def main(args: argparse.Namespace) -> int:
    """Print each kind of counter, the rights of each role, whose decision the application gets, and what differs.

    Returns:
        0 if all agree, 1 if one differs or SUPABASE_DB_URL, which a stop may need, does not work; with --way-out 1 if
        one thing does not work.

    Raises:
        RolloutError: the database can't be read.
    """
    if args.way_out:
        return way_out.main()
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
    tell(f" {client.feature} on {client.adapter.target}")
    tell(screen.table(["", "counters", "compared", "differ"], rows))
    if found.access:
        tell(f"\n{access_table(found.access, found.access, screen)}")
    tell(f" the application is answered by {DECIDED_BY[found.decided_by]} ({found.decided_by})")
    for note in found.notes:
        tell(f" {screen.paint(sanitize(note, 500), 'warning')}")
    way = second_way.tried(Settings.from_environment(), client.feature)
    if way is not None:
        tell(f" {met_mark(way[0], screen)} {way[1]}")
    differences = list(found.differences)
    if found.rules != rules().checksum:
        differences.append(f"the rules are {found.rules}; this console has {rules().checksum}")
    for difference in differences:
        tell(f" {screen.paint(sanitize(difference, 300), 'warning')}")
    if differences:
        tell(" to mend them, type: rollout-console migrate")
    wrong = [check for check in found.checks if check.differences]
    _tell_remedies(wrong)
    is_shut = way is not None and not way[0]
    return 1 if differences or wrong or is_shut else 0


def _tell_remedies(wrong: list[VerifiedCounters]) -> None:
    """Say what to type at an SQL prompt for counters that differ, and what else there is to say of them."""
    remedies = [sanitize(remedy, 200) for remedy in dict.fromkeys(check.remedy for check in wrong)]
    statements = [f"   {remedy}" for remedy in remedies if remedy.endswith(";")]
    if statements:
        tell(" to count anew, type at an SQL prompt:")
        print("\n".join(statements))  # each on its line, to be copied
    for remedy in remedies:
        if not remedy.endswith(";"):
            tell(f" {remedy}")
