"""A plugin of pytest that measures what each test calls, or judges mutants, in a session of the rules' tests."""

from __future__ import annotations

import gc
import json
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import partial
from itertools import chain
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
OUT_OF_TIME = "then its time was over"


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


class Group(pytest.Item):
    """One mutant or several, as pytest's reports have them; `Judge` runs their tests."""

    def __init__(self, *, mutants: list[dict[str, str]], **more: Any) -> None:
        first, *others = (mutant["name"] for mutant in mutants)
        name = f"{first}, and {len(others)} more" if others else first
        super().__init__(nodeid=name, name=name, **more)
        self.mutants = mutants

    def runtest(self) -> None:
        raise NotImplementedError

    def reportinfo(self) -> tuple[str, None, str]:
        return self.nodeid, None, ""


class Judge:
    """Puts one group of mutants after the other into the databases, and runs their tests until each is noticed.

    First come the tests that noticed another mutant of a function, of which all processes write down theirs in one file,
    then those that noticed one of the same file.
    """

    server: ClassVar = {"statement_timeout": "10s"}  # so that a loop without an end has one

    def __init__(self, config: pytest.Config) -> None:
        asked = json.loads(Path(config.getoption("mutants")).read_text(encoding="utf-8"))
        self._groups: list[list[dict[str, str]]] = asked["groups"]
        self._functions: dict[str, dict[str, Any]] = asked["functions"]  # their definitions and tests
        self._every: list[str] = asked["every"]  # tests that a mutant is put to; if none, those of its function
        self._until: float = asked["until"]  # after which none is begun, as time.time() has it
        self._seconds: float = asked["seconds"]  # that the tests of a group may take
        self._judged, self._noticed = Path(asked["judged"]), Path(asked["noticed"])
        self._is_worker = hasattr(config, "workerinput")
        self._databases = Databases([])
        self._in_place: list[dict[str, str]] = []
        self._tests: dict[str, pytest.Item] = {}

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> Generator[None]:
        items[:] = on_one_server(items)
        yield
        self._session = session
        self._tests = {item.nodeid: item for item in items}
        items[:] = [Group.from_parent(session, mutants=mutants) for mutants in self._groups]

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_protocol(self, item: Group) -> bool:
        item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
        begun = time.time()
        judged = self._judge(item.mutants) if begun < self._until else {}
        report = pytest.TestReport(
            item.nodeid, item.location, {}, "passed", None, "call", duration=time.time() - begun,
            user_properties=[("judged", judged)],
        )  # fmt: skip
        item.ihook.pytest_runtest_logreport(report=report)
        item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
        return True

    def _judge(self, group: list[dict[str, str]]) -> dict[str, tuple[str, str]]:
        """Return what became of each mutant, by its key, and which test noticed it, or what else there is to say."""
        of_each = (self._every or self._functions[mutant["function"]]["tests"] for mutant in group)
        known = dict.fromkeys(chain.from_iterable(of_each))
        tests = sorted((test for test in known if test in self._tests), key=self._promise(group))  # a map may be old
        if not self._databases.urls:
            self._fails(tests[0])
        try:
            self._put(group)
        except psycopg.Error as error:
            self._put([])
            return {mutant["key"]: ("invalid", str(error).splitlines()[0]) for mutant in group}
        deadline, judged, left = min(time.time() + self._seconds, self._until), {}, group
        for done, test in enumerate(tests):
            if not left or time.time() > deadline:
                break
            for mutant, became in self._noticed_by(test, left):
                judged[mutant["key"]] = (became, f"{test} ({done + 1})")
                with self._noticed.open("a", encoding="utf-8") as file:
                    file.write(f"{mutant['file']}\t{mutant['function']}\t{test}\n")
            left = [mutant for mutant in left if mutant["key"] not in judged]
        else:
            done = len(tests)
        self._put([])
        because = "" if done == len(tests) else f", {OUT_OF_TIME}"
        return judged | {mutant["key"]: ("lived", f"{done} of {len(tests)} tests{because}") for mutant in left}

    def _noticed_by(self, test: str, left: list[dict[str, str]]) -> Iterator[tuple[dict[str, str], str]]:
        """Yield each mutant with which a test fails, and without which it passes, and what that makes of it."""
        became = self._notices(test, left)
        if became and len(left) == 1:
            yield left[0], became
        if not became or len(left) == 1:
            return
        suspected = sorted(left, key=lambda mutant: test not in self._functions[mutant["function"]]["tests"])
        for place, mutant in enumerate(suspected, 1):
            if became := self._notices(test, [mutant]):
                yield mutant, became
                if not self._notices(test, suspected[place:]):
                    return

    def _notices(self, test: str, mutants: list[dict[str, str]]) -> str:
        self._put(mutants)
        failure = self._fails(test)
        if not failure:
            return ""
        self._put([])
        if self._fails(test):  # by what they have left, or by itself: a new server tells
            with suppress(Exception):  # of a session in which a statement still runs
                self._session._setupstate.teardown_exact(None)
            self._databases.urls.clear()
            if self._fails(test):
                return ""
        return "invalid" if any(words in failure for words in IMPOSSIBLE) else "killed"

    def _put(self, mutants: list[dict[str, str]]) -> None:
        """Put mutants in the place of those that there are."""
        if mutants == self._in_place:
            return
        originals = {one["function"]: self._functions[one["function"]]["definition"] for one in self._in_place}
        self._in_place = mutants
        self._databases.put(*(originals | {one["function"]: one["statement"] for one in mutants}).values())

    def _promise(self, group: list[dict[str, str]]) -> Callable[[str], tuple[int, int]]:
        """Return how little a test promises to notice some of a group."""
        functions, files = {one["function"] for one in group}, {one["file"] for one in group}
        of_function, of_file = Counter[str](), Counter[str]()
        for line in self._noticed.read_text(encoding="utf-8").splitlines():
            file, function, test = line.split("\t")
            of_file[test] += file in files
            of_function[test] += function in functions
        return lambda test: (-of_function[test], -of_file[test])

    def _fails(self, test: str) -> str | None:
        # Fixtures of the session stay, all others end with the test.
        reports = runtestprotocol(self._tests[test], log=False, nextitem=self._session)  # type: ignore[arg-type]
        self._databases.drop_others()
        return next((str(report.longrepr) for report in reports if report.failed), None)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Write down what became of a group."""
        if not self._is_worker:
            with self._judged.open("a", encoding="utf-8") as file:
                file.write(json.dumps(dict(report.user_properties)["judged"]) + "\n")

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str]:
        told: dict[str, Any] = dict(report.user_properties)
        judged: dict[str, tuple[str, str]] = told["judged"]
        verdicts = [f"{became.upper()} by {by}" for became, by in judged.values()]
        amounts = Counter(became for became, _ in judged.values())
        letter = max(amounts, key=lambda became: amounts[became], default="not tried")[0]
        return "judged", letter, verdicts[0] if len(verdicts) == 1 else f"{dict(amounts)}"
