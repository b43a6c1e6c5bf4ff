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

-- They take an end, or are needed no more.
drop function if exists public.rollout_hold(text, text, jsonb);
drop function if exists public.rollout_set_auto_rollback(boolean, text, text, jsonb);
drop function if exists rollout.may_raise_at(public.rollout_configuration, timestamptz);
drop function if exists rollout.changed_plan(public.rollout_configuration, numeric[], numeric[], text, text);
drop function if exists rollout.frozen_until(public.rollout_configuration);
drop function if exists rollout.without_category(public.rollout_configuration, integer, integer);
