"""R7, R9, R10: what others wrote is read as data, in one place."""

from __future__ import annotations

import re

import pytest

from rollout_console.data_files import data_file
from rollout_console.errors import SchemaMismatch

# A cast of what stands in somebody else's JSON: (entry.metadata ->> 'key')::boolean.
CAST = re.compile(r"metadata\b[^;\n]*->>? *'\w+'\)*::|metadata *#>> *'[^']*'\)*::")


def test_r10_nothing_casts_a_value_of_the_metadata_where_it_stands():
    rules = data_file("migrations") / "rules"
    found = [
        f"{path.name}: {line.strip()}"
        for path in rules.rglob("*.sql")
        for line in path.read_text(encoding="utf-8").splitlines()
        if CAST.search(line)
    ]
    assert [line for line in found if not line.startswith("follow.sql")] == []  # whose kind is asked on the line before
    assert CAST.search("where (h.metadata ->> 'outside_console')::boolean")


def insert_history(running, metadata):
    running.sql(
        "insert into rollout_history (rollout_config_id, action, previous_percentage, new_percentage, metadata)"
        " select id, 'updated', 50, 25, %s::jsonb from rollout_configuration",
        metadata,
    )


@pytest.mark.parametrize("metadata", [
    '{"before": 10, "after": 25}', '{"before": {}, "outside_console": "maybe"}', '{"evidence": ["a"]}',
    '{"before": {}, "after": {}, "ended_sessions": 2}', '{"outside_console": "legacy", "operator": {"id": 5}}',
    '{"before": {"emergency_stop": "no"}, "after": {}, "details": {}, "restarted_at": "soon", "overwritten": "yes"}',
])  # fmt: skip
def test_r10_a_row_of_history_in_the_hosts_own_words_blinds_nothing(running, metadata):
    before = running.client.status().last_change
    insert_history(running, metadata)
    shown = running.client.history().entries[0]
    assert (shown.previous_percentage, shown.new_percentage) == (50, 25)
    running.client.timeline("1h")
    running.client.overview()
    if '"details"' not in metadata:  # not one of ours, whatever it is called
        assert (shown.before, shown.after, shown.evidence) == (None, None, None)
        assert running.client.status().last_change == before
    assert running.client.emergency_stop("errors").status.emergency_stop


def fail(running, jobs):
    running.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, error_count, total_jobs)"
        " select c.id, r.id, 'github_actions', %s, %s from rollout_configuration c,"
        " (select id from repositories limit 1) r",
        jobs, jobs,
    )  # fmt: skip


@pytest.mark.parametrize(("column", "value", "name", "default"), [
    ("max_error_rate", "'NaN'", "max_error_rate", 5), ("max_error_rate", "250", "max_error_rate", 5),
    ("minimum_sample", "2147483647", "minimum_sample", 10),
    ("monitoring_window_hours", "2147483647", "monitoring_window_hours", 24), ("keep_days", "-1", "keep_days", 90),
])  # fmt: skip
def test_r7_r8_a_setting_that_cannot_be_used_disarms_no_breaker_and_is_said(running, column, value, name, default):
    running.sql(f"update rollout_configuration set {column} = {value}")
    status = running.client.status()
    assert getattr(status, name) == default
    (warning,) = [w for w in status.warnings if w.name == "unusable_setting"]
    assert warning.message.startswith(f"{name} is ")
    assert f"the default, {default}," in warning.message
    fail(running, 60)
    assert running.client.status().rollout_percentage == 0, "rolled back"
    assert running.client.status().warnings == [], "and written as it was judged"


def test_r7_the_command_in_the_warning_mends_it(running):
    running.sql("update rollout_configuration set max_error_rate = 'NaN'")
    assert running.client.status().warnings[0].command == "rollout.configure(max_error_rate=5)"
    assert running.client.configure(max_error_rate=5).changed
    assert running.client.status().warnings == []
    assert running.value("select max_error_rate from rollout_configuration") == 5


@pytest.mark.parametrize("moment", ["infinity", "-infinity", "2999-01-01"])
def test_r8_a_restart_at_no_moment_disarms_no_breaker(running, moment):
    running.sql(
        "update rollout_configuration set restarted_at = %s, percentage_since = %s, narrowed_at = %s", *[moment] * 3
    )
    assert running.client.status().restarted_at is None
    fail(running, 60)
    assert running.client.status().rollout_percentage == 0


def test_r9_lists_are_compared_as_they_are_shown(running):
    repo = running.repository_id("acme/repo-1")
    running.client.set_rollout(100)
    running.sql(
        "update rollout_configuration set excluded_repositories = array[null, upper(%s)],"
        " target_repositories = array['x', null, upper(%s)]", repo, running.repository_id("acme/repo-2"),
    )  # fmt: skip
    assert not running.is_eligible("acme/repo-1")
    running.client.rollback_to_zero()
    assert running.is_eligible("acme/repo-2")
    status = running.client.status()
    assert status.excluded_repositories == [repo]
    assert status.target_repositories == ["x", running.repository_id("acme/repo-2")]
    running.client.remove_from_blacklist("acme/repo-1")
    assert running.client.status().blacklist_size == 0


def test_r7_a_report_that_is_no_number_takes_no_screen(running):
    running.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, total_jobs,"
        " average_processing_time, last_error_at, last_error_message)"
        " select c.id, r.id, 'inngest', 1, 1, 'NaN', 'infinity', 'boom' from rollout_configuration c,"
        " (select id from repositories limit 1) r"
    )
    overview = running.client.overview()
    assert {p.processor: p.average_seconds for p in overview.metrics.processors} == {"inngest": None}
    assert running.client.stats().total_jobs == 1


def test_r16_a_job_at_no_moment_is_a_job_all_the_same(running):
    running.sql(
        "insert into progressive_capture_jobs (job_type, processor_type, status, created_at, started_at, completed_at)"
        " values ('c', 'github_actions', 'processing', now(), '-infinity', null),"
        " ('c', 'github_actions', 'pending', 'infinity', null, null),"
        " ('c', 'github_actions', 'completed', now(), '-infinity', 'infinity')"
    )
    running.client.overview()
    (group,) = running.client.jobs().groups
    assert (group.running, group.queued, group.completed) == (1, 1, 1)


HOST_JOBS = """
    create or replace function rollout_host_jobs(on_processor text, in_status text, since timestamptz, max_rows integer)
    returns table (id text, repository_id uuid, processor text, status text, treated boolean, error text,
        created_at timestamptz, started_at timestamptz, completed_at timestamptz, job_type text)
    language plpgsql stable as $$ begin
        return query select (1/0)::text, null::uuid, '', '', true, '', now(), now(), now(), '';
    end $$
"""


def test_r16_jobs_that_cannot_be_read_are_one_line_in_their_place(running):
    (theirs,) = running.sql(
        "select pg_get_functiondef('rollout_host_jobs(text, text, timestamptz, integer)'::regprocedure)"
    )[0]
    try:
        running.sql(HOST_JOBS)
        running.client.configure(act_on_warnings=True)
        overview = running.client.overview()
        (warning,) = overview.status.warnings
        assert (warning.message, warning.command) == ("jobs: can't be read: division by zero", "rollout.jobs()")
        assert [gate.open for gate in overview.plan.gates if gate.name == "unreadable"] == [False], "no reason to go on"
        assert running.client.check_health().action == "none", "nor one to roll back"
        assert running.client.emergency_stop("errors").status.emergency_stop
    finally:
        running.sql(theirs)


@pytest.mark.parametrize("form", [{"id": 5}, [], {"changed": True, "status": "stopped"}], ids=str)
def test_r10_a_change_whose_answer_cannot_be_shown_was_made(running, monkeypatch, form):
    call = running.client.adapter.call
    monkeypatch.setattr(running.client.adapter, "call", lambda *a, **b: {**call(*a, **b), "status": form, "moves": "x"})
    with pytest.raises(SchemaMismatch, match=r"^made; its answer can't be shown .*type rollout.status\(\)"):
        running.client.set_rollout(20)
    monkeypatch.undo()
    assert running.client.status().rollout_percentage == 20


MOMENTS = (
    "restarted_at",
    "narrowed_at",
    "percentage_since",
    "emergency_stopped_at",
    "held_at",
    "created_at",
    "updated_at",
)


@pytest.mark.asked
@pytest.mark.parametrize("column", MOMENTS)
@pytest.mark.parametrize("moment", ["-infinity", "infinity", "0001-01-01 12:00+00", "9999-12-31 12:00+00"])
def test_r7_a_moment_that_is_none_is_not_shown(running, column, moment):
    with running.transaction() as session:
        session.execute("set session_replication_role = replica")
        session.execute(f"update rollout_configuration set {column} = %s", [moment])
    assert getattr(running.client.status(), column) is None


@pytest.mark.asked
@pytest.mark.parametrize(
    ("column", "judged_by"),
    [
        ("max_error_rate", {-1: 5, 0: 0, 100: 100, 101: 5}),
        ("minimum_sample", {1: 1, 1_000_000: 1_000_000, 1_000_001: 10}),
        ("monitoring_window_hours", {1: 1, 8_760: 8_760, 8_761: 24}),
        ("stuck_after_minutes", {0: 60, 1: 1, 10_080: 10_080, 10_081: 60}),
        ("keep_days", {0: 90, 1: 1, 36_500: 36_500, 36_501: 90}),
        ("most_jobs_of_a_row", {0: 1_000_000, 1: 1, 2_147_483_647: 2_147_483_647}),
        ("minimum_repositories", {0: 1, 1: 1, 100_000: 100_000, 100_001: 1}),
    ],
)
def test_r7_what_no_rollout_can_be_judged_by_is_the_default(running, column, judged_by):
    for written, expected in judged_by.items():
        running.sql(f"update rollout_configuration set {column} = %s", written)
        assert next(s.value for s in running.client.settings().settings if s.name == column) == expected
        warnings = running.client.status().warnings
        assert any(w.name == "unusable_setting" for w in warnings) == (written != expected)


@pytest.mark.asked
def test_r7_no_setting_with_a_range_is_judged_by_outside_of_it(running):
    ranged = "select name, low from rollout.settings() where low is not null and unit not like 'per %'"
    for name, low in running.sql(ranged):
        running.sql(f"update rollout_configuration set {name} = %s", low - 1)
        assert running.value(f"select (rollout.active(%s)).{name}", running.client.feature) >= low, name
