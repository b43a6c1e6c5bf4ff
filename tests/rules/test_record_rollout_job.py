"""What record_rollout_job accepts and keeps."""

from __future__ import annotations

import psycopg
import pytest

pytestmark = pytest.mark.asked


@pytest.mark.parametrize("processor", ["lambda", "", None])
def test_record_rollout_job_refuses_an_unknown_processor(running, processor):
    with pytest.raises(psycopg.Error, match="inngest or github_actions") as refused:
        running.sql("select record_rollout_job(%s, %s, true)", running.repository_id("acme/repo-1"), processor)
    assert refused.value.sqlstate == "RC001"


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
