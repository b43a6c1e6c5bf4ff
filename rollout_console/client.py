"""The typed Python API: one method for each SQL function."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from rollout_console import results
from rollout_console.adapters import Adapter
from rollout_console.arguments import clean_text, described, repository_names, whole, whole_percentage
from rollout_console.errors import BadArgument, Refused, RolloutError, SchemaMismatch
from rollout_console.migrate import SCHEMA_VERSION
from rollout_console.results.base import R
from rollout_console.results.changes import C
from rollout_console.settings import DEFAULT_FEATURE, application_overrides, operator

if TYPE_CHECKING:
    import uuid

BATCH_SECONDS = 2.0  # aim of a categorization batch: half of what hosted Supabase would allow at most
FIRST_BATCH = 2_000
LARGEST_BATCH = 50_000


class RolloutClient:
    """Calls the rollout functions of one feature through one adapter.

    Every method that changes something takes a `reason` for the history and returns a `Change`.
    All raise `RolloutError` and its kind: see `rollout_console.errors`.
    """

    def __init__(self, adapter: Adapter, feature: str = DEFAULT_FEATURE, *, who: dict[str, str] | None = None) -> None:
        self.adapter = adapter
        self.feature = feature
        self.who = who or operator()

    # Reports

    def status(self) -> results.Status:
        """Return the configuration, what is in effect, health, and the last change."""
        status = self._read("rollout_status", results.Status)
        check_version(status.schema_version)
        return status

    def overview(self, points: int = 48) -> results.Overview:
        """Return all that the dashboard shows in one answer, the error trend in `points` steps (2 to 288)."""
        points = whole("points", points, 2, 288, "rollout.client.overview(48)")
        overview = self._read("rollout_overview", results.Overview, points=points)
        check_version(overview.status.schema_version)
        return overview

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
        names: list[str] = self.adapter.call(
            "rollout_find_repositories", changes=False, idempotent=True, prefix=clean_text(prefix), max_rows=limit
        )
        return names

    def verify(self) -> results.Verification:
        """Count again from the rows what is kept as counters."""
        return self._read("rollout_verify", results.Verification)

    def setup_plan(self, percentage: object = 10) -> results.SetupPlan:
        """Return what `rollout-console setup` would do; the feature need not have a configuration yet."""
        plan = self._read(
            "rollout_setup_plan",
            results.SetupPlan,
            percentage=whole_percentage(percentage, "rollout-console setup --percentage 10"),
        )
        check_version(plan.schema_version)
        return plan

    # Changes

    def create(self, percentage: object = 0, reason: str | None = None) -> results.Change:
        """Create the feature's configuration if it has none."""
        return self._change(
            "rollout_create",
            reason,
            percentage=whole_percentage(percentage, "rollout-console setup --percentage 10"),
        )

    def begin(self, percentage: object = 10, reason: str | None = None) -> results.SetupStep:
        """Start a rollout that never was above 0 %; any other stays as it is, and `outcome` says why."""
        wanted = whole_percentage(percentage, "rollout-console setup --percentage 10")
        return self._change_of(results.SetupStep, "rollout_begin", reason, percentage=wanted)

    def seed_whitelist(self, reason: str | None = None) -> results.SetupStep:
        """Put up to five test repositories on a whitelist that never held any."""
        return self._change_of(results.SetupStep, "rollout_seed_whitelist", reason)

    def set_rollout(self, percentage: object, reason: str | None = None) -> results.Change:
        """Set the percentage, 0 to 100 (R4)."""
        return self._change(
            "rollout_set_percentage",
            reason,
            percentage=whole_percentage(percentage, "rollout.setRollout(10)"),
        )

    def emergency_stop(self, reason: str | None = None) -> results.Change:
        """Halt all traffic; the percentage is kept (R5).

        Raises:
            RolloutError: as any change; if the database was not reached or the key not accepted,
                `by_hand` says how to stop without this console.
        """
        try:
            return self._change("rollout_emergency_stop", reason)
        except (BadArgument, Refused):
            raise
        except RolloutError as error:
            error.by_hand = stop_by_hand(reason, self.feature)
            raise

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
        # Has no operation id: sent twice, it reports its jobs twice.
        return self._call("rollout_simulate", results.Simulation, idempotent=False, jobs=jobs, error_rate=error_rate)

    # The monitor's own bookkeeping, no changes of the rollout

    def monitor_beat(self, monitor: uuid.UUID, every: float, *, leaving: bool = False) -> results.MonitorBeat:
        """Give a sign of life, or say farewell, and learn which other monitors are at work.

        Args:
            monitor: an id that the monitor keeps while it runs.
            every: its interval in seconds.
            leaving: whether it ends now.
        """
        return self._call(
            "rollout_monitor_beat",
            results.MonitorBeat,
            monitor_id=str(monitor),
            every_seconds=math.ceil(every),
            leaving=leaving,
            context=self._context(),
        )

    def claim_alerts(self, raised: list[str], cleared: list[str]) -> results.AlertClaims:
        """Return which events no monitor has alerted for so far; from now on they count as alerted for."""
        return self._call(
            "rollout_claim_alerts", results.AlertClaims, raised=raised, cleared=cleared, context=self._context()
        )

    def _read(self, function: str, kind: type[R], **parameters: object) -> R:
        return self._call(function, kind, changes=False, idempotent=True, **parameters)

    def _change(self, function: str, reason: object, **parameters: object) -> results.Change:
        return self._change_of(results.Change, function, reason, **parameters)

    def _change_of(self, kind: type[C], function: str, reason: object, **parameters: object) -> C:
        if reason is not None and not isinstance(reason, str):
            raise BadArgument(
                f"a reason is text, not {described(reason)}; type it in quotes, as in "
                'rollout.emergencyStop("errors in the logs")'
            )
        given = None if reason is None else clean_text(reason)
        return self._call(
            function, kind, changes=True, idempotent=True, reason=given, context=self._context(), **parameters
        )

    def _context(self) -> dict[str, Any]:
        """Return who does it, and an id by which a change that is sent twice is recognised."""
        import uuid  # asks the system for its name, which the first prompt need not wait for

        return {**self.who, "operation_id": str(uuid.uuid4())}

    def _call(
        self, function: str, kind: type[R], *, changes: bool = True, idempotent: bool = True, **parameters: object
    ) -> R:
        answer = self.adapter.call(
            function, changes=changes, idempotent=idempotent, feature_name=self.feature, **parameters
        )
        try:
            result = results.parse(kind, answer)
        except msgspec.ValidationError as error:
            raise SchemaMismatch(
                f"the database answered {function} in a form this console does not know ({error}); "
                "type in a shell: rollout-console migrate --status"
            ) from error
        status = result if isinstance(result, results.Status) else getattr(result, "status", None)
        if isinstance(status, results.Status):  # what only this side knows
            status.overrides, status.target = application_overrides(), str(self.adapter.target)
        return result


def stop_by_hand(reason: str | None, feature: str) -> tuple[str, str]:
    """Return what stops the rollout without this console.

    Returns:
        A statement for any SQL prompt, and the web application's own override for its environment.
    """

    def quoted(text: str) -> str:
        # On one line and without control characters: it is shown, copied and pasted.
        return "'" + "".join(c if c.isprintable() else " " for c in text).replace("'", "''") + "'"

    arguments = f"feature_name => {quoted(feature)}"
    if reason is not None:
        arguments = f"reason => {quoted(reason)}, {arguments}"
    return f"select rollout_emergency_stop({arguments});", "HYBRID_EMERGENCY_STOP=true"


def check_version(version: int) -> None:
    """Refuse a schema of another version than this console's.

    Raises:
        SchemaMismatch: it is one; the message says which side to bring up to date.
    """
    if version != SCHEMA_VERSION:
        newer = version > SCHEMA_VERSION
        raise SchemaMismatch(
            f"the database has schema version {version}, this console knows {SCHEMA_VERSION}; "
            + ("upgrade rollout-console" if newer else "type in a shell: rollout-console migrate")
        )
