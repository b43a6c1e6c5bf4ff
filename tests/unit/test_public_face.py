"""What scripts rely on: what the package exports, how a target is chosen, and pages that say the same as the code."""

from __future__ import annotations

import inspect
import re
from collections import Counter
from pathlib import Path

import jedi
import pytest

import rollout_console
from rollout_console import errors, results
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.console import COMMANDS
from rollout_console.errors import NotConfigured, RolloutError
from tests.support import architecture, cli_pages, pages
from tests.support.changes import CHANGES, OTHERS, REPORTS

SUPABASE = "https://abcdefgh.supabase.co"
DATABASE = "postgresql://me@db.example.org/app"


PAGES = [
    (cli_pages.NAMES, cli_pages.names),
    (pages.README, pages.readme),
    (pages.COMMANDS_PAGE, pages.commands),
    (pages.API, pages.api),
    (pages.RELIABILITY, pages.reliability),
    (architecture.PICTURE, architecture.picture),
    (cli_pages.PAGE, cli_pages.page),
    (cli_pages.MAN, cli_pages.man),
]


@pytest.mark.parametrize(("page", "written"), PAGES)
def test_a_page_says_what_the_code_says(page, written):
    assert page.read_text(encoding="utf-8") == written(), "type: python -m tests.support.pages"


def test_everything_that_is_exported_is_there_and_every_error_is_exported():
    for name in rollout_console.__all__:
        assert getattr(rollout_console, name) is not None
    kinds = {name for name, kind in vars(errors).items() if inspect.isclass(kind) and issubclass(kind, RolloutError)}
    assert kinds <= set(rollout_console.__all__)
    with pytest.raises(AttributeError):
        _ = rollout_console.nothing
    assert {*results.__all__} <= {*dir(results)}  # none of which is loaded before it is asked for


def test_every_result_is_what_something_returns_or_a_part_of_it():
    package = Path(rollout_console.__file__).parent
    exports = package / "results" / "public.py"
    text = "\n".join(file.read_text(encoding="utf-8") for file in package.rglob("*.py") if file != exports)
    named = Counter(re.findall(r"\w+", text))
    assert [name for name in results.__all__ if named[name] < 2] == []


@pytest.mark.parametrize("name", pages.methods())
def test_every_method_says_what_it_does_and_what_each_parameter_is(name):
    method = getattr(RolloutClient, name)
    assert method.__doc__
    for parameter in list(inspect.signature(method).parameters.values())[1:]:
        assert parameter.annotation not in (inspect.Parameter.empty, "object")


@pytest.mark.parametrize("name", results.__all__)
def test_every_result_is_described(name):
    kind = getattr(results, name)
    assert not inspect.isclass(kind) or kind.__doc__


def test_the_types_are_marked_as_complete():
    assert (Path(rollout_console.__file__).parent / "py.typed").exists()


def test_connect_leads_to_the_target_that_is_named_and_nowhere_else(monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "https://another.supabase.co")
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_of_another")
    monkeypatch.setenv("SUPABASE_DB_URL", "postgresql://another.example.org/app")
    with rollout_console.connect(SUPABASE, key="sb_secret_mine", feature="mine") as client:
        assert (client.feature, client.adapter.target.name) == ("mine", "abcdefgh")
        assert isinstance(client.adapter, SupabaseAdapter), "fails over to the database of another project"
    with rollout_console.connect(DATABASE) as client:
        assert (client.adapter.target.kind, client.adapter.target.name) == ("postgres", "db.example.org/app")


@pytest.mark.parametrize(("url", "key"), [(SUPABASE, None), (None, "sb_secret_mine"), (DATABASE, "sb_secret_mine")])
def test_connect_refuses_half_a_target(monkeypatch, url, key):
    monkeypatch.setenv("SUPABASE_URL", SUPABASE)
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_of_another")
    with pytest.raises(NotConfigured, match="connect"):
        rollout_console.connect(url, key)


def test_every_command_is_in_the_lists_that_the_tests_go_through():
    assert {*CHANGES, *REPORTS, *OTHERS} == set(COMMANDS), "add the new command to tests/support/changes.py"


def test_an_editor_knows_what_with_connect_gives():
    """Without evaluating it: an editor finds no methods behind `Self` of a base class."""
    assert RolloutClient.__enter__.__annotations__["return"] == "RolloutClient"


def test_what_is_imported_at_first_use_is_completed_at_the_prompt():
    """Jedi, which IPython asks, must know it without running anything."""
    typed = "import rollout_console\nrollout_console.connect().emer"
    assert [found.name for found in jedi.Script(typed).complete()] == ["emergency_stop"]
