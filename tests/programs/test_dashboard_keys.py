"""The dashboard in a real terminal: every key and its question, the palette, and no raise unasked."""

from __future__ import annotations

import random
import re
import string
import time

from tests.support.terminal import AGE, Terminal
from tests.support.waiting import wait_until


def test_the_percentage_is_previewed_before_it_is_confirmed(rollout, dashboard):
    screen = dashboard()
    for answer, percentage in (("n", 20), ("y", 50)):
        screen.key("s")
        screen.wait_for("percentage, 0 to 100:")
        screen.type("50 %")
        screen.wait_for("20 % → 50 %? y to do it:")
        assert "30 would enter, 0 would leave" in screen.now()
        assert rollout.client.status().rollout_percentage == 20
        screen.type(answer)
        screen.wait_for("nothing was changed" if answer == "n" else "50 of 100 repositories are eligible")
        assert rollout.client.status().rollout_percentage == percentage


def test_the_stop_is_one_key_and_a_reason_on_every_page(rollout, dashboard):
    screen = dashboard()
    screen.key("l")
    screen.wait_for("Esc or q to go back")
    screen.key("e")
    screen.wait_for("EMERGENCY STOP")
    screen.type("smoke")
    screen.wait_for("Reason: smoke")
    assert rollout.client.status().emergency_stop_reason == "smoke"
    screen.key("Escape")
    wait_until(lambda: "s set %" in screen.now())
    screen.key("r")
    screen.wait_for("resume at")
    screen.type("75")
    shown = screen.wait_for("20 % → 75 %? y to do it:")
    assert "a large step: the next step of the plan is 25 %" in shown
    assert rollout.client.status().emergency_stop
    screen.key("Escape")
    screen.wait_for("nothing was changed")
    screen.key("r")
    screen.wait_for("resume at")
    screen.type("5")
    screen.wait_for("resumed at 5 %")
    assert rollout.client.status().percentage_in_effect == 5


def test_the_other_keys(rollout, dashboard):
    screen = dashboard(120, 40)
    for key, answer, outcome in (
        ("h", None, "no rollback needed"),
        ("a", "n", "nothing was changed"),
        ("a", "y", "auto-rollback is OFF"),
        ("w", "acme/repo-7", "added to the whitelist: acme/repo-7"),
        ("w", "-acme/repo-7", "removed from the whitelist: acme/repo-7"),
        ("w", "no/such", "unknown repository: no/such"),
        ("Escape", None, "nothing was changed"),
        ("c", None, "no categories changed"),
        ("b", "30", "a rollback only lowers, and the rollout stands at 20 %; to raise it, press s and answer 30"),
        ("Escape", None, "nothing was changed"),
        ("b", "", "20 % → 0 %"),
        ("s", "ten", "a percentage is a whole number from 0 to 100, not 'ten'; type for example 25"),
        ("Escape", None, "nothing was changed"),
    ):
        screen.key(key)
        if answer is not None:
            screen.wait_for("Esc: cancel")
            screen.type(answer)
        screen.wait_for(outcome, seconds=10)
        time.sleep(0.05)
    for key, words in (
        ("m", "success metric"),
        ("l", "rollbackToZero: 20 % → 0 %"),
        ("?", "Preview a percentage, and set it after a y."),
        ("x", "no errors are known"),
    ):
        screen.key(key)
        screen.wait_for("Esc or q to go back")
        screen.wait_for(words)
        screen.key("Escape")
        screen.wait_for("q quit")
    screen.key("q")


def test_r17_the_ramp_is_a_line_of_steps_and_three_keys(rollout, dashboard):
    rollout.client.set_rollout(10)
    screen = dashboard(120, 40)
    assert "plan ▸6: 10 %   7: 25 % (in 23 h)   8: 50 %" in screen.wait_for("(in 23 h)")
    for key, answer, outcome in (
        ("N", None, "not raised to 25 %; nothing changed"),
        ("d", "look", "nobody raises it; to lift the hold: press F"),
        ("s", "20", "10 % → 20 %? y to do it:"),
    ):
        screen.key(key)
        if answer is not None:
            screen.wait_for("Esc: cancel")
            screen.type(answer)
        screen.wait_for(outcome, seconds=10)
        time.sleep(0.05)
    screen.type("y")
    screen.wait_for("to raise it from 10 % to 20 %, first press F")
    screen.key("Escape")
    screen.wait_without("first press F")
    screen.wait_for("HELD")
    screen.key("F")
    screen.wait_for("release the hold of tess? y to do it:")
    screen.type("y")
    screen.wait_for("released")
    assert rollout.client.status().held_reason is None


QUESTIONS = {
    "s": "percentage, 0 to 100:",
    "e": "EMERGENCY STOP, reason",
    "b": "roll back to",
    "w": "whitelist: owner/name",
    "a": "switch auto-rollback OFF?",
}


def ask(screen: Terminal, key: str) -> None:
    """Open a question; on a busy machine the key and the one before it may come together, as a paste."""
    screen.key(key)
    wait_until(lambda: QUESTIONS[key] in screen.now() or "Paste ignored" in screen.now())
    if QUESTIONS[key] not in screen.now():
        screen.key(key)
        wait_until(lambda: QUESTIONS[key] in screen.now())


def test_after_esc_a_key_belongs_to_the_dashboard_and_never_to_the_question_that_was_left(dashboard, effort):
    screen = dashboard(100, 30)
    letters = sorted(set(string.ascii_lowercase) - {"q"})  # q leaves
    cases = [(key, letter, wait) for key in QUESTIONS for letter in letters for wait in (0.02, 0.06, 0.2, 0.6)]
    for key, letter, wait in random.Random(7).sample(cases, effort(30, len(cases))):
        ask(screen, key)
        screen.key("Escape")
        time.sleep(wait)
        screen.key(letter)
        expected = QUESTIONS.get(letter)
        if expected is not None:
            wait_until(lambda: expected in screen.now())  # noqa: B023 - called at once
            assert not screen.cursor_line().rstrip().endswith(f" {letter}"), "the key became part of an answer"
        else:
            wait_until(lambda: QUESTIONS[key] not in screen.now())  # noqa: B023
        screen.key("Escape")
        wait_until(lambda: "s set %" in screen.now())
        time.sleep(0.15)  # two letters that come together are a paste
    assert "STOPPED" not in screen.now()


def test_a_stop_that_was_decided_against_never_fires(rollout, dashboard):
    screen = dashboard()
    for key, seen in (("e", QUESTIONS["e"]), ("Escape", "nothing was changed"), ("b", QUESTIONS["b"])):
        screen.key(key)
        screen.wait_for(seen)
    screen.key("Enter")
    screen.wait_for("20 % → 0 %")
    assert not rollout.client.status().emergency_stop


def test_a_refused_answer_stays_to_be_corrected(rollout, dashboard):
    screen = dashboard()
    screen.key("s")
    screen.wait_for("percentage, 0 to 100:")
    screen.type("cache")
    screen.wait_for("not 'cache'; type for example 25")
    assert "percentage, 0 to 100: cache" in screen.now()
    screen.write("\x7f" * 5)
    wait_until(lambda: "0 to 100: c" not in screen.now())
    screen.type("30")
    screen.wait_for("20 % → 30 %? y to do it:")
    assert rollout.client.status().rollout_percentage == 20


def test_a_key_without_meaning_says_where_the_keys_are_explained(dashboard):
    screen = dashboard()
    screen.key("z")
    screen.wait_for("z is no key here; press ? for what each key does")
    screen.key("l")
    screen.wait_for("Esc or q to go back")
    screen.key("?")
    screen.wait_for("Show the chosen line in full.")


def test_the_palette_runs_the_commands_of_the_prompt(rollout, dashboard):
    screen = dashboard(100, 30)
    screen.key(":")
    screen.wait_for("Esc: cancel")
    screen.write("setr")
    screen.wait_for("setRollout(percentage)")
    screen.key("Tab")
    screen.wait_for(": setRollout(")
    screen.type('30, "by the palette")')
    screen.wait_for("20 % → 30 %")
    screen.key("q")
    screen.wait_for("30 % set, 30 % in effect")
    assert rollout.client.history(1).entries[0].reason == "by the palette"
    for line, said in (
        (
            "setRollout(__import__('os').getpid())",
            "not one command with plain values; type for example setRollout(10)",
        ),
        ("setRollout(300)", "300"),
        ('preview("all")', "type for example rollout.preview(25)"),
        ('help("recovery")', 'rollout.rollbackToZero("error rate is climbing")'),
        ("sttus", "there is no command 'sttus'"),
        ("watch(1)", "the overview is live"),
    ):
        screen.key(":")
        screen.wait_for("Esc: cancel")
        screen.type(line)
        screen.wait_for(said)
        screen.key("Escape")
        screen.wait_for("s set %")
    assert rollout.client.status().rollout_percentage == 30


def test_no_key_and_no_paste_raises_unasked_after_a_rollback(rollout, dashboard):
    rollout.client.rollback_to_zero("3 am")
    screen = dashboard(100, 30)
    screen.wait_for("to start again after the fix, press s")
    assert "ready for" not in screen.now()
    screen.paste("node scripts/rollout/monitor-phase6.js\n", bracketed=False)
    screen.wait_for("Paste ignored; press ? for the keys")
    screen.key("z")
    screen.wait_for("z is no key here")
    screen.write("\x1b[200~FgN\r\x1b[201~")
    wait_until(lambda: "Paste ignored" in screen.now())
    screen.key("N")
    screen.wait_for("0 % → 10 %? y to do it:")
    assert re.search(f"rolled back from 20 % {AGE}, by tess: 3 am\n 0 % → 10 %\\?", screen.now())
    screen.write("yes\r")
    screen.wait_for("faster than a hand types")
    screen.key("Enter")
    screen.wait_for("reason, for the history:")
    screen.key("Enter")
    screen.wait_for("a raise needs a reason")
    assert rollout.client.status().rollout_percentage == 0
    screen.type("fixed in 1.2.3")
    screen.wait_for("0 % → 10 %;")
    assert rollout.client.history(1).entries[0].reason == "fixed in 1.2.3"


def test_what_speaks_against_a_raise_is_shown_before_the_y_and_whose_hold_it_is(rollout, dashboard):
    rollout.client.hold("look at the errors")
    screen = dashboard(100, 30)
    screen.key("s")
    screen.wait_for("percentage, 0 to 100:")
    screen.type("75")
    shown = screen.wait_for("20 % → 75 %? y to do it:")
    for words in ("look at the errors", "these checks fail:", "a large step: the next step of the plan is 25 %"):
        assert words in shown
    assert "to do it: press" not in shown
    screen.key("Escape")
    screen.wait_for("nothing was changed")
    screen.key("r")
    screen.wait_for("nothing is stopped")
    assert "nothing was changed" not in screen.now(), "what a key said ends with the next one"


def test_r20_an_answer_raises_nothing_over_what_came_after_its_question(rollout, dashboard):
    screen = dashboard(100, 30)
    screen.key("s")
    screen.wait_for("percentage, 0 to 100:")
    screen.type("25")
    screen.wait_for("20 % → 25 %? y to do it:")
    rollout.client.rollback_to_zero("data loss")
    screen.wait_for("ROLLED BACK to 0 %")
    screen.type("y")
    screen.wait_for("not done, since you had not seen rollbackToZero")
    assert rollout.client.status().rollout_percentage == 0
    screen.wait_for("then press the key again")
    screen.wait_without("y to do it:")
    screen.key("Enter")  # the question is gone with its reason: this answers none
    screen.wait_for("is no key here")
    assert rollout.client.status().rollout_percentage == 0
    screen.key("s")
    screen.wait_for("percentage, 0 to 100:")
    screen.type("25")
    screen.wait_for("0 % → 25 %? y to do it:")
    screen.key("Escape")
    rollout.client.emergency_stop("first")
    screen.wait_for("STOPPED")
    screen.key("r")
    screen.wait_for("Enter resumes")
    rollout.client.emergency_stop("second: do not resume")
    screen.wait_for("second: do not resume")
    screen.key("Enter")
    screen.wait_for("not done, since you had not seen emergencyStop")
    assert rollout.client.status().emergency_stop


def test_names_to_add_and_to_remove_are_not_mixed(rollout, dashboard):
    screen = dashboard(100, 30)
    screen.key("w")
    screen.wait_for("whitelist: owner/name to add")
    screen.type("acme/repo-7 -acme/repo-8")
    screen.wait_for("nothing was changed: add and remove one after the other")
    assert rollout.client.status().whitelist_size == 0


def test_a_stop_that_fails_says_so_on_the_first_line_and_what_to_do_by_hand(rollout, dashboard):
    screen = dashboard(100, 40)
    rollout.sql("alter table rollout_configuration rename to away")
    try:
        screen.key("e")
        screen.wait_for("EMERGENCY STOP")
        screen.key("Enter")
        shown = screen.wait_for("Run this at any SQL prompt:", seconds=20)
        assert screen.now().startswith(" NOT STOPPED")
        assert "Or set this in the web application's environment" in shown
        assert "Enter tries again" in shown
    finally:
        rollout.sql("alter table away rename to rollout_configuration")
    rollout.client.emergency_stop("by another hand")
    screen.wait_for("STOPPED (20 % is kept)")
    screen.wait_without("NOT STOPPED")
