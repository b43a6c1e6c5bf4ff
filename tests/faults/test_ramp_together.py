"""R17: operators, monitors and reporters at once on one ramp, through both adapters."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from typing import Any

import psycopg

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Refused
from tests.support.changes import check_chain
from tests.support.ramp_model import MANUAL


class Together:
    """Many at once on one ramp; whatever one of them did not expect is kept."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.unexpected: list[BaseException] = []
        self.threads: list[threading.Thread] = []

    def add(self, work: Callable[[random.Random], Any], times: int) -> None:
        chance = random.Random(len(self.threads))

        def run() -> None:
            try:
                for _ in range(times):
                    try:
                        work(chance)
                    except Refused as refusal:
                        if not any(
                            known in str(refusal) for known in ("the ramp is held", "no emergency stop", "only lowers")
                        ):
                            raise
            except BaseException as error:
                self.unexpected.append(error)

        self.threads.append(threading.Thread(target=run))

    def work(self) -> None:
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        for error in self.unexpected:
            raise error


def operate(client: RolloutClient) -> Callable[[random.Random], Any]:
    def act(chance: random.Random) -> Any:
        acts: list[Callable[[], Any]] = [
            client.advance,
            lambda: client.advance("on", force=True),
            lambda: client.hold(chance.choice(["look", None])),
            *[client.release] * 5,
            *[client.resume] * 5,
            lambda: client.set_rollout(chance.choice([5, 10, 25, 60])),
            lambda: client.resume(chance.choice([None, 10])),
            lambda: client.rollback_to_percentage(chance.randint(0, 50)),
            lambda: client.emergency_stop("drill"),
            lambda: client.configure(auto_advance=True, on_breach=chance.choice(["zero", "step_back", "hold"])),
        ]
        try:
            return chance.choice(acts)()
        except Refused as refusal:
            if "you had not seen" not in str(refusal):
                raise
            return client.status()  # R20: another has lowered it meanwhile

    return act


def watch(client: RolloutClient) -> Callable[[random.Random], Any]:
    def act(chance: random.Random) -> Any:
        client.check_health()
        return client.auto_advance()

    return act


def check_ramp(url: str) -> dict[str, int]:
    """Hold each row against the rules, by what the rows before it left; return how many there are of a kind."""
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "select triggered_by, metadata ->> 'command', metadata -> 'before', metadata -> 'after'"
            " from rollout_history order by created_at"
        ).fetchall()
    state: dict[str, Any] = {}
    kinds: dict[str, int] = {}
    steps = [p for p, _ in MANUAL]
    for triggered_by, command, before, after in rows:
        was, state = state, {**state, **after}
        if "rollout_percentage" in before and was:
            raised = state["rollout_percentage"] > was["rollout_percentage"]
            assert not (raised and was["held_reason"]), "raised while it was held"
            if command == "advance":
                assert state["rollout_percentage"] == min(p for p in steps if p > was["rollout_percentage"])
            if triggered_by == "auto_advance":
                assert was["auto_advance"]
                assert not was["emergency_stop"]
                assert was["rollout_percentage"] > 0
            if triggered_by == "auto_rollback":
                assert not raised
                assert was["rollout_percentage"] > 0, "nothing to roll back"
        kinds[triggered_by] = kinds.get(triggered_by, 0) + 1
    return kinds


def test_r17_operators_monitors_and_reporters_at_once_through_both_adapters(faulty, effort, tried):
    faulty.add_repositories(30)
    faulty.client.categorize_all()
    faulty.client.set_plan(hours=1)
    faulty.client.configure(auto_advance=True)
    faulty.client.set_rollout(10)
    adapters = [PostgresAdapter(faulty.url), SupabaseAdapter(faulty.api.url, faulty.api.secret_key)]
    crowd, times = Together(faulty.url), effort(15, 500)
    for number in range(4):
        crowd.add(operate(RolloutClient(adapters[number % 2], who={"operator": f"o{number}", "host": "h"})), times)
    for number in range(3):
        crowd.add(watch(RolloutClient(adapters[number % 2], who={"operator": "monitor", "host": "h"})), times)
    for _ in range(2):
        crowd.add(lambda chance: faulty.report(good=12, bad=int(chance.random() < 0.2)), times)
    crowd.add(lambda chance: hour_passes(faulty), times)
    crowd.work()
    tried("operations of many at once on a ramp", times * (len(crowd.threads) + 3))
    for adapter in adapters:
        adapter.close()
    check_chain(faulty.url)
    kinds = check_ramp(faulty.url)
    assert kinds["manual"] > times
    assert kinds.get("auto_advance", 0) >= effort(0, 1), "in a long run, the ramp does walk by itself"


def hour_passes(rollout: Any) -> None:
    """Only what the gate of time reads: the history is to stay in order."""
    rollout.sql(
        "update rollout_configuration set percentage_since = percentage_since - interval '1 hour',"
        " restarted_at = restarted_at - interval '1 hour'"
    )
