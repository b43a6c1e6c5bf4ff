"""How many kinds of errors are kept, and what of each: bounded, whatever is reported."""

from __future__ import annotations

import itertools
import random
import string
import threading

import psycopg
import pytest

from tests.support.kinds import KINDS, kinds
from tests.support.rollouts import OPERATOR, Unseeing

pytestmark = pytest.mark.asked


def test_of_a_kind_ten_repositories_are_named_and_that_there_may_be_more(running):
    running.client.disable_auto_rollback()
    for number in range(1, 10):
        running.report(bad=1, name=f"acme/repo-{number}")
    assert not kinds(running)["boom"].more_repositories
    running.report(bad=1, name="acme/repo-10")
    kind = kinds(running)["boom"]
    assert (len(kind.repositories), kind.more_repositories) == (10, True)


def test_as_many_kinds_are_kept_as_are_said_and_one_for_all_others(running):
    running.client.disable_auto_rollback()
    most = running.client.errors().most_kinds
    words = ["".join(letters) for letters in itertools.product("abcdefghi", repeat=3)]
    for word in words[:most]:
        running.report(bad=1, message=word)
    running.sql("select rollout.fold_deltas()")
    assert running.client.errors().total == most
    assert None not in kinds(running)
    running.report(bad=1, message=words[most])
    running.sql("select rollout.fold_deltas()")
    assert kinds(running)[None].errors == 1
    assert running.client.errors().total == most + 1


@pytest.mark.commits
def test_kinds_repositories_and_text_are_bounded_whatever_16_reporters_send(running, effort, tried):
    reports = effort(40, 4000)
    running.client.disable_auto_rollback()
    names = [f"acme/repo-{n}" for n in range(1, 21)]
    ids = [running.repository_id(name) for name in names]
    failed = []

    def report(seed):
        chosen = random.Random(seed)
        try:
            with psycopg.connect(running.url, autocommit=True) as connection:
                for n in range(reports):
                    words = " ".join("".join(chosen.choices(string.ascii_letters, k=9)) for _ in range(3))
                    connection.execute(
                        "select record_rollout_job(%s, 'inngest', false, 1, %s, treated => %s)",
                        (chosen.choice(ids), f"{words} {'x' * chosen.randrange(3000)}", bool(n % 2)),
                    )
        except Exception as error:
            failed.append(error)

    reporters = [threading.Thread(target=report, args=(seed,)) for seed in range(16)]
    for each in reporters:
        each.start()
    for each in reporters:
        each.join()
    assert not failed
    tried("distinct messages of 16 reporters", 16 * reports)
    running.sql("select rollout.fold_deltas()")
    found = running.client.errors(200)
    assert found.total == found.most_kinds + 1, "the last one is that of all others"
    assert running.value("select sum(errors) from rollout.counted_errors") == 16 * reports, "none is lost"
    assert running.value("select sum(errors) from rollout.counted_errors where kind = ''") > 0
    assert running.value("select max(cardinality(repositories)) from rollout.counted_errors") <= 10
    assert running.value("select max(length(sample)) from rollout.counted_errors") <= 500
    assert running.value("select count(*) from rollout.counted_errors") <= (found.most_kinds + 1) * 2 * 8
    assert running.differences() == {}


def test_kinds_that_were_not_seen_for_long_make_room(running):
    running.client.disable_auto_rollback()
    running.report(bad=1, message="old")
    running.sql("select rollout.fold_deltas(); update rollout.error_kinds set last_seen_at = now() - interval '8 days'")
    running.report(bad=1, message="fresh")
    running.sql("select rollout.fold_deltas()")
    assert set(kinds(running)) == {"fresh"}


def test_a_kind_keeps_its_first_sample_its_last_moment_and_ten_repositories_each_once(running):
    """In hours, reports of it: the first two are folded at once, each of the others by itself."""
    running.sql("update rollout_configuration set restarted_at = '2026-01-01'")
    for number, (hour, amount, first, last, errors, latest, kept) in enumerate((
        (3, 1, 1, 3, None, None, None), (2, 2, 3, 5, 3, 3, 5), (5, 4, 5, 9, 7, 5, 9), (4, 8, 1, 1, 15, 5, 9),
        (6, 16, 8, 12, 31, 6, 10), (6, 32, 13, 13, 63, 6, 10),
    ), 1):  # fmt: skip
        running.sql(
            "insert into rollout.error_deltas select id, 'boom', 'inngest', true, %s,"
            " '2026-01-02'::timestamptz + %s * interval '1 h', %s, %s, array(select md5(n::text)::uuid"
            "  from generate_series(%s::integer, %s) n) from rollout_configuration",
            amount, hour, 10 * hour, f"at {hour}", first, last,
        )  # fmt: skip
        if number == 1:
            continue
        running.sql("select rollout.fold_deltas()")
        found = running.sql(
            "select errors, judged_errors, extract(hour from first_seen_at at time zone 'UTC')::integer, first_percentage,"
            " sample, extract(hour from last_seen_at at time zone 'UTC')::integer, cardinality(repositories)"
            " from rollout.error_kinds"
        )
        assert found == [(errors, errors, 2, 20, "at 2", latest, kept)], number
        assert len(set(running.value("select repositories from rollout.error_kinds"))) == kept, "each once"


@pytest.mark.parametrize(("full", "kept"), [("50 s", None), ("61 s", "fresh")])
def test_there_is_no_room_for_a_kind_within_a_minute_of_there_being_none(running, full, kept):
    running.sql(KINDS, "old", "8 days", 5, running.client.feature)
    running.sql(KINDS, "", full, 1, running.client.feature)
    running.sql("update rollout.error_kinds set kind = '' where kind = '1'")
    running.report(bad=1, message="fresh")
    running.sql("select rollout.fold_deltas()")
    assert set(kinds(running)) - {None} == ({kept} if kept else {f"old{n}" for n in range(1, 6)})


def test_the_kinds_of_another_feature_take_no_room_and_are_not_removed(running):
    other = Unseeing(running.client.adapter, "another_feature", who=OPERATOR)
    other.create()
    for name, seen, amount in (("old", "8 days", 1), ("new", "1 hour", 200), ("", "1 s", 1)):
        running.sql(KINDS, name, seen, amount, other.feature)
    running.sql("update rollout.error_kinds set kind = '' where kind = '1'")
    running.report(bad=1, message="fresh")
    running.sql("select rollout.fold_deltas()")
    assert set(kinds(running)) == {"fresh"}
    assert other.errors().total == 202
