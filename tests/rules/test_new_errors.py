"""Which kinds of errors are new: those that were first seen since traffic was last raised."""

from __future__ import annotations

import pytest

from tests.support.kinds import KINDS, kinds
from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked


@pytest.mark.commits
def test_new_is_what_was_not_seen_before_traffic_was_last_raised(running):
    running.client.disable_auto_rollback()
    running.report(bad=1, message="old")
    running.client.set_rollout(75)
    running.report(bad=1, message="old")
    running.report(bad=1, message="fresh")
    assert {name: (k.is_new, k.first_percentage) for name, k in kinds(running).items()} == {
        "old": (False, 50),
        "fresh": (True, 75),
    }
    running.client.hold("looking into it")
    running.client.rollback_to_zero()
    assert kinds(running)["fresh"].is_new, "neither a hold nor a rollback raises anything"


@pytest.mark.parametrize(("ahead", "is_new"), [("-1 us", False), ("0", True), ("1 us", True)])
def test_new_is_what_was_first_seen_at_the_raise_or_after_it(running, ahead, is_new):
    running.report(bad=1)
    running.sql("select rollout.fold_deltas()")
    running.sql(
        "update rollout.error_kinds set first_seen_at = %s::interval + ("
        " select max(created_at) from rollout_history where new_percentage > previous_percentage)",
        ahead,
    )
    assert kinds(running)["boom"].is_new == is_new


def test_nothing_is_new_where_traffic_was_never_raised(rollout):
    rollout.add_repositories(1)
    rollout.report(bad=1)
    assert not kinds(rollout)["boom"].is_new


SEEN_AT_THE_NEWEST_CHANGE = (
    "update rollout.error_kinds set first_seen_at = h.created_at from (select h.created_at from rollout_history h"
    " join rollout_configuration c on c.id = h.rollout_config_id where c.feature_name = %s"
    " order by h.created_at desc limit 1) h where kind = 'boom'"
)


def test_traffic_is_raised_by_a_resume_as_well_and_by_nothing_that_is_done_with_another_feature(running):
    def is_new():
        return kinds(running)["boom"].is_new

    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    running.report(bad=1)
    running.sql("select rollout.fold_deltas()")
    running.sql(SEEN_AT_THE_NEWEST_CHANGE, running.client.feature)
    assert is_new()
    running.client.emergency_stop("errors")
    assert is_new()
    running.client.resume()
    assert not is_new()
    running.sql(SEEN_AT_THE_NEWEST_CHANGE, running.client.feature)
    for no_raise in (
        lambda: other.create(1),
        lambda: other.set_rollout(75),
        lambda: running.client.hold("wait"),
        lambda: running.client.configure(minimum_sample=20),
    ):
        no_raise()
        assert is_new()


def test_a_feature_that_is_created_at_1_percent_is_raised_by_that(running):
    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    other.create(1)
    running.sql(KINDS, "boom", "1 hour", 1, other.feature)
    assert [kind.is_new for kind in other.errors().kinds] == [False]
    running.sql("update rollout.error_kinds set first_seen_at = clock_timestamp() where kind = 'boom1'")
    assert [kind.is_new for kind in other.errors().kinds] == [True]
