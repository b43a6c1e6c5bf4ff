"""R7: how much is folded at a time, by how many, and how many kinds of errors are kept."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.kinds import KINDS, kinds

pytestmark = pytest.mark.asked

LEFT = "select count(*) from rollout.job_deltas"


def add_deltas(rollout, amount: int) -> None:
    rollout.sql(
        "insert into rollout.job_deltas select c.id, now(), 'inngest', true, 1, 0, 1, 0, 0, 0, null, 0, null"
        " from rollout_configuration c, generate_series(1, %s)",
        amount,
    )


def test_r7_at_most_ten_thousand_deltas_are_folded_at_a_time(rollout):
    add_deltas(rollout, 10_001)
    for left in (1, 0):
        rollout.sql("select rollout.fold_deltas()")
        assert rollout.value(LEFT) == left
    add_deltas(rollout, 10_000)
    rollout.sql("select rollout.fold_deltas()")
    assert rollout.value(LEFT) == 0
    assert rollout.value("select sum(jobs)::integer from rollout.job_counts") == 20_001


@pytest.mark.commits
@pytest.mark.parametrize("kind", ["embedded"])
def test_r7_eight_may_fold_beside_each_other(rollout):
    lock = "select pg_advisory_xact_lock(hashtextextended('rollout.fold_deltas ' || n, 0)) from generate_series(%s::int, %s::int) n"
    with psycopg.connect(rollout.url) as folding:
        for first, last, left in ((1, 7, 0), (8, 8, 1)):
            folding.execute(lock, [first, last])
            add_deltas(rollout, 1)
            rollout.sql("select rollout.fold_deltas()")
            assert rollout.value(LEFT) == left


def test_a_feature_has_two_hundred_kinds_of_errors_and_500_characters_of_a_message(running):
    running.client.disable_auto_rollback()
    running.sql(KINDS, "old", "1 hour", 199, running.client.feature)
    for message in ("fresh " * 100, "late"):
        running.report(bad=1, message=message)
        running.sql("select rollout.fold_deltas()")
    (fresh,) = (kind for name, kind in kinds(running).items() if name and name.startswith("fresh"))
    assert (len(fresh.sample), len(kinds(running))) == (500, 200)
    assert "late" not in kinds(running)
    assert running.value("select errors from rollout.error_kinds where kind = ''") == 1


def test_of_a_flood_of_kinds_the_most_frequent_are_kept_and_each_row_is_written_once(running):
    running.client.disable_auto_rollback()
    running.sql(
        "insert into rollout.error_deltas"
        " select c.id, kind, 'inngest', true, errors, clock_timestamp(), 50, 'sample', '{}' from rollout_configuration c,"
        " (select 'one of ' || n, 1 from generate_series(1, 1000) n union all select 'the main one', 5) f (kind, errors)"
    )
    written = (
        "select pg_stat_get_xact_tuples_inserted(k) + pg_stat_get_xact_tuples_updated(k)"
        " from (select 'rollout.error_kinds'::regclass::oid as k) t"
    )
    before = running.value(written)
    running.sql("select rollout.fold_deltas()")
    assert running.value(written) - before == 201
    assert (kinds(running)["the main one"].errors, kinds(running)[None].errors) == (5, 801)
    assert running.client.errors().total == 201
