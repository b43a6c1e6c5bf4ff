-- R10: which services each monitor that runs sends alerts to, so that one that was taken out is missed by nobody.
alter table rollout.monitors add column if not exists receivers text[];
comment on column rollout.monitors.receivers is
    'R10: the services that it sends alerts to, as in rollout.receivers; empty for a monitor of 0.1.0.';

drop function if exists public.rollout_monitor_beat(uuid, integer, text, boolean, jsonb);
