-- R10: which services each monitor that runs sends alerts to, so that one that was taken out is missed by nobody.
alter table rollout.monitors add column if not exists receivers text[];
comment on column rollout.monitors.receivers is
    'R10: the services that it sends alerts to, as in rollout.receivers; empty for a monitor of 0.1.0.';

-- They take more, or are needed no more.
drop function if exists public.rollout_monitor_beat(uuid, integer, text, boolean, jsonb);
drop function if exists rollout.check_setting(text, jsonb);
drop function if exists rollout.with_settings(public.rollout_configuration, jsonb);
drop function if exists rollout.count_errors(public.rollout_configuration, rollout.error_kinds);
drop function if exists rollout.make_room_for_kind(public.rollout_configuration);
drop function if exists rollout.is_ours(oid, name);
