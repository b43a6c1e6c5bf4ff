"""Features at a glance, the test repositories, and where one is, as text."""

from __future__ import annotations

from typing import Any

import pytest

from rollout_console.console.reports import Place, Said
from rollout_console.render import Screen, render
from rollout_console.results import (
    Feature,
    Features,
    Health,
    HistoryEntry,
    Metrics,
    Phase4,
    Phase4Repository,
    State,
    Status,
)
from tests.support.samples import sample

PIPE = Screen()


def feature(name: str, **changes: Any) -> Feature:
    return sample(Feature, feature_name=name, **changes)


def test_each_feature_is_two_lines_with_what_is_set_in_effect_its_health_and_last_change():
    change = sample(HistoryEntry, command="setRollout", previous_percentage=10, new_percentage=25, operator="tess")
    found = sample(
        Features,
        features=[
            feature("capture", rollout_percentage=25, percentage_in_effect=25, emergency_stop=False,
                    auto_rollback_enabled=True, health=sample(Health, verdict="healthy"), last_change=change),
            feature("search", rollout_percentage=50, percentage_in_effect=0, emergency_stop=True,
                    auto_rollback_enabled=False, health=sample(Health, verdict="breach"), last_change=None),
        ],
    )  # fmt: skip
    capture, health, search, breach, last = render(found, PIPE).splitlines()
    assert capture == " capture  25 % set, 25 % in effect"
    assert health.startswith("   healthy; just now: setRollout: 10 % → 25 %, by tess@")
    assert search == " search   50 % set, 0 % in effect  STOPPED  NO AUTO-ROLLBACK"
    assert breach == "   breach; never changed"
    assert last == ' to go to one: rollout.use(feature="search")'


@pytest.mark.parametrize(("name", "held"), [("held", True), ("rolled_back", True), ("rolled_back", False)])
def test_a_feature_that_is_held_says_so(name, held):
    of_it = feature("capture", emergency_stop=False, held=held, state=sample(State, name=name))
    found = sample(Features, features=[of_it])
    assert ("  HELD" in render(found, PIPE).splitlines()[0]) is held


def test_without_features_it_says_how_to_make_one_and_with_one_there_is_none_to_go_to():
    assert "rollout-console setup" in render(sample(Features, features=[]), PIPE)
    assert "rollout.use" not in render(sample(Features, features=[feature("capture")]), PIPE)


def test_features_fit_into_80_columns_whatever_their_names():
    change = sample(HistoryEntry, command="x" * 90, operator="y" * 90)
    long = feature(
        "long_name_" * 9, rollout_percentage=100, percentage_in_effect=0, emergency_stop=True, last_change=change
    )
    found = sample(Features, features=[long])
    assert max(map(len, render(found, Screen(bars=True)).splitlines())) <= 80
    assert "long_name_" * 9 in render(found, PIPE), "cut in a pipe"


def test_test_repositories_come_with_why_and_whether_they_are_eligible():
    listed = [sample(Phase4Repository, full_name="acme/one", pinned=True, eligible=False)]
    shown = render(sample(Phase4, repositories=listed, total=40, metrics=sample(Metrics)), PIPE)
    assert "test repositories: 40, 1 shown" in shown
    assert "acme/one" in shown
    assert "not eligible  pinned" in shown
    assert "rollout.markAsTest" in render(sample(Phase4, repositories=[], total=0, metrics=sample(Metrics)), PIPE)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"read_only": True, "require_reason": True}, "READ-ONLY, asks for a reason"),
        ({"target": "staging", "place": "abc", "kind": "supabase"}, "staging (abc, Supabase project)"),
        ({"targets": ["a", "b"]}, "a, b"),
        ({"targets": []}, "none; write them into"),
    ],
)
def test_a_place_says_where_it_is_and_what_it_refuses(changes, words):
    place = {"target": "local", "place": "local", "kind": "local", "read_only": False, "require_reason": False}
    shown = render(Place(**{**place, "targets": [], "status": sample(Status), **changes}), PIPE)
    assert words in shown
    assert ("limits" in shown) is ("read_only" in changes)


def test_a_sentence_is_shown_as_it_is():
    assert render(Said("there is no cache here"), PIPE) == " there is no cache here"
