-- Practice traffic for the fire drill, on sample data only.

create or replace function public.rollout_simulate(
    jobs integer default 200, error_rate double precision default 2,
    feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config rollout_configuration := rollout_active(feature_name);
    eligible uuid[];
    sent integer := 0;
    failed integer := 0;
    success boolean;
    rolled_back boolean := false;
begin
    if config.metadata -> 'sample' is distinct from 'true' then
        raise exception '%', 'simulate works on the sample data of the local practice database only; nothing was done; '
            'try it there: rollout.simulate() without SUPABASE_URL and ROLLOUT_DATABASE_URL' using errcode = 'RC002';
    elsif (error_rate between 0 and 100) is not true then
        raise exception 'error_rate is a percentage from 0 to 100; type for example rollout.simulate(200, 20)'
            using errcode = 'RC001';
    end if;
    perform rollout_within('jobs', jobs, 1, 10000, 'rollout.simulate(200, 20)');
    eligible := array(
        select k.repository_id from repository_categories k
        where is_repository_eligible_for_rollout(k.repository_id, config.feature_name)
        order by random() limit 500);
    if cardinality(eligible) = 0 then
        raise exception 'no repository is eligible, so there are no jobs to simulate; type %',
            case when config.emergency_stop then 'rollout.resume()' else 'rollout.setRollout(10)' end
            using errcode = 'RC002';
    end if;
    -- Errors spread evenly, so that a rate below the threshold stays below it on the way.
    while sent < jobs and not rolled_back loop
        sent := sent + 1;
        success := floor(sent * error_rate / 100) = floor((sent - 1) * error_rate / 100);
        failed := failed + case when success then 0 else 1 end;
        perform record_rollout_job(
            eligible[1 + floor(random() * cardinality(eligible))::integer],
            case when sent % 3 = 0 then 'inngest' else 'github_actions' end, success,
            case when sent % 3 = 0 then 20 + random() * 60 else 800 + random() * 3000 end::numeric,
            case when not success then 'simulated: GitHub API rate limit exceeded' end, config.feature_name);
        rolled_back := config.rollout_percentage > 0 and not success and exists (
            select from rollout_configuration c where c.id = config.id and c.rollout_percentage = 0);
    end loop;
    return jsonb_build_object(
        'jobs', sent, 'errors', failed, 'rolled_back', rolled_back, 'status', rollout_status(config.feature_name));
end $$;
comment on function public.rollout_simulate(integer, double precision, text) is
    'rollout.simulate(): practice jobs of eligible repositories until the breaker trips; on the sample data only.';
