"""kill -9 at any moment: a change is there with its row or not at all, and to type it again is safe."""

from __future__ import annotations

import random
import re
import signal
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from rollout_console.adapters import Adapter
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import RolloutError
from tests.support import lite, servers
from tests.support.changes import CHANGES, Change, check_chain
from tests.support.rollouts import OPERATOR, RolloutUnderTest
from tests.support.terminal import console_environment, run_command, start_command

UNDER_WAY = (
    "select count(*) from pg_stat_activity where state = 'active' and query like '%rollout\\_categorize%'"
    " and datname = current_database() and pid <> pg_backend_pid()"
)
WAY_OUT = re.compile(r"(rollout\.\w+\(.*\)|the command again|rollout-console \S+)$")


@contextmanager
def later(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Do something at a moment of what happens inside."""

    def run() -> None:
        time.sleep(seconds)
        action()

    thread = threading.Thread(target=run)
    thread.start()
    yield
    thread.join()


def rollout_on(url: str, adapter: Adapter) -> RolloutUnderTest:
    rollout = RolloutUnderTest(RolloutClient(adapter, who=OPERATOR), url, "crashing")
    direct = RolloutClient(PostgresAdapter(url), who=OPERATOR)
    direct.create()
    rollout.add_repositories(20)
    direct.categorize_all()
    direct.adapter.close()
    return rollout


def some_changes(chance: random.Random, amount: int) -> list[Change]:
    """Return so many changes, in their order: one leaves what the next begins with."""
    chosen = {*chance.sample(list(CHANGES), amount), "release"}  # of a hold, if there is one
    return [change for name, change in CHANGES.items() if name in chosen]


def survives(rollout: RolloutUnderTest, change: Change, crash: Callable[[], None], chance: random.Random) -> None:
    """Let the crash come in the middle of a change, and see what is left of it."""
    direct = RolloutClient(PostgresAdapter(rollout.url), who=OPERATOR)
    change.prepare(direct, rollout.sql)
    direct.adapter.close()
    rollout.client.status()  # what was done for it has been seen (R20)
    rows = rollout.history_rows()
    answer, said = None, ""
    with later(chance.uniform(0, 0.015), crash):
        try:
            answer = change.act(rollout.client)
        except RolloutError as error:
            said = str(error)
    left = rollout.history_rows() - rows
    assert left in (0, 1)
    if answer is None:
        assert WAY_OUT.search(said), said
    else:
        assert left == 1, "what was said to be done is done"
    check_chain(rollout.url)
    change.act(rollout.client)  # typed again: done if it was not, and never twice
    assert rollout.history_rows() - rows == 1 + left * change.again
    assert rollout.differences() == {}
    check_chain(rollout.url)


@pytest.fixture
def killed_api(postgres15_url: str) -> Iterator[tuple[RolloutUnderTest, lite.Server]]:
    url = servers.create_database(postgres15_url, f"killed_{uuid.uuid4().hex[:12]}")
    server = lite.Server(url)
    try:
        server.start()
        adapter = SupabaseAdapter(server.api.url, server.api.secret_key)
        yield rollout_on(url, adapter), server
        adapter.close()
    finally:
        server.stop()


def test_a_kill_of_the_api_leaves_each_change_whole_or_undone(killed_api, effort, tried):
    rollout, server = killed_api
    chance = random.Random(effort(1, 2))

    def crash() -> None:
        server.kill()
        server.start()

    for _ in range(effort(1, 6)):
        for change in some_changes(chance, effort(5, len(CHANGES))):
            survives(rollout, change, crash, chance)
            tried("kills of the API, each in the middle of a change")


@pytest.fixture
def cluster() -> Iterator[servers.Cluster]:
    with servers.cluster() as cluster:
        yield cluster


def test_a_kill_of_postgresql_leaves_each_change_whole_or_undone(cluster, effort, tried):
    url = servers.create_database(cluster.url, "crashing")
    adapter = PostgresAdapter(url)
    rollout = rollout_on(url, adapter)
    chance = random.Random(effort(1, 2))

    def crash() -> None:
        cluster.kill()
        cluster.start()

    for _ in range(effort(1, 6)):
        for change in some_changes(chance, effort(5, len(CHANGES))):
            survives(rollout, change, crash, chance)
            tried("kills of PostgreSQL, each in the middle of a change")
    adapter.close()


def killed(env: dict[str, str], arguments: tuple[str, ...], begun: Callable[[], bool], seconds: float) -> None:
    """Start a program, and kill it some time after it has begun its work."""
    process = start_command(env, *arguments)
    try:
        deadline = time.monotonic() + 60
        while not begun() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.005)
        time.sleep(seconds)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()


def grown(rollout: RolloutUnderTest, table: str) -> Callable[[], bool]:
    """Return what tells whether a table has more rows than it has now."""
    count = f"select count(*) from {table}"
    before = rollout.value(count)
    return lambda: bool(rollout.value(count) > before)


EVERYTHING = "\n".join(
    f"rollout.setRollout({n}); rollout.emergencyStop('{n}'); rollout.addToWhitelist('acme/repo-{n}');"
    f" rollout.resume({n + 1}); rollout.markAsTest('acme/repo-{n}'); rollout.rollbackToZero()"
    for n in range(1, 20)
)


def test_a_kill_of_the_console_leaves_a_chain_without_a_gap(rollout, tmp_path, effort, tried):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    env = console_environment(tmp_path, **rollout.environment)
    chance = random.Random(effort(1, 2))
    for _ in range(effort(2, 25)):
        killed(env, ("-c", EVERYTHING), grown(rollout, "rollout_history"), chance.uniform(0, 0.2))
        tried("kills of the console")
        check_chain(rollout.url)
        assert rollout.differences() == {}
    assert rollout.client.set_rollout(50).status.rollout_percentage == 50


def test_after_a_kill_of_categorize_all_the_next_one_goes_on(rollout, tmp_path, effort, tried):
    amount = 12_000
    rollout.add_repositories(amount)
    env = console_environment(tmp_path, **rollout.environment)
    chance = random.Random(effort(1, 2))
    for number in range(effort(1, 8)):
        rollout.sql("update repositories set stargazers_count = %s", number * 60)
        runs = rollout.value("select count(*) from rollout.categorization_runs")

        def begun(runs: int = runs) -> bool:
            done = "select coalesce(sum(processed) filter (where finished_at is null), 0) > 0, count(*) from rollout.categorization_runs"
            working, total = rollout.sql(done)[0]
            return bool(working or total > runs)

        killed(env, ("-c", "rollout.categorizeAll()"), begun, chance.uniform(0, 0.3))
        tried("kills of categorizeAll")
        time.sleep(0.1)
        while rollout.value(UNDER_WAY):  # what was sent is still carried out
            time.sleep(0.05)
        left = rollout.sql("select id, processed from rollout.categorization_runs where finished_at is null")
        run = rollout.client.categorize_all()
        if left:
            assert (run.run_id, run.processed) == (left[0][0], amount), "it went on with the open run"
        stale = "select count(*) from repository_categories k join repositories r on r.id = k.repository_id"
        assert rollout.value(f"{stale} where k.star_count = r.stargazers_count") == amount
        assert rollout.differences() == {}
        rollout.sql("update repositories set stargazers_count = 0")
        rollout.client.categorize_all()


def test_after_a_kill_of_the_monitor_the_next_one_rolls_back_once(rollout, tmp_path, effort, tried):
    rollout.add_repositories(1)
    rollout.client.categorize_all()  # nothing that the monitor would bring up to date
    env = console_environment(tmp_path, **rollout.environment)
    chance = random.Random(effort(1, 2))
    direct = RolloutClient(PostgresAdapter(rollout.url), who=OPERATOR)
    for _ in range(effort(2, 15)):
        CHANGES["checkHealth"].prepare(direct, rollout.sql)
        rows = rollout.history_rows()
        killed(env, ("monitor", "--every", "60"), grown(rollout, "rollout.monitors"), chance.uniform(0, 0.05))
        tried("kills of the monitor")
        time.sleep(0.2)
        already = rollout.history_rows() - rows
        assert already in (0, 1)
        assert run_command(env, "monitor", "--once").returncode == 1
        assert rollout.history_rows() - rows == 1
        check_chain(rollout.url)
    direct.adapter.close()
