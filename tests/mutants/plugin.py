"""A plugin of pytest that takes its tests from tests.mutants, one mutant at a time, in one process with one server."""

from __future__ import annotations

import time
import weakref
from collections import Counter
from contextlib import suppress
from functools import partial
from multiprocessing.connection import Client
from pathlib import Path
from typing import Any

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from psycopg.conninfo import conninfo_to_dict

from rollout_console.migrate import apply
from tests.support import servers

IMPOSSIBLE = ("operator does not exist", "operator is not unique")  # no mutant: a change that no rule could have
CALLS = "select funcname, sum(calls) from pg_stat_user_functions group by 1"

_sessions: weakref.WeakSet[psycopg.Connection[Any]] = weakref.WeakSet()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants-from", help="the socket of tests.mutants")
    parser.addoption("--mutants-folder", help="for the server's files, removed with it")


def pytest_configure(config: pytest.Config) -> None:
    # That a test fails is enough; nobody needs the least example.
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    begin = psycopg.Connection.__init__

    def begin_and_be_known(self: psycopg.Connection[Any], *values: Any, **named: Any) -> None:
        begin(self, *values, **named)
        _sessions.add(self)

    psycopg.Connection.__init__ = begin_and_be_known  # type: ignore[method-assign]
    within = Path(config.getoption("mutants_folder"))
    servers.cluster = partial(servers.cluster, within=within, durable=False, settings={"track_functions": "all"})


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that ask the embedded server: the rules are the same on every other."""
    items[:] = [item for item in items if _through(item) <= {"embedded"}]


def _through(item: pytest.Item) -> set[str]:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return {params[name] for name in ("kind", "server_url") if name in params}


def pytest_runtestloop(session: pytest.Session) -> bool:
    with Client(session.config.getoption("mutants_from")) as parent:
        Loop(session, parent).run()
    return True


class Loop:
    """Answers what tests.mutants asks: which tests there are, what each calls, and whether one notices a mutant."""

    def __init__(self, session: pytest.Session, parent: Any) -> None:
        self._session = session
        self._parent = parent
        self._items = {item.nodeid: item for item in session.items}
        self._databases: list[str] = []
        self._statements: list[str] = []
        pytest.MonkeyPatch().setattr(servers, "apply", self._apply)

    def run(self) -> None:
        while (asked := self._parent.recv()) is not None:
            self._parent.send(("answer", getattr(self, asked.pop("do"))(**asked)))

    def names(self) -> list[str]:
        return list(self._items)

    def put(self, statements: list[str]) -> None:
        """Put functions into the databases that there are, and into each that is made from now on."""
        self._statements = statements
        for url in self._databases:
            self._execute(url, statements)

    def calls(self, test: str) -> tuple[bool, float, list[str]]:
        """Return whether a test passes, its seconds, and which functions it called."""
        before = self._count()
        begun = time.monotonic()
        failure = self._fails(test, keep=True)
        seconds = time.monotonic() - begun
        called = self._count() - before
        self._drop_others()
        return failure is None, seconds, sorted(called)

    def mutant(self, statement: str, original: str, tests: list[str], seconds: float) -> tuple[str, str]:
        """Return what became of a mutant, and the test that noticed it, or what else there is to say."""
        try:
            self.put([statement])
        except psycopg.Error as error:
            self.put([original])
            return "invalid", str(error).splitlines()[0]
        deadline = time.monotonic() + seconds
        for done, test in enumerate(tests):
            if time.monotonic() > deadline:
                self.put([original])
                return "lived", f"{done} of {len(tests)} tests, then the time was over"
            self._parent.send(("runs", test))
            if failure := self._fails(test):
                self.put([original])
                if any(words in failure for words in IMPOSSIBLE):
                    return "invalid", test
                return ("unstable" if self._fails(test) else "killed"), test
        self.put([original])
        return "lived", f"{len(tests)} tests"

    def _fails(self, test: str, *, keep: bool = False) -> str | None:
        # Fixtures of the session stay, all others end with the test.
        reports = runtestprotocol(self._items[test], log=False, nextitem=self._session)  # type: ignore[arg-type]
        if not keep:
            self._drop_others()
        failed = [report for report in reports if report.failed]
        return str(failed[0].longrepr) if failed else None

    def _apply(self, url: str) -> Any:
        done = apply(url)
        self._databases.append(url)
        self._execute(url, self._statements)
        return done

    def _execute(self, url: str, statements: list[str]) -> None:
        if statements:
            with psycopg.connect(url) as connection:
                connection.execute(";\n".join(statements))

    def _count(self) -> Counter[str]:
        """Return how often each function was called in all databases, by sessions that have ended or are told to say."""
        for session in list(_sessions):
            if session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                with suppress(psycopg.Error):  # one that a test has ended
                    session.execute("select pg_stat_force_next_flush()")
        total: Counter[str] = Counter()
        for url in self._databases:
            with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
                total.update({name: int(calls) for name, calls in connection.execute(CALLS)})
        return total

    def _drop_others(self) -> None:
        for url in [url for url in self._databases if "adapter_" not in url]:
            self._databases.remove(url)
            name = conninfo_to_dict(url)["dbname"]
            with suppress(psycopg.Error), psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
                connection.execute(f'drop database "{name}" with (force)')
