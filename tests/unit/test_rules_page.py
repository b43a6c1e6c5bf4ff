"""docs/rules.md defines every rule that anything cites, and what the pages point at exists."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT, pages
from tests.support.sql_floors import defined

RULES = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
DEFINED = set(re.findall(r"^## (R\d+)$", RULES, re.MULTILINE))
PAGES = [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]


def sources() -> Iterator[Path]:
    for folder, pattern in (("rollout_console", "*.py"), ("tests", "*.py"), ("migrations", "*.sql"), ("docs", "*.md")):
        for path in (ROOT / folder).rglob(pattern):
            if "node_modules" not in path.parts:
                yield path


def test_the_rules_are_r1_to_r20_in_order():
    assert re.findall(r"^## R(\d+)$", RULES, re.MULTILINE) == [str(n) for n in range(1, 21)]


def test_every_rule_that_is_cited_is_defined():
    cited = {
        (match, path.relative_to(ROOT))
        for path in sources()
        for match in re.findall(r"\bR\d+\b", path.read_text(encoding="utf-8"))
    }
    assert len(cited) > 50, "the citations are no longer found"
    assert {(rule, path) for rule, path in cited if rule not in DEFINED} == set()


def test_every_rule_has_tests_and_every_rule_in_the_name_of_a_test_is_defined():
    assert set(pages.rules_of_tests()) == DEFINED


def test_each_rule_names_the_files_of_its_functions():
    where = {name: f"{path.parent.name}/{path.name}" for name, path in defined().items()}
    for section in re.split(r"^(?=## R\d+$)", RULES, flags=re.MULTILINE)[1:]:
        named = {where[name] for name in re.findall(r"`(\w+(?:\.\w+)?)`", section) if name in where}
        assert set(re.findall(r"`(\d\d_\w+/\w+\.sql)`", section)) == named, section[:6]


def test_the_functions_that_decide_a_rule_exist():
    named = set(re.findall(r"`(rollout[_.]\w+)`", RULES))
    assert named
    assert named - set(defined()) == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#\s]*)(#[^)\s]+)?\)", page.read_text(encoding="utf-8")):
        linked = (page.parent / target) if target else page
        assert linked.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.+)$", linked.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor[1:] in {slug(heading) for heading in headings}, f"{target}{anchor}"


def slug(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_tests_that_a_page_names_exist(page):
    there = {path.name for path in (ROOT / "tests").rglob("test_*.py")}
    named = set(re.findall(r"\btest_\w+\.py\b", page.read_text(encoding="utf-8")))
    assert named <= there
