"""The rules in a few lines of Python, written apart from the SQL: what a rollout should be after each command."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

FEATURE = "hybrid_progressive_capture"
MINIMUM_SAMPLE, MAX_ERROR_RATE = 10, 5
SIZES = (("test", 0), ("small", 50), ("medium", 500), ("large", 5000), ("enterprise", None))  # limits of stars


class No(Exception):
    """The rules refuse this command."""


def size_of(stars: int) -> str:
    return next(name for name, limit in SIZES if limit is None or stars <= limit)


def bucket_of(repository_id: str) -> int:
    digest = hashlib.md5(f"{FEATURE}:{repository_id}".encode()).hexdigest()
    return int(digest[:8], 16) % 10_000


@dataclass
class Repository:
    id: str
    stars: int
    counted: int | None = None  # stars when it was last categorized
    size: str | None = None
    pinned: bool = False

    def categorize(self) -> bool:
        """Return whether this wrote anything."""
        before = (self.counted, self.size)
        if not self.pinned:
            self.counted, self.size = self.stars, size_of(self.stars)
        return before != (self.counted, self.size)


@dataclass
class Model:
    """R1 and R4 to R10. `rows` counts the history."""

    repositories: dict[str, Repository]
    percentage: int = 0
    stop_reason: str | None = None
    auto_rollback: bool = True
    whitelist: list[str] = field(default_factory=list)
    blacklist: list[str] = field(default_factory=list)
    jobs: int = 0
    errors: int = 0
    rows: int = 1

    @property
    def stopped(self) -> bool:
        return self.stop_reason is not None

    def _become(self, percentage: int, stop_reason: str | None) -> None:
        if (percentage, stop_reason) == (self.percentage, self.stop_reason):
            return
        if (self.stopped and stop_reason is None) or (self.percentage == 0 and percentage > 0):
            self.jobs = self.errors = 0  # R7: a restart forgets the old errors
        self.percentage, self.stop_reason = percentage, stop_reason
        self.rows += 1

    def set_rollout(self, percentage: int) -> None:
        self._become(percentage, self.stop_reason)

    def emergency_stop(self, reason: str | None) -> None:
        self._become(self.percentage, reason or self.stop_reason or "no reason given")

    def resume(self, percentage: int | None) -> None:
        if percentage not in (None, self.percentage) and not self.stopped:
            raise No
        self._become(self.percentage if percentage is None else percentage, None)

    def rollback(self, percentage: int) -> None:
        if percentage > self.percentage:
            raise No
        self._become(percentage, self.stop_reason)

    def switch_auto_rollback(self, on: bool) -> None:
        self.rows += self.auto_rollback != on
        self.auto_rollback = on

    def set_whitelist(self, names: list[str]) -> None:
        self.rows += self.whitelist != names
        self.whitelist = names

    def pin(self, names: list[str], pinned: bool) -> None:
        moving = [self.repositories[n] for n in names if self.repositories[n].pinned != pinned]
        for repository in moving:
            repository.pinned = False
            repository.categorize()
            repository.pinned = pinned
            repository.size = "test" if pinned else repository.size
        self.rows += bool(moving)

    def categorize_all(self) -> None:
        self.rows += sum(repository.categorize() for repository in self.repositories.values()) > 0

    @property
    def breach(self) -> bool:
        return self.jobs >= MINIMUM_SAMPLE and self.errors * 100 > MAX_ERROR_RATE * self.jobs

    @property
    def trips(self) -> bool:
        return self.breach and self.auto_rollback and not self.stopped and self.percentage > 0

    def check_health(self) -> None:
        if self.trips:
            self._become(0, None)

    def job(self, success: bool) -> None:
        self.jobs += 1
        self.errors += not success
        self.check_health()

    def eligible(self) -> set[str]:
        """R1, the order of the rules, then the quota filled size by size."""
        if self.stopped:
            return set()
        chosen = set(self.repositories) if self.percentage == 100 else self._by_size()
        return (chosen | set(self.whitelist)) - set(self.blacklist)

    def _by_size(self) -> set[str]:
        sized = {name: r for name, r in self.repositories.items() if r.size}
        room = len(sized) * self.percentage // 100
        chosen: set[str] = set()
        for size, _ in SIZES:
            members = {name: bucket_of(r.id) for name, r in sized.items() if r.size == size}
            for bucket in sorted(set(members.values())):
                together = {name for name, b in members.items() if b == bucket}
                if len(together) > room:
                    return chosen
                chosen |= together
                room -= len(together)
        return chosen
