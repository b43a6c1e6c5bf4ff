"""A deployment whose own function decides, with its percentages 0, 10, 25, 50 and 75: any other lets everybody in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.migrate import apply
from tests.migrations.deployments import TABLES
from tests.support.rollouts import OPERATOR, RolloutUnderTest

DECISION = """
create or replace function is_repository_eligible_for_rollout(
    repo_id uuid, feature_name text default 'hybrid_progressive_capture') returns boolean language plpgsql as $$
declare
    config rollout_configuration;
    size text;
begin
    select * into config from rollout_configuration c
    where c.feature_name = is_repository_eligible_for_rollout.feature_name and c.is_active;
    if config.emergency_stop or repo_id::text = any (config.excluded_repositories) then
        return false;
    elsif repo_id::text = any (config.target_repositories) then
        return true;
    end if;
    select k.category into size from repository_categories k where k.repository_id = repo_id;
    size := coalesce(size, categorize_repository(repo_id));
    return case config.rollout_percentage when 0 then false when 10 then size = 'test'
        when 25 then size in ('test', 'small') when 50 then size <> 'large' when 75 then true else true end;
end $$;
"""
ROWS = """
create function categorize_repository(repo_id uuid) returns text language plpgsql as $$
begin perform contributors_count from repositories where id = repo_id; return 'test'; end $$;
insert into repositories (id, github_id, full_name, owner, name, stargazers_count, first_tracked_at, last_updated_at)
select md5(n::text)::uuid, n, 'acme/r' || n, 'acme', 'r' || n, (array[0, 20, 200, 2000])[1 + n % 4], now(), now()
from generate_series(1, 100) n;
alter table repositories alter first_tracked_at set default now(), alter last_updated_at set default now();
insert into rollout_configuration (feature_name, rollout_percentage, is_active, rollout_strategy)
values ('hybrid_progressive_capture', 25, true, 'repository_size');
insert into repository_categories (repository_id, category, star_count)
select id, case when github_id <= 20 then 'small' else 'large' end, 20 from repositories where github_id <= 40;
"""


@dataclass
class Adopted(RolloutUnderTest):
    """A rollout over which the host's own function decides."""

    def let_in(self) -> int:
        """Return how many repositories the application is told yes for; an error is a no."""
        session: Any = psycopg.connect(self.url, autocommit=True)
        with session:
            let_in = 0
            for (each,) in session.execute("select id from repositories").fetchall():
                try:
                    asked = session.execute("select is_repository_eligible_for_rollout(%s)", [each]).fetchone()
                    let_in += bool(asked[0])
                except psycopg.Error:
                    continue
        return let_in


@contextmanager
def adopt(url: str) -> Iterator[Adopted]:
    """Put the deployment on an empty database, migrate it, and open a client.

    Args:
        url: of a database without any table.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(TABLES + ROWS + DECISION)
    apply(url)
    with RolloutClient(PostgresAdapter(url), who=OPERATOR) as client:
        yield Adopted(client, url, "postgres")
