"""All features at a glance, and the test repositories: each from one call, and true to the commands beside it."""

from __future__ import annotations

import re

import pytest

from rollout_console.client import RolloutClient
from rollout_console.errors import NotFound
from tests.support.rollouts import OPERATOR


def test_features_show_each_feature_as_its_own_status_does(rollout):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(40, "phase 7")
    other = RolloutClient(rollout.client.adapter, "another", who=OPERATOR)
    other.create(25)
    other.emergency_stop("errors")
    other.note("a note is no change")
    rollout.report(good=30, bad=1)
    rollout.sql("insert into rollout_configuration (feature_name, is_active) values ('asleep', false)")
    found = rollout.client.features().features
    assert [f.feature_name for f in found] == ["another", rollout.client.feature]
    for client, feature in zip((other, rollout.client), found, strict=True):
        status = client.status()
        for name in ("rollout_percentage", "percentage_in_effect", "emergency_stop", "auto_rollback_enabled"):
            assert getattr(feature, name) == getattr(status, name), name
        assert feature.last_change == status.last_change
        assert (feature.health.verdict, feature.health.jobs) == (status.health.verdict, status.health.jobs)
    assert (found[0].percentage_in_effect, found[0].rollout_percentage) == (0, 25)
    rollout.client.rollback_to_percentage(5)
    rollout.client.hold("look")
    assert [(f.state.name, f.held) for f in rollout.client.features().features] == [
        ("stopped", False),
        ("rolled_back", True),
    ]
    assert [f.feature_name for f in other.features().features] == [f.feature_name for f in found]


def test_a_database_without_features_has_none(rollout):
    rollout.sql("update rollout_configuration set is_active = false")
    assert rollout.client.features().features == []


def test_monitor_phase_4_shows_pinned_test_repositories_first_and_whether_they_are_eligible(rollout):
    small = rollout.add_repositories(30)
    (large,) = rollout.add_repositories(1, stars=4000, prefix="acme/large")
    rollout.client.categorize_all()
    rollout.client.mark_as_test(large)
    rollout.client.set_rollout(20)
    rollout.report(good=12)
    found = rollout.client.test_repositories(5)
    assert (found.rollout_percentage, found.percentage_in_effect, found.total) == (20, 20, 31)
    assert [r.full_name for r in found.repositories] == [large, *sorted(small)[:4]]
    assert [r.pinned for r in found.repositories] == [True, False, False, False, False]
    for repository in found.repositories:
        assert repository.eligible == rollout.is_eligible(repository.full_name)
    metrics = rollout.client.show_metrics().to_dict()
    assert found.metrics.to_dict() == {**metrics, "server_time": found.metrics.to_dict()["server_time"]}


@pytest.mark.asked
def test_r13_where_a_feature_has_no_rollout_those_that_have_one_are_named_or_what_creates_one(rollout):
    def said(feature: str) -> str:
        with pytest.raises(NotFound) as refused:
            RolloutClient(rollout.client.adapter, feature, who=OPERATOR).status()
        return str(refused.value)

    rollout.sql("insert into rollout_configuration (feature_name, is_active) values ('asleep', false)")
    assert re.match(
        r"no active rollout for feature 'asleep', but for hybrid_progressive_capture; .*feature=", said("asleep")
    )
    rollout.sql("update rollout_configuration set is_active = false")
    assert said("asleep").startswith("no active rollout for feature 'asleep'; to create one, type in a shell: rollout-")


@pytest.mark.asked
def test_r1_a_feature_that_is_written_into_the_table_counts_its_repositories_beside_another(rollout):
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(40)
    rollout.sql(
        "insert into rollout_configuration (feature_name, is_active, rollout_percentage, rollout_strategy)"
        " values ('another', true, 100, 'percentage')"
    )
    another = RolloutClient(rollout.client.adapter, "another", who=OPERATOR)
    assert another.status().eligible_repositories == 20
    assert [check.name for check in another.verify().checks if check.differences] == []
