"""How hard the suite tries to break a promise: quickly, or with `--long` at length; and what it tried, counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

TRIED = "tried"  # the key of what a test counts among its report's properties
ADAPTERS = {"kind", "server_url"}  # the parameters that choose one, or its server
WHOLE = {"unit", "adapters"}  # folders in which nothing is left out: no adapter is there, or each is what is tested
QUICK = {"unit", "rules"}  # the folders of the quick tests, and of files that answer by themselves
ALONE = 2  # files of rules, or of unit, that one process has answered before six have started


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="try to break each promise at length: about an hour")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Five processes, since tests also wait; none for a file of rules: they would start for longer."""
    named = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    if len(named) <= ALONE and all(path.is_file() and path.parent.name in QUICK for path in named):
        return 0
    return 2 if "quick" in config.option.markexpr else 5


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Have hypothesis search alike everywhere: the same examples in each quick run, new ones in each long run."""
    is_long = config.getoption("long")
    settings.register_profile(
        "ours", derandomize=not is_long, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    settings.load_profile("ours")
    if is_long:
        config.option.timeout = 3600  # seconds a test


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave out the folders that have no quick tests."""
    is_folder = collection_path.parent.name == "tests" and collection_path.is_dir()
    return (config.option.markexpr == "quick" and is_folder and collection_path.name not in QUICK) or None


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Ask the rules of floors 0 to 5 in one session: `tests.support.asked`."""
    test = metafunc.definition
    if test.get_closest_marker("asked") and not test.get_closest_marker("commits") and "kind" in metafunc.fixturenames:
        test.add_marker(pytest.mark.parametrize("kind", ["session"], indirect=True))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take each case of a test through one adapter, by turns.

    With `--long`, each goes through every adapter.
    """
    items.sort(key=lambda item: item.get_closest_marker("large") is None)  # what takes longest begins first
    if config.getoption("long"):
        return
    longest = [item for item in items if item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=longest)
    items[:] = [item for item in items if item not in longest]
    tests: defaultdict[str, defaultdict[Any, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    whole = WHOLE | ({"rules"} if "quick" in config.option.markexpr else set())  # the quick ones name theirs
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.path.parent.name not in whole:
            case = frozenset((name, id(value)) for name, value in item.callspec.params.items() if name not in ADAPTERS)
            tests[item.nodeid.partition("[")[0]][case].append(item)
    left_out = {
        item
        for order, cases in enumerate(tests.values())
        for number, through in enumerate(cases.values(), start=order)
        for turn, item in enumerate(through)
        if turn != number % len(through)
    }
    config.hook.pytest_deselected(items=list(left_out))
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    totals: Counter[str] = Counter()
    for report in terminalreporter.getreports(""):  # those of set-up and teardown
        if report.when == "teardown":
            for key, value in report.user_properties:
                if key == TRIED:
                    totals[value[0]] += value[1]
    if totals:
        terminalreporter.section("tried")
        for what, amount in sorted(totals.items()):
            terminalreporter.write_line(f"{amount:>9,}  {what}")


@pytest.fixture
def effort(request: pytest.FixtureRequest) -> Callable[[Any, Any], Any]:
    """Choose: `effort(quick, long)`."""
    return lambda quick, long: long if request.config.getoption("long") else quick


@pytest.fixture
def tried(request: pytest.FixtureRequest) -> Iterator[Callable[..., None]]:
    """Count what was tried: `tried("kills of the API")`, or with an amount."""
    counted: Counter[str] = Counter()

    def count(what: str, amount: int = 1) -> None:
        counted[what] += amount

    yield count
    request.node.user_properties.extend((TRIED, list(pair)) for pair in counted.items())
