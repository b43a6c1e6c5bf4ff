"""Numbers, rates, durations and dates as people read them, and texts cut to the width of a column."""

from __future__ import annotations

from datetime import datetime

from rollout_console.render.sanitize import sanitize
from rollout_console.results import Unit
from rollout_console.validation import in_zone

MINUTE, HOUR, DAY = 60, 3600, 86400
NOTHING = "–"


def format_count(number: int) -> str:
    """Return a number with thousands separators."""
    return f"{number:,}"


def format_counted(number: int, one: str, several: str) -> str:
    """Return a number with the noun that it counts."""
    return f"{format_count(number)} {one if number == 1 else several}"


def format_number(value: float | None) -> str:
    """Return a figure with at most two decimals."""
    return NOTHING if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")


def format_percent(rate: float | None) -> str:
    """Return a rate, given in percent, with at most two decimals; never rounded to 0 or 100 unless it is."""
    if rate is None:
        return "no jobs"
    if 0 < rate < 0.01:
        return "<0.01 %"
    if 99.99 < rate < 100:
        return ">99.99 %"
    return f"{rate:.2f}".rstrip("0").rstrip(".") + " %"


def format_duration(seconds: float | None) -> str:
    """Return a processing time, in seconds up to two minutes and in minutes from there; three figures say enough."""
    if seconds is None:
        return NOTHING
    if seconds < 2 * MINUTE:
        return f"{format_number(round(seconds, 1))} s"
    minutes = seconds / MINUTE
    return f"{format_number(round(minutes, 1 if minutes < 10 else 0))} min"


def format_measure(value: float | None, unit: Unit) -> str:
    """Return a figure in its unit."""
    if value is None:
        return NOTHING
    match unit:
        case "percent":
            return format_percent(value)
        case "seconds":
            return format_duration(value)
        case "hours":
            return f"{format_number(value)} h" if value >= 2 else format_duration(value * HOUR)
        case "jobs":
            return format_count(int(value))


def format_age(then: datetime, now: datetime) -> str:
    """Return how long before `now` something was, in the largest fitting unit."""
    seconds = (now - then).total_seconds()
    if seconds < 0:
        return "just now" if seconds > -MINUTE else "in the future"
    if seconds < 10:
        return "just now"
    if seconds < MINUTE:
        return f"{int(seconds)} s ago"
    if seconds < HOUR:
        return f"{seconds // MINUTE:.0f} min ago"
    if seconds < 2 * DAY:
        return f"{seconds // HOUR:.0f} h ago"
    return f"{seconds // DAY:.0f} days ago"


def format_time(moment: datetime) -> str:
    """Return a time in the local zone, which it names, to the minute."""
    return f"{in_zone(moment):%Y-%m-%d %H:%M %Z}"


def format_moment(moment: datetime | None, now: datetime) -> str:
    """Return a local time and how long ago it was by the server's clock; "never" for None."""
    return "never" if moment is None else f"{format_time(moment)} ({format_age(moment, now)})"


def format_until(moment: datetime | None, now: datetime) -> str:
    """Return when something ends, in few words: the time of the day, with its date if that is another one.

    What ends within two minutes has its seconds.
    """
    if moment is None:
        return ""
    local = in_zone(moment)
    day = "" if local.date() == in_zone(now).date() else f"{local:%Y-%m-%d} "
    is_near = 0 < (moment - now).total_seconds() < 2 * MINUTE
    return f"until {day}{local:%H:%M:%S}" if is_near else f"until {day}{local:%H:%M}"


def format_list(texts: list[str], total: int, width: int) -> str:
    """Return as many texts as fit into `width` columns, at least one, and how many more of `total` there are."""
    room = width - len(f" and {format_count(total)} more")
    shown: list[str] = []
    for text in texts:
        if shown and len(", ".join([*shown, text])) > room:
            break
        shown.append(text)
    more = total - len(shown)
    return ", ".join(shown) + (f" and {format_count(more)} more" if more else "")


def shorten(text: str, width: int) -> str:
    """Return text cut to `width` columns, with an ellipsis where something is missing."""
    return text if len(text) <= width else text[: max(1, width - 1)] + "…"


def format_setting(value: object) -> str:
    """Return the value of a setting as it is shown."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int | float):
        return format_number(value)
    if isinstance(value, dict):
        return ", ".join(f"{sanitize(str(name), 40)} {sanitize(str(part), 20)}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(sanitize(str(part), 160) for part in value) or "none"
    return "none" if value is None else sanitize(str(value), 60)
