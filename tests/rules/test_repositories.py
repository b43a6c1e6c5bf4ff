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
