"""The rules in a few lines of Python, written apart from the SQL: what a rollout should be after each command."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

FEATURE = "hybrid_progressive_capture"
MINIMUM_SAMPLE, MAX_ERROR_RATE, EVIDENCE = 10, 5, 20
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
    """R1, R4 to R10, and R19.

    Attributes:
        until: of whitelist entries that end: a number of its own for each end, and whether it has come.
        log: a pair of fields before and after for each row of the history; None for a row that can't be undone.
    """

    repositories: dict[str, Repository]
    percentage: int = 0
    stop_reason: str | None = None
    auto_rollback: bool = True
    whitelist: list[str] = field(default_factory=list)
    blacklist: list[str] = field(default_factory=list)
    jobs: int = 0
    errors: int = 0
    until: dict[str, tuple[int, bool]] = field(default_factory=dict)
    log: list[tuple[dict[str, Any], dict[str, Any]] | None] = field(default_factory=lambda: [None])

    @property
    def rows(self) -> int:
        return len(self.log)

    def fields(self) -> dict[str, Any]:
        """Return what an undo can give back, field by field."""
        pins = {f"pin of {name}": r.pinned for name, r in self.repositories.items()}
        return pins | {
            "percentage": self.percentage, "stop": self.stop_reason, "auto_rollback": self.auto_rollback,
            "whitelist": list(self.whitelist), "blacklist": list(self.blacklist), "until": dict(self.until),
        }  # fmt: skip

    @contextmanager
    def change(self) -> Iterator[None]:
        """R10: whatever is done within leaves one row if it has changed anything."""
        before = self.fields()
        yield
        after = self.fields()
        moved = [name for name in after if after[name] != before[name]]
        if moved:
            self.log.append(({name: before[name] for name in moved}, {name: after[name] for name in moved}))

    def undo(self, back: int, confirm: bool) -> None:
        """R19: undo the change that is this far back."""
        made, now = self.log[-1 - back], self.fields()
        if made is None or any(now[name] != value for name, value in made[1].items()):
            raise No
        then = now | made[0]
        if (0 if then["stop"] else then["percentage"]) > (0 if self.stopped else self.percentage) and not confirm:
            raise No
        with self.change():
            self._become(then["percentage"], then["stop"])
            self.auto_rollback = then["auto_rollback"]
            self.whitelist, self.blacklist, self.until = then["whitelist"], then["blacklist"], then["until"]
            for name in self.repositories:
                self._pin([name], then[f"pin of {name}"])

    @property
    def stopped(self) -> bool:
        return self.stop_reason is not None

    def _become(self, percentage: int, stop_reason: str | None) -> None:
        if (percentage, stop_reason) == (self.percentage, self.stop_reason):
            return
        if (self.stopped and stop_reason is None) or (self.percentage == 0 and percentage > 0):
            self.jobs = self.errors = 0  # R7: a restart forgets the old errors
        self.percentage, self.stop_reason = percentage, stop_reason

    def set_rollout(self, percentage: int) -> None:
        with self.change():
            self._become(percentage, self.stop_reason)

    def emergency_stop(self, reason: str | None) -> None:
        with self.change():
            self._become(self.percentage, reason or self.stop_reason or "no reason given")

    def resume(self, percentage: int | None) -> None:
        if percentage not in (None, self.percentage) and not self.stopped:
            raise No
        with self.change():
            self._become(self.percentage if percentage is None else percentage, None)

    def rollback(self, percentage: int) -> None:
        if percentage > self.percentage:
            raise No
        with self.change():
            self._become(percentage, self.stop_reason)

    def switch_auto_rollback(self, on: bool) -> None:
        with self.change():
            self.auto_rollback = on

    def add_to_whitelist(self, names: list[str], ends: bool) -> None:
        with self.change():
            self.whitelist += self._missing(names, self.whitelist)
            end = dict.fromkeys(names, (self.rows, False)) if ends else {}
            self.until = {name: at for name, at in self.until.items() if name not in names} | end

    def expire(self, name: str) -> None:
        with self.change():
            self.until[name] = (self.rows, True)

    def remove_from_whitelist(self, names: list[str]) -> None:
        with self.change():
            self.whitelist = [name for name in self.whitelist if name not in names]
            self.until = {name: at for name, at in self.until.items() if name not in names}

    def add_to_blacklist(self, names: list[str]) -> None:
        with self.change():
            self.blacklist += self._missing(names, self.blacklist)

    def remove_from_blacklist(self, names: list[str]) -> None:
        with self.change():
            self.blacklist = [name for name in self.blacklist if name not in names]

    def _missing(self, names: list[str], listed: list[str]) -> list[str]:
        return sorted({name for name in names if name not in listed}, key=lambda name: self.repositories[name].id)

    def pin(self, names: list[str], pinned: bool) -> None:
        with self.change():
            self._pin(names, pinned)

    def _pin(self, names: list[str], pinned: bool) -> None:
        moving = [self.repositories[n] for n in names if self.repositories[n].pinned != pinned]
        for repository in moving:
            repository.pinned = False
            repository.categorize()
            repository.pinned = pinned
            repository.size = "test" if pinned else repository.size

    def categorize_all(self) -> None:
        if [repository for repository in self.repositories.values() if repository.categorize()]:
            self.log.append(None)

    @property
    def crossed(self) -> bool:
        return self.jobs >= MINIMUM_SAMPLE and self.errors * 100 > MAX_ERROR_RATE * self.jobs

    @property
    def breach(self) -> bool:
        """R8: a report needs evidence besides; all jobs of a test are of one stretch."""
        p, good = MAX_ERROR_RATE / 100, self.jobs - self.errors
        rates = [r * p / (1 - p + r * p) for r in (1.7, 2.6, 4.7, 10, 28)]
        evidence = sum((a / p) ** self.errors * ((1 - a) / (1 - p)) ** good for a in rates) / len(rates)
        return self.crossed and evidence >= EVIDENCE

    @property
    def armed(self) -> bool:
        return self.auto_rollback and not self.stopped and self.percentage > 0

    def check_health(self) -> None:
        if self.crossed and self.armed:
            self._roll_back()

    def _roll_back(self) -> None:
        with self.change():
            self._become(0, None)

    def job(self, success: bool) -> None:
        self.jobs += 1
        self.errors += not success
        if self.breach and self.armed:
            self._roll_back()

    def eligible(self) -> set[str]:
        """R1, the order of the rules, then the quota filled size by size."""
        if self.stopped:
            return set()
        chosen = set(self.repositories) if self.percentage == 100 else self._by_size()
        whitelist = {name for name in self.whitelist if not self.until.get(name, (0, False))[1]}
        return (chosen | whitelist) - set(self.blacklist)

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
