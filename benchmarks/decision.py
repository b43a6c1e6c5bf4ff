"""is_repository_eligible_for_rollout against the existing function, eight clients."""

from __future__ import annotations

from benchmarks.ground import Ground
from benchmarks.measure import Row, in_turn

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
    for strategy, note in (
        ("percentage", "like for like: both look at the hash alone"),
        ("repository_size", "ours looks up the repository's category and its share, too"),
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
                ours / theirs, 1.0, at_least=True, note=note,
            )
        )  # fmt: skip
    ground.drop(database)
    return rows
