"""categorizeAll against the best single statement, and over HTTP against two requests for each repository."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from typing import Any

import psycopg

from benchmarks.api import api_over, bare_client
from benchmarks.ground import PSQL, Database, Ground
from benchmarks.measure import Row, seconds
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from tests.support import ROOT
from tests.support.rows import one_row

# One pass over the pull requests, grouped twice rather than counted distinct, so that nothing is sorted; the
# limits of the categories written out. All triggers of repository_categories fire. The setting is what keeps
# those of markAsTest from pinning each test repository and writing a history row for it.
BEST_STATEMENT = """
    set work_mem = '512MB';
    set rollout.categorizing = 'on';
    insert into repository_categories as k (
        repository_id, category, priority_level, is_test_repository,
        star_count, contributor_count, pr_count, monthly_activity_score)
    select id, category, case category when 'test' then 100 when 'small' then 80 when 'medium' then 60
               when 'large' then 40 else 20 end, category = 'test',
           stars, contributors, pull_requests, least(100, stars + contributors + pull_requests / 10)
    from (
        select *, case
            when stars <= 0 and contributors <= 2 and pull_requests <= 10 then 'test'
            when stars <= 50 and contributors <= 10 and pull_requests <= 100 then 'small'
            when stars <= 500 and contributors <= 50 and pull_requests <= 1000 then 'medium'
            when stars <= 5000 and contributors <= 200 and pull_requests <= 10000 then 'large'
            else 'enterprise' end as category
        from (
            select r.id, coalesce(r.stargazers_count, 0) as stars, coalesce(p.contributors, 0)::integer as contributors,
                   coalesce(p.pull_requests, 0)::integer as pull_requests
            from repositories r left join (
                select repository_id, count(*) as contributors, sum(n) as pull_requests
                from (select repository_id, author_id, count(*) as n from pull_requests group by 1, 2) each_author
                group by 1) p on p.repository_id = r.id
        ) counted
    ) sized
    on conflict (repository_id) do update set
        category = excluded.category, priority_level = excluded.priority_level,
        is_test_repository = excluded.is_test_repository, star_count = excluded.star_count,
        contributor_count = excluded.contributor_count, pr_count = excluded.pr_count,
        monthly_activity_score = excluded.monthly_activity_score, last_categorized_at = now(), updated_at = now()
    where not k.pinned_as_test
"""
FINGERPRINT = """
    select md5(string_agg(concat_ws(',', repository_id, category, priority_level, is_test_repository, pinned_as_test,
                                    star_count, contributor_count, pr_count, monthly_activity_score), ';'
                          order by repository_id)) from repository_categories
"""
AFRESH = ("truncate repository_categories", "delete from rollout.categorization_runs")
PER_REPOSITORY = 300  # repositories that the old way is measured on


def run(ground: Ground, quick: bool) -> list[Row]:
    return [*_directly(ground, quick), _over_http(ground, quick)]


def _directly(ground: Ground, quick: bool) -> list[Row]:
    repositories, pull_requests, rounds = (20_000, 100_000, 2) if quick else (300_000, 1_500_000, 3)
    database = ground.database()
    database.fill(repositories, pull_requests)
    ours, again, statement = [], [], []
    for _ in range(rounds):
        database.run(*AFRESH)
        statement.append(_psql_seconds(database))
        expected = database.value(FINGERPRINT)
        database.run(*AFRESH)
        ours.append(_categorize(database))
        if database.value(FINGERPRINT) != expected:
            raise AssertionError("categorizeAll and the single statement differ")
        again.append(_categorize(database))
    ground.drop(database)
    first, second, theirs = _median_seconds(ours), _median_seconds(again), statistics.median(statement)
    amount = f"{repositories:,} repositories, {pull_requests:,} pull requests"
    longest, peak = max(run["longest"] for run in ours), max(run["peak_mb"] for run in ours)
    rewritten = max(run["rewritten"] for run in again)
    return [
        Row(f"categorizeAll, {amount}, first run", "the best single statement in psql", first, theirs, "s",
            first / theirs, 1.3, note=f"{ours[0]['batches']} batches; all triggers fire for both"),
        Row("its longest batch", "4 s", longest, 4.0, "s", longest / 4, 1.0),
        Row("its client's peak memory", "120 MB", peak, 120.0, "MB", peak / 120, 1.0,
            note="the whole process; categorizing added "
                 f"{max(run['added_mb'] for run in ours):.0f} MB of it"),
        Row("categorizeAll again, nothing changed", "the first run", second, first, "s", second / first, 0.6),
        Row("rows that it rewrote", "none", rewritten, 0.0, "rows", rewritten, 0.0),
    ]  # fmt: skip


def _psql_seconds(database: Database) -> float:
    command = [
        PSQL,
        "-qX",
        "-v",
        "ON_ERROR_STOP=1",
        "-d",
        database.url,
        "-c",
        BEST_STATEMENT,
    ]
    return seconds(lambda: subprocess.run(command, check=True))


def _categorize(database: Database) -> dict[str, float]:
    """Run categorizeAll in a process of its own."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        before = one_row(connection.execute("select txid_current()"))[0]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.categorize_client", database.url],
        check=True, capture_output=True, text=True, cwd=ROOT,
    )  # fmt: skip
    rewritten = database.value(f"select count(*) from repository_categories where xmin::text::bigint > {before}")
    return {**json.loads(done.stdout), "rewritten": rewritten}


def _median_seconds(runs: list[dict[str, float]]) -> float:
    return statistics.median(run["seconds"] for run in runs)


def _over_http(ground: Ground, quick: bool) -> Row:
    repositories, rounds = (2_000, 2) if quick else (10_000, 3)
    database = ground.database()
    database.fill(repositories, repositories * 5)
    with api_over(database) as api:
        client = RolloutClient(SupabaseAdapter(api.url, api.secret_key))
        client.status()
        ours, theirs = [], []
        for _ in range(rounds):
            database.run(*AFRESH)
            theirs.append(_one_by_one(database, api) * repositories / PER_REPOSITORY)
            database.run(*AFRESH)
            ours.append(seconds(client.categorize_all))
        client.adapter.close()
    ground.drop(database)
    once, old = statistics.median(ours), statistics.median(theirs)
    return Row(
        f"categorizeAll over HTTP, {repositories:,} repositories", "two requests per repository", once, old, "s",
        old / once, 100.0, at_least=True,
        note=f"the old way measured on {PER_REPOSITORY} repositories and scaled up; times faster",
    )  # fmt: skip


def _one_by_one(database: Database, api: Any) -> float:
    """Categorize some repositories as the browser console does: call the function, then read the row."""
    with psycopg.connect(database.url) as connection:
        ids = [str(row[0]) for row in connection.execute(f"select id from repositories limit {PER_REPOSITORY}")]
    with bare_client(api) as http:
        http.get("/repository_categories", params={"limit": 1}).raise_for_status()

        def categorize() -> None:
            for repository in ids:
                http.post("/rpc/categorize_repository", json={"repo_id": repository}).raise_for_status()
                http.get("/repository_categories", params={"repository_id": f"eq.{repository}"}).raise_for_status()

        return seconds(categorize)
