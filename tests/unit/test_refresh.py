"""The background refresher: what it knows after an answer, after a failure, and how it ends."""

from __future__ import annotations

import threading

import pytest

from rollout_console.errors import Unreachable
from rollout_console.refresh import Refresher

PATIENCE = 10  # seconds


class Source:
    """Answers 1, 2, 3 …, or fails while it is told to."""

    def __init__(self) -> None:
        self.answers = 0
        self.failing = False
        self.error: Exception = Unreachable("the database is away")
        self.asked = threading.Semaphore(0)

    def fetch(self) -> int:
        if self.failing:
            raise self.error
        self.answers += 1
        return self.answers

    def changed(self) -> None:
        self.asked.release()

    def wait(self) -> None:
        assert self.asked.acquire(timeout=PATIENCE)


@pytest.fixture
def source():
    return Source()


@pytest.fixture
def refresher(source):
    refresher = Refresher(source.fetch, 3600, source.changed)
    yield refresher
    refresher.stop()


def test_before_the_first_answer_nothing_is_known(refresher):
    assert (refresher.snapshot.value, refresher.snapshot.problem) == (None, None)


def test_it_fetches_at_the_start_and_when_it_is_asked_to(refresher, source):
    refresher.start()
    source.wait()
    assert refresher.snapshot.value == 1
    assert 0 <= refresher.snapshot.age() < PATIENCE
    refresher.refresh()
    source.wait()
    assert refresher.snapshot.value == 2


def test_after_a_failure_the_last_answer_stays_with_its_age_and_the_problem(refresher, source):
    refresher.start()
    source.wait()
    fetched = refresher.snapshot.fetched
    source.failing = True
    refresher.refresh()
    source.wait()
    known = refresher.snapshot
    assert (known.value, known.fetched, known.problem) == (1, fetched, "the database is away")
    source.failing = False
    refresher.refresh()
    source.wait()
    assert (refresher.snapshot.value, refresher.snapshot.problem) == (2, None)


def test_what_nobody_expects_is_a_problem_like_any_other(refresher, source):
    source.failing, source.error = True, ZeroDivisionError("by a field of a row")
    refresher.start()
    source.wait()
    assert refresher.snapshot.problem == "ZeroDivisionError: by a field of a row"
    source.failing = False
    refresher.refresh()
    source.wait()
    assert (refresher.snapshot.value, refresher.snapshot.problem) == (1, None)


def test_an_answer_of_another_call_is_learned(refresher):
    refresher.learn(7)
    assert refresher.snapshot.value == 7
    assert refresher.snapshot.age() < PATIENCE


def test_an_answer_on_its_way_does_not_undo_one_that_is_learned_meanwhile(source):
    def fetch() -> int:
        own.learn(42)
        return 1

    own = Refresher(fetch, 3600, source.changed)
    own.start()
    source.wait()
    assert own.snapshot.value == 42
    own.stop()


def test_while_attempts_fail_the_pause_grows_to_the_longest(source, monkeypatch):
    source.failing = True
    pauses = []
    refresher = Refresher(source.fetch, 5, source.changed, longest=30)

    def wait(pause: float) -> None:
        pauses.append(pause)
        if len(pauses) == 5:
            refresher.stop()

    monkeypatch.setattr(refresher._wake, "wait", wait)
    refresher._run()
    assert pauses == [10, 20, 30, 30, 30]


def test_stopped_it_asks_no_more(refresher, source):
    refresher.start()
    source.wait()
    refresher.stop()
    assert not source.asked.acquire(timeout=0.2)
