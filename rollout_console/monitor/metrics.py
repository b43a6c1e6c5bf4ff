"""The monitor's metrics for Prometheus: a log that is read over HTTP."""

from __future__ import annotations

import re
import time
from typing import Any, Literal

from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, NotConfigured, RolloutError
from rollout_console.results import CatchUp, HealthCheck, HistoryEntry, MonitorAtWork

LOOPBACK = "127.0.0.1"  # who is to read them from elsewhere says so
STATES = ("flowing", "at_zero", "stopped")
EXAMPLE = "rollout-console monitor --metrics 9464"
Kind = Literal["gauge", "counter"]
METRICS: dict[str, tuple[Kind, str, tuple[str, ...]]] = {
    "state": ("gauge", "1 for the state that the rollout is in: flowing, at_zero or stopped", ("state",)),
    "percentage": ("gauge", "Percentage of repositories that is set", ()),
    "percentage_in_effect": ("gauge", "Percentage of repositories in effect: 0 during a stop", ()),
    "auto_rollback_enabled": ("gauge", "1 while auto-rollback is on", ()),
    "window_jobs": ("gauge", "Jobs in the window of health", ("arm",)),
    "window_errors": ("gauge", "Failed jobs in the window of health", ("arm",)),
    "error_ratio": ("gauge", "Failed jobs among all in the window of health, 0 to 1", ("arm",)),
    "max_error_ratio": ("gauge", "Threshold of the error ratio, 0 to 1", ()),
    "breach": ("gauge", "1 while the errors are enough for a health check to roll back, whether it may or not", ()),
    "evidence": ("gauge", "Evidence that the error ratio is above the threshold, as odds", ()),
    "evidence_limit": ("gauge", "Evidence at which a report rolls back, as odds", ()),
    "stuck_jobs": ("gauge", "Jobs that have been in processing for far too long", ("processor",)),
    "leaked_jobs": ("gauge", "Jobs that began in the rollout since the last stop or lowering", ()),
    "monitor_seconds_since_check": ("gauge", "Seconds since health was last checked with success, or the start", ()),
    "last_check_timestamp_seconds": ("gauge", "When health was last checked with success, Unix time", ()),
    "check_interval_seconds": ("gauge", "Seconds between two checks", ()),
    "checks": ("counter", "Health checks", ("result",)),
    "trips": ("counter", "Rollbacks that the breaker made", ()),
    "changes": ("counter", "Rows of history that were seen", ()),
    "alerts_sent": ("counter", "Alerts that were sent", ()),
    "alert_failures": ("counter", "Checks after which alerts could not be claimed or sent", ()),
}


class MetricsLog:
    """Keeps what the monitor has last found, and serves it at /metrics.

    Args:
        client: asked for the jobs that are stuck, which a check does not count.
        host: the address to listen at.
        port: 0 for any free one.

    Raises:
        NotConfigured: prometheus-client is not installed.
        BadArgument: nothing can listen there.
    """

    def __init__(self, client: RolloutClient, host: str, port: int) -> None:
        try:
            import prometheus_client as prometheus
        except ImportError:
            raise NotConfigured(
                "--metrics needs prometheus-client, which is not installed; type in a shell: "
                "pip install 'rollout-console[metrics]'"
            ) from None
        self._client = client
        kinds = {"gauge": prometheus.Gauge, "counter": prometheus.Counter}
        registry = prometheus.CollectorRegistry()  # of its own: nothing about this Python
        self._metrics: dict[str, Any] = {
            name: kinds[kind](f"rollout_{name}", f"{text}.", ("feature", *labels), registry=registry)
            for name, (kind, text, labels) in METRICS.items()
        }
        for name in ("trips", "changes", "alerts_sent", "alert_failures"):
            self._of(name)  # a counter that begins at 0 shows its first increase
        for result in ("success", "failure"):
            self._of("checks", result)
        self._checked = time.monotonic()
        self._of("monitor_seconds_since_check").set_function(lambda: time.monotonic() - self._checked)
        try:
            server, _ = prometheus.start_http_server(port, host, registry)
        except (OSError, OverflowError) as error:
            raise BadArgument(
                f"--metrics: nothing can listen at {host}:{port} ({error}); type for example: {EXAMPLE}"
            ) from error
        self.port = server.server_port

    def started(self, client: RolloutClient, every: int) -> None:
        """See `Log`."""
        self._of("check_interval_seconds").set(every)

    def checked(self, check: HealthCheck, changes: list[HistoryEntry], others: list[MonitorAtWork]) -> None:
        """See `Log`."""
        status, health = check.status, check.health
        state = "stopped" if status.emergency_stop else "flowing" if status.rollout_percentage else "at_zero"
        for each in STATES:
            self._of("state", each).set(each == state)
        self._of("percentage").set(status.rollout_percentage)
        self._of("percentage_in_effect").set(status.percentage_in_effect)
        self._of("auto_rollback_enabled").set(status.auto_rollback_enabled)
        for arm, rate in (("treatment", health), ("control", health.control)):
            self._of("window_jobs", arm).set(rate.jobs)
            self._of("window_errors", arm).set(rate.errors)
            self._of("error_ratio", arm).set(float("nan") if rate.error_rate is None else rate.error_rate / 100)
        self._of("max_error_ratio").set(health.max_error_rate / 100)
        self._of("breach").set(health.check_rolls_back)
        self._of("evidence").set(health.evidence)
        self._of("evidence_limit").set(health.evidence_limit)
        self._of("leaked_jobs").set(status.stop_effect.leaks if status.stop_effect else 0)
        by_breaker = [e for e in changes if e.triggered_by == "auto_rollback" and not e.is_of_the_applications_check]
        self._of("trips").inc(len(by_breaker))
        self._of("changes").inc(len(changes))
        self._count_stuck()
        self._checked = time.monotonic()
        self._of("last_check_timestamp_seconds").set_to_current_time()
        self._of("checks", "success").inc()

    def failed(self, error: RolloutError, pause: float | None) -> None:
        """See `Log`."""
        self._of("checks", "failure").inc()

    def alerted(self, alerts: list[str], problem: str | None) -> None:
        """See `Log`."""
        self._of("alerts_sent").inc(len(alerts))
        self._of("alert_failures").inc(problem is not None)

    def caught_up(self, done: CatchUp) -> None:
        """See `Log`; no metric."""

    def not_done(self, task: str, error: Exception) -> None:
        """See `Log`; no metric."""

    def ended(self) -> None:
        """See `Log`; the process ends, and its metrics with it."""

    def _count_stuck(self) -> None:
        stuck = {"inngest": 0, "github_actions": 0}
        try:
            for group in self._client.jobs(limit=0).groups:
                if group.arm != "other":
                    stuck[group.processor] = stuck.get(group.processor, 0) + group.stuck
        except RolloutError:
            return  # the check itself was made; the next one counts again
        for processor, jobs in stuck.items():
            self._of("stuck_jobs", processor).set(jobs)

    def _of(self, name: str, *labels: str) -> Any:
        return self._metrics[name].labels(self._client.feature, *labels)


def address(text: str) -> tuple[str, int]:
    """Return host and port of `9464`, `0.0.0.0:9464` or `[::1]:9464`; without a host the loopback interface.

    Raises:
        BadArgument: it is no address.
    """
    found = re.fullmatch(r"(?:(\[[0-9a-fA-F:]+\]|[^:\s\[\]]+):)?(\d{1,5})", text.strip())
    if found is None or int(found[2]) > 65535:
        raise BadArgument(f"--metrics takes a port, or an address and a port as 0.0.0.0:9464; type: {EXAMPLE}")
    return (found[1] or LOOPBACK).strip("[]"), int(found[2])
