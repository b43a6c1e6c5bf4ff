"""The README, the runbook and help() tell the same story as the code."""

from __future__ import annotations

import ast
import contextlib
import re
import shlex
import signal

import pytest

from rollout_console.cli import parser as cli
from rollout_console.cli.main import main
from rollout_console.console import COMMANDS, Group, Rollout
from rollout_console.console.help import help_for, runbook
from rollout_console.errors import BadArgument, Refused
from rollout_console.render import Screen, render
from rollout_console.shell.paste import transform
from tests.support import ROOT
from tests.support.jobs import MINUTES, add_jobs

README = (ROOT / "README.md").read_text(encoding="utf-8")
RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
BROWSER = """status stats categories checkHealth showMetrics setRollout emergencyStop resume categorizeAll markAsTest
    unmarkAsTest addToWhitelist removeFromWhitelist showWhitelist enableAutoRollback disableAutoRollback
    rollbackToPercentage rollbackToZero help""".split()


def test_the_browsers_commands_are_all_here_and_ours_are_kept_apart():
    assert [n for n, c in COMMANDS.items() if c.listed and not c.group.beyond] == sorted(
        BROWSER, key=list(COMMANDS).index
    )


def test_help_names_every_command_on_one_screen():
    lines = render(help_for(None, COMMANDS), Screen(width=80)).splitlines()
    words = set(" ".join(lines).split())
    for command in COMMANDS.values():
        assert (command.name in words) == command.listed
        assert not command.listed or (command.purpose and f"{command.name} ({command.purpose})" in " ".join(lines))
    assert len(lines) <= 20  # of 24, with what was typed, the next prompt and the toolbar
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize("group", list(Group))
def test_help_on_a_group_says_what_each_of_its_commands_does(group):
    topic = {Group.STATUS: "monitoring", Group.STORY: "happened"}.get(group, group.name.lower())
    text = render(help_for(topic, COMMANDS), Screen(width=80))
    for command in COMMANDS.values():
        assert (command.usage in text) == (command.listed and command.group is group)
    assert max(map(len, text.splitlines())) <= 80


def test_help_runbook_lists_its_parts():
    assert set(runbook()) <= set(map(str.strip, help_for("runbook", COMMANDS).text.splitlines()))


def test_the_readmes_table_fits_on_a_screen():
    table = README.partition("<!-- commands -->")[2].partition("<!-- end of commands -->")[0]
    assert all(f"`{command.name}`" in table for command in COMMANDS.values() if command.listed)
    assert len(table.splitlines()) <= 15


@pytest.mark.parametrize("name", list(COMMANDS))
def test_help_on_a_command_shows_usage_and_an_example(name):
    text = render(help_for(name, COMMANDS), Screen(width=80))
    assert COMMANDS[name].usage in text
    assert COMMANDS[name].example in text
    assert help_for(f"rollout.{name}()", COMMANDS).text == help_for(name.upper(), COMMANDS).text


@pytest.mark.parametrize("name", list(COMMANDS))
def test_each_paragraph_of_help_is_one_line_that_the_screen_folds(name):
    _, *paragraphs, _ = help_for(name, COMMANDS).text.split("\n\n")
    assert all(re.fullmatch(r" \S.*", paragraph) for paragraph in paragraphs)


def test_a_letter_is_no_title_of_the_runbook():
    with pytest.raises(BadArgument, match="no help on 'x'"):
        help_for("x", COMMANDS)


def test_help_recovery_is_the_runbook():
    text = help_for("recovery", COMMANDS).text
    for title, part in runbook().items():
        assert (part in text) == title.startswith("Recovery")


def documented_commands() -> list[list[str]]:
    """The arguments of every `rollout-console …` in a code span or a line of code, in the README and docs/."""
    found = []
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        text = page.read_text(encoding="utf-8")
        code = re.findall(r"`([^`\n]+)`", text) + re.findall(r"^```\w*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
        code += re.findall(r"^    (\S.*)$", text, re.MULTILINE)
        for line in "\n".join(code).splitlines():
            if called := re.search(
                r"(?:^|[ /])rollout-console((?: [^#|<>&…]*)?)$|rollout-console( [^#|<>]*) [#|>]", line
            ):
                found.append(shlex.split(called[1] or called[2] or ""))
    return found


# Command lines of the pages that other tests run, by what they begin with: screens, targets, what runs until it is ended.
RUN_ELSEWHERE = re.compile(r"$|-|dashboard|setup --units|monitor(?! --once$)|verify --way-out")
# Placeholders: a list's `repositories...`, what may be left out `[reason]`, and what a table calls `CODE` or `percentage`.
A_FORM = re.compile(r"\.\.\.|\[|^(note text|explain repository|preview percentage|set percentage|stop reason)$")


@pytest.fixture
def own_signals():
    """Programs that run in this process leave its signals as they were."""
    before = {number: signal.getsignal(number) for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("own_signals")
@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_every_documented_command_line_runs(console_env, rollout, monkeypatch, tmp_path, capsys):
    """On the hosted layout; `resume` where there is a stop. Those that other tests run are parsed here."""
    rollout.sql("update repositories set full_name = 'acme/one' where full_name = 'acme/repo-1'")
    rollout.sql("update repositories set full_name = 'acme/two' where full_name = 'acme/repo-2'")
    for name, value in console_env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    run, named = 0, set()
    for line, command in {" ".join(command): command for command in documented_commands()}.items():
        name, arguments = cli.spelled(command)
        named.add(name)
        if RUN_ELSEWHERE.match(line) or A_FORM.search(line):
            if arguments not in (["--version"], ["--help"]):
                cli.build(name).parse_args(arguments)  # leaves with status 2 on an unknown option
            continue
        if name == "resume":
            rollout.client.emergency_stop()
        status = main([*command, "--yes"] if name == "setup" else command)
        assert (line, status, capsys.readouterr().err) == (line, 0, "")
        run += 1
    assert run > 25
    assert set(cli.PROGRAMS) <= named


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_every_documented_query_runs(rollout):
    """What a page schedules with pg_cron, and what it looks up in the tables."""
    pages = [page.read_text(encoding="utf-8") for page in (ROOT / "docs").glob("*.md")]
    found = {query for page in pages for query in re.findall(r"\$\$(select public\.[^$]+)\$\$", page)}
    found |= {block for page in pages for block in re.findall(r"```sql\n(select j\.[^`]+)```", page)}
    for query in found:
        rollout.sql(query)
    assert len(found) == 4


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_r16_the_runbooks_query_finds_the_jobs_that_are_stuck_by_the_rule(rollout):
    """Each processor has a target of its own, and `stuck_after_minutes` come on top."""
    (query,) = re.findall(r"```sql\n(select j\.[^`]+)```", RUNBOOK)
    add_jobs(rollout, status="processing", queued=90 * MINUTES)
    add_jobs(rollout, status="processing", processor="github_actions", queued=150 * MINUTES)
    stuck = [job.id for job in rollout.client.jobs("stuck").jobs]
    assert [str(row[0]) for row in rollout.sql(query)] == stuck
    assert len(stuck) == 1
    rollout.client.configure(stuck_after_minutes=120)
    assert rollout.sql(query) == rollout.client.jobs("stuck").jobs == []


def documented_calls() -> set[str]:
    """Every call of a command in the README and docs/ whose arguments are written out; names_like_this are SQL's."""
    found = set()
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for text in re.findall(r"(?<![\w.])rollout\.[a-zA-Z]+\([^()]*\)", page.read_text(encoding="utf-8")):
            with contextlib.suppress(SyntaxError, ValueError):
                call = ast.parse("".join(transform([text])).strip(), mode="eval").body
                assert isinstance(call, ast.Call)
                for argument in [*call.args, *(keyword.value for keyword in call.keywords)]:
                    ast.literal_eval(argument)
                found.add(ast.unparse(call))
    return found


# Names of parameters in the browser console, as pasted runbooks may have them.
OF_THE_BROWSER = {"rollout.rollbackToPercentage(pct=0)", "rollout.addToWhitelist(ids=['acme/repo-1'])"}


@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_every_documented_call_is_understood(rollout, capsys):
    """In any state: it may be refused, but not for what was typed."""
    rollout.add_repositories(3)
    console = Rollout(rollout.client)
    calls = sorted(documented_calls() | OF_THE_BROWSER)
    for call in calls:
        name = call.split("(")[0].removeprefix("rollout.")
        assert name in COMMANDS, call
        if name in {"watch", "use", "simulate"}:  # without an end; of a target's; for the sample data alone
            continue
        mentioned = (BadArgument,) if call.endswith("()") else ()  # the name of one that takes arguments
        with contextlib.suppress(Refused, *mentioned):
            eval(call, {"rollout": console})
    assert len(calls) > 60


@pytest.mark.parametrize("title", list(runbook()))
def test_every_block_of_the_runbook_pastes_into_the_real_console(rollout, terminal, title):
    """On a rollout that was stopped and has jobs; where the block begins at 0 % or flowing, it is brought there."""
    rollout.report(good=30)
    rollout.client.emergency_stop("before the runbook")
    text = RUNBOOK.split(f"## {title}")[1].split("\n## ")[0]
    if "after an emergency stop" not in title and not title.startswith("Emergency stop"):
        rollout.client.resume()
    blocks = re.findall(r"```python\n.*?```\n", text, re.DOTALL)
    assert blocks
    console = terminal(width=110, height=50)
    console.wait_for("▸")
    for number, block in enumerate(blocks):
        console.paste(block, bracketed=True)
        console.type(f"print('done', {number} + 1000)")
        screen = console.wait_for(f"done {number + 1000}")
    assert "Traceback" not in screen
    assert "refused" not in screen
    for line in screen.splitlines():
        assert not line.startswith(("no emergency stop to resume", "a percentage is", "unknown ", "there is no")), line
