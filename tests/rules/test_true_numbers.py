"""R1, R6: whoever names eligible repositories counts by the function that decides, and a rollback is said wherever the
state is."""

from __future__ import annotations

import psycopg
import pytest

from rollout_console.errors import BadArgument
from rollout_console.render import Screen, render
from tests.support.rollouts import OPERATOR, Unseeing


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
        before, moves = rollout.eligible(), client.preview(percentage)
        status = client.set_rollout(percentage).status
        let_in = rollout.eligible()
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
    assert rollout.client.set_rollout(100).status.eligible_repositories == rollout.eligible() == 2
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
