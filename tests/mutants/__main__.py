"""The command line: which mutants, for how long."""

from __future__ import annotations

import argparse
import json
import math
import random
import sys
import time
from collections import Counter
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import pytest

from tests.mutants.functions import Function, Mutant, equivalents, functions, mutants
from tests.support import servers

TESTS = ("tests/rules", "tests/migrations/test_adoption.py", "tests/migrations/test_choice_of_decision.py")
SLOWEST = 10  # seconds of a test that is worth its time for a mutant of a function that it touches
SLOWEST_OF_ALL = 2  # the same, for every mutant
LARGEST = 40  # mutants that are judged together


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description="Would a test notice a wrong rule?")
    parser.add_argument("--function", help="only of the functions of this name, on any floor")
    parser.add_argument(
        "--at", nargs="+", help="only at these places: 04, 04_health/health.sql or 04_health/health.sql:15"
    )
    parser.add_argument("--sample", type=int, help="only so many, evenly over the functions, chosen by --seed")
    parser.add_argument("--seed", type=int, default=47)
    parser.add_argument("--minutes", type=float, default=55, help="after which no further mutant is begun")
    parser.add_argument(
        "--seconds", type=float, default=5, help="after which a mutant is put to those that go on together"
    )
    parser.add_argument("--processes", default="2")
    parser.add_argument("--left", action="store_true", help="not those that were killed before")
    parser.add_argument(
        "--map",
        type=Path,
        required=True,
        help="a file that keeps what each test calls; beside it stands what was judged",
    )
    parser.add_argument("--list", action="store_true", help="only list the mutants")
    return parser.parse_args()


def chosen(every: list[Function], wanted: argparse.Namespace) -> list[Mutant]:
    """Return the mutants that are asked for, in an order that visits each function before any a second time."""
    chance = random.Random(wanted.seed)
    of_each = []
    for function in every:
        is_named = wanted.function == function.short or wanted.at
        if is_named or (function.is_judged and not wanted.function):
            floor = function.file[:2]
            of_it = [m for m in mutants(function) if {m.place, function.file, floor} & set(wanted.at or [floor])]
            of_each.append(chance.sample(of_it, len(of_it)))
    chance.shuffle(of_each)
    in_turns = [mutant for mutant in chain(*zip_longest(*of_each)) if mutant]
    return in_turns[: wanted.sample]


def touching(function: Function, every: list[Function], tests: dict[str, Any]) -> list[str]:
    """Return the tests that touch a function, first those whose names say so, that touch little else and take little time.

    Of a function that PostgreSQL may inline, they are those that touch what calls it.
    """
    names, waiting = set[str](), [function]
    while waiting:
        one = waiting.pop()
        names.add(one.short)
        if one.inlined or not any(one.short in test["calls"] for test in tests.values()):
            waiting += [other for other in every if other.short not in names and other.mentions(one)]
    found = {name: test for name, test in tests.items() if names & set(test["calls"])} or tests
    # A word counts by how few of these tests have it in their names.
    shares = {word: sum(word in name for name in found) / len(found) for word in function.words}

    def cost(name: str) -> float:
        relevance = math.prod(share for word, share in shares.items() if word in name)
        return (0.1 + float(found[name]["seconds"])) * len(found[name]["calls"]) * relevance

    nth = Counter[str]()  # case of a test: the first of each comes before the second of another
    costs = {}
    for name in sorted(found, key=cost):
        nth[name.partition("[")[0]] += 1
        costs[name] = cost(name) * nth[name.partition("[")[0]] ** 2
    return sorted(costs, key=lambda name: costs[name])


def run(processes: str, *options: object) -> None:
    plugin = [
        "-p",
        "tests.mutants.plugin",
        "-p",
        "no:cacheprovider",
        "--timeout",
        "30",
        "--tb",
        "short",
        "-n",
        processes,
    ]
    pytest.main([*plugin, *map(str, options), *TESTS])


def measured(every: list[Function], file: Path, processes: str) -> dict[str, Any]:
    """Return what each test calls that can judge a mutant, as the file has it, or is measured now."""
    if not file.exists():
        # The same with a space more: whoever notices that compares texts.
        file.write_text(json.dumps([one.with_body(one.body + " ") for one in every]), encoding="utf-8")
        run(processes, "-m", "not large", "--measure", file)
    tests = json.loads(file.read_text(encoding="utf-8"))
    return {name: test for name, test in tests.items() if test["passed"] and test["seconds"] < SLOWEST}


def told(mutant: Mutant) -> dict[str, str]:
    function = mutant.function
    return {"key": mutant.id, "name": str(mutant), "file": function.file, "function": function.name,
            "statement": mutant.statement}  # fmt: skip


def groups(mutants: list[Mutant]) -> list[list[Mutant]]:
    """Return groups that have one mutant of a function each, since a database has one body of it."""
    found: list[list[Mutant]] = []
    for mutant in mutants:
        fitting = (g for g in found if len(g) < LARGEST and all(one.function != mutant.function for one in g))
        group = next(fitting, None)
        if group is None:
            found.append(group := [])
        group.append(mutant)
    return found


def verdicts(file: Path) -> dict[str, list[str]]:
    """Return what became of each mutant that was judged, and why, the last time."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    return dict(chain.from_iterable(json.loads(line).items() for line in lines))


def summary(found: list[Mutant], judged: dict[str, list[str]]) -> None:
    amounts = Counter(judged[mutant.id][0] if mutant.id in judged else "not tried" for mutant in found)
    print("", *(f"{mutant}  [{judged[mutant.id][1]}]" for mutant in found if judged.get(mutant.id, [""])[0] == "lived"),
          sep="\n")  # fmt: skip
    print(f"{amounts['killed'] / ((amounts['killed'] + amounts['lived']) or 1):.1%} killed: {dict(amounts)}")


def main() -> int:
    wanted = arguments()
    with servers.embedded_server() as url:
        every = functions(servers.create_database(url, "functions"))
    known = equivalents()
    everything = chosen(every, wanted)
    found = told_apart = [mutant for mutant in everything if mutant.key not in known]
    print(f"{len(everything)} mutants of {len({one.function.name for one in everything})} functions, "
          f"{len(everything) - len(found)} of which nobody can tell from the original")  # fmt: skip
    judged = wanted.map.with_suffix(".judged")
    done = verdicts(judged)
    if wanted.left:
        found = [mutant for mutant in found if done.get(mutant.id, ["lived"])[0] == "lived"]
    if wanted.list:
        print(*found, sep="\n")
        return 0
    tests = measured(every, wanted.map, wanted.processes)
    asked = {
        "judged": str(judged),
        "noticed": str(wanted.map.with_suffix(".noticed")),
        "functions": {one.name: {"definition": one.definition, "tests": touching(one, every, tests)} for one in every},
        "until": time.time() + 60 * wanted.minutes,
    }
    Path(asked["noticed"]).touch()

    def judge(mutants: list[list[Mutant]], seconds: float, every_test: list[str]) -> None:
        more = {
            "groups": [[told(mutant) for mutant in group] for group in mutants],
            "seconds": seconds,
            "every": every_test,
        }
        file = wanted.map.with_suffix(".asked")
        file.write_text(json.dumps(asked | more), encoding="utf-8")
        run(wanted.processes, "-vv", "--mutants", file)

    judge([[mutant] for mutant in found], wanted.seconds, [])
    now = verdicts(judged)
    # Calls that were refused are not in the map, so here the tests of all functions are run.
    judge(
        groups([mutant for mutant in found if now.get(mutant.id, [""])[0] == "lived"]), 60 * wanted.minutes, list(tests)
    )
    summary(told_apart, verdicts(judged))
    return 0


if __name__ == "__main__":
    sys.exit(main())
