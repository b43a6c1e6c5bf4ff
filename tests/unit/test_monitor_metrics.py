"""The monitor's metrics without a server: where they listen, how they are named, and what is said without the extra."""

from __future__ import annotations

import re
import sys
from types import SimpleNamespace
from typing import get_type_hints

import pytest
from msgspec.structs import replace

from rollout_console.errors import BadArgument, NotConfigured
from rollout_console.monitor.fan_out import fan_out
from rollout_console.monitor.loop import CHANGES, Log, Monitor
from rollout_console.monitor.metrics import METRICS, MetricsLog, address
from rollout_console.render.history import change_author
from rollout_console.results import HealthCheck, HistoryEntry
from tests.support import ROOT
from tests.support.samples import NOW, sample


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("9464", ("127.0.0.1", 9464)),
        (" 0.0.0.0:9464 ", ("0.0.0.0", 9464)),
        ("[::1]:1", ("::1", 1)),
        ("metrics.local:80", ("metrics.local", 80)),
    ],
)
def test_metrics_listen_at_the_loopback_interface_unless_told_otherwise(text, where):
    assert address(text) == where


@pytest.mark.parametrize("text", ["", "x", "65536", "999999", "a b:1", "[::1]", "http://x:1", "-1"])
def test_r13_what_is_no_address_is_one_line(text):
    with pytest.raises(BadArgument, match="type: rollout-console monitor --metrics 9464"):
        address(text)


def test_r13_without_the_extra_it_says_what_to_type(monkeypatch):
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    client: object = None
    with pytest.raises(NotConfigured, match=r"pip install 'rollout-console\[metrics\]'"):
        MetricsLog(client, "127.0.0.1", 0)  # type: ignore[arg-type]


def test_names_follow_the_conventions_of_prometheus_and_each_is_documented():
    page = (ROOT / "docs" / "monitor.md").read_text(encoding="utf-8")
    for name, (kind, _, _) in METRICS.items():
        assert re.fullmatch(r"[a-z][a-z_]*[a-z]", name)
        assert not name.endswith("_total"), "the library adds it"
        assert f"`rollout_{name}{'_total' if kind == 'counter' else ''}`" in page, name
    assert METRICS["breach"][1] in page
    rules = re.search(r"```yaml\n(groups:.*?)```", page, re.DOTALL)
    assert rules
    used = set(re.findall(r"\brollout_(\w+?)(?:_total)?\b", rules[1]))
    assert len(used) > 5
    assert used <= set(METRICS)


@pytest.fixture
def metrics():
    client = SimpleNamespace(feature="f", jobs=lambda limit: SimpleNamespace(groups=[]))
    return MetricsLog(client, "127.0.0.1", 0)  # type: ignore[arg-type]


def value(metrics: MetricsLog, name: str) -> float:
    """What a metric stands at."""
    samples = metrics._metrics[name].collect()[0].samples
    return float(next(s.value for s in samples if not s.name.endswith("_created")))


def test_a_rollback_by_the_applications_own_check_is_no_trip_of_the_breaker(metrics):
    breaker = sample(HistoryEntry, triggered_by="auto_rollback", outside_console=False)
    others = [replace(breaker, outside_console=True), replace(breaker, before=None), sample(HistoryEntry)]
    metrics.checked(sample(HealthCheck), [breaker, *others], [])
    assert (value(metrics, "trips"), value(metrics, "changes")) == (1, 4)
    assert [change_author(entry) for entry in [breaker, *others[:2]]] == [
        "auto-rollback",
        "the application's own check",
        "the application's own check",
    ]


@pytest.mark.parametrize(("rolls_back", "leads_to"), [(True, "rollback"), (True, "nothing"), (False, "nothing")])
def test_a_breach_is_one_whether_a_check_may_roll_back_or_not(metrics, rolls_back, leads_to):
    """RolloutUnprotected of docs/monitor.md asks for both: it is what nobody rolls back that has to be heard of."""
    check = sample(HealthCheck, check_rolls_back=rolls_back, check_leads_to=leads_to, auto_rollback_enabled=False)
    metrics.checked(check, [], [])
    assert (value(metrics, "breach"), value(metrics, "auto_rollback_enabled")) == (rolls_back, False)


def test_a_monitor_tells_each_change_once_and_keeps_no_more_than_it_reads():
    rows: list[HistoryEntry] = []  # oldest first
    client = SimpleNamespace(history=lambda limit: SimpleNamespace(entries=rows[-limit:][::-1]))
    monitor = Monitor(client, 900, log=None, alerts=None)  # type: ignore[arg-type]
    check, told = sample(HealthCheck, server_time=NOW), []
    for _ in range(20):
        rows += [sample(HistoryEntry, id=f"{len(rows) + number}") for number in range(50)]
        told += [entry.id for entry in monitor._changes(check)]
        assert monitor.told is not None
        assert len(monitor.told) <= CHANGES
    assert told == [row.id for row in rows]


def test_every_log_gets_every_event_in_order():
    heard = []

    class Ear:
        def __init__(self, name):
            self.name = name

        def ended(self):
            heard.append(self.name)

    fan_out(Ear("first"), Ear("second")).ended()  # type: ignore[arg-type]
    assert heard == ["first", "second"]


def test_the_metrics_have_a_method_for_every_event():
    events = [name for name, member in vars(Log).items() if callable(member) and not name.startswith("_")]
    assert {"checked", "failed", "alerted"} <= set(events)
    for name in events:
        assert get_type_hints(getattr(MetricsLog, name)) == get_type_hints(getattr(Log, name)), name
