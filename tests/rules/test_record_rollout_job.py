"""What record_rollout_job accepts and keeps."""

from __future__ import annotations

import json
from decimal import Decimal

import psycopg
import pytest

pytestmark = pytest.mark.asked


@pytest.mark.parametrize("processor", ["lambda", "", None])
def test_record_rollout_job_refuses_an_unknown_processor(running, processor):
    with pytest.raises(psycopg.Error, match="inngest or github_actions") as refused:
        running.sql("select record_rollout_job(%s, %s, true)", running.repository_id("acme/repo-1"), processor)
    assert refused.value.sqlstate == "RC001"


@pytest.mark.parametrize("many", [False, True])
def test_r7_an_average_is_none_without_a_duration_and_as_long_as_its_column_can_hold(running, many):
    repo = running.repository_id("acme/repo-1")
    one, batch = f"record_rollout_job('{repo}', 'inngest', true, %s::numeric)", "record_rollout_jobs(%s)"
    average = "select average_processing_time from rollout_metrics"
    for seconds, kept in ((None, None), (1e8, Decimal("99999999.99")), (1e8, Decimal("99999999.99"))):
        job = {"repo_id": repo, "processor": "inngest", "success": True, "processing_seconds": seconds}
        running.sql(f"select {batch if many else one}", json.dumps([job]) if many else seconds)
        assert running.sql(average) == [(kept,)]
    running.sql("update rollout_metrics set processing_seconds = 4, timed_jobs = 2, average_processing_time = 2")
    running.sql(f"select {batch if many else one}", json.dumps([job | {"processing_seconds": 8}]) if many else 8)
    assert running.sql(average) == [(4,)]


def test_record_rollout_job_keeps_averages_and_the_last_error(running):
    repo = running.repository_id("acme/repo-1")
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 hour'")
    for seconds, message in ((10, None), (20, None), (None, "x" * 5000)):
        running.sql("select record_rollout_job(%s, 'inngest', %s, %s, %s)", repo, message is None, seconds, message)
    row = running.sql(
        "select success_count, error_count, total_jobs, average_processing_time, length(last_error_message)"
        " from rollout_metrics"
    )
    assert row == [(2, 1, 3, 15, 2000)]
    metrics = running.client.show_metrics()
    assert metrics.processors[0].average_seconds == 15
    assert metrics.last_errors[0].repository == "acme/repo-1"
