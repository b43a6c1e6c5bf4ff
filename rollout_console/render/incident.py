"""A timeline as the first draft of a post-mortem, in Markdown."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from rollout_console.render.chart import MARGIN, error_chart
from rollout_console.render.dispatch import renderer
from rollout_console.render.errors import kind_name
from rollout_console.render.formatting import format_count
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import Screen
from rollout_console.render.timeline import left_out_phrase, percentages_phrase, tell
from rollout_console.results import Event, Postmortem, Timeline
from rollout_console.validation import in_zone

WIDTH, HEIGHT = 72, 8  # of the chart
KINDS = 20
# In Markdown, in HTML, or on a page that makes links and mentions of what looks like one.
SPECIAL = re.compile(r"[\\`*_{}\[\]()#|~!$^=&<>@]|://|www\.", re.IGNORECASE)
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;", "://": "&#58;//", "www.": "www&#46;"}
TO_BE_WRITTEN = ("Impact", "Cause", "What went well", "What will change, by whom, until when")


@renderer.register
def render_postmortem(timeline: Postmortem, screen: Screen) -> str:
    """Return the timeline as Markdown."""
    return postmortem(timeline)


def postmortem(timeline: Timeline) -> str:
    """Return what is known as Markdown, and headings for what only people know; text of others in it is escaped."""
    title = f"# Incident: {escape(timeline.feature_name, 100)}, {_day(timeline.since)}"
    first, last = (f"{_day(moment)} {_clock(moment)}" for moment in (timeline.since, timeline.server_time))
    parts = [
        title,
        f"From {first} to {last}. Times that name no zone are UTC. This is a draft made from the database.",
        "## Summary",
        "\n".join(_summary(timeline)),
        "## Timeline",
        *([f"{left_out_phrase(timeline)}."] if timeline.left_out else []),
        "\n".join(_events(timeline)),
        "## Errors",
        "\n".join(_errors(timeline)),
        "## Error rate in the rollout",
        "\n".join(["```text", *_chart(timeline), "```"]),
        *(f"## {heading}\n\nTo be written." for heading in TO_BE_WRITTEN),
    ]
    return "\n\n".join(parts) + "\n"


def escape(text: str, limit: int = 500) -> str:
    """Return text of others on one line, without anything that means something in Markdown, HTML or a terminal."""
    return SPECIAL.sub(lambda found: ENTITIES.get(found[0].lower(), f"\\{found[0]}"), sanitize(text, limit))


def _summary(timeline: Timeline) -> list[str]:
    points = timeline.trend.points
    jobs, errors = sum(p.jobs for p in points), sum(p.errors for p in points)
    control = sum(p.control_jobs for p in points), sum(p.control_errors for p in points)
    trips = [event for event in timeline.events if event.type == "trip"]
    return [
        f"- The rollout: {percentages_phrase(timeline)}.",
        f"- Jobs in the rollout: {format_count(jobs)}, of which {format_count(errors)} failed;"
        f" outside: {format_count(control[0])}, of which {format_count(control[1])} failed.",
        *(f"- {_clock(trip.at)}: the breaker rolled back. {_reason(trip)}" for trip in trips[:10]),
    ]


def _reason(event: Event) -> str:
    return escape("; ".join(tell(event).details[:1]))


def _events(timeline: Timeline) -> list[str]:
    rows = ["| time | what | who | details |", "| --- | --- | --- | --- |"]
    day = ""
    for event in timeline.events:
        told = tell(event)
        moment = _clock(event.at) if _day(event.at) == day else f"{_day(event.at)} {_clock(event.at)}"
        day = _day(event.at)
        details = "; ".join(escape(detail) for detail in told.details)
        rows.append(f"| {moment} | {escape(told.what)} | {escape(told.who)} | {details} |")
    return rows if timeline.events else ["Nothing happened."]


def _errors(timeline: Timeline) -> list[str]:
    if not timeline.errors:
        return ["None."]
    rows = ["| kind | in the rollout | outside | first seen | last seen | repositories |"]
    rows.append("| --- | ---: | ---: | --- | --- | --- |")
    for error in timeline.errors[:KINDS]:
        first = f"{_day(error.first_seen_at)} {_clock(error.first_seen_at)} at {error.first_percentage} %"
        names = ", ".join(escape(name, 80) for name in error.repositories) + (", …" if error.more_repositories else "")
        rows.append(
            f"| {escape(kind_name(error))} | {error.treatment} | {error.control} | {first}"
            f" | {_day(error.last_seen_at)} {_clock(error.last_seen_at)} | {names} |"
        )
    return rows


def _chart(timeline: Timeline) -> list[str]:
    *lines, _ = error_chart(timeline.trend, Screen(bars=True), WIDTH, HEIGHT)
    first, last = _clock(timeline.since), _clock(timeline.server_time)
    return [*lines, " " * MARGIN + first + last.rjust(WIDTH - MARGIN - len(first))]


def _day(moment: datetime) -> str:
    return f"{in_zone(moment, UTC):%Y-%m-%d}"


def _clock(moment: datetime) -> str:
    return f"{in_zone(moment, UTC):%H:%M:%S}"
