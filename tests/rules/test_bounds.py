"""R7 to R17: what needs no rows, at its bounds: just below, at and just above."""

from __future__ import annotations

import psycopg
import pytest

from rollout_console.monitor import memory

pytestmark = pytest.mark.asked

# A configuration with nothing but a list.
ONLY = "jsonb_populate_record(null::rollout_configuration, jsonb_build_object('{}', array_fill('x'::text, '{{{}}}'::int[])))"
ASKED = [
    ("rollout.time_in_words('119 min 59 s')", "119 min"),
    ("rollout.time_in_words('2 h')", "2 h"),
    ("rollout.time_in_words('47:59')", "47 h"),
    ("rollout.time_in_words('2 days')", "2 days"),
    ("rollout.known(numeric '1e300') = 1e300", "true"),
    ("rollout.known(numeric 'Infinity')", None),
    ("rollout.known(numeric '-Infinity')", None),
    ("rollout.known(numeric 'NaN')", None),
    ("rollout.known(timestamptz '0001-01-01 23:59:59.999999+00') is null", "true"),
    ("rollout.known(timestamptz '0001-01-02 00:00+00') is null", "false"),
    ("rollout.known(timestamptz '9999-12-30 23:59:59.999999+00') is null", "false"),
    ("rollout.known(timestamptz '9999-12-31 00:00+00') is null", "true"),
    ("(rollout.read_change_window('Mon 09:00-09:15 UTC')).days", "{1}"),
    ("(rollout.read_change_window('Sat-Mon,Wed 09:00-24:00 UTC')).days", "{1,3,6,7}"),
    ("rollout.manual_cost_reduction()", "(60,85)"),
    ("rollout.percentage_in_effect(null::rollout_configuration)", "0"),
    (f"rollout.has_long_lists({ONLY.format('target_repositories', 100)})", "false"),
    (f"rollout.has_long_lists({ONLY.format('target_repositories', 101)})", "true"),
    (f"rollout.has_long_lists({ONLY.format('excluded_repositories', 100)})", "false"),
    ("rollout.with_epoch('5', 10)", "5"),
    ("rollout.with_epoch('10', 10)", "10"),
    ("rollout.with_epoch('4294967295', 4294967306)", "4294967295"),
    ("rollout.with_epoch('10', 4294967306)", "4294967306"),
    ("rollout.with_epoch('11', 10)", "11"),
    ("rollout.with_epoch('2147483657', 10)", "2147483657"),
    ("rollout.with_epoch('2147483658', 10)", "0"),
    ("rollout.with_epoch('4294967295', 10)", "0"),
    ("rollout.with_epoch('11', 4294967306)", "4294967307"),
    ("rollout.with_epoch('5', 4294967290)", "4294967301"),
    ("rollout.within_percent(0)", "0"),
    ("rollout.within_percent(100)", "100"),
]


WINDOW = """jsonb_populate_record(null::rollout_configuration, '{"monitoring_window_hours": 24,
    "restarted_at": "2026-01-01T00:01Z", "narrowed_at": "2026-01-01T00:02Z"}')"""
SLOTS = {
    "-infinity": "-infinity",
    "2026-01-01 00:00:59.999998": "2026-01-01 00:00:00",
    "2026-01-01 00:00:59.999999": "2026-01-01 00:00:59.999999",  # where late reports of before the restart are counted
    "2026-01-01 00:01:00": "2026-01-01 00:01:00",
    "2026-01-01 00:01:59.999999": "2026-01-01 00:01:00",
    "2026-01-01 00:02:00": "2026-01-01 00:02:00",
    "2026-01-01 00:04:59.999999": "2026-01-01 00:02:00",
    "2026-01-01 00:05:00": "2026-01-01 00:05:00",
}
# What others wrote: a function, its arguments, what it finds.
READ = [
    ("flag_in", ["true", "false", '"true"', "1", "null"], ["true", "false", None, None, None]),
    ("number_in", ["5", '"5"', "null"], ["5", None, None]),
    ("object_in", ["{}", "[]", '"{}"'], ["{}", None, None]),
    ("array_in", ["[]", "{}", "5"], ["[]", None, None]),
    ("text_in", ['"x"', "5", "true", "{}", "[]", "null"], ["x", "5", "true", None, None, None]),
]
DETAILS = [
    ('{"before": {}, "after": {}, "details": {}}', True),
    ('{"before": null, "after": null, "details": {}}', True),
    ('{"before": 5, "after": {}, "details": {}}', False),
    ('{"before": {}, "after": 5, "details": {}}', False),
    ('{"before": {}, "after": {}, "details": null}', False),
    ('{"before": {}, "details": {}}', False),
    ('{"after": {}, "details": {}}', False),
]


def test_r7_a_slot_begins_anew_at_a_restart_and_at_a_stop(rollout):
    asked = f"select rollout.slot_start({WINDOW}, %s::timestamp at time zone 'UTC') at time zone 'UTC'"
    assert {at: rollout.value(f"select ({asked})::text", at) for at in SLOTS} == SLOTS


def test_r10_what_is_of_another_kind_is_unknown(rollout):
    for function, values, expected in READ:
        asked = f"select (rollout.{function}(jsonb_build_object('a', %s::jsonb), 'a'))::text"
        assert [rollout.value(asked, value) for value in values] == expected, function
    assert [(m, rollout.value("select rollout.is_recorded(%s::jsonb) is true", m)) for m, _ in DETAILS] == DETAILS


def test_r8_auto_rollback_is_armed_from_1_percent_on(rollout):
    rollout.add_repositories(1)
    rollout.client.set_rollout(1)
    rollout.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    rollout.report(bad=10)
    assert rollout.client.status().rollout_percentage == 0


def test_r8_no_rate_is_above_a_threshold_of_100_percent(rollout):
    rollout.add_repositories(1)
    rollout.client.set_rollout(50)
    for threshold, left in ((100, 50), (99.99, 0)):
        rollout.client.configure(guardrail="rate", max_error_rate=threshold)
        rollout.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
        rollout.report(bad=10)
        assert rollout.client.status().rollout_percentage == left


def test_what_is_decided_at_a_bound(rollout):
    found = {asked: rollout.value(f"select ({asked})::text") for asked, _ in ASKED}
    assert found == dict(ASKED)


@pytest.mark.parametrize("rate", ["-0.01", "100.01", "'NaN'", "null"])
def test_a_rate_is_a_percentage(rollout, rate):
    with pytest.raises(psycopg.Error, match="error_rate is a percentage from 0 to 100"):
        rollout.sql(f"select rollout.within_percent({rate})")


@pytest.mark.parametrize(("seconds", "running"), [(170, 1), (180, 0)])
def test_r10_a_monitor_runs_until_it_has_missed_two_beats_and_a_minute(rollout, seconds, running):
    rollout.sql(
        "insert into rollout.monitors (id, feature_name, every_seconds, seen_at) values"
        " (gen_random_uuid(), 'hybrid_progressive_capture', 60, clock_timestamp() - make_interval(secs => %s))",
        seconds,
    )  # fmt: skip
    assert rollout.client.status().watch.monitors == running


def test_r10_a_monitor_whose_database_is_away_is_as_patient_as_the_database(rollout):
    limits = rollout.sql("select first_pause, longest_pause, patience from rollout.delivery_limits()")[0]
    assert [span.total_seconds() for span in limits] == [memory.FIRST_PAUSE, memory.LONGEST_PAUSE, memory.PATIENCE]


@pytest.mark.parametrize(("skew", "said"), [(4.9, False), (5, True), (-3600, True), (3600.1, False)])
def test_r7_a_clock_that_differs_by_5_seconds_to_an_hour_is_said(rollout, skew, said):
    rollout.sql(
        "insert into rollout.job_counts (rollout_config_id, slot_start, processor_type, shard, jobs, errors, successes,"
        " timed_jobs, processing_seconds, treated, clock_skew) select id, clock_timestamp(), 'inngest', 0, 1, 0, 1, 0, 0,"
        " true, %s from rollout_configuration",
        skew,
    )
    assert ("clock" in [warning.name for warning in rollout.client.status().warnings]) is said
