"""Failover: when the API is down, a stop still gets through; where it can't, what to do by hand is shown."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console import migrate
from rollout_console.adapters import open_adapter
from rollout_console.adapters.failover import FailoverAdapter
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.cli.main import main
from rollout_console.client import RolloutClient
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.errors import NOT_STOPPED, NotFound, Refused, RolloutError, Unreachable
from rollout_console.settings import Settings
from tests.support import fault_proxy as faults
from tests.support import servers
from tests.support.rollouts import OPERATOR
from tests.support.terminal import CONSOLE, Terminal, console_environment, run_console

WENT_ROUND = "the API is unreachable: went through PostgreSQL directly"
DOWN = faults.answer(540, "Project paused")


def client_of(faulty, database_url=None) -> RolloutClient:
    """A console's client, with the API behind the proxy and, if given, a database URL."""
    settings = Settings.from_environment(
        {
            "SUPABASE_URL": faulty.proxy.url,
            "SUPABASE_SECRET_KEY": faulty.api.secret_key,
            "ROLLOUT_DATABASE_URL": database_url or "",
            "SUPABASE_DB_URL": "",
        }
    )
    return RolloutClient(open_adapter(settings), who=OPERATOR)


@pytest.fixture
def both(faulty):
    """A client with both ways open, at 50 %."""
    client = client_of(faulty, faulty.url)
    client.set_rollout(50)
    yield client
    client.adapter.close()


@pytest.fixture
def only_api(faulty):
    client = client_of(faulty)
    yield client
    client.adapter.close()


def nowhere() -> str:
    return f"postgresql://postgres@127.0.0.1:{servers.free_port()}/postgres"


def test_with_the_api_up_nothing_goes_round_it(faulty, both):
    both.emergency_stop("errors")
    assert both.adapter.notice is None
    sent = faulty.proxy.requests[-3:]
    assert sent[0] == "/rest/v1/rpc/rollout_emergency_stop"
    assert sent[1].startswith("/rest/v1/rollout_configuration?"), "then it is read back"
    assert sent[2] == "/rest/v1/rpc/rollout_status"


def test_stop_rollback_to_zero_and_status_go_through_postgresql_and_say_so(faulty, both):
    faulty.proxy.always = DOWN
    assert both.status().rollout_percentage == 50
    assert both.adapter.notice == WENT_ROUND
    assert both.rollback_to_zero("api down").changed
    assert both.adapter.notice == WENT_ROUND
    assert both.emergency_stop("api down").changed
    assert both.adapter.notice == WENT_ROUND
    entry = faulty.sql("select reason, metadata ->> 'operator' from rollout_history order by created_at")[-1]
    assert entry == ("api down", "tess")


def test_the_notice_is_of_the_last_call_only(faulty, both):
    faulty.proxy.next(DOWN)
    both.status()
    assert both.adapter.notice == WENT_ROUND
    both.status()
    assert both.adapter.notice is None


@pytest.mark.parametrize(
    "act",
    [
        lambda c: c.set_rollout(60),
        lambda c: c.rollback_to_percentage(10),
        lambda c: c.resume(),
        lambda c: c.add_to_whitelist("acme/repo-1"),
        lambda c: c.stats(),
        lambda c: c.check_health(),
    ],
)
def test_nothing_else_goes_round_the_api(faulty, both, act):
    rows = faulty.history_rows()
    faulty.proxy.always = DOWN
    with pytest.raises(Unreachable, match="is paused"):
        act(both)
    assert both.adapter.notice is None
    assert faulty.history_rows() == rows


REFUSALS = {
    "key": faults.answer(401, "Invalid API key"),
    "role": faults.answer(403, "no"),
    "gateway": faults.answer(404, "no route"),
    "clock": faults.answer(401, "JWT expired", "PGRST303"),
    "schema": faults.answer(406, "Invalid schema", "PGRST106"),
    "rights": faults.answer(403, "permission denied", "42501"),
    "function": faults.answer(404, "no function", "PGRST202"),
    "not ours": faults.page(200),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_r18_whatever_the_api_answers_a_stop_and_a_fall_to_zero_go_round_it(faulty, both, refusal):
    faulty.proxy.always = REFUSALS[refusal]
    assert both.rollback_to_zero("api").changed
    assert both.emergency_stop("api").changed
    assert "went through PostgreSQL directly" in both.adapter.notice
    assert faulty.sql("select emergency_stop, rollout_percentage from rollout_configuration") == [(True, 0)]


def test_r18_without_the_function_the_api_writes_the_row(faulty, only_api):
    faulty.sql("alter function rollout_emergency_stop(text, text, jsonb) rename to gone")
    try:
        assert only_api.emergency_stop("no function").changed
    finally:
        faulty.sql("alter function gone(text, text, jsonb) rename to rollout_emergency_stop")
    assert faulty.value("select emergency_stop from rollout_configuration") is True


def test_r18_a_stop_whose_answer_is_lost_and_that_cant_be_read_back_is_not_called_not_stopped(faulty, only_api):
    faulty.proxy.always = faults.swallow
    with pytest.raises(RolloutError) as caught:
        only_api.emergency_stop("silence")
    assert caught.value.verdict.startswith("SENT, NOT CONFIRMED")
    assert caught.value.by_hand


def test_a_stop_that_the_api_made_before_it_fell_silent_is_not_made_twice(faulty, both):
    rows = faulty.history_rows()
    faulty.proxy.always = faults.swallow
    assert both.emergency_stop("errors").changed
    assert both.adapter.notice == WENT_ROUND
    assert faulty.history_rows() == rows + 1


def test_what_postgresql_refuses_is_an_answer(faulty):
    client = client_of(faulty, faulty.url)
    other = RolloutClient(client.adapter, "other", who=OPERATOR)
    faulty.proxy.always = DOWN
    with pytest.raises(NotFound, match="no active rollout for feature 'other'") as refused:
        other.emergency_stop()
    assert refused.value.by_hand == (), "no statement stops what is not there"
    client.adapter.close()


def test_when_neither_way_is_open_the_stop_is_shown_by_hand(faulty):
    client = client_of(faulty, nowhere())
    faulty.proxy.always = DOWN
    with pytest.raises(Unreachable) as caught:
        client.emergency_stop("it's broken")
    assert "is paused" in str(caught.value)
    assert "PostgreSQL directly: the database can't be reached" in str(caught.value)
    assert str(caught.value).endswith("then type the command again")
    assert "\n" not in str(caught.value)
    assert caught.value.verdict == NOT_STOPPED
    assert caught.value.by_hand[1] == "VITE_HYBRID_EMERGENCY_STOP=true"


def test_without_a_database_url_the_stop_is_shown_by_hand_and_works(faulty, only_api):
    faulty.proxy.always = DOWN
    for act, column, wanted in (
        (only_api.emergency_stop, "emergency_stop", True),
        (only_api.rollback_to_zero, "rollout_percentage", 0),
    ):
        with pytest.raises(Unreachable, match="is paused") as caught:
            act("errors")
        statement, switch = caught.value.by_hand
        assert switch == "VITE_HYBRID_EMERGENCY_STOP=true"
        with psycopg.connect(faulty.url, autocommit=True) as connection:
            connection.execute(statement)
        assert faulty.value(f"select {column} from rollout_configuration") == wanted


def test_by_hand_a_name_is_text_and_nothing_else(faulty):
    name = "it's '; drop table x; --\nsecond\x1b[31m"
    (statement,) = halt_by_hand(name, {"emergency_stop": True}, RolloutError())  # and no switch of another's
    assert statement.isprintable()
    assert faulty.sql(statement) == []


@pytest.mark.parametrize(
    ("more", "is_open", "said"),
    [
        ("", True, "a stop can go round the API, by 127.0.0.1/"),
        (" pgbouncer=true", False, "a stop can't go round the API: the database URL can't be read"),
        (" port=1", False, "a stop can't go round the API: the database can't be reached"),
    ],
)
def test_verify_tries_the_database_url_while_the_api_works(faulty, monkeypatch, capsys, more, is_open, said):
    monkeypatch.setenv("SUPABASE_URL", faulty.proxy.url)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", faulty.api.secret_key)
    monkeypatch.setenv("SUPABASE_DB_URL", faulty.url + more)
    monkeypatch.delenv("ROLLOUT_DATABASE_URL", raising=False)
    migrate.apply(faulty.url)  # the tests' API opens tables, which verify counts too
    assert main(["verify"]) == (0 if is_open else 1)
    assert f" {'✓' if is_open else '✗'} {said}" in capsys.readouterr().out


def test_both_adapters_close(faulty):
    url = servers.with_database(faulty.url, "postgres")
    name = f"closing_{uuid.uuid4().hex[:8]}"
    adapter = FailoverAdapter(faulty.adapter(), PostgresAdapter(servers.create_database(url, name)))
    faulty.proxy.always = DOWN
    with pytest.raises(Refused):
        adapter.call("rollout_status", idempotent=True)
    open_connections = (
        f"select count(*) from pg_stat_activity where datname = '{name}' and backend_type = 'client backend'"
    )
    assert faulty.value(open_connections) == 1
    adapter.close()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f'drop database "{name}"')  # refused while anybody is connected


def test_the_console_prints_the_notice_and_the_way_by_hand(faulty, tmp_path):
    target = {"SUPABASE_URL": faulty.proxy.url, "SUPABASE_SECRET_KEY": faulty.api.secret_key}
    faulty.proxy.always = DOWN
    env = console_environment(tmp_path, **target)
    alone = run_console(env, 'rollout.emergencyStop("errors")')
    assert alone.returncode == 1
    assert "update public.rollout_configuration set emergency_stop = true" in alone.stderr
    assert "VITE_HYBRID_EMERGENCY_STOP=true" in alone.stderr
    assert "Traceback" not in alone.stderr
    both = run_console({**env, "ROLLOUT_DATABASE_URL": faulty.url}, 'rollout.emergencyStop("errors")')
    assert both.returncode == 0, both.stderr
    assert WENT_ROUND in both.stdout
    assert faulty.value("select emergency_stop from rollout_configuration") is True
    for done in (alone, both):
        assert faulty.api.secret_key not in done.stdout + done.stderr


def test_the_dashboards_stop_goes_round_the_api_and_says_so(faulty, tmp_path):
    target = {"SUPABASE_URL": faulty.proxy.url, "SUPABASE_SECRET_KEY": faulty.api.secret_key}
    env = console_environment(tmp_path, **target, ROLLOUT_DATABASE_URL=faulty.url)
    faulty.proxy.always = DOWN
    screen = Terminal(env, f"{CONSOLE} dashboard", width=80, height=24)
    try:
        screen.wait_for("is paused")
        screen.key("e")
        screen.wait_for("EMERGENCY STOP, reason")
        screen.type("smoke")
        screen.wait_for(WENT_ROUND)
    finally:
        screen.close()
    assert faulty.value("select emergency_stop_reason from rollout_configuration") == "smoke"
