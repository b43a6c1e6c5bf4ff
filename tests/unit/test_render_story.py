"""The timeline, the post-mortem and the kinds of errors, without a server."""

from __future__ import annotations

import html
import re
import time
from datetime import timedelta

import pytest
from markdown_it import MarkdownIt
from msgspec.structs import replace

from rollout_console.render import Screen, render
from rollout_console.render.incident import escape, postmortem
from rollout_console.results import ErrorKind, Errors, Event, HistoryEntry, Postmortem, Timeline
from tests.support.samples import NOW, sample

PIPE = Screen(width=100)
HOSTILE = [
    "<script>alert(1)</script>", "[a](javascript:x)", "![i](http://x/y.png)", "**b** _c_ ~~d~~ `e`", "| a | b |", "# h",
    "&lt;img&gt; &#60;b&#62;", "\x1b[2J\x1b]0;x\x07", "a\n\n# b\n\n---\n", "\\<b\\>", "http://evil.example www.evil.example",
    "@everyone #12", "<!-- ", "```\nx", "\\", "\\|", "$x^2$", "a\u202eb", "<b onclick='x'>", "[x]: http://y", "==m==",
]  # fmt: skip


def event(kind, **fields):
    empty = {"change": None, "alert": None, "error": None, "leaks": None}
    return Event(at=NOW, type=kind, **(empty | fields))


def told(*events, **changes):
    return replace(sample(Timeline), events=list(events), **changes)


@pytest.mark.parametrize("text", HOSTILE)
def test_r12_text_of_others_is_text_in_markdown(text):
    page = MarkdownIt("gfm-like", {"linkify": False}).render(
        f"| {escape(text)} |\n| --- |\n| {escape(text)} |\n\nx {escape(text)}"
    )
    assert set(re.findall(r"</?(\w+)", page)) <= {"table", "thead", "tbody", "tr", "th", "td", "p"}
    seen = html.unescape(re.sub(r"</?\w+>", "\n", page))
    wanted = " ".join("".join(c if c.isprintable() else " " if c.isspace() else "" for c in text).split())
    assert wanted in seen, "it is readable as it was written"


def test_each_event_has_words():
    entry = sample(HistoryEntry, previous_percentage=25, new_percentage=0, reason="because", evidence={
        "main_errors": [{"kind": "limit <n>", "errors": 9, "is_new": True, "first_percentage": 25}]})  # fmt: skip
    text = render(
        told(
            event("change", change=entry),
            event("trip", change=entry),
            event("alert", alert="trip 0123456789abcdef"),
            event("alert", alert="breach"),
            event("error", error=sample(ErrorKind, "limit <n>", first_percentage=25)),
            event("leak", leaks=3),
            left_out=2,
        ),
        PIPE,
    )
    for words in ("TRIPPED: ", "main error: 9 × limit <n>, new since 25 %", "alert sent", "trip, change 01234567",
                  "breach", "new kind of error", "limit <n>; at 25 %", "3 jobs began in the rollout",
                  "2 earlier events are left out: limit=1000 shows more"):  # fmt: skip
        assert words in text
    full = render(told(*[event("alert", alert="breach")] * 1000, left_out=2), PIPE)
    assert "2 earlier events are left out: a shorter span shows them" in full


def test_an_automatic_hold_has_its_main_error_too():
    main = {"main_errors": [{"kind": "limit <n>", "errors": 9, "is_new": True, "first_percentage": 25}]}
    held = sample(HistoryEntry, triggered_by="auto_hold", command="hold", evidence=main)
    assert "main error: 9 × limit <n>, new since 25 %" in render(told(event("change", change=held)), PIPE)


@pytest.mark.parametrize(
    "evidence", [None, {}, {"main_errors": 5}, {"main_errors": ["x", None, {}, {"errors": "9" * 99}]}]
)
def test_evidence_that_others_have_written_breaks_nothing(evidence):
    timeline = told(event("trip", change=sample(HistoryEntry, evidence=evidence)))
    assert "TRIPPED" in render(timeline, PIPE)
    assert "TRIPPED" in postmortem(timeline)


def test_a_timeline_without_events_says_so():
    assert "nothing happened" in render(told(errors=[]), PIPE)
    markdown = postmortem(told(errors=[]))
    assert "Nothing happened." in markdown
    assert "None." in markdown


def test_the_post_mortem_is_the_timeline_in_markdown():
    timeline = sample(Postmortem)
    assert render(timeline, PIPE) == postmortem(timeline)
    page = MarkdownIt("gfm-like", {"linkify": False}).render(postmortem(timeline))
    assert page.count("<table>") == 2
    assert page.count("<h2>") == 8
    assert page.count("<code") == 1


def test_the_post_mortem_calls_no_time_utc_that_names_another_zone(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        until = {"held_until": "2026-11-24T05:00:00+00:00"}
        held = sample(HistoryEntry, command="hold", previous_percentage=5, new_percentage=5, after=until)
        page = postmortem(told(event("change", change=held)))
    finally:
        monkeypatch.undo()
        time.tzset()
    assert "10:30 IST" in page
    assert "All times are UTC" not in page
    assert "Times that name no zone are UTC." in page


def test_kinds_say_what_is_new_and_how_many_are_not_shown():
    fresh = sample(ErrorKind, "limit <n>", is_new=True, first_percentage=25, first_seen_at=NOW - timedelta(minutes=12))
    known = sample(ErrorKind, is_new=False, treatment=5, since_restart=2, more_repositories=True)
    rest = replace(sample(ErrorKind), kind=None)
    text = render(Errors(kinds=[fresh, known, rest], total=5, most_kinds=200, restarted_at=None,
                         server_time=NOW), PIPE)  # fmt: skip
    for words in ("limit <n>  new since 25 %, 12 min ago", "5 errors in the rollout (2 since the restart)",
                  "perhaps others", "all other kinds", "2 more kinds: rollout.errors(200)"):  # fmt: skip
        assert words in text
    most = render(Errors(kinds=[fresh, known, rest], total=5, most_kinds=3, restarted_at=None, server_time=NOW), PIPE)
    assert "2 more kinds, beyond what can be shown" in most
    assert "no errors are known" in render(
        Errors(kinds=[], total=0, most_kinds=200, restarted_at=None, server_time=NOW), PIPE
    )
