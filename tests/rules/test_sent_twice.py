"""R10: a change whose answer was lost is sent again, is made once, and is answered as the first time."""

from __future__ import annotations

import uuid
from typing import Any

from rollout_console.adapters import Adapter
from rollout_console.adapters.wrapper import Wrapper
from rollout_console.client import RolloutClient
from rollout_console.results import CategorizationRun
from tests.support.changes import CHANGES, Change

MONITOR = uuid.UUID("6e2a3bd1-5a58-4be9-94a3-0a5a51a1e6f1")


def categorize_some(client: RolloutClient) -> None:
    client._call("rollout_categorize_batch", CategorizationRun, batch_size=2, run_id=None, context=client._context())


# What programs change beside the commands of the console, on a rollout that nobody has begun yet.
PROGRAMS = {
    "catch_up": Change(lambda c, _: None, lambda c: c.catch_up(2)),
    "categorize_all": Change(lambda c, _: None, categorize_some),
    "begin": Change(lambda c, _: c.categorize_all(), lambda c: c.begin(10)),
    "seed_whitelist": Change(lambda c, _: None, lambda c: c.seed_whitelist()),
    "create": Change(lambda c, _: None, lambda c: RolloutClient(c.adapter, "another_feature", who=c.who).create()),
    "monitor_beat": Change(lambda c, _: None, lambda c: c.monitor_beat(MONITOR, 60)),
    "claim_alerts": Change(
        lambda c, _: None, lambda c: c.claim_alerts(["breach", "stop"], 60, ["breach"], [], {"a": "json"})
    ),
    "auto_advance": Change(
        lambda c, _: (c.set_rollout(100), c.configure(auto_advance=True)), lambda c: c.auto_advance()
    ),
}
HALTING: dict[str, tuple[str, dict[str, Any]]] = {
    "emergencyStop": ("rollout_emergency_stop", {"reason": "again"}),
    "rollbackToZero": ("rollout_rollback", {"percentage": 0, "reason": None}),
}
WITHOUT_A_ROW = {"categorize_all", "monitor_beat", "claim_alerts"}  # no change of a rollout, or not at its end yet
FOR_THE_OWNER = {"rollout.decide_by"}  # over a connection that retries nothing


class Last(Wrapper):
    """Keeps what was sent last, and its answer."""

    def __init__(self, adapter: Adapter) -> None:
        super().__init__(adapter)
        self.function = ""
        self.sent: dict[str, Any] = {}
        self.answer: Any = None

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        self.function, self.sent = function, {"changes": changes, "idempotent": idempotent, **parameters}
        self.answer = super().call(function, changes=changes, idempotent=idempotent, **parameters)
        return self.answer


def test_r10_sent_twice_it_is_made_once_and_answered_alike(rollout):
    rollout.add_repositories(20)
    last = Last(rollout.client.adapter)
    client = RolloutClient(last, rollout.client.feature, who=rollout.client.who)
    tried = set()
    for name, change in (PROGRAMS | CHANGES).items():
        change.prepare(rollout.client, rollout.sql)
        rows = rollout.history_rows()
        client.seen = None  # it looks before it raises (R20)
        if name in HALTING:  # what goes by the ladder (R18), by its function
            function, arguments = HALTING[name]
            context = {"operation_id": str(uuid.uuid4()), **client.who}
            last.call(function, idempotent=True, feature_name=client.feature, context=context, **arguments)
        else:
            change.act(client)
        made = rollout.history_rows() - rows
        assert made == (name not in WITHOUT_A_ROW), name
        answer, again = last.answer, last.adapter.call(last.function, **last.sent)
        for each in (answer, again):
            each.pop("repeated", None)
            each.pop("previous_percentage", None)  # of a halt: as it is found
        assert without_moments(again) == without_moments(answer), name
        assert rollout.history_rows() == rows + made, name
        tried.add(last.function)
    taking_one = rollout.sql(
        "select p.oid::regproc::text from pg_proc p where p.prokind = 'f'"
        " and p.provolatile = 'v' and 'context' = any (p.proargnames)"
        " and (p.pronamespace = 'rollout'::regnamespace or p.proname like 'rollout\\_%%')"
        " and p.pronargdefaults > 0 and p.proname not in ('lock', 'refuse_to_expose')"
    )
    assert {name for (name,) in taking_one} - FOR_THE_OWNER == tried, "every function with an operation id is tried"


def without_moments(answer):
    """Leave out what is read from the clock at each call."""
    if isinstance(answer, dict):
        return {
            key: without_moments(value) for key, value in answer.items() if key not in ("server_time", "window_start")
        }
    return [without_moments(item) for item in answer] if isinstance(answer, list) else answer
