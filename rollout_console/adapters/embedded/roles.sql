-- The roles of a hosted Supabase project, for the practice database: what works here works there. Run once, in single-user
-- mode, as the bootstrap superuser supabase_admin, whom nothing uses afterwards.

create role postgres login createdb createrole replication bypassrls;
create role anon;
create role authenticated;
create role service_role bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;
grant set on parameter session_replication_role to postgres;

alter role anon set statement_timeout = '3s';
alter role authenticated set statement_timeout = '8s';
alter role authenticator set statement_timeout = '8s';
alter role authenticator set lock_timeout = '8s';

grant all on database postgres to postgres;
grant all on schema public to postgres;
grant usage on schema public to anon, authenticated, service_role;
create schema extensions;
grant all on schema extensions to postgres;
grant usage on schema extensions to anon, authenticated, service_role;
alter role postgres set search_path = "$user", public, extensions;

-- A new project's, since 30 October 2026: reading, writing and calling are granted object by object.
alter default privileges for role postgres in schema public
    grant truncate, references, trigger on tables to anon, authenticated, service_role;
alter default privileges for role postgres in schema public
    grant update on sequences to anon, authenticated, service_role;

create publication supabase_realtime;
