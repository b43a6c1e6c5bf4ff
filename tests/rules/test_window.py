"""R17: a change window is read by the clock on the wall of its zone, which is set forward and back."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rollout_console.errors import RolloutError
from rollout_console.render import Screen, render
from tests.support.ramp import DAYS, closed_today
from tests.support.rows import one_row

pytestmark = pytest.mark.asked

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "America/St_Johns", "UTC")
QUARTER = timedelta(minutes=15)
CHANGES = [  # of clocks, in UTC: forward and back, on both hemispheres
    datetime(2026, 3, 29, 1), datetime(2026, 10, 25, 1), datetime(2026, 3, 8, 7), datetime(2026, 11, 1, 6),
    datetime(2026, 4, 4, 15), datetime(2026, 10, 3, 15, 30),
]  # fmt: skip
quarters = st.integers(0, 95)
moments = st.builds(
    lambda change, seconds: change.replace(tzinfo=UTC) + timedelta(seconds=seconds),
    st.sampled_from(CHANGES),
    st.integers(-8 * 86400, 8 * 86400),
)


@st.composite
def windows(draw: st.DrawFn) -> tuple[str, set[int], int, int, str]:
    """A window as text, and in parts: weekdays from Monday = 0, quarters from and to, zone."""
    first, last = draw(st.integers(0, 6)), draw(st.integers(0, 6))
    days = {(first + n) % 7 for n in range((last - first) % 7 + 1)}
    text = f"{DAYS[first]}-{DAYS[last]}" if first != last else DAYS[first]
    if draw(st.booleans()):
        other = draw(st.integers(0, 6))
        days, text = days | {other}, f"{text},{DAYS[other].lower()}"
    opens = draw(quarters)
    closes = draw(st.integers(opens + 1, 96))
    zone = draw(st.sampled_from(ZONES))
    clock = [f"{q // 4:02}:{q % 4 * 15:02}" for q in (opens, closes)]
    return f"{text} {clock[0]}-{clock[1]} {zone}", days, opens, closes, zone


def is_open(window: tuple[str, set[int], int, int, str], at: datetime) -> bool:
    """What the rule says, by the zone files that Python reads."""
    _, days, opens, closes, zone = window
    wall = at.astimezone(ZoneInfo(zone))
    return wall.weekday() in days and opens <= wall.hour * 4 + wall.minute // 15 < closes


def first_open(window: tuple[str, set[int], int, int, str], at: datetime) -> datetime:
    """The first moment from this one on, found by looking at each quarter of an hour."""
    if is_open(window, at):
        return at
    start = datetime.combine(at.date(), time(at.hour), UTC) + at.minute // 15 * QUARTER
    return next(q for n in range(1, 15 * 96) if is_open(window, q := start + n * QUARTER))


def test_r17_a_window_opens_when_the_clock_on_the_wall_says_so_also_as_it_is_set(embedded_url, effort, tried):
    from tests.support import servers

    url = servers.create_database(embedded_url, "windows")
    with psycopg.connect(url, autocommit=True) as connection:

        @settings(max_examples=effort(200, 3000))
        @given(window=windows(), at=moments)
        def agrees(window: tuple[str, set[int], int, int, str], at: datetime) -> None:
            tried("windows around clock changes compared with Python's zone files")
            found = one_row(connection.execute("select rollout.change_window_opens(%s, %s)", (window[0], at)))[0]
            assert found == first_open(window, at)

        agrees()


@pytest.mark.parametrize(
    ("window", "at", "opens"),
    [
        ("Sun 02:00-03:00 Europe/Berlin", "2026-03-29T00:59Z", "2026-04-05T00:00Z"),  # an hour that is skipped
        ("Sun 02:30-04:00 Europe/Berlin", "2026-03-29T00:59Z", "2026-03-29T01:00Z"),  # begins within it
        ("Sun 02:00-03:00 Europe/Berlin", "2026-10-25T01:30Z", "2026-10-25T01:30Z"),  # comes twice: the second
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-10-23T10:00Z", "2026-10-26T08:00Z"),  # Friday, over a change
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-10-22T13:59Z", "2026-10-22T13:59Z"),
        ("Mon-Thu 09:00-16:00 Europe/Berlin", "2026-10-22T14:00Z", "2026-10-26T08:00Z"),  # ends at its end
    ],
)
def test_r17_clock_changes_by_example(rollout, window, at, opens):
    found, wanted = rollout.sql("select rollout.change_window_opens(%s, %s), %s::timestamptz", window, at, opens)[0]
    assert found == wanted


WRONG = [
    "", "always on", "Mon-Thu", "09:00-16:00 Europe/Berlin", "Mon-Thu 9-16 Europe/Berlin", "Mon-Thu 09:00-16:00",
    "Mon-Thu 16:00-09:00 Europe/Berlin", "Mon-Thu 09:00-09:00 Europe/Berlin", "Mon-Thu 09:07-16:00 Europe/Berlin",
    "Mon-Thu 09:00-24:15 Europe/Berlin", "Mon-Xyz 09:00-16:00 Europe/Berlin", "Mon-Thu 09:00-16:00 Europe/Berlim",
    "Mon-Thu 09:00-16:00 CET5", "Mon-Thu 09:00-16:00 Europe/Berlin; drop table x",
]  # fmt: skip


@pytest.mark.parametrize("window", WRONG)
def test_r17_a_window_that_is_none_is_refused_in_one_line(rollout, window):
    with pytest.raises(
        RolloutError, match=r'a window is days.*type for example rollout\.plan\(window="Mon-Thu'
    ) as told:
        rollout.client.set_plan(window=window)
    assert "\n" not in str(told.value)
    assert rollout.client.plan().change_window is None


def shut(rollout):
    return {gate.name: gate for gate in rollout.client.plan().gates if not gate.open}


def test_r17_outside_the_window_nothing_rises_and_anything_falls(rollout):
    window = closed_today(rollout)
    rollout.client.set_rollout(10)
    rollout.client.set_plan(window=window)
    gate = shut(rollout)["window"]
    assert gate.message == f"outside the change window {window}"
    assert gate.opens_at > rollout.client.plan().server_time + timedelta(days=1)
    rollout.client.rollback_to_percentage(5)
    rollout.client.rollback_to_zero()
    assert rollout.client.advance().outcome == "shut", "a start waits for the window, too"
    assert rollout.client.plan().steps[0].earliest == gate.opens_at
    rollout.client.set_plan(window="always")
    assert rollout.client.advance().outcome == "advanced"


def test_r17_a_freeze_is_a_hold_with_an_end(rollout):
    frozen = rollout.client.set_plan(freeze="3d", reason="end of the quarter")
    assert "freeze= is a hold with an end" in render(frozen, Screen())
    assert shut(rollout)["hold"].opens_at == rollout.client.plan().held_until
    assert (frozen.status.held_by, frozen.status.held_reason) == ("tess", "end of the quarter")
    assert not rollout.client.set_plan(freeze="2d").changed, "it shortens no hold"
    rollout.client.set_plan(freeze="off")
    assert shut(rollout) == {}
    rollout.client.hold("looking")
    assert not rollout.client.set_plan(freeze="3d").changed
    assert not rollout.client.set_plan(freeze="off").changed, "nor does it end one without an end"
    for wrong in ("yesterday", "2001-01-01", "", "0h"):
        with pytest.raises(RolloutError, match=r'type rollout\.hold\("frozen", until="3d"\)'):
            rollout.client.set_plan(freeze=wrong)
