"""What the rules and the pages advise to type can be typed as it is shown."""

from __future__ import annotations

import ast
import inspect
import re
from pathlib import Path

import pytest

from rollout_console.cli import parser as cli
from rollout_console.client import seen
from rollout_console.console import COMMANDS
from rollout_console.shell.caution import LOWERING
from rollout_console.shell.suggestions import NOT_OFFERED, offered
from tests.support import ROOT

PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
VERB = r"rollout-console ([a-z][\w-]*)"
CALL = re.compile(r"rollout\.(\w+)\((?:[^()'%]|'')*\)")
DESCRIPTION = re.compile(r"--.*?$|^comment on .*?';$", re.MULTILINE | re.DOTALL)  # what a command is, not what to type


def advised() -> set[str]:
    """Return each call of a command in the rules' texts."""
    return {
        call.group(0)
        for file in Path(ROOT, "migrations", "rules").rglob("*.sql")
        for text in re.findall(r"'((?:[^']|'')*)'", DESCRIPTION.sub("", file.read_text()))
        for call in CALL.finditer(text)
        if call.group(1) in COMMANDS
    }


@pytest.mark.parametrize("call", sorted(advised()))
def test_r13_what_the_rules_advise_can_be_typed(call):
    typed = ast.parse(call, mode="eval").body
    assert isinstance(typed, ast.Call)
    assert isinstance(typed.func, ast.Attribute)
    signature = inspect.signature(COMMANDS[typed.func.attr].method)
    signature.bind(None, *typed.args, **{word.arg or "": word.value for word in typed.keywords})


SUGGESTED_BY_NOBODY = {  # by the function of R20 that each calls
    "rollout_set_percentage": "rollout.setRollout(25)",
    "rollout_resume": "rollout.resume()",
    "rollout_advance": "rollout . advance()",
    "rollout_release": "rollout.release()",
    "rollout_undo": "rollout.undo('1a2b3c4d')",
    "rollout_set_auto_rollback": "rollout.disableAutoRollback('maintenance')",
    "rollout_add_to_whitelist": "rollout.addToWhitelist('acme/web')",
    "rollout_remove_from_blacklist": "rollout.removeFromBlacklist('acme/web')",
    "rollout_configure": "rollout.configure(max_error_rate=50)",
    "rollout_set_plan": "rollout.plan( steps=[50, 100])",
    "rollout_hold": "rollout.hold('looking',\n  until='17:00')",
}


def test_no_old_line_is_suggested_that_can_raise_or_unprotect():
    of_setup = {"rollout_begin", "rollout_seed_whitelist"}
    assert set(SUGGESTED_BY_NOBODY) == seen.RAISING - of_setup
    assert [call for call in SUGGESTED_BY_NOBODY.values() if offered(call, "rollout.")] == []
    shown = [
        "rollout.configure()",
        "rollout.plan()",
        "rollout.hold('looking')",
        "rollout.removeFromWhitelist('acme/web')",
    ]
    assert [call for call in shown if not offered(call, "rollout.")] == []


def verbs_advised() -> set[tuple[str, str]]:
    """Return where a program or a verb is named, and its name: in the code's texts, and in the pages' code."""
    texts = [
        (file.name, node.value)
        for file in Path(ROOT, "rollout_console").rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    found = {(name, verb) for name, text in texts for verb in re.findall(VERB, text)}
    in_code = re.compile(f"(?:`|^    .*?){VERB}", re.MULTILINE)
    return found | {(page.name, verb) for page in PAGES for verb in in_code.findall(page.read_text())}


def test_r13_each_verb_that_is_named_is_one():
    named = verbs_advised()
    assert len(named) > 50, "the verbs are no longer found"
    assert {(place, verb) for place, verb in named if not cli.is_known(cli.spelled([verb])[0])} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_block_of_a_page_raises_what_it_has_lowered(page):
    """The prompt stops such a paste before the raise."""
    for block in re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL):
        commands = re.findall(r"^rollout\.(\w+)\(", block, re.MULTILINE)
        lowered = next((place for place, name in enumerate(commands) if name in LOWERING), len(commands))
        assert not set(commands[lowered:]) & set(NOT_OFFERED), block
