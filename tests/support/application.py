"""A double of the existing web application and its browser console: the statements that they send, as they send them.

That of 2025; what differs since is in `application_of_2026.py`. Written from what is known of them
(`docs/coexistence.md`), not from our code. Each statement is a transaction of its own,
in the role that is given, through SQL or through the API.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.support.channels import Channel, Refused, Row

FEATURE = "hybrid_progressive_capture"


class Application:
    """The web application.

    Args:
        channel: how and in which role it reaches the database.
        clock: by how much its clock is ahead of the database's; negative when it is behind.
    """

    def __init__(self, channel: Channel, clock: timedelta = timedelta(0)) -> None:
        self.channel, self.clock = channel, clock
        self.logged: list[str] = []  # what was refused, which the application only logs

    def now(self) -> datetime:
        return datetime.now(UTC) + self.clock

    def configuration(self) -> Row | None:
        """The active configuration, if this role sees one."""
        found = self.channel.select(
            "rollout_configuration", {"feature_name": ("eq", FEATURE), "is_active": ("eq", True)}
        )
        return found[0] if found else None

    def is_eligible(self, repository: str, feature: str = FEATURE) -> bool:
        """Ask before a job is queued; an error counts as no."""
        try:
            return bool(
                self.channel.call(
                    "is_repository_eligible_for_rollout", {"repo_id": str(repository), "feature_name": feature}
                )
            )
        except Refused as refused:
            self.logged.append(str(refused))
            return False

    def record_metrics(
        self, repository: str, *, success: bool, processor: str = "inngest", error: str | None = None
    ) -> None:
        """Report a job as soon as it is queued: success with 0 seconds, or that queueing failed."""
        try:
            config = self.configuration()
            if config is not None:
                found = self.find_metrics(config, repository, processor)
                self.write_metrics(config, repository, processor, found, success=success, error=error)
        except Refused as refused:
            self.logged.append(str(refused))

    def find_metrics(self, config: Row, repository: str, processor: str) -> Row | None:
        """Read the row to add one to: the newest whose window starts within the window before now."""
        start = self.now() - timedelta(hours=config["monitoring_window_hours"])
        found = self.channel.select(
            "rollout_metrics",
            {
                "rollout_config_id": ("eq", config["id"]),
                "repository_id": ("eq", str(repository)),
                "processor_type": ("eq", processor),
                "metrics_window_start": ("gte", start.isoformat()),
            },
            newest="created_at",
            limit=1,
        )
        return found[0] if found else None

    def write_metrics(
        self,
        config: Row,
        repository: str,
        processor: str,
        found: Row | None,
        *,
        success: bool,
        error: str | None = None,
    ) -> None:
        """Write what was read, plus one; or a row of its own, which the next look-up misses."""
        now = self.now().isoformat()
        failed = {} if success else {"last_error_message": error, "last_error_at": now}
        if found is not None:
            counts = {
                "success_count": found["success_count"] + int(success),
                "error_count": found["error_count"] + int(not success),
                "total_jobs": found["total_jobs"] + 1,
                "average_processing_time": 0,
                "updated_at": now,
            }
            self.channel.update("rollout_metrics", counts | failed, {"id": ("eq", found["id"])})
            return
        start = self.now() - timedelta(hours=config["monitoring_window_hours"])
        self.channel.insert(
            "rollout_metrics",
            {
                "rollout_config_id": config["id"],
                "repository_id": str(repository),
                "processor_type": processor,
                "success_count": int(success),
                "error_count": int(not success),
                "total_jobs": 1,
                "average_processing_time": 0,
                "metrics_window_start": start.isoformat(),
                "metrics_window_end": now,
                "created_at": now,
                "updated_at": now,
            }
            | failed,
        )

    def check_and_trigger_rollback(self) -> bool:
        """Its own check: rows of 24 hours by their date, whatever has happened since; 0 % by table update."""
        config = self.configuration()
        if config is None or not config["auto_rollback_enabled"]:
            return False
        since = (self.now() - timedelta(hours=24)).isoformat()
        rows = self.channel.select(
            "rollout_metrics", {"rollout_config_id": ("eq", config["id"]), "created_at": ("gte", since)}
        )
        jobs, errors = sum(r["total_jobs"] for r in rows), sum(r["error_count"] for r in rows)
        if jobs <= 10 or 100 * errors / jobs <= float(config["max_error_rate"]):
            return False
        self._write(config, {"rollout_percentage": 0})
        self._history(config, "rollback", 0, f"error rate {100 * errors / jobs:.2f} %", "auto_rollback")
        return True

    def _write(self, config: Row, values: Row) -> None:
        self.channel.update(
            "rollout_configuration", values | {"updated_at": self.now().isoformat()}, {"id": ("eq", config["id"])}
        )

    def _history(self, config: Row, action: str, percentage: int, reason: str, by: str) -> None:
        self.channel.insert(
            "rollout_history",
            {
                "rollout_config_id": config["id"],
                "action": action,
                "previous_percentage": config["rollout_percentage"],
                "new_percentage": percentage,
                "reason": reason,
                "triggered_by": by,
            },
        )


class BrowserConsole(Application):
    """The browser console: configuration by id, then a history row of its own for some commands."""

    def set_rollout(self, percentage: int) -> None:
        config = self._config()
        self._write(config, {"rollout_percentage": percentage})
        self._history(config, "updated", percentage, f"Manual update to {percentage}%", "manual")

    def emergency_stop(self, reason: str) -> None:
        config = self._config()
        self._write(config, {"emergency_stop": True})
        self._history(config, "emergency_stop", 0, reason, "manual")

    def resume(self) -> None:
        self._write(self._config(), {"emergency_stop": False})

    def rollback_to_percentage(self, percentage: int) -> None:
        config = self._config()
        self._write(config, {"rollout_percentage": percentage})
        self._history(config, "updated", percentage, f"Manual rollback to {percentage}%", "manual_rollback")

    def set_auto_rollback(self, enabled: bool) -> None:
        self._write(self._config(), {"auto_rollback_enabled": enabled})

    def add_to_whitelist(self, repositories: list[str]) -> None:
        """Read, add, write back."""
        self.write_whitelist(self.read_whitelist(), repositories)

    def read_whitelist(self) -> Row:
        return self._config()

    def write_whitelist(self, read: Row, repositories: list[str]) -> None:
        listed = list(dict.fromkeys([*read["target_repositories"], *map(str, repositories)]))
        self._write(read, {"target_repositories": listed})
        self._history(read, "updated", read["rollout_percentage"], f"Added {len(repositories)} repositories", "manual")

    def mark_as_test(self, repository: str) -> None:
        self.channel.update(
            "repository_categories",
            {
                "is_test_repository": True,
                "category": "test",
                "priority_level": 100,
                "updated_at": self.now().isoformat(),
            },
            {"repository_id": ("eq", str(repository))},
        )

    def unmark_as_test(self, repository: str) -> None:
        """Categorize, which leaves a pinned row alone, then clear the mark."""
        self.categorize(repository)
        self.channel.update(
            "repository_categories",
            {"is_test_repository": False, "updated_at": self.now().isoformat()},
            {"repository_id": ("eq", str(repository))},
        )

    def categorize(self, repository: str) -> str | None:
        try:
            category: str | None = self.channel.call("categorize_repository", {"repo_id": str(repository)})
            return category
        except Refused as refused:
            self.logged.append(str(refused))
            return None

    def _config(self) -> Row:
        config = self.configuration()
        if config is None:
            raise LookupError("this role sees no active configuration")
        return config
