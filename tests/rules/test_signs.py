"""R8 and R16: early signs and slow jobs, which warn and hold, and roll nothing back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.evidence import count

pytestmark = pytest.mark.asked


@pytest.fixture
def with_control(running):
    """A rollout that stands at its percentage for a day, far below its threshold, with 91 jobs of the control."""
    running.client.configure(max_error_rate=60)
    running.sql("update rollout_configuration set percentage_since = now() - interval '1 day'")
    running.sql("update rollout_configuration set restarted_at = now() - interval '1 day'")
    count(running, timedelta(hours=1), 91, 1, treated=False)
    return running


def test_r8_an_early_sign_warns_and_holds_and_rolls_nothing_back(with_control):
    def early():
        return with_control.client.status().health.compared

    count(with_control, timedelta(hours=2), 7, 0)
    with_control.report(bad=2)
    below = early()
    assert (below.jobs, below.errors, below.control_jobs, below.early) == (9, 2, 91, False)
    with_control.report(bad=2)
    found = early()
    assert found.early
    assert found.evidence >= found.evidence_limit == 100 > below.evidence
    status = with_control.client.status()
    assert status.rollout_percentage == 50, "no check and no report rolls back"
    warning = next(w for w in status.warnings if w.name == "early")
    assert warning.message.startswith("an early sign: 4 of 11 jobs failed in the rollout, 1 of 91 outside it, since ")
    assert next(g for g in with_control.client.plan().gates if g.name == "early").open is False
    with_control.client.configure(auto_advance=True)
    held = with_control.client.auto_advance()
    assert held.status.held_by == "auto-hold"
    with_control.client.release()
    with_control.client.set_rollout(0)
    with_control.client.set_rollout(50)
    assert not early().early, "another run"


@pytest.mark.parametrize(("percentage", "is_early"), [(1, True), (0, False)])
def test_r8_from_1_percent_on_there_are_early_signs(with_control, percentage, is_early):
    with_control.sql("update rollout_configuration set rollout_percentage = %s", percentage)
    with_control.sql("update rollout_configuration set percentage_since = now() - interval '1 day'")
    count(with_control, timedelta(hours=1), 11, 4)
    assert with_control.client.status().health.compared.early is is_early


def test_r8_what_ran_at_another_percentage_is_not_compared(with_control):
    with_control.sql("update rollout_configuration set percentage_since = now() - interval '30 minutes'")
    with_control.client.disable_auto_rollback()
    with_control.report(bad=8)
    assert with_control.client.status().health.compared.control_jobs == 0


def test_r16_slow_jobs_are_a_sign_and_unknown_times_are_none(running):
    def signs():
        return [w.name for w in running.client.status().warnings if w.name.startswith("slow")]

    def report(times, seconds, treated=True):
        running.sql(
            "select record_rollout_job(null, 'github_actions', true, %s, treated => %s) from generate_series(1, %s)",
            seconds, treated, times,
        )  # fmt: skip

    running.sql("update rollout_configuration set restarted_at = now() - interval '1 day'")
    report(40, None)
    report(9, 7201)
    report(40, 9000, treated=False)
    assert signs() == [], "nine are too few, those of the control and of no known time are none"
    report(1, 7191)
    assert signs() == [], "7,200 s on the average are the target"
    report(1, 7201)
    assert signs() == ["slow_github_actions"]
    running.client.configure(auto_advance=True)
    assert running.client.auto_advance().status.held_reason.startswith("jobs in the rollout take 7,200 s on GitHub")
    assert running.client.check_health().action == "none", "and rolls nothing back"
