"""The Supabase adapter: sending again what was lost, giving up in time, and no change made twice."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
import uuid

import pytest

from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Refused, TimedOut, Unreachable
from tests.support import fault_proxy as faults
from tests.support.changes import CHANGES

LOST_BEFORE = {
    "reset": faults.reset,
    "429": faults.answer(429, "slow down"),
    "502": faults.page(502),
    "503": faults.answer(503, "connection lost", "PGRST002"),
    "504": faults.page(504),
    "522": faults.page(522),
}
LOST_AFTER = {
    "reset": faults.reset_after,
    "silence": faults.swallow,
    "half an answer": faults.truncate,
    "502": faults.answer_after(502),
    "503": faults.answer_after(503),
    "504": faults.answer_after(504),
}


def named(table):
    return {"argvalues": list(table.values()), "ids": list(table)}


def test_supabase_py_is_imported_by_the_first_call_and_not_before():
    code = (
        "import sys; from rollout_console.adapters.supabase import SupabaseAdapter;"
        "adapter = SupabaseAdapter('https://abc.supabase.co', 'sb_secret_x'); print(adapter.target, adapter);"
        "sys.exit(bool({'supabase', 'httpx', 'postgrest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "abc SupabaseAdapter('https://abc.supabase.co')\n", "")


def test_r18_a_stop_waits_for_the_import_no_longer_than_its_way_has(monkeypatch):
    adapter = SupabaseAdapter("https://abc.supabase.co", "sb_secret_x")
    imported = threading.Event()
    monkeypatch.setattr(adapter, "_open", lambda: imported.wait(30))
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="still being loaded; wait a moment; nothing was changed") as caught:
        adapter.call_within(0.5, "rollout_emergency_stop")
    assert time.monotonic() - begun < 5
    assert not caught.value.unsure, "nothing was sent"
    imported.set()


@pytest.mark.parametrize("fault", **named(LOST_BEFORE | {f"{name}, after": f for name, f in LOST_AFTER.items()}))
def test_a_read_whose_answer_was_lost_is_sent_again(faulty, fault):
    faulty.proxy.next(fault, fault)
    assert faulty.client.status().rollout_percentage == 0
    assert len(faulty.proxy.requests) == 3


@pytest.mark.parametrize("fault", **named(LOST_BEFORE))
def test_a_change_that_did_not_arrive_is_sent_again_and_made(faulty, fault):
    rows = faulty.history_rows()
    faulty.proxy.next(fault)
    assert faulty.client.set_rollout(20).changed
    assert faulty.history_rows() == rows + 1


@pytest.mark.parametrize("fault", **named(LOST_AFTER))
def test_a_change_whose_answer_was_lost_is_recognised_and_not_made_again(faulty, fault):
    rows = faulty.history_rows()
    faulty.proxy.next(fault, fault)
    change = faulty.client.set_rollout(20, "phase 6")
    assert (change.changed, change.change.new_percentage, change.change.reason) == (True, 20, "phase 6")
    assert faulty.history_rows() == rows + 1
    assert len(faulty.proxy.requests) == 3


@pytest.mark.parametrize("change", **named(CHANGES))
def test_a_lost_answer_never_doubles_a_history_row(faulty, change):
    faulty.add_repositories(3)
    faulty.client.categorize_all()
    change.prepare(faulty.client, faulty.sql)
    rows = faulty.history_rows()
    faulty.proxy.next(faults.swallow)
    assert change.act(faulty.client).changed
    assert faulty.history_rows() == rows + 1


@pytest.mark.dependencies
def test_a_lost_answer_to_create_leaves_one_configuration_and_one_row(faulty):
    other = RolloutClient(faulty.client.adapter, "another_feature", who=faulty.client.who)
    rows = faulty.history_rows()
    faulty.proxy.next(faults.swallow)
    assert other.create(10).changed
    assert faulty.value("select count(*) from rollout_configuration") == 2
    assert faulty.history_rows() == rows + 1


def test_a_lost_answer_to_a_batch_neither_skips_nor_repeats_repositories(faulty):
    faulty.add_repositories(10)
    rows, run_id, done = faulty.history_rows(), None, False
    while not done:
        faulty.proxy.next(faults.swallow)
        context = {"operator": "tess", "host": "h", "operation_id": str(uuid.uuid4())}
        run = faulty.client.adapter.call(
            "rollout_categorize_batch", idempotent=True, batch_size=3, run_id=run_id, context=context
        )
        run_id, done = run["run_id"], run["done"]
    assert (run["processed"], run["changed"]) == (10, 10)
    assert faulty.history_rows() == rows + 1


def test_the_row_of_a_change_has_the_operation_id_of_its_first_sending(faulty):
    context = faulty.client._context()
    faulty.proxy.next(faults.swallow, faults.page(504))
    faulty.client.adapter.call("rollout_set_percentage", idempotent=True, percentage=7, context=context)
    assert faulty.value("select count(*) from rollout_history where id = %s", context["operation_id"]) == 1


def test_a_call_that_is_not_idempotent_is_not_sent_again_once_it_may_have_arrived(faulty):
    faulty.proxy.next(faults.swallow)
    with pytest.raises(Unreachable, match=r"look: rollout\.history\(\)$"):
        faulty.client.adapter.call("rollout_set_percentage", percentage=7, context={"operator": "tess"})
    assert len(faulty.proxy.requests) == 1


def test_a_change_undone_by_another_before_it_is_sent_again_is_not_made_again(faulty):
    """The answer of the first sending is read back from its history row; the status is the present one."""
    name = faulty.add_repositories(1)[0]
    other = SupabaseAdapter(faulty.api.url, faulty.api.secret_key)

    def lose_and_let_another_undo(handler):
        handler.ask()
        RolloutClient(other).remove_from_whitelist(name)
        handler.close_connection = True

    faulty.proxy.next(lose_and_let_another_undo)
    change = faulty.client.add_to_whitelist(name)
    assert (change.changed, change.applied) == (True, [name])
    assert change.status.whitelist_size == 0
    assert faulty.client.show_whitelist().whitelist == []
    other.close()


def test_eight_threads_behind_a_proxy_that_loses_every_third_answer_lose_nothing(faulty):
    seen: list[str] = []
    lock = threading.Lock()

    def lose_every_third(handler):
        operation = json.loads(handler.body or "{}").get("context", {}).get("operation_id")
        if operation is None:  # what is asked of a change whose answer was lost
            return faults.forward(handler)
        with lock:
            lost = operation not in seen and len(seen) % 3 == 0
            seen.append(operation)
        return (faults.swallow if lost else faults.forward)(handler)

    made: list[bool] = []

    def operate(number: int) -> None:
        for step in range(5):
            while True:
                try:
                    made.append(faulty.client.set_rollout(number * 10 + step + 1).changed)
                    break
                except Refused as refusal:  # another's lowering came between (R20)
                    if "you had not seen" not in str(refusal):
                        raise
                    faulty.client.status()

    rows = faulty.history_rows()
    faulty.proxy.always = lose_every_third
    threads = [threading.Thread(target=operate, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 40
    assert len(faulty.proxy.requests) > 40  # some were lost
    assert faulty.history_rows() - rows == sum(made)


@pytest.mark.dependencies
@pytest.mark.parametrize("fault", [faults.hold, faults.hold_after, faults.drip])
def test_no_call_outlasts_its_patience(faulty, fault):
    faulty.proxy.always = fault
    begun = time.monotonic()
    with pytest.raises(TimedOut, match="within 1 s"):
        faulty.adapter(patience=1).call("rollout_status")
    assert 0.9 < time.monotonic() - begun < 5


def test_r18_who_has_less_time_is_told_of_that_and_not_of_the_usual_patience(faulty):
    faulty.proxy.always, adapter = faults.hold, faulty.adapter()
    for ask in (lambda: adapter.call_within(0.5, "rollout_emergency_stop"), lambda: adapter.read_row(0.5, "a_feature")):
        with pytest.raises(TimedOut, match=r"within 0\.5 s"):
            ask()


def test_the_api_is_waited_for_as_long_as_it_asks_if_patience_allows(faulty):
    begun = time.monotonic()
    faulty.proxy.next(faults.answer(429, "slow down", None, ("retry-after", "1")))
    faulty.client.status()
    assert time.monotonic() - begun >= 1
    faulty.proxy.requests.clear()
    faulty.proxy.next(faults.answer(429, "slow down", None, ("retry-after", "3600")))
    with pytest.raises(Unreachable, match="too many requests"):
        faulty.client.status()
    assert len(faulty.proxy.requests) == 1


def test_a_closed_adapter_opens_again(faulty):
    adapter = faulty.adapter()
    first = adapter.call("rollout_status")
    adapter.close()
    adapter.close()
    assert adapter.call("rollout_status")["id"] == first["id"]
    adapter.close()


def test_a_call_whose_adapter_is_closed_meanwhile_is_sent_again(faulty, monkeypatch):
    adapter = faulty.adapter()
    client = adapter._open()
    build = client.rpc

    def close_before_it_is_sent(function, parameters):
        adapter.close()
        return build(function, parameters)

    monkeypatch.setattr(client, "rpc", close_before_it_is_sent)
    assert adapter.call("rollout_status", changes=False, idempotent=True)["feature_name"] == faulty.client.feature
    adapter.close()


@pytest.mark.dependencies
def test_the_first_calls_of_many_threads_share_one_client(faulty):
    adapter, clients = faulty.adapter(), []
    barrier = threading.Barrier(8)

    def open_it() -> None:
        barrier.wait()
        clients.append(adapter._open())

    threads = [threading.Thread(target=open_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(clients) == 8
    assert len({id(client) for client in clients}) == 1
    adapter.close()
