"""R1: who is in. One definition, in SQL; the share, the order, the nesting, the lists."""

from __future__ import annotations

import pytest

from tests.support.rollouts import rollout_on

pytestmark = pytest.mark.asked

PERCENTAGES = [0, 1, 5, 10, 25, 33, 50, 75, 99, 100]
ORDER = ["test", "small", "medium", "large", "enterprise"]


@pytest.fixture
def ten_thousand(rollout):
    for stars, amount in ((0, 1200), (20, 4300), (300, 2500), (3000, 1500), (30000, 500)):
        rollout.add_repositories(amount, stars, prefix=f"acme/stars{stars}")
    rollout.client.categorize_all()
    return rollout


def eligible(rollout) -> dict[str, str]:
    """Ask the application's own function for every repository: {id: category}."""
    rows = rollout.sql(
        "select r.id::text, k.category from repositories r join repository_categories k on k.repository_id = r.id"
        " where is_repository_eligible_for_rollout(r.id)"
    )
    return dict(rows)


@pytest.mark.large
@pytest.mark.parametrize("strategy", ["repository_size", "percentage"])
def test_r1_share_nesting_and_order_at_ten_thousand(ten_thousand, strategy):
    rollout = ten_thousand
    rollout.sql("update rollout_configuration set rollout_strategy = %s", strategy)
    sizes = dict(rollout.sql("select category, count(*) from repository_categories group by 1"))
    previous: set[str] = set()
    for percentage in PERCENTAGES:
        rollout.client.set_rollout(percentage)
        inside = eligible(rollout)
        # hash alone is a draw: 0.5 points is its standard deviation at 50 %
        assert len(inside) == pytest.approx(percentage * 100, abs=100 if strategy == "repository_size" else 200)
        assert previous <= set(inside), f"raising to {percentage} % removed somebody"
        assert rollout.client.stats().eligible_repositories == len(inside)
        previous = set(inside)
        if strategy == "repository_size":
            assert len(inside) <= percentage * 100, "more were admitted than the operator typed"
            counts = {c: list(inside.values()).count(c) for c in ORDER}
            partial = [c for c in ORDER if 0 < counts[c] < sizes[c]]
            assert len(partial) <= 1, "more than one category is cut"
            full = [c for c in ORDER if counts[c] == sizes[c]]
            assert full == ORDER[: len(full)], "a later category was filled before an earlier one"
            by_category = {c.category: c.eligible for c in rollout.client.categories().categories}
            assert by_category == counts


def test_r1_a_percentage_is_counted_from_few_pages_before_the_planner_knows_the_table(fresh_database):
    """After a first categorization there are no statistics; a change must be quick all the same."""
    rollout = rollout_on(fresh_database())
    rollout.sql("alter table rollout.buckets set (autovacuum_enabled = false)")
    rollout.add_repositories(10_000, prefix="acme/other")
    rollout.client.categorize_all()
    for percentage in (33, 77):
        [plan] = rollout.value(f"explain (analyze, buffers, format json) select rollout_set_percentage({percentage})")
        pages = plan["Plan"]["Shared Hit Blocks"] + plan["Plan"]["Shared Read Blocks"]
        assert pages < 20_000, "a new session reads 3,000; summing anew for every bucket read 200,000"


@pytest.mark.large
def test_r1_lowering_never_adds(ten_thousand):
    rollout = ten_thousand
    rollout.client.set_rollout(100)
    previous = set(eligible(rollout))
    for percentage in reversed(PERCENTAGES):
        rollout.client.set_rollout(percentage)
        inside = set(eligible(rollout))
        assert inside <= previous
        previous = inside
    assert previous == set()


@pytest.mark.large
def test_r1_one_category_alone_is_cut_to_the_share(rollout):
    """Every repository alike: the boundary is the whole rollout, and the share still holds."""
    rollout.add_repositories(10_000)
    rollout.client.categorize_all()
    for percentage in PERCENTAGES:
        rollout.client.set_rollout(percentage)
        assert len(eligible(rollout)) == pytest.approx(percentage * 100, abs=100)


def test_r1_zero_admits_only_the_whitelist_and_hundred_all_but_the_blacklist(rollout):
    names = rollout.add_repositories(50)
    uncategorized = rollout.add_repositories(1, prefix="late/comer")[0]
    listed, banned = names[0], names[1]
    rollout.client.add_to_whitelist(listed)
    rollout.sql("update rollout_configuration set excluded_repositories = array[%s]", rollout.repository_id(banned))
    assert [n for n in [*names, uncategorized] if rollout.is_eligible(n)] == [listed]
    rollout.client.set_rollout(100)
    assert [n for n in [*names, uncategorized] if not rollout.is_eligible(n)] == [banned]


def test_r1_order_of_rules(rollout):
    name = rollout.add_repositories(1)[0]
    repo = rollout.repository_id(name)
    rollout.client.add_to_whitelist(name)
    assert rollout.client.explain(name).reason == "whitelist"
    rollout.sql("update rollout_configuration set excluded_repositories = array[%s]", repo)
    assert rollout.client.explain(name).reason == "blacklist"
    rollout.client.emergency_stop("test")
    assert rollout.client.explain(name).reason == "emergency_stop"
    assert not rollout.is_eligible(name)


def test_r1_whitelist_strategy_admits_the_whitelist_only(rollout):
    names = rollout.add_repositories(10)
    rollout.client.categorize_all()
    rollout.client.set_rollout(100)
    rollout.client.add_to_whitelist(names[:2])
    rollout.sql("update rollout_configuration set rollout_strategy = 'whitelist'")
    assert [n for n in names if rollout.is_eligible(n)] == names[:2]
    assert rollout.client.stats().eligible_repositories == 2


def test_r1_hash_is_never_negative_and_salted_with_the_feature(rollout):
    low, high = rollout.sql(
        "select min(b), max(b) from (select rollout.bucket('f', gen_random_uuid()) b from generate_series(1, 100000)) x"
    )[0]
    assert low >= 0
    assert high <= 9999
    same = rollout.value(
        "select count(*) from (select gen_random_uuid() u from generate_series(1, 10000)) x"
        " where rollout.bucket('one', u) = rollout.bucket('two', u)"
    )
    assert same < 30, "two features draw the same cohort"


def test_r1_hash_is_the_documented_one(rollout):
    """Changing it would re-draw every cohort: these values must never change."""
    repo = "00000000-0000-4000-8000-000000000001"
    assert (
        rollout.value("select rollout.bucket('hybrid_progressive_capture', %s)", repo)
        == int(__import__("hashlib").md5(f"hybrid_progressive_capture:{repo}".encode()).hexdigest()[:8], 16) % 10_000
    )


@pytest.mark.commits
@pytest.mark.parametrize("target", [0, 5, 30, 77, 100])
def test_r1_preview_says_exactly_what_then_happens(ten_thousand, target):
    rollout = ten_thousand
    rollout.client.set_rollout(30)
    names = [row[0] for row in rollout.sql("select full_name from repositories order by full_name limit 40")]
    rollout.client.add_to_whitelist(names)
    before = eligible(rollout)
    preview = rollout.client.preview(target)
    assert eligible(rollout) == before, "a preview changed something"
    rollout.client.set_rollout(target)
    after = eligible(rollout)
    assert preview.entering == len(after.keys() - before.keys())
    assert preview.leaving == len(before.keys() - after.keys())
    moved = {rollout.repository_id(n) for c in preview.categories for n in c.examples}
    assert moved <= (after.keys() ^ before.keys())


@pytest.mark.large
def test_r1_status_says_how_many_are_eligible_only_by_the_whitelist(ten_thousand):
    rollout = ten_thousand
    rollout.client.set_rollout(30)
    by_percentage = eligible(rollout).keys()
    others = [row[0] for row in rollout.sql("select id::text from repositories") if row[0] not in by_percentage]
    rollout.client.add_to_whitelist([*others[:7], *list(by_percentage)[:5]])
    status = rollout.client.status()
    assert status.only_whitelisted == len(eligible(rollout).keys() - by_percentage) == 7
    assert status.eligible_repositories - status.only_whitelisted == len(by_percentage)
    rollout.client.emergency_stop("stop")
    assert rollout.client.status().only_whitelisted == 0


@pytest.mark.large
def test_r1_explain_names_the_percentage_at_which_a_repository_enters(ten_thousand):
    rollout = ten_thousand
    for name in [row[0] for row in rollout.sql("select full_name from repositories order by id limit 25")]:
        enters = rollout.client.explain(name).enters_at
        rollout.client.set_rollout(enters)
        assert rollout.is_eligible(name)
        rollout.client.set_rollout(enters - 1)
        assert not rollout.is_eligible(name)


def test_r1_counts_follow_every_change_of_category_whoever_makes_it(rollout):
    rollout.add_repositories(300)
    rollout.client.categorize_all()
    rollout.sql("update repository_categories set category = 'large' where right(id::text, 1) < '8'")
    rollout.sql("delete from repository_categories where right(id::text, 1) = 'f'")
    rollout.sql("delete from repositories where right(full_name, 1) = '7'")
    counted = rollout.sql(
        "select category, bucket, repositories from rollout.buckets where width = 1 and repositories <> 0 order by 1, 2"
    )
    recount = rollout.sql(
        "select category::text, rollout.bucket('hybrid_progressive_capture', repository_id), count(*)"
        " from repository_categories group by 1, 2 order by 1, 2"
    )
    assert counted == recount
    assert rollout.client.stats().total_repositories == rollout.value("select count(*) from repository_categories")


def test_r1_totals_of_the_categories_are_those_of_the_rows(rollout):
    rollout.add_repositories(20, stars=0, prefix="a/test")
    rollout.add_repositories(30, stars=20, prefix="a/small")
    rollout.client.categorize_all()
    rollout.sql("update repositories set stargazers_count = stargazers_count + 3 where full_name like '%%-1'")
    rollout.client.categorize_all()
    rollout.client.mark_as_test("a/small-2")
    rollout.sql(
        "insert into repository_categories (repository_id, category, star_count, contributor_count, pr_count,"
        " monthly_activity_score) select id, 'large', null, null, null, null from repositories"
        " where full_name = %s",
        rollout.add_repositories(1, prefix="a/null")[0],
    )
    rollout.sql("update repository_categories set star_count = null where star_count = 20 and priority_level = 80")
    counted = rollout.sql(
        "select category, repositories, stars, contributors, pull_requests, activity, pinned from rollout.category_counts"
        " where repositories > 0 order by 1"
    )
    recount = rollout.sql(
        "select category::text, count(*), coalesce(sum(star_count), 0), coalesce(sum(contributor_count), 0), coalesce(sum(pr_count), 0),"
        " coalesce(sum(monthly_activity_score), 0), count(*) filter (where pinned_as_test) from repository_categories"
        " group by 1 order by 1"
    )
    assert counted == recount


IN_BUCKET = """
insert into repositories (id, github_id, full_name, owner, name)
select id, -%s, %s, 'acme', %s from (select md5(n::text)::uuid as id from generate_series(1, 200000) n) i
where rollout.bucket('hybrid_progressive_capture', id) = %s limit 1
"""


@pytest.mark.parametrize("categorized", [True, False])
@pytest.mark.parametrize("strategy", ["percentage", "repository_size"])
def test_r1_the_share_ends_below_the_bucket_at_its_bound(rollout, strategy, categorized):
    for bucket in (4999, 5000, 5050):
        rollout.sql(IN_BUCKET, bucket, f"acme/in-{bucket}", f"in-{bucket}", bucket)
    if categorized:
        rollout.client.categorize_all()
    rollout.client.configure(strategy=strategy)
    let_in = {("percentage", 50): 1, ("percentage", 51): 3}
    if categorized:
        let_in |= {("repository_size", 50): 1, ("repository_size", 67): 2, ("repository_size", 99): 2}
    for percentage in (50, 51, 67, 99):
        expected = let_in.get((strategy, percentage), 3 if strategy == "percentage" else 1 if categorized else 0)
        status = rollout.client.set_rollout(percentage).status
        names = [f"acme/in-{bucket}" for bucket in (4999, 5000, 5050)]
        assert [name for name in names if rollout.is_eligible(name)] == names[:expected]
        assert status.eligible_repositories == expected
    rollout.client.set_rollout(50)
    rollout.client.add_to_whitelist(names)
    status = rollout.client.status()
    is_shared = categorized or strategy == "percentage"
    assert (status.eligible_repositories, status.only_whitelisted) == (3, 2 if is_shared else 3)
    if is_shared:
        enters = [rollout.client.explain(f"acme/in-{bucket}").enters_at for bucket in (4999, 5000, 5050)]
        assert enters == ([50, 51, 51] if strategy == "percentage" else [34, 67, 100])


@pytest.mark.parametrize("until", [None, "2h"])
def test_r1_an_entry_of_a_list_counts_where_the_share_decides_otherwise(rollout, until):
    for bucket in (4999, 5000):
        rollout.sql(IN_BUCKET, bucket, f"acme/in-{bucket}", f"in-{bucket}", bucket)
    rollout.client.categorize_all()
    rollout.client.configure(strategy="percentage")
    rollout.client.set_rollout(50)
    for add, name, eligible in (
        (rollout.client.add_to_whitelist, "acme/in-5000", 2),
        (rollout.client.add_to_whitelist, "acme/in-4999", 2),
        (rollout.client.add_to_blacklist, "acme/in-5000", 1),
        (rollout.client.add_to_blacklist, "acme/in-4999", 0),
    ):
        add(name, until=until) if "white" in add.__name__ else add(name)
        assert rollout.client.status().eligible_repositories == eligible
        assert sum(rollout.is_eligible(f"acme/in-{bucket}") for bucket in (4999, 5000)) == eligible
    assert rollout.differences() == {}


def test_r1_a_repository_enters_at_the_percentage_that_explain_names(rollout):
    names = rollout.add_repositories(60) + rollout.add_repositories(40, stars=90, prefix="acme/medium")
    rollout.client.categorize_all()
    enters = {name: rollout.client.explain(name).enters_at for name in names[::9]}
    assert len(set(enters.values())) > 8
    for name, percentage in enters.items():
        rollout.client.set_rollout(percentage - 1)
        assert not rollout.is_eligible(name)
        rollout.client.set_rollout(percentage)
        assert rollout.is_eligible(name)


def test_r1_explain_names_the_rule_for_each_category_and_at_the_boundary(rollout):
    rollout.add_repositories(20)
    names = rollout.add_repositories(60, stars=90, prefix="acme/medium")
    rollout.add_repositories(1, stars=9000, prefix="acme/enterprise")
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    found = {name: rollout.client.explain(name) for name in ("acme/repo-1", "acme/enterprise-1", *names)}
    assert [found[name].reason for name in ("acme/repo-1", "acme/enterprise-1")] == ["category_in", "category_out"]
    reasons = [found[name].reason for name in names]
    assert set(reasons) == {"boundary_in", "boundary_out"}
    assert 20 + reasons.count("boundary_in") == rollout.client.status().eligible_repositories == 40


def test_r1_without_counters_nobody_is_let_in_or_counted(running):
    running.sql("delete from rollout.category_counts")
    status = running.client.status()
    assert (status.eligible_repositories, status.total_repositories) == (0, 0)
    shown = running.client.categories().categories
    assert [(c.repositories, c.eligible) for c in shown] == [(0, 0)] * 5
    preview = running.client.preview(100)
    assert (preview.entering, preview.leaving) == (0, 0)
    found = running.client.explain("acme/repo-1")
    assert (found.eligible, found.reason) == (False, "category_out")


def test_r1_the_first_that_the_share_leaves_out_is_counted_once_it_is_listed(running):
    """Its bucket is the very one below which the others are eligible."""
    everyone = [name for (name,) in running.sql("select full_name from repositories")]
    running.client.set_rollout(5)
    assert [running.is_eligible(name) for name in everyone].count(True) == 1
    running.client.set_rollout(50)
    assert running.client.status().eligible_repositories == 10
    for until in ("2h", None):
        running.client.add_to_whitelist(everyone, until=until)
        status = running.client.status()
        assert (status.eligible_repositories, status.only_whitelisted) == (20, 10)
    running.client.remove_from_whitelist(everyone)
    running.client.add_to_blacklist([name for name in everyone if not running.is_eligible(name)])
    assert running.client.status().eligible_repositories == 10
