"""`rollout-console migrate`: shows or applies what is pending, or writes it as files for the Supabase CLI."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from rollout_console.access import CHOICES, adoption_notes, choose_decision, compare_decisions, read_access
from rollout_console.console.output import tell
from rollout_console.errors import NotConfigured, Unreachable
from rollout_console.export import export
from rollout_console.migrate import apply, missing_rights, pending, refuse_without_rights, rules, steps, whole
from rollout_console.render import Screen, render
from rollout_console.render.access import DECIDED_BY, access_table
from rollout_console.render.sanitize import sanitize
from rollout_console.settings import Settings, operator


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    one = parser.add_mutually_exclusive_group()
    one.add_argument("--status", action="store_true", help="list every step and the rules, applied or pending")
    one.add_argument("--dry-run", action="store_true", help="print the SQL that would be applied, and change nothing")
    one.add_argument(
        "--export",
        type=Path,
        metavar="FOLDER",
        help="write steps and rules as files for `supabase db push`, for example to supabase/migrations",
    )
    one.add_argument(
        "--decision",
        choices=CHOICES,
        help="apply what is pending, then choose who answers the application: the host's own function, ours for roles "
        "that may read the tables, or ours for everyone who may ask",
    )


def main(args: argparse.Namespace) -> int:
    """Show, export or apply what is pending; return 0.

    Raises:
        RolloutError: the database can't be reached, refuses, or holds a newer schema.
    """
    import psycopg

    from rollout_console.adapters.postgres import translate

    if args.export:
        return _export(args.export)
    settings = Settings.from_environment()
    url = database_url(settings)
    try:
        if args.status:
            return _status(url)
        if args.dry_run:
            return _dry_run(url)
        settings.protection.refuse_changes()
        _apply(url, Screen.of(sys.stdout))
        if args.decision:
            _decide(url, args.decision)
    except psycopg.Error as error:
        raise translate(error) from error
    return 0


def database_url(settings: Settings) -> str:
    """Return the URL of the database to migrate: the one that is set, else the embedded one, started if need be.

    Raises:
        NotConfigured: only an API is configured, which can't change the schema, or a key alone.
    """
    if settings.database_url:
        return settings.database_url
    if settings.supabase_url:
        raise NotConfigured(
            "migrations can't go through the API: set SUPABASE_DB_URL to the project's connection string, "
            "or type: rollout-console migrate --export supabase/migrations, then: supabase db push"
        )
    from rollout_console.adapters.embedded import EmbeddedAdapter

    return EmbeddedAdapter(settings.practice_home()).url()


def _apply(url: str, screen: Screen) -> None:
    waiting = pending(url)
    if not waiting.parts:
        apply(url)  # it may have been interrupted before older reports were counted
        tell("nothing to do: the database is up to date; its API, if it has one, was told to read the functions again")
        return
    refuse_without_rights(url)
    before = read_access(url)
    applied = apply(url)
    for part in applied.parts:
        tell(f"applied {part}")
    for difference in applied.mended:
        tell(f"mended  {sanitize(difference, 300)}")
    for difference in applied.kept:
        tell(screen.paint(f"kept    {sanitize(difference, 300)}", "warning"))
    tell(f"{len(applied.parts)} applied")
    after = read_access(url)
    if after:  # a database without Supabase's roles has nobody to tell apart
        tell(f"\n{access_table(before, after, screen)}")
    for note in adoption_notes(url):
        tell(screen.paint(f" {sanitize(note, 500)}", "warning"))


def _decide(url: str, choice: str) -> None:
    made = choose_decision(url, choice, operator())
    by = f"{DECIDED_BY[made.decided_by]} ({made.decided_by})"
    tell(
        f"the application is answered by {by} from now on; before: {made.was}"
        if made.changed
        else f"nothing to do: the application is answered by {by} already"
    )


def _export(folder: Path) -> int:
    try:
        written = export(folder)
    except OSError as error:
        raise Unreachable(f"{folder} can't be written ({error.strerror}); name another folder") from error
    for file in written:
        tell(f"wrote {file}")
    tell(
        "to apply them, commit these files, then type: supabase db push"
        if written
        else f"nothing to do: {folder} is up to date"
    )
    return 0


def _status(url: str) -> int:
    found = pending(url)
    waiting = {str(part) for part in found.parts}
    for part in [*steps(), rules()]:
        tell(f"{'pending' if str(part) in waiting else 'applied'}  {part}")
    for difference in found.differences:
        tell(f"differs  {sanitize(difference, 300)}")
    missing = missing_rights(url) if waiting else None
    if missing:
        tell(sanitize(missing, 4000))
    return 0


def _dry_run(url: str) -> int:
    waiting = pending(url).parts
    screen = Screen.of(sys.stdout)
    screen = replace(screen, width=screen.width - 2)  # behind what makes a comment of each line
    print(whole(waiting))  # SQL, to be read or piped as it is
    shown = [access_table(rights, rights, screen) for rights in [read_access(url)] if rights]
    if waiting:
        shown.append(
            " no role's rights or decisions change; afterwards this command compares the host's decision with ours"
        )
    else:
        shown.append(render(compare_decisions(url, Settings.from_environment().feature), screen))
    for line in "\n".join(shown).splitlines():
        tell(f"--{line}", "--   ")
    tell(f"-- {len(waiting)} would be applied; nothing was changed")
    return 0
