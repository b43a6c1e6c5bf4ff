-- R8: practice traffic for the fire drill, on sample data only.

create or replace function public.rollout_simulate(
    jobs integer default 200, error_rate double precision default 2,
    control integer default 0, control_error_rate double precision default 1,
    healthy_first integer default 0, in_flight integer default 0,
    feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    config constant rollout_configuration := rollout.practice(feature_name);
    treatment constant uuid[] := rollout.some_repositories(config, true);
    others constant uuid[] := rollout.some_repositories(config, false);
    before_restart constant timestamptz := coalesce(config.restarted_at, config.created_at) - interval '1 minute';
    sent integer := 0;
    failed integer := 0;
    failing integer;
    success boolean;
    rolled_back boolean := false;
begin
    perform rollout.within(a.name, a.value, a.low, 10000, 'rollout.simulate(200, 20)')
    from (values ('jobs', jobs, 1), ('control', control, 0), ('healthy_first', healthy_first, 0),
                 ('in_flight', in_flight, 0)) a (name, value, low);
    perform rollout.within_percent(error_rate), rollout.within_percent(control_error_rate);
    if cardinality(treatment) = 0 then
        raise exception 'no repository is eligible, so there are no jobs to simulate; type %',
            case when config.emergency_stop then 'rollout.resume()' else 'rollout.setRollout(10)' end
            using errcode = 'RC002';
    elsif control > 0 and cardinality(others) = 0 then
        raise exception 'every repository is eligible, so there are no jobs of the control to simulate; '
            'type rollout.rollbackToPercentage(50)' using errcode = 'RC002';
    end if;

    for job in 1..in_flight loop
        perform rollout.practice_job(config, treatment, false, before_restart);
    end loop;
    while sent < jobs and not rolled_back loop
        sent := sent + 1;
        failing := greatest(0, sent - healthy_first);
        success := not rollout.every_share(failing, error_rate);
        failed := failed + case when success then 0 else 1 end;
        perform rollout.practice_job(config, treatment, success, now());
        for job in (sent - 1) * control / jobs + 1 .. sent * control / jobs loop
            perform rollout.practice_job(config, others, not rollout.every_share(job, control_error_rate), now());
        end loop;
        rolled_back := exists (
            select from rollout_configuration x cross join lateral rollout.usable(x) c
            where x.id = config.id and (c.rollout_percentage < config.rollout_percentage
                or c.held_reason is not null and c.held_reason is distinct from config.held_reason));
    end loop;
    return jsonb_build_object(
        'jobs', sent, 'errors', failed, 'control_jobs', sent * control / jobs, 'in_flight', in_flight,
        'rolled_back', rolled_back, 'status', rollout_status(config.feature_name));
end $$;
comment on function public.rollout_simulate(
    integer, double precision, integer, double precision, integer, integer, text) is
    'rollout.simulate(): practice jobs until the breaker trips, of eligible repositories and of the control beside '
    'them; healthy ones first if asked, and failures of jobs that began before the last restart; on the sample '
    'data only.';

create or replace function rollout.practice(feature_name text)
returns rollout_configuration
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
begin
    if config.metadata -> 'sample' is distinct from 'true' then
        raise exception '%', 'simulate works on the sample data of the local practice database only; nothing was done; '
            'it opens where no target is set (SUPABASE_URL, VITE_SUPABASE_URL, SUPABASE_DB_URL, ROLLOUT_DATABASE_URL, '
            'ROLLOUT_TARGET, .env): type rollout.simulate() there' using errcode = 'RC002';
    end if;
    return config;
end $$;
comment on function rollout.practice(text) is
    'The configuration of the sample data; RC002 if this is any other database.';

create or replace function rollout.some_repositories(config rollout_configuration, eligible boolean)
returns uuid[]
language plpgsql volatile  -- whose bodies are not checked: the decision is put in place after the rules
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    return array(
        select k.repository_id from repository_categories k
        where is_repository_eligible_for_rollout(k.repository_id, config.feature_name) = eligible
        order by random() limit 500);
end $$;
comment on function rollout.some_repositories(rollout_configuration, boolean) is
    'Up to 500 repositories in the rollout or outside it, for practice jobs.';

create or replace function rollout.every_share(job integer, share double precision)
returns boolean
language sql immutable
as $$
    -- Evenly spread, so that a rate below the threshold stays below it on the way.
    select floor(job * share / 100) > floor((job - 1) * share / 100)
$$;
comment on function rollout.every_share(integer, double precision) is
    'Whether this job, counted from 1, is one of a share of all jobs in percent.';

create or replace function rollout.practice_job(
    config rollout_configuration, repositories uuid[], success boolean, began timestamptz
)
returns void
language plpgsql volatile
set search_path = pg_catalog, public, pg_temp
as $$
begin
    -- outside the rollout there is only Inngest
    perform record_rollout_job(
        r.id, p.processor, success, p.seconds::numeric,
        case when not success then 'simulated: GitHub API rate limit exceeded' end, config.feature_name, began)
    from (select repositories[1 + floor(random() * cardinality(repositories))::integer] as id) r
    cross join lateral (
        select case when is_repository_eligible_for_rollout(r.id, config.feature_name) and random() < 0.67
            then 'github_actions' else 'inngest' end as name
    ) d
    cross join lateral (
        select d.name as processor,
               case d.name when 'inngest' then 20 + random() * 60 else 800 + random() * 3000 end as seconds
    ) p;
end $$;
comment on function rollout.practice_job(rollout_configuration, uuid[], boolean, timestamptz) is
    'Reports one practice job of one of these repositories.';
