"""Time that passes, or a clock that jumps: every recorded moment is moved, since the server's clock can't be."""

from __future__ import annotations

from datetime import timedelta

from tests.support.rollouts import RolloutUnderTest

MOMENTS = {
    "rollout_configuration": (
        "created_at", "updated_at", "percentage_since", "restarted_at", "narrowed_at", "emergency_stopped_at", "held_at",
        "held_until", "breaker_off_until", "unrecorded_halt_at",
    ),
    "rollout_history": ("created_at",),
    "rollout_metrics": ("created_at", "updated_at", "metrics_window_end", "last_error_at", "last_started_at"),
    "rollout.run_counts": ("restarted_at",),
    "progressive_capture_jobs": ("created_at", "started_at", "completed_at"),
}  # fmt: skip


def pass_time(rollout: RolloutUnderTest, span: timedelta, *, jobs: bool = True) -> None:
    """Let time pass; a negative span is a clock that is set back.

    Args:
        rollout: whose records are moved.
        span: how far.
        jobs: whether the host's own table of jobs is moved as well.
    """
    with rollout.transaction() as connection:
        connection.execute("set local session_replication_role = replica")  # nothing here is a change of anything
        for table, columns in MOMENTS.items():
            if jobs or table != "progressive_capture_jobs":
                moved = ", ".join(f"{column} = {column} - %(span)s" for column in columns)
                connection.execute(f"update {table} set {moved}", {"span": span})
        connection.execute(
            "update rollout.job_deltas set slot_start = slot_start - %(span)s, last_leak_at = last_leak_at - %(span)s"
            " where isfinite(slot_start)", {"span": span},
        )  # fmt: skip
        connection.execute("update rollout.error_deltas set failed_at = failed_at - %s", (span,))
        # Over the hills and back: no slot may meet another on the way.
        for step in (timedelta(days=100_000), span - timedelta(days=100_000)):
            connection.execute(
                "update rollout.job_counts set slot_start = slot_start - %s, last_leak_at = last_leak_at - %s"
                " where isfinite(slot_start)",
                (step, step),
            )
