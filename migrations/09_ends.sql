-- R8 and R17: a hold, and a switch-off of auto-rollback, that end by themselves.
alter table public.rollout_configuration
    add column if not exists held_until timestamptz,
    add column if not exists breaker_off_until timestamptz;
comment on column public.rollout_configuration.held_until is
    'R17: when a hold ends by itself; empty if it does not.';
comment on column public.rollout_configuration.breaker_off_until is
    'R8: when auto-rollback is on again by itself; empty if it is on, or off until somebody switches it on.';
comment on column public.rollout_configuration.plan is
    'R17: steps (percentage, hours) and change_window; what is missing is the manual''s, or any time.';

-- A freeze is a hold with an end from now on. Whatever functions are there, their trigger records who it was.
select set_config('rollout.change', jsonb_build_object(
    'operation_id', gen_random_uuid(), 'command', 'migrate', 'triggered_by', 'migration',
    'reason', 'a freeze is a hold with an end now')::text, true)
where exists (select from public.rollout_configuration c where c.plan ? 'frozen_until');
update public.rollout_configuration c
set plan = nullif(c.plan - 'frozen_until', '{}'),
    held_reason = coalesce(c.held_reason, f.reason),
    held_by = case when c.held_reason is null then f.by else c.held_by end,
    held_until = case when c.held_reason is null then f.until end
from (
    select x.id, u.until, case when u.until > clock_timestamp() then 'frozen' end as reason,
           case when u.until > clock_timestamp() then 'plan(freeze=)' end as by
    from public.rollout_configuration x
    cross join lateral (select (x.plan ->> 'frozen_until')::timestamptz as until) u
    where x.plan ? 'frozen_until') f
where c.id = f.id;
select set_config('rollout.change', '', true);

-- They take an end, or are needed no more.
drop function if exists public.rollout_hold(text, text, jsonb);
drop function if exists public.rollout_set_auto_rollback(boolean, text, text, jsonb);
drop function if exists rollout.may_raise_at(public.rollout_configuration, timestamptz);
drop function if exists rollout.changed_plan(public.rollout_configuration, numeric[], numeric[], text, text);
drop function if exists rollout.frozen_until(public.rollout_configuration);
drop function if exists rollout.without_category(public.rollout_configuration, integer, integer);
