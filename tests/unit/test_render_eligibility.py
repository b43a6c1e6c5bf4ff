"""Which repositories are eligible and why, whether the next phase may begin, and what a health check did."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from rollout_console.render import Screen, render
from rollout_console.render.colours import STYLES
from rollout_console.render.eligibility import REASONS
from rollout_console.render.health_check import ACTIONS
from rollout_console.render.progression import STEP_MARKS
from rollout_console.results import (
    CategoryMove,
    Explanation,
    HealthAction,
    HealthCheck,
    Phases,
    Preview,
    Reason,
    State,
    StepState,
)
from tests.support.samples import sample

PIPE = Screen(width=120)


def shown(kind, **changes):
    return render(sample(kind, **changes), PIPE)


@pytest.mark.parametrize(
    ("table", "closed"), [(ACTIONS, HealthAction), (REASONS, Reason), (STEP_MARKS, StepState)], ids=["actions", "reasons", "phases"]
)  # fmt: skip
def test_every_value_of_a_closed_set_has_words(table, closed):
    assert set(table) == set(get_args(closed))


@pytest.mark.parametrize(("kept", "low"), [(1, "resume()"), (5, "resume()"), (6, "resume(5)"), (80, "resume(5)")])
def test_a_health_check_advises_no_more_than_was_kept_or_fallen_from(kept, low):
    stopped = shown(HealthCheck, action="already_stopped", rollout_percentage=kept, decided_by="readers")
    assert stopped.endswith(f"when fixed: rollout.{low}")
    fallen = shown(HealthCheck, action="rolled_back", state=sample(State, from_percentage=kept), decided_by="readers")
    assert fallen.endswith(f"rollout.setRollout({min(kept, 5)})")


def test_a_preview_under_the_whitelist_says_why_nobody_enters():
    assert "takes the whitelist only" in shown(Preview, strategy="whitelist", categories=[])
    assert "takes the whitelist only" not in shown(Preview, strategy="percentage", categories=[])


@pytest.mark.parametrize(("strategy", "by"), [("percentage", " by hash "), ("repository_size", " by size and hash ")])
def test_an_explanation_says_by_what_a_repository_is_eligible(strategy, by):
    assert by in shown(Explanation, strategy=strategy, enters_at=84)


def test_each_action_of_a_health_check_has_a_sentence_of_its_own():
    said = {shown(HealthCheck, action=action).splitlines()[-1] for action in get_args(HealthAction)}
    assert len(said) == len(get_args(HealthAction))


@pytest.mark.parametrize(
    ("action", "facts"),
    [
        ("none", ["no rollback"]),
        ("rolled_back", ["ROLLED BACK to 0 %", "rollout.showMetrics()"]),
        ("auto_rollback_off", ["auto-rollback is OFF", "nothing was done", "rollout.rollbackToZero()"]),
        ("already_at_zero", ["breach", "at 0 % already"]),
        ("already_stopped", ["breach", "halted already", "rollout.resume("]),
    ],
)
def test_a_health_check_says_what_was_done_and_what_to_type(action, facts):
    last = shown(HealthCheck, action=action).splitlines()[-1]
    assert [fact for fact in facts if fact not in last] == []


@pytest.mark.parametrize(
    ("reason", "facts"),
    [
        ("emergency_stop", ["emergency stop", "disk full"]),
        ("zero_percent", ["37 %"]),
        ("full_rollout", ["37 %"]),
        ("hash_in", ["3,699", "37 %"]),
        ("hash_out", ["3,699", "not", "37 %"]),
        ("not_categorized", ["rollout.categorizeAll()"]),
        ("category_in", ["medium", "37 %"]),
        ("category_out", ["medium", "not", "37 %"]),
        ("boundary_in", ["medium", "3,699", "4,200"]),
        ("boundary_out", ["medium", "3,699", "not", "4,200"]),
    ],
)
def test_an_explanation_gives_the_figures_of_the_rule_that_decides(reason, facts):
    text = shown(
        Explanation, reason=reason, bucket=3699, cutoff=4200, category="medium", rollout_percentage=37,
        emergency_stop_reason="disk full",
    )  # fmt: skip
    because = next(line for line in text.splitlines() if "because" in line)
    assert [fact for fact in facts if fact not in because] == []


def test_a_stop_without_a_reason_is_explained_without_none():
    assert "None" not in shown(Explanation, reason="emergency_stop", emergency_stop_reason=None)


@pytest.mark.parametrize("eligible", [True, False])
def test_an_explanation_says_on_top_whether_it_is_eligible(eligible):
    first = shown(Explanation, eligible=eligible, full_name="acme/site").splitlines()[0]
    assert "acme/site" in first
    assert ("NOT ELIGIBLE" in first) is not eligible


def test_an_explanation_says_from_which_percentage_if_there_is_one():
    assert "from 38 %" in shown(Explanation, enters_at=38)
    assert "from" not in shown(Explanation, enters_at=None, reason="blacklist")


@pytest.mark.parametrize("pinned", [True, False])
def test_an_explanation_says_whether_the_category_is_pinned(pinned):
    assert ("pinned" in shown(Explanation, pinned_as_test=pinned)) is pinned


def test_a_repository_without_a_category_has_no_figures():
    assert "stars" not in shown(Explanation, reason="not_categorized", category=None)


def test_a_preview_says_how_many_and_what_to_type():
    moves = [sample(CategoryMove, category="small", entering=1200, leaving=0, examples=["acme/a", "acme/b"])]
    text = shown(Preview, from_percentage=5, to_percentage=10, entering=1200, leaving=0, categories=moves)
    for fact in ("5 % → 10 %", "1,200 would enter", "acme/a, acme/b and 1,198 more", "rollout.setRollout(10)"):
        assert fact in text


@pytest.mark.parametrize(("entering", "leaving", "sign"), [(3, 0, "+3"), (0, 3, "−3")])
def test_a_preview_tells_entering_from_leaving_by_its_sign(entering, leaving, sign):
    assert sign in shown(Preview, entering=entering, leaving=leaving)


def test_a_preview_of_no_move_says_so_and_offers_nothing():
    text = shown(Preview, entering=0, leaving=0)
    assert "no repositories affected" in text
    assert "rollout.setRollout" not in text


def test_a_preview_during_a_stop_says_that_traffic_stays_halted():
    assert "halted" in shown(Preview, emergency_stop=True)
    assert "halted" not in shown(Preview, emergency_stop=False)


@pytest.mark.parametrize(
    ("changes", "said", "command"),
    [
        ({"next_percentage": None}, "the last step", None),
        ({"ready": True}, "ready for 25 %", "rollout.advance()"),
        ({"ready": False}, "not ready for 25 %", None),
        ({"ready": False, "rollout_percentage": 0}, "traffic is at 0 %", "rollout.advance()"),
        ({"ready": False, "rollout_percentage": 0, "emergency_stop": True}, "not ready for 25 %", None),
    ],
)
def test_the_next_phase_is_offered_only_when_it_may_begin(changes, said, command):
    text = shown(Phases, **{"next_percentage": 25, "rollout_percentage": 10, **changes})
    assert said in text
    assert re.findall(r"rollout\.advance\(\)", text) == ([command] if command else [])


@pytest.mark.parametrize(
    ("kind", "changes", "words", "style"),
    [
        (Explanation, {"eligible": True}, "ELIGIBLE", "good"),
        (Explanation, {"eligible": False}, "NOT ELIGIBLE", "warning"),
        (HealthCheck, {"action": "rolled_back"}, "ROLLED BACK to 0 %", "bad"),
        (HealthCheck, {"action": "auto_rollback_off"}, "breach, and auto-rollback is OFF", "bad"),
        (Preview, {"emergency_stop": True}, "while the emergency stop is on", "warning"),
        (Phases, {"ready": True, "next_percentage": 25}, " ready for 25 %", "good"),
    ],
)
def test_what_counts_is_in_the_colour_of_its_weight(kind, changes, words, style):
    assert f"\x1b[{STYLES[style]}m{words}" in render(sample(kind, **changes), Screen(colour=True))


def test_each_state_of_a_phase_has_a_mark_of_its_own():
    assert len(set(STEP_MARKS.values())) == len(get_args(StepState))
