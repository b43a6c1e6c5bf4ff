"""What the web application does since it went on: the statements of its state of 2026-07-14 that differ from
`application.py`, which is that of 2025-09."""

from __future__ import annotations

import uuid
from datetime import timedelta

from tests.support.application import BrowserConsole
from tests.support.channels import Refused, Row
from tests.support.rollouts import RolloutUnderTest

STUCK = "Job stuck in processing for >10 minutes - likely webhook misconfiguration"


class BrowserConsoleOf2026(BrowserConsole):
    """Its browser console, state of 2025-09-26: lists leave rows without a percentage, and an error ends a command."""

    def write_whitelist(self, read: Row, repositories: list[str]) -> None:
        listed = list(dict.fromkeys([*read["target_repositories"], *map(str, repositories)]))
        self._write(read, {"target_repositories": listed})
        self.channel.insert(
            "rollout_history",
            {
                "rollout_config_id": read["id"],
                "action": "updated",
                "reason": "Manual whitelist addition via console",
                "triggered_by": "manual",
                "metadata": {"added_repositories": list(map(str, repositories))},
            },
        )

    def unmark_as_test(self, repository: str) -> None:
        """Categorize, then clear the mark; if the first fails, the second is not tried."""
        try:
            self.channel.call("categorize_repository", {"repo_id": str(repository)})
        except Refused as refused:
            self.logged.append(str(refused))
            return
        self.channel.update(
            "repository_categories",
            {"is_test_repository": False, "updated_at": self.now().isoformat()},
            {"repository_id": ("eq", str(repository))},
        )


def clean_up_stuck_jobs(rollout: RolloutUnderTest) -> None:
    """Its pg_cron job of 2025-10-01, every 15 minutes."""
    rollout.sql(
        "update progressive_capture_jobs set status = 'failed', completed_at = now(), error = %s"
        " where status = 'processing' and started_at < now() - interval '10 minutes'",
        STUCK,
    )


def fix_stuck_jobs(rollout: RolloutUnderTest) -> None:
    """Its script, which fails jobs whenever they began, in one statement."""
    rollout.sql(
        "update progressive_capture_jobs set status = 'failed', completed_at = now() where status = 'processing'"
    )


def queue_without_asking(
    rollout: RolloutUnderTest, job_type: str, *, queued: timedelta, status: str = "pending"
) -> None:
    """Queue a job without asking for the decision, since 2025-09-28: always to GitHub Actions."""
    rollout.sql(
        "insert into progressive_capture_jobs (job_type, processor_type, status, created_at)"
        " values (%s, 'github_actions', %s, now() - %s::interval)",
        job_type, status, queued,
    )  # fmt: skip


def sync_first_phase(rollout: RolloutUnderTest, name: str, *, pull_requests: int, authors: int) -> None:
    """Write pull requests by the ids of GitHub alone (2025-10-01); the uuids follow later, or never."""
    rollout.sql(
        "insert into pull_requests (github_id, number, title, state, head_branch, created_at, updated_at,"
        " repository_github_id, author_github_id, _dlt_id, _dlt_load_id)"
        " select r.github_id * 1000000 + n, n, 't', 'open', 'b', now(), now(), r.github_id, n %% %s, n, '1'"
        " from repositories r cross join generate_series(1, %s) n where r.full_name = %s",
        authors, pull_requests, name,
    )  # fmt: skip


def sync_second_phase(rollout: RolloutUnderTest, name: str) -> None:
    """Write the uuids."""
    rollout.sql(
        "update pull_requests p set repository_id = r.id, author_id = md5(p.author_github_id::text)::uuid"
        " from repositories r where r.full_name = %s and p.repository_github_id = r.github_id",
        name,
    )


def merge(rollout: RolloutUnderTest, name: str, *, come_back: bool = True) -> None:
    """Delete a repository and insert it again in one transaction, as its sync merges; or delete it for good."""
    staged = f"staged_{uuid.uuid4().hex}"
    again = f"insert into repositories select * from {staged};" if come_back else ""
    rollout.sql(
        f"begin; create temporary table {staged} on commit drop as select * from repositories where full_name = '{name}';"
        f" delete from repositories where full_name = '{name}'; {again} commit"
    )
