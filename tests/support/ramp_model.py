"""R17 in a few lines of Python, written apart from the SQL: what a ramp should be after each command.

What R7 and R16 say of the jobs is taken as it is seen; test_interleavings.py and the tests of R16 prove that.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.support.model import No

Step = tuple[int, int]  # percentage, and hours that it takes at least
MANUAL: list[Step] = [(10, 24), (25, 24), (50, 24), (75, 24), (100, 24)]


@dataclass(frozen=True)
class Seen:
    """What health and the host's table of jobs say at this moment."""

    verdict: str
    jobs: int
    error_rate: float | None
    success_rate: float | None
    warnings: frozenset[str]

    @property
    def signals(self) -> set[str]:
        return {*self.warnings} | ({self.verdict} & {"above_threshold", "breach"})

    def unmet(self) -> set[str]:
        return {
            *({"error rate"} if self.error_rate is None or self.error_rate >= 3 else ()),
            *({"success rate"} if self.success_rate is None or self.success_rate <= 95 else ()),
            *({"jobs"} if self.jobs < 10 else ()),
            *({"verdict"} if self.verdict != "healthy" else ()),
        }


@dataclass
class Ramp:
    """One rollout; `at`, `restarted` and `ends` are hours: at this percentage, since a restart, and until a hold ends.

    `lowerings` counts what R20 calls so by the percentage and the stop; `perhaps` what may be one: a hold, and a stop or
    a rollback that found it so.
    """

    steps: list[Step] = field(default_factory=lambda: list(MANUAL))
    percentage: int = 0
    stopped: bool = False
    held_by: str | None = None
    by_itself: bool = False
    on_breach: str = "zero"
    closed: bool = False
    ends: float | None = None
    at: float = 0
    restarted: float | None = None
    accepted: set[str] = field(default_factory=set)
    lowerings: int = 0
    perhaps: int = 0

    @property
    def next(self) -> int | None:
        return min((p for p, _ in self.steps if p > self.percentage), default=None)

    @property
    def below(self) -> int:
        return max((p for p, _ in self.steps if p < self.percentage), default=0)

    @property
    def due(self) -> int:
        reached = [hours for p, hours in self.steps if p <= self.percentage]
        return reached[-1] if reached else self.steps[0][1]

    @property
    def flowing(self) -> float:
        return 0 if self.stopped else self.at if self.restarted is None else min(self.at, self.restarted)

    @property
    def armed(self) -> bool:
        return self.percentage > 0 and not self.stopped

    def configure(self, by_itself: bool, on_breach: str) -> None:
        self.by_itself, self.on_breach = by_itself, on_breach
        self.accepted = self.accepted if by_itself else set()

    def pass_time(self, hours: float) -> None:
        self.at += hours
        self.restarted = None if self.restarted is None else self.restarted + hours
        self.ends = None if self.ends is None else self.ends - hours
        if self.ends is not None and self.ends <= 0:
            self.held_by, self.ends = None, None

    def become(self, percentage: int, stopped: bool, *, outside: bool = False) -> None:
        if self.held_by and percentage > self.percentage and not outside:
            raise No
        self.lowerings += percentage < self.percentage or (stopped and not self.stopped)
        self.perhaps += (percentage, stopped) == (self.percentage, self.stopped)
        if (self.percentage == 0 < percentage) or (self.stopped and not stopped):
            self.restarted = 0
        if percentage != self.percentage:
            self.at = 0
        self.percentage, self.stopped = percentage, stopped

    def resume(self, percentage: int | None) -> None:
        if percentage not in (None, self.percentage) and not self.stopped:
            raise No
        self.become(self.percentage if percentage is None else percentage, False)

    def rollback(self, percentage: int) -> None:
        if percentage > self.percentage:
            raise No
        self.become(percentage, self.stopped)

    def outside(self, percentage: int) -> None:
        """The browser console writes the row: not during a stop, but past a hold."""
        if not self.stopped:
            self.become(percentage, self.stopped, outside=True)

    def hold(self, who: str, reason: bool, hours: int | None = None) -> None:
        self.perhaps += 1
        if reason or hours or not self.held_by:
            self.held_by, self.ends = who, hours

    @property
    def held_for_good(self) -> bool:
        return self.held_by is not None and self.ends is None

    def hold_for_good(self) -> None:
        """The breaker's, to which an operator's own without an end is as good."""
        if not self.held_for_good:
            self.hold("auto-rollback", True)

    def release(self, seen: Seen) -> None:
        if self.held_by:
            self.accepted = seen.signals if self.by_itself else set()
        self.held_by, self.ends = None, None

    def shut(self, seen: Seen) -> set[str]:
        measured = set()
        if self.percentage > 0:
            measured = seen.unmet() | (seen.warnings - self.accepted)
            measured |= {"time at this percentage"} if self.flowing < self.due else set()
        named = {"stop": self.stopped, "hold": self.held_by, "window": self.closed}
        return measured | {name for name, is_shut in named.items() if is_shut}

    def advance(self, seen: Seen, force: bool) -> str:
        if self.next is None:
            return "finished"
        if self.shut(seen) and not force:
            return "shut"
        self.become(self.next, self.stopped)
        return "advanced"

    def auto_advance(self, seen: Seen) -> str:
        if not self.by_itself or not self.armed or self.held_by:
            return "idle"
        if self.next is None:
            self.configure(False, self.on_breach)
            return "finished"
        self.accepted &= seen.signals
        if seen.signals - self.accepted:
            self.hold("auto-hold", True)
            return "held"
        return self.advance(seen, False)

    def breach(self) -> None:
        if self.on_breach == "hold":
            self.hold_for_good()
            return
        below = self.below if self.on_breach == "step_back" else 0
        self.become(below, False)
        if below:
            self.hold_for_good()
            self.restarted = 0
