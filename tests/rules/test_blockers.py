"""R18: a stop takes effect within 5 s, whoever is in its way; what it can't end, it names."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Blocked, RolloutError
from tests.support import servers
from tests.support.rollouts import OPERATOR, rollout_on
from tests.support.sessions import until_ended
from tests.support.waiting import wait_until

STOPPED_WITHIN = 5  # seconds, R18
UPDATE = "update rollout_configuration set metadata = '{\"mine\": 1}'"
Sessions = Callable[..., psycopg.Connection]


def row_updated(open_session: Sessions) -> None:
    open_session().execute(UPDATE)


def row_of_ours_updated(open_session: Sessions) -> None:
    open_session().execute(f"{UPDATE} where feature_name <> 'another_feature'")


def row_updated_in_a_savepoint(open_session: Sessions) -> None:
    session = open_session()
    session.execute("select txid_current(); savepoint a")
    session.execute(UPDATE)
    session.execute("release savepoint a")


def rollback_by_a_report(open_session: Sessions) -> None:
    open_session().execute("select record_rollout_job(null, 'github_actions', false) from generate_series(1, 10)")


def row_locked(open_session: Sessions) -> None:
    open_session().execute("select from rollout_configuration for update")


def row_shared_by_several(open_session: Sessions) -> None:
    for _ in range(3):
        open_session().execute("select from rollout_configuration for share")


def long_update(open_session: Sessions) -> None:
    session = open_session()
    running = threading.Thread(target=until_ended, args=(session, f"{UPDATE} where pg_sleep(60) is not null"))
    session.execute(UPDATE)
    running.start()


def table_locked(open_session: Sessions) -> None:
    open_session().execute("lock table rollout_configuration")


def history_locked(open_session: Sessions) -> None:
    open_session().execute("lock table rollout_history in share mode")


def table_of_ours_locked(open_session: Sessions) -> None:
    open_session().execute("lock table rollout.job_counts")


def table_of_the_application_altered(open_session: Sessions) -> None:
    open_session().execute("alter table repositories add column if not exists mine text")


def categories_written(open_session: Sessions) -> None:
    open_session().execute("update repository_categories set star_count = star_count + 1")


def ddl_in_waiting(open_session: Sessions) -> None:
    open_session("reader").execute("select from rollout_configuration")
    alter = "alter table rollout_configuration add column if not exists mine text"
    threading.Thread(target=until_ended, args=(open_session(), alter)).start()


BLOCKERS = [
    row_updated, rollback_by_a_report, row_updated_in_a_savepoint, row_locked, row_shared_by_several, long_update, table_locked,
    ddl_in_waiting, history_locked,
]  # fmt: skip


@contextmanager
def in_the_way(url: str, block: Callable[[Sessions], None]) -> Iterator[dict[str, list[int]]]:
    """Have sessions of other programs, for longer than a second, and end what is left of them."""
    opened: dict[str, list[int]] = {"blocker": [], "reader": []}
    kept = []  # one that nothing refers to is closed
    with ExitStack() as stack:

        def open_session(name: str = "blocker") -> psycopg.Connection:
            session = psycopg.connect(make_conninfo(url, application_name=name))
            opened[name].append(session.info.backend_pid)
            kept.append(session)
            stack.callback(end, url, session.info.backend_pid)
            return session

        block(open_session)
        time.sleep(1)
        yield opened


def end(url: str, pid: int) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(%s, 2000)", (pid,))


def alive(rollout, pids: list[int]) -> set[int]:
    return {pid for (pid,) in rollout.sql("select pid from pg_stat_activity where pid = any (%s)", pids)}


def seconds_of(action: Callable[[], object]) -> float:
    begun = time.monotonic()
    action()
    return time.monotonic() - begun


@pytest.mark.parametrize(
    ("kind", "command"),
    [
        *((kind, "emergency_stop") for kind in ("embedded", "postgres15", "supabase")),
        ("postgres15", "rollback_to_zero"),
    ],
)
@pytest.mark.parametrize("block", BLOCKERS, ids=lambda block: block.__name__)
def test_r18_a_stop_wins_and_says_whom_it_ended(running, block, command):
    answers = []
    with in_the_way(running.url, block) as sessions:
        took = seconds_of(lambda: answers.append(getattr(running.client, command)("smoke")))
        assert took < STOPPED_WITHIN
        assert alive(running, sessions["blocker"]) == set()
        assert len(alive(running, sessions["reader"])) == len(sessions["reader"]), "a reader is in nobody's way"
    answer = answers[0]
    assert answer.status.percentage_in_effect == 0
    ended = {session.pid: session for session in answer.ended_sessions}
    assert set(ended) == set(sessions["blocker"])
    assert {session.application for session in ended.values()} == {"blocker"}
    assert all(session.seconds >= 1 for session in ended.values())
    assert running.client.history(1).entries[0].ended_sessions == answer.ended_sessions
    assert "mine" not in str(answer.to_dict()), "what it did, and with what data, is nobody's business"


@pytest.mark.parametrize("block", [categories_written, table_of_the_application_altered], ids=lambda b: b.__name__)
def test_r18_an_emergency_stop_needs_nothing_of_a_session_that_changes_what_it_does_not_read(running, block):
    with in_the_way(running.url, block) as sessions:
        stopped = []
        assert seconds_of(lambda: stopped.append(running.client.emergency_stop("smoke"))) < STOPPED_WITHIN
        assert stopped[0].ended_sessions == []
        assert alive(running, sessions["blocker"]) == set(sessions["blocker"])
    assert running.client.status().emergency_stop


def test_r18_a_rollback_to_zero_wins_over_a_session_that_changes_categories(running):
    with in_the_way(running.url, categories_written) as sessions:
        answer = running.client.rollback_to_zero("smoke")
    assert [session.pid for session in answer.ended_sessions] == sessions["blocker"]
    assert answer.status.rollout_percentage == 0


@pytest.mark.parametrize("kind", ["embedded"])  # the API keeps its connections
def test_r18_a_stop_that_a_cold_connection_makes_wins_over_a_locked_table(running):
    cold = RolloutClient(PostgresAdapter(running.url), who=OPERATOR)
    with in_the_way(running.url, table_locked):
        assert seconds_of(cold.emergency_stop) < STOPPED_WITHIN
    cold.close()


def test_r18_a_short_transaction_is_waited_for(running):
    waiting = "select count(*) from pg_stat_activity where %s = any (pg_blocking_pids(pid))"
    with psycopg.connect(running.url) as other, ThreadPoolExecutor(1) as beside:
        other.execute(UPDATE)
        stop = beside.submit(running.client.emergency_stop, "smoke")
        wait_until(lambda: running.value(waiting, other.info.backend_pid))
        other.commit()
        assert stop.result().ended_sessions == []
        assert other.execute("select 1").fetchone() == (1,)


def test_r18_who_locks_the_row_of_another_feature_is_left_alone(running):
    running.sql("select rollout_create(feature_name => 'another_feature')")
    other = "select from rollout_configuration where feature_name = 'another_feature' for update"
    with psycopg.connect(running.url) as neighbour, in_the_way(running.url, row_of_ours_updated):
        neighbour.execute(other)
        assert running.client.emergency_stop("smoke").status.emergency_stop
        assert neighbour.execute("select 1").fetchone() == (1,)


@pytest.mark.parametrize("kind", ["embedded"])
def test_r18_a_session_is_ended_from_its_first_second_on(running):
    """One whose savepoint is released is not even known before: nothing but its age tells it from others."""
    running.sql("select rollout_create(feature_name => 'another_feature')")
    with closing(psycopg.connect(running.url)) as with_savepoint, closing(psycopg.connect(running.url)) as other:
        with_savepoint.execute("select txid_current()")
        begun = time.monotonic()
        with_savepoint.execute("savepoint a")
        with_savepoint.execute(f"{UPDATE} where feature_name = 'another_feature'")
        with_savepoint.execute("release savepoint a")
        other.execute(f"{UPDATE} where feature_name <> 'another_feature'")
        known = running.sql("select b.pid from rollout.blockers('another_feature') b")
        ended = running.value("select rollout.end_blockers(%s)", running.client.feature)
        if time.monotonic() < begun + 1:  # else the machine has other things to do
            assert (known, ended) == ([], [])
        time.sleep(1.05)
        known = running.sql("select b.pid from rollout.blockers('another_feature') b")
        ended += running.value("select rollout.end_blockers(%s)", running.client.feature)
        assert known == [(with_savepoint.info.backend_pid,)]
        assert [session["pid"] for session in ended] == [other.info.backend_pid]


def test_r18_a_role_that_may_end_nobody_names_the_session_and_the_statement(own_server_url):
    """Neither the client's nor the functions' owner: on a server of one's own, since `postgres` of a project may."""
    rollout = rollout_on(servers.create_database(own_server_url, "powerless", template="template1"))
    rollout.sql("create role powerless; grant service_role, pg_read_all_stats to powerless")
    rollout.sql(
        "grant create, usage on schema public, rollout to powerless;"
        " grant select, update on rollout_configuration to powerless"
    )
    for function in ("rollout.blockers", "rollout.end_blockers"):
        rollout.sql(f"alter function {function}(text) owner to powerless")
    rollout.sql("grant execute on all functions in schema public, rollout to powerless")
    powerless = RolloutClient(PostgresAdapter(make_conninfo(rollout.url, options="-c role=service_role")), who=OPERATOR)
    with in_the_way(rollout.url, row_updated) as sessions:
        (pid,) = sessions["blocker"]
        with pytest.raises(RolloutError) as failure:
            powerless.emergency_stop("smoke")
        assert alive(rollout, sessions["blocker"]) == {pid}
    assert f"process {pid} (blocker, idle in transaction, for " in str(failure.value)
    assert f"select pg_terminate_backend({pid})" in str(failure.value)
    assert failure.value.by_hand
    powerless.close()


@pytest.mark.parametrize(
    "block",
    [row_updated, table_locked, ddl_in_waiting, history_locked, categories_written, table_of_ours_locked],
    ids=lambda block: block.__name__,
)
def test_r13_another_command_ends_nobody_and_names_who_is_in_its_way(running, block):
    rows = running.history_rows()
    with in_the_way(running.url, block) as sessions:
        (pid,) = sessions["blocker"]
        with pytest.raises(Blocked) as failure:
            running.client.set_rollout(60)
        assert alive(running, sessions["blocker"]) == {pid}
    assert f"process {pid} (blocker, " in str(failure.value)
    assert str(failure.value).endswith(f"select pg_terminate_backend({pid}); then type the command again")
    assert running.history_rows() == rows


@pytest.mark.parametrize("kind", ["embedded"])  # the API keeps its connections
@pytest.mark.parametrize("block", [table_locked, ddl_in_waiting], ids=lambda block: block.__name__)
def test_r13_a_command_on_a_cold_connection_names_who_is_in_its_way(running, block):
    """PostgreSQL waits as it compiles the function, before the function can look who it is."""
    with RolloutClient(PostgresAdapter(running.url), who=OPERATOR) as cold, in_the_way(running.url, block) as sessions:
        (pid,) = sessions["blocker"]
        with pytest.raises(Blocked, match=rf"process {pid} \(blocker, .*then type the command again$"):
            cold.set_rollout(60)


@pytest.mark.asked
def test_r11_the_sessions_of_others_are_shown_to_nobody_else_whatever_the_grants(rollout):
    rollout.sql("grant usage on schema rollout to anon; grant execute on function rollout.blockers(text) to anon")
    with rollout.transaction() as session:
        session.execute("set local role service_role")
        session.execute("select * from rollout.blockers('hybrid_progressive_capture')")
        session.execute("set local role anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="anon may not see the sessions of others"):
            session.execute("select * from rollout.blockers('hybrid_progressive_capture')")
        session.execute("reset role")
