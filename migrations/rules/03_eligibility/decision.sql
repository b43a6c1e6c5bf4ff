-- R11: whose decision the application gets, and when a stop overrules the host's own.

create or replace function rollout.decided_by()
returns text
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select case
            when p.prosrc !~ 'rollout[._]decide\(' then 'host'
            when p.prosecdef then 'everyone'
            else 'readers'
        end
        from pg_proc p where p.oid = to_regprocedure('public.is_repository_eligible_for_rollout(uuid, text)'));
end $$;
comment on function rollout.decided_by() is
    'R11: whose decision the application gets: host, readers or everyone; null if the function is missing.';

create or replace function rollout.host_is_halted(repo_id uuid, feature text)
returns boolean
language sql stable security definer
set search_path = pg_catalog, public, pg_temp
as $$
    -- At 0 % the host's function may let half of all repositories in. One that was adopted so stays so; one that was
    -- rolled back since then is out.
    select exists (
        select from rollout_configuration c
        where c.feature_name = host_is_halted.feature and c.is_active and (
            c.emergency_stop
            or c.rollout_percentage = 0 and rollout.listed_as(c.id, host_is_halted.repo_id) is distinct from 'whitelist'
               and c.percentage_since > (select min(r.applied_at) from rollout.rules r)))
$$;
comment on function rollout.host_is_halted(uuid, text) is
    'R5, R8: whether a stop or a rollback to 0 % since the adoption overrules the host''s own decision.';

create or replace function rollout.has_host_decision()
returns boolean
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$ select to_regprocedure('rollout_host.is_repository_eligible_for_rollout(uuid, text)') is not null $$;
comment on function rollout.has_host_decision() is
    'R11: whether the host had a decision of its own, which is kept.';
