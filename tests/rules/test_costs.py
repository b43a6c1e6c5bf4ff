"""R8: what a guardrail costs and how soon it acts: guardrail(), and the simulation that its figures come from."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from benchmarks import verdict
from tests.support.evidence import count, weighed

pytestmark = pytest.mark.asked


def test_r8_every_setting_has_its_costs(running):
    for settings in (
        {"minimum_sample": 200}, {"minimum_sample": 1_000_000}, {"max_error_rate": 30}, {"max_error_rate": 0.01},
        {"max_error_rate": 99.99}, {"max_error_rate": 68, "guardrail": "rate"}, {"guardrail": "compared"},
    ):  # fmt: skip
        cost = running.client.guardrail(**settings)
        assert len(cost.healthy) == 5
        for healthy in cost.healthy:
            assert 0 <= healthy.day <= healthy.month <= 100
            assert healthy.month <= healthy.month_with_checks + 0.01
        for failing in cost.failing:
            assert cost.max_error_rate < failing.error_rate < 100
            assert failing.median_job is None or failing.median_job >= cost.minimum_sample
    assert (
        running.client.guardrail(max_error_rate=0).healthy == running.client.guardrail(max_error_rate=100).healthy == []
    )
    usual = running.client.guardrail()
    assert (usual.jobs_today, usual.jobs, usual.check_minutes) == (0, 1000, 15)
    assert usual.basis == "simulated at 1,000 jobs a day, a threshold of 5 % and at least 10 jobs"
    count(running, timedelta(), 30)
    between = running.client.guardrail()
    assert between.basis.startswith(
        "simulated at 20 and 50 jobs a day, a threshold of 5 % and at least 10 jobs, interp"
    )
    assert between.failing[1].median_hours == pytest.approx(between.failing[1].median_job * 24 / 30, abs=0.06)
    scaled = running.client.guardrail(max_error_rate=2.5, minimum_sample=11)
    assert "scaled to this threshold; a larger sample acts later" in scaled.basis
    assert [h.error_rate for h in scaled.healthy] == [0.5, 1, 1.5, 2, 2.5]


def test_r8_what_benchmarks_simulate_is_what_the_database_judges(rollout):
    rng = np.random.default_rng(verdict.SEED)
    for traffic, rate, sample in ((1000, 0.2, 10), (50, 0.1, 10), (3000, 0.05, 30)):
        jobs = verdict.stream(rng, traffic, [(1.2, 0.01), (0.2, rate)])
        chosen = np.arange(jobs.failed.size)[-4:]
        found = verdict.summed(jobs, chosen, sample)
        for number, total in zip(chosen, found, strict=True):
            seen = jobs.slot[: jobs.failed[number] + 1]
            failed = jobs.slot[jobs.failed[: number + 1]]
            slots = [(int((seen == s).sum()), int((failed == s).sum())) for s in np.unique(seen)[-288:]]
            assert float(weighed(rollout, slots, sample)) == pytest.approx(float(total), rel=1e-9)
            k, n = int(number) + 1, int(jobs.failed[number]) + 1
            assert float(rollout.value("select rollout.evidence(%s, %s, 5)", k, n)) == pytest.approx(
                float(verdict.evidence(np.array([k]), np.array([n]))[0]), rel=1e-9
            )


@pytest.mark.large
def test_r8_a_small_simulation_agrees_with_the_figures_that_are_shown(rollout):
    shown = {cost.error_rate: cost for cost in rollout.client.guardrail("evidence").healthy}
    day, _ = verdict.chances((1000, 5, 1.0, 600))
    assert day[0] == pytest.approx(shown[5].day, abs=4 * (shown[5].day * 95 / 600) ** 0.5)
    median, slow = verdict.delays((1000, 20, 0, 300))
    failing = {delay.error_rate: delay for delay in rollout.client.guardrail("evidence").failing}
    assert median[0] == pytest.approx(failing[20].median_job, abs=5)
    assert slow[0] == pytest.approx(failing[20].slow_job, abs=25)
