"""The facts that an operator looks for in each report, and what it says when there is nothing to report."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from rollout_console import results
from rollout_console.render import Screen, render
from rollout_console.render.criteria import criteria_table, format_target, met_mark
from tests.support.samples import sample

PIPE = Screen(width=120)


def shown(kind, **changes):
    return render(sample(kind, **changes), PIPE)


@pytest.mark.parametrize(
    ("changes", "author"),
    [
        ({"triggered_by": "auto_rollback", "operator": "tess"}, "by auto-rollback"),
        ({"outside_console": True, "database_role": "postgres"}, "outside the console, as postgres"),
        ({"outside_console": True, "database_role": None}, "outside the console, as unknown"),
        ({"operator": "tess", "host": "desk"}, "by tess@desk"),
        ({"operator": "tess", "host": None}, "by tess"),
        ({"operator": None, "triggered_by": "monitor", "host": None}, "by monitor"),
        ({"operator": None, "triggered_by": None, "host": None}, "by unknown"),
    ],
)
def test_the_history_says_who_it_was(changes, author):
    assert shown(results.History, reason=None, ended_sessions=[], **changes).endswith(author)


def test_the_history_has_what_a_reason_and_the_order_it_was_given():
    entries = [sample(results.HistoryEntry, command="resume", previous_percentage=5, new_percentage=5, reason="mended"),
               sample(results.HistoryEntry, command="setRollout", previous_percentage=5, new_percentage=10)]  # fmt: skip
    text = shown(results.History, entries=entries)
    assert text.index("resume") < text.index("mended") < text.index("setRollout: 5 % → 10 %")
    assert "5 % → 5 %" not in text


@pytest.mark.parametrize(("command", "told"), [("configure", ["   max_error_rate 5 → 4"]), ("hold", [])])
def test_the_history_says_what_a_change_has_changed_unless_its_name_does(command, told):
    changes: dict[str, Any] = {
        "before": {"max_error_rate": 5},
        "after": {"max_error_rate": 4},
        "reason": None,
        "ended_sessions": [],
        "repositories": [],
    }
    text = shown(results.History, command=command, previous_percentage=5, new_percentage=5, **changes)
    assert text.splitlines()[1:] == told


def test_a_change_of_a_list_is_told_by_names_and_until_when():
    before, after = (
        {"whitelist_until": {"1": "2026-01-01T00:00:00Z"}},
        {"whitelist_until": {"2": "2026-12-01T10:05:00Z"}},
    )
    changes: dict[str, Any] = {"before": before, "after": after, "reason": None, "ended_sessions": []}
    changes |= {"previous_percentage": 5, "new_percentage": 5}
    text = shown(results.History, command="addToWhitelist", repositories=["acme/a", "acme/b"], **changes)
    assert "addToWhitelist acme/a, acme/b until 2026-12-01 10:05" in text
    assert len(text.splitlines()) == 1
    text = shown(results.History, command="addToWhitelist", repositories=[], **changes)
    assert text.splitlines()[1:] == ["   ends on the whitelist: 1 entry added, 1 entry removed"]


def test_a_row_of_history_without_a_percentage_is_shown_without_none():
    assert "None" not in shown(results.History, previous_percentage=5, new_percentage=None)


def test_a_rollback_by_the_breaker_is_named_by_its_action_not_by_the_command_that_met_it():
    text = shown(results.History, triggered_by="auto_rollback", action="rollback", command="checkHealth")
    assert "rollback" in text
    assert "checkHealth" not in text


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (results.History, {"entries": []}, "no changes yet"),
        (results.Whitelist, {"whitelist_entries": 0}, "rollout.addToWhitelist("),
        (results.Whitelist, {"blacklist_entries": 0}, "blacklist: empty"),
        (results.Whitelist, {"blacklist": [], "search": "acme"}, "0 with 'acme'"),
        (results.Whitelist, {"full_name": None}, "gone from the host"),
        (results.Whitelist, {"category": None}, "not categorized"),
        (results.Categories, {"repositories": 0}, "rollout.categorizeAll()"),
        (results.Metrics, {"processors": []}, "no jobs in the window"),
        (results.Metrics, {"unit_cost": None}, "not set"),
        (results.Metrics, {"message": None, "kinds": []}, "no message"),
        (results.Metrics, {"repository": None, "repository_id": None, "kinds": []}, "unknown"),
        (results.Stats, {"processor_distribution": {}, "total_jobs": 0}, "0 (none)"),
        (results.Stats, {"category_order": []}, "none"),
    ],
)  # fmt: skip
def test_what_is_missing_is_said_in_words(kind, changes, words):
    text = shown(kind, **changes)
    assert words in text
    assert "None" not in text


def test_a_list_says_how_many_it_holds_and_how_to_see_more():
    whitelist = [sample(results.ListedRepository, full_name=f"acme/site-{n}") for n in range(50)]
    text = shown(results.Whitelist, whitelist=whitelist, whitelist_entries=1200, search=None)
    assert "whitelist: 1,200" in text
    assert "rollout.showWhitelist(limit=200)" in text
    assert "limit=" not in shown(
        results.Whitelist, whitelist=whitelist, whitelist_entries=50, blacklist=[], blacklist_entries=0, search=None
    )


@pytest.mark.parametrize("length", [10, 60])
def test_on_a_terminal_an_id_gives_way_to_the_name_that_is_typed_and_in_a_pipe_it_stays(length):
    name, identity = "n" * length, "1b4e28ba-2fa1-11d2-883f-0016d3cca427"
    result = sample(results.Whitelist, full_name=name, repository_id=identity)
    narrow = render(result, Screen(width=80, bars=True))
    assert f" {name} " in narrow
    assert (identity in narrow) is (length == 10)
    assert identity in render(result, Screen(width=80))
    gone = sample(results.Whitelist, full_name=None, repository_id=identity)
    assert identity in render(gone, Screen(width=60, bars=True)), "which is what is typed then"


def test_a_list_of_long_names_fits_on_a_terminal():
    text = render(sample(results.Whitelist, full_name="n" * 60, repository_id="i" * 36), Screen(width=80, bars=True))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(("width", "there"), [(100, False), (140, True)])
def test_the_limits_of_a_category_need_a_wide_screen(width, there):
    assert (
        "≤1,000 stars" in render(sample(results.Categories, max_stars=1000), Screen(width=width, bars=True))
    ) is there


def test_a_category_without_limits_has_none_and_averages_without_repositories_are_dashes():
    names = ("max_stars", "stars", "contributors", "pull_requests", "activity")
    row = shown(results.Categories, category="large", repositories=1, **dict.fromkeys(names)).splitlines()[2]
    assert "no limits" in row
    assert row.count("–") == 4


def test_pinned_repositories_are_counted_over_all_categories():
    found = [sample(results.Category, pinned=600), sample(results.Category, pinned=601)]
    assert "1,201 pinned" in shown(results.Categories, categories=found)
    assert "pinned" not in shown(results.Categories, pinned=0)


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        (results.Simulation, {"jobs": 1, "errors": 1}),
        (results.CategorizationRun, {"done": True, "processed": 1, "changed": 1}),
        (results.Stats, {"total_repositories": 1, "eligible_repositories": 1, "jobs": 0}),
    ],
)
def test_at_exactly_one_the_words_agree(kind, changes):
    assert not re.search(r"\b1 (jobs|repositories|are)\b", shown(kind, **changes))


@pytest.mark.parametrize(
    ("total", "eligible", "said"),
    [(0, 0, "0 of 0"), (100_000, 1, "(<0.01 %)"), (100_000, 99_999, "(>99.99 %)"), (8, 8, "(100 %)")],
)
def test_the_share_that_is_eligible_is_never_rounded_to_none_or_all(total, eligible, said):
    text = shown(results.Stats, total_repositories=total, eligible_repositories=eligible)
    (line,) = [line for line in text.splitlines() if line.startswith(" repositories ")]
    assert said in line
    assert ("%" in line) is (total > 0), "of nothing there is no share"


def test_a_processor_without_jobs_has_no_rates_and_no_time():
    unknown: Any = dict.fromkeys(("error_rate", "success_rate", "average_seconds", "unit_cost"))
    idle = [sample(results.ProcessorMetrics, processor="inngest", jobs=0, errors=0, **unknown)]
    row = next(
        line for line in shown(results.Metrics, processors=idle, kinds=[], jobs=0).splitlines() if "inngest" in line
    )
    assert row.count("no jobs") == 2
    assert "–" in row
    assert "0 %" not in row
    assert "0 s" not in row


@pytest.mark.parametrize(
    ("operator", "unit", "target", "upper", "said"),
    [
        ("<", "percent", 3.0, None, "< 3 %"),
        ("<=", "percent", 2.5, None, "<= 2.5 %"),
        (">", "jobs", 10.0, None, "> 10"),
        (">=", "hours", 24.0, None, ">= 24 h"),
        ("<", "seconds", 120.0, None, "< 2 min"),
        ("<", "seconds", 2.0, None, "< 2 s"),
        ("between", "seconds", 30.0, 300.0, "30–300 s"),
        ("between", "seconds", 600.0, 7200.0, "10–120 min"),
        ("between", "percent", 60.0, 85.0, "60–85 %"),
        (None, "percent", None, None, ""),
    ],
)
def test_a_target_is_in_the_unit_of_what_is_measured(operator, unit, target, upper, said):
    criterion = sample(results.Criterion, operator=operator, unit=unit, target=target, upper_target=upper)
    assert format_target(criterion) == said


@pytest.mark.parametrize("unit", get_args(results.Unit))
@pytest.mark.parametrize("operator", get_args(results.Operator))
def test_every_operator_and_unit_has_a_target_and_a_missing_figure_is_a_dash(operator, unit):
    criterion = sample(results.Criterion, operator=operator, unit=unit, actual=None, met=None)
    assert format_target(criterion)
    row = criteria_table([criterion], PIPE, "criterion").splitlines()[2]
    assert "–" in row


@pytest.mark.parametrize(("hours", "said"), [(2.0, "2 h"), (1.9, "114 min"), (0.01, "36 s")])
def test_time_held_is_in_hours_only_from_two(hours, said):
    row = criteria_table([sample(results.Criterion, unit="hours", actual=hours)], PIPE, "criterion").splitlines()[2]
    assert said in row


def test_a_note_of_a_criterion_stands_below_the_table_with_its_name():
    noted, plain = (
        sample(results.Criterion, name="cost", note="not set"),
        sample(results.Criterion, name="jobs", note=None),
    )
    assert criteria_table([noted, plain], PIPE, "criterion").splitlines()[4:] == [" cost: not set"]


def test_met_not_met_and_nothing_to_judge_differ_without_colours():
    assert len({met_mark(met, PIPE) for met in (True, False, None)}) == 3
    assert "\x1b" in met_mark(False, Screen(colour=True))
