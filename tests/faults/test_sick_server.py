"""R18 and R8: a stop, and the report that trips the breaker, on a server with a full NOTIFY queue, with prepared
transactions, and frozen."""

from __future__ import annotations

import os
import signal
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psutil
import psycopg
import pytest

from rollout_console.errors import NOT_STOPPED, RolloutError
from rollout_console.render import Screen, render
from tests.support import servers
from tests.support.rollouts import RolloutUnderTest, percentage, rollout_on
from tests.support.rows import one_row
from tests.support.sessions import prepared

FAILURE = "select record_rollout_job(null, 'github_actions', false)"
PATIENCE = 3  # seconds: a report waits for less than one, and not for another session to end
BUDGET = 13  # seconds: a stop says within ten what became of it, and does not wait for a server that is frozen


@pytest.fixture(scope="module")
def server() -> Iterator[servers.Cluster]:
    settings = {"max_notify_queue_pages": 64, "max_prepared_transactions": 5}
    with servers.cluster(18, durable=False, settings=settings) as running:
        yield running


@pytest.fixture(scope="module")
def migrated(server: servers.Cluster) -> str:
    servers.create_database(server.url, "migrated")
    return "migrated"


@pytest.fixture
def sick(server: servers.Cluster, migrated: str) -> Iterator[RolloutUnderTest]:
    url = servers.create_database(server.url, f"sick_{uuid.uuid4().hex[:8]}", migrated=False, template=migrated)
    rollout = rollout_on(url)
    yield rollout
    rollout.client.close()


@contextmanager
def full_queue(rollout: RolloutUnderTest) -> Iterator[None]:
    """Somebody listens and is idle in a transaction; others notify until nobody can any more."""
    with psycopg.connect(rollout.url, autocommit=True) as listener, psycopg.connect(rollout.url) as others:
        listener.execute("listen another_application")
        listener.execute("begin; select 1")
        with suppress(psycopg.errors.ProgramLimitExceeded):
            while True:
                others.execute(
                    "select pg_notify('another_application', repeat('x', 7000) || g) from generate_series(1, 20) g"
                )
                others.commit()
        yield
    # Nobody can notify yet: the queue is emptied as somebody asks how full it is.
    assert rollout.value("select pg_notification_queue_usage()") == 0


def test_r18_a_full_notify_queue_fails_no_change_no_report_and_no_trip(sick):
    with full_queue(sick):
        sick.client.set_rollout(60)
        for _ in range(40):
            sick.sql(FAILURE)
        assert percentage(sick) == 0
        assert sick.value("select sum(jobs)::integer from rollout.counts") == 40
        assert sick.client.emergency_stop("errors").status.emergency_stop


def test_r8_reports_can_be_prepared_the_one_that_trips_too(sick):
    with psycopg.connect(sick.url, autocommit=True) as session:
        for number in range(12):
            session.execute(f"begin; {FAILURE}")
            session.execute(f"prepare transaction 'report {number}'")
            assert percentage(sick) == (50 if number < 10 else 0)
            session.execute(f"commit prepared 'report {number}'")
    assert percentage(sick) == 0
    assert sick.value("select sum(jobs)::integer from rollout.counts") == 12
    assert sick.client.history(1).entries[0].triggered_by == "auto_rollback"


def test_r8_a_prepared_report_is_in_the_way_of_none_and_is_named(sick):
    with prepared(sick.url, FAILURE) as name:
        begun = time.monotonic()
        sick.sql(FAILURE)
        assert time.monotonic() - begun < PATIENCE
        warnings = {w.name: f"{w.message}; {w.command}" for w in sick.client.status().warnings}
        assert f"the prepared transaction {name}" in warnings["reports_waited"]
        assert f"rollback prepared '{name}'" in warnings["reports_waited"]
        assert sick.client.emergency_stop("errors").status.emergency_stop


def test_r18_a_prepared_transaction_in_the_way_is_named_with_a_statement_that_stops(sick):
    with prepared(sick.url, "update rollout_configuration set updated_at = now()") as name:
        begun = time.monotonic()
        with pytest.raises(RolloutError, match=f"a prepared transaction .* rollback prepared '{name}'") as failed:
            sick.client.emergency_stop("errors")
        assert time.monotonic() - begun < BUDGET
        assert failed.value.verdict == NOT_STOPPED
        assert failed.value.by_hand is not None
        with psycopg.connect(sick.url, autocommit=True) as prompt:
            for statement in failed.value.by_hand[0].split(";")[:-1]:
                prompt.execute(statement)
    assert sick.client.status().emergency_stop


def test_r18_a_stop_that_is_not_recorded_says_so(sick):
    sick.sql("alter table rollout_history rename to gone")
    stopped = sick.client.emergency_stop("errors")
    assert "it is not recorded in the history" in stopped.not_shown
    assert sick.value("select emergency_stop from rollout_configuration")


def test_r18_a_stop_by_the_row_alone_says_that_its_reason_is_not_recorded_and_what_to_type(sick):
    sick.sql("alter function public.rollout_emergency_stop rename to gone")
    stopped = sick.client.emergency_stop('say "no" \n to it')
    assert sick.value("select emergency_stop from rollout_configuration")
    shown = render(stopped, Screen())
    assert r'not recorded, as far as is known; to record it: rollout.note("say \"no\" \n to it")' in shown
    sick.sql("alter function public.gone rename to rollout_emergency_stop")
    assert "is not recorded" not in render(sick.client.emergency_stop("now by the function"), Screen())


def test_r18_a_stop_before_migrate_says_that_it_is_not_recorded_and_to_migrate(sick):
    sick.sql("alter function public.rollout_status rename to gone")
    sick.sql("alter function public.rollout_emergency_stop rename to gone_as_well")
    for reason, recorded in ((None, "it is not recorded in the history"), ("x", 'to record it: rollout.note("x")')):
        shown = render(sick.client.emergency_stop(reason), Screen())
        assert "STOPPED (50 % is kept)" in shown
        assert "type in a shell: rollout-console migrate" in shown
        assert recorded in shown


def test_r18_a_frozen_server_is_given_up_in_time(sick, server):
    """It takes what is sent, and answers nothing: no word that it was made."""
    sick.client.status()
    processes = psutil.Process(server.pid)
    frozen = [processes, *processes.children(recursive=True)]
    for process in frozen:
        process.send_signal(signal.SIGSTOP)
    try:
        begun = time.monotonic()
        with pytest.raises(RolloutError) as failed:
            sick.client.emergency_stop("errors")
        took = time.monotonic() - begun
    finally:
        for process in frozen:
            os.kill(process.pid, signal.SIGCONT)
    assert took < BUDGET, took
    assert failed.value.verdict.startswith(("SENT, NOT CONFIRMED", "NOT STOPPED"))
    assert failed.value.by_hand is not None
    with psycopg.connect(sick.url, autocommit=True) as prompt:
        prompt.execute(failed.value.by_hand[0])
        assert one_row(prompt.execute("select emergency_stop from rollout_configuration"))[0]
