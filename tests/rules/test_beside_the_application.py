"""Beside the web application and its browser console, which are played by their own statements: nothing of ours is
counted twice, overwritten, undone or told twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

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
