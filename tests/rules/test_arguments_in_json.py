"""R10: arguments in JSON that arrive encoded twice, as some drivers send them and as rpc() with JSON.stringify() does."""

from __future__ import annotations

import json

import psycopg
import pytest
from psycopg.types.json import Jsonb

CONTEXT = {"operator": "ada", "operation_id": "7a1c1c52-0000-4000-8000-000000000001"}


def lower(rollout, context):
    (answer,) = rollout.sql("select rollout_set_percentage(40, reason => 'errors', context => %s)", Jsonb(context))[0]
    return answer


def test_r10_a_context_that_is_a_string_of_json_is_that_json(running):
    answer = lower(running, json.dumps(CONTEXT))
    assert (answer["command"], answer["changed"]) == ("setRollout", True)
    assert (answer["change"]["operator"], answer["change"]["id"]) == ("ada", CONTEXT["operation_id"])
    assert answer["change"]["reason"] == "errors"
    again = lower(running, json.dumps(CONTEXT))
    assert again["change"] == answer["change"], "sent twice, made once"


@pytest.mark.parametrize("context", ["ada", "[1]", '"{}"', 5, [], True], ids=str)
def test_r10_a_context_that_is_no_object_is_refused_before_anything_changes(running, context):
    rows = running.history_rows()
    with pytest.raises(psycopg.Error, match=r"context is a JSON object, not .*; nothing was changed") as raised:
        lower(running, context)
    assert raised.value.sqlstate == "RC001"
    assert running.history_rows() == rows
    assert running.client.status().rollout_percentage == 50


@pytest.mark.parametrize("context", [json.dumps(CONTEXT), "ada", 5, []], ids=str)
def test_r18_a_stop_is_made_whatever_the_context_is(running, context):
    (answer,) = running.sql("select rollout_emergency_stop('errors', context => %s)", Jsonb(context))[0]
    assert (answer["emergency_stop"], answer["changed"], answer["recorded"]) == (True, True, True)
    assert (answer["operation_id"] == CONTEXT["operation_id"]) == (context == json.dumps(CONTEXT))


def test_r7_jobs_and_settings_are_read_so_too(running):
    jobs = [{"repo_id": running.repository_id("acme/repo-1"), "processor": "inngest", "success": True}]
    (answer,) = running.sql("select record_rollout_jobs(%s)", Jsonb(json.dumps(jobs)))[0]
    assert answer == {"reported": 1, "counted": 1}
    running.sql("select rollout_configure(%s)", Jsonb(json.dumps({"max_error_rate": 7})))
    assert running.client.status().max_error_rate == 7
    with pytest.raises(psycopg.Error, match="jobs is a JSON array, not"):
        running.sql("select record_rollout_jobs(%s)", Jsonb("none"))
