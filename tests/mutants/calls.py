"""Which tests touch which function: asked once of the statistics, and from the bodies where PostgreSQL inlines."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.mutants.functions import Function
from tests.mutants.workers import Hangs, Worker

SLOWEST = 20  # seconds of a test that is worth its time here


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
    with ThreadPoolExecutor() as threads:
        parts = [unknown[number :: len(workers)] for number in range(len(workers))]
        for found in threads.map(_calls, workers, parts, [every] * len(workers)):
            known.update(found)
    if kept:
        kept.write_text(json.dumps(known), encoding="utf-8")
    return [
        Test(name, known[name][1], frozenset(known[name][2]))
        for name in names
        if known[name][0] and known[name][1] < SLOWEST
    ]


def _calls(worker: Worker, names: list[str], every: list[Function]) -> dict[str, tuple[bool, float, list[str]]]:
    # The same with a space more: whoever notices that compares texts.
    same = [one.with_body(one.body + " ") for one in every]
    found = {}
    ready = False
    for name in names:
        try:
            if not ready:
                worker.ask("put", statements=same)
            found[name] = worker.ask("calls", test=name)
            print(f"{found[name][1]:.1f} s {found[name][0]} {name}", flush=True)
            ready = True
        except Hangs as error:
            print(f"{error} does not end, or ends all: left out", flush=True)
            found[name], ready = (False, 0.0, []), False
    if ready:
        worker.ask("put", statements=[one.definition for one in every])
    return found


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
