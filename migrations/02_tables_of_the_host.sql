-- The web application's tables. They exist in production and are never altered. An empty database gets the columns
-- that the application has, behind row-level security like everything else here, and the grants that a hosted project
-- no longer makes by itself.
do $$
declare
    missing constant text[] := array(
        select t from unnest(array['repositories', 'progressive_capture_jobs', 'pull_requests']) t
        where to_regclass('public.' || t) is null);
    created text;
    grantee name;
begin
    if to_regclass('public.rollout_host_repositories') is not null then
        return;  -- tables of 0.1.0, or another host that has said what it rolls out to
    elsif cardinality(missing) = 3 and to_regclass('public.rollout_configuration') is null and exists (
        select from pg_class c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p')
          and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e'))
    then
        raise exception 'this database has tables, and none of them is the web application''s; nothing was changed; '
            'to say what is rolled out to, with its id, its name and its size, type for example: '
            'rollout-console setup --units "tenants(id, slug, seats)"' using errcode = 'RC002';
    end if;

    if to_regclass('public.repositories') is null then
        create table public.repositories (
            id uuid primary key default gen_random_uuid(),
            github_id bigint unique not null,
            full_name text unique not null,
            owner text not null,
            name text not null,
            description text,
            language text,
            stargazers_count integer default 0,
            forks_count integer default 0,
            open_issues_count integer default 0,
            is_private boolean default false,
            is_active boolean default true,
            first_tracked_at timestamptz not null default now(),
            last_updated_at timestamptz not null default now(),
            unique (owner, name)
        );
        alter table public.repositories enable row level security;
        create policy repositories_public_read on public.repositories for select using (true);

        -- Only with repositories that are new as well: a host that has its own has jobs in its own way, or none.
        create table if not exists public.progressive_capture_jobs (
            id uuid primary key default gen_random_uuid(),
            job_type varchar(50) not null,
            repository_id uuid references public.repositories on delete cascade,
            processor_type varchar(20) not null default 'github_actions',
            status varchar(20) default 'pending',
            time_range_days integer,
            workflow_run_id bigint,
            metadata jsonb default '{}',
            error text,
            created_at timestamptz default now(),
            started_at timestamptz,
            completed_at timestamptz
        );
        create index on public.progressive_capture_jobs (processor_type, status, created_at);
        create index on public.progressive_capture_jobs (repository_id, created_at);
        create index on public.progressive_capture_jobs (status, created_at);
        create index on public.progressive_capture_jobs (workflow_run_id);
        alter table public.progressive_capture_jobs enable row level security;
        if exists (select from pg_roles r where r.rolname = 'authenticated') then
            create policy progressive_capture_jobs_read on public.progressive_capture_jobs
                for select to authenticated using (true);
        end if;
    end if;

    if to_regclass('public.pull_requests') is null then
        create table public.pull_requests (
            id uuid primary key default gen_random_uuid(),
            github_id bigint unique not null,
            number integer not null,
            title text not null,
            state text not null,
            repository_id uuid not null references public.repositories on delete cascade,
            author_id uuid not null,
            head_branch text not null,
            created_at timestamptz not null default now(),
            updated_at timestamptz not null default now(),
            merged_at timestamptz,
            unique (repository_id, number)
        );
        alter table public.pull_requests enable row level security;
        create policy pull_requests_public_read on public.pull_requests for select using (true);
    end if;

    for created in select t from unnest(missing) t where to_regclass('public.' || t) is not null loop
        for grantee in
            select r.rolname from pg_roles r where r.rolname in ('anon', 'authenticated', 'service_role')
        loop
            execute format('grant select%s on public.%I to %I',
                case grantee when 'service_role' then ', insert, update, delete' else '' end, created, grantee);
        end loop;
    end loop;
end $$;
