"""Beside the web application and its browser console, which are played by their own statements: nothing of ours is
counted twice, overwritten, undone or told twice."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from psycopg.types.json import Jsonb

from tests.support.application import Application, BrowserConsole
from tests.support.application_of_2026 import BrowserConsoleOf2026
from tests.support.channels import ApiChannel, Channel, SqlChannel


@pytest.fixture
def channel(running, request) -> Channel:
    """How the application reaches the database: in SQL, or through the API where the console does."""
    if running.kind == "supabase":
        return ApiChannel(request.getfixturevalue("api")[0], "service_role")
    return SqlChannel(running.url, "service_role")


@pytest.fixture
def application(channel) -> Application:
    return Application(channel)


@pytest.fixture(params=[BrowserConsole, BrowserConsoleOf2026])
def browser(channel, request) -> BrowserConsole:
    """Its browser console as it was in 2025, and as it is."""
    console: BrowserConsole = request.param(channel)
    return console


def report(running, repository, *, success, **more):
    running.sql("select record_rollout_job(%s, 'github_actions', %s, started_at => now())", repository, success, **more)


def names(running):
    return [warning.name for warning in running.client.status().warnings]


# Counted twice


def test_r7_a_job_that_is_queued_and_then_reported_is_warned_about(running, application):
    repo = running.repository_id("acme/repo-1")
    application.record_metrics(repo, success=True, processor="github_actions")
    assert names(running) == []
    report(running, repo, success=True)
    warning = running.client.status().warnings[0]
    assert (warning.name, warning.command) == ("counted_twice", 'rollout.configure(judged_reports="outcomes")')
    assert running.client.status().health.jobs == 2


def test_r7_with_outcomes_judged_a_job_counts_once(running, application):
    running.client.configure(judged_reports="outcomes")
    running.client.disable_auto_rollback()
    repo = running.repository_id("acme/repo-1")
    for number in range(40):
        application.record_metrics(repo, success=True, processor="github_actions")
        report(running, repo, success=number % 4 > 0)
    status = running.client.status()
    assert (status.health.jobs, status.health.errors, status.health.error_rate) == (40, 10, 25)
    assert status.judged_reports == "outcomes"
    assert names(running) == []
    assert running.value("select count(*) from rollout_metrics where queued") == 40, "kept, and not judged"
    assert running.differences() == {}


def test_r7_a_failure_to_queue_is_judged_all_the_same(running, application):
    running.client.configure(judged_reports="outcomes")
    running.client.disable_auto_rollback()
    repo = running.repository_id("acme/repo-1")
    application.record_metrics(repo, success=False, processor="github_actions", error="no queue")
    health = running.client.status().health
    assert (health.jobs, health.errors) == (1, 1)
    assert running.differences() == {}


def test_r18_a_queued_job_after_a_stop_is_a_leak_whatever_is_judged(running, application):
    running.client.configure(judged_reports="outcomes")
    running.client.emergency_stop("errors")
    application.record_metrics(running.repository_id("acme/repo-1"), success=True, processor="github_actions")
    assert running.client.status().stop_effect.leaks == 1


# Overwritten


def test_its_query_does_not_find_a_row_of_ours(running, application):
    repo = running.repository_id("acme/repo-1")
    report(running, repo, success=False)
    assert application.find_metrics(application.configuration(), repo, "github_actions") is None


def test_reports_of_both_at_once_lose_nothing(running, application, request):
    running.client.disable_auto_rollback()
    each = 1250 if request.config.getoption("long") else 25

    def work(repo: str, ours: bool) -> None:
        for number in range(each):
            if ours:
                report(running, repo, success=number % 2 > 0)
            else:
                application.record_metrics(repo, success=number % 2 > 0, processor="github_actions")

    # Two of them on each repository, one of each kind: the application races itself for rows of its own.
    threads = [
        threading.Thread(target=work, args=(running.repository_id(f"acme/repo-{n}"), ours))
        for n in range(1, 5)
        for ours in (True, False)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert application.logged == []
    failing = 4 * ((each + 1) // 2) * 2
    assert running.sql("select sum(total_jobs), sum(error_count) from rollout_metrics") == [(8 * each, failing)]
    health = running.client.status().health
    assert (health.jobs, health.errors) == (8 * each, failing)
    assert running.differences() == {}


def test_a_stale_count_written_over_a_row_of_ours_takes_nothing_away_and_is_noticed(running):
    running.client.disable_auto_rollback()
    running.report(good=5, bad=5)
    running.sql("update rollout_metrics set success_count = 1, error_count = 1, total_jobs = 2")
    health = running.client.status().health
    assert (health.jobs, health.errors) == (10, 5)
    assert running.differences() == {"jobs per processor and arm": 1}


# Its own check


def test_its_check_is_told_of_and_can_be_silenced_by_one_command(running, application):
    repo = running.repository_id("acme/repo-1")
    for success in [True] * 8 + [False] * 4:
        application.record_metrics(repo, success=success, processor="github_actions")
    running.client.set_rollout(0)
    running.client.set_rollout(5, "recovered")
    assert application.check_and_trigger_rollback(), "it counts errors from before the restart"
    status = running.client.status()
    assert status.rollout_percentage == 0
    assert [(w.name, w.command) for w in status.warnings] == [
        ("application_check", "rollout.configure(application_check=False)")
    ]

    running.client.configure(application_check=False)
    running.client.set_rollout(5, "recovered")
    assert not application.check_and_trigger_rollback()
    status = running.client.status()
    assert (status.rollout_percentage, status.auto_rollback_enabled, status.warnings) == (5, True, [])
    running.report(good=6, bad=4)
    assert running.client.status().rollout_percentage == 0, "ours stays on"


def test_r8_while_its_check_is_silenced_the_switch_is_ours(running, browser):
    running.client.configure(application_check=False)
    running.client.disable_auto_rollback()
    assert running.client.status().auto_rollback_enabled is False
    browser.set_auto_rollback(True)
    assert running.client.status().auto_rollback_enabled is True
    assert running.value("select auto_rollback_enabled from rollout_configuration") is False, "its check stays silent"
    running.client.configure(application_check=True)
    assert running.value("select auto_rollback_enabled from rollout_configuration") is True


def test_r5_a_stop_keeps_its_percentage_whatever_the_application_writes(running, application):
    repo = running.repository_id("acme/repo-1")
    running.client.configure(max_error_rate=100)
    for success in [True] * 8 + [False] * 4:
        application.record_metrics(repo, success=success, processor="github_actions")
    running.sql("update rollout_configuration set max_error_rate = 5")
    running.client.emergency_stop("errors")
    stopped = running.client.status().last_change
    assert application.check_and_trigger_rollback()
    assert [event.type for event in running.client.timeline("1h").events if event.type == "trip"] == []
    assert running.client.history(1).entries == [stopped], "its row changed nothing, and is no change"
    assert names(running) == []
    assert running.client.resume().status.rollout_percentage == 50


def test_rows_of_its_check_that_change_nothing_are_no_change(running, application):
    repo = running.repository_id("acme/repo-1")
    running.client.configure(max_error_rate=100)
    for success in [True] * 8 + [False] * 4:
        application.record_metrics(repo, success=success, processor="github_actions")
    running.client.rollback_to_zero("by hand")
    running.sql("update rollout_configuration set max_error_rate = 5")
    last = running.client.status().last_change
    for _ in range(3):
        application.check_and_trigger_rollback()
    assert running.client.status().last_change == last
    assert [entry.command for entry in running.client.history(2).entries] == [None, "rollbackToZero"]
    assert running.client.history(1).entries[0].after == {"max_error_rate": 5}
    assert running.value("select count(*) from rollout_history where reason like 'error rate%%'") == 3, "they stay"
    assert running.differences() == {}


# The browser console


def test_r5_a_stop_in_the_browser_gives_its_reason_and_leaves_verify_content(running, browser):
    browser.emergency_stop("queue is on fire")
    status = running.client.status()
    assert (status.emergency_stop, status.emergency_stop_reason) == (True, "queue is on fire")
    assert running.client.explain("acme/repo-1").emergency_stop_reason == "queue is on fire"
    assert running.differences() == {}
    assert running.client.resume().status.rollout_percentage == 50


def test_r10_a_change_in_the_browser_is_told_once_in_its_words(running, browser):
    before = len(running.client.history(1000).entries)
    browser.set_rollout(25)
    browser.emergency_stop("queue is on fire")
    browser.resume()
    browser.set_auto_rollback(False)
    browser.set_auto_rollback(True)
    told = running.client.history(1000).entries
    assert len(told) == before + 5
    assert all(entry.outside_console for entry in told[:5])
    assert [entry.reason for entry in told[3:5]] == ["queue is on fire", "Manual update to 25%"]


def test_changes_in_the_browser_say_what_they_changed(running, browser):
    from rollout_console.render.history import change_summary

    browser.emergency_stop("queue is on fire")
    browser.resume()
    browser.set_auto_rollback(False)
    browser.set_auto_rollback(True)
    told = [change_summary(entry) for entry in running.client.history(4).entries]
    assert told == [
        "updated: auto rollback enabled off → on",
        "updated: auto rollback enabled on → off",
        "updated: emergency stop on → off",
        "emergency_stop: emergency stop off → on",
    ]


def test_a_list_that_the_browser_overwrites_is_noticed_and_can_be_put_back(running, browser):
    read = browser.read_whitelist()
    running.client.add_to_whitelist("acme/repo-7", "needed")
    browser.write_whitelist(read, [running.repository_id("acme/repo-9")])
    warning = running.client.status().warnings[0]
    assert warning.name == "whitelist_overwritten"
    assert "acme/repo-7" in warning.message
    assert warning.command == 'rollout.addToWhitelist(["acme/repo-7"])'
    running.client.add_to_whitelist(["acme/repo-7"])
    assert running.client.status().warnings == []
    assert {r.full_name for r in running.client.show_whitelist().whitelist} == {"acme/repo-7", "acme/repo-9"}


def test_a_note_ends_the_warning_of_an_overwritten_list(running, browser):
    read = browser.read_whitelist()
    running.client.add_to_whitelist("acme/repo-7")
    browser.write_whitelist(read, [running.repository_id("acme/repo-9")])
    assert names(running) == ["whitelist_overwritten"]
    running.client.note("repo-7 may stay off")
    assert names(running) == []


# Clocks


def test_r7_the_databases_clock_decides_and_the_difference_is_shown(running, channel):
    behind = Application(channel, clock=timedelta(seconds=-120))
    running.client.set_rollout(0)
    running.client.set_rollout(50)
    repo = running.repository_id("acme/repo-1")
    for success in [True] * 6 + [False] * 4:
        behind.record_metrics(repo, success=success, processor="github_actions")
    status = running.client.status()
    assert status.rollout_percentage == 0, "failures after the restart count, whatever their clock says"
    assert "clock" in names(running)
    assert "120 s behind" in next(w.message for w in status.warnings if w.name == "clock")
    assert running.differences() == {}


# What a row of its own means


@pytest.mark.asked
def test_r7_what_a_row_of_the_application_counts(rollout):
    """Jobs, errors, successes, how many of them were timed, and their seconds: its average of 0 is unknown."""
    for row, counted in (
        ({}, (0, 0, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2}, (5, 2, 3, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2, "average_processing_time": 0.5}, (5, 2, 3, 5, 2.5)),
        ({"total_jobs": 5, "success_count": 5, "average_processing_time": 0}, (5, 0, 5, 0, 0)),
        ({"success_count": 1, "error_count": 1}, (2, 1, 1, 0, 0)),
        ({"total_jobs": 9, "error_count": 1}, (9, 1, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 3, "error_count": 2, "queued": True}, (2, 2, 0, 0, 0)),
        ({"total_jobs": 5, "success_count": 5, "timed_jobs": 2, "processing_seconds": 7, "average_processing_time": 9},
         (5, 0, 5, 2, 7)),
        ({"total_jobs": 5, "success_count": 5, "timed_jobs": 2, "average_processing_time": 9}, (5, 0, 5, 2, 0)),
    ):  # fmt: skip
        assert rollout.sql(
            "select t.jobs, t.errors, t.successes, t.timed, t.seconds from"
            " rollout.metrics_tally(jsonb_populate_record(null::rollout_metrics, %s)) t",
            Jsonb({"processor_type": "inngest", "treated": True, **row}),
        ) == [counted], row  # fmt: skip


@pytest.mark.asked
def test_r7_counts_that_no_job_can_have(rollout):
    for row, is_odd in (
        ({}, False),
        *(({count: number}, number < 0) for number in (-1, 0)
          for count in ("total_jobs", "success_count", "error_count", "timed_jobs")),
        ({"total_jobs": 0, "error_count": 1}, False),  # of a row whose jobs nobody counts
        ({"total_jobs": 1, "error_count": 1}, False),
        ({"total_jobs": 1, "error_count": 2}, True),
        ({"total_jobs": 1000}, False), ({"total_jobs": 1001}, True),
        ({"success_count": 900, "error_count": 100}, False), ({"success_count": 900, "error_count": 101}, True),
        ({"total_jobs": 2, "success_count": 900, "error_count": 2}, False),
    ):  # fmt: skip
        assert rollout.value(
            "select rollout.is_odd(jsonb_populate_record(c, '{\"most_jobs_of_a_row\": 1000}'),"
            " jsonb_populate_record(null::rollout_metrics, %s)) from rollout_configuration c",
            Jsonb(row),
        ) is is_odd, row  # fmt: skip


@pytest.mark.asked
@pytest.mark.parametrize("lowered", ["restarted_at", "narrowed_at"])
def test_r7_a_report_counts_for_the_present_or_for_just_before_what_its_job_began_before(rollout, lowered):
    """In microseconds after the present."""
    for moment, began, counted in (
        (None, None, 0), (None, -9, 0), (-5, None, 0), (-5, -6, -6), (-5, -5, 0), (-5, -4, 0),
        (0, -1, -1), (0, 0, 0), (1, -9, 1), (1, None, 1),
    ):  # fmt: skip
        assert rollout.value(
            f"select extract(epoch from rollout.counted_at(k, now() + %s * u, now()) - now()) * 1000000"
            f" from rollout_configuration c, (select interval '1 us' as u) u cross join lateral"
            f" (select (jsonb_populate_record(c, jsonb_build_object('restarted_at', null, 'narrowed_at', null) ||"
            f"   jsonb_build_object('{lowered}', now() + %s * u))).*) k",
            began, moment,
        ) == counted, (moment, began)  # fmt: skip


@pytest.mark.asked
def test_r9_entries_that_a_write_of_the_browser_console_dropped_unseen(rollout):
    """It adds or removes one entry of the list that it has read."""
    for was, became, dropped in (
        (["a", "b"], ["a", "b"], []), (["a", "b"], ["a"], []), (["a", "b"], ["a", "b", "c"], []),
        (["a", "b"], [], ["a", "b"]), (["a", "b"], ["a", "c"], ["b"]), (["a", "b"], ["c"], ["a", "b"]), ([], ["a"], []),
    ):  # fmt: skip
        found = rollout.value("select rollout.overwritten(%s::text[], %s::text[])", was, became)
        assert sorted(found) == dropped, (was, became)


@pytest.mark.asked
def test_r10_which_row_of_the_browser_console_stands_beside_one_of_our_trigger(rollout):
    """So long after it, of which percentage and action; the trigger's own row is of 25 %."""
    rollout.sql("select rollout_create(feature_name => 'another_feature')")

    def add(feature, moment, percentage, action, **metadata):
        return rollout.value(
            "insert into rollout_history (rollout_config_id, action, new_percentage, triggered_by, metadata, created_at)"
            " select id, %s, %s, 'manual', %s, %s from rollout_configuration where feature_name = %s returning id",
            action, percentage, Jsonb(metadata), moment, feature,
        )  # fmt: skip

    ours, other = rollout.client.feature, "another_feature"
    recorded: dict[str, Any] = {"before": {}, "after": {}, "details": {}}
    moment = rollout.value("select now() + interval '1 hour'")
    for feature, outside, later, percentage, action, is_echo in (
        (ours, True, "0", 25, "updated", True), (ours, True, "10 s", 25, "updated", True),
        (ours, True, "10 s 1 us", 25, "updated", False), (ours, True, "-1 us", 25, "updated", False),
        (ours, True, "1 s", 30, "updated", False), (ours, True, "1 s", None, "updated", True),
        (ours, True, "1 s", 30, "emergency_stop", True), (ours, False, "1 s", 25, "updated", False),
        (other, True, "1 s", 25, "updated", False),
    ):  # fmt: skip
        moment += timedelta(hours=1)
        by_trigger = add(feature, moment, 25, "updated", **recorded, outside_console=outside)
        written = add(ours, rollout.value("select %s + %s::interval", moment, later), percentage, action)
        found = rollout.sql(
            "select rollout.is_told(w), (rollout.trigger_row_of(w)).id, (rollout.application_row_of(t)).id"
            " from rollout_history w, rollout_history t where w.id = %s and t.id = %s",
            written, by_trigger,
        )[0]  # fmt: skip
        assert found == ((False, by_trigger, written) if is_echo else (True, None, None)), (later, percentage, action)


@pytest.mark.asked
def test_r10_outside_of_the_console_is_what_our_trigger_marked_so(rollout):
    client = rollout.client
    client.set_rollout(10)
    assert not client.history(1).entries[0].outside_console
    rollout.sql("update rollout_configuration set rollout_percentage = 20")
    assert client.history(1).entries[0].outside_console
    rollout.sql(
        "insert into rollout_history (rollout_config_id, action, new_percentage, metadata, created_at)"
        " select id, 'updated', 30, '{\"outside_console\": true}', now() + interval '1 hour' from rollout_configuration"
    )
    assert not client.history(1).entries[0].outside_console, "nor is what others mark"


@pytest.mark.asked
def test_r10_rows_of_the_applications_check_are_not_told_and_those_of_others_are(rollout):
    for triggered_by, previous, percentage, is_told in (
        ("auto_rollback", 0, 0, False), ("auto_rollback", 50, 0, False), ("manual", 0, 0, True), ("manual", 50, 0, True),
    ):  # fmt: skip
        assert rollout.value(
            "with h as (insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage,"
            "  triggered_by) select id, 'rollback', %s, %s, %s from rollout_configuration returning rollout_history)"
            " select rollout.is_told(h.rollout_history) from h",
            previous, percentage, triggered_by,
        ) is is_told, (triggered_by, previous)  # fmt: skip
    for by, was, became, changes_nothing in (
        ("auto_rollback", 0, 0, True), ("auto_rollback", 50, 0, False), ("manual", 0, 0, False),
        ("auto_rollback", None, 0, False),
    ):  # fmt: skip
        row = {"triggered_by": by, "previous_percentage": was, "new_percentage": became}
        for metadata, is_theirs in ((None, True), ({"before": {}, "after": {}, "details": {}}, False)):
            assert rollout.value(
                "select rollout.changes_nothing(jsonb_populate_record(null::rollout_history, %s))",
                Jsonb({**row, "metadata": metadata}),
            ) is (changes_nothing and is_theirs), (row, metadata)  # fmt: skip
