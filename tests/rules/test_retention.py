"""Reports and ids of jobs are removed when they are old; history never is."""

from __future__ import annotations

import psycopg
import pytest

from rollout_console.errors import NotFound
from tests.support.rollouts import Unseeing
from tests.support.rows import one_row

AGE = (
    "alter table rollout_metrics disable trigger user;"
    " update rollout_metrics set created_at = created_at - interval '100 days';"
    " alter table rollout_metrics enable trigger user;"
    " select rollout.fold_deltas(); update rollout.job_counts set slot_start = slot_start - interval '100 days' where slot_start > '-infinity';"
    " update rollout.reported_jobs set reported_at = reported_at - interval '100 days';"
)


@pytest.fixture
def old(running):
    for n in range(6):
        running.sql(
            "select record_rollout_job(%s, 'inngest', true, 1, job_id => %s, treated => true)",
            running.repository_id(f"acme/repo-{n + 1}"), f"old-{n}",
        )  # fmt: skip
    running.sql(AGE)
    running.report(good=3, name="acme/repo-9")
    return running


def rows(rollout):
    return rollout.sql("select (select count(*) from rollout_metrics), (select count(*) from rollout.reported_jobs)")[0]


def test_old_reports_are_removed_in_batches_and_the_counters_stay_those_of_the_rows(old):
    history = old.history_rows()
    assert old.client.remove_old(4) == {"rollout_metrics": 4, "rollout.reported_jobs": 4}
    assert (rows(old), old.differences()) == ((3, 2), {})
    assert old.client.remove_old(4) == {"rollout_metrics": 2, "rollout.reported_jobs": 2}
    assert old.client.remove_old(4) == {"rollout_metrics": 0, "rollout.reported_jobs": 0}
    assert (rows(old), old.differences()) == ((1, 0), {})
    assert old.client.status().health.jobs == 3
    oldest = old.value("select min(slot_start) from rollout.counts where slot_start > '-infinity'")
    assert oldest > old.value("select now() - interval '1 day'")
    assert old.history_rows() == history


def test_keep_days_says_how_old(old):
    old.client.configure(keep_days=200)
    assert old.client.remove_old() == {"rollout_metrics": 0, "rollout.reported_jobs": 0}
    assert rows(old) == (7, 6)


def test_r7_a_report_for_a_repository_that_is_gone_counts_without_it(running):
    gone = running.repository_id("acme/repo-3")
    running.sql("delete from repositories where id = %s", gone)
    running.sql("select record_rollout_job(%s, 'inngest', false, 0, 'boom', treated => true)", gone)
    assert running.client.status().health.errors == 1
    assert running.sql("select repository_id, error_count from rollout_metrics") == [(None, 1)]
    assert running.differences() == {}


def test_what_is_active_no_more_is_removed_after_its_own_days_by_whoever_removes(old):
    old.sql("update rollout_configuration set is_active = false, keep_days = 200")
    assert old.client.remove_old() == {"rollout_metrics": 0, "rollout.reported_jobs": 0}
    old.sql("update rollout_configuration set keep_days = 90")
    assert old.client.remove_old(4) == {"rollout_metrics": 4, "rollout.reported_jobs": 4}
    other = Unseeing(old.client.adapter, "another_feature", who=old.client.who)
    with pytest.raises(NotFound, match="no active rollout for feature 'another_feature'"):
        other.remove_old()
    other.create()
    assert other.remove_old() == {"rollout_metrics": 2, "rollout.reported_jobs": 2}
    assert rows(old) == (1, 0)


def test_of_two_who_remove_what_is_active_no_more_the_second_waits_for_nobody(old):
    old.sql("update rollout_configuration set is_active = false, keep_days = 90")
    for feature in ("first_feature", "second_feature"):
        Unseeing(old.client.adapter, feature, who=old.client.who).create()
    remove = "select rollout_remove_old(5000, %s) #>> '{removed,rollout_metrics}'"
    with psycopg.connect(old.url) as first, psycopg.connect(old.url) as second:
        assert one_row(first.execute(remove, ["first_feature"])) == ("6",)
        second.execute("set lock_timeout = '1s'")
        assert one_row(second.execute(remove, ["second_feature"]))[0] in (None, "0")
    assert rows(old) == (1, 0)


def test_what_another_feature_keeps_is_its_own(old):
    other = Unseeing(old.client.adapter, "another_feature", who=old.client.who)
    other.create()
    assert other.remove_old() == {"rollout_metrics": 0, "rollout.reported_jobs": 0}
    assert rows(old) == (7, 6)
