-- R7 and R16: one look at a rollout: what its gates, its status and its plan all read, read once.

create or replace function rollout.look_at(config rollout_configuration, look rollout.look default null)
returns rollout.look
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
set plan_cache_mode = force_generic_plan  -- to plan takes longer than to read, each time
as $$
begin
    if look.health is null then
        look.jobs := rollout.window_of_jobs(config);
        look.health := rollout.health(config, look.jobs);
    end if;
    if look.warnings is null then
        perform set_config('rollout.jobs_unread', '', true);
        look.warnings := (select coalesce(jsonb_agg(w), '[]') from rollout.outcome_warnings(config, look.jobs) w);
        look.jobs_unread := current_setting('rollout.jobs_unread') = 'on';
    end if;
    return look;
end $$;
comment on function rollout.look_at(rollout_configuration, rollout.look) is
    'R7 and R16: the window, health and the warnings of a rollout as they are now, but for those that are given.';
