"""Errors in kinds: counted with each report in its own transaction, by whoever writes it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from rollout_console.errors import BadArgument, RolloutError
from tests.support.application import Application
from tests.support.channels import SqlChannel
from tests.support.kinds import kinds

pytestmark = pytest.mark.asked

HOSTILE = [
    "", " ", "\n\t", "'" * 5000, '"' * 4999, "(" * 5000, "\\" * 5000, "a/" * 3000, "@" * 5000, "a1" * 3000, ":" * 5000,
    "\x01\x02\x1b[2J\x07", "\u202e\u200b\ufeff", "%s %% \\1 \\0", "<script>alert(1)</script>", "é" * 5000, "🚀" * 2000,
    "#403# http 404 http 4040", "https://" * 600, "$$; drop table rollout_history; --",
]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("rate limit of user 17 until 12:30:01", "rate limit of user 4 until 09:00:59",
         "rate limit of user <n> until <n>"),
        ("job 6e2a3bd1-5a58-4be9-94a3-0a5a51a1e6f1 lost", "job 00000000-0000-0000-0000-000000000000 lost",
         "job <id> lost"),
        ("could not open '/var/a.log'", "could not open '/tmp/b c.log'", "could not open <text>"),
        ("can't read \"a\"", "can't read \"b'c\"", "can't read <text>"),
        ("GET https://api.github.com/repos/a/b?x=1 failed", "GET http://localhost:80 failed", "GET <url> failed"),
        ("repository acme/repo-1 is gone", "repository other/thing is gone", "repository <path> is gone"),
        ("no mail to a.b@example.com", "no mail to x@example.org", "no mail to <email>"),
        ("connect 10.0.0.3:5432", "connect 192.168.1.1:6543", "connect <n>"),
        ("fe80::1:2:3 is down", "2001:db8:0:1::7 is down", "<address> is down"),
        ("commit 8f3ac21b9d gone", "commit 0xdeadbeef1 gone", "commit <id> gone"),
        ("two\nlines\tand   blanks", "two lines and blanks", "two lines and blanks"),
    ],
)  # fmt: skip
def test_messages_that_differ_in_numbers_ids_and_names_are_one_kind(rollout, first, second, expected):
    assert rollout.sql("select rollout.error_kind(%s), rollout.error_kind(%s)", first, second) == [(expected, expected)]


def test_the_status_of_an_http_answer_is_no_number(rollout):
    assert rollout.value("select rollout.error_kind('HTTP 403 for job 12')") == "HTTP 403 for job <n>"
    assert rollout.value("select rollout.error_kind('status: 502')") == "status: 502"


@pytest.mark.parametrize("message", HOSTILE, ids=range(len(HOSTILE)))
def test_r12_hostile_text_is_reported_like_any_other_and_bounded(running, message):
    running.report(bad=1, message=message)
    (kind,) = running.client.errors().kinds
    assert (kind.errors, kind.treatment, kind.control) == (1, 1, 0)
    assert 0 < len(kind.kind) <= 160
    assert len(kind.sample) <= 500
    assert "\x1b" not in kind.kind
    assert "\n" not in kind.kind


@pytest.mark.commits
def test_a_kind_knows_its_arms_its_repositories_and_since_when_it_is_seen(running):
    running.client.disable_auto_rollback()
    running.report(bad=2, message="limit 1", name="acme/repo-1")
    running.report(bad=1, message="limit 22", name="acme/repo-2")
    running.report(bad=4, message="limit 3", name="acme/repo-3", treated=False)
    running.report(good=5)
    (kind,) = running.client.errors().kinds
    assert (kind.kind, kind.errors, kind.treatment, kind.control, kind.since_restart) == ("limit <n>", 7, 3, 4, 3)
    assert kind.repositories == ["acme/repo-1", "acme/repo-2", "acme/repo-3"]
    assert not kind.more_repositories
    assert (kind.first_percentage, kind.is_new, kind.sample) == (50, True, "limit 1")
    assert kind.first_seen_at < kind.last_seen_at
    assert kind.processors == ["inngest"]


def test_r7_nothing_is_ignored_where_a_null_stands_for_what_is(running):
    for ignored, expected in ((None, False), ([], False), (["bang"], False), (["bang", "boom"], True)):
        assert running.value(
            "select rollout.is_ignored(jsonb_populate_record(c, jsonb_build_object('ignored_errors', %s::text[])), 'boom')"
            " from rollout_configuration c",
            ignored,
        ) == expected  # fmt: skip


@pytest.mark.commits
def test_r7_errors_from_before_a_restart_are_kept_and_no_longer_judged(running):
    running.client.disable_auto_rollback()
    running.report(bad=3, message="before")
    running.client.set_rollout(0)
    running.client.set_rollout(50)
    running.report(bad=1, message="after")
    running.report(bad=2, message="in flight", began=timedelta(hours=1))
    found = kinds(running)
    assert {name: (k.treatment, k.since_restart) for name, k in found.items()} == {
        "before": (3, 0), "after": (1, 1), "in flight": (2, 0),
    }  # fmt: skip
    assert next(iter(found)) == "after", "what fails now comes first"
    main = running.value("select rollout.main_errors(c) from rollout_configuration c")
    assert [(error["kind"], error["errors"]) for error in main] == [("after", 1)], "no other is evidence now"


def test_r7_a_kind_of_error_whose_jobs_name_no_repository_is_shown(running):
    running.sql("select record_rollout_job(null, 'github_actions', false, error_message => 'boom')")
    assert (kinds(running)["boom"].errors, kinds(running)["boom"].repositories) == (1, [])


def test_r7_neither_an_ignored_kind_nor_one_of_the_control_counts_since_the_restart(running):
    running.client.configure(ignored_errors=["boom"])
    for message, treated in (("boom", True), ("bang", True), ("crash", False)):
        running.sql(
            "select record_rollout_job(null, 'inngest', false, error_message => %s, treated => %s)", message, treated
        )
    for _ in ("as reported", "folded"):
        found = {name: (kind.treatment, kind.since_restart, kind.is_ignored) for name, kind in kinds(running).items()}
        assert found == {"boom": (1, 0, True), "bang": (1, 1, False), "crash": (0, 0, False)}
        running.sql("select rollout.fold_deltas()")


def test_r7_errors_from_before_a_lowering_are_not_judged_with_those_of_their_batch_that_came_after(running):
    """Where a clock was set back, so that the restart lies ahead of it, and what came after counts for that very moment."""
    running.client.disable_auto_rollback()
    running.sql(
        "update rollout_configuration set restarted_at = now() + interval '1 hour', narrowed_at = now() - interval '1 hour'"
    )
    running.sql(
        "select record_rollout_jobs(jsonb_agg(jsonb_build_object('processor', 'github_actions', 'success', false,"
        " 'repo_id', %s::text, 'error_message', message, 'started_at', now() - began)))"
        " from (values (interval '2 hours', 'boom'), ('2 hours', 'boom'), ('0', 'boom'), ('2 hours', 'early'))"
        " v (began, message)",
        running.repository_id("acme/repo-1"),
    )
    running.sql(
        "update rollout.error_deltas d set failed_at = c.restarted_at from rollout_configuration c where d.failed_at > now()"
    )
    for _ in ("as reported", "folded"):
        found = {name: (kind.errors, kind.since_restart) for name, kind in kinds(running).items()}
        assert found == {"boom": (3, 1), "early": (1, 0)}
        running.sql("select rollout.fold_deltas()")


@pytest.mark.commits
def test_r8_the_trip_names_the_three_main_errors_as_evidence(running):
    for amount, message in ((1, "rare"), (2, "fewer 1"), (3, "some 2"), (9, "most 3")):
        running.report(bad=amount, message=message)
    trip = next(e for e in running.client.history().entries if e.triggered_by == "auto_rollback")
    errors = trip.evidence["main_errors"]
    assert [(error["kind"], error["errors"]) for error in errors] == [
        ("most <n>", 4),
        ("some <n>", 3),
        ("fewer <n>", 2),
    ]
    assert trip.evidence["errors"] == 10, "it tripped at the tenth"
    assert (errors[0]["is_new"], errors[0]["first_percentage"]) == (True, 50)
    assert all("sample" not in error for error in errors), "whoever reads the history need not see messages"


def test_the_metrics_show_the_kinds(running):
    running.report(bad=3, message="boom 17")
    metrics = running.client.show_metrics()
    assert [(kind.kind, kind.errors) for kind in metrics.kinds] == [("boom <n>", 3)]
    assert metrics.last_errors[0].message == "boom 17"
    assert running.client.show_metrics(0).kinds == []


def test_a_failure_without_a_message_is_not_counted_to_the_one_before(running):
    running.report(bad=1, message="boom")
    running.report(bad=1, message=None)
    assert {name: k.errors for name, k in kinds(running).items()} == {"boom": 1, "no message": 1}


def test_rows_of_the_web_application_count_once_whether_written_anew_or_read_and_written_back(running):
    insert = (
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count,"
        " total_jobs, last_error_message, last_error_at, metrics_window_start, metrics_window_end)"
        " select c.id, (select id from repositories where full_name = 'acme/repo-1'), 'inngest', 0, 1, 1, 'timeout 1',"
        " now(), now() - interval '1 hour', now() from rollout_configuration c returning id"
    )
    row = running.value(insert)
    update = "update rollout_metrics set error_count = %s, total_jobs = %s, last_error_message = %s where id = %s"
    running.sql(update, 2, 2, "timeout 2", row)
    running.sql(update, 2, 3, "timeout 2", row)  # a success: its message is still that of the failure
    running.sql(update, 3, 4, "refused", row)
    running.sql(update, 3, 4, "refused", row)  # sent again
    assert {name: k.errors for name, k in kinds(running).items()} == {"timeout <n>": 2, "refused": 1}
    running.sql("delete from rollout_metrics where id = %s", row)
    assert kinds(running)["timeout <n>"].errors == 2, "what happened has happened"


@pytest.mark.commits
def test_the_applications_own_reports_are_counted(running):
    application = Application(SqlChannel(running.url, "service_role"))
    repository = running.repository_id("acme/repo-1")
    for success, error in ((False, "GitHub said 17"), (True, None), (False, "GitHub said 4"), (False, "refused")):
        application.record_metrics(repository, success=success, error=error)
    assert application.logged == []
    assert {name: k.errors for name, k in kinds(running).items()} == {"GitHub said <n>": 2, "refused": 1}


@pytest.mark.parametrize("limit", [0, 201, -1])
def test_a_limit_out_of_range_is_one_line(running, limit):
    with pytest.raises(RolloutError, match=r"limit is a whole number from 1 to 200.*rollout.errors\(10\)"):
        running.client.errors(limit)
    with pytest.raises(BadArgument):
        running.client.errors("many")
