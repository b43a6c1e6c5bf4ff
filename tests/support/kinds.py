"""Kinds of errors: as they are shown, and such as were folded before."""

from __future__ import annotations

KINDS = (
    "insert into rollout.error_kinds (rollout_config_id, kind, processor_type, treated, shard, errors, judged_errors,"
    " first_seen_at, first_percentage, last_seen_at, sample, repositories)"
    " select c.id, %s || n, 'inngest', true, 1, 1, 1, now() - interval '9 days', 50, now() - %s::interval, 'boom', '{}'"
    " from rollout_configuration c, generate_series(1, %s) n where c.feature_name = %s"
)


def kinds(rollout):
    return {kind.kind: kind for kind in rollout.client.errors(200).kinds}
