"""Adopting a deployment in use: how long `migrate` holds up the application's next report."""

from __future__ import annotations

import re
from pathlib import Path

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, seconds
from rollout_console.migrate import apply
from tests.migrations.deployments import TABLES

PAGE = Path(__file__).parents[1] / "docs" / "upgrading.md"
INDEXES = re.findall(r"create index concurrently.*?;", PAGE.read_text(encoding="utf-8"), re.DOTALL)
CONFIGURATION = """
    insert into rollout_configuration (feature_name, rollout_percentage, is_active)
    values ('hybrid_progressive_capture', 40, true)
"""
REPOSITORIES = """
    insert into repositories (id, github_id, full_name, owner, name, first_tracked_at, last_updated_at)
    select md5('acme/repo-' || n)::uuid, n, 'acme/repo-' || n, 'acme', 'repo-' || n, now(), now()
    from generate_series(1, {amount}) n
"""
CATEGORIES = """
    insert into repository_categories (repository_id, category, star_count)
    select id, 'small', github_id % 500 from repositories
"""
METRICS = """
    insert into rollout_metrics (
        rollout_config_id, repository_id, processor_type, success_count, total_jobs, average_processing_time,
        metrics_window_start, metrics_window_end, created_at)
    select c.id, md5('acme/repo-' || (n % {repositories} + 1))::uuid, 'inngest', 1, 1, 0, w.at - interval '24 hours',
           w.at, w.at
    from rollout_configuration c, generate_series(1, {amount}) n
    cross join lateral (select now() - interval '90 days' * n / {amount} as at) w
"""
REPORT = """
    insert into rollout_metrics (
        rollout_config_id, repository_id, processor_type, success_count, total_jobs, average_processing_time,
        metrics_window_start, metrics_window_end)
    select c.id, md5('acme/repo-1')::uuid, 'inngest', 1, 1, 0, now() - interval '24 hours', now()
    from rollout_configuration c
"""


def run(ground: Ground, quick: bool) -> list[Row]:
    repositories, metrics = (2_000, 20_000) if quick else (200_000, 2_000_000)
    database = ground.empty_database()
    database.run(TABLES, CONFIGURATION, REPOSITORIES.format(amount=repositories), CATEGORIES)
    database.run(METRICS.format(repositories=repositories, amount=metrics), "vacuum analyze")
    prepared = ground.database(template=database)
    what = f"a report while {metrics:,} metrics rows and {repositories:,} categories are adopted, the longest"
    rows = [_adopted(what, database)]
    prepared.run(*INDEXES)
    rows.append(_adopted("the same with the indexes built before, as docs/upgrading.md has it", prepared))
    ground.drop(database, prepared)
    return rows


def _adopted(what: str, database: Database) -> Row:
    with database.every(0.01, lambda reporter: seconds(lambda: reporter.execute(REPORT))) as reports:
        took = seconds(lambda: apply(database.url))
    return Row(what, "a second", max(reports), 1.0, "s", max(reports), 1.0, note=f"the migration took {took:.1f} s")
