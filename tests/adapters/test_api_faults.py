"""R10, R13: whatever the API's side answers, each command is made at most once, and says truly whether it was made."""

from __future__ import annotations

import itertools
import re
import time

import pytest

from rollout_console.adapters import patience
from rollout_console.errors import RolloutError, Unreachable
from tests.adapters.test_supabase_errors import WAY_OUT, look_at
from tests.support import fault_proxy as faults
from tests.support.postgrest_faults import CASES, after, own, state

NUMBERS = itertools.count(1)
COMMANDS = {
    "status": lambda c: c.status(),
    "set": lambda c: c.set_rollout(20 + next(NUMBERS) % 70),
    "stop": lambda c: c.emergency_stop(f"errors {next(NUMBERS)}"),
    "monitor --once": lambda c: c.check_health("monitor"),
    "advance": lambda c: c.advance(f"looked {next(NUMBERS)}", force=True),
}
CHANGING = ["set", "stop", "advance"]
OF_THE_RULE = {name for name in CASES if name.startswith("RC")}
READS_HISTORY = "/rest/v1/rollout_history?"


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(patience, "PAUSES", (0.005,))


@pytest.fixture
def once(monkeypatch):
    monkeypatch.setattr(patience, "RETRIES", 0)


def but_history(fault):
    """All requests but those that read history come back so."""
    return lambda handler: (faults.forward if handler.path.startswith(READS_HISTORY) else fault)(handler)


@pytest.mark.usefixtures("once")
def test_r13_each_answer_has_its_line(spoken):
    for name, case in CASES.items():
        spoken.proxy.always = case.fault
        with pytest.raises(RolloutError) as caught:
            spoken.client.status()
        look_at(caught.value, spoken.api.secret_key)
        assert type(caught.value) is case.kind, name
        assert re.search(case.line, str(caught.value)), (name, str(caught.value))
        if "type that" not in case.line:
            assert WAY_OUT.search(str(caught.value)), (name, str(caught.value))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("command", COMMANDS)
def test_r13_what_may_pass_is_retried_and_what_is_refused_changes_nothing(spoken, command):
    for name, case in CASES.items():
        spoken.sql("update rollout_configuration set rollout_percentage = 10, emergency_stop = false")
        rows = spoken.history_rows()
        spoken.proxy.requests.clear()
        spoken.proxy.next(case.fault)
        said = ""
        try:
            COMMANDS[command](spoken.client)
        except RolloutError as error:
            said = str(error)
        made = spoken.history_rows() - rows
        passes = case.passes or (command == "stop" and name not in OF_THE_RULE)  # R18: the row over the API is next
        assert (said == "") is passes, (name, said)
        assert made == (1 if passes and command in CHANGING else 0), (name, said)
        assert "was made" not in said


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("command", CHANGING)
def test_r10_a_change_whose_answer_was_lost_is_made_once_and_answered(spoken, command):
    for name, case in list(CASES.items())[:: 1 if command == "advance" else 4]:
        if command == "stop" and name in OF_THE_RULE:
            continue  # which is no answer to a stop that was made
        spoken.sql("update rollout_configuration set rollout_percentage = 10, emergency_stop = false")
        rows = spoken.history_rows()
        spoken.proxy.next(after(faults.reset), case.fault)
        assert COMMANDS[command](spoken.client).changed, name
        assert spoken.history_rows() == rows + 1, name


@pytest.mark.parametrize(
    "name", ["57014 statement", "40001 serialization", "53300 connections", "PGRST202 unknown function", "401 empty"]
)
def test_r13_a_change_that_was_made_is_never_called_unchanged(spoken, name):
    rows = spoken.history_rows()
    spoken.proxy.next(after(faults.swallow))
    spoken.proxy.always = but_history(CASES[name].fault)
    spoken.client.adapter.patience = 1
    with pytest.raises(Unreachable, match=r"was made all the same: do not type it again; see: rollout\.status\(\)$"):
        spoken.client.advance("looked", force=True)
    assert spoken.history_rows() == rows + 1


@pytest.mark.parametrize("then", [faults.reset, state("57014", "canceling"), state("42501", "no")])
def test_r13_what_may_still_be_made_is_not_offered_to_be_typed_again(spoken, then):
    spoken.proxy.next(faults.page(504))
    spoken.proxy.always = then
    spoken.client.adapter.patience = 0.5
    with pytest.raises(Unreachable, match=r"before you type it again, look: rollout\.history\(\)$") as caught:
        spoken.client.set_rollout(20)
    assert "nothing was changed" not in str(caught.value)


@pytest.mark.dependencies
@pytest.mark.parametrize("fault", [own("PGRST000"), faults.page(502), state("53300", "many"), own("PGRST002", delay=1)])
def test_all_of_the_patience_is_used(spoken, monkeypatch, fault):
    monkeypatch.setattr(patience, "PAUSES", (0.1,))
    spoken.proxy.always = fault
    begun = time.monotonic()
    with pytest.raises(Unreachable):
        spoken.adapter(patience=1).call("rollout_status", changes=False, idempotent=True)
    assert 0.85 < time.monotonic() - begun < 5
    assert len(spoken.proxy.requests) >= 2


def test_a_503_is_retried_when_it_asks_for_it(spoken):
    spoken.proxy.next(own("PGRST002", delay=1))
    begun = time.monotonic()
    spoken.client.status()
    assert time.monotonic() - begun >= 1
