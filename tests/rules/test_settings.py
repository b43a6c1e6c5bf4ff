"""R8 and R10: settings are changed by one command, all of them or none."""

from __future__ import annotations

import pytest

from rollout_console.errors import RolloutError

LIMITS = {"max_error_rate": (0, 100), "minimum_sample": (1, 1_000_000), "monitoring_window_hours": (1, 8_760)}


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_each_setting_holds_what_its_range_allows(running, name, limits):
    for value in limits:
        change = running.client.configure(**{name: value})
        assert getattr(change.status, name) == value
    for value in (limits[0] - 1, limits[1] + 1, limits[0] + 0.001, "many", True, "5"):
        with pytest.raises(RolloutError, match=rf"{name} is a .* type for example rollout.configure\({name}="):
            running.client.configure(**{name: value})
    for value in (float("nan"), float("inf"), [5], object()):
        with pytest.raises(RolloutError, match=name):
            running.client.configure(**{name: value})
    assert getattr(running.client.status(), name) == limits[1]


def test_a_guardrail_is_one_of_three(running):
    for guardrail in ("rate", "evidence", "manual"):
        assert running.client.configure(guardrail=guardrail).status.guardrail == guardrail
    with pytest.raises(RolloutError, match=r'guardrail is one of manual, rate, evidence, not "bare"'):
        running.client.configure(guardrail="bare")


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
    assert set(settings) == {"guardrail", "follow_jobs", *LIMITS}
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
