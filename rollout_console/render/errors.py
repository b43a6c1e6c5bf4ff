"""Errors in kinds: how often, since when, where."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from rollout_console.render.dispatch import renderer
from rollout_console.render.formatting import format_age, format_count, format_counted, format_list
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.results import ErrorKind, Errors, MainRepository


@renderer.register
def render_errors(errors: Errors, screen: Screen) -> str:
    """Return the kinds, each with what is known of it below."""
    if not errors.kinds:
        return " no errors are known"
    lines = []
    if errors.main_repository is not None:
        lines.append(f" {screen.paint(main_repository_phrase(errors.main_repository), 'warning')}")
    lines += [line for kind in errors.kinds for line in error_lines(kind, errors.server_time, screen)]
    more = errors.total - len(errors.kinds)
    if more > 0:
        can_be_shown = len(errors.kinds) < errors.most_kinds
        how = f": rollout.errors({errors.most_kinds})" if can_be_shown else ", beyond what can be shown"
        lines.append(f" {format_counted(more, 'more kind', 'more kinds')}{how}")
    return "\n".join(lines)


def error_lines(error: ErrorKind, now: datetime, screen: Screen) -> list[str]:
    """Return a kind with its counts, when it was seen, its repositories, and a sample."""
    new = f"  {screen.paint(new_phrase(error, now), 'bad')}" if error.is_new else ""
    seen = f"last {format_age(error.last_seen_at, now)}"
    if not error.is_new:
        seen = f"first {format_age(error.first_seen_at, now)}, {seen}"
    where = format_list([sanitize(processor, 30) for processor in error.processors], len(error.processors), 40)
    return [
        f" {screen.paint(kind_name(error, screen.room(screen.width - 4)), 'title')}{new}",
        f"   {counts_phrase(error)}; {seen}; {where}",
        f"   {repositories_phrase(error, screen.room(screen.width - 4))}",
        f"   for example: {sanitize(error.sample, screen.room(screen.width - 16))}",
    ]


def kind_name(error: ErrorKind, width: int = 160) -> str:
    """Return the kind as a name."""
    return "all other kinds" if error.kind is None else sanitize(error.kind, max(20, width))


def new_phrase(error: ErrorKind, now: datetime) -> str:
    """Return since when a kind is seen, and at which percentage."""
    return f"new since {error.first_percentage} %, {format_age(error.first_seen_at, now)}"


def counts_phrase(error: ErrorKind) -> str:
    """Return how often in each arm, and how many of them health judges."""
    judged = (
        "" if error.since_restart == error.treatment else f" ({format_count(error.since_restart)} since the restart)"
    )
    if error.is_ignored:
        judged = " (ignored: not judged)"
    return (
        f"{format_counted(error.treatment, 'error', 'errors')} in the rollout{judged},"
        f" {format_count(error.control)} outside"
    )


def repositories_phrase(error: ErrorKind, width: int) -> str:
    """Return the repositories, as many as fit."""
    names = [sanitize(name, 80) for name in error.repositories]
    if not names:
        return "no repository known"
    return format_list(names, len(names), max(20, width - 12)) + (", perhaps others" if error.more_repositories else "")


def main_errors(evidence: Mapping[str, Any]) -> list[str]:
    """Return the main errors of a trip; others can write rows, too, so that anything may stand there."""
    errors = evidence.get("main_errors")
    found = [error for error in errors if isinstance(error, dict)] if isinstance(errors, list) else []
    return [
        f"{_number(error.get('errors'))} × {sanitize(str(error.get('kind')), 160)}"
        + (f", new since {_number(error.get('first_percentage'))} %" if error.get("is_new") is True else "")
        for error in found[:3]
    ]


def main_repository(evidence: Mapping[str, Any]) -> list[str]:
    """Return which repository has most of the errors, and how to keep it out; nothing if none has."""
    try:
        found = msgspec.convert(evidence.get("main_repository"), MainRepository | None)
    except msgspec.ValidationError:  # others may write rows, too
        return []
    return [] if found is None else [main_repository_phrase(found)]


def main_repository_phrase(found: MainRepository) -> str:
    """Return how many of the errors are one repository's, and how to keep it out."""
    name = sanitize(found.repository, 140)
    errors = format_counted(found.all_errors, "error is that", "errors are those")
    share = f"{format_count(found.errors)} of {errors} of {name}"
    return f'{share}; to keep it out: rollout.addToBlacklist("{name}")'


def _number(value: object) -> str:
    return format_count(value) if isinstance(value, int) else "?"
