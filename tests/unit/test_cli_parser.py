"""The command line is made from the registry: verbs, options from signatures, and advice for the shell. No server."""

from __future__ import annotations

import argparse
import inspect
import io

import pytest

from rollout_console.cli import parser as cli
from rollout_console.cli.in_shell import in_shell
from rollout_console.cli.verbs import VERBS, JsonOutput, add_arguments
from rollout_console.client import RolloutClient
from rollout_console.console import COMMANDS


def test_every_command_is_a_verb_but_what_is_of_a_session_only():
    assert {c.name for c in VERBS.values()} == set(COMMANDS) - {"use"}
    assert not set(VERBS) & set(cli.PROGRAMS)
    for verb, command in VERBS.items():
        words = ["--reason=x"] if verb in cli.WORDED and verb != "note" else ["x"]
        assert cli.spelled([verb, "x"]) == cli.spelled([command.name, "x"]) == (verb, [verb, *words])


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        (["--target", "set", "status"], "status"),
        (["-c", "stop", "-c", "resume"], ""),
        (["--version"], ""),
        (["EMERGENCY_STOP", "why"], "stop"),
        (["checkhealth"], "check-health"),
        (["--json", "status"], "status"),
        (["nonsense"], "nonsense"),
    ],
)
def test_the_command_is_found_among_the_options(typed, name):
    assert cli.spelled(typed)[0] == name
    assert cli.is_known(name) is (name not in {"", "nonsense"})


def test_json_may_stand_before_the_command_too():
    assert cli.spelled(["--json", "--target", "a", "history", "5"])[1] == ["--target", "a", "history", "5", "--json"]
    assert cli.spelled(["--json", "stop", "5xx"])[1] == ["stop", "--json", "--reason=5xx"]


@pytest.mark.parametrize(
    ("typed", "every"),
    [("2", 2), ("0.1", 0.5), ("-1", 0.5), ("86400", 86400), ("1e99", None), ("inf", None), ("nan", None)],
)
def test_the_dashboard_refreshes_at_least_once_a_day(typed, every, capsys):
    arguments = ["dashboard", f"--every={typed}"]
    if every is not None:
        assert cli.build("dashboard").parse_args(arguments).every == every
        return
    with pytest.raises(SystemExit):
        cli.build("dashboard").parse_args(arguments)
    assert "argument --every: takes seconds, 0.5 to 86400, not" in capsys.readouterr().err


def test_the_monitors_help_says_all_that_its_exit_status_means(capsys):
    with pytest.raises(SystemExit):
        cli.build("monitor").parse_args(["monitor", "--help"])
    assert (
        "--once check once and leave; the exit status: 0 no breach; 1 a breach, rolled back or stopped by now; "
        "2 a breach, and traffic still flows: auto-rollback is off, on_breach is hold, or the database is a standby, "
        "which can't be changed; 3 could not check, or wrong options"
    ) in " ".join(capsys.readouterr().out.split())


def parsed(command, *arguments: str) -> dict[str, object]:
    parser = argparse.ArgumentParser()
    add_arguments(parser, inspect.signature(command))
    chosen = vars(parser.parse_args(arguments))
    assert chosen.pop("as_json") is False
    return chosen


def test_a_timeline_takes_its_arguments_in_one_order_at_the_prompt_and_in_the_client():
    assert [*COMMANDS["timeline"].parameters[:2]] == [*inspect.signature(RolloutClient.timeline).parameters][1:3]


def test_arguments_are_of_the_kind_that_the_signature_says():
    def change(percentage: int, reason: str | None = None, confirm: bool = False, *, max_rate: float = 5) -> None: ...

    assert parsed(change, "10") == {"percentage": 10}
    assert parsed(change, "10", "phase 6") == {"percentage": 10, "reason": "phase 6"}
    assert parsed(change, "10.5", "--reason", "6", "--confirm") == {"percentage": 10.5, "reason": "6", "confirm": True}
    assert parsed(change, "10 %", "--max-rate", "2.5") == {"percentage": "10 %", "max_rate": 2.5}
    with pytest.raises(SystemExit):
        parsed(change, "10", "phase 6", "3")  # only by name


def test_a_list_takes_all_that_follow_and_what_comes_after_it_is_given_by_name():
    def add(ids: str | list[str], reason: str | None = None) -> None: ...

    assert parsed(add, "a/b", "c/d") == {"ids": ["a/b", "c/d"]}
    assert parsed(add, "1", "--reason", "why") == {"ids": ["1"], "reason": "why"}


def test_with_json_what_draws_itself_goes_nowhere_and_opens_nothing():
    output = JsonOutput()
    assert output.stream is output.stream
    with output.stream as drawn:
        assert drawn.write("12 of 100") == 9
        assert not drawn.isatty()
        assert isinstance(drawn, io.StringIO)
        assert drawn.getvalue() == ""


@pytest.mark.parametrize(
    ("text", "in_a_shell"),
    [
        ("to resume: rollout.resume(5)", "to resume: rollout-console resume 5"),
        ('rollout.setRollout(25, "phase 7")', 'rollout-console set 25 "phase 7"'),
        ('rollout.addToWhitelist(["owner/name"])', 'rollout-console add-to-whitelist "owner/name"'),
        ('rollout.emergencyStop("it\'s $HOME")', "rollout-console stop 'it'\"'\"'s $HOME'"),
        ('rollout.use("staging"), rollout.nothing()', 'rollout.use("staging"), rollout.nothing()'),
        ('type it again with reason="..."', 'type it again with --reason "..."'),
        ("rollout.configure(follow_jobs=True)", "rollout-console configure --follow-jobs True"),
        ("rollout.resume(…, confirm=True)", "rollout-console resume '…' --confirm"),
        (
            'rollout.configure(ignored_errors=["stuck (<n>) for \\"x\\", ><n> min"])',
            """rollout-console configure --ignored-errors '["stuck (<n>) for \\"x\\", ><n> min"]'""",
        ),
        (
            'rollout.configure(criteria={"success_rate": 85})',
            """rollout-console configure --criteria '{"success_rate": 85}'""",
        ),
    ],
)
def test_advice_is_what_can_be_typed_in_a_shell(monkeypatch, text, in_a_shell):
    monkeypatch.delenv("ROLLOUT_TARGET", raising=False)
    assert in_shell(text) == in_a_shell


def test_advice_leads_to_the_same_target(monkeypatch):
    monkeypatch.setenv("ROLLOUT_TARGET", "my staging")
    assert in_shell("rollout.resume() or rollout-console setup") == (
        "rollout-console --target 'my staging' resume or rollout-console --target 'my staging' setup"
    )
