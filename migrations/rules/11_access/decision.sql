-- R11: decides whose functions answer the application, which calls two by name. On an adopted database the host's own
-- stay in force, since adoption changes nobody's decision, until an operator says otherwise with
-- `rollout-console migrate --decision`:
--
--     host      the host's function, but never against an emergency stop or a rollback to 0 %
--     readers   ours (R1), asked with the rights of the caller: no for whoever may not read the tables
--     everyone  ours (R1), asked with the rights of its owner: it reveals yes or no, and nothing else
--
-- The choice is kept in the catalogue, by the function that stands at the name. Who may execute it is another
-- question, and stays as it is.

create or replace function rollout.copy_execute(source regprocedure, target regprocedure)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    statement text;
begin
    for statement in
        select format(
            case when side = 'source' then 'grant execute on function %s to %s'
                 else 'revoke execute on function %s from %s' end,
            target, case a.grantee when 0 then 'public' else a.grantee::regrole::text end)
        from (values ('target', target), ('source', source)) s (side, signature)
        join pg_proc p on p.oid = s.signature
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where a.grantee <> p.proowner
        order by side desc  -- what the target has is revoked before
    loop
        execute statement;
    end loop;
end $$;
comment on function rollout.copy_execute(regprocedure, regprocedure) is
    'R11: lets those execute a function who may execute another, and nobody else.';

create or replace function rollout.keep_host_function(signature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    host constant regprocedure := to_regprocedure('public.' || signature);
begin
    -- What the host has deployed since, at the name where ours stood, is newer than what was kept.
    if exists (
        select from pg_proc p
        where p.oid = host and p.prosrc !~ 'rollout[._](decide|categorize|admits)\(|rollout_host\.')
    then
        -- Under its own name, in a schema that the API does not serve: a body may refer to its arguments by the name
        -- of its function.
        create schema if not exists rollout_host;
        grant usage on schema rollout_host to public;
        execute 'drop function if exists rollout_host.' || signature;  -- its result may be another
        execute regexp_replace(pg_get_functiondef(host), '\mpublic\.', 'rollout_host.');  -- the first, in the header
        perform rollout.copy_execute(host, to_regprocedure('rollout_host.' || signature));
    end if;
end $$;
comment on function rollout.keep_host_function(text) is
    'R11: keeps a function of the host in the schema rollout_host before ours takes its place.';

create or replace function rollout.keep_search_path(signature text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    hosts constant text := (
        select substr(s.setting, length('search_path=') + 1)
        from pg_proc p cross join lateral unnest(p.proconfig) s (setting)
        where p.oid = to_regprocedure('rollout_host.' || signature) and s.setting like 'search\_path=%');
begin
    if hosts is not null and not exists (
        select from pg_proc p where p.oid = to_regprocedure('public.' || signature) and p.proconfig is not null)
    then
        execute format('alter function public.%s set search_path = %s', signature, hosts);
    end if;
end $$;
comment on function rollout.keep_search_path(text) is
    'R11: what the host has pinned the search_path of stays so, since Supabase''s advisor lists functions without; the '
    'host''s value, where ours has none of its own.';

create or replace function rollout.install_decision(choice text)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    if choice = 'host' then
        create or replace function public.is_repository_eligible_for_rollout(
            repo_id uuid, feature_name text default 'hybrid_progressive_capture'
        ) returns boolean language sql as $host$
            select not rollout.host_is_halted(repo_id, feature_name)
                   and rollout_host.is_repository_eligible_for_rollout(repo_id, feature_name)
        $host$;
        if exists (
            select from pg_proc p
            where p.oid = 'rollout_host.is_repository_eligible_for_rollout(uuid, text)'::regprocedure
              and p.provolatile <> 'v')
        then  -- the API reads functions that can't write by GET, too
            alter function public.is_repository_eligible_for_rollout(uuid, text) stable;
        end if;
    else
        create or replace function public.is_repository_eligible_for_rollout(
            repo_id uuid, feature_name text default 'hybrid_progressive_capture'
        ) returns boolean language sql stable as $ours$
            select rollout.is_eligible(rollout.decide(repo_id, feature_name))
        $ours$;
    end if;
    if choice = 'everyone' then
        alter function public.is_repository_eligible_for_rollout(uuid, text)
            security definer set search_path = pg_catalog, public, pg_temp;
    end if;

    -- The host's decision may ask for a category, so the two functions change together.
    if choice = 'host' and to_regprocedure('rollout_host.categorize_repository(uuid)') is not null then
        -- The application's fails on a column that its tables lack. Of a repository that has a category its decision
        -- never asks here: there, and there alone, ours may answer, which is what unmarking one needs.
        create or replace function public.categorize_repository(repo_id uuid)
        returns text language plpgsql as $host$
        begin
            return rollout_host.categorize_repository(repo_id);
        exception when undefined_column then
            if not exists (select from public.repository_categories k where k.repository_id = repo_id) then
                raise;
            end if;
            perform rollout.categorize(array[repo_id]);
            return (select k.category from public.repository_categories k where k.repository_id = repo_id);
        end $host$;
    else
        create or replace function public.categorize_repository(repo_id uuid)
        returns text language plpgsql set search_path = pg_catalog, public, pg_temp as $ours$
        begin
            perform rollout.categorize(array[repo_id]);
            return (select k.category from repository_categories k where k.repository_id = repo_id);
        end $ours$;
    end if;
    perform rollout.keep_search_path('is_repository_eligible_for_rollout(uuid, text)');
    perform rollout.keep_search_path('categorize_repository(uuid)');
    -- Asked for many, it answers the same callers.
    execute format('alter function public.rollout_eligible_repositories(uuid[], text) %s', (
        select case p.provolatile when 'v' then 'volatile' else 'stable' end
               || case when p.prosecdef then ' security definer' else ' security invoker' end
        from pg_proc p where p.oid = 'public.is_repository_eligible_for_rollout(uuid, text)'::regprocedure));
    comment on function public.is_repository_eligible_for_rollout(uuid, text) is
        'R1: whether the application routes this repository''s jobs through the feature. Called for every job.';
    comment on function public.categorize_repository(uuid) is
        'R3: categorizes one repository and returns its category; null if there is no such repository.';
end $$;
comment on function rollout.install_decision(text) is
    'R11: puts the functions that the application calls in place: the host''s or ours, as chosen.';

create or replace function rollout.adopt_functions()
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    perform rollout.keep_host_function('is_repository_eligible_for_rollout(uuid, text)');
    perform rollout.keep_host_function('categorize_repository(uuid)');
    if rollout.has_host_decision() then
        perform rollout.copy_execute(
            'rollout_host.is_repository_eligible_for_rollout(uuid, text)',
            'rollout.host_is_halted(uuid, text)');
    end if;
    perform rollout.install_decision(coalesce(
        (select r.catalogue #>> '{decision,who decides}' from rollout.rules r order by r.applied_at desc limit 1),
        rollout.decided_by(), 'readers'));
end $$;
comment on function rollout.adopt_functions() is
    'R11: keeps what the application is answered by, the host''s functions or ours. `migrate` calls it with the rules.';

create or replace function rollout.decide_by(choice text, reason text default null, context jsonb default '{}')
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    was constant text := rollout.decided_by();
begin
    if choice is null or choice not in ('host', 'readers', 'everyone') then
        raise exception 'the decision is by host, readers or everyone, not %; type for example '
            'rollout-console migrate --decision readers', coalesce(quote_literal(left(choice, 50)), 'null')
            using errcode = 'RC001';
    elsif choice = 'host' and not rollout.has_host_decision() then
        raise exception 'this database had no decision of its own when it was set up; '
            'type rollout-console migrate --decision readers' using errcode = 'RC001';
    end if;
    if choice is distinct from was then
        perform rollout.install_decision(choice);
        perform rollout.record_catalogue();
        perform rollout.write_history(
            c, coalesce(rollout.given(context, 'object', 'context'), '{}') - 'operation_id' || jsonb_build_object(
                'command', 'migrate', 'reason', coalesce(reason, format('decision by %s', choice))),
            c.rollout_percentage, jsonb_build_object('decided_by', was), jsonb_build_object('decided_by', choice))
        from rollout_configuration c where c.is_active;
    end if;
    return jsonb_build_object('changed', choice is distinct from was, 'decided_by', choice, 'was', was);
end $$;
comment on function rollout.decide_by(text, text, jsonb) is
    'rollout-console migrate --decision, R11: chooses who answers the application; for the owner of the functions.';

create or replace function rollout.compare_decisions(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 20000
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    feature constant text := compare_decisions.feature_name;
    was constant text := current_setting('role');
    ids constant uuid[] := array(select h.id from rollout_host_repositories h order by h.id
        limit rollout.within('max_rows', max_rows, 1, 1000000, 'rollout-console migrate --dry-run'));
    for_everyone constant bigint := (
        select count(*) from unnest(ids) i where rollout.is_eligible(rollout.decide(i, feature)));
    asking name;
    id uuid;
    now_eligible bigint;
    for_readers bigint;
    roles jsonb := '[]';
begin
    for asking in
        select r.rolname from pg_roles r
        where r.rolname in ('anon', 'authenticated', 'service_role') and pg_has_role(r.oid, 'member') order by 1
    loop
        now_eligible := 0;
        for_readers := 0;
        perform set_config('role', asking, true);
        foreach id in array ids loop
            begin
                now_eligible := now_eligible
                    + coalesce(public.is_repository_eligible_for_rollout(id, feature), false)::integer;
            exception when others then  -- the application, too, takes an error for a no
            end;
            begin
                for_readers := for_readers + rollout.is_eligible(rollout.decide(id, feature))::integer;
            exception when others then
            end;
        end loop;
        perform set_config('role', was, true);
        roles := roles || jsonb_build_object(
            'role', asking, 'now', now_eligible, 'readers', for_readers, 'everyone', for_everyone);
    end loop;
    return jsonb_build_object(
        'feature_name', feature, 'decided_by', rollout.decided_by(), 'asked', cardinality(ids), 'roles', roles,
        'emergency_stop', exists (
            select from rollout_configuration c where c.feature_name = feature and c.is_active and c.emergency_stop));
end $$;
comment on function rollout.compare_decisions(text, integer) is
    'rollout-console migrate --dry-run, R11: for how many repositories, of at most 20,000, each role is answered yes '
    'now, and would be by our decision.';
