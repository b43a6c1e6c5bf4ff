"""The monitor's log: lines for people, or one JSON object per line for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TextIO

from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError, in_a_line
from rollout_console.monitor.writer import Writer
from rollout_console.render import Screen, render
from rollout_console.render.formatting import format_count, format_duration
from rollout_console.render.health import health_phrase
from rollout_console.render.history import change_details, change_phrase
from rollout_console.render.sanitize import sanitize
from rollout_console.render.screen import NARROWEST
from rollout_console.render.status import state_line
from rollout_console.results import CatchUp, HealthCheck, HistoryEntry, MonitorAtWork
from rollout_console.validation import in_zone

BELOW = " " * 21  # what goes on from the line above, in a terminal or in details, stands right of the times


class TextLog:
    """One line for each check, and details when something is new; a line that a terminal has no room for is folded.

    Args:
        stream: where to write.
        advice: puts commands to type into the words of who reads it; by default those of the console.
    """

    def __init__(self, stream: TextIO | None, advice: Callable[[str], str] = str) -> None:
        self._writer = Writer(stream)
        self._advice = advice
        self._screen = Screen.of(stream)  # once: a log that is closed meanwhile can't be looked at
        self._shown: tuple[str, str] | None = None  # verdict and action that were shown in detail
        self._known: set[str] = set()  # ids of other monitors that were mentioned

    def started(self, client: RolloutClient, every: int) -> None:
        """See `Log`."""
        self._say(f"monitoring {client.feature} on {client.adapter.target}, every {_span(every)}; Ctrl-C to end")

    def checked(self, check: HealthCheck, changes: list[HistoryEntry], others: list[MonitorAtWork]) -> None:
        """See `Log`."""
        for other in others:
            if other.id not in self._known:
                self._known.add(other.id)
                by = f"{sanitize(other.operator or 'unknown', 40)}@{sanitize(other.host or 'unknown', 40)}"
                self._say(
                    self._screen.paint(
                        f"another monitor is running: {by}, every {_span(other.every_seconds)}", "warning"
                    )
                )
        for entry in changes:
            said = "; ".join([change_phrase(entry, 200), *change_details(entry)])
            self._say(said, in_zone(entry.at))
        found = (check.health.verdict, check.action)
        if check.health.verdict in ("above_threshold", "breach") and found != self._shown:
            beside = replace(self._screen, width=max(NARROWEST, self._screen.width - len(BELOW)))
            self._say(render(check, beside).strip().replace("\n", f"\n{BELOW}"))
        else:
            self._say(f"{state_line(check.status, self._screen).strip()}  {health_phrase(check.health, self._screen)}")
        self._shown = found

    def caught_up(self, done: CatchUp) -> None:
        """See `Log`."""
        if done.transitions:
            moves = ", ".join(f"{sanitize(move, 40)}: {format_count(n)}" for move, n in done.transitions.items())
            self._say(f"categorized: {moves}; {format_count(done.uncategorized)} left without a category")

    def not_done(self, task: str, error: Exception) -> None:
        """See `Log`."""
        self._say(self._screen.paint(f"{task} failed: {sanitize(in_a_line(error), 500)}", "warning"))

    def failed(self, error: RolloutError, pause: float | None) -> None:
        """See `Log`."""
        again = f"; retry in {_span(pause)}" if pause is not None else ""
        self._say(self._screen.paint(f"BLIND: {sanitize(str(error), 500)}{again}", "bad"))

    def alerted(self, alerts: list[str], problem: str | None) -> None:
        """See `Log`."""
        for title in alerts:
            self._say(f"alert sent: {title}")
        if problem:
            self._say(self._screen.paint(f"alerts: {sanitize(problem, 500)}", "bad"))

    def ended(self) -> None:
        """See `Log`."""
        self._say("monitor ended")

    def _say(self, text: str, at: datetime | None = None) -> None:
        said = f"{at or datetime.now():%Y-%m-%d %H:%M:%S}  {self._advice(text)}"
        self._writer.line(self._screen.fit(said, BELOW))


class JsonLog:
    """One JSON object per line, with `time` and `event`: start, check, categorization, failure, alert, end.

    Args:
        stream: where to write.
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._writer = Writer(stream)

    def started(self, client: RolloutClient, every: int) -> None:
        """See `Log`."""
        self._write("start", feature=client.feature, target=str(client.adapter.target), every_seconds=every)

    def checked(self, check: HealthCheck, changes: list[HistoryEntry], others: list[MonitorAtWork]) -> None:
        """See `Log`."""
        status = check.status
        self._write(
            "check",
            action=check.action,
            rollout_percentage=status.rollout_percentage,
            percentage_in_effect=status.percentage_in_effect,
            emergency_stop=status.emergency_stop,
            auto_rollback_enabled=status.auto_rollback_enabled,
            health=check.health.to_dict(),
            changes=[entry.to_dict() for entry in changes],
            other_monitors=[other.to_dict() for other in others],
        )

    def caught_up(self, done: CatchUp) -> None:
        """See `Log`."""
        self._write("categorization", **done.to_dict())

    def not_done(self, task: str, error: Exception) -> None:
        """See `Log`."""
        self._write(f"{task.replace(' ', '_')}_failure", error=type(error).__name__, message=str(error))

    def failed(self, error: RolloutError, pause: float | None) -> None:
        """See `Log`."""
        retry = round(pause, 1) if pause is not None else None
        self._write("failure", error=type(error).__name__, message=str(error), retry_seconds=retry)

    def alerted(self, alerts: list[str], problem: str | None) -> None:
        """See `Log`."""
        self._write("alert", sent=alerts, problem=problem)

    def ended(self) -> None:
        """See `Log`."""
        self._write("end")

    def _write(self, event: str, **fields: Any) -> None:
        record = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
        self._writer.line(json.dumps(record))


def _span(seconds: float) -> str:
    return f"{seconds / 3600:g} h" if seconds >= 7200 and seconds % 3600 == 0 else format_duration(round(seconds, 1))
