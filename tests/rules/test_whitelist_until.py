"""R9 and R1: an entry of the whitelist that expires stops deciding by itself, everywhere at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from rollout_console.errors import BadArgument, NotFound, RolloutError

pytestmark = pytest.mark.asked

PASSED = (
    "update rollout_configuration set whitelist_until = whitelist_until || jsonb_build_object("
    " (select id::text from repositories where full_name = %s), now() - interval '1 second')"
)


@pytest.fixture(autouse=True)
def names(rollout):
    names = rollout.add_repositories(5)
    rollout.client.categorize_all()
    return names


def entries(rollout):
    return {entry.full_name: entry for entry in rollout.client.show_whitelist().whitelist}


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("90s", timedelta(seconds=90)),
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        (" 3 D ", timedelta(days=3)),
    ],
)
def test_r9_a_span_ends_so_long_after_now(rollout, names, until, expected):
    change = rollout.client.add_to_whitelist(names[0], until=until)
    assert abs(change.until - change.status.server_time - expected) < timedelta(seconds=60)
    assert entries(rollout)[names[0]].until == change.until
    assert rollout.is_eligible(names[0])


@pytest.mark.parametrize(
    ("until", "expected"),
    [
        ("2099-01-31T12:00Z", datetime(2099, 1, 31, 12, tzinfo=UTC)),
        ("2099-01-31 12:00:30+02:00", datetime(2099, 1, 31, 10, 0, 30, tzinfo=UTC)),
        ("2099-01-31", datetime(2099, 1, 31, tzinfo=UTC)),
        (datetime(2099, 1, 31, 12, tzinfo=UTC), datetime(2099, 1, 31, 12, tzinfo=UTC)),
    ],
)
def test_r9_an_iso_time_is_that_time_and_utc_without_a_zone(rollout, names, until, expected):
    assert rollout.client.add_to_whitelist(names[0], until=until).until == expected


@pytest.mark.parametrize(
    "until", ["", "soon", "tomorrow", "infinity", "2w", "-2h", "0s", "2099-02-30", "2099-01-01T99:00", "2001-01-01", 5, True]
)  # fmt: skip
def test_r9_what_is_no_time_to_come_is_refused_and_nothing_is_changed(rollout, names, until):
    rows = rollout.history_rows()
    with pytest.raises(RolloutError, match=r'type rollout\.addToWhitelist\("owner/name", until="2h"\)'):
        rollout.client.add_to_whitelist(names[0], until=until)
    assert (rollout.history_rows(), entries(rollout)) == (rows, {})


@pytest.mark.commits
def test_r1_an_entry_stops_deciding_by_itself_for_every_reader(rollout, names):
    rollout.client.add_to_whitelist(names[:2])
    rollout.client.add_to_whitelist(names[0], until="2h")
    assert [rollout.is_eligible(name) for name in names[:3]] == [True, True, False]
    assert rollout.client.status().eligible_repositories == 2
    with rollout.transaction() as connection:
        connection.execute("set local session_replication_role = replica")  # nobody writes, the clock goes on
        connection.execute(PASSED, [names[0]])
        connection.execute("update rollout.list_entries set until = now() where until is not null")
    assert [rollout.is_eligible(name) for name in names[:3]] == [False, True, False]
    status = rollout.client.status()
    assert (status.eligible_repositories, status.whitelist_size) == (1, 1)
    assert sum(c.eligible for c in rollout.client.categories().categories) == 1
    found = rollout.client.explain(names[0])
    assert (found.eligible, found.reason) == (False, "zero_percent")
    assert found.whitelisted_until < status.server_time
    assert (found.whitelist_expired, rollout.client.explain(names[1]).whitelist_expired) == (True, False)
    assert {name: entry.expired for name, entry in entries(rollout).items()} == {names[0]: True, names[1]: False}
    preview = rollout.client.preview(100)
    assert (preview.entering, preview.whitelist_size) == (4, 1)
    assert names[0] in [name for category in preview.categories for name in category.examples]


@pytest.mark.parametrize("blacklisted", [0, 150])
def test_r9_an_entry_that_ends_at_this_very_moment_decides_no_more(rollout, names, blacklisted):
    without = rollout.add_repositories(3, prefix="acme/uncategorized")
    ended, lasting = [names[0], names[2], without[0]], [names[1], without[1]]
    ids = {name: rollout.repository_id(name) for name in names + without}
    rollout.client.add_to_whitelist([*ended, *lasting])
    rollout.sql(
        "update rollout_configuration set excluded_repositories = array("
        "select gen_random_uuid()::text from generate_series(1, %s)), whitelist_until = (select jsonb_object_agg("
        "r.id, now() + case when full_name = any (%s) then interval '1 microsecond' else '0 s' end)"
        " from repositories r where full_name = any (%s))",
        blacklisted, lasting, [*ended, *lasting],
    )  # fmt: skip
    assert [name for name in ids if rollout.is_eligible(name)] == lasting
    assert rollout.client.eligible_repositories(list(ids.values())) == [ids[name] for name in lasting]
    status = rollout.client.status()
    assert (status.whitelist_size, status.eligible_repositories, status.only_whitelisted) == (2, 2, 2)
    counted = [(c.category, c.eligible, c.repositories) for c in rollout.client.categories().categories if c.eligible]
    assert counted == [("test", 1, 5), ("no category", 1, 1)]
    expired = {name: entry.expired for name, entry in entries(rollout).items()}
    assert expired == dict.fromkeys(ended, True) | dict.fromkeys(lasting, False)
    rollout.client.emergency_stop("all")
    assert rollout.client.status().only_whitelisted == 0
    rollout.client.resume(100)
    status = rollout.client.status()
    assert (status.eligible_repositories, status.only_whitelisted) == (len(ids), 0)


@pytest.mark.parametrize("strategy", ["repository_size", "percentage", "whitelist"])
def test_r1_counts_and_decisions_agree_with_live_and_expired_entries(rollout, names, strategy):
    rollout.add_repositories(45, stars=90, prefix="acme/grown")
    rollout.client.categorize_all()
    rollout.client.configure(strategy=strategy)
    rollout.client.add_to_whitelist([names[0], "acme/grown-1", "acme/grown-2"], until="2h")
    rollout.client.add_to_whitelist([*names[1:3], "acme/grown-3"], until="1h")
    for name in [*names[1:3], "acme/grown-3"]:
        rollout.sql(PASSED, name)
    rollout.client.add_to_blacklist([names[2], "acme/grown-2"])
    for percentage in (0, 13, 50, 100):
        expected = rollout.client.preview(percentage)
        before = rollout.client.status().eligible_repositories
        after = rollout.client.set_rollout(percentage).status.eligible_repositories
        assert after - before == expected.entering - expected.leaving
        decided = rollout.value("select count(*) from repositories r where is_repository_eligible_for_rollout(r.id)")
        assert decided == after


def test_r9_adding_replaces_what_was_asked_before(rollout, names):
    rollout.client.add_to_whitelist(names[0], until="2h")
    rollout.sql(PASSED, names[0])
    assert not rollout.is_eligible(names[0])
    again = rollout.client.add_to_whitelist(names[0])
    assert (again.applied, again.already, again.until) == ([names[0]], [], None)
    assert (entries(rollout)[names[0]].until, rollout.is_eligible(names[0])) == (None, True)
    assert rollout.client.add_to_whitelist(names[0]).already == names[:1]
    shorter = rollout.client.add_to_whitelist(names[0], until="2099-01-01")
    assert shorter.change.before == {"whitelist_until": {}}
    assert not rollout.client.add_to_whitelist(names[0], until="2099-01-01").changed
    assert rollout.client.status().whitelist_size == 1


def test_r9_an_entry_that_is_removed_by_whomever_takes_its_end_along(rollout, names):
    rollout.client.add_to_whitelist(names[:2], until="2h")
    rollout.client.remove_from_whitelist(names[0])
    assert list(rollout.client.status().whitelist_until) == [rollout.repository_id(names[1])]
    rollout.sql("update rollout_configuration set target_repositories = '{}'")  # as the browser console does
    assert rollout.client.status().whitelist_until == {}


def test_r9_what_is_no_time_never_gets_into_the_table(rollout, names):
    rollout.client.add_to_whitelist(names[0])
    with pytest.raises(psycopg.errors.InvalidDatetimeFormat):
        rollout.sql(PASSED.replace("now() - interval '1 second'", "'soon'::text"), names[0])
    assert rollout.is_eligible(names[0])


def test_r9_one_unknown_name_and_nothing_is_changed(rollout, names):
    with pytest.raises(NotFound, match="unknown repository: acme/nowhere"):
        rollout.client.add_to_whitelist([names[0], "acme/nowhere"], until="2h")
    with pytest.raises(BadArgument):
        rollout.client.add_to_whitelist(names[0], until=["2h"])
    assert entries(rollout) == {}
