"""R8: recorded jobs, judged by other settings."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console.errors import RolloutError
from rollout_console.render import Screen, render
from rollout_console.render.formatting import format_time
from tests.support.evidence import count, treatment
from tests.support.jobs import add_jobs


def test_other_settings_would_have_missed_what_the_breaker_did(running):
    running.client.configure(guardrail="rate")
    running.report(good=19, bad=2)
    assert running.client.status().rollout_percentage == 0
    same = running.client.backtest()
    assert [(t.jobs, t.errors, t.judged_at, t.acted) for t in same.trips] == [(21, 2, "report", True)]
    assert same.missed == []
    quieter = running.client.backtest("evidence")
    assert quieter.trips == []
    assert [(m.jobs, m.errors) for m in quieter.missed] == [(21, 2)]
    assert running.client.backtest("manual").trips[0].judged_at == "check"
    assert running.client.backtest(minimum_sample=100).trips == []


def test_stricter_settings_would_have_acted(running):
    running.report(good=60, bad=2)
    assert running.client.backtest().trips == []
    stricter = running.client.backtest("rate", max_error_rate=2)
    assert [(t.jobs, t.errors, t.acted) for t in stricter.trips] == [(62, 2, False)]


def test_r7_no_window_looks_past_a_restart(running):
    running.client.disable_auto_rollback()
    running.report(good=5, bad=4)
    running.client.emergency_stop("errors")
    running.client.resume()
    running.report(good=5, bad=4)
    assert running.client.backtest("rate").trips == [], "nine jobs twice are never ten"
    running.report(good=1)
    assert len(running.client.backtest("rate").trips) == 1


def test_r7_a_failure_reported_after_the_restart_that_it_began_before_is_judged_of_no_run(running):
    running.client.disable_auto_rollback()
    running.report(good=26)
    for _ in range(2):
        running.client.rollback_to_zero()
        running.client.set_rollout(5)
    running.report(bad=20, began=timedelta(minutes=1))
    found = running.client.backtest()
    assert (found.trips, found.jobs) == ([], 46), "counted, and judged by nothing"
    running.report(good=5, bad=9)
    assert [(t.jobs, t.errors) for t in running.client.backtest().trips] == [(14, 9)]


def test_a_trip_is_dated_by_the_row_of_the_breaker_or_at_the_end_of_its_slot(running):
    running.report(good=6, bad=6)
    (trip,) = running.client.backtest().trips
    (tripped,) = running.client.history(1).entries
    assert (trip.at, trip.is_exact) == (tripped.at, True)
    running.client.disable_auto_rollback()
    running.client.set_rollout(50)
    before = running.value("select clock_timestamp()")
    running.report(good=6, bad=6)
    found = running.client.backtest()
    assert before <= found.trips[1].at <= running.value("select clock_timestamp()"), "its slot has not ended yet"
    assert f"by {format_time(found.trips[1].at)}  rolled back at a report" in render(found, Screen())
    running.client.emergency_stop()
    running.client.resume()
    again = running.client.backtest().trips[1]
    assert before <= again.at <= running.client.status().health.window_start, "it ended at the restart"
    assert not again.is_exact


def test_its_range_is_said(running):
    with pytest.raises(RolloutError, match="days is a whole number from 1 to 365"):
        running.client.backtest(days=0)
    with pytest.raises(RolloutError, match="guardrail is one of"):
        running.client.backtest("none")


def test_what_the_breaker_did_is_known_of_each_run_by_itself(running):
    running.client.configure(guardrail="rate")
    running.report(good=19, bad=2)
    running.client.disable_auto_rollback()
    running.client.set_rollout(50)
    running.report(good=17, bad=3)
    found = running.client.backtest()
    assert [(t.jobs, t.errors, t.acted) for t in found.trips] == [(21, 2, True), (20, 3, False)]
    assert found.trips[0].evidence == float(running.value("select round(rollout.evidence(2, 21, 5), 4)"))


def test_what_was_held_was_done(running):
    running.client.configure(on_breach="hold")
    running.report(good=6, bad=6)
    assert running.client.status().held_by == "auto-rollback"
    found = running.client.backtest()
    assert ([t.acted for t in found.trips], found.missed) == ([True], [])
    assert "  held at a report: 50 % (6 of 12 jobs); as the breaker did" in render(found, Screen())


def test_each_step_back_begins_a_run(running):
    running.client.configure(on_breach="step_back")
    for percentage in (25, 10):
        running.report(good=6, bad=4)
        assert running.client.status().rollout_percentage == percentage
    assert [t.acted for t in running.client.backtest().trips] == [True, True]


def test_a_rollback_on_a_warning_is_not_missed_since_no_backtest_judges_warnings(running):
    running.client.configure(act_on_warnings=True)
    add_jobs(running, 101)
    assert running.client.check_health().status.rollout_percentage == 0
    found = running.client.backtest()
    assert (found.trips, found.missed) == ([], [])


@pytest.mark.asked
def test_r8_a_replayed_window_is_288_slots(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    begins = "date_bin('5 min', now(), 'epoch')"
    for ago, jobs, errors in (("24 hours", 5, 5), ("0", 10, 0)):
        running.sql(
            f"insert into rollout.job_deltas select id, {begins} - %s::interval, 'inngest', true, %s, %s, %s, 0, 0, 0, null,"
            " 0, null from rollout_configuration", ago, jobs, errors, jobs - errors,
        )  # fmt: skip
    assert running.client.backtest("rate").trips == [], "what is 24 h old is out of the window"
    running.sql(f"update rollout.job_deltas set slot_start = slot_start + interval '5 min' where slot_start < {begins}")
    assert [(t.jobs, t.errors) for t in running.client.backtest("rate").trips] == [(15, 5)]


@pytest.mark.asked
def test_r8_a_regression_after_good_days_is_replayed(running):
    running.client.disable_auto_rollback()
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    for hour in range(48, 2, -1):
        count(running, timedelta(hours=hour), 40)
    count(running, timedelta(minutes=10), 10, 6)
    trips = running.client.backtest("evidence").trips
    assert [(t.jobs, t.errors, t.judged_at, t.held) for t in trips] == [(10, 6, "report", False)]
    assert trips[0].evidence >= 5760
    assert treatment(running)[3] == pytest.approx(trips[0].evidence, rel=1e-4), "as it is judged live"
