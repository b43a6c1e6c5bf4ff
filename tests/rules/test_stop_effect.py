"""R18: jobs that still begin in the rollout after a stop or a lowering are counted and shown."""

from __future__ import annotations

from datetime import timedelta

import pytest

pytestmark = pytest.mark.asked

APPLICATION = (
    "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
    " total_jobs, average_processing_time, metrics_window_start, metrics_window_end)"
    " select id, %s, %s, 1, 0, 1, 0, now() - interval '24 hours', now() from rollout_configuration"
)


def effect(rollout):
    found = rollout.client.status().stop_effect
    return found and (found.jobs, found.leaks)


def test_r18_before_a_stop_there_is_nothing_to_say(running):
    running.report(good=3)
    assert effect(running) is None


@pytest.mark.commits
def test_r18_after_a_stop_what_begins_in_the_rollout_is_a_leak(running):
    running.report(good=3)
    running.client.emergency_stop("errors")
    assert effect(running) == (0, 0)
    running.report(good=2, treated=False)
    assert effect(running) == (2, 0)
    running.report(good=3)
    found = running.client.check_health().status.stop_effect
    assert (found.jobs, found.leaks) == (5, 3)
    assert found.last_leak_at is not None
    assert running.differences() == {}


def test_r18_jobs_that_were_in_flight_are_none(running):
    running.client.emergency_stop("errors")
    running.report(good=3, began=timedelta(minutes=10))
    assert effect(running) == (0, 0)


def test_r18_a_job_of_unknown_start_is_no_leak(running):
    running.client.emergency_stop("errors")
    running.sql("select record_rollout_job(%s, 'github_actions', true)", running.repository_id("acme/repo-1"))
    assert effect(running) == (1, 0)


@pytest.mark.commits
def test_r18_the_applications_rows_begin_as_they_are_written(running):
    running.client.emergency_stop("errors")
    running.sql(APPLICATION, running.repository_id("acme/repo-2"), "inngest")
    running.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, total_jobs)"
        " select id, %s, 'github_actions', 0 from rollout_configuration", running.repository_id("acme/repo-1"),
    )  # fmt: skip
    assert (effect(running), running.client.status().stop_effect.last_leak_at) == ((1, 0), None)
    running.sql(APPLICATION, running.repository_id("acme/repo-1"), "github_actions")
    assert effect(running) == (2, 1)
    assert running.client.status().stop_effect.last_leak_at is not None
    for written, found in (
        ("success_count = 2, total_jobs = 2", (3, 2)),
        ("success_count = 1, error_count = 1", (3, 2)),
    ):
        running.sql(f"update rollout_metrics set {written} where processor_type = 'github_actions' and total_jobs > 0")
        assert effect(running) == found


@pytest.mark.commits
def test_r18_after_a_lowering_only_repositories_that_are_out_leak(running):
    inside = next(f"acme/repo-{n}" for n in range(1, 21) if running.is_eligible(f"acme/repo-{n}"))
    running.client.add_to_whitelist(inside)
    running.client.set_rollout(0)
    running.report(good=2, name=inside)
    assert effect(running) == (2, 0)
    outside = next(f"acme/repo-{n}" for n in range(1, 21) if f"acme/repo-{n}" != inside)
    running.report(good=1, name=outside)
    assert effect(running) == (3, 1)


def test_r18_raising_again_ends_it(running):
    running.client.emergency_stop("errors")
    running.report(good=3)
    running.client.resume()
    assert effect(running) is None


@pytest.mark.commits
def test_r18_a_stop_past_our_functions_counts_as_well(running):
    running.sql("update rollout_configuration set emergency_stop = true")
    running.report(good=1)
    assert effect(running) == (1, 1)


def test_r18_what_begins_at_the_very_moment_of_the_stop_is_a_leak_and_what_began_just_before_is_none(running):
    running.client.emergency_stop("errors")
    for earlier, found in ((1, (0, 0)), (0, (1, 1))):
        running.sql(
            "select record_rollout_job(%s, 'github_actions', true, started_at => narrowed_at - %s * interval '1 us',"
            " treated => true) from rollout_configuration",
            running.repository_id("acme/repo-1"), earlier,
        )  # fmt: skip
        assert effect(running) == found


def test_r7_what_began_at_the_very_restart_counts_and_what_began_just_before_does_not(running):
    for earlier, jobs in ((1, 0), (0, 1)):
        running.sql(
            "select record_rollout_job(%s, 'github_actions', true, started_at => restarted_at - %s * interval '1 us',"
            " treated => true) from rollout_configuration",
            running.repository_id("acme/repo-1"), earlier,
        )  # fmt: skip
        assert running.client.status().health.jobs == jobs


@pytest.mark.commits
def test_r7_a_restart_or_stop_that_lies_ahead_of_the_clock_blinds_nobody(running):
    running.sql("update rollout_configuration set restarted_at = now() + interval '1 hour'")
    running.report(good=1, began=timedelta(minutes=5))
    assert running.client.status().health.jobs == 1
    running.client.emergency_stop("errors")
    running.sql("update rollout_configuration set narrowed_at = now() + interval '1 hour'")
    running.report(good=1, began=timedelta(minutes=5))
    assert effect(running) == (1, 0)
