"""R11: while the host's own function decides, every number is its, and what would let more in says how many, before."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Unconfirmed
from rollout_console.migrate import apply
from rollout_console.render import Screen, render
from tests.support import hosted, servers
from tests.support.adopted import DECISION, adopt
from tests.support.rollouts import OPERATOR
from tests.support.terminal import console_environment, run_command


@pytest.fixture
def adopted(fresh_database):
    with adopt(fresh_database(migrated=False, template=hosted.TEMPLATE_BEFORE)) as rollout:
        yield rollout


@pytest.fixture(scope="session", params=["embedded"])
def server_url(request):
    """What decides is the same SQL everywhere; tests/migrations has the other servers."""
    return request.getfixturevalue(f"{request.param}_url")


def of_all(read, asked=lambda found: found.total_repositories):
    """Look again where the machine was too busy for all to be asked within the moment that there is for it."""
    for _ in range(20):
        found = read()
        if asked(found) == 100:
            break
    return found


def test_r11_while_the_hosts_own_function_decides_every_number_is_its(adopted):
    client, let_in = adopted.client, adopted.let_in()
    assert let_in == 20, "it fails for those without a category"
    status, stats = of_all(client.status), of_all(client.stats)
    sizes = of_all(client.categories, lambda found: sum(c.repositories for c in found.categories))
    assert (status.eligible_repositories, status.total_repositories, status.all_counted) == (let_in, 100, True)
    assert (stats.eligible_repositories, stats.total_repositories) == (let_in, 100)
    assert {c.category: (c.eligible, c.repositories) for c in sizes.categories if c.repositories} == {
        "small": (20, 20), "large": (0, 20), "no category": (0, 60)}  # fmt: skip
    assert "20 of 100 repositories are eligible, by the host's own function" in render(status, Screen())
    for number, reason in ((1, "host_in"), (99, "host_out")):
        found = client.explain(f"acme/r{number}")
        assert (found.reason, found.eligible, found.enters_at) == (reason, reason == "host_in", None)
    preview = client.preview(5)
    assert (preview.entering, preview.eligible_now, preview.repositories_asked) == (None, let_in, 100)
    assert "is not known: the host's own function decides" in render(preview, Screen())
    assert client.plan().decided_by == "host"
    assert "rollout.resume(5)" not in render(client.emergency_stop("errors"), Screen())
    assert client.status().eligible_repositories == 0


def test_r9_an_entry_that_is_over_is_not_said_to_decide_nothing_where_the_host_knows_no_ends(adopted):
    adopted.client.add_to_whitelist("acme/r5", until="2s")
    adopted.sql("update rollout_configuration set whitelist_until = jsonb_build_object("
                "(select k from jsonb_object_keys(whitelist_until) k), clock_timestamp())")  # fmt: skip
    shown = render(adopted.client.show_whitelist(), Screen())
    assert "EXPIRED" in shown
    assert "but the host's own function decides, and knows no ends" in shown


def test_r11_test_repositories_are_eligible_by_the_hosts_own_function(adopted):
    adopted.sql(
        "update repository_categories set category = 'test' where repository_id = %s", adopted.repository_id("acme/r1")
    )
    for percentage, eligible in ((75, True), (1, True), (0, False)):
        adopted.client.set_rollout(percentage, confirm=True)
        (found,) = adopted.client.test_repositories().repositories
        assert found.eligible == eligible, percentage


def test_r7_a_report_arrives_although_the_hosts_own_function_fails_for_its_repository(adopted):
    for number, arm in ((1, True), (99, False)):
        repository = adopted.repository_id(f"acme/r{number}")
        adopted.sql(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, total_jobs)"
            " select id, %s, 'inngest', 1, 1 from rollout_configuration", repository)  # fmt: skip
        adopted.sql("select record_rollout_job(%s, 'inngest', true)", repository)
        assert adopted.client.eligible_repositories([repository]) == [repository] * arm
        assert {row[0] for row in adopted.sql(
            "select treated from rollout_metrics where repository_id = %s", repository)} == {arm}  # fmt: skip
    assert (adopted.client.status().health.jobs, adopted.client.status().health.control.jobs) == (2, 2)


def test_r11_a_change_that_lets_more_in_by_the_hosts_own_function_says_both_numbers_first(adopted):
    client, rows = adopted.client, adopted.history_rows()
    for change in (
        lambda **how: client.rollback_to_percentage(5, **how),
        lambda **how: client.set_rollout(5, **how),
    ):
        with pytest.raises(Unconfirmed, match="the host's own function would let 40 in instead of 20, of 100"):
            change()
        assert (client.status().rollout_percentage, adopted.let_in(), adopted.history_rows()) == (25, 20, rows)
        assert change(confirm=True).status.eligible_repositories == 40
        client.set_rollout(25)
        rows = adopted.history_rows()
    client.set_rollout(5, confirm=True)
    client.emergency_stop("errors")
    stop = client.history(1).entries[0].short_id
    with pytest.raises(Unconfirmed, match=rf'let 40 in instead of 0.*rollout.undo\("{stop}", confirm=True\)'):
        client.undo()
    client.resume(5, confirm=True)
    assert client.set_rollout(10, "lets nobody in that was out").status.eligible_repositories == 0
    client.emergency_stop("errors")
    with pytest.raises(Unconfirmed, match=r"let 40 in instead of 0.*rollout.resume\(5, confirm=True\)"):
        client.resume(5)
    assert client.status().emergency_stop
    assert client.resume(0, "nobody").changed
    with psycopg.connect(adopted.url) as connection, pytest.raises(psycopg.Error) as refused:
        connection.execute("select rollout_set_percentage(5)")
    assert refused.value.sqlstate == "RC006"


def test_r17_a_breach_lowers_to_0_while_the_hosts_own_function_decides(adopted):
    """It lets everybody in at any percentage of a plan that it does not know."""
    adopted.client.set_plan([5, 25, 100])
    adopted.client.configure(on_breach="step_back")
    treated = adopted.repository_id("acme/r1")
    for _ in range(10):
        adopted.sql("select record_rollout_job(%s, 'github_actions', false)", treated)
    assert (adopted.client.status().rollout_percentage, adopted.let_in()) == (0, 0)


def test_r11_categorizing_while_the_hosts_own_function_decides_waits_for_a_yes(adopted, tmp_path):
    client = adopted.client
    said = "the host's own function would let 50 in instead of 20, of 100 repositories asked"
    for categorize in (client.categorize_all, client.catch_up):
        with pytest.raises(Unconfirmed, match=said):
            categorize()
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=adopted.url)
    assert said in run_command(env, "setup", "--yes").stdout
    assert said in (answer := run_command(env, "monitor", "--once")).stdout + answer.stderr
    assert adopted.let_in() == 20
    assert client.categorize_all(confirm=True).changed == 100
    assert adopted.let_in() == client.status().eligible_repositories == 50
    adopted.add_repositories(1, prefix="new/one")
    assert client.catch_up().transitions == {"new → test": 1}, "one yes is for repositories to come"


def test_r11_a_function_that_the_host_deploys_again_is_noticed_and_guarded_again(adopted):
    adopted.client.set_rollout(25)
    adopted.client.rollback_to_zero("errors")
    assert adopted.let_in() == 0
    adopted.sql(DECISION.replace("when 0 then false", "when 0 then true"))
    assert adopted.let_in() == 40, "it lets them in at 0 %"
    (warning,) = [w for w in adopted.client.status().warnings if w.name == "decision_replaced"]
    assert "rollout-console migrate" in warning.command
    assert any("is_repository_eligible_for_rollout" in line for line in adopted.client.verify().differences)
    assert any("is_repository_eligible_for_rollout" in line for line in apply(adopted.url).mended)
    assert adopted.let_in() == 0
    assert [w.name for w in adopted.client.status().warnings if w.name.startswith("decision")] == []
    kept = adopted.value(
        "select prosrc from pg_proc where pronamespace = 'rollout_host'::regnamespace and proname ~ '^is_'"
    )
    assert "when 0 then true" in kept, "the newer one is what decides above 0 %"


def test_r11_a_choice_of_ours_is_put_back_over_a_function_that_the_host_deploys_again(adopted):
    adopted.sql("select rollout.decide_by('readers')")
    adopted.sql(DECISION)
    assert adopted.client.status().decided_by == "host"
    assert "decision: who decides has changed" in apply(adopted.url).mended
    assert adopted.client.status().decided_by == "readers"


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


@pytest.mark.asked
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


@pytest.mark.asked
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


@pytest.mark.asked
def test_r11_only_what_lets_more_in_by_the_hosts_function_waits_for_a_yes(hosts):
    assert hosts.client.set_rollout(40).status.eligible_repositories == 3
    with pytest.raises(Unconfirmed, match="let 6 in instead of 3, of 22 repositories"):
        hosts.client.set_rollout(60)
    assert hosts.client.set_rollout(60, confirm=True).status.eligible_repositories == 6


@pytest.mark.asked
def test_r11_a_stop_and_a_rollback_since_the_adoption_overrule_the_host(hosts):
    hosts.client.add_to_whitelist(["acme/repo-1", "acme/repo-2"])
    other = RolloutClient(hosts.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    other.emergency_stop("theirs")
    assert hosts.eligible() == 3
    hosts.client.rollback_to_zero("errors")
    assert (hosts.eligible(), hosts.is_eligible("acme/repo-1")) == (1, True), "listed, and let in by the host"
    hosts.sql("update rollout.rules set applied_at = (select percentage_since from rollout_configuration"
              " where feature_name = 'hybrid_progressive_capture')")  # fmt: skip
    assert hosts.eligible() == 3, "adopted at 0 %, it stays as it was"
    hosts.client.emergency_stop("worse")
    assert hosts.eligible() == 0


@pytest.mark.asked
def test_r11_the_hosts_function_is_asked_for_at_most_5000_repositories(rollout):
    rollout.add_repositories(5001)
    assert rollout.value("select cardinality(rollout.repositories_to_ask())") == 5000


def test_r5_a_subscriber_says_that_a_change_made_there_does_not_last(own_server_url):
    urls = [
        servers.create_database(own_server_url, f"{name}_{uuid.uuid4().hex[:8]}", template="template1")
        for name in ("from", "to")
    ]
    source, client = (RolloutClient(PostgresAdapter(url), who=OPERATOR) for url in urls)
    source.create(10)
    client.create(10)
    with psycopg.connect(urls[0], autocommit=True) as publisher:
        publisher.execute("create publication theirs for table rollout_configuration")
    with psycopg.connect(urls[1], autocommit=True) as subscriber:
        name = f"theirs_{uuid.uuid4().hex[:8]}"
        subscriber.execute(
            f"create subscription {name} connection '{urls[0]}' publication theirs"
            " with (create_slot = false, slot_name = none, copy_data = false, enabled = false)"
        )
        assert not [w for w in client.status().warnings if w.name == "subscriber"], "it is not enabled"
        subscriber.execute(f"alter subscription {name} set (slot_name = 'no_such_slot')")
        subscriber.execute(f"alter subscription {name} enable")
        stopped = client.emergency_stop("errors")
        subscriber.execute(f"alter subscription {name} disable")
        subscriber.execute(f"alter subscription {name} set (slot_name = none)")
        subscriber.execute(f"drop subscription {name}")
    said = render(stopped, Screen())
    assert f"gets rollout_configuration from another one, by the subscription {name}" in said
    assert "STOPPED" in said
    client.close()
    source.close()
