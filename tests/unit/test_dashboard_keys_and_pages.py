"""Keys that the footer shows and the help explains, pages that scroll, and the palette, which runs no code."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.console import COMMANDS
from rollout_console.dashboard.keys import (
    ASKING,
    CHOOSE,
    GAP,
    KEPT,
    OVERVIEW,
    PAGE,
    SCROLL,
    footer,
    help_lines,
    text_of,
)
from rollout_console.dashboard.pages import Page, Row, change_page, history_page, text_page
from rollout_console.dashboard.palette import Caught, candidates, completed, hint, parse, run
from rollout_console.errors import BadArgument
from rollout_console.render import Screen
from rollout_console.render.layout import cells
from rollout_console.render.marks import SIGNS
from rollout_console.results import History, HistoryEntry
from tests.support import ROOT
from tests.support.samples import sample

VIEWS = {"overview": OVERVIEW, "page": (*PAGE, *SCROLL), "list": (*PAGE, *CHOOSE), "question": ASKING}
SCREEN = Screen(80, bars=True)


@pytest.mark.parametrize("keys", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("width", [40, 60, 80, 100, 160, 200])
def test_the_footer_keeps_to_its_lines_and_to_the_stop_and_the_way_out(keys, width):
    rows = footer(keys, width, 2)
    assert len(rows) <= 2
    assert all(cells(" " + GAP.join(map(text_of, row))) <= width for row in rows)
    shown = {key for row in rows for key in row}
    if width >= 60:
        assert {key for key in keys if key in KEPT} <= shown
    if width >= 100:
        assert shown == set(keys)


@pytest.mark.parametrize("keys", [OVERVIEW, (*PAGE, *SCROLL), (*PAGE, *CHOOSE)])
def test_the_help_explains_each_key_of_a_view_in_a_line(keys):
    lines = help_lines(keys)
    assert len(lines) == len(keys)
    for key, line in zip(keys, lines, strict=True):
        assert key.name in line
        assert key.does in line
        assert key.does.endswith(".")


def test_no_key_of_the_overview_has_two_meanings():
    assert len({key.name for key in OVERVIEW}) == len(OVERVIEW)


# Pages


def numbered(count: int, *, opening: bool) -> Page:
    def row(number: int) -> Row:
        return Row(f" row {number}", partial(text_page, f"{number}", str) if opening else None)

    return Page("numbers", lambda screen: [row(number) for number in range(count)])


def chosen(page: Page) -> str:
    return next(line for line in page.draw(SCREEN, 10) if line.startswith("▸"))


def test_a_page_that_is_only_read_scrolls_to_both_ends_and_no_further():
    page = numbered(30, opening=False)
    assert page.draw(SCREEN, 10)[1:] == [f" row {n}" for n in range(9)]
    for lines, first in ((1, 1), (-5, 0), (100, 21), (1, 21), (-1, 20)):
        page.move(lines)
        assert page.draw(SCREEN, 10)[1] == f" row {first}"
    page.move_to_end(end=False)
    assert "↓ 21 more" in page.draw(SCREEN, 10)[0]
    page.move_page(1)
    assert page.draw(SCREEN, 10)[1] == " row 8"


def test_the_chosen_row_stays_in_sight_and_enter_opens_it():
    page = numbered(30, opening=True)
    assert chosen(page) == "▸row 0"
    for _ in range(12):
        page.move(1)
        chosen(page)
    assert chosen(page) == "▸row 12"
    assert page.chosen is not None
    assert page.chosen().title == "12"
    page.move_page(1)
    assert chosen(page)
    page.move_to_end(end=True)
    assert chosen(page) == "▸row 29"
    page.move(1)
    assert chosen(page) == "▸row 29"
    page.move_to_end(end=False)
    assert chosen(page) == "▸row 0"


def test_each_line_of_the_changes_has_the_id_that_undo_takes():
    entry = sample(HistoryEntry, id="1b4e28ba-2fa1-11d2-883f-0016d3cca427")
    _, line = history_page(sample(History, entries=[entry])).draw(Screen(80, bars=True), 5)
    assert f"  {entry.short_id}  " in line


def test_a_change_in_full_says_on_off_and_none():
    before, after = {"emergency_stop": False, "reason": None}, {"emergency_stop": True, "reason": "5xx"}
    lines = change_page(sample(HistoryEntry, before=before, after=after)).draw(SCREEN, 40)
    assert [line.split("  ")[-1].strip() for line in lines if "→" in line][-2:] == ["off → on", "none → 5xx"]


@given(st.lists(st.sampled_from([1, -1, 7, -7, "page", "back", "end", "home"]), max_size=30), st.integers(0, 40),
       st.integers(1, 20), st.booleans())  # fmt: skip
def test_a_page_never_loses_its_choice_or_its_size(moves, count, height, opening):
    page = numbered(count, opening=opening)
    page.draw(SCREEN, height)
    for move in moves:
        if isinstance(move, int):
            page.move(move)
        elif move in ("page", "back"):
            page.move_page(1 if move == "page" else -1)
        else:
            page.move_to_end(end=move == "end")
        lines = page.draw(SCREEN, height)
        assert len(lines) <= height
        if opening and count and height > 1:
            assert sum(line.startswith("▸") for line in lines) == 1


# The palette


@pytest.mark.parametrize(
    ("line", "call"),
    [
        ("status", ("status", [], {})),
        ("rollout.status()", ("status", [], {})),
        ("STATUS();", ("status", [], {})),
        ("emergencyStop(", ("emergencyStop", [], {})),  # as Tab leaves it
        ('setRollout(25, "phase 7")', ("setRollout", [25, "phase 7"], {})),
        ("configure(max_error_rate=2.5)", ("configure", [], {"max_error_rate": 2.5})),
        ('addToWhitelist(["a/b", "c/d"])', ("addToWhitelist", [["a/b", "c/d"]], {})),
    ],
)
def test_the_palette_reads_a_call_as_at_the_prompt(line, call):
    assert tuple(parse(line)) == call


@pytest.mark.parametrize(
    "line",
    [
        "setRollout(__import__('os').getpid())", "status() or setRollout(5)", "status(); setRollout(5)", "setRollout(*[5])",
        "setRollout(**{'percentage': 5})", "status().__class__", "setRollout(percentage)", "setRollout(5",
        "__import__('os')", "client.set_rollout(5)", "[status() for _ in (1,)]", "lambda: 5", "", "setRollout 5",
        "setRollout(" + "[" * 5000 + ")", "status(open('x'))", "setRollout(f'{1}')", "\0status", "setRollout(5\0)",
    ],
)  # fmt: skip
def test_the_palette_runs_nothing_but_one_command_with_plain_values(line):
    with pytest.raises(BadArgument, match=r"type for example|did you mean|Tab shows"):
        parse(line)


@pytest.mark.parametrize("line", ["watch", "watch(1)", "watch(every=2, times=3)"])
def test_the_palette_watches_nothing_that_would_outlive_the_dashboard(line):
    client = RolloutClient(PostgresAdapter("postgresql://127.0.0.1:1/x"))
    with pytest.raises(BadArgument, match="the overview is live: press Esc"):
        run(line, client, Caught(Screen(), lambda client: None))


@pytest.mark.parametrize(
    ("typed", "becomes"),
    [("setr", "setRollout("), ("rollout.setr", "setRollout("), ("emer", "emergencyStop("), ("add", "addTo"),
     ("addTo", "addTo"), ("status", "status("), ("xyz", "xyz"), ("setRollout(5", "setRollout(5"), ("", "")],
)  # fmt: skip
def test_tab_types_what_is_sure(typed, becomes):
    assert completed(typed) == becomes


def test_the_palette_offers_the_commands_of_the_registry_and_says_what_the_first_does():
    assert set(candidates("")) == {c.name for c in COMMANDS.values() if c.listed}
    assert candidates("whitelist") == [name for name in COMMANDS if "whitelist" in name.lower()]
    for typed in ("", "s", "setr", "setRollout(5", "xyz"):
        lines = hint(typed, 60, 4).split("\n")
        assert all(cells(line) <= 60 for line in lines)
    assert COMMANDS["setRollout"].summary[:30] in hint("setRollout(", 120, 4)


def test_the_page_of_the_dashboard_has_every_key_and_sign():
    page = (ROOT / "docs" / "dashboard.md").read_text(encoding="utf-8")
    for key in OVERVIEW:
        assert f"| `{key.name}` | {key.does} |" in page
    for sign in SIGNS.values():
        assert f"`{sign.letter}`" in page
