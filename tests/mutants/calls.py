"""Which tests touch which function: asked once of the statistics, and from the bodies where PostgreSQL inlines."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.mutants.functions import Function
from tests.mutants.workers import Hangs, Worker

SLOWEST = 20  # seconds of a test that is worth its time here
Known = tuple[bool, float, list[str]]  # whether it passes, seconds, calls


class Test(NamedTuple):
    """A test that passes where each function has another text and the same meaning."""

    name: str
    seconds: float
    calls: frozenset[str]


def tests(workers: list[Worker], every: list[Function], kept: Path | None) -> list[Test]:
    """Return what each test calls, as it is kept in a file, and is found out for those that are not there.

    Tests that compare the text of functions fail here, and are left out.
    """
    known = json.loads(kept.read_text(encoding="utf-8")) if kept and kept.exists() else {}
    names = workers[0].ask("names")
    unknown = [name for name in names if name not in known]
    try:
        with ThreadPoolExecutor() as threads:
            parts = [unknown[number :: len(workers)] for number in range(len(workers))]
            list(threads.map(lambda worker, part: _find_out(worker, part, every, known), workers, parts))
    finally:
        if kept:
            kept.write_text(json.dumps(known), encoding="utf-8")
    return [
        Test(name, known[name][1], frozenset(known[name][2]))
        for name in names
        if known[name][0] and known[name][1] < SLOWEST
    ]


def _find_out(worker: Worker, names: list[str], every: list[Function], known: dict[str, Known]) -> None:
    # The same with a space more: whoever notices that compares texts.
    same = [one.with_body(one.body + " ") for one in every]
    ready = False
    for name in names:
        try:
            if not ready:
                worker.ask("put", statements=same)
                ready = True
            known[name] = worker.ask("calls", test=name)
        except Hangs:
            known[name], ready = (False, 0.0, []), False
    if ready:
        worker.ask("put", statements=[one.definition for one in every])


def touching(function: Function, every: list[Function], all_tests: list[Test]) -> list[Test]:
    """Return the tests that touch a function; of one that PostgreSQL may inline, those that touch what calls it."""
    names, waiting = set[str](), [function]
    while waiting:
        one = waiting.pop()
        counted = any(one.short in test.calls for test in all_tests)
        names.add(one.short)
        if one.inlined or not counted:
            waiting += [other for other in every if other.short not in names and other.mentions(one)]
    return [test for test in all_tests if test.calls & names] or all_tests
