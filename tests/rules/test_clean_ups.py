"""R7, R16: clean-ups of the application are not failures of the rollout, and jobs that never asked are not its jobs."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console.errors import RolloutError
from tests.support.application import Application
from tests.support.application_of_2026 import STUCK, clean_up_stuck_jobs, fix_stuck_jobs, queue_without_asking
from tests.support.channels import SqlChannel
from tests.support.jobs import HOURS, MINUTES, add_jobs, finish

KIND = "Job stuck in processing for ><n> minutes - likely webhook misconfiguration"
DAYS = timedelta(days=1)


@pytest.fixture
def following(running):
    running.client.configure(follow_jobs=True)
    running.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    yield running
    running.client.configure(follow_jobs=False)


def judged(rollout) -> tuple[int, int]:
    health = rollout.client.status().health
    return health.jobs, health.errors


def test_r7_a_clean_up_that_is_ignored_is_counted_and_shown_and_rolls_nothing_back(following):
    following.client.configure(ignored_errors=[KIND])
    jobs = add_jobs(following, 40, status="processing", queued=HOURS, started=20 * MINUTES)
    clean_up_stuck_jobs(following)
    status = following.client.status()
    assert (status.rollout_percentage, judged(following)) == (50, (0, 0))
    (kind,) = following.client.errors().kinds
    assert (kind.kind, kind.errors, kind.since_restart, kind.is_ignored) == (KIND, 40, 0, True)
    assert following.sql("select sum(error_count) from rollout_metrics") == [(40,)]
    for job in jobs:
        finish(following, job)
    assert judged(following) == (40, 0), "what came later takes its place"
    for job in jobs[:20]:
        finish(following, job, "failed", error="no such run")
    assert following.client.status().rollout_percentage == 0, "other errors are judged"
    assert following.differences() == {}
    following.sql("select rollout.recount_jobs()")
    assert following.differences() == {}


def test_r16_a_later_outcome_of_a_job_replaces_the_earlier_one(following):
    following.client.disable_auto_rollback()
    for job in add_jobs(following, 12, status="processing", queued=HOURS, started=20 * MINUTES)[:12]:
        clean_up_stuck_jobs(following)
        finish(following, job)
    assert judged(following) == (12, 0)
    assert following.differences() == {}


def test_r7_jobs_of_three_days_ago_that_a_script_fails_now_say_nothing_of_the_present(following):
    add_jobs(following, 30, status="processing", queued=3 * DAYS, started=3 * DAYS)
    fix_stuck_jobs(following)
    assert (following.client.status().rollout_percentage, judged(following)) == (50, (0, 0))
    assert following.differences() == {}


def test_r7_an_ignored_error_is_not_judged_whoever_reports_it(running):
    running.client.configure(ignored_errors=[STUCK, "rate limit of 30 s"], reason="none of ours")
    assert running.client.status().ignored_errors == [KIND, "rate limit of <n> s"], "a message stands for its kind"
    running.report(bad=12, message="rate limit of 7 s")
    repo = running.repository_id("acme/repo-1")
    jobs = [{"repo_id": repo, "processor": "inngest", "success": False, "treated": True, "error_message": m}
            for m in [STUCK] * 30 + ["another"]]  # fmt: skip
    running.client.record_jobs(jobs)
    Application(SqlChannel(running.url, "service_role")).record_metrics(
        repo, success=False, processor="github_actions", error="rate limit of 9 s"
    )
    assert (running.client.status().rollout_percentage, judged(running)) == (50, (1, 1))
    assert {(k.kind, k.errors, k.since_restart) for k in running.client.errors().kinds} == {
        ("another", 1, 1), ("rate limit of <n> s", 13, 0), (KIND, 30, 0),
    }  # fmt: skip
    assert running.differences() == {}
    running.client.configure(ignored_errors=[])
    running.report(bad=12, message="rate limit of 7 s")
    assert running.client.status().rollout_percentage == 0


@pytest.mark.asked
def test_r7_what_is_ignored_is_a_list_of_at_most_fifty_texts_of_at_most_160_characters(running):
    for allowed in (["a"] * 50, ["x" * 160]):
        running.client.configure(ignored_errors=allowed)
    for wrong in (["a"] * 51, [""], ["x" * 161], [5], ["a", None], "text", {"a": 1}):
        with pytest.raises(RolloutError, match="ignored_errors is a list of at most 50 texts of 1 to 160 characters"):
            running.client._change("rollout_configure", None, settings={"ignored_errors": wrong})


def test_r16_the_clean_up_is_suggested_where_its_job_is_found(following):
    def named() -> list[str]:
        return [warning.name for warning in following.client.status().warnings]

    assert named() == []
    following.sql("create schema cron; create table cron.job (jobname text, active boolean)")
    following.sql("insert into cron.job values ('cleanup-stuck-jobs', true)")
    try:
        (warning,) = following.client.status().warnings
        assert warning.name == "clean_up"
        assert [gate.name for gate in following.client.plan().gates if gate.name == "clean_up"] == []
        eval(warning.command, {"rollout": following.client})
        assert following.client.status().ignored_errors == [KIND]
        assert named() == []
    finally:
        following.sql("drop schema cron cascade")


def test_r16_jobs_that_never_asked_are_shown_apart_and_neither_judged_nor_a_gate(following):
    gates = {gate.name for gate in following.client.plan().gates}
    for job_type in ("progressive_backfill", "commit_pr_check", "system-monitoring"):
        queue_without_asking(following, job_type, queued=3 * HOURS)
        queue_without_asking(following, job_type, queued=9 * HOURS, status="processing")
    assert following.client.status().warnings == []
    assert {gate.name for gate in following.client.plan().gates} == gates
    following.sql("update progressive_capture_jobs set status = 'failed', completed_at = now()")
    assert judged(following) == (0, 0)
    (group,) = following.client.jobs().groups
    assert (group.processor, group.arm, group.failed) == ("github_actions", "other", 6)
    (own,) = add_jobs(following, status="processing", processor="github_actions")
    finish(following, own)
    assert judged(following) == (1, 0)

    following.client.configure(ignored_job_types=["recent_prs"])
    queue_without_asking(following, "progressive_backfill", queued=3 * HOURS)
    assert [w.name for w in following.client.jobs().warnings] == ["oldest_queued"]
    (own,) = add_jobs(following, status="processing", processor="github_actions")
    finish(following, own)
    assert judged(following) == (1, 0)


def test_r16_a_processor_that_nobody_has_named_is_shown_and_recorded_by_nobody(following):
    (job, late) = add_jobs(following, 2, status="processing", processor="a third", queued=90 * HOURS)
    finish(following, job)
    found = following.client.jobs()
    assert [(g.processor, g.arm, g.running, g.completed, g.target_seconds) for g in found.groups] == [
        ("a third", "other", 1, 1, None)
    ]
    assert found.warnings == []
    assert [j.id for j in following.client.jobs("running").jobs] == [late]
    assert (judged(following), following.value("select count(*) from rollout_metrics")) == ((0, 0), 0)
