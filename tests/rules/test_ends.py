"""R8 and R17: what is switched off until a moment is on again from then, whether or not anything runs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from rollout_console.client import RolloutClient
from rollout_console.errors import Refused, RolloutError
from rollout_console.render import Screen, render
from tests.support.changes import check_chain
from tests.support.clock import pass_time
from tests.support.rollouts import Unseeing, percentage

HOURS = timedelta(hours=1)


def told(rollout, limit=3):
    return [(e.command, e.triggered_by) for e in rollout.client.history(limit).entries]


def test_r8_auto_rollback_is_on_again_at_its_end_and_the_next_failure_trips(running):
    off = running.client.disable_auto_rollback("maintenance", until="2h").status
    assert not off.auto_rollback_enabled
    assert abs(off.breaker_off_until - off.server_time - 2 * HOURS) < timedelta(minutes=1)
    running.report(good=6, bad=5)
    assert running.client.check_health().action == "auto_rollback_off"
    assert percentage(running) == 50
    pass_time(running, 3 * HOURS)
    status = running.client.status()
    assert (status.auto_rollback_enabled, status.breaker_off_until, status.switched_off) == (True, None, None)
    running.report(bad=1)
    assert percentage(running) == 0
    assert told(running, 2) == [("record_rollout_job", "auto_rollback"), ("end", "auto_end")]
    assert running.client.history(2).entries[1].reason.startswith("auto-rollback was off until ")
    assert running.value("select auto_rollback_enabled from rollout_configuration"), "the application's own check, too"


def test_r17_a_hold_ends_by_itself_and_whoever_comes_next_writes_it_down(running):
    held = running.client.hold("looking", until="2h").status
    assert (held.held_by, held.held_until - held.server_time > HOURS) == ("tess", True)
    gate = next(g for g in running.client.plan().gates if g.name == "hold")
    assert (gate.open, gate.opens_at) == (False, held.held_until)
    with pytest.raises(Refused, match=r"held since .*Z until .*Z by tess: looking; .* type rollout\.release\(\)"):
        running.client.set_rollout(60)
    pass_time(running, 3 * HOURS)
    rows, status = running.history_rows(), running.client.status()
    assert (status.held_reason, status.held_by, status.held_at, status.state.name) == (None, None, None, "running")
    assert all(g.open for g in running.client.plan().gates if g.name == "hold")
    assert running.history_rows() == rows, "who reads writes nothing"
    assert running.client.set_rollout(60).changed
    assert told(running, 2) == [("setRollout", "manual"), ("end", "auto_end")]
    assert "by tess: looking" in running.client.history(2).entries[1].reason
    assert "end  by itself" in render(running.client.history(2), Screen(width=120))
    assert "end" in [e.change.command for e in running.client.timeline("9h").events if e.change]


def test_r17_the_end_is_written_once_and_is_nobodys_to_undo(running):
    running.client.hold("looking", until="2h")
    pass_time(running, 3 * HOURS)
    for _ in range(2):
        running.client.check_health()
    assert told(running, 2) == [("end", "auto_end"), ("hold", "manual")]
    again = running.client.hold("again").status
    assert (again.held_until, again.held_at > again.server_time - HOURS) == (None, True)


def test_r17_asked_again_another_end_replaces_the_first(running):
    first = running.client.hold("looking", until="2099-01-01").status
    assert not running.client.hold("looking", until="2099-01-01").changed
    assert not running.client.hold().changed
    later = running.client.hold(until="2099-01-02").status
    assert (later.held_reason, later.held_until - first.held_until) == ("looking", timedelta(days=1))
    assert running.client.hold("for good").status.held_until is None
    running.client.undo()
    assert running.client.status().held_until == later.held_until
    off = running.client.disable_auto_rollback("repair", until="2099-01-01")
    assert not running.client.disable_auto_rollback("repair", until="2099-01-01").changed
    assert not running.client.disable_auto_rollback().changed
    assert running.client.disable_auto_rollback("for good").status.breaker_off_until is None
    running.client.undo()
    assert running.client.status().breaker_off_until == off.status.breaker_off_until
    assert running.client.enable_auto_rollback().status.breaker_off_until is None
    check_chain(running.url)


@pytest.mark.parametrize("until", ["soon", "0s", "2001-01-01", "tomorrow", "tomorrow 25:00", 5])
def test_r17_what_is_no_time_to_come_is_refused_and_nothing_is_changed(running, until):
    rows = running.history_rows()
    with pytest.raises(RolloutError, match=r'type rollout\.hold\("looking", until="2h"\)'):
        running.client.hold("x", until=until)
    with pytest.raises(RolloutError, match=r'type rollout\.disableAutoRollback\("maintenance", until="2h"\)'):
        running.client.disable_auto_rollback("x", until=until)
    assert running.history_rows() == rows


@pytest.mark.parametrize("on_breach", ["step_back", "hold"])
def test_r17_what_the_breaker_holds_does_not_end_with_an_operators_hold(running, on_breach):
    running.client.configure(on_breach=on_breach)
    lunch = running.client.hold("lunch", until="1h").status.held_at
    running.report(bad=12)
    status = running.client.status()
    assert (status.held_by, status.held_until) == ("auto-rollback", None)
    assert status.held_at > lunch, "since the breaker held it"
    assert status.rollout_percentage == (25 if on_breach == "step_back" else 50)


def test_r17_a_hold_without_an_end_is_its_operators_whatever_the_breaker_does(running):
    running.client.configure(on_breach="step_back")
    running.client.hold("mine")
    running.report(bad=12)
    assert percentage(running) == 25
    assert (running.client.status().held_by, running.client.status().held_reason) == ("tess", "mine")


def test_r8_and_r17_who_gives_another_end_without_a_reason_says_nothing_in_their_own_name(running):
    ann: Any = Unseeing(running.client.adapter, who={"operator": "ann", "host": "h"})
    off = running.client.disable_auto_rollback("maintenance", until="2099-01-31").status.switched_off
    held = running.client.hold("looking", until="2099-01-31").status
    ann.disable_auto_rollback(until="2099-02-01")
    status = ann.hold(until="2099-02-01").status
    assert (status.held_by, status.held_reason, status.held_at) == ("tess", "looking", held.held_at)
    assert (status.switched_off.by, status.switched_off.reason, status.switched_off.since) == (
        "tess", "maintenance", off.since)  # fmt: skip
    assert status.held_until == status.switched_off.until > held.held_until
    ann.disable_auto_rollback("still at it", until="2099-02-02")
    ann.hold("mine", until="2099-02-02")
    status = running.client.status()
    assert (status.held_by, status.held_reason, status.held_at > held.held_at) == ("ann", "mine", True)
    assert (status.switched_off.by, status.switched_off.reason) == ("ann", "still at it")
    assert status.switched_off.since > off.since


def test_r20_a_late_request_has_no_hold_end_sooner_nor_auto_rollback_off_for_longer(running):
    client = RolloutClient(running.client.adapter, who=running.client.who)
    for set_up, late in [
        (lambda: running.client.hold("looking"), lambda: client.hold("late", until="2h")),
        (lambda: running.client.disable_auto_rollback(until="1h"), lambda: client.disable_auto_rollback(until="2h")),
    ]:
        set_up()
        client.status()
        running.client.rollback_to_percentage(percentage(running) - 1)
        with pytest.raises(Refused, match="not seen rollbackToPercentage"):
            late()
    client.status()
    pass_time(running, 2 * HOURS)
    running.client.check_health()
    assert told(running, 1) == [("end", "auto_end")]
    running.client.release()
    client.set_rollout(50)  # that auto-rollback is on again is nothing that it had to see


def test_r17_an_end_is_said_wherever_the_state_is_and_without_one_since_when_and_by_whom(running):
    running.client.hold("looking", until="2099-01-31T12:00Z")
    off = running.client.disable_auto_rollback("maintenance", until="2099-01-31T12:00Z")
    assert "auto-rollback is OFF until 2099-01-31 12:00" in render(off, Screen(width=120))
    status = running.client.status()
    for shown in (status, running.client.test_repositories()):
        head = render(shown, Screen(width=160)).split("\n")[0]
        assert "HELD until 2099-01-31 12:00" in head
        assert "NO AUTO-ROLLBACK until 2099-01-31 12:00" in head
    assert not running.client.disable_auto_rollback().changed
    running.client.disable_auto_rollback("for good")
    status = running.client.status()
    assert (status.switched_off.by, status.switched_off.reason, status.switched_off.until) == ("tess", "for good", None)
    assert "OFF since 20" in render(status, Screen(width=160))
    assert "by tess: for good" in render(status, Screen(width=160))
    running.sql("update rollout_configuration set held_until = 'infinity', breaker_off_until = 'infinity'")
    status = running.client.status()
    assert (status.held_until, status.breaker_off_until, status.held_reason) == (None, None, "looking")


def reminders(rollout, receiver="a", **kinds):
    claims = rollout.client.claim_alerts(["reminder"], 900, [], [], {receiver: receiver})
    rollout.client.confirm_alerts(claims.operation, [due.event for due in claims.alerts], receiver)
    return [due.subject for due in claims.alerts]


def test_r10_nothing_is_due_while_nothing_waits_to_be_sent(running):
    assert running.client.claim_alerts(["stop"], 900, [], [], {"a": "a"}).retry_seconds is None
    running.client.emergency_stop("errors")
    claims = running.client.claim_alerts(["stop"], 900, [], [], {"a": "a"})
    assert (len(claims.alerts), claims.retry_seconds) == (1, None), "it is about to be sent"
    assert running.client.confirm_alerts(claims.operation, [], "a", failed=True).retry_seconds > 0
    claims = running.client.claim_alerts(["stop"], 900, [], [], {"b": "b"})
    assert (
        running.client.confirm_alerts(claims.operation, [due.event for due in claims.alerts], "b").retry_seconds is None
    )


def test_r10_what_is_off_without_an_end_is_brought_to_mind_once_a_day(running):
    running.client.hold("looking", until="3d")
    running.client.disable_auto_rollback("maintenance")
    assert reminders(running) == []
    pass_time(running, 25 * HOURS)
    (said,) = reminders(running)
    assert "auto-rollback is off since" in said
    assert said.endswith("by tess: maintenance")
    assert reminders(running) == []
    assert len(reminders(running, "b")) == 1, "each service"
    pass_time(running, 49 * HOURS)
    running.client.hold("for good")
    assert len(reminders(running)) == 1, "not one for each day that nobody asked"
    pass_time(running, 24 * HOURS)
    assert len(reminders(running)) == 2
    running.client.enable_auto_rollback()
    running.client.release()
    running.client.disable_auto_rollback("maintenance", until="40h")
    pass_time(running, 24 * HOURS)
    assert reminders(running) == [], "it has an end"


@pytest.mark.asked
def test_r17_a_hold_that_has_ended_is_written_down_by_a_command_of_its_own_feature_alone(running):
    other = Unseeing(running.client.adapter, "another_feature", who=running.client.who)
    other.create()
    other.hold("theirs", until="1h")
    running.sql("update rollout_configuration set held_until = now() where feature_name = 'another_feature'")
    running.sql("update rollout_configuration set max_error_rate = 6 where feature_name <> 'another_feature'")
    rows = running.history_rows()
    assert running.client.set_rollout(60).status.rollout_percentage == 60
    assert running.history_rows() == rows + 1
    assert other.set_rollout(5).status.rollout_percentage == 5
    assert running.history_rows() == rows + 3


@pytest.mark.asked
def test_r17_of_a_hold_and_auto_rollback_off_what_has_ended_is_told_alone(running):
    running.client.hold("looking", until="1h")
    running.client.disable_auto_rollback("maintenance", until="2099-01-31")
    for ended, told_of in (("held_until", "by tess: looking"), ("breaker_off_until", "auto-rollback was off until")):
        running.sql(f"update rollout_configuration set {ended} = now()")
        running.client.note("seen")
        running.client.check_health()
        reason = running.value("select reason from rollout_history where triggered_by = 'auto_end'"
                               " order by created_at desc limit 1")  # fmt: skip
        assert told_of in reason
        assert ";" not in reason
