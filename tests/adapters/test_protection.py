"""A read-only target is changed by nothing but a stop, and one that asks for reasons gets them, through each adapter."""

from __future__ import annotations

import pytest

from rollout_console.adapters.protected import ProtectedAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import BadArgument, NotPermitted
from rollout_console.protection import Protection
from tests.support.catalogue import contents
from tests.support.changes import CHANGES, REPORTS
from tests.support.rollouts import OPERATOR
from tests.support.terminal import run_command, target_table, write_targets


def through(rollout, **protection: bool) -> RolloutClient:
    """A client of the same database, through a protected adapter."""
    named = Protection().of("staging", **{"read_only": False, "require_reason": False, **protection})
    return RolloutClient(ProtectedAdapter(rollout.client.adapter, named), who=OPERATOR)


@pytest.mark.parametrize("command", CHANGES)
def test_a_read_only_target_is_changed_by_no_command_but_the_stop(rollout, command):
    rollout.add_repositories(5)
    rollout.client.categorize_all()
    CHANGES[command].prepare(rollout.client, rollout.sql)
    before = contents(rollout)
    client = through(rollout, read_only=True)
    if command == "emergencyStop":
        assert CHANGES[command].act(client).status.emergency_stop
        return
    with pytest.raises(NotPermitted, match="staging is read-only: nothing was changed"):
        CHANGES[command].act(client)
    assert contents(rollout) == before


def test_a_read_only_target_gives_a_way_past_the_functions_to_a_stop_alone(rollout):
    before = contents(rollout)
    client = through(rollout, read_only=True)
    with pytest.raises(NotPermitted, match="staging is read-only: nothing was changed"):
        client.adapter.ways("rollout_rollback", {"percentage": 0})
    with pytest.raises(NotPermitted, match="staging is read-only: nothing was changed"):
        client.rollback_to_zero("errors")
    assert contents(rollout) == before
    (way,) = client.adapter.ways("rollout_emergency_stop", {})
    assert (way.write_row(5, client.feature, {"emergency_stop": True}) or {})["emergency_stop"] is True


def test_a_read_only_target_is_read_as_any_other_and_left_as_it_is(rollout):
    rollout.add_repositories(5)
    before = contents(rollout)
    for name, report in REPORTS.items():
        assert report(through(rollout, read_only=True)).to_dict() is not None, name
    assert contents(rollout) == before


def test_no_program_changes_a_read_only_target_either(rollout):
    before = contents(rollout)
    client = through(rollout, read_only=True)
    for program in (client.create, client.begin, client.seed_whitelist, lambda: client.claim_alerts(["stop"], 60, [], [], {"a": "json"}),
                    lambda: client.simulate()):  # fmt: skip
        with pytest.raises(NotPermitted):
            program()
    assert contents(rollout) == before


def test_a_target_that_asks_for_a_reason_is_changed_with_one_only(rollout):
    client = through(rollout, require_reason=True)
    rows = rollout.history_rows()
    with pytest.raises(BadArgument, match="asks for a reason"):
        client.set_rollout(10)
    assert rollout.history_rows() == rows
    assert client.set_rollout(10, "phase 6").changed
    assert client.emergency_stop().changed, "a stop is never refused"


@pytest.mark.parametrize(
    "arguments",
    [
        ["set", "30"],
        ["-c", "rollout.setRollout(30)"],
        ["-c", "import rollout_console; rollout_console.connect().set_rollout(30)"],
        ["setup", "--yes"],
        ["monitor", "--once"],
        ["migrate"],
        ["--reset-demo"],
    ],
)  # fmt: skip
@pytest.mark.parametrize(("kind", "named"), [("embedded", True), ("supabase", False)])
def test_verbs_programs_and_scripts_are_held_to_it(rollout, console_env, arguments, named):
    console_env["ROLLOUT_DATABASE_URL"] = rollout.url  # without which nothing is migrated
    write_targets(console_env, target_table("frozen", console_env, "read_only = true"))
    console_env |= {"ROLLOUT_TARGET": "frozen"} if named else {"ROLLOUT_READ_ONLY": "1"}
    before = contents(rollout)
    done = run_command(console_env, *arguments)
    said = done.stdout + done.stderr
    assert done.returncode != 0, said
    assert ("frozen is read-only" if named else "this session is read-only") in said
    assert contents(rollout) == before
