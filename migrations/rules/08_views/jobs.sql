-- R16: what the console shows of the host's jobs.

create or replace function public.rollout_jobs(
    state text default null, max_rows integer default null, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    limits constant record := rollout.host_job_limits();
    rows constant integer := rollout.within(
        'limit', coalesce(max_rows, case when state is null then 5 else 20 end), 0, 1000, 'rollout.jobs("stuck", 20)');
begin
    if state <> all (rollout.host_job_states()) then
        raise exception 'a state is one of %, not %; type for example rollout.jobs("stuck")',
            array_to_string(rollout.host_job_states(), ', '), quote_literal(left(state, 40)) using errcode = 'RC001';
    end if;
    return jsonb_build_object(
        'state', state,
        'groups', rollout.host_job_groups(config),
        'jobs', rollout.list_host_jobs(config, coalesce(state, 'failed'), rows),
        'warnings', (
            select coalesce(jsonb_agg(w), '[]')
            from rollout.outcome_warnings(config, rollout.window_of_jobs(config)) w),
        'window_start', rollout.window_start(config),
        'look_back_days', extract(day from limits.look_back)::integer,
        'most_read', limits.most_read,
        'following', rollout.follows_jobs(config),
        'server_time', clock_timestamp());
end $$;
comment on function public.rollout_jobs(text, integer, text) is
    'rollout.jobs(), R16: each processor and arm, what is wrong, and the jobs in a state, or the last failures.';
