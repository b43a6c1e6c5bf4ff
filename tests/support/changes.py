"""Every command that changes something, each from a state in which it does; and the chain that history must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from rollout_console.client import RolloutClient
from tests.support.rows import one_row

REPOSITORY = "acme/repo-1"


@dataclass(frozen=True)
class Change:
    """A command and how to get where it has something to do.

    Attributes:
        prepare: also gets SQL as `postgres`.
        act: the command.
        again: rows that it leaves when it is typed once more.
    """

    prepare: Callable[[RolloutClient, Callable[[str], Any]], Any]
    act: Callable[[RolloutClient], Any]
    again: int = 0


def breach(client: RolloutClient, sql: Callable[[str], Any]) -> None:
    client.set_rollout(0)
    client.set_rollout(50)
    client.disable_auto_rollback()
    sql("select record_rollout_job((select min(id::text)::uuid from repositories), 'inngest', false, treated => true)"
        " from generate_series(1, 20)")  # fmt: skip
    client.enable_auto_rollback()


CHANGES = {
    "setRollout": Change(lambda c, _: c.set_rollout(50), lambda c: c.set_rollout(20)),
    "emergencyStop": Change(lambda c, _: c.resume(), lambda c: c.emergency_stop("again")),
    "resume": Change(lambda c, _: c.emergency_stop("first"), lambda c: c.resume(5)),
    "rollbackToPercentage": Change(lambda c, _: c.set_rollout(50), lambda c: c.rollback_to_percentage(3)),
    "rollbackToZero": Change(lambda c, _: c.set_rollout(50), lambda c: c.rollback_to_zero()),
    "enableAutoRollback": Change(lambda c, _: c.disable_auto_rollback(), lambda c: c.enable_auto_rollback()),
    "disableAutoRollback": Change(lambda c, _: c.enable_auto_rollback(), lambda c: c.disable_auto_rollback()),
    "addToWhitelist": Change(lambda c, _: c.remove_from_whitelist(REPOSITORY), lambda c: c.add_to_whitelist(REPOSITORY)),
    "removeFromWhitelist": Change(lambda c, _: c.add_to_whitelist(REPOSITORY), lambda c: c.remove_from_whitelist(REPOSITORY)),
    "addToBlacklist": Change(lambda c, _: c.remove_from_blacklist(REPOSITORY), lambda c: c.add_to_blacklist(REPOSITORY)),
    "removeFromBlacklist": Change(lambda c, _: c.add_to_blacklist(REPOSITORY), lambda c: c.remove_from_blacklist(REPOSITORY)),
    "markAsTest": Change(lambda c, _: c.unmark_as_test(REPOSITORY), lambda c: c.mark_as_test(REPOSITORY)),
    "unmarkAsTest": Change(lambda c, _: c.mark_as_test(REPOSITORY), lambda c: c.unmark_as_test(REPOSITORY)),
    "categorizeAll": Change(
        lambda c, sql: sql("update repositories set stargazers_count = stargazers_count + 1"),
        lambda c: c.categorize_all(),
    ),
    "checkHealth": Change(breach, lambda c: c.check_health()),
    "configure": Change(
        lambda c, _: c.configure(max_error_rate=5), lambda c: c.configure(max_error_rate=4, guardrail="evidence")
    ),
    "advance": Change(lambda c, _: c.set_rollout(10), lambda c: c.advance("looked", force=True), again=1),
    "plan": Change(lambda c, _: c.set_plan([10, 25, 50, 75, 100]), lambda c: c.set_plan([20, 40, 100], hours=2)),
    "hold": Change(lambda c, _: c.release(), lambda c: c.hold("looking")),
    "release": Change(lambda c, _: c.hold("looking"), lambda c: c.release()),
    "undo": Change(lambda c, _: c.disable_auto_rollback(), lambda c: c.undo(), again=1),  # takes itself back
    "note": Change(lambda c, _: None, lambda c: c.note("the status page is red"), again=1),
}  # fmt: skip


REPORTS: dict[str, Callable[[RolloutClient], Any]] = {
    "status": lambda c: c.status(),
    "stats": lambda c: c.stats(),
    "categories": lambda c: c.categories(),
    "showMetrics": lambda c: c.show_metrics(),
    "showWhitelist": lambda c: c.show_whitelist(),
    "history": lambda c: c.history(),
    "preview": lambda c: c.preview(50),
    "explain": lambda c: c.explain(REPOSITORY),
    "phases": lambda c: c.phases(),
    "jobs": lambda c: c.jobs("stuck"),
    "guardrail": lambda c: c.guardrail("evidence"),
    "backtest": lambda c: c.backtest(days=1),
    "errors": lambda c: c.errors(),
    "timeline": lambda c: c.timeline("1h"),
    "plot": lambda c: c.error_trend(),
    "features": lambda c: c.features(),
    "monitorPhase4": lambda c: c.test_repositories(),
}
# help and clearCache ask nothing, watch asks until Ctrl-C, use asks for the status, and simulate is for the sample data
# alone.
OTHERS = {"help", "clearCache", "watch", "use", "simulate"}


def check_chain(url: str) -> list[tuple[str, str, str | None]]:
    """Hold history against itself and the state: each row's before is what the rows before it left.

    Returns:
        Id, trigger and command of each row, oldest first.
    """
    with psycopg.connect(url) as connection:
        connection.execute(
            "set transaction isolation level repeatable read"
        )  # what a dead client sent may still be at work
        rows = connection.execute(
            "select id::text, triggered_by, metadata ->> 'command', metadata -> 'before', metadata -> 'after'"
            " from rollout_history order by created_at"
        ).fetchall()
        config = one_row(connection.execute("select to_jsonb(c) from rollout_configuration c"))[0]
        pinned = connection.execute(
            "select r.full_name from repository_categories k join repositories r on r.id = k.repository_id"
            " where k.pinned_as_test"
        ).fetchall()
    state: dict[str, Any] = {}
    pins: dict[str, bool] = {}
    for _, _, command, before, after in rows:
        if any("/" in name for name in after):  # repositories, not columns
            for name in after:
                assert before[name]["pinned"] == pins.get(name, False)
                pins[name] = after[name]["pinned"]
        elif command != "categorizeAll":
            assert {key: state.get(key) for key in before} == before
            state |= after
    assert {key: config[key] for key in state} == state
    assert {name for (name,) in pinned} == {name for name, pin in pins.items() if pin}
    ids = [row[0] for row in rows]
    assert len(set(ids)) == len(ids)
    return [row[:3] for row in rows]
