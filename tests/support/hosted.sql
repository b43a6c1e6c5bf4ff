-- What a hosted Supabase project has beside the roles of the practice server
-- (rollout_console/adapters/embedded/roles.sql): run by the server's superuser, supabase_admin, after those.

-- Sessions of the dashboard, and of those who may only look.
create role dashboard_user createdb createrole replication;
create role supabase_read_only_user login bypassrls;
grant pg_read_all_data to supabase_read_only_user;

create schema auth;
grant all on schema auth to postgres;
grant usage on schema auth to anon, authenticated, service_role;
create function auth.uid() returns uuid language sql stable as
$$ select nullif(nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'sub', '')::uuid $$;
create function auth.role() returns text language sql stable as
$$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb ->> 'role' $$;
create function auth.jwt() returns jsonb language sql stable as
$$ select nullif(current_setting('request.jwt.claims', true), '')::jsonb $$;

-- What the platform itself makes in public is open, and always was.
alter default privileges for role supabase_admin in schema public
    grant all on tables to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
    grant all on functions to postgres, anon, authenticated, service_role;
alter default privileges for role supabase_admin in schema public
    grant all on sequences to postgres, anon, authenticated, service_role;

-- The API looks at the schema again whenever it changes.
create function extensions.tell_the_api() returns event_trigger language plpgsql as $$
begin
    if tg_event = 'ddl_command_end' and exists (
            select from pg_event_trigger_ddl_commands() c
            where c.command_tag ~ '^(CREATE|ALTER) (SCHEMA|TABLE|FOREIGN TABLE|VIEW|MATERIALIZED VIEW|FUNCTION|TYPE)'
               or c.command_tag in ('CREATE TABLE AS', 'SELECT INTO', 'CREATE TRIGGER', 'CREATE RULE', 'COMMENT'))
        or tg_event = 'sql_drop' and exists (
            select from pg_event_trigger_dropped_objects() d
            where d.object_type in ('schema', 'table', 'view', 'function', 'trigger', 'type', 'rule')
              and not d.is_temporary) then
        notify pgrst, 'reload schema';
    end if;
end $$;
create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.tell_the_api();
create event trigger pgrst_drop_watch on sql_drop execute function extensions.tell_the_api();
