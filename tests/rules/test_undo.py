"""R19: any change can be undone while nothing has changed the same fields since."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest

from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, NotFound, Refused
from tests.support.clock import pass_time
from tests.support.rows import one_row
from tests.support.waiting import wait_until

NAME = "acme/repo-1"


def settings_of(rollout):
    """What operators set, and the pins."""
    config = rollout.value("select to_jsonb(c) from rollout_configuration c")
    derived = {"updated_at", "percentage_since", "restarted_at", "narrowed_at", "emergency_stopped_at"}
    pins = rollout.sql("select repository_id, category from repository_categories where pinned_as_test order by 1")
    return {key: value for key, value in config.items() if key not in derived}, pins


@pytest.fixture(autouse=True)
def prepared(running):
    """At 50 %, with an entry on each list and a pin."""
    running.client.add_to_whitelist("acme/repo-10")
    running.client.add_to_whitelist("acme/repo-11", until="2h")
    running.client.add_to_blacklist("acme/repo-12")
    running.client.mark_as_test("acme/repo-13")
    return running


UNDONE_AT_ONCE = {
    "setRollout": lambda c: c.set_rollout(75),
    "disableAutoRollback": lambda c: c.disable_auto_rollback(),
    "configure": lambda c: c.configure(max_error_rate=3, guardrail="rate", minimum_sample=20),
    "strategy": lambda c: c.configure(strategy="percentage"),
    "cost_per_job": lambda c: c.configure(cost_per_job={"inngest": 0.5}),
    "addToWhitelist": lambda c: c.add_to_whitelist([NAME, "acme/repo-2"]),
    "addToWhitelist, for a time": lambda c: c.add_to_whitelist([NAME, "acme/repo-10"], until="2h"),
    "removeFromWhitelist": lambda c: c.remove_from_whitelist("acme/repo-10"),
    "removeFromWhitelist, for a time": lambda c: c.remove_from_whitelist("acme/repo-11"),
    "addToBlacklist": lambda c: c.add_to_blacklist(NAME),
    "removeFromBlacklist": lambda c: c.remove_from_blacklist("acme/repo-12"),
    "markAsTest": lambda c: c.mark_as_test([NAME, "acme/repo-2"]),
    "unmarkAsTest": lambda c: c.unmark_as_test("acme/repo-13"),
}


@pytest.mark.parametrize("what", UNDONE_AT_ONCE)
def test_r19_a_change_is_undone_with_a_row_that_names_it_and_the_undo_is_undone_again(running, what):
    before = settings_of(running)
    made = UNDONE_AT_ONCE[what](running.client)
    after = settings_of(running)
    assert after != before
    rows = running.history_rows()
    undone = running.client.undo(reason="a slip")
    assert settings_of(running) == before
    assert (undone.changed, undone.command, undone.undone.id) == (True, "undo", made.change.id)
    assert (undone.change.undoes, undone.change.reason) == (made.change.id, "a slip")
    assert running.client.history(1).entries[0] == undone.change
    again = running.client.undo(undone.change.short_id, confirm=True)
    assert settings_of(running) == after
    assert (again.undone.id, running.history_rows()) == (undone.change.id, rows + 2)


RAISING = {
    "emergencyStop": (lambda c: c.emergency_stop("errors"), 50),
    "rollbackToPercentage": (lambda c: c.rollback_to_percentage(5), 50),
    "rollbackToZero": (lambda c: c.rollback_to_zero(), 50),
    "setRollout": (lambda c: c.set_rollout(20), 50),
}


@pytest.mark.parametrize("what", RAISING)
def test_r19_what_raises_traffic_says_so_and_wants_a_confirmation(running, what):
    act, set_before = RAISING[what]
    before = settings_of(running)
    change = act(running.client).change
    after, rows = settings_of(running), running.history_rows()
    for identity in (None, change.short_id):
        with pytest.raises(Refused) as refused:
            running.client.undo(identity)
        assert f"undoing {what} raises traffic from" in str(refused.value)
        assert f'to {set_before} %; to do it, type rollout.undo("{change.short_id}", confirm=True)' in str(
            refused.value
        )
    assert (settings_of(running), running.history_rows()) == (after, rows)
    running.client.undo(change.short_id, confirm=True)
    assert settings_of(running) == before


def test_r19_undoing_a_resume_stops_again_and_needs_no_confirmation(running):
    running.client.emergency_stop("errors")
    stopped = settings_of(running)
    running.client.resume(5)
    undone = running.client.undo()
    assert settings_of(running) == stopped
    assert undone.change.action == "emergency_stop"
    assert undone.status.emergency_stopped_at is not None


def test_r7_a_restart_by_an_undo_forgets_the_errors_before_it(running):
    running.client.disable_auto_rollback()
    running.report(bad=12)
    running.client.emergency_stop("errors")
    status = running.client.undo(confirm=True).status
    assert status.health.jobs == 0
    assert status.restarted_at > status.created_at


def test_r8_a_rollback_of_the_breaker_is_nobodys_last_change_and_can_be_undone_by_its_id(running):
    running.report(bad=12)
    entry = running.client.history(1).entries[0]
    assert (entry.triggered_by, running.client.status().rollout_percentage) == ("auto_rollback", 0)
    running.client.disable_auto_rollback()
    assert running.client.undo().undone.command == "disableAutoRollback"
    with pytest.raises(Refused, match="undoing the automatic rollback raises traffic from 0 % to 50 %"):
        running.client.undo(entry.short_id)
    assert running.client.undo(entry.id, confirm=True).status.rollout_percentage == 50


@pytest.mark.parametrize(
    ("act", "then", "words"),
    [
        (
            lambda c: c.set_rollout(75),
            lambda c: c.set_rollout(60),
            "rollout percentage changed since, last by setRollout",
        ),
        (
            lambda c: c.add_to_whitelist(NAME),
            lambda c: c.add_to_whitelist("acme/repo-2"),
            "target repositories changed",
        ),
        (
            lambda c: c.configure(max_error_rate=4, minimum_sample=30),
            lambda c: c.configure(max_error_rate=3),
            "max error rate changed since, last by configure",
        ),
        (lambda c: c.mark_as_test([NAME, "acme/repo-2"]), lambda c: c.unmark_as_test(NAME), f"{NAME} changed since"),
    ],
)
def test_r19_a_change_whose_fields_have_changed_since_is_refused_with_what_changed(running, act, then, words):
    change, later = act(running.client).change, then(running.client).change
    after, rows = settings_of(running), running.history_rows()
    with pytest.raises(Refused) as refused:
        running.client.undo(change.short_id, confirm=True)
    assert words in str(refused.value)
    assert later.short_id in str(refused.value)
    assert "\n" not in str(refused.value)
    assert (settings_of(running), running.history_rows()) == (after, rows)


@pytest.mark.parametrize(
    "made", ["select rollout_hold('look', '2h')", "select rollout_set_auto_rollback(false, '2h', reason => 'work')"]
)
def test_r19_an_end_is_the_same_in_whatever_time_zone_it_was_set(running, made):
    before = settings_of(running)
    with running.transaction() as session:
        session.execute("set local timezone = 'Asia/Kathmandu'")
        session.execute(made)
    assert settings_of(running) != before
    running.client.undo(running.client.history(1).entries[0].short_id)
    assert settings_of(running) == before


def test_r19_of_what_changed_without_a_row_nobody_is_named(running):
    running.client.set_rollout(75)
    with running.transaction() as session:
        session.execute("set local session_replication_role = replica")
        session.execute("update rollout_configuration set rollout_percentage = 60")
    with pytest.raises(Refused, match="rollout percentage changed since, now 60; to see"):
        running.client.undo()


def test_r19_other_fields_may_have_changed_since(running):
    change = running.client.configure(max_error_rate=3).change
    running.client.set_rollout(60)
    running.client.mark_as_test(NAME)
    assert running.client.undo(change.short_id).status.max_error_rate == 5
    assert running.client.status().rollout_percentage == 60


def test_r19_fields_that_were_changed_back_are_as_they_were(running):
    change = running.client.set_rollout(75).change
    running.client.set_rollout(60)
    running.client.set_rollout(75)
    assert running.client.undo(change.short_id).status.rollout_percentage == 50


def test_r19_without_an_id_it_is_the_last_change_of_this_operator(running):
    other = RolloutClient(running.client.adapter, who={"operator": "uma", "host": "h"})
    with pytest.raises(NotFound, match="no change of uma to undo among the last 1,000"):
        other.undo()
    running.client.configure(max_error_rate=3)
    other.configure(minimum_sample=30)
    running.client.note("all quiet")  # changes nothing, so there is nothing to take back
    status = running.client.undo().status
    assert (status.max_error_rate, status.minimum_sample) == (5, 30)
    assert other.undo().status.minimum_sample == 10


def test_r19_an_undo_is_a_change_of_its_operator_so_undo_twice_changes_nothing(running):
    running.client.set_rollout(75)
    running.client.undo()
    assert running.client.undo(confirm=True).status.rollout_percentage == 75


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda r: r.client.note("all quiet"), "note .* can't be undone: a note changes nothing"),
        (
            lambda r: (r.add_repositories(1, prefix="acme/new"), r.client.categorize_all()),
            "categorizeAll .* can't be undone: categories follow from the repositories",
        ),
        (
            lambda r: r.sql("insert into rollout_history (rollout_config_id, action) select id, 'updated'"
                            " from rollout_configuration"),
            "updated .* can't be undone: the row does not say what was before",
        ),
        (
            lambda r: r.sql("update rollout_configuration set created_at = now() - interval '1 day'"),
            "updated .* can't be undone: it changed created_at, which no command sets",
        ),
    ],
)  # fmt: skip
def test_r19_what_cannot_be_undone_says_why(running, act, words):
    act(running)
    entry, rows = running.client.history(1).entries[0], running.history_rows()
    with pytest.raises(Refused, match=words):
        running.client.undo(entry.short_id, confirm=True)
    assert running.history_rows() == rows


def test_r19_creating_the_rollout_cannot_be_undone(running):
    created = running.client.history(1000).entries[-1]
    with pytest.raises(Refused, match=r"it created the rollout; to halt it, type rollout\.emergencyStop\(\)"):
        running.client.undo(created.short_id)


def test_r19_changes_past_our_functions_are_undone_by_their_id(running):
    running.sql("update rollout_configuration set rollout_percentage = 60, max_error_rate = 7")
    entry = running.client.history(1).entries[0]
    status = running.client.undo(entry.short_id).status
    assert (status.rollout_percentage, status.max_error_rate) == (50, 5)
    before = settings_of(running)
    running.sql("update repository_categories set is_test_repository = true where repository_id = %s",
                running.repository_id(NAME))  # fmt: skip
    entry = running.client.history(1).entries[0]
    assert settings_of(running) != before
    running.client.undo(entry.short_id)
    assert settings_of(running) == before


def test_r19_an_undo_of_pins_reads_the_repositories_that_it_names(running):
    running.add_repositories(2000, prefix="acme/other")
    running.client.mark_as_test([NAME, "acme/repo-2"])
    reads = (
        "select pg_stat_get_xact_tuples_returned(h) + pg_stat_get_xact_tuples_fetched(h)"
        " from (select 'repositories'::regclass::oid as h) t"
    )
    with psycopg.connect(running.url) as session:
        session.execute("analyze repositories")
        (before,) = one_row(session.execute(reads))
        session.execute("select rollout_undo(context => %s)", [json.dumps(running.client.who)])
        (after,) = one_row(session.execute(reads))
    assert after - before < 100


def test_r10_an_undo_of_pins_that_waits_for_an_update_records_what_that_has_left(running):
    change = running.client.mark_as_test(NAME).change
    with psycopg.connect(running.url) as application, ThreadPoolExecutor(1) as console:
        application.execute(
            "update repository_categories set category = 'large' where repository_id = %s",
            [running.repository_id(NAME)],
        )
        undone = console.submit(running.client.undo, change.short_id)
        wait_until(lambda: running.sql("select 1 from pg_stat_activity where wait_event_type = 'Lock'") != [])
        application.commit()
        assert undone.result().change.before[NAME]["category"] == "large"


def test_r19_pins_of_a_repository_that_is_gone_are_refused(running):
    change = running.client.mark_as_test([NAME, "acme/repo-2"]).change
    running.sql("delete from repositories where full_name = %s", NAME)
    with pytest.raises(Refused, match=f"{NAME} changed since.*now gone"):
        running.client.undo(change.short_id)


def test_r19_an_id_that_is_unknown_or_begins_several_is_refused_in_one_line(running):
    for unknown in ("ffffffff-ffff-0", "", "x' or true --", "%"):
        with pytest.raises(NotFound, match=r"no change .* among the last 1,000; .*rollout\.history\(\)"):
            running.client.undo(unknown)
    config = running.value("select id from rollout_configuration")
    for last in "12":
        running.sql("insert into rollout_history (id, rollout_config_id, action)"
                    " values (%s, %s, 'updated')", f"12345678-0000-4000-8000-00000000000{last}", config)  # fmt: skip
    with pytest.raises(NotFound, match="2 changes begin with 12345678; type more of one: 12345678-0000-4000-8000-0000"):
        running.client.undo("12345678")


@pytest.mark.parametrize("arguments", [{"change": 5}, {"change": ["1a2b3c4d"]}, {"confirm": "yes"}, {"confirm": 1}])
def test_r19_what_is_no_id_and_no_yes_is_refused(running, arguments):
    with pytest.raises(BadArgument, match=r'type rollout\.undo\("1a2b3c4d"\)'):
        running.client.undo(**arguments)


def test_r19_a_repository_whose_category_is_gone_is_not_pinned(running):
    def lose_category(name):
        running.sql("delete from repository_categories where repository_id = %s", running.repository_id(name))

    marked = running.client.mark_as_test(NAME).change
    lose_category(NAME)
    with pytest.raises(Refused, match=f"{NAME} changed since.*not pinned"):
        running.client.undo(marked.short_id)
    unmarked = running.client.unmark_as_test("acme/repo-13").change
    lose_category("acme/repo-13")
    running.client.undo(unmarked.short_id)
    assert running.value("select pinned_as_test from repository_categories where repository_id = %s",
                         running.repository_id("acme/repo-13"))  # fmt: skip


@pytest.mark.commits
@pytest.mark.parametrize("begin", ["hold", "disable_auto_rollback"])
def test_r19_what_has_ended_by_itself_is_not_brought_back_and_is_said_to_have_ended(running, begin):
    client = running.client
    ended, end = {
        "hold": (client.release, "held_until"),
        "disable_auto_rollback": (client.enable_auto_rollback, "breaker_off_until"),
    }[begin]
    getattr(running.client, begin)("maintenance", until="1h")
    made = ended().change
    with running.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute("update rollout_history set metadata = jsonb_set(metadata, %s, to_jsonb(now()))"
                           " where id = %s", [["before", end], made.id])  # fmt: skip
    rows = running.history_rows()
    with pytest.raises(Refused, match="what it ended would be over by now"):
        running.client.undo(made.short_id)
    getattr(running.client, begin)("maintenance", until="1h")
    pass_time(running, timedelta(hours=2))
    with pytest.raises(Refused, match="changed since, by its end, now"):
        running.client.undo()
    assert running.history_rows() == rows + 1
