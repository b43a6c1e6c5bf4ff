"""R13 under every fault: one line and a way out, nothing half done, and the next command works."""

from __future__ import annotations

import random
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.console import COMMANDS
from rollout_console.console import Rollout as Console
from rollout_console.errors import RolloutError, TimedOut, Unreachable
from rollout_console.shell.errors import one_line
from tests.support import fault_proxy as faults
from tests.support import servers
from tests.support.changes import CHANGES, OTHERS, check_chain
from tests.support.postgrest_faults import CASES
from tests.support.rollouts import OPERATOR
from tests.support.terminal import console_environment, run_console
from tests.support.waiting import answer_of

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "setRollout": (20,), "emergencyStop": ("faults",), "rollbackToPercentage": (3,), "markAsTest": ("acme/repo-1",),
    "unmarkAsTest": ("acme/repo-2",), "addToWhitelist": ("acme/repo-1",), "removeFromWhitelist": ("acme/repo-2",),
    "preview": (25,), "explain": ("acme/repo-1",), "note": ("faults",),
}  # fmt: skip
FAULTS = {name: case.fault for name, case in CASES.items()} | {
    "lost after it was done: reset": faults.reset_after,
    "lost after it was done: silence": faults.swallow,
    "lost after it was done: half": faults.truncate,
    "lost after it was done: 504": faults.answer_after(504),
    "an answer that never ends": faults.drip,
    "held after it was done": faults.hold_after,
}
WAY_OUT = re.compile(
    r"(rollout\.\w+\(.*\)|the command again|rollout-console \S+( \S+)*|SUPABASE_SECRET_KEY|https://\S+|start again|type that|; x)$"
)


@pytest.mark.large
def test_r13_every_fault_of_the_api_for_every_command(faulty, effort, tried):
    faulty.add_repositories(3)
    faulty.client.categorize_all()
    faulty.client.mark_as_test("acme/repo-2")
    faulty.client.add_to_whitelist("acme/repo-2")
    faulty.client.set_rollout(50)
    adapter = faulty.adapter()
    console = Console(RolloutClient(adapter, who=OPERATOR))
    pairs = [(name, fault) for name in sorted(set(COMMANDS) - OTHERS) for fault in FAULTS]
    for name, fault in random.Random(1).sample(pairs, effort(60, len(pairs))):
        rows = faulty.history_rows()
        faulty.proxy.release.clear()
        faulty.proxy.always, adapter.patience = FAULTS[fault], 0.4
        with pytest.raises(RolloutError) as failure:
            getattr(console, name)(*ARGUMENTS.get(name, ()))
        faulty.proxy.always, adapter.patience = None, 10
        faulty.proxy.release.set()
        line = one_line(failure.value, "") or ""
        assert len(line.splitlines()) == 1, (name, fault)
        assert WAY_OUT.search(line), (name, fault, line)
        assert faulty.history_rows() - rows in (0, 1), (name, fault)
        assert console.client.status().feature_name
        tried("faults of the API, each in a command")
    check_chain(faulty.url)
    assert faulty.differences() == {}
    adapter.close()


@contextmanager
def locked(url: str) -> Iterator[None]:
    """Hold the configuration, as a transaction that somebody forgot."""
    with psycopg.connect(url) as connection:
        connection.execute("select from rollout_configuration for update")
        connection.execute("lock table repository_categories in access exclusive mode")
        yield


# A stop has limits of its own, and goes round what does not answer (R18).
WAITING = {name: change for name, change in CHANGES.items() if name not in ("emergencyStop", "rollbackToZero")}


@pytest.mark.parametrize("kind", ["embedded", "postgres15"])
@pytest.mark.parametrize("change", WAITING.values(), ids=WAITING)
def test_r13_a_database_that_does_not_answer_in_time_changes_nothing(rollout, change, monkeypatch):
    rollout.add_repositories(3)
    rollout.client.categorize_all()
    change.prepare(rollout.client, rollout.sql)
    rows = rollout.history_rows()
    at_once = "select set_config('statement_timeout', '200ms', false) where pg_backend_pid() = %s"
    monkeypatch.setattr("rollout_console.connection.session.LIMIT_OF_SESSION", at_once)
    impatient = RolloutClient(PostgresAdapter(rollout.url), who=OPERATOR)
    with locked(rollout.url), pytest.raises(TimedOut, match=r"nothing was changed: type the command again$"):
        change.act(impatient)
    assert rollout.history_rows() == rows
    impatient.adapter.close()
    assert change.act(rollout.client).changed
    assert rollout.history_rows() == rows + 1


def test_r7_a_clock_that_was_set_back_does_not_blind_the_breaker(rollout):
    """To the database, a restart an hour ahead looks the same as its own clock an hour back."""
    rollout.add_repositories(1)
    rollout.client.set_rollout(50)
    rollout.sql("update rollout_configuration set restarted_at = now() + interval '1 hour'")
    rollout.report(good=5, bad=8)
    status = rollout.client.status()
    assert (status.rollout_percentage, status.last_change.triggered_by) == (0, "auto_rollback")


def test_r7_a_clock_that_jumps_ahead_forgets_the_window_and_counts_what_comes(rollout):
    """The jobs of before are out of the window, as after a day; new failures are judged by themselves."""
    rollout.add_repositories(1)
    rollout.client.set_rollout(50)
    rollout.report(good=100)
    rollout.sql(
        "select rollout.fold_deltas(); update rollout.job_counts set slot_start = slot_start - interval '2 days'"
    )
    rollout.sql("update rollout_configuration set restarted_at = restarted_at - interval '2 days'")
    rollout.report(bad=9)
    assert rollout.client.status().rollout_percentage == 50
    rollout.report(bad=1)
    assert rollout.client.status().rollout_percentage == 0


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of its own, small enough to fill."""
    folder = Path(tempfile.mkdtemp(prefix="rollout-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root of a whole machine can mount a small disk")
    folder.chmod(0o755)
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)
    folder.rmdir()


def test_r13_a_full_disk_is_one_line_nothing_is_half_done_and_room_mends_it(small_disk):
    with servers.cluster(within=small_disk) as cluster:
        url = servers.create_database(cluster.url, "full")
        client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
        client.create(10)
        with psycopg.connect(url, autocommit=True) as sql:
            sql.execute("create table ballast (filler text)")
            sql.execute("alter table ballast alter filler set storage external")
            for size in (1_000_000, 10_000):
                with suppress(psycopg.errors.DiskFull):
                    while True:
                        sql.execute("insert into ballast select repeat('x', %s)", (size,))
        said = []
        for percentage in range(11, 40):
            before = client.status().rollout_percentage
            try:
                client.set_rollout(percentage, "x" * 2000)
            except Unreachable as error:
                said.append(str(error))
                assert answer_of(client.status).rollout_percentage == before
        assert said
        assert all(line.endswith("make room, then type the command again") for line in said)
        with psycopg.connect(url, autocommit=True) as sql:
            sql.execute("drop table ballast")
        assert client.set_rollout(99).changed
        check_chain(url)
        client.adapter.close()


def test_r13_a_disk_too_small_for_the_embedded_database_is_one_line(small_disk, tmp_path):
    with (small_disk / "filler").open("wb") as filler:
        filler.write(b"x" * 150 * 2**20)
    done = run_console(console_environment(tmp_path, ROLLOUT_HOME=str(small_disk / "home")), "rollout.status()")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "make room or set ROLLOUT_HOME elsewhere" in done.stderr
