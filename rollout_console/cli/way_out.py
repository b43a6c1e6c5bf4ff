"""`rollout-console verify --way-out`: what a stop and its alerts depend on, tried by day."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from rollout_console.adapters.base import Way
from rollout_console.cli.in_shell import in_shell
from rollout_console.client import RolloutClient
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.client.connect import connect
from rollout_console.console.output import tell
from rollout_console.errors import RolloutError
from rollout_console.monitor.services import deliver, services
from rollout_console.monitor.wording import Alert
from rollout_console.render import Screen
from rollout_console.render.criteria import met_mark
from rollout_console.render.sanitize import sanitize
from rollout_console.render.status import NEVER_ACTS, never_acts, watch_phrase
from rollout_console.results import Status
from rollout_console.settings import Settings

BRIEF = 5.0  # seconds for what is tried of each way
NOBODY = ""  # no feature has this name: what may write a row may write none
STOP = {"emergency_stop": True}
BY_HAND = ("to stop by hand, at any SQL prompt", "or in the web application's environment, and deploy it again")


def main() -> int:
    """Print a line for each thing that is tried, and how to stop by hand.

    Returns:
        0 if all work, 1 if one does not.

    Raises:
        RolloutError: the settings are wrong.
    """
    settings, client = Settings.from_environment(), connect()
    screen = Screen.of(sys.stdout)
    tell(f" {client.feature} on {client.adapter.target}")
    works = True
    for met, text in _tried(client, settings):
        works = works and met
        tell(f" {met_mark(met, screen)} {in_shell(sanitize(text, 500))}")
    for way, step in zip(BY_HAND, halt_by_hand(client.feature, STOP, RolloutError()), strict=False):
        tell(f" {way}:")
        print(f"   {step}")  # on one line, to be copied
    return 0 if works else 1


def _tried(client: RolloutClient, settings: Settings) -> Iterator[tuple[bool, str]]:
    yield from _ways(client)
    if settings.supabase_url and not settings.database_url:
        yield False, "there is no way round the API; set SUPABASE_DB_URL to the database's connection string"
    yield from _services(client, settings)
    try:
        status = client.status()
    except RolloutError as error:
        yield False, f"the status can't be read: {error}"
        return
    yield from _watched(status)


def _ways(client: RolloutClient) -> Iterator[tuple[bool, str]]:
    try:
        ways = client.adapter.ways("rollout_emergency_stop", {})
    except RolloutError as error:
        yield False, f"no stop goes out from here: {error}"
        return
    for way in ways:
        yield _may_stop(way, client.feature)


def _may_stop(way: Way, feature: str) -> tuple[bool, str]:
    """Read the row of a feature, and write that of none: rights are checked before rows are looked for."""
    name = f"{way.target.kind} at {way.target.place}"
    try:
        if way.read_row(BRIEF, feature) is None:
            return False, f"{name}: there is no active rollout of {feature}; type rollout-console setup"
        way.write_row(BRIEF, NOBODY, STOP)
    except RolloutError as error:
        return False, f"{name}: a stop can't go this way: {error}"
    return True, f"{name} answers, and may stop"


def _services(client: RolloutClient, settings: Settings) -> Iterator[tuple[bool, str]]:
    known = services(settings.alert_urls)
    if not known:
        yield False, "nobody is alerted; set ROLLOUT_ALERT_URLS to where alerts go"
    test = Alert(f"test by {client.who.get('operator') or 'unknown'}", "This is a test: nothing has happened.")
    waiting = {service: [("test", test)] for service in known}
    for service, (_, failed) in deliver(waiting, f"rollout {client.feature}", str(client.adapter.target)).items():
        said = "did not take a test message; look at its URL in ROLLOUT_ALERT_URLS" if failed else "took a test message"
        yield not failed, f"{service.name} {said}"


def _watched(status: Status) -> Iterator[tuple[bool, str]]:
    checked = f"health was checked: {watch_phrase(status.watch, status.server_time)}"
    watched = status.watch.is_watched
    yield watched, checked if watched else f"{checked}; start one: rollout-console monitor"
    on = status.auto_rollback_enabled
    if never_acts(status):
        yield False, f"auto-rollback is {NEVER_ACTS}; type rollout-console configure --max-error-rate 5"
        return
    yield on, "auto-rollback is on" if on else "auto-rollback is off; type rollout-console enable-auto-rollback"
