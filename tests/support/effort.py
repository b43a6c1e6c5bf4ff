"""How hard the suite tries to break a promise: quickly, or with `--long` at length; and what it tried, counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

TRIED = "tried"  # the key of what a test counts among its report's properties
ADAPTERS = {"kind", "server_url"}  # the parameters that choose one, or its server
WHOLE = {"unit", "adapters"}  # folders in which nothing is left out: no adapter is there, or each is what is tested


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="try to break each promise at length: about an hour")


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    if config.getoption("long"):
        config.option.timeout = 3600  # seconds a test


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
    if config.option.markexpr == "quick":  # which names one case of each
        return
    tests: defaultdict[str, defaultdict[Any, list[pytest.Item]]] = defaultdict(lambda: defaultdict(list))
    for item in items:
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.path.parent.name not in WHOLE:
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


def examples(effort: Callable[[Any, Any], Any], quick: int, long: int, **more: Any) -> settings:
    """Return how hypothesis searches: the same few examples in each quick run, new ones in each long run."""
    return settings(
        max_examples=effort(quick, long), derandomize=bool(effort(True, False)), deadline=None, database=None,
        suppress_health_check=list(HealthCheck), **more,
    )  # fmt: skip


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
