"""The command line: which mutants, for how long, and what lived."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

from tests.mutants import calls
from tests.mutants.functions import Function, Mutant, equivalents, functions, judged, key, mutants
from tests.mutants.workers import Hangs, Worker
from tests.support import servers


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("--function", help="only of the functions of this name")
    parser.add_argument("--floor", type=int, help="only of this floor, 0 to 7")
    parser.add_argument("--at", help="only at this place, as 04_health/health.sql or 04_health/health.sql:15")
    parser.add_argument("--sample", type=int, help="only so many, chosen by --seed")
    parser.add_argument("--seed", type=int, default=47)
    parser.add_argument("--minutes", type=float, default=55, help="after which no further mutant is begun")
    parser.add_argument("--seconds", type=float, default=90, help="that the tests of one mutant may take")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--map", type=Path, help="a file in which it is kept what each test calls")
    parser.add_argument("--quick", action="store_true", help="only the tests that are marked so")
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    return parser.parse_args()


def chosen(every: list[Function], wanted: argparse.Namespace) -> list[Mutant]:
    """Return the mutants that are asked for, without those of the sample that are known to be equivalent."""
    known = equivalents()
    found = [mutant for function in judged(every) for mutant in mutants(function)]
    if wanted.sample and wanted.sample < len(found):
        found = random.Random(wanted.seed).sample(found, wanted.sample)
    return [
        mutant
        for mutant in found
        if key(mutant) not in known
        and (wanted.function is None or mutant.function.short == wanted.function)
        and (wanted.floor is None or mutant.function.floor == wanted.floor)
        and (wanted.at is None or mutant.place == wanted.at or mutant.function.file == wanted.at)
    ]


class Run:
    """Mutants, taken by the workers one after the other, and what became of them."""

    def __init__(self, wanted: argparse.Namespace, every: list[Function], all_tests: list[calls.Test]) -> None:
        self._wanted = wanted
        self._every = every
        self._tests = all_tests
        self._lock = threading.Lock()
        self._noticed: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._until = time.monotonic() + wanted.minutes * 60
        self.became: Counter[str] = Counter()

    def work(self, worker: Worker, waiting: Iterator[Mutant]) -> None:
        while time.monotonic() < self._until:
            with self._lock:
                mutant = next(waiting, None)
            if mutant is None:
                return
            became, by = self._tried(worker, mutant)
            if became == "unstable":  # what the mutant left fails tests without it
                worker.stop()
                became, by = self._tried(worker, mutant)
            with self._lock:
                self.became[became] += 1
                if became == "killed":
                    self._noticed[mutant.function.name][by] += 1
                print(f"{became:8} {mutant}  [{by}]", flush=True)

    def _tried(self, worker: Worker, mutant: Mutant) -> tuple[str, str]:
        try:
            became, by = worker.ask(
                "mutant", statement=mutant.statement, original=mutant.function.definition,
                tests=self._ordered(mutant.function), seconds=self._wanted.seconds,
            )  # fmt: skip
        except Hangs as error:
            return "killed", str(error)
        return became, by

    def _ordered(self, function: Function) -> list[str]:
        """Return the tests of a function: those that noticed its mutants, then those that touch the least else."""
        noticed = self._noticed[function.name]
        found = calls.touching(function, self._every, self._tests)
        return [t.name for t in sorted(found, key=lambda t: (-noticed[t.name], len(t.calls) * (1 + t.seconds)))]


def main() -> None:
    wanted = arguments()
    with servers.embedded_server() as url:
        every = functions(servers.create_database(url, "functions"))
    found = chosen(every, wanted)
    print(f"{len(found)} mutants of {len({mutant.function.name for mutant in found})} functions")
    if wanted.list:
        print(*found, sep="\n")
        return
    workers = [Worker(*(["-m", "quick"] if wanted.quick else [])) for _ in range(wanted.workers)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended"))
    try:
        all_tests = calls.tests(workers, every, wanted.map)
        print(f"{len(all_tests)} tests")
        run = Run(wanted, every, all_tests)
        waiting = iter(found)
        threads = [threading.Thread(target=run.work, args=(worker, waiting), daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        for worker in workers:
            worker.stop()
    tried = run.became["killed"] + run.became["lived"]
    print(f"{run.became['killed']} of {tried} killed", dict(run.became))


if __name__ == "__main__":
    main()
