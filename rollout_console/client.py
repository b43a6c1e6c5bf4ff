"""The typed Python API: one method for each SQL function."""

from __future__ import annotations

import contextlib
import math
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, SupportsFloat

import msgspec

from rollout_console import results
from rollout_console.doors import Door
from rollout_console.errors import BadArgument, SchemaMismatch
from rollout_console.results import R
from rollout_console.settings import DEFAULT_FEATURE, application_overrides, operator

SCHEMA_VERSION = 1
BATCH_SECONDS = 2.0  # aim of a categorization batch: half of what hosted Supabase would allow at most
FIRST_BATCH = 2_000
LARGEST_BATCH = 50_000


class RolloutClient:
    """Calls the rollout functions of one feature through one door.

    Every method that changes something takes a `reason` for the history and returns a `Change`.
    All raise `RolloutError` and its kind: see `rollout_console.errors`.
    """

    def __init__(self, door: Door, feature: str = DEFAULT_FEATURE, *, who: dict[str, str] | None = None) -> None:
        self.door = door
        self.feature = feature
        self.who = who or operator()

    # Reports

    def status(self) -> results.Status:
        """Return the configuration, what is in effect, health, and the last change."""
        return self._complete(self._read("rollout_status", results.Status))

    def overview(self, points: int = 48) -> results.Overview:
        """Return all that the dashboard shows in one answer, the error trend in `points` steps (2 to 288)."""
        points = whole("points", points, 2, 288, "rollout.client.overview(48)")
        overview = self._read("rollout_overview", results.Overview, points=points)
        self._complete(overview.status)
        return overview

    def _complete(self, status: results.Status) -> results.Status:
        """Add what only this side knows; refuse a schema that it does not know."""
        if status.schema_version != SCHEMA_VERSION:
            newer = status.schema_version > SCHEMA_VERSION
            raise SchemaMismatch(
                f"the database has schema version {status.schema_version}, "
                f"this console knows {SCHEMA_VERSION}; "
                + ("upgrade rollout-console" if newer else "type in a shell: rollout-console migrate")
            )
        status.overrides = application_overrides()
        status.target = str(self.door.target)
        return status

    def stats(self) -> results.Stats:
        """Return repositories, rates and success metrics over the window."""
        return self._read("rollout_stats", results.Stats)

    def categories(self) -> results.Categories:
        """Return each size category with its limits, averages, and how many are in."""
        return self._read("rollout_categories", results.Categories)

    def show_metrics(self, errors: int = 5) -> results.Metrics:
        """Return each processor over the window, and the last `errors` errors (at most 50)."""
        return self._read(
            "rollout_show_metrics",
            results.Metrics,
            errors=whole("errors", errors, 0, 50, "rollout.showMetrics(5)"),
        )

    def error_trend(self, points: int = 24) -> results.ErrorTrend:
        """Return jobs and errors over the window in `points` equal steps (2 to 288)."""
        return self._read(
            "rollout_error_trend",
            results.ErrorTrend,
            points=whole("points", points, 2, 288, "rollout.client.error_trend(24)"),
        )

    def show_whitelist(self) -> results.Whitelist:
        """Return whitelist and blacklist with names."""
        return self._read("rollout_show_whitelist", results.Whitelist)

    def history(self, limit: int = 20) -> results.History:
        """Return the newest `limit` changes (1 to 1,000)."""
        return self._read(
            "rollout_list_history",
            results.History,
            max_rows=whole("limit", limit, 1, 1000, "rollout.history(20)"),
        )

    def preview(self, percentage: object, examples: int = 5) -> results.Preview:
        """Return who would enter or leave at another percentage, with `examples` names a category."""
        return self._read(
            "rollout_preview",
            results.Preview,
            percentage=whole_percentage(percentage, "rollout.preview(25)"),
            examples=whole("examples", examples, 0, 1000, "rollout.preview(25, 5)"),
        )

    def explain(self, repository: object) -> results.Explanation:
        """Return whether a repository (id or `owner/name`) is in, and the first rule that says so."""
        if not isinstance(repository, str):
            raise BadArgument(
                f'explain takes one repository as text, not {described(repository)}; type rollout.explain("owner/name")'
            )
        return self._read("rollout_explain", results.Explanation, repository=clean_text(repository))

    def phases(self) -> results.Phases:
        """Return the progression and whether the next phase may begin (R2)."""
        return self._read("rollout_phases", results.Phases)

    def find_repositories(self, prefix: str, limit: int = 20) -> list[str]:
        """Return names that begin with `prefix`, at most `limit` (1 to 50), for completion."""
        names: list[str] = self.door.call("rollout_find_repositories", prefix=clean_text(prefix), max_rows=limit)
        return names

    # Changes

    def create(self, percentage: object = 0, reason: str | None = None) -> results.Change:
        """Create the feature's configuration if it has none."""
        return self._change(
            "rollout_create",
            reason,
            percentage=whole_percentage(percentage, "rollout-console setup --percentage 10"),
        )

    def set_rollout(self, percentage: object, reason: str | None = None) -> results.Change:
        """Set the percentage, 0 to 100 (R4)."""
        return self._change(
            "rollout_set_percentage",
            reason,
            percentage=whole_percentage(percentage, "rollout.setRollout(10)"),
        )

    def emergency_stop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic; the percentage is kept (R5)."""
        return self._change("rollout_emergency_stop", reason)

    def resume(self, percentage: object = None, reason: str | None = None) -> results.Change:
        """End the emergency stop, at the percentage that is set or at another (R5)."""
        wanted = None if percentage is None else whole_percentage(percentage, "rollout.resume(5)")
        return self._change("rollout_resume", reason, percentage=wanted)

    def rollback_to_percentage(self, percentage: object, reason: str | None = None) -> results.Change:
        """Lower the percentage; refuses to raise it (R6)."""
        wanted = whole_percentage(percentage, "rollout.rollbackToPercentage(5)")
        return self._change("rollout_rollback", reason, percentage=wanted)

    def rollback_to_zero(self, reason: str | None = None) -> results.Change:
        """Set 0 % (R6)."""
        return self._change("rollout_rollback", reason, percentage=0)

    def enable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker on (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=True)

    def disable_auto_rollback(self, reason: str | None = None) -> results.Change:
        """Switch the breaker off (R8)."""
        return self._change("rollout_set_auto_rollback", reason, enabled=False)

    def check_health(self, triggered_by: str = "manual") -> results.HealthCheck:
        """Check the indicators, and roll back if they call for it (R7, R8)."""
        return self._call(
            "rollout_check_health",
            results.HealthCheck,
            context={**self._context(), "triggered_by": triggered_by},
        )

    def add_to_whitelist(self, repositories: object, reason: str | None = None) -> results.Change:
        """Add one or several repositories (ids or `owner/name`): all of them or none (R9)."""
        names = repository_names(repositories, "addToWhitelist")
        return self._change("rollout_add_to_whitelist", reason, repositories=names)

    def remove_from_whitelist(self, repositories: object, reason: str | None = None) -> results.Change:
        """Remove one or several repositories: all of them or none (R9)."""
        names = repository_names(repositories, "removeFromWhitelist")
        return self._change("rollout_remove_from_whitelist", reason, repositories=names)

    def mark_as_test(self, repositories: object, reason: str | None = None) -> results.Change:
        """Pin one or several repositories as test (R3)."""
        names = repository_names(repositories, "markAsTest")
        return self._change("rollout_mark_as_test", reason, repositories=names)

    def unmark_as_test(self, repositories: object, reason: str | None = None) -> results.Change:
        """Lift the pin and categorize anew (R3)."""
        names = repository_names(repositories, "unmarkAsTest")
        return self._change("rollout_unmark_as_test", reason, repositories=names)

    def categorize_all(
        self, on_progress: Callable[[results.CategorizationRun], None] = lambda run: None
    ) -> results.CategorizationRun:
        """Categorize all repositories in batches, continuing an unfinished run (R3).

        Args:
            on_progress: called after each batch, which is committed by then.
        """
        size, run_id = FIRST_BATCH, None
        while True:
            begun = time.monotonic()
            run = self._call(
                "rollout_categorize_batch",
                results.CategorizationRun,
                batch_size=size,
                run_id=run_id,
                context=self._context(),
            )
            on_progress(run)
            if run.done:
                return run
            took = max(time.monotonic() - begun, 0.001)
            size = max(100, min(LARGEST_BATCH, int(size * min(2.0, BATCH_SECONDS / took))))
            run_id = run.run_id

    def simulate(self, jobs: int = 200, error_rate: float = 2.0) -> results.Simulation:
        """Send practice jobs (1 to 10,000; errors in percent) on the sample data; refused on any other."""
        example = "rollout.simulate(200, 20)"
        jobs = whole("jobs", jobs, 1, 10_000, example)
        if isinstance(error_rate, bool) or not isinstance(error_rate, int | float) or not 0 <= error_rate <= 100:
            raise BadArgument(f"error_rate is a percentage from 0 to 100, not {described(error_rate)}; type {example}")
        return self._read("rollout_simulate", results.Simulation, jobs=jobs, error_rate=error_rate)

    def _read(self, function: str, kind: type[R], **parameters: object) -> R:
        return self._call(function, kind, **parameters)

    def _change(self, function: str, reason: object, **parameters: object) -> results.Change:
        if reason is not None and not isinstance(reason, str):
            raise BadArgument(
                f"a reason is text, not {described(reason)}; type it in quotes, as in "
                'rollout.emergencyStop("errors in the logs")'
            )
        given = None if reason is None else clean_text(reason)
        change = self._call(function, results.Change, reason=given, context=self._context(), **parameters)
        change.function = function
        return change

    def _context(self) -> dict[str, Any]:
        """Return who does it, and an id by which a change that is sent twice is recognised."""
        return {**self.who, "operation_id": str(uuid.uuid4())}

    def _call(self, function: str, kind: type[R], **parameters: object) -> R:
        answer = self.door.call(function, feature_name=self.feature, **parameters)
        try:
            return results.parse(kind, answer)
        except msgspec.ValidationError as error:
            raise SchemaMismatch(
                f"the database answered {function} in a form this console does not know ({error}); "
                "type in a shell: rollout-console migrate --status"
            ) from error


def whole_percentage(value: object, example: str) -> int:
    """Return the whole number that `value` is (R4). Its range is checked by the database.

    Raises:
        BadArgument: not a whole number; the message says what to type.
    """
    number = math.nan
    if isinstance(value, SupportsFloat) and not isinstance(value, bool | str):
        with contextlib.suppress(OverflowError, TypeError, ValueError):
            number = float(value)
    if not number.is_integer():
        raise BadArgument(
            f"a percentage is a whole number from 0 to 100, not {described(value)}; type for example {example}"
        )
    return int(number)


def whole(name: str, value: object, low: int, high: int, example: str) -> int:
    """Return a whole number between `low` and `high`.

    Raises:
        BadArgument: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise BadArgument(f"{name} is a whole number from {low} to {high:,}, not {described(value)}; type {example}")
    return value


def repository_names(value: object, command: str) -> list[str]:
    """Return the repositories that were named: one, or several in a list (R9).

    Raises:
        BadArgument: not text or a list of text, or an empty list.
    """
    example = f'rollout.{command}("owner/name")'
    listed = [value] if isinstance(value, str | uuid.UUID) else value
    if isinstance(listed, dict) or not isinstance(listed, Iterable):
        raise BadArgument(f"{command} takes repositories as text, not {described(value)}; type {example}")
    names = [str(item) if isinstance(item, uuid.UUID) else item for item in listed]
    wrong = [item for item in names if not isinstance(item, str) or not item.strip()]
    if wrong or not names:
        found = described(wrong[0]) if wrong else "an empty list"
        raise BadArgument(f"{command} takes repositories as text, not {found}; type {example}")
    return [clean_text(str(item)).strip() for item in names]


def clean_text(text: str) -> str:
    """Return text that PostgreSQL can store: without NUL and lone surrogates."""
    return text.replace("\x00", "").encode("utf-8", "replace").decode("utf-8")


def described(value: object) -> str:
    """Return a short description of a wrong argument; it may be of any kind and size."""
    try:
        text = repr(value)
    except Exception:
        text = f"a {type(value).__name__}"
    return text if len(text) <= 60 else f"{text[:57]}..."
