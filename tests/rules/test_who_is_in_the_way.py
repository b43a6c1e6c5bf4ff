"""R18: which sessions, and which prepared transactions, are in the way of a change, and which are not."""

from __future__ import annotations

import threading
import time
import uuid
from contextlib import ExitStack, closing

import psycopg
import pytest

from tests.support import servers
from tests.support.rows import one_row
from tests.support.sessions import prepared, until_ended
from tests.support.waiting import wait_until

OURS = "feature_name = 'hybrid_progressive_capture'"
OTHERS = "feature_name = 'another_feature'"
ROWS = "select from rollout_configuration where is_active and "
COUNTS = "select from rollout.category_counts where "

# What sessions do, one after the other, and which of them are then in the way.
DONE = [
    ([], []),
    (["select from rollout_configuration, rollout_history, repositories"], []),
    (["lock table rollout_configuration in row exclusive mode"], []),
    (["lock table rollout_configuration"], [0]),
    (["lock table rollout_configuration in share mode"], [0]),
    (["lock table rollout_history in share mode"], [0]),
    (["lock table rollout.category_counts in exclusive mode"], [0]),
    (["lock table rollout.job_counts in exclusive mode"], []),
    (["lock table rollout.job_counts"], [0]),
    (["lock table repositories"], [0]),
    (["lock table repositories in exclusive mode"], []),
    (["lock table progressive_capture_jobs"], []),
    ([f"{ROWS}{OURS} for update"], [0]),
    ([f"{ROWS}{OTHERS} for update"], []),
    (["select from rollout_configuration where not is_active for update"], []),
    ([f"{ROWS}{OURS} for share", f"{ROWS}{OURS} for key share"], [0]),
    ([f"{COUNTS}{OURS} for update"], [0]),
    ([f"{COUNTS}{OTHERS} for update"], []),
    ([f"{COUNTS}{OURS} for update", f"{ROWS}{OURS} for update"], [1]),
    ([f"{ROWS}{OURS} for update", "lock table rollout_history in share mode"], [1]),
]


@pytest.fixture
def kind():
    """What is asked is in the database."""
    return "embedded"


@pytest.fixture
def features(running):
    """Ours, and another beside one of our name that is not active."""
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.sql(
        "insert into rollout_configuration (feature_name, is_active) values (%s, false)", running.client.feature
    )
    return running


def found(rollout) -> list[int]:
    return [pid for (pid,) in rollout.sql("select pid from rollout.blockers(%s) order by 1", rollout.client.feature)]


def test_r18_who_is_in_the_way_of_a_change(features):
    with closing(psycopg.connect(features.url)) as one, closing(psycopg.connect(features.url)) as two:
        for statements, expected in DONE:
            for session, statement in zip((one, two), statements, strict=False):
                session.execute(statement)
            pids = [one.info.backend_pid, two.info.backend_pid]
            assert found(features) == [pids[n] for n in expected], statements
            one.rollback()
            two.rollback()


def test_r18_a_savepoint_that_is_released_is_known_by_the_only_session_that_can_have_had_it(features):
    number, inactive = "select txid_current()", "not is_active for update"
    waits = "select exists (select from pg_locks where pid = %s and not granted)"
    with ExitStack() as stack:
        elsewhere, locker, later, young, waiting = (
            stack.enter_context(closing(psycopg.connect(features.url))) for _ in range(5)
        )
        for session in (elsewhere, locker, waiting):
            session.execute(number)
        elsewhere.execute("update repositories set stargazers_count = 1")
        later.execute("select 1")
        time.sleep(1.05)
        young.execute(number)
        young.execute(f"{ROWS}{OTHERS} for update")
        locker.execute("savepoint a")
        locker.execute(f"{ROWS}{OURS} for update")
        locker.execute("release savepoint a")
        later.execute(f"select from rollout_configuration where {inactive}")
        thread = threading.Thread(target=until_ended, args=(waiting, f"{ROWS}{OURS} for update"))
        thread.start()
        wait_until(lambda: features.value(waits, waiting.info.backend_pid))
        assert found(features) == [locker.info.backend_pid]
        features.sql("select pg_terminate_backend(%s, 2000)", waiting.info.backend_pid)
        thread.join()


def test_r18_whether_a_transaction_of_others_is_in_progress(features):
    asked = "select rollout.is_in_progress(%s::text::xid)"
    with closing(psycopg.connect(features.url)) as one, closing(psycopg.connect(features.url)) as two:
        number = one_row(one.execute("select txid_current()"))[0]
        # 3 is the first of all, of which nobody knows any more how it ended; the last two have not begun.
        for known, expected in ((number, True), (3, False), (0, None), (number + 1, None), (number + 2, None)):
            assert one_row(two.execute(asked, [known])) == (expected,), known
        one.rollback()
        assert one_row(two.execute(asked, [number])) == (False,)


def test_r18_who_waits_for_a_table_is_in_the_way_only_if_nobody_holds_one(features):
    statement = "lock table rollout_configuration"
    waits = "select exists (select from pg_locks where pid = %s and not granted)"
    for first, who in ((statement, "first"), ("select from rollout_configuration", "second")):
        with closing(psycopg.connect(features.url)) as one, closing(psycopg.connect(features.url)) as two:
            one.execute(first)
            waiting = threading.Thread(target=until_ended, args=(two, statement))
            waiting.start()
            wait_until(lambda: features.value(waits, two.info.backend_pid))
            pids = {"first": one.info.backend_pid, "second": two.info.backend_pid}
            assert found(features) == [pids[who]]
            features.sql("select pg_terminate_backend(%s, 2000)", pids["second"])
            waiting.join()


def test_r18_who_locks_a_table_of_another_database_is_in_nobodys_way(features, embedded_url):
    url = servers.create_database(embedded_url, f"beside_{uuid.uuid4().hex[:12]}")
    own = "select 'rollout_configuration'::regclass::oid"
    with closing(psycopg.connect(url)) as beside:
        beside.execute("lock table rollout_configuration, rollout_history, rollout.category_counts")
        assert beside.execute(own).fetchone() == (features.value(own),), "the same number, of another table"
        assert found(features) == []


def blocked(rollout) -> str:
    with pytest.raises(psycopg.Error) as refused:
        rollout.sql("select rollout_blocked()")
    assert refused.value.sqlstate == "RC005"
    return str(refused.value.diag.message_primary)


def test_r18_of_prepared_transactions_those_that_write_the_rollout_are_named(features, embedded_url):
    begins = "another session has locked the rollout; nothing was changed: type the command again"
    assert blocked(features) == begins
    beside = servers.create_database(embedded_url, f"beside_{uuid.uuid4().hex[:12]}")
    mark = uuid.uuid4().hex[:8]
    write = "update rollout_configuration set updated_at = now()"
    done = {
        f"reads {mark}": (features.url, "select from rollout_configuration"),
        f"writes elsewhere {mark}": (features.url, "update repositories set stargazers_count = 1"),
        f"beside {mark}": (beside, write),
    }
    ours = f"it's {mark}"
    with ExitStack() as stack:
        for name, (url, statement) in done.items():
            stack.enter_context(prepared(url, statement, name))
        assert blocked(features) == begins
        with prepared(features.url, write, ours):
            quoted = f"'it''s {mark}'"
            assert blocked(features) == (
                f"a prepared transaction has locked the rollout: {quoted}; nothing was changed; to end it, run "
                f"rollback prepared {quoted}; then type the command again"
            )
