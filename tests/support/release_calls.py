"""What the programs of this release call, and as what they read the answers: for later versions to answer them, too."""

from __future__ import annotations

import gzip
import json
import uuid
from typing import Any

import msgspec

from rollout_console.adapters.base import Way
from rollout_console.client import RolloutClient
from tests.support.changes import CHANGES, REPORTS
from tests.support.rollouts import OPERATOR, RolloutUnderTest


class Noting(Way):
    """Passes calls on, and keeps the names of their parameters."""

    def __init__(self, adapter: Way) -> None:
        self.adapter, self.target = adapter, adapter.target
        self.calls: dict[str, list[str]] = {}

    def call(self, function: str, **parameters: Any) -> Any:
        self._note(function, parameters)
        return self.adapter.call(function, **parameters)

    def call_within(self, seconds: float, function: str, **parameters: Any) -> Any:
        self._note(function, parameters)
        return self.adapter.call_within(seconds, function, **parameters)

    def write_row(self, seconds: float, feature: str, values: Any) -> dict[str, Any] | None:
        return self.adapter.write_row(seconds, feature, values)

    def read_row(self, seconds: float, feature: str) -> dict[str, Any] | None:
        return self.adapter.read_row(seconds, feature)

    def _note(self, function: str, parameters: dict[str, Any]) -> None:
        known = self.calls.setdefault(function, [])
        known += [name for name in parameters if name not in (*known, "changes", "idempotent")]


class NotingClient(RolloutClient):
    """Keeps as what each answer is read."""

    kinds: dict[str, type[Any]]

    def _typed(self, function: str, kind: type[Any], answer: object) -> Any:
        self.kinds[function] = kind
        return super()._typed(function, kind, answer)


def noted(rollout: RolloutUnderTest) -> dict[str, Any]:
    """Do what consoles, monitors, set-up and verify do, and return each call: its parameters, its answer's schema."""
    (way,) = rollout.client.adapter.ways("rollout_emergency_stop", {})
    adapter = Noting(way)
    client = NotingClient(adapter, who=OPERATOR)
    client.kinds = {}
    client.setup_plan()
    client.create()
    client.begin(10)
    client.seed_whitelist()
    for change in CHANGES.values():
        change.prepare(client, rollout.sql)
        change.act(client)
    for report in REPORTS.values():
        report(client)
    client.plan()
    client.settings()
    client.overview()
    client.find_repositories("acme")
    client.eligible_repositories([])
    monitor = uuid.uuid4()
    client.monitor_beat(monitor, 60)
    client.catch_up()
    client.auto_advance()
    client.claim_alerts(["stop", "trip"], 60, [], [], {"pager": "https://pager.example"})
    client.confirm_alerts(str(monitor), [], "pager")
    client.remove_old()
    client.verify()
    references, definitions = msgspec.json.schema_components(client.kinds.values(), ref_template="#/$defs/{name}")
    answers = {
        function: reference["$ref"].rpartition("/")[2]
        for function, reference in zip(client.kinds, references, strict=True)
    }
    return {
        "calls": {
            function: {"parameters": parameters, "answer": answers.get(function)}
            for function, parameters in sorted(adapter.calls.items())
        },
        "$defs": definitions,
    }


def packed(rollout: RolloutUnderTest) -> bytes:
    """Return what is called as a file has it, without the texts about it."""
    return gzip.compress(json.dumps(_without_texts(noted(rollout)), indent=1, sort_keys=True).encode(), mtime=0)


def _without_texts(schema: Any) -> Any:
    if isinstance(schema, dict):
        texts = {key for key in ("description", "title") if isinstance(schema.get(key), str)}
        return {key: _without_texts(value) for key, value in schema.items() if key not in texts}
    return [_without_texts(each) for each in schema] if isinstance(schema, list) else schema
