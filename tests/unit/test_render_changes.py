"""What a command says that it did: for a change, for none, and during an emergency stop."""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

import pytest

from rollout_console.cli.in_shell import in_shell
from rollout_console.render import Screen, render
from rollout_console.render.changes import NAMED, SENTENCES
from rollout_console.render.colours import STYLES
from rollout_console.render.progress import CategorizationProgress
from rollout_console.results import (
    CategorizationRun,
    Change,
    EndedSession,
    Gate,
    HistoryEntry,
    Moves,
    SetupStep,
    Simulation,
)
from tests.support.samples import NOW, sample

PIPE = Screen(width=100)
LISTS = {
    "addToWhitelist": "whitelist",
    "removeFromWhitelist": "whitelist",
    "addToBlacklist": "blacklist",
    "removeFromBlacklist": "blacklist",
    "markAsTest": "test",
    "unmarkAsTest": "pinned",
}


def said(command, changed=True, **changes):
    """The report of a command; a change has an entry in the history, and nothing changed has none."""
    if not changed:
        changes["change"] = None
    plain: dict[str, Any] = {"applied": [], "already": [], "blacklisted": [], "shut": [], "skipped_phase": None}
    plain |= {"whitelisted": [], "until": None, "moves": None, "ended_sessions": []}
    plain |= {"auto_rollback_enabled": True, "command": command, "changed": changed}
    return render(sample(Change, **{**plain, **changes}), PIPE)


@pytest.mark.parametrize("command", sorted(set(SENTENCES) - {"note"}))
def test_a_command_that_changed_nothing_says_so_and_one_that_did_does_not(command):
    names = {"applied": ["acme/site"]}, {"already": ["acme/site"]}
    stop = {"emergency_stop": command == "emergencyStop", "auto_rollback_enabled": command != "disableAutoRollback"}
    done, left = said(command, **names[0], **stop), said(command, changed=False, **names[1], **stop)
    assert "nothing changed" in left or "already" in left
    assert "nothing changed" not in done
    assert "already" not in done


@pytest.mark.parametrize(("changed", "words"), [(True, "done"), (False, "nothing changed")])
def test_a_command_without_a_sentence_still_says_whether_it_changed_anything(changed, words):
    assert said("aCommandOfTomorrow", changed=changed).endswith(words)


def test_a_step_of_the_set_up_is_reported_as_any_change():
    step = sample(SetupStep, command="setRollout", previous_percentage=0, new_percentage=10, rollout_percentage=10)
    assert "0 % → 10 %" in render(step, PIPE)


@pytest.mark.parametrize("command", ["setRollout", "rollbackToPercentage", "rollbackToZero"])
def test_a_percentage_says_from_where_to_where_and_how_many_are_eligible(command):
    text = said(command, previous_percentage=100, new_percentage=0, eligible_repositories=3, total_repositories=1200)
    assert "100 % → 0 %" in text
    assert "3 of 1,200 repositories are eligible" in text


def test_a_percentage_that_was_set_already_is_named():
    assert "at 25 % already" in said("setRollout", changed=False, rollout_percentage=25)


def test_a_lowering_and_0_percent_during_a_stop_do_not_say_how_to_let_traffic_flow():
    for command, percentage, says in (
        ("setRollout", 1, True), ("setRollout", 0, False), ("rollbackToZero", 0, False), ("rollbackToPercentage", 5, False),
    ):  # fmt: skip
        text = said(command, emergency_stop=True, rollout_percentage=percentage)
        assert ("rollout.resume()" in text) is says, command
    for percentage in (0, 1):
        text = said("emergencyStop", emergency_stop=True, rollout_percentage=percentage)
        assert ("lets in the whitelist alone" in text) is (percentage == 0)


@pytest.mark.parametrize(("threshold", "never"), [(100.0, True), (99.0, False)])
def test_settings_under_which_auto_rollback_never_acts_say_so(threshold, never):
    after = sample(HistoryEntry, after={"max_error_rate": threshold}, before={"max_error_rate": 5})
    text = said("configure", change=after, max_error_rate=threshold)
    assert ("on, but never acts" in text) is never


@pytest.mark.parametrize("changed", [True, False])
def test_a_percentage_set_during_a_stop_says_that_traffic_stays_halted_and_how_to_let_it_flow(changed):
    text = said("setRollout", changed=changed, emergency_stop=True)
    assert "stays halted" in text
    assert "rollout.resume()" in text
    assert "halted" not in said("setRollout", changed=changed, emergency_stop=False)


def test_a_stop_comes_first_then_its_reason_what_is_kept_and_the_way_out():
    text = said("emergencyStop", emergency_stop=True, rollout_percentage=25, emergency_stop_reason="disk full")
    facts = ["STOPPED", "disk full", "25 % is kept;", "rollout.resume()"]
    places = [text.index(fact) for fact in facts]
    assert places == sorted(places)


def test_a_second_stop_says_since_when_and_why_the_first_one_is():
    text = said("emergencyStop", changed=False, emergency_stop=True, emergency_stop_reason="disk full",
                emergency_stopped_at=NOW - timedelta(hours=3))  # fmt: skip
    assert "stopped already" in text
    assert "3 h ago" in text
    assert "disk full" in text


@pytest.mark.parametrize(("percentage", "hints"), [(0, True), (1, False)])
def test_a_resume_says_the_percentage_and_at_nothing_how_to_start(percentage, hints):
    text = said("resume", rollout_percentage=percentage, held_reason=None)
    assert f"resumed at {percentage} %" in text
    assert ("to start: rollout.advance()" in text) is hints


@pytest.mark.parametrize("command", ["setRollout", "resume"])
@pytest.mark.parametrize(("became", "raised"), [(9, False), (10, False), (11, True)])
def test_what_raises_says_how_to_take_it_back(command, became, raised):
    text = said(command, previous_percentage=10, new_percentage=became, rollout_percentage=became)
    assert ("to take it back: rollout.undo()" in text) is raised


def test_a_resume_without_a_stop_says_that_there_is_none():
    assert "no emergency stop" in said("resume", changed=False)


def test_auto_rollback_on_says_the_threshold_and_what_would_happen():
    text = said("enableAutoRollback", auto_rollback_enabled=True, max_error_rate=2.5)
    assert "above 2.5 % errors the rollout goes to 0 %" in text


def test_auto_rollback_off_is_in_capitals_and_says_how_to_switch_it_on():
    text = said("disableAutoRollback", auto_rollback_enabled=False)
    assert "auto-rollback is OFF" in text
    assert "rollout.enableAutoRollback()" in text


@pytest.mark.parametrize(("command", "on"), [("enableAutoRollback", True), ("disableAutoRollback", False)])
def test_auto_rollback_that_was_so_already_says_which(command, on):
    assert f"{'on' if on else 'off'} already" in said(command, changed=False, auto_rollback_enabled=on)


@pytest.mark.parametrize(("command", "words"), LISTS.items())
def test_a_list_tells_those_it_changed_from_those_it_found_as_asked(command, words):
    text = said(command, applied=["acme/new"], already=["acme/old"])
    changed, found = text.split("; ")
    assert "acme/new" in changed
    assert words in changed
    assert "acme/old" in found
    assert "acme/new" not in found
    assert "nothing changed" not in text


def test_each_list_has_words_of_its_own():
    assert len({said(command, applied=["acme/site"]) for command in LISTS}) == len(LISTS)


def test_a_repository_on_the_blacklist_too_is_named_as_kept_out():
    text = said("addToWhitelist", applied=["acme/new", "acme/bad"], blacklisted=["acme/bad"])
    assert "blacklist" in text.split("; ")[-1]
    assert "acme/bad" in text.split("; ")[-1]
    assert "blacklist" not in said("addToWhitelist", applied=["acme/new"])


@pytest.mark.parametrize(("number", "more"), [(NAMED, ""), (NAMED + 1, "and 1 more"), (NAMED + 5000, "and 5,000 more")])
def test_a_long_list_names_some_and_counts_the_others(number, more):
    text = said("addToWhitelist", applied=[f"acme/site-{n}" for n in range(number)])
    assert text.count("acme/site-") == NAMED
    assert text.endswith(more) if more else " more" not in text


def test_a_temporary_entry_says_until_when_and_a_blacklisted_one_that_it_wins():
    assert "until 2026-11-2" in said("addToWhitelist", applied=["acme/new"], until=NOW)
    text = said("addToBlacklist", applied=["acme/bad"], whitelisted=["acme/bad"])
    assert "on the whitelist too, over which the blacklist wins: acme/bad" in text


def test_an_undo_says_what_was_undone_what_that_changed_and_how_to_take_it_back():
    undone = sample(HistoryEntry, id="1a2b3c4d-0", command="setRollout", previous_percentage=10, new_percentage=20)
    row = sample(
        HistoryEntry,
        id="9f8e7d6c-0",
        before={"rollout_percentage": 20, "emergency_stop": False, "target_repositories": ["a", "b"]},
        after={"rollout_percentage": 10, "emergency_stop": True, "target_repositories": ["b", "c"]},
    )
    text = said("undo", undone=undone, change=row)
    assert "undone: setRollout: 10 % → 20 % (1a2b3c4d, " in text
    assert "percentage 20 → 10; emergency stop off → on; whitelist: 1 entry added, 1 entry removed" in text
    assert 'to take that back: rollout.undo("9f8e7d6c")' in text


def test_an_undo_of_pins_and_costs_names_them_and_hides_no_number_of_fields():
    pins = {f"acme/{n}": {"category": "small", "pinned": n == 0} for n in range(9)}
    row = sample(HistoryEntry, before={}, after=pins)
    text = said("undo", undone=sample(HistoryEntry), change=row)
    assert "acme/0 pinned as test; acme/1 no longer pinned" in text
    assert "and 3 more" in text
    row = sample(
        HistoryEntry, before={"metadata": {"a": 1}}, after={"metadata": {"a": 1, "cost_per_job": {"inngest": 0.012}}}
    )
    assert "cost_per_job none → inngest 0.012" in said("undo", undone=sample(HistoryEntry), change=row)


@pytest.mark.parametrize("stopped", [False, True])
def test_another_strategy_says_how_many_enter_and_leave(stopped):
    row = sample(HistoryEntry, before={"rollout_strategy": "whitelist"}, after={"rollout_strategy": "percentage"})
    moves = sample(Moves, eligible_before=1, entering=1200, leaving=3)
    counts = {"eligible_repositories": 1198, "total_repositories": 5000}
    text = said("configure", change=row, moves=moves, emergency_stop=stopped, **counts)
    assert "strategy whitelist → percentage" in text
    assert "eligible 1 → 1,198 of 5,000: 1,200 enter, 3 leave" in text
    assert ("stays halted" in text) is stopped


def test_a_note_is_repeated_as_it_stands_in_the_history():
    assert "the page is red" in said("note", change=sample(HistoryEntry, reason="the page is red"))


def test_a_reason_is_shown_on_one_line_and_bounded():
    reason = "line one\nIn [2]: rollout.resume()\x1b[2J" + "A" * 10_000
    text = said("emergencyStop", emergency_stop=True, emergency_stop_reason=reason)
    assert not any(line.lstrip().startswith("In [2]") for line in text.splitlines())
    assert "A" * 500 not in text
    assert "\x1b" not in text


def test_a_raise_past_shut_gates_warns_first_with_what_is_measured_and_what_is_wanted():
    shut = [sample(Gate, message="time at this percentage 3 h, wanted >= 24 h", open=False)]
    first, second = said("setRollout", shut=shut, rollout_percentage=25).splitlines()
    assert "warning" in first
    assert "time at this percentage 3 h, wanted >= 24 h" in first
    assert "25 %" in second


def test_a_raise_past_a_phase_warns_with_the_phase_that_was_next():
    first, _ = said("setRollout", skipped_phase=10, rollout_percentage=50).splitlines()
    assert "warning" in first
    painted = render(sample(Change, command="setRollout", skipped_phase=10), Screen(colour=True))
    assert f"\x1b[{STYLES['warning']}m warning: a large step" in painted
    assert "the next step is 10 %" in first
    assert "warning" not in said("setRollout")


@pytest.mark.parametrize(
    ("changes", "facts"),
    [
        ({"done": False, "processed": 1, "total": 5000}, ["1 of 5,000", "rollout.categorizeAll()"]),
        ({"done": True, "processed": 5000, "changed": 0}, ["5,000", "no categories changed"]),
        ({"done": True, "processed": 5000, "changed": 12, "transitions": {"new → small": 12}}, ["12", "new → small: 12"]),
    ],
)  # fmt: skip
def test_a_categorization_says_how_far_it_is_or_what_it_moved(changes, facts):
    text = render(sample(CategorizationRun, **changes), PIPE)
    assert [fact for fact in facts if fact not in text] == []


def test_progress_is_silent_in_a_pipe_and_drawn_on_a_terminal(capsys):
    for bars in (False, True):
        with CategorizationProgress(Screen(bars=bars), sys.stdout) as progress:
            progress.advance(sample(CategorizationRun, processed=2500, total=5000))
        written = capsys.readouterr().out
        assert ("2,500 of 5,000" in written) is bars
        assert written.endswith("\x1b[K") is bars, "the line is cleared for the report"


def test_a_simulation_says_whether_a_job_tripped_the_breaker_and_where_to_look():
    tripped = render(sample(Simulation, jobs=11, errors=2, rolled_back=True), PIPE)
    assert "11 jobs sent, 2 failed" in tripped
    assert "job 11 tripped the breaker" in tripped
    assert "rollout.showMetrics()" in tripped
    assert "tripped" not in render(sample(Simulation, rolled_back=False), PIPE)


def test_r18_a_stop_says_first_whom_it_has_ended():
    session = sample(EndedSession, pid=123, application="psql", state="idle in transaction", seconds=720)
    first, second, *_ = said("emergencyStop", ended_sessions=[session]).splitlines()
    assert "ended process 123 (psql, idle in transaction for 12 min" in first
    assert "all traffic is halted" in second


@pytest.mark.parametrize("command", SENTENCES)
def test_a_change_of_the_practice_database_says_so_first(command):
    assert any(line.startswith(" PRACTICE ") for line in said(command, practice=True).splitlines())
    assert "PRACTICE" not in said(command, practice=False)


def test_a_resume_at_0_percent_names_the_hold_before_the_start():
    assert "to start: rollout.release(), then rollout.advance()" in said("resume", rollout_percentage=0)
    free = said("resume", rollout_percentage=0, held_reason=None)
    assert "to start: rollout.advance()" in free


@pytest.mark.parametrize(("asked", "call"), [(False, "rollout.undo()"), (True, 'rollout.undo(reason="...")')])
def test_the_way_back_from_a_raise_has_a_reason_where_one_is_asked_for(asked, call):
    entry = sample(HistoryEntry, previous_percentage=5, new_percentage=10)
    text = said("setRollout", change=entry, require_reason=asked, emergency_stop=False)
    assert text.endswith(f"to take it back: {call}")
    wanted = "rollout-console undo" + (' --reason "..."' if asked else "")
    assert in_shell(text).endswith(wanted)
