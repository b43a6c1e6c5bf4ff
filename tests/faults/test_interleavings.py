"""Whatever is done, in whatever order and by however many at once: state, eligibility and history are those of the rules."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Refused, Unreachable
from tests.support import model, servers
from tests.support.changes import check_chain

STARS = {"test": 0, "small": 30, "medium": 300, "large": 3000, "enterprise": 30_000}
percentages = st.one_of(st.sampled_from([0, 1, 10, 25, 50, 75, 99, 100]), st.integers(0, 100))
reasons = st.one_of(st.none(), st.text("abc é☃'", min_size=1, max_size=8).filter(str.strip))
names = st.lists(st.sampled_from([f"acme/{size}-{n}" for size in STARS for n in range(1, 6)]), min_size=1, max_size=3)


def machine(rollout: Any, step: Callable[[], None]) -> type[RuleBasedStateMachine]:
    """Return a state machine that does everything to a rollout and to the model, and compares them after each step."""

    class Commands(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            servers.empty(rollout.url)
            rollout.client.create()
            for size, stars in STARS.items():
                rollout.add_repositories(5, stars=stars, prefix=f"acme/{size}")
            rows = rollout.sql("select full_name, id::text, stargazers_count from repositories")
            self.model = model.Model({name: model.Repository(i, stars) for name, i, stars in rows})
            self.client = rollout.client

        def both(self, act: Callable[[], Any], expect: Callable[[], None]) -> None:
            step()
            refused = False
            try:
                expect()
            except model.No:
                refused = True
            if refused:
                with pytest.raises(Refused):
                    act()
            else:
                act()

        @rule(percentage=percentages)
        def set_rollout(self, percentage: int) -> None:
            self.both(lambda: self.client.set_rollout(percentage), lambda: self.model.set_rollout(percentage))

        @rule(reason=reasons)
        def emergency_stop(self, reason: str | None) -> None:
            given = reason and reason.strip()
            self.both(lambda: self.client.emergency_stop(reason), lambda: self.model.emergency_stop(given))

        @rule(percentage=st.none() | percentages)
        def resume(self, percentage: int | None) -> None:
            self.both(lambda: self.client.resume(percentage), lambda: self.model.resume(percentage))

        @rule(percentage=percentages)
        def rollback(self, percentage: int) -> None:
            self.both(lambda: self.client.rollback_to_percentage(percentage), lambda: self.model.rollback(percentage))

        @rule(on=st.booleans())
        def switch_auto_rollback(self, on: bool) -> None:
            act = self.client.enable_auto_rollback if on else self.client.disable_auto_rollback
            self.both(act, lambda: self.model.switch_auto_rollback(on))

        @rule(back=st.integers(0, 5), confirm=st.booleans())
        def undo(self, back: int, confirm: bool) -> None:
            back = min(back, self.model.rows - 1)
            change = self.client.history(back + 1).entries[back].short_id
            self.both(lambda: self.client.undo(change, confirm=confirm), lambda: self.model.undo(back, confirm))

        @rule(names=names, ends=st.booleans())
        def add_to_whitelist(self, names: list[str], ends: bool) -> None:
            self.both(
                lambda: self.client.add_to_whitelist(names, until="2h" if ends else None),
                lambda: self.model.add_to_whitelist(names, ends),
            )

        @rule(name=names.map(lambda some: some[0]))
        def an_entry_expires(self, name: str) -> None:
            """Its end is brought forward, which a row tells; that it then passes is no change of anything."""
            if name in self.model.until:
                passed = "update rollout_configuration set whitelist_until = whitelist_until || jsonb_build_object(%s::text, clock_timestamp())"  # fmt: skip
                self.both(
                    lambda: rollout.sql(passed, self.model.repositories[name].id), lambda: self.model.expire(name)
                )

        @rule(names=names)
        def remove_from_whitelist(self, names: list[str]) -> None:
            self.both(lambda: self.client.remove_from_whitelist(names), lambda: self.model.remove_from_whitelist(names))

        @rule(names=names)
        def add_to_blacklist(self, names: list[str]) -> None:
            self.both(lambda: self.client.add_to_blacklist(names), lambda: self.model.add_to_blacklist(names))

        @rule(names=names)
        def remove_from_blacklist(self, names: list[str]) -> None:
            self.both(lambda: self.client.remove_from_blacklist(names), lambda: self.model.remove_from_blacklist(names))

        @rule(name=names.map(lambda some: some[0]))
        def the_browser_excludes_a_repository(self, name: str) -> None:
            """Past our functions, as supabase-js writes; it leaves a row all the same."""

            def expect() -> None:
                with self.model.change():
                    self.model.blacklist.append(name)

            exclude = "update rollout_configuration set excluded_repositories = excluded_repositories || %s::text"
            self.both(lambda: rollout.sql(exclude, self.model.repositories[name].id), expect)

        @rule(names=names, pinned=st.booleans())
        def pin(self, names: list[str], pinned: bool) -> None:
            act = self.client.mark_as_test if pinned else self.client.unmark_as_test
            self.both(lambda: act(names), lambda: self.model.pin(names, pinned))

        @rule(names=names, stars=st.sampled_from([0, 50, 51, 500, 501, 5000, 5001]))
        def grow(self, names: list[str], stars: int) -> None:
            def expect() -> None:
                for name in names:
                    self.model.repositories[name].stars = stars

            grown = "update repositories set stargazers_count = %s where full_name = any (%s)"
            self.both(lambda: rollout.sql(grown, stars, names), expect)

        @rule()
        def categorize_all(self) -> None:
            self.both(self.client.categorize_all, self.model.categorize_all)

        @rule()
        def check_health(self) -> None:
            self.both(self.client.check_health, self.model.check_health)

        @rule(good=st.integers(0, 12), bad=st.integers(0, 3))
        def report(self, good: int, bad: int) -> None:
            if (
                self.model.breach and self.model.armed
            ):  # a breach from before the breaker was on: which job finds it is not promised
                self.check_health()

            def expect() -> None:
                for success in [True] * good + [False] * bad:
                    self.model.job(success)

            self.both(lambda: rollout.report(good=good, bad=bad, name="acme/small-1"), expect)

        @invariant()
        def state_eligibility_and_history_are_those_of_the_rules(self) -> None:
            status, expected = self.client.status(), self.model
            assert (status.rollout_percentage, status.emergency_stop, status.emergency_stop_reason) == (
                expected.percentage, expected.stopped, expected.stop_reason
            )  # fmt: skip
            assert status.auto_rollback_enabled == expected.auto_rollback
            health = status.health
            assert (health.jobs, health.errors, health.breach) == (expected.jobs, expected.errors, expected.breach)
            assert rollout.history_rows() == expected.rows
            asked = rollout.sql("select full_name, is_repository_eligible_for_rollout(r.id), category"
                                " from repositories r left join repository_categories k on k.repository_id = r.id")  # fmt: skip
            assert {name for name, eligible, _ in asked if eligible} == expected.eligible()
            assert {name: size for name, _, size in asked} == {n: r.size for n, r in expected.repositories.items()}
            assert status.eligible_repositories == len(expected.eligible())

    return Commands


def test_r1_to_r10_any_sequence_of_commands_ends_where_the_rules_say(rollout, effort, tried):
    run_state_machine_as_test(
        machine(rollout, lambda: tried("operations compared with the model")),
        settings=settings(max_examples=effort(4, 300), stateful_step_count=20),
    )
    assert rollout.differences() == {}


def anything(client: RolloutClient, chance: random.Random) -> Any:
    """Do one thing that an operator does; return the change, if there is one."""
    repository = f"acme/repo-{chance.randint(1, 30)}"
    acts: list[Callable[[], Any]] = [
        lambda: client.set_rollout(chance.randint(0, 100)),
        lambda: client.emergency_stop(chance.choice(["errors", "drill", None])),
        lambda: client.resume(chance.choice([None, chance.randint(0, 100)])),
        lambda: client.rollback_to_percentage(chance.randint(0, 50)),
        client.enable_auto_rollback,
        client.disable_auto_rollback,
        lambda: client.add_to_whitelist(repository),
        lambda: client.remove_from_whitelist(repository),
        lambda: client.mark_as_test(repository),
        lambda: client.unmark_as_test(repository),
        lambda: client.status() and None,
        lambda: client.preview(50) and None,
    ]
    return chance.choice(acts)()


# What is refused when others act between: a raise by a command that lowers, a resume, a raise unseen (R20).
REFUSALS = ("to raise it, type", "no emergency stop to resume", "you had not seen")

TAKEN_BACK = "it was made, and reads as undone"  # a stop that somebody resumes before it is read back


class Crowd:
    """Many at once; each thread has a client of its own. Whatever one of them did not expect is kept."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.changes: list[str] = []
        self.unseen_stops = 0
        self.jobs = 0
        self.unexpected: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def add(self, work: Callable[[random.Random], None], times: int) -> None:
        chance = random.Random(self.seed * 1000 + len(self.threads))

        def run() -> None:
            try:
                for _ in range(times):
                    work(chance)
            except BaseException as error:
                self.unexpected.append(error)

        self.threads.append(threading.Thread(target=run))

    def operator(self, client: RolloutClient) -> Callable[[random.Random], None]:
        def work(chance: random.Random) -> None:
            try:
                change = anything(client, chance)
            except Refused as refusal:
                if not any(known in str(refusal) for known in REFUSALS):
                    raise
                client.status()
                return
            except Unreachable as error:
                if TAKEN_BACK not in str(error):
                    raise
                self.unseen_stops += 1
                client.status()
                return
            if change is None or not change.changed:
                return
            if change.change is None:  # a stop, after which somebody changed something before its status was read
                self.unseen_stops += 1
            else:
                self.changes.append(change.change.id)

        return work

    def monitor(self, client: RolloutClient) -> Callable[[random.Random], None]:
        def work(chance: random.Random) -> None:
            found = client.check_health()
            if found.changed:
                assert found.change is not None
                self.changes.append(found.change.id)

        return work

    def categorizer(self, client: RolloutClient) -> Callable[[random.Random], None]:
        def work(chance: random.Random) -> None:
            client.categorize_all()

        return work

    def reporter(self, url: str) -> Callable[[random.Random], None]:
        connection = psycopg.connect(url, autocommit=True)

        def work(chance: random.Random) -> None:
            connection.execute(
                "select record_rollout_job((select id from repositories where full_name = %s), 'inngest', %s)",
                (f"acme/repo-{chance.randint(1, 30)}", chance.random() > 0.06),
            )
            self.jobs += 1

        return work

    def work(self) -> None:
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        for error in self.unexpected:
            raise error


def test_r10_operators_monitors_and_reporters_at_once_through_both_adapters_lose_nothing(faulty, effort, tried):
    faulty.add_repositories(30)
    faulty.client.categorize_all()
    adapters = [PostgresAdapter(faulty.url), SupabaseAdapter(faulty.api.url, faulty.api.secret_key)]
    crowd, times = Crowd(seed=effort(1, 2)), effort(10, 900)
    for number in range(8):
        crowd.add(
            crowd.operator(RolloutClient(adapters[number % 2], who={"operator": f"o{number}", "host": "h"})), times
        )
    for number in range(2):
        crowd.add(crowd.monitor(RolloutClient(adapters[number], who={"operator": "monitor", "host": "h"})), times)
    for _ in range(4):
        crowd.add(crowd.reporter(faulty.url), times)
    crowd.work()
    tried("operations of many at once", times * len(crowd.threads))
    for adapter in adapters:
        adapter.close()
    rows = check_chain(faulty.url)
    told = set(crowd.changes)
    assert len(told) == len(crowd.changes)
    assert told <= {identity for identity, _, _ in rows}
    # Nobody was told of the others: the first two rows, and what a job's own transaction rolled back.
    others = [(trigger, command) for identity, trigger, command in rows if identity not in told]
    known = ("setup", "categorizeAll", "emergencyStop")
    assert {trigger for trigger, command in others if command not in known} <= {"auto_rollback"}
    assert [command for _, command in others].count("emergencyStop") == crowd.unseen_stops
    assert faulty.value("select sum(total_jobs) from rollout_metrics") == crowd.jobs == 4 * times
    assert faulty.differences() == {}


def test_r10_while_everything_changes_categorize_all_loses_no_repository(faulty, effort, tried, monkeypatch):
    """Batches of two operators, pins and growth in between: at the end each repository has its size."""
    monkeypatch.setattr("rollout_console.client.repositories.FIRST_BATCH", 20)
    amount = effort(300, 3000)
    faulty.add_repositories(amount)
    crowd = Crowd(seed=3)
    clients = [RolloutClient(PostgresAdapter(faulty.url), who={"operator": "a", "host": "h"}), faulty.client]
    for client in clients:
        crowd.add(crowd.categorizer(client), effort(2, 10))
    crowd.add(crowd.operator(faulty.client), effort(15, 200))

    def grow(chance: random.Random) -> None:
        stars = chance.choice([0, 30, 300, 3000])
        faulty.sql(
            "update repositories set stargazers_count = %s where github_id %% 7 = %s", stars, chance.randint(0, 6)
        )

    crowd.add(grow, effort(10, 100))
    crowd.work()
    tried("repositories categorized under way", amount)
    faulty.client.categorize_all()
    wrong = faulty.sql(
        "select r.full_name from repositories r"
        " cross join lateral rollout.category_of(r.stargazers_count, 0, 0) should"
        " left join repository_categories k on k.repository_id = r.id"
        " where not coalesce(k.pinned_as_test, false) and k.category is distinct from should.category"
    )
    assert wrong == []
    assert faulty.differences() == {}
