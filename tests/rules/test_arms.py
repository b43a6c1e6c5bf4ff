"""R7: each job is counted for the treatment or the control, and the treatment alone is judged."""

from __future__ import annotations

import pytest

APPLICATION = (
    "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
    " total_jobs, average_processing_time, metrics_window_start, metrics_window_end)"
    " select id, %s, %s, 1, 0, 1, 0, now() - interval '24 hours', now() from rollout_configuration"
)


@pytest.fixture
def halves(rollout):
    """A rollout with a repository inside and one outside, by their lists."""
    rollout.add_repositories(4)
    rollout.client.categorize_all()
    rollout.sql("update rollout_configuration set rollout_strategy = 'whitelist'")
    rollout.client.add_to_whitelist("acme/repo-1")
    rollout.client.set_rollout(50)
    return rollout


def arms(rollout):
    found = {"treatment": 0, "control": 0}
    for processor in rollout.client.show_metrics().processors:
        found[processor.arm] += processor.jobs
    return found


@pytest.mark.asked
@pytest.mark.parametrize(
    ("repository", "processor", "treated", "arm"),
    [
        ("acme/repo-1", "inngest", None, "treatment"),
        ("acme/repo-2", "inngest", None, "control"),
        ("acme/repo-2", "github_actions", None, "treatment"),
        ("acme/repo-1", "inngest", False, "control"),
        ("acme/repo-2", "inngest", True, "treatment"),
        ("acme/repo-1", "github_actions", False, "control"),
    ],
)
def test_r7_a_report_belongs_where_it_says_else_by_processor_else_by_decision(
    halves, repository, processor, treated, arm
):
    repo = halves.repository_id(repository)
    halves.sql("select record_rollout_job(%s, %s, true, treated => %s)", repo, processor, treated)
    assert arms(halves) == {"treatment": 0, "control": 0} | {arm: 1}
    assert halves.client.status().health.jobs == (1 if arm == "treatment" else 0)
    assert halves.client.stats().total_jobs == 1, "totals count both arms"


@pytest.mark.parametrize(
    ("repository", "processor", "arm"),
    [
        ("acme/repo-1", "inngest", "treatment"),
        ("acme/repo-2", "inngest", "control"),
        ("acme/repo-2", "github_actions", "treatment"),
    ],
)
def test_r7_the_applications_own_rows_get_their_arm_by_the_same_rule(halves, repository, processor, arm):
    halves.sql(APPLICATION, halves.repository_id(repository), processor)
    assert arms(halves) == {"treatment": 0, "control": 0} | {arm: 1}
    assert halves.differences() == {}


@pytest.mark.asked
@pytest.mark.parametrize(("processor", "arm"), [("inngest", "control"), ("github_actions", "treatment")])
def test_r7_a_row_that_is_older_than_arms_counts_by_its_processor(halves, processor, arm):
    with halves.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(APPLICATION, (halves.repository_id("acme/repo-1"), processor))
    halves.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    halves.sql("update rollout_metrics set success_count = 2, total_jobs = 2 where treated is null")
    assert arms(halves) == {"treatment": 0, "control": 0} | {arm: 1}


def test_r7_forty_failures_are_not_hidden_by_nine_hundred_good_control_jobs(running):
    running.client.disable_auto_rollback()
    running.sql("select record_rollout_job(null, 'inngest', true, treated => false) from generate_series(1, 900)")
    running.report(good=60, bad=40)
    health = running.client.status().health
    assert (health.jobs, health.errors, health.error_rate, health.verdict) == (100, 40, 40, "breach")
    assert (health.control.jobs, health.control.errors) == (900, 0)
    running.client.enable_auto_rollback()
    running.report(bad=1)
    entry = running.client.history(1).entries[0]
    assert entry.new_percentage == 0
    assert entry.reason == "error rate 40.59 % (41 of 101 jobs) above 5.00 %; control 0.00 %"
    assert entry.evidence["control"]["jobs"] == 900


def test_r7_an_outage_outside_the_rollout_rolls_nothing_back(running):
    running.report(good=50)
    running.report(bad=200, treated=False)
    status = running.client.status()
    assert (status.rollout_percentage, status.health.verdict) == (50, "healthy")
    assert running.client.check_health().action == "none"


def test_r8_when_the_control_fails_as_well_it_acts_and_says_so(running):
    running.sql("select record_rollout_job(null, 'inngest', n > 4, treated => false) from generate_series(1, 20) n")
    running.report(good=6, bad=4)
    entry = running.client.history(1).entries[0]
    assert entry.new_percentage == 0
    assert entry.reason == ("error rate 40.00 % (4 of 10 jobs) above 5.00 %; control 20.00 %: probably not the rollout")
    assert entry.evidence["control"]["failing"] is True


def test_r7_phases_and_stats_judge_the_treatment(running):
    running.sql("select record_rollout_job(null, 'inngest', false, treated => false) from generate_series(1, 50)")
    running.report(good=10)
    criteria = {c.name: c.actual for c in running.client.phases().criteria}
    assert (criteria["error rate"], criteria["jobs"], criteria["success rate"]) == (0, 10, 100)
    stats = running.client.stats()
    assert (stats.error_rate, stats.success_rate, stats.total_jobs) == (0, 100, 60)
    assert stats.processor_distribution == {"inngest": 60}
    point = running.client.error_trend(2).points[-1]
    assert (point.jobs, point.errors, point.control_jobs, point.control_errors) == (10, 0, 50, 50)


def test_r8_one_job_outside_of_the_rollout_is_told(running):
    running.report(good=1, treated=False)
    running.report(good=6, bad=4)
    reason = running.client.history(1).entries[0].reason
    assert reason == "error rate 40.00 % (4 of 10 jobs) above 5.00 %; control 0.00 %"
