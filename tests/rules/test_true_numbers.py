"""R1, R11: whoever names eligible repositories counts by the function that decides, and what would let more in says
how many, before."""

from __future__ import annotations

import uuid

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, Unconfirmed
from rollout_console.migrate import apply
from rollout_console.render import Screen, render
from tests.support import hosted, servers
from tests.support.adopted import DECISION, adopt
from tests.support.rollouts import OPERATOR, Unseeing
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
    assert client.set_rollout(10, "lets nobody in that was out").status.eligible_repositories == 0
    client.emergency_stop("errors")
    with pytest.raises(Unconfirmed, match=r"let 40 in instead of 0.*rollout.resume\(…, confirm=True\)"):
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


def asked(rollout) -> int:
    return int(rollout.value("select count(*) filter (where is_repository_eligible_for_rollout(id)) from repositories"))


def test_r1_repositories_without_a_category_are_counted_where_they_are_let_in(rollout):
    client = rollout.client
    rollout.add_repositories(100)
    client.categorize_all()
    rollout.add_repositories(100, prefix="other/new")
    client.add_to_whitelist("other/new-1")
    client.add_to_blacklist("other/new-2")
    for strategy, percentage in (
        ("repository_size", 50), ("repository_size", 100), ("percentage", 50), ("percentage", 100), ("whitelist", 100),
    ):  # fmt: skip
        client.configure(strategy=strategy)
        before, moves = asked(rollout), client.preview(percentage)
        status = client.set_rollout(percentage).status
        let_in = asked(rollout)
        assert (status.eligible_repositories, client.stats().eligible_repositories) == (let_in, let_in), strategy
        assert moves.entering - moves.leaving == let_in - before, strategy
        assert sum(c.eligible for c in client.categories().categories) == let_in
        client.set_rollout(0)
        assert client.status().eligible_repositories == client.status().only_whitelisted == 1


def test_r1_a_repository_of_an_unknown_category_is_counted_as_one_without(rollout):
    rollout.add_repositories(2)
    rollout.client.categorize_all()
    rollout.sql(
        "update repository_categories set category = 'huge' where repository_id = %s",
        rollout.repository_id("acme/repo-1"),
    )
    rollout.client.configure(strategy="percentage")
    assert rollout.client.set_rollout(100).status.eligible_repositories == asked(rollout) == 2
    assert {c.category: c.eligible for c in rollout.client.categories().categories if c.repositories} == {
        "test": 1,
        "no category": 1,
    }


def test_r6_a_rollback_is_said_wherever_the_state_is_said(rollout):
    client = rollout.client
    rollout.add_repositories(20)
    client.categorize_all()
    assert (client.status().state.name, client.plan().phase) == ("not_started", "not started")
    client.set_rollout(25)
    assert client.status().state.name == "running"
    client.rollback_to_zero("errors in the logs")
    client.note("looked")
    state = client.status().state
    assert (state.name, state.by, state.reason, state.from_percentage) == (
        "rolled_back", "tess", "errors in the logs", 25)  # fmt: skip
    assert state.since == client.history().entries[1].at
    for shown in (client.status(), client.plan(), client.phases(), client.preview(10), client.features()):
        text = render(shown, Screen())
        assert "rolled back" in text, text
        assert "not started" not in text, text
    assert client.overview().status.state == state
    client.hold("wait")
    assert client.status().state.name == "rolled_back"
    client.emergency_stop("worse")
    stopped = client.status().state
    assert (stopped.name, stopped.by, stopped.reason) == ("stopped", "tess", "worse")
    assert client.status().phase == "rolled back"
    client.resume()
    client.release()
    client.set_rollout(10)
    client.hold("wait")
    assert (client.status().state.name, client.status().state.by) == ("held", "tess")


@pytest.mark.asked
@pytest.mark.parametrize(
    ("lower", "state"),
    [
        (lambda r: r.client.set_rollout(0), "rolled_back"),
        (lambda r: r.client.set_rollout(25), "running"),
        (lambda r: r.client.rollback_to_percentage(25), "rolled_back"),
        (lambda r: r.sql("update rollout_configuration set rollout_percentage = 0"), "rolled_back"),
        (lambda r: r.sql("update rollout_configuration set rollout_percentage = 25"), "running"),
    ],
    ids=["set to 0", "set lower", "rolled back", "written to 0", "written lower"],
)
def test_r6_what_is_lowered_to_0_or_by_a_rollback_is_rolled_back(running, lower, state):
    lower(running)
    assert running.client.status().state.name == state


@pytest.mark.asked
def test_r6_one_percent_is_not_0(running):
    def said():
        status = running.client.status()
        return status.state.name, status.phase

    running.client.set_rollout(1)
    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    other.set_rollout(50)
    other.rollback_to_zero()
    assert said() == ("running", "before phase 6")
    running.client.set_rollout(0)
    assert said() == ("rolled_back", "rolled back")
    running.client.set_rollout(1)
    assert said() == ("running", "before phase 6")
    running.client.rollback_to_zero()
    assert said() == ("rolled_back", "rolled back")


@pytest.mark.asked
def test_r6_what_the_breaker_stepped_back_is_rolled_back(running):
    running.client.configure(on_breach="step_back")
    running.sql("select record_rollout_job(null, 'github_actions', false) from generate_series(1, 10)")
    assert (running.client.status().rollout_percentage, running.client.status().state.name) == (25, "rolled_back")


def test_r6_what_the_breaker_rolled_back_says_so(running):
    running.client.configure(guardrail="rate")
    running.report(good=10, bad=10)
    state = running.client.status().state
    assert (state.name, state.by, state.from_percentage) == ("rolled_back", "auto-rollback", 50)


def test_r13_a_part_of_the_overview_that_cant_be_read_is_a_line_in_its_place(running):
    with psycopg.connect(running.url, autocommit=True) as owner:
        ((body,),) = owner.execute("select pg_get_functiondef('rollout.trend'::regproc)").fetchall()
        owner.execute(body.replace("begin", "begin perform 1 / 0;", 1))
        try:
            overview = running.client.overview()
        finally:
            owner.execute(body)
    assert overview.trend is None
    assert (overview.history, overview.plan, overview.metrics, overview.categories) != (None, None, None, None)
    (problem,) = overview.unreadable
    assert (problem.name, problem.command) == ("trend", "rollout.plot()")
    assert "division by zero" in problem.message


def test_r20_nothing_is_refused_for_its_exposure_where_our_function_decides(running):
    assert running.client.set_rollout(100).changed
    with pytest.raises(BadArgument, match="confirm is True or False"):
        running.client.set_rollout(100, confirm="yes")
