"""What an operator is told of an adoption: notes, and the tables of `migrate` and `verify`."""

from __future__ import annotations

import io

import pytest

from rollout_console.access import adoption_notes
from rollout_console.migrate import apply
from rollout_console.render import Screen
from rollout_console.render.access import access_table
from rollout_console.results import AccessRight
from tests.migrations.answers import sql, visible
from tests.support.terminal import console_environment, run_command


def test_the_notes_name_what_an_operator_must_know(deployed):
    url = deployed("service-only policies")
    sql(url, "revoke insert on rollout_history from service_role")
    sql(url, "create policy rollout_public_read on rollout_metrics for select using (true)")  # by commit 14f76b8
    apply(url)
    answered, reopened, lacking = adoption_notes(url)
    assert "rollout-console migrate --dry-run" in answered
    assert "drop policy rollout_public_read on rollout_metrics;" in reopened
    assert "service_only_all" in reopened
    assert "grant insert on rollout_history to service_role;" in lacking
    assert visible(url)["anon", "rollout_metrics"] == (3,), "left as it was found"


def test_migrate_and_verify_show_rights_before_and_after_and_whose_decision_it_is(deployed, tmp_path):
    url = deployed("service-only policies")
    env = console_environment(tmp_path, ROLLOUT_DATABASE_URL=url)
    planned = run_command(env, "migrate", "--dry-run").stdout
    assert "no role's rights or decisions change" in planned
    assert sql(url, "select to_regclass('rollout.rules'), to_regproc('rollout.access')") == [(None, None)]
    applied = run_command(env, "migrate").stdout
    (metrics,) = [line.split("  ") for line in applied.splitlines() if line.startswith(" rollout_metrics ")]
    assert [cell.strip() for cell in metrics if cell.strip()] == [
        "rollout_metrics", "read by policy, write by policy", "read by policy, write by policy", "read, write"]  # fmt: skip
    assert "→" not in applied, "nobody's rights have changed"
    assert "rollout.job_counts (new)" in applied
    assert "still answered by the host's own function" in applied
    compared = run_command(env, "migrate", "--dry-run").stdout
    (anon,) = [line.split() for line in compared.splitlines() if line.startswith("-- anon ")]
    assert anon[-3:-1] == ["0", "0"]
    assert int(anon[-1]) > 0
    switched = run_command(env, "migrate", "--decision", "everyone").stdout
    assert "ours, for every role that may ask (everyone) from now on; before: host" in switched
    verified = run_command(env, "verify")
    assert (verified.returncode, verified.stderr) == (0, "")
    assert "rollout_metrics" in verified.stdout
    assert "ours, for every role that may ask (everyone)" in verified.stdout
    refused = run_command(env, "migrate", "--decision", "nobody")
    assert refused.returncode == 2


def test_rights_that_do_change_are_shown(screen_of_a_pipe):
    before = AccessRight(table_name="t", role="anon", read="yes", insert="no", update="no", delete="no")
    after = AccessRight(table_name="t", role="anon", read="no", insert="by policy", update="no", delete="no")
    assert "read → insert by policy" in access_table([before], [after], screen_of_a_pipe)


@pytest.fixture
def screen_of_a_pipe():
    return Screen.of(io.StringIO())
