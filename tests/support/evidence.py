"""Jobs as they are counted, and what the breaker makes of them."""

from __future__ import annotations

from decimal import Decimal

ALTERNATIVES = [Decimal(r) for r in ("1.7", "2.6", "4.7", "10", "28")]


def weighed(rollout, slots, sample=10):
    """The sum of SQL over slots of (jobs, errors), the oldest first."""
    return rollout.value(
        "select w.total from rollout_configuration c cross join lateral jsonb_populate_record(c,"
        " jsonb_build_object('minimum_sample', %s, 'max_error_rate', 5)) k cross join lateral rollout.weigh_stretches(k,"
        " array(select now() + n * interval '5 min' from generate_series(1, %s) n), %s, %s) w",
        sample, len(slots), [jobs for jobs, _ in slots], [errors for _, errors in slots],
    )  # fmt: skip


def count(rollout, ago, jobs, errors=0, *, treated=True):
    """Jobs so long ago, past every judgement."""
    rollout.sql(
        "insert into rollout.job_deltas select c.id, rollout.slot_start(c, clock_timestamp() - %s), 'inngest', %s, %s, %s,"
        " %s, 0, 0, 0, null, 0, null from rollout_configuration c", ago, treated, jobs, errors, jobs - errors,
    )  # fmt: skip


def treatment(rollout, feature=None):
    return rollout.sql(
        "select t.run_jobs, t.run_errors, t.evidence::float8, t.recent_evidence::float8, t.whole_breach, t.recent_breach"
        " from rollout_configuration c cross join lateral rollout.treatment(c) t where c.feature_name = %s",
        feature or rollout.client.feature,
    )[0]
