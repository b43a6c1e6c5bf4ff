"""R10: a change whose answer was lost is sent again, is made once, and is answered as the first time."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from psycopg.types.json import Jsonb

FAILURES = (
    "select record_rollout_job((select min(id::text)::uuid from repositories), 'inngest', false, treated => true)"
    " from generate_series(1, 20)"
)
RUNNING = "select rollout_set_percentage(50)"
CATEGORIZED = "select rollout_categorize_batch()"

# For every function that takes a context: how to get where it has something to do, and its arguments.
SENT: dict[str, tuple[list[str], dict[str, Any]]] = {
    "rollout_set_percentage": ([], {"percentage": 20}),
    "rollout_rollback": ([RUNNING], {"percentage": 5}),
    "rollout_emergency_stop": ([RUNNING], {"reason": "errors"}),
    "rollout_resume": (["select rollout_emergency_stop()"], {"percentage": 5}),
    "rollout_set_auto_rollback": ([], {"enabled": False}),
    "rollout_check_health": (
        [
            RUNNING,
            "select rollout_set_auto_rollback(false)",
            FAILURES,
            "update rollout_configuration set auto_rollback_enabled = true",
        ],
        {},
    ),
    "rollout_add_to_whitelist": ([], {"repositories": ["acme/repo-1"]}),
    "rollout_remove_from_whitelist": (
        ["select rollout_add_to_whitelist('{acme/repo-1}')"],
        {"repositories": ["acme/repo-1"]},
    ),
    "rollout_add_to_blacklist": ([], {"repositories": ["acme/repo-1"]}),
    "rollout_remove_from_blacklist": (
        ["select rollout_add_to_blacklist('{acme/repo-1}')"],
        {"repositories": ["acme/repo-1"]},
    ),
    "rollout_undo": (["""select rollout_set_percentage(50, context => '{"operator": "alice"}')"""], {}),
    "rollout_configure": ([], {"settings": {"max_error_rate": 4}}),
    "rollout_set_plan": ([], {"percentages": [5, 50], "hours": [24]}),
    "rollout_advance": ([], {}),
    "rollout_auto_advance": (
        [
            "select rollout_set_percentage(100)",
            """select rollout_configure('{"auto_advance": true}')""",
        ],
        {},
    ),
    "rollout_hold": ([], {"reason": "looking"}),
    "rollout_release": (["select rollout_hold('looking')"], {}),
    "rollout_note": ([], {"reason": "the status page is red"}),
    "rollout_mark_as_test": ([], {"repositories": ["acme/repo-1"]}),
    "rollout_unmark_as_test": (["select rollout_mark_as_test('{acme/repo-1}')"], {"repositories": ["acme/repo-1"]}),
    "rollout_categorize_batch": ([], {"batch_size": 2}),
    "rollout_catch_up": ([], {"batch_size": 2}),
    "rollout_create": ([], {"feature_name": "another_feature"}),
    "rollout_begin": ([CATEGORIZED], {"percentage": 10}),
    "rollout_seed_whitelist": ([CATEGORIZED], {"max_rows": 2}),
    "rollout_monitor_beat": ([], {"monitor_id": "6e2a3bd1-5a58-4be9-94a3-0a5a51a1e6f1", "every_seconds": 60}),
    "rollout_claim_alerts": ([], {"kinds": ["breach", "stop"], "raised": ["breach"]}),
}
NO_CHANGE_OF_A_ROLLOUT = {"rollout_monitor_beat", "rollout_claim_alerts"}
FOR_THE_OWNER = {"rollout_decide_by"}  # over a connection that retries nothing
ROW_AT_THE_END_OF_A_RUN = {"rollout_categorize_batch"}


def test_r10_every_function_with_an_operation_id_is_tried_below(rollout):
    taking_one = rollout.sql(
        "select p.proname from pg_proc p where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'"
        " and p.provolatile = 'v' and 'context' = any (p.proargnames) and p.proname like 'rollout\\_%%'"
        " and p.pronargdefaults > 0 and p.proname <> 'rollout_lock'"
    )
    assert {name for (name,) in taking_one} - FOR_THE_OWNER == set(SENT)


@pytest.mark.parametrize("function", SENT)
def test_r10_sent_twice_it_is_made_once_and_answered_alike(rollout, function):
    prepare, arguments = SENT[function]
    rollout.add_repositories(5)
    for statement in prepare:
        rollout.sql(statement)
    rows = rollout.history_rows()
    context = {"operation_id": str(uuid.uuid4()), "operator": "alice"}

    def send():
        named = ", ".join(f"{name} => %s" for name in arguments)
        answer = rollout.value(
            f"select {function}({named}{', ' if named else ''}context => %s)",
            *(Jsonb(value) if isinstance(value, dict) else value for value in arguments.values()),
            Jsonb(context),
        )
        return without_moments(answer)

    first = send()
    made = rollout.history_rows() - rows
    assert made == (0 if function in NO_CHANGE_OF_A_ROLLOUT | ROW_AT_THE_END_OF_A_RUN else 1)
    assert send() == first
    assert rollout.history_rows() == rows + made


def without_moments(answer):
    """Leave out what is read from the clock at each call."""
    if isinstance(answer, dict):
        return {
            key: without_moments(value) for key, value in answer.items() if key not in ("server_time", "window_start")
        }
    return [without_moments(item) for item in answer] if isinstance(answer, list) else answer
