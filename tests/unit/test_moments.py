"""R9: an operator's time without a zone is one of the zone in which times are shown."""

from __future__ import annotations

import io
import time
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest

from rollout_console.errors import BadArgument
from rollout_console.monitor.log import TextLog
from rollout_console.render import Screen, render
from rollout_console.render.formatting import format_time
from rollout_console.render.html import render_html
from rollout_console.results import HealthCheck, HistoryEntry
from rollout_console.results.state import StateName
from rollout_console.validation import moment, moment_text
from tests.support import samples
from tests.support.samples import sample
from tests.unit.test_render_html import REPORTS


@pytest.fixture(autouse=True)
def _in_a_zone(monkeypatch):
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ("2030-01-31 12:00", "2030-01-31T12:00:00+01:00"),
        ("2030-07-31T12:00", "2030-07-31T12:00:00+02:00"),
        ("2030-01-31", "2030-01-31T00:00:00+01:00"),
        ("2030-01-31T12:00Z", "2030-01-31T12:00Z"),
        ("2030-01-31T12:00-05:00", "2030-01-31T12:00-05:00"),
        ("2h", "2h"),
        ("off", "off"),
    ],
)
def test_r9_a_time_without_a_zone_is_local(given, sent):
    assert moment_text(given) == sent
    assert moment(given, "rollout.plan()") == sent


def test_r9_what_is_typed_is_what_is_shown():
    sent = moment(datetime(2030, 1, 31, 12, 0), "rollout.plan()")
    assert sent is not None
    assert format_time(datetime.fromisoformat(sent).astimezone(UTC)).startswith("2030-01-31 12:00")


@pytest.mark.parametrize(("given", "days", "clock"), [("tomorrow 09:00", 1, "09:00"), (" Today 7:30 ", 0, "07:30")])
def test_r17_today_and_tomorrow_are_those_of_the_operators_clock(given, days, clock):
    sent = moment(given, 'rollout.hold("looking", until="2h")')
    assert sent is not None
    assert sent[16:19] == ":00"
    day = datetime.now() + timedelta(days=days)
    assert format_time(datetime.fromisoformat(sent).astimezone(UTC)).startswith(f"{day:%Y-%m-%d} {clock}")


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_r9_a_year_that_no_zone_knows_is_sent_as_it_is(monkeypatch, zone):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    for given in ("0001-01-01T00:30:00", "9999-12-31T23:59:00"):
        assert moment_text(given) == given


@pytest.mark.parametrize(("zone", "moment"), [("Asia/Tokyo", datetime.max), ("America/New_York", datetime.min)])
def test_a_year_that_no_zone_knows_keeps_no_report_from_being_shown(monkeypatch, zone, moment):
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    monkeypatch.setattr(samples, "NOW", moment.replace(tzinfo=UTC))
    for kind in REPORTS:
        for name in get_args(StateName):
            render(sample(kind, name=name), Screen())
        render_html(sample(kind))
    log = io.StringIO()
    TextLog(log).checked(sample(HealthCheck), [sample(HistoryEntry)], [])
    assert f"{moment:%Y-%m-%d %H:%M:%S}" in log.getvalue()


@pytest.mark.parametrize("given", ["tomorrow", "tomorrow 25:00", "yesterday 09:00", "tomorrow 9"])
def test_r17_what_is_no_time_of_a_day_is_sent_as_it_is(given):
    """The database refuses it, with what to type."""
    assert moment_text(given) == given


@pytest.mark.parametrize("given", ["23:59", " 9:00 "])
def test_a_time_without_its_day_is_answered_with_both_that_it_may_be(given):
    with pytest.raises(BadArgument, match=f'type "today {given.strip()}" or "tomorrow {given.strip()}"'):
        moment(given, "rollout.hold()")
