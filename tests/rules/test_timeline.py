"""The timeline of an incident: everything that happened since a moment, once and in order, and bounded."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from rollout_console import results
from rollout_console.errors import BadArgument, RolloutError
from rollout_console.render import Screen, render
from rollout_console.render.incident import postmortem

HOSTILE = "\x1b[2J<script>alert(1)</script> | [a](javascript:x) **b** `c`\n# d\n| e @all https://evil.example www.evil.example"


def types(timeline):
    return [event.type for event in timeline.events]


def test_an_incident_is_told_from_beginning_to_end(running):
    client = running.client
    client.note("GitHub's status page is red")
    running.report(good=3, name="acme/repo-2")
    running.report(bad=7, message="rate limit of user 17")
    claims = client.claim_alerts(["trip"], 900, [], [], {"a": "json"})
    client.confirm_alerts(claims.operation, [due.event for due in claims.alerts], "a")
    client.set_rollout(5, "fixed")
    timeline = client.timeline("1h")
    story = [(event.type, event.change.command if event.change else event.alert) for event in timeline.events]
    trip = next(event for event in timeline.events if event.type == "trip")
    assert story[-5:] == [
        ("note", "note"),
        ("error", None),
        ("trip", "record_rollout_job"),
        ("alert", f"trip {trip.change.id}"),
        ("change", "setRollout"),
    ]
    assert [event.at for event in timeline.events] == sorted(event.at for event in timeline.events)
    assert trip.change.evidence["main_errors"][0]["kind"] == "rate limit of user <n>"
    assert (timeline.percentage_before, timeline.rollout_percentage, timeline.left_out) == (0, 5, 0)
    assert [(error.kind, error.treatment) for error in timeline.errors] == [("rate limit of user <n>", 7)]
    assert sum(point.jobs for point in timeline.trend.points) == 10
    assert sum(point.errors for point in timeline.trend.points) == 7


def test_r18_jobs_that_leaked_after_a_stop_are_told(running):
    running.client.emergency_stop("off")
    running.report(good=3)
    timeline = running.client.timeline("1h")
    assert [event.leaks for event in timeline.events if event.type == "leak"] == [3]
    assert timeline.emergency_stop


def test_a_change_of_the_browser_console_is_told_once(running):
    running.sql("update rollout_configuration set rollout_percentage = 20")
    running.sql(
        "insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, reason,"
        " triggered_by) select id, 'updated', 50, 20, 'from the browser', 'console' from rollout_configuration"
    )
    told = [e.change.reason for e in running.client.timeline("1h").events if e.change and e.change.new_percentage == 20]
    assert told == ["from the browser"]


def test_only_what_happened_since_is_told(running):
    running.client.note("before")
    since = datetime.now(UTC)
    running.client.note("after")
    told = [event.change.reason for event in running.client.timeline(since.isoformat()).events if event.change]
    assert told == ["after"]
    assert "before" in [e.change.reason for e in running.client.timeline("30m").events if e.change]


@pytest.mark.parametrize("since", ["2x", "", "tomorrow", "-1h", "2026-06-31", "1h; drop table x", "2999-01-01"])
def test_a_since_that_cannot_be_read_or_lies_ahead_is_one_line(running, since):
    with pytest.raises(RolloutError, match=r'since is a time that has passed.*type rollout.timeline\("2h"\)'):
        running.client.timeline(since)


@pytest.mark.parametrize("since", [2, None, timedelta(hours=2)])
def test_a_since_that_is_no_text_is_one_line(running, since):
    with pytest.raises(BadArgument, match="since is text"):
        running.client.timeline(since)


@pytest.mark.parametrize("since", ["1s", "45m", "3d", "99999d", "2020-01-31", "2026-01-31T12:00Z"])
def test_any_span_has_a_chart(running, since):
    points = running.client.timeline(since).trend.points
    assert 2 <= len(points) <= 48


@pytest.mark.large
@pytest.mark.parametrize("kind", ["embedded"], indirect=True)
def test_hundreds_of_events_are_bounded_and_it_says_what_is_left_out(running):
    running.sql("select rollout_note('note ' || n) from generate_series(1, 600) n")
    timeline = running.client.timeline("1h")
    assert len(timeline.events) == 300
    assert timeline.events[-1].change.reason == "note 600"
    assert timeline.left_out >= 300
    assert "earlier events are left out" in render(timeline, Screen())
    assert "earlier events are left out" in postmortem(timeline)
    whole = running.client.timeline("1h", limit=1000)
    assert (whole.left_out, len(whole.events)) == (0, len(timeline.events) + timeline.left_out)


def test_r12_text_of_others_is_no_markup_in_a_post_mortem(running):
    running.client.note(HOSTILE)
    running.report(bad=12, message=HOSTILE, name="acme/repo-3")
    running.sql("insert into rollout.deliveries (feature_name, receiver, event, happened_at, sent_at)"
                " values (%s, 'a', %s, now(), now())",
                running.client.feature, HOSTILE)  # fmt: skip
    timeline = running.client.timeline("1h")
    for shown in (render(timeline, Screen()), postmortem(timeline)):
        assert "\x1b" not in shown
    markdown = postmortem(timeline)
    assert "<script" not in markdown
    assert "](javascript" not in markdown
    assert "https://" not in markdown
    assert "@all" not in markdown
    table = [line for line in markdown.splitlines() if line.startswith("| ") and "alert" in line]
    assert table
    assert all(line.replace("\\|", "").count("|") == 5 for line in table if "evil" in line and "note" in line)


@pytest.mark.parametrize("microseconds", [7, 29])
def test_a_trend_begins_at_its_beginning_and_loses_no_slot_whatever_its_steps_are_rounded_to(running, microseconds):
    running.report(good=4)
    first, began = running.sql(
        "select rollout.trend(c, s.slot_start, s.slot_start + interval '6 minutes' + %s * interval '1 microsecond', 48)"
        " -> 'points' -> 0, s.slot_start from rollout_configuration c join rollout.counts s on s.rollout_config_id = c.id",
        microseconds,
    )[0]
    assert (datetime.fromisoformat(first["at"]), first["jobs"]) == (began, 4)


def test_the_post_mortem_at_the_prompt_is_the_timeline_as_markdown(running):
    timeline = running.client.timeline("1h")
    assert isinstance(timeline, results.Timeline)
    markdown = postmortem(timeline)
    assert markdown.startswith(f"# Incident: {timeline.feature_name.replace('_', chr(92) + '_')}, ")
    for heading in ("Summary", "Timeline", "Errors", "Error rate in the rollout", "Cause"):
        assert f"\n## {heading}\n" in markdown
