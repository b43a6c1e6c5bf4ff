"""The same report in a terminal, in a pipe and on a page: text of others is harmless in each, and no fact is lost."""

from __future__ import annotations

import io
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from rollout_console.render import Screen, every, render  # noqa: F401 which registers them
from rollout_console.render.changes import SENTENCES
from rollout_console.render.dispatch import renderer
from rollout_console.render.html import FIRST_MARK, render_html
from rollout_console.render.sanitize import LONGEST
from rollout_console.results import Categories, Change, ErrorTrend, HistoryEntry, MonitorBeat, Postmortem
from tests.support.samples import sample

REPORTS = [kind for kind in renderer.registry if kind.__module__.startswith("rollout_console.results")]
PIPE = Screen(width=100)
SCREENS = {"terminal": Screen(80, colour=True, bars=True), "pipe": PIPE, "narrow": Screen(40, bars=True)}
OURS = re.compile(r"\x1b\[[\d;]*m")
MARKUP = "<script>alert(1)</script>&amp;'\""
ATTACKS = {
    "escapes": "\x1b[2J\x1b]0;owned\x07\x9b2J",
    "lines": "fine\nFORGED\r\nFORGED\u2028FORGED\x85FORGED\x0bFORGED",
    "direction": "\u202etxt\u2066\u200f\u200b\ufeff",
    "length": "A" * 10_000,
    "marks": "".join(map(chr, range(FIRST_MARK, FIRST_MARK + 40))),
    "surrogate": "\ud800",
    "braces": "{0}{e.bucket}%s%(x)s",
    "markup": MARKUP,
}
# Each report as it is built, with the parts that it shows only then, and after each command.
VARIANTS: list[dict[str, Any]] = [
    {},
    {"emergency_stop": True, "outside_console": True, "done": True, "operator": None, "repository": None},
    *({"command": command, "changed": changed} for command in SENTENCES for changed in (True, False)),
]


class Page(HTMLParser):
    """The text of a fragment, and whether each tag that is opened is closed in turn."""

    def __init__(self, fragment):
        super().__init__()
        self.text, self.tags, self.opened = "", set(), []
        self.feed(fragment)
        self.close()

    def handle_starttag(self, tag, attrs):
        assert {name for name, _ in attrs} <= {"style"} or tag == "img"
        assert all(value.startswith("data:image/svg+xml;base64,") for name, value in attrs if name == "src")
        assert not any(name.startswith("on") or name == "href" for name, _ in attrs)
        self.tags.add(tag)
        if tag == "br":
            self.text += "\n"
        elif tag == "img":
            self.text += dict(attrs)["alt"]
        else:
            self.opened.append(tag)

    def handle_endtag(self, tag):
        assert self.opened.pop() == tag

    def handle_data(self, data):
        self.text += data


def harmless(text):
    assert [hex(ord(c)) for c in text if not (c.isprintable() or c == "\n")] == []
    assert "A" * (LONGEST + 1) not in text


def not_forged(text):
    assert not any(line.strip().startswith("FORGED") for line in text.split("\n"))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", REPORTS, ids=lambda kind: kind.__name__)
def test_r12_no_report_lets_text_act_forge_a_line_or_flood(kind, attack):
    for changes in VARIANTS if kind is Change else VARIANTS[:2]:
        result = sample(kind, ATTACKS[attack], **changes)
        for screen in SCREENS.values():
            harmless(OURS.sub("", render(result, screen)))
        not_forged(render(result, PIPE))  # on a terminal a line that is folded goes on below, whoever wrote its words
        shown = render_html(result)
        assert "\n\n" not in shown, "it would end the block in Markdown"
        page = Page(shown)
        harmless(page.text)
        not_forged(page.text)
        assert page.opened == []
        assert page.tags <= {"br", "div", "span", "table", "tr", "th", "td", "img"}


@pytest.mark.parametrize("kind", [k for k in REPORTS if k is not Postmortem], ids=lambda kind: kind.__name__)
def test_a_pipe_gets_no_escape_and_no_bar(kind):  # but a post-mortem, which is for people wherever it goes
    text = render(sample(kind), Screen(bars=False, colour=False))
    assert text
    assert not set("\x1b█░▁▂▃▄▅▆▇┄┤") & set(text)


@pytest.mark.parametrize("kind", REPORTS, ids=lambda kind: kind.__name__)
def test_one_is_no_plural(kind):
    for result in (sample(kind, number=1), sample(kind, number=1, state=None)):
        assert re.findall(r"(?<![\d.,–])1 \w+s\b", render(result, Screen(bars=False))) == []


@pytest.mark.parametrize("kind", [k for k in REPORTS if k is not ErrorTrend], ids=lambda kind: kind.__name__)
def test_colours_change_no_word(kind):
    plain, coloured = render(sample(kind), PIPE), render(sample(kind), Screen(width=100, colour=True))
    assert OURS.sub("", coloured) == plain


@pytest.mark.parametrize("kind", [k for k in REPORTS if k is not ErrorTrend], ids=lambda kind: kind.__name__)
def test_a_page_says_what_a_pipe_says(kind):
    words = re.findall(r"[\w%.(]+", render(sample(kind), Screen(width=120)))
    page = Page(render_html(sample(kind))).text
    assert [word for word in words if word not in page] == []


def test_a_bar_of_nothing_is_empty_on_a_terminal():
    assert Screen(bars=True).bar(0, 0, 10) == "░" * 10


def test_text_on_a_page_is_escaped_once_and_reads_as_it_was_written():
    fragment = render_html(sample(Change, command="note", change=sample(HistoryEntry, reason=MARKUP)))
    assert "<script" not in fragment
    assert MARKUP in Page(fragment).text


def test_a_page_has_tables_and_bars_of_the_right_length():
    fragment = render_html(sample(Categories, repositories=8, eligible=2))
    assert {"table", "th", "td"} <= Page(fragment).tags
    assert 'alt="25 %"' in fragment
    assert 'alt="0 %"' in render_html(sample(Categories, repositories=0, eligible=0))


def test_a_result_without_a_report_is_one_bounded_line():
    beat = sample(MonitorBeat, "two\nlines\x1b[2J" + "A" * 10_000)
    assert beat.__class__ not in renderer.registry
    text = render(beat, PIPE)
    assert "\n" not in text
    assert len(text) <= LONGEST
    harmless(text)


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "colour", "bars"),
    [
        (Terminal(), {}, True, True),
        (Terminal(), {"NO_COLOR": "1"}, False, True),
        (Terminal(), {"TERM": "dumb"}, False, False),
        (io.StringIO(), {}, False, False),
        (object(), {}, False, False),
    ],
    ids=["terminal", "NO_COLOR", "dumb", "pipe", "no stream"],
)
def test_colours_and_bars_are_for_terminals_that_want_them(monkeypatch, stream, variables, colour, bars):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    screen = Screen.of(stream)
    assert (screen.colour, screen.bars) == (colour, bars)


@pytest.mark.parametrize(("columns", "width"), [("10", 40), ("40", 40), ("100", 100), ("120", 120), ("500", 120)])
def test_a_report_is_as_wide_as_the_terminal_within_reason(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    assert Screen.of(Terminal()).width == width


def test_a_table_lines_up_with_colours_and_leaves_names_that_look_like_numbers():
    screen = Screen(colour=True)
    text = OURS.sub("", screen.table(["", "name"], [[screen.paint("✓", "good"), "007"], ["·", "1e5"]]))
    places = [line.index(name) for line in text.splitlines() for name in ("007", "1e5") if name in line]
    assert len(places) == 2
    assert places[0] == places[1]


def test_lines_of_a_fact_stay_under_each_other():
    first, second, third = PIPE.facts([("emergency stop", "ON\nwhy"), ("id", "x")]).splitlines()
    assert first.index("ON") == second.index("why") == third.index("x")


def test_an_empty_text_gets_no_colour():
    assert Screen(colour=True).paint("", "bad") == ""
    assert Screen(colour=True).paint("text", "bad") != "text"
