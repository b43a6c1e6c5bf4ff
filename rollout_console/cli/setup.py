"""`rollout-console setup`: makes a database a running rollout, step by step; a second run changes nothing."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import TypeVar

from rollout_console.cli import second_way
from rollout_console.cli.in_shell import in_shell
from rollout_console.client import RolloutClient
from rollout_console.client.connect import connect
from rollout_console.console.output import tell
from rollout_console.errors import BadArgument, NotConfigured, Unconfirmed
from rollout_console.migrate import apply, pending, refuse_without_rights
from rollout_console.render import Screen, render
from rollout_console.render.formatting import format_count, format_counted
from rollout_console.render.progress import CategorizationProgress
from rollout_console.render.sanitize import sanitize
from rollout_console.results import CategorizationRun, SetupPlan, Status
from rollout_console.settings import Settings, program
from rollout_console.units import parse as parse_units

T = TypeVar("T")

# What became of the percentage, by the outcome of rollout_begin.
START = {
    "started": "started at {now} %",
    "as_asked": "at {now} % already",
    "higher": "left at {now} %: it is higher than {wanted} % already",
    "running": "left at {now} %: it is running; to change it, type in the console: rollout.setRollout({wanted})",
    "stopped": "unchanged: an EMERGENCY STOP is on; to end it, type in the console: rollout.resume()",
    "rolled_back": "left at {now} %: it was rolled back; to start again, type in the console: rollout.advance()",
}
# What became of the whitelist, by the outcome of rollout_seed_whitelist.
WHITELIST = {
    "added": "{names}",
    "not_empty": "unchanged: it has entries already",
    "emptied": "left empty: it was emptied manually",
    "stopped": "unchanged during the emergency stop",
    "rolled_back": "unchanged: the rollout was rolled back",
    "no_candidates": "left empty: there are no repositories of the category test",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("--percentage", type=int, default=10, metavar="P", help="where to start, 0 to 100 (default 10)")
    parser.add_argument(
        "--units",
        metavar="TABLE(ID, NAME, SIZE)",
        help='what another host than the web application rolls out to, as "tenants(id, slug, seats)"',
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and change nothing")
    parser.add_argument("--yes", action="store_true", help="do it without asking first")


def main(args: argparse.Namespace) -> int:
    """Set the rollout up; each step is committed by itself.

    Returns:
        0 if the set-up is complete or was before, 1 if the operator declined, 130 after Ctrl-C.

    Raises:
        RolloutError: a step failed; those before it stay, and the next run continues.
    """
    settings = Settings.from_environment()
    if not args.dry_run:
        settings.protection.refuse_changes()
    setup = Setup(settings, connect(), args)
    try:
        return setup.run()
    except KeyboardInterrupt:
        tell("\ninterrupted; steps with a ✓ are done; to continue, type: rollout-console setup", stream=sys.stderr)
        return 130


class Setup:
    """One run of the set-up.

    Args:
        settings: for the database URL, without which a missing schema can't be applied; beside an API it is tried.
        client: makes the changes.
        args: the options: `percentage`, `units`, `dry_run`, `yes`.
    """

    def __init__(self, settings: Settings, client: RolloutClient, args: argparse.Namespace) -> None:
        self.settings = settings
        self.database_url = settings.database_url
        self.client = client
        self.percentage: int = args.percentage
        self.units = parse_units(args.units) if args.units else None
        self.dry_run: bool = args.dry_run
        self.agreed: bool = args.yes
        self.screen = Screen.of(sys.stdout)
        self.migrated = False

    def run(self) -> int:
        """Do the steps that are not done yet, and return the exit status."""
        tell(f" {self.client.feature} on {self.client.adapter.target}")
        if not self._schema_is_there():
            return 0 if self.dry_run else 1
        plan = self.client.setup_plan(self.percentage)
        steps = describe(plan, self.percentage)
        if not steps:
            self._complete(plan)
            return 0
        if self.dry_run or not self.agreed:
            tell("\n".join([" to do:", *(f"   {step}" for step in steps)]))
        if self.dry_run:
            tell(" nothing was changed")
            return 0
        if not self._agrees("Do it?"):
            return 1
        self._do(plan)
        return 0

    def _complete(self, plan: SetupPlan) -> None:
        tell(" nothing to do, nothing was changed: the set-up is complete")
        status = self.client.status()
        self._report("whitelist", plan.whitelist, WHITELIST)
        self._report("rollout", plan.start, START, now=status.rollout_percentage, wanted=self.percentage)
        self._protection(status)
        self._end(status)

    def _do(self, plan: SetupPlan) -> None:
        if not plan.configured:
            self.client.create(0, "set-up")
        self._done("configuration", "there already" if plan.configured else "created")
        self._categorize(plan)
        seeded = self.client.seed_whitelist("set-up: test repositories")
        self._report("whitelist", seeded.outcome, WHITELIST, names=", ".join(sanitize(n, 80) for n in seeded.applied))
        begun = self._exposing("rollout", lambda confirm: self.client.begin(self.percentage, "set-up", confirm))
        status = self.client.status() if begun is None else begun.status
        if begun is not None:
            self._report("rollout", begun.outcome, START, now=status.rollout_percentage, wanted=self.percentage)
        self._protection(status)
        self._end(status)

    def _protection(self, status: Status) -> None:
        on = status.auto_rollback_enabled
        left_off = "left OFF; to switch it on, type in the console: rollout.enableAutoRollback()"
        self._done("auto-rollback", "on" if on else left_off, done=on)

    def _end(self, status: Status) -> None:
        way = second_way.tried(self.settings, self.client.feature)
        if way is not None:
            self._done("way round", way[1], done=way[0])
        tell(f"\n{in_shell(render(status, self.screen))}\n\n{next_steps(status)}")

    def _categorize(self, plan: SetupPlan) -> None:
        if plan.categorized >= plan.repositories:
            self._done("categories", f"each of {_repositories(plan.repositories)} has one")
            return

        def categorize(confirm: bool) -> CategorizationRun:
            with CategorizationProgress(self.screen, sys.stdout) as progress:
                return self.client.categorize_all(progress.advance, confirm)

        run = self._exposing("categories", categorize)
        if run is not None:
            self._done("categories", f"{_repositories(run.processed)} categorized")

    def _exposing(self, name: str, act: Callable[[bool], T]) -> T | None:
        """Do what may have the host's own function let more in: how many is said first, and --yes is no yes to it."""
        try:
            return act(False)
        except Unconfirmed as error:
            self._done(name, sanitize(str(error)), done=False)
            if self.agreed or not self._agrees("Do it all the same?"):
                return None
            return act(True)

    def _schema_is_there(self) -> bool:
        """Apply what is pending, if the operator agrees. Without a database URL the next call finds out."""
        if self.units is not None and self.database_url is None:
            raise NotConfigured("--units writes a view: set SUPABASE_DB_URL to the login of the database's owner")
        import psycopg

        from rollout_console.adapters.postgres import translate

        try:
            return self.database_url is None or self._migrated(self.database_url)
        except psycopg.errors.InsufficientPrivilege as error:
            if not self.settings.supabase_url:
                raise translate(error) from error
            tell(" the schema is not compared: the role in SUPABASE_DB_URL does not own it")  # a login for emergencies
            return True
        except psycopg.Error as error:
            raise translate(error) from error

    def _migrated(self, url: str) -> bool:
        waiting = pending(url, self.units).parts
        if not waiting and self.units is None:
            return True
        if waiting:
            tell(f" the database lacks {', '.join(map(str, waiting))}")
        if self.dry_run and self.units is not None:
            tell(f" rollout_host_repositories would read {self.units.schema}.{self.units.table}")
        if self.dry_run and waiting:
            tell(" they would be applied first (to read them: rollout-console migrate --dry-run); nothing was changed")
            return False
        if self.dry_run:
            return True
        refuse_without_rights(url)
        if waiting and not self._agrees("Apply them?"):
            return False
        applied = apply(url, self.units)
        self.migrated = bool(applied.parts)
        if self.units is not None:
            self._done("units", f"rollout_host_repositories reads {self.units.schema}.{self.units.table}")
        if applied.parts:
            self._done("schema", f"{format_counted(len(applied.parts), 'migration', 'migrations')} applied")
        return True

    def _agrees(self, question: str) -> bool:
        if self.agreed:
            return True
        if sys.stdin is None or not sys.stdin.isatty():
            raise BadArgument(
                "setup asks before it changes anything, which needs a terminal; "
                "to go ahead without, type: rollout-console setup --yes"
            )
        try:
            answer = input(f" {question} [y/N] ")
        except EOFError:  # Ctrl-D, which leaves the cursor behind the question
            answer = ""
            print()
        if answer.strip().lower() in {"y", "yes"}:
            return True
        tell(" the migrations stay applied; nothing else was changed" if self.migrated else " nothing was changed")
        return False

    def _report(self, name: str, outcome: str, words: dict[str, str], **details: object) -> None:
        said = words.get(outcome, sanitize(outcome, 80)).format(**details)
        self._done(name, said, done=outcome in {"added", "started", "as_asked"})

    def _done(self, name: str, said: str, *, done: bool = True) -> None:
        sign = self.screen.paint("✓", "good") if done else self.screen.paint("–", "warning")
        tell(f" {sign} {name.ljust(14)} {said}", " " * 18)


def describe(plan: SetupPlan, percentage: int) -> list[str]:
    """Return what is to do, a line for each step; no lines if the set-up is complete."""
    steps = []
    if not plan.configured:
        steps.append("create the configuration")
    if plan.categorized < plan.repositories:
        steps.append(
            f"categorize {_repositories(plan.repositories)} ({format_count(plan.categorized)} are)"
            + (
                "; you are asked first if the host's own function then lets more in"
                if plan.decided_by == "host"
                else ""
            )
        )
    if plan.whitelist == "added":
        steps.append(f"put on the whitelist: {', '.join(sanitize(name, 80) for name in plan.candidates)}")
    elif plan.whitelist == "no_candidates" and plan.categorized < plan.repositories:
        steps.append("put up to five test repositories on the whitelist, if there are any")
    if plan.start == "started":
        steps.append(f"start at {percentage} %, with auto-rollback on")
    return steps


def next_steps(status: Status) -> str:
    """Return what to type after the set-up."""
    first = ("rollout.resume()", "once the cause is fixed")
    if not status.emergency_stop:
        first = ("rollout.plan()", "when may it go on?")
    rows = [
        ("in a shell", program(), "opens the console"),
        ("", f"{program()} monitor", "checks health, and alerts"),
        ("", f"{program()} dashboard", "shows it all on a full screen"),
        ("in the console", *first),
        ("", 'rollout.emergencyStop("reason")', "halts everything at once"),
    ]
    width = max(len(command) for _, command, _ in rows) + 1
    return "\n".join(f" {where.ljust(14)}  {command.ljust(width)} {what}" for where, command, what in rows)


def _repositories(number: int) -> str:
    return format_counted(number, "repository", "repositories")
