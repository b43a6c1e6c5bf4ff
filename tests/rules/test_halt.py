"""R5, R10, R18: what a stop and a fall to 0 % change, answer and record, by their functions."""

from __future__ import annotations

import uuid
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from tests.support.rollouts import RolloutUnderTest
from tests.support.rows import one_row

pytestmark = pytest.mark.asked

HALTS = {
    "stop": "select rollout_emergency_stop(null, %(feature)s, %(context)s)",
    "fall": "select rollout_rollback(0, %(feature)s, null, %(context)s)",
}
KEPT = """
    create function as_it_was() returns trigger language plpgsql as $$ begin return old; end $$;
    create trigger zz_as_it_was before update on rollout_configuration for each row execute function as_it_was()
"""
OTHERS = (
    "select to_jsonb(c) from rollout_configuration c where (feature_name = %s and is_active) is not true order by id"
)
DATED = "select unrecorded_halt_at >= now() from rollout_configuration where feature_name = %s and is_active"


def halt(rollout: RolloutUnderTest, name: str, feature: str | None = None, **context: str) -> dict[str, Any]:
    values = {"feature": feature or rollout.client.feature, "context": Jsonb(context)}
    answer: dict[str, Any] = one_row(rollout.session().execute(HALTS[name], values))[0]
    return answer


@pytest.fixture
def features(rollout):
    """Ours at 50 %, and another at 30 %, beside one of its name that is not active."""
    rollout.client.set_rollout(50)
    rollout.sql(
        "insert into rollout_configuration (feature_name, is_active, rollout_percentage)"
        " values ('another_feature', false, 70)"
    )
    rollout.sql("select rollout_create(30, 'another_feature')")
    return rollout


@pytest.mark.parametrize("name", HALTS)
def test_r18_a_halt_changes_its_feature_alone_and_says_what_it_found(features, name):
    before = features.sql(OTHERS, "another_feature")
    rows = features.history_rows()
    answer = halt(features, name, "another_feature")
    assert (answer["feature_name"], answer["previous_percentage"]) == ("another_feature", 30)
    assert (answer["changed"], answer["repeated"], answer["recorded"]) == (True, False, True)
    assert (answer["emergency_stop"], answer["rollout_percentage"]) == ((True, 30) if name == "stop" else (False, 0))
    assert features.sql(OTHERS, "another_feature") == before
    assert features.history_rows() == rows + 1


@pytest.mark.parametrize("name", HALTS)
def test_r20_a_halt_that_changes_nothing_is_dated_alone_and_leaves_no_row(features, name):
    halt(features, name)
    with features.transaction() as session:
        session.execute("set session_replication_role = replica")
        session.execute("update rollout_configuration set unrecorded_halt_at = now() - interval '1 hour'")
    before, rows = features.sql(OTHERS, features.client.feature), features.history_rows()
    answer = halt(features, name)
    assert (answer["changed"], answer["repeated"], answer["recorded"]) == (False, False, True)
    assert features.value(DATED, features.client.feature)
    assert features.sql(OTHERS, features.client.feature) == before
    assert features.history_rows() == rows


@pytest.mark.parametrize(
    ("name", "percentage", "stopped"),
    [("stop", 50, False), ("stop", 0, False), ("fall", 50, False), ("fall", 50, True)],
)
def test_r18_a_halt_that_a_trigger_keeps_from_the_row_is_refused(features, name, percentage, stopped):
    features.sql(
        "update rollout_configuration set rollout_percentage = %s, emergency_stop = %s where feature_name = %s",
        percentage, stopped, features.client.feature,
    )  # fmt: skip
    rows = features.history_rows()
    features.sql(KEPT)
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="a policy or a trigger keeps it as it is"):
        halt(features, name)
    assert features.history_rows() == rows


@pytest.mark.parametrize(("name", "back"), [("stop", "rollout_resume()"), ("fall", "rollout_set_percentage(50)")])
def test_r10_a_halt_that_is_sent_again_later_stays_undone(features, name, back):
    operation = str(uuid.uuid4())
    answer = halt(features, name, operation_id=operation, reads_status="yes")
    assert (answer["changed"], answer["repeated"]) == (True, False)
    features.sql(f"select {back}")
    rows = features.history_rows()
    answer = halt(features, name, operation_id=operation, reads_status="yes")
    assert (answer["changed"], answer["repeated"], answer["recorded"]) == (True, True, True)
    assert (answer["emergency_stop"], answer["rollout_percentage"]) == (False, 50)
    assert features.history_rows() == rows


@pytest.mark.parametrize("name", HALTS)
def test_r18_a_halt_is_recorded_without_our_trigger_and_made_without_a_history(features, name):
    rows = features.history_rows()
    features.sql("alter table rollout_configuration disable trigger rollout_configuration_changed")
    answer = halt(features, name)
    assert (answer["changed"], answer["recorded"], features.history_rows()) == (True, True, rows + 1)
    assert features.value(DATED, features.client.feature) is None, "its row is enough"
    (entry,) = features.client.history(1).entries
    assert (str(entry.id), entry.previous_percentage) == (answer["operation_id"], 50)
    assert (entry.before, entry.after) == (
        ({"emergency_stop": False}, {"emergency_stop": True})
        if name == "stop"
        else ({"rollout_percentage": 50}, {"rollout_percentage": 0})
    )
    features.sql("alter table rollout_history rename to gone")
    answer = halt(features, name, "another_feature")
    assert (answer["changed"], answer["recorded"]) == (True, False)
    assert (answer["emergency_stop"], answer["rollout_percentage"]) == ((True, 30) if name == "stop" else (False, 0))
    assert features.value(DATED, "another_feature")


@pytest.mark.parametrize("visible", [True, False])
def test_r18_and_r11_a_role_from_which_the_row_is_hidden_is_told_so(features, visible):
    with features.transaction() as session:
        session.execute(
            "grant usage on schema rollout to authenticated;"
            " grant execute on all functions in schema public, rollout to authenticated;"
            " grant all on all tables in schema public, rollout to authenticated"
        )
        if not visible:
            session.execute("drop policy rollout_public_read on rollout_configuration")
        session.execute("set local role authenticated")
        for name in HALTS:
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security hides it"):
                halt(features, name)
        said = "^no active rollout for feature" if visible else "may not read the rollout's tables, or there is no"
        with pytest.raises(psycopg.Error, match=said):
            session.execute("select rollout_status('nowhere')")
        session.execute("reset role")


@pytest.mark.commits
def test_r10_nothing_of_a_change_is_left_in_its_session(running):
    left = "select current_setting('lock_timeout'), coalesce(current_setting('rollout.change', true), '')"
    with psycopg.connect(running.url, autocommit=True) as session:
        before = one_row(session.execute(left))
        for change in ("rollout_set_percentage(60)", "rollout_emergency_stop('smoke')", "rollout_rollback(0)"):
            session.execute(f"select {change}")
            assert one_row(session.execute(left)) == before, change


@pytest.mark.commits
@pytest.mark.parametrize("kind", ["embedded"])
def test_r18_a_halt_is_made_without_its_row_while_a_session_that_nobody_may_end_has_locked_the_history(running):
    (own,) = running.sql("select pg_get_functiondef('rollout.end_blockers(text)'::regprocedure)")[0]
    running.sql(
        "create or replace function rollout.end_blockers(feature text) returns jsonb as $$ select '[]'::jsonb $$ language sql"
    )
    try:
        with psycopg.connect(running.url) as session:
            session.execute("lock table rollout_history in share mode")
            answer = halt(running, "stop")
            assert (answer["emergency_stop"], answer["changed"], answer["recorded"]) == (True, True, False)
    finally:
        running.sql(own)
