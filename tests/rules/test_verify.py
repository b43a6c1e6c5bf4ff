"""`rollout-console verify`: counters kept for speed are those of the rows, whoever wrote them and however."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.terminal import console_environment, run_command

WRITES = {
    "categorizeAll": lambda r: r.client.categorize_all(),
    "pins": lambda r: r.client.mark_as_test(["acme/repo-1", "acme/big-2"]),
    "unpinned": lambda r: r.client.unmark_as_test("acme/big-2"),
    "growth": lambda r: (r.sql("update repositories set stargazers_count = 700 where github_id % 3 = 0"), r.client.categorize_all()),
    "a category set by hand": lambda r: r.sql("update repository_categories set category = 'large' where star_count = 700"),
    "categories swapped": lambda r: r.sql("update repository_categories set category = case category when 'large' then 'small' else 'large' end"),
    "figures set by hand": lambda r: r.sql("update repository_categories set star_count = null, pr_count = 7"),
    "an unknown category": lambda r: r.sql("update repository_categories set category = 'huge' where star_count is null and category = 'small'"),
    "repositories deleted": lambda r: r.sql("delete from repositories where github_id % 7 = 0"),
    "rows deleted": lambda r: r.sql("delete from repository_categories where id in (select id from repository_categories limit 3)"),
    "percentage": lambda r: r.client.set_rollout(37),
    "another strategy": lambda r: r.sql("update rollout_configuration set rollout_strategy = 'percentage'"),
    "jobs": lambda r: r.report(good=20, bad=3),
    "an import": lambda r: r.sql("insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
                                 " total_jobs, metrics_window_start, metrics_window_end) select id, null, 'github_actions', 5, 2, 7,"
                                 " now() - interval '3 days', now() - interval '2 days' from rollout_configuration"),
    "reports corrected": lambda r: r.sql("update rollout_metrics set error_count = error_count + 1, total_jobs = total_jobs + 1"),
    "a restart": lambda r: (r.client.emergency_stop(), r.client.resume(5), r.report(good=4)),
    "reports deleted": lambda r: r.sql("delete from rollout_metrics where processor_type = 'github_actions'"),
    "everything truncated": lambda r: r.sql("truncate repository_categories"),
}  # fmt: skip


@pytest.fixture
def env(rollout, tmp_path):
    rollout.add_repositories(60)
    rollout.add_repositories(60, stars=900, prefix="acme/big")
    # The API of the tests gives its roles rights on every table: those are taken as found.
    rollout.sql("select rollout.record_catalogue()")
    return console_environment(tmp_path, **rollout.environment)


def test_whoever_writes_whatever_the_counters_are_those_of_the_rows(rollout, env):
    for name, write in WRITES.items():
        write(rollout)
        assert rollout.differences() == {}, name
    done = run_command(env, "verify")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    assert done.stdout.count("✓") == 6


TAMPERED = {
    "repositories and totals per category": "update rollout.category_counts set stars = stars + 1 where category = 'test'",
    "repositories per hash bucket": "delete from rollout.buckets where ctid = (select min(ctid) from rollout.buckets)",
    "cutoffs at the percentage": "update rollout.category_counts set cutoff = 5000 where category = 'test'",
    "jobs per processor and arm": "select rollout.fold_deltas(); update rollout.job_counts set errors = errors + 1",
}


@pytest.mark.parametrize(("counters", "tampering"), TAMPERED.items())
def test_a_counter_that_differs_is_named(rollout, env, counters, tampering):
    rollout.client.categorize_all()
    rollout.report(good=1)
    rollout.sql(tampering)
    assert rollout.differences().get(counters) == 1
    done = run_command(env, "verify")
    assert done.returncode == 1
    counted = "jobs" if counters.startswith("jobs") else "repositories"
    assert f"select rollout.recount_{counted}('hybrid_progressive_capture');" in done.stdout


def test_what_cannot_be_typed_at_an_sql_prompt_is_not_said_to_be(rollout, env):
    with psycopg.connect(rollout.url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")  # so no history row tells of it
        connection.execute("update rollout_configuration set rollout_percentage = 77")
        connection.execute("update rollout.category_counts set stars = stars + 1")
    done = run_command(env, "verify")
    assert done.returncode == 1
    assert done.stdout.splitlines()[-3:] == [
        " to count anew, type at an SQL prompt:",
        "   select rollout.recount_repositories('hybrid_progressive_capture');",
        " rollout.history() shows the last change; a percentage set with triggers disabled is in none",
    ]


def test_counting_anew_mends_them(rollout, env):
    rollout.client.categorize_all()
    rollout.report(good=3)
    seen = rollout.client.status().health
    rollout.sql(
        "select rollout.fold_deltas(); update rollout.job_counts set errors = errors + 1 where slot_start > '-infinity'"
    )
    assert rollout.differences() == {"jobs per processor and arm": 1}
    rollout.sql("select rollout.recount_jobs('hybrid_progressive_capture')")
    assert rollout.differences() == {}
    assert rollout.client.status().health.jobs == seen.jobs
    rollout.sql("update rollout.buckets set repositories = repositories + 1")
    assert rollout.differences()
    rollout.sql("select rollout.recount_repositories('hybrid_progressive_capture')")
    assert rollout.differences() == {}
