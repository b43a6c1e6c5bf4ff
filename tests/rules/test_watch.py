"""R8, R10 and R17: whether anybody watches, and what is said where something waits and nobody does."""

from __future__ import annotations

import uuid

import pytest

pytestmark = pytest.mark.asked

FEATURES = ("hybrid_progressive_capture", "another_feature")


def warned(rollout) -> dict[str, str]:
    return {w.name: w.message for w in rollout.client.status().warnings if w.name in ("nobody_watches", "alerts_fail")}


def beat(rollout, feature: str, ago: str) -> None:
    """A monitor that looks every 30 s was last seen so long ago."""
    rollout.sql(
        "insert into rollout.monitors (id, feature_name, every_seconds, seen_at)"
        " values (gen_random_uuid(), %s, 30, now() - %s::interval)",
        feature, ago,
    )  # fmt: skip


def check(rollout, feature: str, ago: str) -> None:
    rollout.sql("insert into rollout.health_checks values (%s, now() - %s::interval, 'ann')", feature, ago)


def receive(rollout, feature: str, receiver: str, failures: int, *, waiting: int, sent: int = 0) -> None:
    """A service that has failed so often in a row, with alerts for it."""
    rollout.sql(
        "insert into rollout.receivers (feature_name, receiver, shown_as, failures, failed_since)"
        " values (%s, %s, %s, %s, '2026-01-02T03:04Z')", feature, receiver, receiver, failures,
    )  # fmt: skip
    rollout.sql(
        "insert into rollout.deliveries (feature_name, receiver, event, happened_at, closed_at)"
        " select %s, %s, n::text, now(), case when n > %s then now() end from generate_series(1, %s) n",
        feature, receiver, waiting, waiting + sent,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("feature", "watches", "ago", "is_watched"),
    [
        (FEATURES[0], beat, "110 s", True),  # two beats of 30 s, and 60 s
        (FEATURES[0], beat, "121 s", False),
        (FEATURES[1], beat, "0 s", False),
        (FEATURES[0], check, "59 min", True),
        (FEATURES[0], check, "61 min", False),
        (FEATURES[1], check, "0 s", False),
    ],
)
def test_r17_a_ramp_that_waits_for_a_monitor_says_so_unless_one_runs_or_health_was_just_checked(
    running, feature, watches, ago, is_watched
):
    running.client.configure(auto_advance=True)
    said = "no monitor runs, and health was never checked; the ramp waits for one to go up by itself"
    assert warned(running) == {"nobody_watches": said}
    watches(running, feature, ago)
    assert ("nobody_watches" not in warned(running)) is is_watched
    running.client.configure(auto_advance=False)
    assert warned(running) == {}, "nothing waits"


@pytest.mark.parametrize(("percentage", "waits"), [(0, False), (1, True), (75, True), (100, False)])
def test_r17_a_ramp_waits_for_a_monitor_where_it_goes_up_by_itself(running, percentage, waits):
    running.client.configure(auto_advance=True)
    running.sql("update rollout_configuration set rollout_percentage = %s", percentage)
    assert ("nobody_watches" in warned(running)) is waits


def test_r17_a_ramp_waits_for_no_monitor_while_it_is_stopped_or_held_for_good(running):
    running.client.configure(auto_advance=True)
    for halt, goes_on in (("emergency_stop", "resume"), ("hold", "release")):
        getattr(running.client, halt)("looking")
        assert warned(running) == {}, halt
        assert running.client.auto_advance().outcome == "idle"
        getattr(running.client, goes_on)()
        assert "nobody_watches" in warned(running), goes_on
    running.client.hold("looking", until="2h")
    assert "nobody_watches" in warned(running), "it goes on by itself once that is over"


def test_r10_alerts_wait_for_a_monitor_where_a_service_takes_some(running):
    receive(running, FEATURES[1], "chat", 0, waiting=0)
    assert warned(running) == {}, "those of another feature"
    receive(running, FEATURES[0], "chat", 0, waiting=0)
    said = "no monitor runs, and health was never checked; alerts wait for one"
    assert warned(running) == {"nobody_watches": said}
    running.client.configure(auto_advance=True)
    said = "no monitor runs, and health was never checked; the ramp waits for one to go up by itself, and alerts wait for one"
    assert warned(running) == {"nobody_watches": said}


@pytest.mark.parametrize(
    ("feature", "failures", "waiting", "said"),
    [
        (FEATURES[0], 3, 1, "chat has taken no alert since 2026-01-02 03:04Z; 1 waits for it"),
        (FEATURES[0], 4, 2, "chat has taken no alert since 2026-01-02 03:04Z; 2 wait for it"),
        (FEATURES[0], 2, 1, None),
        (FEATURES[0], 3, 0, None),
        (FEATURES[1], 3, 1, None),
    ],
)
def test_r10_a_service_that_has_failed_three_times_and_has_alerts_waiting_is_told(
    running, feature, failures, waiting, said
):
    for other in FEATURES:
        beat(running, other, "0 s")
        receive(running, other, "pager", 0, waiting=5)
    receive(running, feature, "chat", failures, waiting=waiting, sent=7)
    assert warned(running) == ({"alerts_fail": said} if said else {})


@pytest.mark.parametrize(
    ("monitors", "is_told"),
    [
        ([["chat", "pager"]], True),
        ([["pager"]], False),
        ([[]], False),
        ([["pager"], ["chat"]], True),
        ([["pager"], None], True),  # of 0.1.0, which does not say
        ([], True),
    ],
)
def test_r10_a_service_that_no_monitor_that_runs_sends_alerts_to_is_no_warning(running, monitors, is_told):
    receive(running, FEATURES[0], "chat", 3, waiting=1)
    for receivers in monitors:
        running.client.monitor_beat(uuid.uuid4(), 30, receivers=receivers)
    assert ("alerts_fail" in warned(running)) is is_told
