"""R1: asked for many at once, the decision is the one that is made for each."""

from __future__ import annotations

import random
import uuid

import pytest

from rollout_console.errors import BadArgument
from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked

LISTS = (
    "update rollout_configuration set target_repositories = array(select id::text from repositories order by md5(id || %s)"
    " limit %s), excluded_repositories = array(select id::text from repositories order by md5(%s || id) limit %s)"
)
ENDS = (
    "update rollout_configuration set whitelist_until = (select coalesce(jsonb_object_agg(t, now() + '1 day'::interval"
    " * (row_number - 3)), '{}') from (select t, row_number() over () from unnest(target_repositories) t limit 6) u)"
)


def one_by_one(rollout, ids: list[str]) -> list[str]:
    decided = rollout.sql(
        "select id from unnest(%s::text[]) with ordinality as i (id, place)"
        " where is_repository_eligible_for_rollout(id::uuid) order by place", ids,
    )  # fmt: skip
    return [i for (i,) in decided]


@pytest.fixture
def ids(running) -> list[str]:
    running.add_repositories(120, stars=2000, prefix="acme/large")
    running.client.categorize_all()
    running.add_repositories(5, prefix="acme/uncategorized")
    known = [str(i) for (i,) in running.sql("select id from repositories")]
    return [*known, str(uuid.uuid4()), known[0]]


@pytest.mark.parametrize("strategy", ["repository_size", "percentage", "whitelist"])
@pytest.mark.parametrize("percentage", [0, 1, 50, 99, 100])
def test_r1_for_any_lists_and_ends_the_set_is_decided_as_each_alone(running, ids, strategy, percentage):
    chance = random.Random(f"{strategy} {percentage}")
    running.client.configure(strategy=strategy)
    running.client.set_rollout(percentage)
    for size in (0, 3, 110):
        salt = str(chance.random())
        running.sql(LISTS, salt, size, salt, chance.randrange(size + 1))
        running.sql(ENDS)
        chance.shuffle(ids)
        assert running.client.eligible_repositories(ids) == one_by_one(running, ids)
        counted = running.client.status().eligible_repositories
        assert counted == running.value(
            "select count(*) from repositories where is_repository_eligible_for_rollout(id)"
        )
        assert running.differences() == {}
    running.client.emergency_stop("all")
    assert running.client.eligible_repositories(ids) == []


def test_r1_of_another_or_of_an_inactive_feature_nothing_is_decided(running, ids):
    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    other.set_rollout(100)
    running.client.set_rollout(0)
    assert (running.client.eligible_repositories(ids), other.eligible_repositories(ids)) == ([], ids)
    running.client.set_rollout(100)
    other.set_rollout(0)
    assert (running.client.eligible_repositories(ids), other.eligible_repositories(ids)) == (ids, [])
    running.sql("update rollout_configuration set is_active = false where feature_name = %s", running.client.feature)
    assert running.client.eligible_repositories(ids) == []


def test_r1_of_none_none_is_eligible(running):
    assert running.client.eligible_repositories([]) == []
    assert running.value("select rollout_eligible_repositories(null)") == []


@pytest.mark.parametrize("strategy", ["repository_size", "percentage"])
@pytest.mark.parametrize(("percentage", "reason"), [(0, "zero_percent"), (100, "full_rollout")])
def test_r1_at_0_and_at_100_percent_no_counter_is_asked(running, ids, strategy, percentage, reason):
    """A fall to 0 % is made although the counters can't be written (R18)."""
    running.client.configure(strategy=strategy)
    with running.transaction() as session:
        session.execute("set session_replication_role = replica")
        session.execute("update rollout_configuration set rollout_percentage = %s", [percentage])
    expected = ids if percentage else []
    assert running.client.eligible_repositories(ids) == one_by_one(running, ids) == expected
    assert running.client.explain("acme/repo-1").reason == reason


@pytest.mark.parametrize("wrong", ["nope", "acme/repo-1", 5, None])
def test_r13_what_is_no_id_is_named(running, wrong):
    with pytest.raises(BadArgument, match=f"is a UUID, not {wrong!r}; for a name, type rollout.explain"):
        running.client.eligible_repositories([str(uuid.uuid4()), wrong])


def test_r11_the_hosts_own_decision_is_asked_for_each(running, ids):
    running.sql(
        "create schema rollout_host; grant usage on schema rollout_host to public;"
        " create function rollout_host.is_repository_eligible_for_rollout(repo_id uuid, feature_name text"
        " default 'hybrid_progressive_capture') returns boolean language sql as"
        " $$ select repo_id::text < '8' $$; select rollout.decide_by('host'); select rollout.apply_privileges()"
    )
    try:
        assert running.client.eligible_repositories(ids) == [i for i in ids if i < "8"]
        assert running.client.eligible_repositories(ids) == one_by_one(running, ids)
        running.client.emergency_stop("the host's, too")
        assert running.client.eligible_repositories(ids) == []
    finally:
        running.sql(
            "select rollout.decide_by('readers'); drop schema rollout_host cascade; select rollout.apply_privileges()"
        )
