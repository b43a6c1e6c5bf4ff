"""R11: the host's own function that decides, asked in one session: its answers are counted, guarded and overruled."""

from __future__ import annotations

import pytest

from rollout_console.client import RolloutClient
from rollout_console.errors import Unconfirmed
from tests.rules.test_true_numbers import asked
from tests.support.rollouts import OPERATOR

pytestmark = pytest.mark.asked

HOSTS = """
create schema rollout_host;
grant usage on schema rollout_host to public;
create function rollout_host.is_repository_eligible_for_rollout(
    repo_id uuid, feature_name text default 'hybrid_progressive_capture') returns boolean language sql stable as $$
    select case when r.full_name ~ 'broken' then 1 / (r.stargazers_count - r.stargazers_count) > 0
        else r.full_name ~ case when c.rollout_percentage > 50 then '[12]$' else '1$' end end
    from public.repositories r, public.rollout_configuration c
    where r.id = repo_id and c.feature_name = is_repository_eligible_for_rollout.feature_name and c.is_active
$$;
select rollout.decide_by('host');
"""


@pytest.fixture
def hosts(running):
    """A rollout whose host lets in every tenth repository, or two of ten, and fails for one."""
    running.add_repositories(2, stars=2000, prefix="acme/large")
    running.client.categorize_all()
    running.sql(HOSTS)
    return running


def by_category(rollout):
    return {c.category: (c.eligible, c.repositories) for c in rollout.client.categories().categories}


def test_r11_the_hosts_answers_are_counted_by_category_and_an_error_is_a_no(hosts):
    categorized = {"test": (2, 20), "small": (0, 0), "medium": (0, 0), "large": (1, 2), "enterprise": (0, 0)}
    assert by_category(hosts) == categorized
    hosts.add_repositories(1, prefix="acme/broken")
    assert list(by_category(hosts).items()) == [*categorized.items(), ("no category", (0, 1))]
    hosts.add_repositories(3, prefix="acme/new")
    hosts.sql("insert into repository_categories (repository_id, category) select id, 'huge' from repositories"
              " where full_name = 'acme/new-1'")  # fmt: skip
    assert by_category(hosts) == {**categorized, "no category": (1, 4)}
    status = hosts.client.status()
    assert (status.eligible_repositories, status.total_repositories, status.all_counted) == (4, 26, True)
    assert status.only_whitelisted == 0
    names = ["acme/broken-1", "acme/new-1", "acme/new-2"]
    ids = [hosts.repository_id(name) for name in names]
    assert hosts.client.eligible_repositories(ids) == [ids[1]]
    assert hosts.sql("select rollout.is_all(25), rollout.is_all(26)") == [(False, True)]
    let_in = {
        repository.full_name for repository in hosts.client.test_repositories().repositories if repository.eligible
    }
    assert let_in == {"acme/repo-1", "acme/repo-11"}


def test_r11_who_may_not_read_the_repositories_is_not_told_that_all_were_counted(hosts):
    counted = "select rollout_stats() ->> 'all_counted'"
    hosts.sql("revoke select on repositories from anon; grant usage on schema rollout_host to anon")
    found = [hosts.value(counted)]
    hosts.sql("set role anon")
    try:
        found.append(hosts.value(counted))
    finally:
        hosts.sql("reset role")
    assert found == ["true", "false"]


def test_r11_only_what_lets_more_in_by_the_hosts_function_waits_for_a_yes(hosts):
    assert hosts.client.set_rollout(40).status.eligible_repositories == 3
    with pytest.raises(Unconfirmed, match="let 6 in instead of 3, of 22 repositories"):
        hosts.client.set_rollout(60)
    assert hosts.client.set_rollout(60, confirm=True).status.eligible_repositories == 6


def test_r11_a_stop_and_a_rollback_since_the_adoption_overrule_the_host(hosts):
    hosts.client.add_to_whitelist(["acme/repo-1", "acme/repo-2"])
    other = RolloutClient(hosts.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    other.emergency_stop("theirs")
    assert asked(hosts) == 3
    hosts.client.rollback_to_zero("errors")
    assert (asked(hosts), hosts.is_eligible("acme/repo-1")) == (1, True), "listed, and let in by the host"
    hosts.sql("update rollout.rules set applied_at = (select percentage_since from rollout_configuration"
              " where feature_name = 'hybrid_progressive_capture')")  # fmt: skip
    assert asked(hosts) == 3, "adopted at 0 %, it stays as it was"
    hosts.client.emergency_stop("worse")
    assert asked(hosts) == 0
