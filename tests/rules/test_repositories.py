"""R8 and R17: whose jobs they are: the repository with most errors, how many ran in the rollout, and none at all."""

from __future__ import annotations

import pytest

from rollout_console.render import Screen, render


def test_r8_one_repository_with_most_of_the_errors_is_named(running):
    running.report(bad=3, name="acme/repo-1")
    running.report(good=1, bad=3, name="acme/repo-2")
    running.report(bad=50, name="acme/repo-3", treated=False)
    assert running.client.errors().main_repository is None, "half is not most, and the control is none of it"
    running.report(bad=1, name="acme/repo-2")
    found = running.client.errors()
    assert (found.main_repository.repository, found.main_repository.errors) == ("acme/repo-2", 4)
    report = " ".join(render(found, Screen()).split())
    assert '4 of 7 errors are those of acme/repo-2; to keep it out: rollout.addToBlacklist("acme/repo-2")' in report
    running.report(bad=3, name="acme/repo-2")
    assert running.client.status().rollout_percentage == 0
    assert running.client.history(1).entries[0].evidence["main_repository"]["repository"] == "acme/repo-2"


def test_r17_a_step_waits_for_as_many_repositories_as_are_wanted(running):
    def gate():
        return next((g for g in running.client.plan().gates if g.name == "repositories"), None)

    running.report(good=12, name="acme/repo-1")
    assert gate() is None
    running.client.configure(minimum_repositories=3)
    running.report(good=1, name="acme/repo-2")
    running.report(good=1, name="acme/repo-3", treated=False)
    assert (gate().open, gate().message) == (False, "repositories that ran in the rollout 2 of 10, wanted >= 3")
    running.report(good=1, name="acme/repo-3")
    assert gate().open
    running.client.configure(minimum_repositories=1000)
    assert gate().message.endswith("3 of 10, wanted >= 10"), "never more than are eligible"


def test_r7_a_rollout_in_which_no_repository_runs_is_named(running):
    """Four of twenty are in: beside 40 jobs of the others ten of theirs are to be expected."""

    def warned():
        return next((w for w in running.client.status().warnings if w.name == "none_ran"), None)

    running.client.set_rollout(20, "four of twenty")
    running.report(good=39, name="acme/repo-9", treated=False)
    assert warned() is None
    running.report(good=1, name="acme/repo-9", treated=False)
    assert warned().message.startswith("4 of 20 repositories are in, and none has run in the rollout since ")
    assert warned().message.endswith("Z; 40 jobs ran outside of it")
    running.report(good=1, name="acme/repo-1")
    assert warned() is None


def test_r8_no_error_from_before_a_restart_names_a_repository(running):
    running.report(bad=10, name="acme/repo-1")
    assert running.client.status().rollout_percentage == 0
    running.client.set_rollout(50)
    running.report(good=60, bad=3, name="acme/repo-2")
    running.report(bad=1, name="acme/repo-1")
    found = running.client.errors().main_repository
    assert (found.repository, found.errors, found.all_errors) == ("acme/repo-2", 3, 4)


def test_r8_no_repository_is_named_while_some_of_the_errors_are_ignored(running):
    running.report(good=60, bad=3, name="acme/repo-2", message="regression")
    running.client.configure(ignored_errors=["token broken"])
    assert running.client.errors().main_repository.repository == "acme/repo-2"
    running.report(bad=20, name="acme/repo-1", message="token broken")
    found = running.client.errors()
    assert (found.main_repository, running.client.status().health.errors) == (None, 3)


@pytest.mark.asked
@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("acme/repo-1", ["acme/repo-1", "acme/repo-10"]),
        ("acme/repo-10", ["acme/repo-10"]),
        ("EPO-1", ["acme/repo-1", "acme/repo-10"]),
        ("ACME/REPO-2", ["acme/repo-2"]),
        ("o-1", ["acme/repo-1", "acme/repo-10"]),
        ("-1", []),
        ("ACME-", ["b/acme-1"]),
        ("b", ["b/acme-1"]),
        ("acme/x", []),
    ],
)
def test_r9_names_are_found_by_their_beginning_or_else_by_what_they_hold(rollout, typed, found):
    rollout.add_repositories(10)
    rollout.add_repositories(1, prefix="b/acme")
    assert rollout.value("select rollout_find_repositories(%s)", typed) == found


def row(rollout, name, errors, *, jobs=None, treated=True, feature=None, error="0", created="0", updated="0"):
    """A row of reports: so long before now its last error and its last report, so long before the restart its creation."""
    with rollout.transaction() as connection:
        connection.execute("set local session_replication_role = replica")
        connection.execute(
            "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, treated, error_count, total_jobs,"
            " last_error_at, created_at, updated_at) select c.id, (select id from repositories where full_name = %s),"
            " 'inngest', %s, %s, %s, now() - %s::interval, c.restarted_at - %s::interval, now() - %s::interval"
            " from rollout_configuration c where c.feature_name = %s",
            (name, treated, errors, errors if jobs is None else jobs, error, created, updated,
             feature or rollout.client.feature),
        )  # fmt: skip


@pytest.fixture
def long_running(running):
    """A rollout that began three days ago, beside another feature."""
    running.client.disable_auto_rollback()
    running.sql("select rollout_create(feature_name => 'another_feature')")
    running.sql("update rollout_configuration set restarted_at = now() - interval '3 days'")
    return running


def main_repository(rollout):
    found = rollout.client.errors().main_repository
    return found and (found.repository, found.errors, found.all_errors)


@pytest.mark.asked
def test_r8_the_main_repository_is_that_of_one_feature_arm_window_and_run(long_running):
    row(long_running, "acme/repo-1", 100, treated=False)
    row(long_running, "acme/repo-1", 100, feature="another_feature")
    row(long_running, "acme/repo-1", 100, error="24 hours 1 minute")
    row(long_running, "acme/repo-1", 100, created="1 us")
    row(long_running, "acme/repo-1", 0, jobs=100)
    assert main_repository(long_running) is None
    row(long_running, "acme/repo-2", 1)
    assert main_repository(long_running) is None, "one error is none's"
    row(long_running, "acme/repo-2", 1, error="23 hours 59 minutes")
    assert main_repository(long_running) == ("acme/repo-2", 2, 2)
    row(long_running, "acme/repo-3", 1)
    row(long_running, None, 1)
    assert main_repository(long_running) is None, "half is not most"
    row(long_running, "acme/repo-2", 1)
    assert main_repository(long_running) == ("acme/repo-2", 3, 5)
    row(long_running, None, 9)
    assert main_repository(long_running) is None, "most of them are nobody's"


@pytest.mark.asked
@pytest.mark.parametrize(
    ("message", "treated", "feature", "ago", "is_named"),
    [
        ("token", True, None, "23 hours 59 minutes", False),
        ("other", True, None, "0", True),
        ("token", False, None, "0", True),
        ("token", True, "another_feature", "0", True),
        ("token", True, None, "24 hours 1 minute", True),
    ],
)
def test_r8_an_ignored_error_of_the_window_leaves_no_main_repository(
    long_running, message, treated, feature, ago, is_named
):
    long_running.client.configure(ignored_errors=["token"])
    row(long_running, "acme/repo-2", 3)
    long_running.sql(
        "insert into rollout.error_deltas select id, %s, 'inngest', %s, 1, now() - %s::interval, 50, %s, '{}'"
        " from rollout_configuration where feature_name = %s",
        message, treated, ago, message, feature or long_running.client.feature,
    )  # fmt: skip
    assert (main_repository(long_running) is not None) is is_named


@pytest.mark.asked
def test_r17_only_repositories_of_one_feature_arm_and_window_have_run(long_running):
    def gate():
        return [(g.open, g.message) for g in long_running.client.plan().gates if g.name == "repositories"]

    long_running.client.configure(minimum_repositories=1)
    assert gate() == []
    long_running.client.configure(minimum_repositories=2)
    long_running.sql("update rollout_configuration set restarted_at = now() - interval '40 hours'")
    row(long_running, "acme/repo-1", 0, jobs=1)
    for others in (
        {"jobs": 0}, {"treated": False}, {"feature": "another_feature"}, {"updated": "24 hours 1 minute"},
        {"created": "8 hours 1 minute"},  # beyond two windows
    ):  # fmt: skip
        row(long_running, "acme/repo-2", 0, **{"jobs": 1, **others})
        assert gate() == [(False, "repositories that ran in the rollout 1 of 10, wanted >= 2")], others
    row(long_running, "acme/repo-2", 0, jobs=1, updated="23 hours 59 minutes", created="7 hours 59 minutes")
    assert gate() == [(True, "repositories that ran in the rollout 2 of 10, wanted >= 2")]
