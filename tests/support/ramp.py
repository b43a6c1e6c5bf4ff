"""Where a ramp gets to: a rollout that has walked for some hours with good jobs."""

from __future__ import annotations

from datetime import UTC, timedelta

from tests.support.clock import pass_time
from tests.support.rollouts import RolloutUnderTest

MANUAL = [10, 25, 50, 75, 100]
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def good_hours(rollout: RolloutUnderTest, hours: float = 24, jobs: int = 30) -> None:
    """Let hours pass, in the middle of which good jobs are reported.

    Args:
        rollout: which; it has acme/repo-1.
        hours: how many.
        jobs: how many of the treatment succeed.
    """
    half = timedelta(hours=hours) / 2
    pass_time(rollout, half)
    rollout.report(good=jobs)
    pass_time(rollout, half)


def shut(rollout: RolloutUnderTest) -> list[str]:
    """The names of the gates that are shut."""
    return [gate.name for gate in rollout.client.plan().gates if not gate.open]


def closed_today(rollout: RolloutUnderTest) -> str:
    """A window of one day that is three days from today."""
    return f"{DAYS[(rollout.value('select now()').astimezone(UTC).weekday() + 3) % 7]} 09:00-16:00 UTC"
