"""R20: nothing given up comes back: what raises or unprotects takes effect in time and in sight, or not at all."""

from __future__ import annotations

import uuid
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rollout_console.client import RolloutClient
from rollout_console.client.seen import Seen
from rollout_console.errors import Blocked, Refused, TimedOut
from rollout_console.results import Change
from tests.support import fault_proxy as faults
from tests.support.changes import REPOSITORY

LOOK = r"rollout\.status\(\), then type the command again$"

# What raises or unprotects, each from a state in which it does.
RAISING = {
    "setRollout": (lambda c: c.set_rollout(10), lambda c: c.set_rollout(60)),
    "resume": (lambda c: c.emergency_stop("errors"), lambda c: c.resume()),
    "advance": (lambda c: c.set_rollout(10), lambda c: c.advance("looked", force=True)),
    "release": (lambda c: c.hold("looking"), lambda c: c.release()),
    "undo": (lambda c: c.rollback_to_percentage(5), lambda c: c.undo(confirm=True)),
    "disableAutoRollback": (lambda c: c.enable_auto_rollback(), lambda c: c.disable_auto_rollback()),
    "addToWhitelist": (lambda c: None, lambda c: c.add_to_whitelist(REPOSITORY)),
    "removeFromBlacklist": (lambda c: c.add_to_blacklist(REPOSITORY), lambda c: c.remove_from_blacklist(REPOSITORY)),
    "configure": (lambda c: c.configure(max_error_rate=5), lambda c: c.configure(max_error_rate=50)),
    "plan": (lambda c: None, lambda c: c.set_plan([20, 100], hours=1)),
}
LOWERING = {
    "set lower": lambda c: c.set_rollout(7),
    "hold": lambda c: c.hold("looking"),
    "note": lambda c: c.note("seen"),
    "removeFromWhitelist": lambda c: c.remove_from_whitelist(REPOSITORY),
    "addToBlacklist": lambda c: c.add_to_blacklist(REPOSITORY),
    "enableAutoRollback": lambda c: c.enable_auto_rollback(),
    "rollbackToPercentage": lambda c: c.rollback_to_percentage(5),
    "rollbackToZero": lambda c: c.rollback_to_zero(),
    "emergencyStop": lambda c: c.emergency_stop("errors"),
}


@pytest.fixture
def running(running):
    """The rollout, with a client that says what it has seen."""
    running.client = RolloutClient(running.client.adapter, who=running.client.who)
    running.client.status()
    return running


def test_r20_what_keeps_a_prompt_fresh_is_not_seen_by_its_operator(running):
    toolbar = running.client.watching()
    another(running.client).rollback_to_zero("data loss")
    assert toolbar.status().rollout_percentage == 0
    with pytest.raises(Refused, match=rf"not seen rollbackToZero of .*Z, by ann: data loss; look: {LOOK}"):
        running.client.set_rollout(25)
    running.client.see(toolbar)
    assert running.client.set_rollout(25).changed


def another(client: RolloutClient) -> RolloutClient:
    """Return another operator's console."""
    return RolloutClient(client.adapter, client.feature, who={"operator": "ann", "host": "elsewhere"})


def queued(client: RolloutClient, function: str, **parameters: object):
    """Return a request that the API still holds, as it was sent; called, it arrives."""
    context = client._context() | client._sent()
    return lambda: client._call(
        function, Change, changes=True, idempotent=True, reason=None, context=context, **parameters
    )


def test_r20_a_late_resume_does_not_lift_a_stop(running):
    running.client.emergency_stop("errors")
    late = queued(running.client, "rollout_resume", percentage=None)
    rows = running.history_rows()
    running.client.emergency_stop("errors")  # "stopped already"
    with pytest.raises(Refused, match=rf"stopped or lowered once more at .*Z, which you had not seen; look: {LOOK}"):
        late()
    assert running.client.status().emergency_stop
    assert running.history_rows() == rows


@pytest.mark.parametrize(
    ("halt", "statement", "late"),
    [
        (lambda c: c.emergency_stop("errors"), "rollout_emergency_stop()", lambda c: c.resume()),
        (lambda c: c.rollback_to_percentage(5), "rollout_rollback(5)", lambda c: c.set_rollout(60)),
        (lambda c: c.rollback_to_zero(), "rollout_rollback(0)", lambda c: c.set_rollout(60)),
    ],
)
def test_r20_a_halt_that_found_it_so_counts_from_when_it_was_made_and_whatever_came_after(
    running, halt, statement, late
):
    """It may have waited for the row for seconds, and somebody may have looked meanwhile."""
    halt(running.client)
    with running.transaction() as session:
        session.execute("select now()")
        running.client.status()
        session.execute(f"select {statement}")
    ann = another(running.client)
    ann.configure(keep_days=30)
    ann.note("once more")
    with pytest.raises(Refused, match="stopped or lowered once more at"):
        late(running.client)
    running.client.status()
    assert late(running.client).changed


def test_r20_a_row_that_others_touched_was_neither_stopped_nor_lowered(running):
    seen = running.client.seen
    running.sql("update rollout_configuration set updated_at = now() + interval '1 hour'")
    running.client.seen = seen
    assert running.client.set_rollout(60).changed


def test_r20_a_late_raise_does_not_undo_a_rollback(running):
    late = queued(running.client, "rollout_set_percentage", percentage=60)
    running.client.rollback_to_zero()
    with pytest.raises(Refused, match=rf"not seen rollbackToZero of .*Z, by tess; look: {LOOK}"):
        late()
    again = queued(running.client, "rollout_set_percentage", percentage=60)
    running.client.rollback_to_zero()  # at 0 % already
    with pytest.raises(Refused, match="lowered once more at"):
        again()
    assert running.client.status().rollout_percentage == 0


def test_r20_what_arrives_after_its_time_is_refused(running):
    for name, (prepare, act) in RAISING.items():
        prepare(running.client)
        rows = running.history_rows()
        running.client.seen = running.client.seen._replace(server_time=datetime.now(UTC) - timedelta(hours=1))
        with pytest.raises(Refused, match=rf"not done, since it arrived after .*Z, .*; look: {LOOK}"):
            act(running.client)
        assert running.history_rows() == rows, name
        running.client.status()
        assert act(running.client).changed, name


def test_r20_a_stale_screen_does_not_raise_past_what_another_operator_did(running):
    for name, (prepare, act) in RAISING.items():
        prepare(running.client)
        stale, other = running.client, another(running.client)
        other.emergency_stop("errors")
        said = "which you had not seen" if name == "resume" else "not seen emergencyStop of .*Z, by ann: errors"
        with pytest.raises(Refused, match=said):
            act(stale)
        stale.status()
        assert act(stale).changed, name
        stale.resume(50) if stale.status().emergency_stop else stale.set_rollout(50)


def test_r20_lowering_and_stopping_are_not_held_up(running):
    running.client.add_to_whitelist(REPOSITORY)
    running.client.disable_auto_rollback()
    seen = running.client.seen._replace(server_time=datetime.now(UTC) - timedelta(hours=1))
    another(running.client).rollback_to_percentage(40)
    for name, act in LOWERING.items():
        running.client.seen = seen
        assert act(running.client).changed, name


def test_r20_a_repeat_is_answered(running):
    late = queued(running.client, "rollout_set_percentage", percentage=60)
    first = late()
    running.client.rollback_to_zero()
    again = late()
    assert again.change.id == first.change.id
    assert again.status.rollout_percentage == 0


def test_r20_a_breakers_fall_and_a_stop_in_the_table_count(running):
    for statement in (
        "update rollout_configuration set rollout_percentage = rollout_percentage - 1",
        "update rollout_configuration set emergency_stop = true",
        "update rollout_configuration set held_reason = 'looking', held_by = 'ann'",
    ):
        running.client.status()
        seen = running.client.seen
        running.sql(statement)
        running.client.seen = seen
        with pytest.raises(Refused, match=r"not seen (updated|emergency_stop) of"):
            running.client.add_to_whitelist(REPOSITORY)


def test_r20_what_does_not_fit_says_nothing(running):
    running.client.emergency_stop("errors")
    for seen, until in (("x", "y"), (str(uuid.uuid4()), 7), (None, None), ({}, "2026-13-99T00:00:00Z"), ([], True)):
        context = running.client._context() | {"seen": seen, "valid_until": until}
        percentage = running.client.status().rollout_percentage + 1
        running.client._call("rollout_set_percentage", Change, percentage=percentage, context=context)


def test_r20_a_fresh_process_asks_first_and_a_reader_does_not(running):
    fresh = another(running.client)
    assert fresh.emergency_stop("errors").changed
    running.client.note("looking")
    fresh.seen = None
    late = queued(fresh, "rollout_resume", percentage=None)
    asked = fresh.seen
    assert isinstance(asked, Seen)
    assert asked.change == next(e.id for e in running.client.history().entries if e.command != "note")
    running.client.rollback_to_percentage(20)
    with pytest.raises(Refused):
        late()


def test_r20_a_fall_that_commits_after_a_younger_row_of_others_is_none_that_was_seen(running):
    with psycopg.connect(running.url) as falling, psycopg.connect(running.url, autocommit=True) as application:
        falling.execute("select rollout_rollback(5)")
        application.execute("insert into rollout_history (rollout_config_id, action)"
                            " select id, 'updated' from rollout_configuration")  # fmt: skip
        late = queued(another(running.client), "rollout_set_percentage", percentage=60)
        falling.commit()
    with pytest.raises(Refused, match="not seen rollbackToPercentage"):
        late()


def first_question(fault: faults.Fault) -> faults.Fault:
    """What a fresh process asks comes back so; all other requests are forwarded."""
    return lambda handler: (fault if handler.path.endswith("/rollout_newest_in_order") else faults.forward)(handler)


def test_r20_a_fresh_process_that_gets_no_answer_sends_no_raise(faulty):
    fresh = RolloutClient(faulty.adapter(patience=0.5), who=faulty.client.who)
    faulty.proxy.always = first_question(faults.hold)
    with pytest.raises(TimedOut, match=r"^no answer .*; nothing was changed: type the command again$"):
        fresh.set_rollout(50)
    assert [path for path in faulty.proxy.requests if path.endswith("/rollout_set_percentage")] == []


def test_r20_a_fresh_process_names_who_keeps_its_answer_away(running):
    with psycopg.connect(running.url) as other:
        other.execute("lock table rollout_configuration")
        with pytest.raises(Blocked, match=f"process {other.info.backend_pid} "):
            another(running.client).set_rollout(60)


STOPPED, HELD, OFF = {"emergency_stop": True}, {"held_reason": "look"}, {"breaker_enabled": False}
NOON, LATER = "2030-01-01T12:00Z", "2030-01-01T12:00:00.000001Z"
HELD_TO_NOON, HELD_LATER = HELD | {"held_until": NOON}, HELD | {"held_until": LATER}
OFF_TO_NOON, OFF_LATER = OFF | {"breaker_off_until": NOON}, OFF | {"breaker_off_until": LATER}
LISTS = ({"target_repositories": ["a"]}, {"excluded_repositories": ["a"]}, {"whitelist_until": {"a": NOON}})
BY_WHAT_IT_GOES: tuple[dict[str, Any], ...] = (
    {"guardrail": "rate"}, {"max_error_rate": 6}, {"minimum_sample": 11}, {"monitoring_window_hours": 25},
    {"judged_reports": "outcomes"}, {"application_check": False}, {"act_on_warnings": True}, {"on_breach": "hold"},
    {"rollout_strategy": "percentage"}, {"plan": {"change_window": "Mon 09:00-10:00 UTC"}}, {"auto_advance": True},
    {"minimum_repositories": 2}, {"ignored_errors": ["boom"]}, {"ignored_job_types": []}, {"most_jobs_of_a_row": 1},
    {"stuck_after_minutes": 61}, {"follow_jobs": True}, {"metadata": {"criteria": {"success_rate": 1}}},
)  # fmt: skip


@pytest.mark.asked
def test_r20_what_raises_or_unprotects(rollout):
    cases = [
        ({}, {}, None, False),
        ({}, {"keep_days": 1}, "configure", False),
        ({}, {"metadata": {"cost_per_job": {"inngest": 1}, "cost_per_minute": {"inngest": 1}}}, "configure", False),
        ({"rollout_percentage": 50}, {"rollout_percentage": 51}, None, True),
        ({"rollout_percentage": 50}, {"rollout_percentage": 50}, None, False),
        ({"rollout_percentage": 50}, {"rollout_percentage": 49}, None, False),
        (STOPPED, {}, None, True), (STOPPED, STOPPED, None, False), ({}, STOPPED, None, False),
        (HELD, {}, None, True), (HELD, HELD, None, False), ({}, HELD, None, False), ({}, HELD_TO_NOON, None, False),
        (HELD_TO_NOON, HELD_TO_NOON, None, False), (HELD_LATER, HELD_TO_NOON, None, True),
        (HELD_TO_NOON, HELD_LATER, None, False), (HELD, HELD_TO_NOON, None, True), (HELD_TO_NOON, HELD, None, False),
        ({}, OFF, None, True), (OFF, OFF, None, False), (OFF, {}, None, False), ({}, OFF_TO_NOON, None, True),
        (OFF_TO_NOON, OFF_TO_NOON, None, False), (OFF_TO_NOON, OFF_LATER, None, True),
        (OFF_LATER, OFF_TO_NOON, None, False), (OFF_TO_NOON, OFF, None, True), (OFF, OFF_TO_NOON, None, False),
        *(({}, became, command, raises) for became in LISTS for command, raises in (
            (None, True), ("addToWhitelist", True), ("addToBlacklist", False), ("removeFromWhitelist", False))),
        *(({}, became, "configure", True) for became in BY_WHAT_IT_GOES),
    ]  # fmt: skip
    for was, became, command, raises in cases:
        assert rollout.value(
            "select rollout.raises_or_unprotects(jsonb_populate_record(c, %s), jsonb_populate_record(c, %s), %s)"
            " from rollout_configuration c",
            Jsonb(was), Jsonb(became), command,
        ) == raises, (was, became, command)  # fmt: skip


@pytest.mark.asked
def test_r20_what_lowers_or_protects(rollout):
    cases = [
        (50, 49, {}, True), (50, 50, {}, False), (50, 51, {}, False), (None, 50, {}, False),
        (50, 50, STOPPED, True), (50, 50, {"emergency_stop": False, "emergency_stop_reason": None}, False),
        (50, 50, {"emergency_stop_reason": "worse"}, True),
        (50, 50, {"breaker_enabled": True}, True), (50, 50, OFF, False), (50, 50, OFF_TO_NOON, False),
        (50, 50, HELD, True), (50, 50, HELD_TO_NOON, True), (50, 50, {"held_reason": None, "held_until": None}, False),
        (50, 50, {"held_until": NOON}, True), (50, 50, {"breaker_off_until": NOON}, True),
        (50, 50, {"max_error_rate": 50}, False),
    ]  # fmt: skip
    before: dict[str, Any]
    for previous, new, after, lowers in cases:
        for triggered_by, before, expected in (
            ("manual", {"before": {}}, lowers), ("auto_end", {"before": {}}, False), ("manual", {}, False),
        ):  # fmt: skip
            assert rollout.value(
                "select rollout.lowers_or_protects(jsonb_populate_record(null::rollout_history, %s))",
                Jsonb({
                    "previous_percentage": previous, "new_percentage": new, "triggered_by": triggered_by,
                    "metadata": {"after": after, **before},
                }),
            ) is expected, (previous, new, after, triggered_by, before)  # fmt: skip


@pytest.mark.asked
@pytest.mark.parametrize(("dated", "looked", "refused"), [(1, 0, True), (1, 1, False), (1, 2, False)])
def test_r20_a_halt_that_left_no_row_is_newer_than_what_was_seen_before(rollout, dated, looked, refused):
    """In microseconds after a moment."""
    moment = rollout.value("select max(created_at) from rollout_history")
    rollout.sql("update rollout_configuration set unrecorded_halt_at = %s", moment + timedelta(microseconds=dated))
    seen_at = moment + timedelta(microseconds=looked)
    context = rollout.client._context() | {"seen_at": seen_at.isoformat()}
    with pytest.raises(Refused, match="stopped or lowered once more at") if refused else nullcontext():
        rollout.client._call("rollout_set_percentage", Change, percentage=60, context=context)


@pytest.mark.asked
def test_r20_a_span_is_one_that_has_passed_since_it_was_seen_and_one_for_which_it_is_valid(rollout):
    halted = "update rollout_configuration set unrecorded_halt_at = now() - interval '10 min', rollout_percentage = 0"
    rollout.sql(halted)
    for spans, refused in (({"valid_until": "1h"}, False), ({"seen_at": "1h"}, True)):
        with pytest.raises(Refused, match="stopped or lowered once more at") if refused else nullcontext():
            rollout.client._call(
                "rollout_set_percentage", Change, percentage=60, context=rollout.client._context() | spans
            )
        rollout.sql(halted)
