"""R8 and R10: settings are changed by one command, all of them or none."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from psycopg.types.json import Jsonb

from rollout_console.client import SettingValues
from rollout_console.errors import RolloutError

LIMITS = {
    "max_error_rate": (0, 100),
    "minimum_sample": (1, 1_000_000),
    "monitoring_window_hours": (1, 8_760),
    "stuck_after_minutes": (1, 10_080),
    "keep_days": (1, 36_500),
    "most_jobs_of_a_row": (1, 2_147_483_647),
    "minimum_repositories": (1, 100_000),
}


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_each_setting_holds_what_its_range_allows(running, name, limits):
    for value in limits:
        running.client.configure(**{name: value})
        assert {setting.name: setting.value for setting in running.client.settings().settings}[name] == value
    for value in (limits[0] - 1, limits[1] + 1, limits[0] + 0.001, "many", True, "5"):
        with pytest.raises(RolloutError, match=rf"{name} is a .* type for example rollout.configure\({name}="):
            running.client.configure(**{name: value})
    for value in (float("nan"), float("inf"), [5], object()):
        with pytest.raises(RolloutError, match=name):
            running.client.configure(**{name: value})
    assert {setting.name: setting.value for setting in running.client.settings().settings}[name] == limits[1]


def test_a_guardrail_is_one_of_four(running):
    for guardrail in ("rate", "evidence", "compared", "manual"):
        assert running.client.configure(guardrail=guardrail).status.guardrail == guardrail
    with pytest.raises(RolloutError, match=r'guardrail is one of manual, rate, evidence, compared, not "bare"'):
        running.client.configure(guardrail="bare")


def test_who_looks_with_a_wrong_value_is_not_told_to_change(running):
    for name, look in (("guardrail", running.client.guardrail), ("backtest", running.client.backtest)):
        for wrong in ({"guardrail": "bare"}, {"max_error_rate": "manual"}):
            with pytest.raises(RolloutError, match=rf"type for example rollout\.{name}\({next(iter(wrong))}="):
                look(**wrong)


def test_a_switch_is_on_or_off(running):
    assert running.client.configure(application_check=False).status.application_check is False
    for value in (0, "off", 1.5):
        with pytest.raises(RolloutError, match="application_check is True or False"):
            running.client.configure(application_check=value)


def test_r10_several_settings_are_one_change(running):
    rows = running.history_rows()
    change = running.client.configure(
        guardrail="evidence", max_error_rate=4.25, minimum_sample=30, monitoring_window_hours=12, reason="quieter"
    )
    assert running.history_rows() == rows + 1
    assert change.change.reason == "quieter"
    assert change.change.before == {
        "guardrail": "manual", "max_error_rate": 5, "minimum_sample": 10, "monitoring_window_hours": 24,
    }  # fmt: skip
    assert change.change.after == {
        "guardrail": "evidence", "max_error_rate": 4.25, "minimum_sample": 30, "monitoring_window_hours": 12,
    }  # fmt: skip
    again = running.client.configure(guardrail="evidence", minimum_sample=30)
    assert (again.changed, running.history_rows()) == (False, rows + 1)


def test_one_wrong_setting_changes_none(running):
    rows = running.history_rows()
    with pytest.raises(RolloutError, match="minimum_sample"):
        running.client.configure(max_error_rate=4, minimum_sample=0)
    assert running.client.status().max_error_rate == 5
    assert running.history_rows() == rows


def test_an_unknown_setting_is_named(running):
    with pytest.raises(RolloutError, match=r"there is no setting 'colour'; to see all, type rollout\.configure\(\)"):
        running.client._change("rollout_configure", None, settings={"colour": 1})


def test_settings_say_what_they_do_and_who_changed_them_last(running):
    running.client.configure(max_error_rate=4, reason="first")
    running.client.configure(max_error_rate=3)
    running.client.configure(minimum_sample=20)
    running.sql("update rollout_configuration set monitoring_window_hours = 12")
    settings = {setting.name: setting for setting in running.client.settings().settings}
    assert set(settings) == set(SettingValues.__annotations__)
    rate = settings["max_error_rate"]
    assert (rate.value, rate.default, rate.unit, rate.changed.before) == (3, 5, "percent", {"max_error_rate": 4})
    assert settings["minimum_sample"].changed.operator == "tess"
    assert settings["monitoring_window_hours"].changed.outside_console
    assert settings["guardrail"].changed is None
    assert all(setting.meaning for setting in settings.values())


def test_nulls_of_the_adopted_table_are_the_defaults(running):
    running.sql("update rollout_configuration set max_error_rate = null, minimum_sample = null, guardrail = null")
    found = {setting.name: (setting.value, setting.default) for setting in running.client.settings().settings}
    assert all(value == default for value, default in found.values()), found


STRATEGIES = ("percentage", "whitelist", "repository_size")


def test_r1_a_strategy_is_one_of_three_and_says_who_enters_and_leaves(running):
    running.add_repositories(30, stars=90, prefix="acme/grown")
    running.client.categorize_all()
    running.client.add_to_whitelist(["acme/grown-1", "acme/repo-1"])
    running.client.add_to_blacklist(["acme/repo-2"])

    def eligible() -> set[str]:
        asked = "select full_name from repositories r where is_repository_eligible_for_rollout(r.id)"
        return {name for (name,) in running.sql(asked)}

    for strategy in STRATEGIES:
        before = eligible()
        change = running.client.configure(strategy=strategy)
        after = eligible()
        assert change.status.rollout_strategy == strategy
        assert (change.moves.entering, change.moves.leaving) == (len(after - before), len(before - after))
        assert (change.moves.eligible_before, change.status.eligible_repositories) == (len(before), len(after))
        again = running.client.configure(strategy=strategy)
        assert (again.changed, again.moves) == (False, None)
    before = eligible()
    undone = running.client.undo()
    moved = len(eligible() - before), len(before - eligible())
    assert (undone.moves.entering, undone.moves.leaving, undone.moves.eligible_before) == (*moved, len(before))
    assert running.client.undo().moves is not None
    assert running.differences() == {}
    for wrong in ("random", "", "Percentage", 5, True):
        with pytest.raises(RolloutError, match=r"strategy is one of repository_size, percentage, whitelist, not"):
            running.client.configure(strategy=wrong)


def test_costs_are_kept_per_processor_and_forgotten_with_none(running):
    running.sql("update rollout_configuration set metadata = '{\"theirs\": 1}'")
    assert running.client.configure(cost_per_job={"inngest": 0.012}).status.metadata == {
        "theirs": 1, "cost_per_job": {"inngest": 0.012},
    }  # fmt: skip
    both = running.client.configure(cost_per_job={"github_actions": Decimal("0.0015")})
    assert both.status.metadata["cost_per_job"] == {"inngest": 0.012, "github_actions": 0.0015}
    running.report(good=10)
    assert {p.processor: p.unit_cost for p in running.client.show_metrics().processors} == {"inngest": 0.012}
    gone = running.client.configure(cost_per_job={"inngest": None})
    assert gone.status.metadata["cost_per_job"] == {"github_actions": 0.0015}
    shown = {s.name: s for s in running.client.settings().settings}["cost_per_job"]
    assert (shown.value, shown.default, shown.changed.id) == ({"github_actions": 0.0015}, None, gone.change.id)


def test_a_cost_by_the_minute_counts_the_real_minutes(running):
    running.client.configure(cost_per_job={"inngest": 1}, cost_per_minute={"inngest": 2, "github_actions": 0.1})
    running.report(good=2)  # 30 s each
    repo = running.repository_id("acme/repo-1")
    running.sql("select record_rollout_job(%s, 'github_actions', true, 600, started_at => now())", repo)
    metrics = running.client.show_metrics()
    assert {p.processor: p.unit_cost for p in metrics.processors} == {"inngest": 2, "github_actions": 1}
    reduction = next(c for c in metrics.criteria if c.unit == "percent" and "cost" in c.name)
    assert reduction.actual == pytest.approx(100 * (1 - 5 / 6), abs=0.001), "5 instead of 3 times 2"


def test_a_cost_by_the_minute_is_unknown_where_no_time_is(running):
    running.client.configure(cost_per_minute={"inngest": 2, "github_actions": 0.1})
    running.sql("select record_rollout_job(%s, 'inngest', true)", running.repository_id("acme/repo-1"))
    metrics = running.client.show_metrics()
    assert metrics.processors[0].unit_cost is None
    notes = [c.note for c in metrics.criteria if c.note]
    assert notes == ["a cost by the minute needs jobs whose time is known"]


@pytest.mark.parametrize(("processor", "name"), [("inngest", "cost_per_job"), ("github_actions", "cost_per_minute")])
def test_a_cost_holds_what_its_range_allows(running, processor, name):
    def configure(value: Any) -> Any:
        settings: dict[str, Any] = {name: value}
        return running.client.configure(**settings)

    for value in (0, 1000, 0.00000001):
        assert configure({processor: value}).status.metadata[name][processor] == value
    wrong: list[Any] = [{processor: cost} for cost in (-0.001, 1000.001, "5", True, [5])]
    for value in (*wrong, {}, {"lambda": 1}, {processor: 1, "": 2}, 5, "free", [1], {processor: {"a": 1}}, {1: 1}):
        with pytest.raises(RolloutError, match=name):
            configure(value)
    assert running.client.status().metadata[name] == {processor: 0.00000001}


def test_rubbish_in_the_adopted_metadata_is_no_cost(running):
    beyond = ('{"inngest": -0.001}', '{"inngest": 1000.001, "github_actions": 1e300}')
    for rubbish in ("5", '"free"', '{"inngest": "cheap", "lambda": 1}', "null", "[1]", *beyond):
        running.sql(f"update rollout_configuration set metadata = '{{\"cost_per_job\": {rubbish}}}'")
        shown = {s.name: s.value for s in running.client.settings().settings}
        assert shown["cost_per_job"] is None
    running.client.configure(cost_per_job={"inngest": 1})
    assert running.client.status().metadata["cost_per_job"] == {"inngest": 1}


@pytest.mark.asked
def test_r2_what_a_rollout_must_meet_is_a_setting_and_shown_where_it_is_not_the_manuals(running):
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.report(good=9, bad=1)
    assert [c.note for c in running.client.stats().criteria][:4] == [None] * 4
    wanted = {"success_rate": 85, "advance_error_rate": 12.5, "advance_jobs": 20, "inngest_seconds": 25}
    assert running.client.configure(criteria=wanted).status.metadata["criteria"] == wanted
    by_name = {c.name: c for c in running.client.stats().criteria}
    success, inngest = by_name["success rate"], by_name["Inngest processing time"]
    assert (success.target, success.met, success.note) == (85, True, "the manual says 95")
    assert (inngest.target, inngest.met, inngest.note) == (25, False, "the manual says 120 s")
    gates = {gate.name: gate for gate in running.client.plan().gates}
    assert (gates["error rate"].open, gates["jobs"].open) == (True, False)
    gone = running.client.configure(criteria=dict.fromkeys(wanted))
    assert gone.status.metadata["criteria"] == {}
    assert {c.name: c.target for c in running.client.stats().criteria}["Inngest processing time"] == 120
    for wrong, named in (
        ({}, "{}"),
        ({"colour": 1}, "colour; type"),
        ({"success_rate": 101}, "success_rate: 101 (from 0 to 100)"),
        ({"inngest_seconds": "1"}, "inngest_seconds"),
        (5, ""),
        ([1], ""),
    ):
        with pytest.raises(RolloutError, match=rf"criteria.*not {re.escape(named)}|criteria can't be"):
            running.client.configure(criteria=wrong)
    running.sql("""update rollout_configuration set metadata = '{"criteria": {"inngest_seconds": 1e300}}'""")
    assert {c.name: c.target for c in running.client.stats().criteria}["Inngest processing time"] == 120


CRITERIA = {
    "success_rate": (0, 100, 95),
    "advance_error_rate": (0, 100, 3),
    "advance_jobs": (1, 1_000_000, 10),
    "inngest_seconds": (1, 604_800, 120),
    "github_actions_seconds": (1, 604_800, 7200),
}


@pytest.mark.asked
@pytest.mark.parametrize(("name", "limits"), CRITERIA.items())
def test_r2_a_criterion_that_can_be_none_is_refused_and_the_manuals_whoever_writes_it(running, name, limits):
    lowest, highest, manual = limits
    shown = {
        "success_rate": ("success rate", "target"),
        "advance_error_rate": ("error rate", "target"),
        "advance_jobs": ("jobs", "target"),
        "inngest_seconds": ("Inngest processing time", "target"),
        "github_actions_seconds": ("GitHub Actions processing time", "upper_target"),
    }

    def target():
        criteria = running.client.stats().criteria if "seconds" in name else running.client.phases().criteria
        return next(getattr(c, shown[name][1]) for c in criteria if c.name == shown[name][0])

    for value, expected in ((lowest - 1, manual), (lowest, lowest), (highest, highest), (highest + 1, manual)):
        running.sql("update rollout_configuration set metadata = %s", f'{{"criteria": {{"{name}": {value}}}}}')
        assert target() == expected
        if value == expected:
            running.client.configure(criteria={name: value})
        else:
            with pytest.raises(RolloutError, match=f"{name}: {value}"):
                running.client.configure(criteria={name: value})


@pytest.mark.asked
@pytest.mark.parametrize("name", ["ignored_errors", "ignored_job_types"])
def test_a_list_is_of_at_most_50_texts_of_1_to_160_characters(running, name):
    fifty = ["x" * n for n in range(1, 51)]
    for value in ([], ["x"], ["x" * 160], fifty):
        running.sql("select rollout_configure(%s)", Jsonb({name: value}))
        assert {setting.name: setting.value for setting in running.client.settings().settings}[name] == value
    wrong: list[Any] = [[""], ["x" * 161], ["x", ""], ["x", "y" * 161], [*fifty, "x"], [5], ["x", None], "x", {}]
    for value in wrong:
        with pytest.raises(psycopg.Error, match=f"{name} is a list of at most 50 texts of 1 to 160 characters, not"):
            running.sql("select rollout_configure(%s)", Jsonb({name: value}))


@pytest.mark.asked
def test_what_the_cost_reduction_waits_for(running):
    def note():
        return running.client.stats().criteria[-1].note

    assert note() == "unit costs not set; see rollout.configure()"
    running.client.configure(cost_per_job={"inngest": 1})
    assert note() == "unit costs not set; see rollout.configure()"
    running.client.configure(cost_per_minute={"github_actions": 1})
    assert note() == "a cost by the minute needs jobs whose time is known"
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    running.sql("select record_rollout_job(null, 'github_actions', true, 30)")
    assert (note(), running.client.stats().criteria[-1].actual) == (None, 50)
