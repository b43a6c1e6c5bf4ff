"""R16: while follow_jobs is on, the outcome of each job is recorded as it happens."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from rollout_console.errors import RolloutError
from rollout_console.migrate import rules
from tests.support.jobs import HOURS, MINUTES, add_jobs, finish, retry
from tests.support.rollouts import OPERATOR, Unseeing, rollout_on
from tests.support.rows import one_row

TRIGGERS = "select count(*) from pg_trigger where tgname = 'rollout_follow_jobs'"


@pytest.fixture
def following(running):
    running.client.disable_auto_rollback()
    running.client.configure(follow_jobs=True)
    running.sql("update rollout_configuration set restarted_at = now() - interval '30 hours'")
    yield running
    running.client.configure(follow_jobs=False)


def counted(rollout) -> dict[str, tuple[int, int]]:
    """Jobs and errors of each arm."""
    health = rollout.client.status().health
    return {"treatment": (health.jobs, health.errors), "control": (health.control.jobs, health.control.errors)}


def test_r16_it_is_off_until_it_is_switched_on_and_each_switch_is_one_change(running):
    rows = running.history_rows()
    (job,) = add_jobs(running, status="processing")
    finish(running, job)
    assert (running.value(TRIGGERS), counted(running)["treatment"]) == (0, (0, 0))
    assert not running.client.jobs().following
    change = running.client.configure(follow_jobs=True, reason="what happened")
    assert change.change.after == {"follow_jobs": True}
    assert (running.value(TRIGGERS), running.client.jobs().following) == (1, True)
    assert not running.client.configure(follow_jobs=True).changed
    running.client.configure(follow_jobs=False)
    assert (running.value(TRIGGERS), running.client.jobs().following) == (0, False)
    assert running.history_rows() == rows + 2


@pytest.mark.parametrize("value", [1, "on", "true"])
def test_r16_it_is_on_or_off(running, value):
    with pytest.raises(RolloutError, match=r"follow_jobs is True or False, .* rollout.configure\(follow_jobs=True\)"):
        running.client.configure(follow_jobs=value)


def test_r16_followed_the_tenth_of_july_has_its_true_error_rate(following):
    add_jobs(following, 54, status="processing", queued=20 * HOURS)
    failing = add_jobs(following, 3, status="processing", queued=20 * HOURS)
    for job in failing:
        finish(following, job, "failed", error="workflow run not found")
    assert counted(following) == {"treatment": (3, 3), "control": (0, 0)}
    errors = following.client.show_metrics().last_errors
    assert {error.message for error in errors} == {"workflow run not found"}


@pytest.mark.parametrize(
    ("applied", "processor", "arm"),
    [
        (True, "inngest", "treatment"),
        (False, "inngest", "control"),
        (False, "github_actions", "control"),
        (None, "github_actions", "treatment"),
    ],
)
def test_r16_the_arm_is_the_one_that_was_marked(following, applied, processor, arm):
    (job,) = add_jobs(following, status="processing", applied=applied, processor=processor)
    finish(following, job)
    assert counted(following) == {"treatment": (0, 0), "control": (0, 0)} | {arm: (1, 0)}
    assert following.differences() == {}


@pytest.mark.parametrize(("repository", "arm"), [("acme/repo-1", "treatment"), ("acme/repo-2", "control")])
def test_r16_a_lost_mark_leaves_the_present_decision(following, repository, arm):
    following.sql("update rollout_configuration set rollout_strategy = 'whitelist'")
    following.client.add_to_whitelist("acme/repo-1")
    (job,) = add_jobs(following, status="processing", repository=repository)
    following.sql("update progressive_capture_jobs set metadata = '{\"progress\": 50}'")  # replaced whole
    finish(following, job)
    assert counted(following)[arm] == (1, 0)


@pytest.mark.parametrize("keeps_count", [True, False])
def test_r16_a_job_that_is_retried_has_several_outcomes_each_counted_once(following, keeps_count):
    (job,) = add_jobs(following, status="processing", processor="github_actions")
    finish(following, job, "failed", error="first")
    finish(following, job, "failed", error="the same once more")  # no transition
    for count in (1, 2):
        retry(following, job, count if keeps_count else None)
        finish(following, job, "failed" if count == 1 else "completed")
    assert counted(following)["treatment"] == (3, 2)


def test_r16_an_outcome_that_is_written_again_counts_once(following):
    (job,) = add_jobs(following, status="processing")
    finish(following, job)
    following.sql("update progressive_capture_jobs set status = 'processing'")
    following.sql("update progressive_capture_jobs set status = 'completed'")
    assert counted(following)["treatment"] == (1, 0)


def test_r16_a_later_outcome_takes_the_place_of_the_earlier_one_whatever_the_time_zone_of_its_session(following):
    (job,) = add_jobs(following, status="processing")
    finish(following, job, "failed", error="boom")
    with following.transaction() as session:
        session.execute("set local timezone = 'Asia/Kathmandu'")
        session.execute("set local datestyle = 'SQL, DMY'")
        session.execute("update progressive_capture_jobs set status = 'completed' where id = %s", (job,))
    assert counted(following)["treatment"] == (1, 0)


def test_r16_a_duration_is_the_real_one_or_unknown(following):
    (known,) = add_jobs(following, status="processing", queued=3 * HOURS, started=10 * MINUTES)
    (lost,) = add_jobs(following, status="processing", queued=3 * HOURS)
    for job in (known, lost):
        finish(following, job)
    (processor,) = following.client.show_metrics().processors
    assert processor.jobs == 2
    assert processor.average_seconds == pytest.approx(600, abs=30)


def test_r7_a_job_that_was_queued_before_the_restart_counts_for_no_health(following):
    following.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    before, after = add_jobs(following, status="processing", queued=2 * HOURS), add_jobs(following, status="processing")
    for job in (*before, *after):
        finish(following, job, "failed")
    assert counted(following)["treatment"] == (1, 1)


def test_r8_the_outcome_that_is_one_too_many_trips_the_breaker(following):
    following.client.enable_auto_rollback()
    for job in add_jobs(following, 20, status="processing"):
        finish(following, job, "failed", error="no such run")
    assert following.client.status().rollout_percentage == 0
    assert following.value("select count(*) from progressive_capture_jobs where status = 'failed'") == 20
    following.client.set_rollout(50)


def test_r16_jobs_of_deleted_repositories_are_counted_and_deletions_are_not(following):
    kept, gone = add_jobs(following, 2, status="processing")
    following.sql("update progressive_capture_jobs set repository_id = null where id = %s", kept)
    following.sql("delete from repositories where full_name = 'acme/repo-1'")
    assert following.value("select count(*) from progressive_capture_jobs where id = %s", gone) == 0
    finish(following, kept)
    assert counted(following)["treatment"] == (1, 0)


def test_r16_what_cannot_be_recorded_stops_no_job_and_is_a_warning(following):
    for said in ("1 outcome of jobs could not be recorded", "2 outcomes of jobs could not be recorded"):
        (job,) = add_jobs(following, status="processing", started=timedelta(days=1300))
        finish(following, job)
        assert following.sql("select distinct status from progressive_capture_jobs") == [("completed",)]
        (warning,) = following.client.jobs().warnings
        assert warning.name == "follow_errors"
        assert said in warning.message
        assert "processing_seconds must be a number of seconds from 0 to 100,000,000" in warning.message


def test_r16_a_locked_configuration_delays_a_job_and_stops_none(following):
    following.client.enable_auto_rollback()
    jobs = add_jobs(following, 20, status="processing")
    for job in jobs[:9]:
        finish(following, job, "failed")
    with psycopg.connect(following.url) as held:
        held.execute("select from rollout_configuration for update")
        finish(following, jobs[9], "failed")
    assert following.value("select count(*) from progressive_capture_jobs where status = 'failed'") == 10


@pytest.mark.parametrize(
    "statement",
    [
        "update progressive_capture_jobs set status = 'failed', completed_at = now()",
        "select record_rollout_job(repository_id, processor_type, false) from progressive_capture_jobs",
    ],
    ids=["followed", "reported"],
)
def test_r8_a_statement_that_ends_many_jobs_waits_once_for_who_holds_the_configuration(following, statement):
    for n in range(1, 7):  # each would begin a row of its own, which refers to the configuration
        add_jobs(following, status="processing", repository=f"acme/repo-{n}")
    with psycopg.connect(following.url, application_name="editor") as held:
        held.execute("select from rollout_configuration for update")
        following.sql(statement)
        waits = following.sql("select waited_for from rollout.unjudged where waited_for is not null")
    assert len(waits) == 1
    assert "(editor)" in waits[0][0]
    assert following.value("select sum(jobs)::integer from rollout.counts") == 6


@pytest.mark.parametrize("role", ["anon", "authenticated"])
def test_r11_whoever_the_host_lets_write_jobs_needs_no_right_on_ours(following, role):
    (job,) = add_jobs(following, status="processing")
    let = (
        f"create policy t on progressive_capture_jobs for all to {role} using (true);"
        f" grant update on progressive_capture_jobs to {role}"
    )
    with psycopg.connect(following.url) as connection:
        connection.execute(let)
        connection.execute(f"set local role {role}")
        connection.execute("update progressive_capture_jobs set status = 'completed' where id = %s", (job,))
        connection.execute("reset role")
        assert one_row(connection.execute("select sum(jobs) from rollout.counts"))[0] == 1
        connection.rollback()


def test_r16_a_table_that_is_dropped_or_created_anew_is_a_warning_and_no_error(fresh_database):
    rollout = rollout_on(fresh_database())
    rollout.client.configure(follow_jobs=True)
    rollout.sql("create table elsewhere (like progressive_capture_jobs including all)")
    for statement in (
        "drop table progressive_capture_jobs",
        "alter table elsewhere rename to progressive_capture_jobs",
    ):
        rollout.sql(statement)
        assert [w.name for w in rollout.client.jobs().warnings] == ["not_following"]
        assert not rollout.client.jobs().following
        assert rollout.client.set_rollout(50 if "drop" in statement else 60).status.follow_jobs
        rollout.sql(rules().sql)
    rollout.client.configure(follow_jobs=False)
    rollout.client.configure(follow_jobs=True)
    (job,) = add_jobs(rollout, status="processing")
    finish(rollout, job)
    assert (counted(rollout)["treatment"], rollout.client.jobs().warnings) == ((1, 0), [])


def test_r16_switching_it_off_works_without_the_table(fresh_database):
    rollout = rollout_on(fresh_database())
    rollout.client.configure(follow_jobs=True)
    rollout.sql("drop table progressive_capture_jobs")
    assert rollout.client.configure(follow_jobs=False).changed
    assert rollout.client.jobs().warnings == []


@pytest.mark.asked
def test_r16_without_its_trigger_or_with_one_that_is_switched_off_nothing_is_followed(running):
    assert not running.client.jobs().following
    running.client.configure(follow_jobs=True)
    assert running.client.jobs().following
    for statement in (
        "alter table progressive_capture_jobs disable trigger rollout_follow_jobs",
        "drop trigger rollout_follow_jobs on progressive_capture_jobs",
    ):
        running.sql(statement)
        assert not running.client.jobs().following
        assert [w.name for w in running.client.jobs().warnings] == ["not_following"]


def sums(rollout, feature: str) -> list[int]:
    """Jobs, errors, timed jobs and seconds of a feature."""
    return [int(sum_ or 0) for sum_ in rollout.sql(
        "select sum(k.jobs), sum(k.errors), sum(k.timed_jobs), sum(k.processing_seconds) from rollout.counts k"
        " join rollout_configuration c on c.id = k.rollout_config_id where c.feature_name = %s", feature,
    )[0]]  # fmt: skip


@pytest.mark.asked
def test_r16_each_feature_that_follows_counts_an_outcome_once_and_what_takes_its_place_instead(running):
    features = [running.client.feature, "following_too", "not_following", "inactive"]
    for feature in features[1:]:
        other = Unseeing(running.client.adapter, feature, who=OPERATOR)
        other.create()
        if feature != "not_following":
            other.configure(follow_jobs=True)
    running.client.configure(follow_jobs=True, ignored_job_types=["recent_prs"])
    running.sql("update rollout_configuration set is_active = false where feature_name = 'inactive'")
    write = (
        "update progressive_capture_jobs set status = %s, completed_at = started_at + %s * interval '1 s' where id = %s"
    )
    (job,) = add_jobs(running, status="processing", started=HOURS)
    running.sql(write, "failed", 10, job)
    running.client.configure(ignored_job_types=[])
    assert [sums(running, feature) for feature in features] == [[0] * 4, [1, 1, 1, 10], [0] * 4, [0] * 4]
    (job,) = add_jobs(running, status="processing", started=HOURS)
    running.sql(write, "failed", 30, job)
    assert [sums(running, feature) for feature in features[:2]] == [[1, 1, 1, 30], [2, 2, 2, 40]]
    running.sql(write, "completed", 50, job)
    assert [sums(running, feature) for feature in features] == [[1, 0, 1, 50], [2, 1, 2, 60], [0] * 4, [0] * 4]
    running.client.configure(follow_jobs=False)
    assert running.value(TRIGGERS) == 1
    running.sql("update rollout_configuration set follow_jobs = false where feature_name = 'following_too'")
    assert running.value(TRIGGERS) == 0, "an inactive one follows nothing"


@pytest.mark.asked
@pytest.mark.parametrize(("seconds", "timed"), [(-1, [1, 0, 0, 0]), (0, [1, 0, 1, 0]), (1, [1, 0, 1, 1])])
def test_r16_a_job_that_ended_as_it_began_took_no_time_and_one_that_ended_before_an_unknown_one(
    running, seconds, timed
):
    running.client.configure(follow_jobs=True)
    (job,) = add_jobs(running, status="processing", started=HOURS)
    for status in ("failed", "completed"):  # one in the place of the other
        running.sql(
            "update progressive_capture_jobs set status = %s, completed_at = started_at + %s * interval '1 s'"
            " where id = %s", status, seconds, job,
        )  # fmt: skip
    assert sums(running, running.client.feature) == timed


@pytest.mark.asked
@pytest.mark.parametrize(
    ("altered", "written"),
    [
        ("rename column started_at to begun_at", "now()"),
        ("alter column completed_at type text", "now()"),
        ("alter column created_at set not null", "'infinity'"),
    ],
)
def test_r16_a_job_ends_whatever_its_table_has_become(running, altered, written):
    running.client.configure(follow_jobs=True)
    (job,) = add_jobs(running, status="processing", started=HOURS)
    running.sql(f"alter table progressive_capture_jobs {altered}")
    running.sql(
        f"update progressive_capture_jobs set status = 'completed', completed_at = {written} where id = %s", job
    )
    assert running.value("select status from progressive_capture_jobs") == "completed"
    assert [w.name for w in running.client.status().warnings if w.name == "follow_errors"] == ["follow_errors"]


@pytest.mark.asked
def test_r16_what_could_not_be_recorded_is_counted_with_why_not_the_last_time(running):
    for failures, why in enumerate(("first", "second", "third"), 1):
        running.sql("select rollout.note_follow_error(%s)", why)
        assert running.sql("select failures, message from rollout.follow_errors") == [(failures, why)]


@pytest.mark.asked
def test_r7_a_followed_job_that_began_at_the_very_restart_counts_for_the_present(running):
    running.client.configure(follow_jobs=True)
    jobs = add_jobs(running, 2, status="processing")
    running.sql("update rollout_configuration set restarted_at = now() - interval '2 hours'")
    for job, began in zip(jobs, ("0", "-1 us"), strict=True):
        running.sql(
            "update progressive_capture_jobs set started_at = restarted_at + %s::interval from rollout_configuration"
            " where progressive_capture_jobs.id = %s", began, job,
        )  # fmt: skip
        finish(running, job)
    assert running.sql("select slot_start > now() - interval '1 hour' from rollout.counts order by slot_start") == [
        (False,), (True,),
    ]  # fmt: skip


@pytest.mark.asked
def test_r16_of_the_jobs_of_one_statement_the_one_that_can_not_be_recorded_alone_is_not(running):
    running.client.configure(follow_jobs=True)
    add_jobs(running, status="processing", started=timedelta(days=1300))
    add_jobs(running, status="processing", started=MINUTES)
    running.sql("update progressive_capture_jobs set status = 'completed', completed_at = now()")
    assert sums(running, running.client.feature)[0] == 1
    assert running.sql("select failures from rollout.follow_errors") == [(1,)]


@pytest.mark.asked
def test_r16_a_row_after_one_of_its_statement_that_met_a_lock_waits_no_more_and_those_of_later_ones_do(running):
    running.client.configure(follow_jobs=True)
    end = "update progressive_capture_jobs set status = 'completed' where id = %s and set_config(%s, {}, true) is not null"
    for met_a_lock, counted_jobs in (("statement_timestamp()::text", 0), ("now()::text", 1)):
        (job,) = add_jobs(running, status="processing", started=MINUTES)
        running.sql(end.format(met_a_lock), job, "rollout.follow_gave_up")
        assert sums(running, running.client.feature)[0] == counted_jobs
    assert running.sql("select failures, message from rollout.follow_errors") == [
        (1, "another row of the statement met a lock")
    ]
