"""is_repository_eligible_for_rollout against the existing function, eight clients."""

from __future__ import annotations

import hashlib
import uuid

import psycopg

from benchmarks.ground import Database, Ground
from benchmarks.measure import Row, in_turn, seconds

EXISTING = """
    create function existing_eligible(repo_id uuid, feature text) returns boolean language plpgsql as $$
    declare config public.rollout_configuration; bucket integer;
    begin
        select * into config from public.rollout_configuration c where c.feature_name = feature and c.is_active = true;
        if not found then return false; end if;
        if config.emergency_stop then return false; end if;
        if repo_id::text = any (config.excluded_repositories) then return false; end if;
        if repo_id::text = any (config.target_repositories) then return true; end if;
        bucket := hashtext(repo_id::text) % 100;
        return bucket < config.rollout_percentage;
    end $$
"""
ASK = (
    "\\set n random(1, {repositories})\nselect {function}(md5('acme/repo-' || :n)::uuid, 'hybrid_progressive_capture')"
)


def run(ground: Ground, quick: bool) -> list[Row]:
    repositories, length, rounds = (2_000, 2, 3) if quick else (10_000, 8, 5)
    database = ground.database()
    database.fill(repositories)
    database.run("select rollout_categorize_batch(100000)", EXISTING, "vacuum analyze")
    rows = []
    for strategy, goal, note in (
        ("percentage", 1.1, "like for like: both look at the hash alone"),
        ("repository_size", 1.0, "ours looks up the repository's category and its share, too"),
    ):
        database.run(f"update rollout_configuration set rollout_strategy = '{strategy}'")

        def rate(function: str) -> float:
            return database.pgbench(ASK.format(function=function, repositories=repositories), length)

        ours, theirs = in_turn(
            lambda: rate("is_repository_eligible_for_rollout"), lambda: rate("existing_eligible"), rounds
        )
        rows.append(
            Row(
                f"the decision, strategy {strategy}", "the existing function", ours, theirs, "calls/s",
                ours / theirs, goal, at_least=True, note=note,
            )
        )  # fmt: skip
    rows.append(_in_bulk(database))
    ground.drop(database)
    return rows


def _in_bulk(database: Database, amount: int = 1_000) -> Row:
    ids = [str(uuid.UUID(hashlib.md5(f"acme/repo-{n}".encode()).hexdigest())) for n in range(1, amount + 1)]
    with psycopg.connect(database.url, autocommit=True) as session:

        def at_once() -> float:
            return 1000 * seconds(lambda: session.execute("select rollout_eligible_repositories(%s)", [ids]))

        def one_by_one() -> float:
            ask = "select is_repository_eligible_for_rollout(%s)"
            return 1000 * seconds(lambda: [session.execute(ask, [one], prepare=True) for one in ids])

        ours, theirs = in_turn(at_once, one_by_one, 5)
    return Row(f"decisions for {amount:,} repositories in one call", f"{amount:,} calls", ours, theirs, "ms",
               theirs / ours, 20, at_least=True, note="times faster")  # fmt: skip
