"""A plugin of pytest that measures what each test calls, or judges mutants, in a session of the rules' tests."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import psycopg
import pytest
from _pytest.runner import runtestprotocol
from hypothesis import Phase, settings
from psycopg.conninfo import conninfo_to_dict

from tests.support import servers

OTHER_SERVERS = {"api", "api_server", "own_server_url", "postgres15_url"}  # on which the rules are the same
OF_THE_SESSION = ("adapter_", "asked")  # what the names of databases that stay begin with
# Of an immutable function open sessions keep the value in their plans; a change of a schema makes them plan anew.
FORGET = "create schema forget; drop schema forget"
IMPOSSIBLE = ("operator does not exist", "operator is not unique", "must be type boolean")  # no rule could have it
CALLS = "select funcname, sum(calls) from pg_stat_user_functions group by 1"
LETTERS = {"killed": ".", "lived": "L", "invalid": "i", "unsure": "u", "not tried": "n"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--measure", help="a file with definitions that mean what ours do; what each test calls goes there"
    )
    parser.addoption("--mutants", help="a file with mutants, and the tests of each")


def pytest_configure(config: pytest.Config) -> None:
    # That a test fails is enough; nobody needs the least example.
    settings.register_profile("mutants", phases=[Phase.explicit, Phase.generate])
    settings.load_profile("mutants")
    plugin = Measure if config.getoption("measure") else Judge
    servers.cluster = partial(servers.cluster, durable=False, settings=plugin.server)
    config.pluginmanager.register(plugin(config))


class Databases:
    """The migrated databases of this session, in all of which a function is replaced."""

    def __init__(self, statements: list[str]) -> None:
        self.statements = statements
        self.urls: list[str] = []
        self._create = servers.create_database
        servers.create_database = self._create_and_know

    def _create_and_know(self, server_url: str, name: str, *, migrated: bool = True, **more: Any) -> str:
        url = self._create(server_url, name, migrated=migrated, **more)
        if migrated:
            self.urls.append(url)
            self._execute(url)
        return url

    def put(self, *statements: str) -> None:
        """Put functions into the databases that there are, and into each that is made from now on."""
        self.statements = list(statements)
        for url in self.urls:
            self._execute(url)

    def _execute(self, url: str) -> None:
        if self.statements:
            with psycopg.connect(url) as connection:
                connection.execute(";\n".join([*self.statements, FORGET]))

    def drop_others(self) -> None:
        """Drop all that no fixture of the session keeps."""
        for url in self.urls[:]:
            name = conninfo_to_dict(url)["dbname"]
            if str(name).startswith(OF_THE_SESSION):
                continue
            self.urls.remove(url)
            with suppress(psycopg.Error), psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
                connection.execute(f'drop database if exists "{name}" with (force)')

    def calls(self) -> Counter[tuple[str, str]]:
        """Return how often each function of each database was called, in sessions that have ended or are told to say."""
        for session in (one for one in gc.get_objects() if isinstance(one, psycopg.Connection)):
            if session.info.transaction_status == psycopg.pq.TransactionStatus.IDLE:
                with suppress(psycopg.Error):  # one that a test has ended
                    session.execute("select pg_stat_force_next_flush()")
        found: Counter[tuple[str, str]] = Counter()
        for url in self.urls:
            with suppress(psycopg.OperationalError), psycopg.connect(url) as connection:
                found.update({(url, name): int(calls) for name, calls in connection.execute(CALLS)})
        return found


def on_one_server(items: list[pytest.Item]) -> list[pytest.Item]:
    """Return the tests that need no more than the embedded server."""
    return [
        item for item in items if _through(item) <= {"embedded", "session"} and not OTHER_SERVERS & set(_fixtures(item))
    ]


def _through(item: pytest.Item) -> set[str]:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return {params[name] for name in ("kind", "server_url") if name in params}


def _fixtures(item: pytest.Item) -> list[str]:
    return getattr(item, "fixturenames", [])


class Measure:
    """Runs each test once, with functions of another text and the same meaning, and counts what it calls.

    Tests that compare the text of functions fail, and so judge nothing.
    """

    server: ClassVar = {"track_functions": "all"}

    def __init__(self, config: pytest.Config) -> None:
        self._file = Path(config.getoption("measure"))
        self._is_worker = hasattr(config, "workerinput")
        self._databases = Databases(json.loads(self._file.read_text(encoding="utf-8")))
        self._before: Counter[tuple[str, str]] = Counter()
        self._tests: dict[str, dict[str, Any]] = {}

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = on_one_server(items)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, Any]:
        report = yield
        if call.when == "teardown":
            now = self._databases.calls()
            report.user_properties.append(("calls", sorted({name for _, name in now - self._before})))
            self._before = now
            self._databases.drop_others()
        return report

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        known = self._tests.setdefault(report.nodeid, {"passed": True, "seconds": 0.0, "calls": []})
        known["passed"] &= report.passed
        known["seconds"] += report.duration
        known["calls"] += dict(report.user_properties).get("calls", [])

    def pytest_sessionfinish(self) -> None:
        if not self._is_worker:
            self._file.write_text(json.dumps(self._tests), encoding="utf-8")


class Mutant(pytest.Item):
    """A mutant as pytest's reports have it; `Judge` runs its tests."""

    def __init__(self, *, wanted: dict[str, str], **more: Any) -> None:
        super().__init__(nodeid=wanted["name"], name=wanted["name"], **more)
        self.wanted = wanted

    def runtest(self) -> None:
        raise NotImplementedError

    def reportinfo(self) -> tuple[str, None, str]:
        return self.nodeid, None, ""


class Judge:
    """Puts one mutant after the other into the databases, and runs its tests until one fails.

    First come those that noticed other mutants of its function, of which all processes write down theirs in one file, then
    those that noticed one of the same file.
    """

    server: ClassVar = {"statement_timeout": "10s"}  # so that a loop without an end has one

    def __init__(self, config: pytest.Config) -> None:
        asked = json.loads(Path(config.getoption("mutants")).read_text(encoding="utf-8"))
        self._wanted: list[dict[str, str]] = asked["mutants"]
        self._functions: dict[str, dict[str, Any]] = asked["functions"]  # their definitions and tests
        self._until: float = asked["until"]  # after which none is begun, as time.time() has it
        self._seconds: float = asked["seconds"]  # that the tests of one may take
        self._databases = Databases([])
        self._tests: dict[str, pytest.Item] = {}
        self._noticed = Path(asked["noticed"])

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> Generator[None]:
        items[:] = on_one_server(items)
        yield
        self._session = session
        self._tests = {item.nodeid: item for item in items}
        items[:] = [Mutant.from_parent(session, wanted=wanted) for wanted in self._wanted]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Mutant) -> bool:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        begun = time.time()
        became, by = self._judge(item.wanted) if begun < self._until else ("not tried", "")
        outcome: Any = {"killed": "passed", "lived": "failed"}.get(became, "skipped")
        why: Any = (item.nodeid, 0, by) if outcome == "skipped" else by  # as pytest has the reason of a skip
        report = pytest.TestReport(
            item.nodeid, item.location, {}, outcome, why, "call", duration=time.time() - begun,
            user_properties=[("became", became), ("by", by)],
        )  # fmt: skip
        item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _judge(self, mutant: dict[str, str]) -> tuple[str, str]:
        """Return what became of a mutant, and the test that noticed it, or what else there is to say."""
        known = self._functions[mutant["function"]]["tests"]
        tests = [test for test in known if test in self._tests]  # a map that was kept may name others
        if not self._databases.urls:
            self._fails(tests[0])
        became, by = self._try(mutant, tests)
        if became == "unsure":  # what the mutant left fails tests without it, so begin anew with a new server
            self._session._setupstate.teardown_exact(None)
            self._databases.urls.clear()
            self._fails(by)
            became, by = self._try(mutant, [by, *(test for test in tests if test != by)])
        return became, by

    def _try(self, mutant: dict[str, str], tests: list[str]) -> tuple[str, str]:
        function = mutant["function"]
        original = self._functions[function]["definition"]
        try:
            self._databases.put(mutant["statement"])
        except psycopg.Error as error:
            self._databases.put(original)
            return "invalid", str(error).splitlines()[0]
        deadline = time.monotonic() + self._seconds
        for done, test in enumerate(sorted(tests, key=self._promise(mutant))):
            if time.monotonic() > deadline:
                self._databases.put(original)
                return "lived", f"{done} of {len(tests)} tests, then its time was over"
            if failure := self._fails(test):
                self._databases.put(original)
                if any(words in failure for words in IMPOSSIBLE):
                    return "invalid", test
                if self._fails(test):
                    return "unsure", test
                with self._noticed.open("a", encoding="utf-8") as file:
                    file.write(f"{mutant['file']}\t{function}\t{test}\n")
                return "killed", f"{test} ({done + 1})"
        self._databases.put(original)
        return "lived", f"{len(tests)} tests"

    def _promise(self, mutant: dict[str, str]) -> Callable[[str], tuple[int, int]]:
        """Return how little a test promises to notice a mutant."""
        of_function, of_file = Counter[str](), Counter[str]()
        for line in self._noticed.read_text(encoding="utf-8").splitlines():
            file, function, test = line.split("\t")
            of_file[test] += file == mutant["file"]
            of_function[test] += function == mutant["function"]
        return lambda test: (-of_function[test], -of_file[test])

    def _fails(self, test: str) -> str | None:
        # Fixtures of the session stay, all others end with the test.
        reports = runtestprotocol(self._tests[test], log=False, nextitem=self._session)  # type: ignore[arg-type]
        self._databases.drop_others()
        return next((str(report.longrepr) for report in reports if report.failed), None)

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        told: dict[str, Any] = dict(report.user_properties)
        if "became" not in told:
            return None
        return told["became"], LETTERS[told["became"]], f"{told['became'].upper()} by {told['by']}:"

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """List what lived, and by which share the rest died."""
        amounts = {became: len(terminalreporter.getreports(became)) for became in LETTERS}
        for became in ("lived", "unsure"):
            terminalreporter.section(became)
            for report in terminalreporter.getreports(became):
                terminalreporter.write_line(f"{report.nodeid}  [{dict(report.user_properties)['by']}]")
        tried = amounts["killed"] + amounts["lived"] or 1
        terminalreporter.write_line(f"{amounts['killed'] / tried:.1%} killed: {amounts}")
