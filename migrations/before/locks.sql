-- The tables that a step alters, locked at once. Whoever holds one of them and asks for another is given way to after
-- half a second: after a whole one (deadlock_timeout) PostgreSQL would refuse one of both, perhaps the application's
-- report.
do $$
declare
    tables constant text := (
        select string_agg(format('public.%I', t.name), ', ' order by t.place)
        from unnest(case when to_regclass('rollout.migrations') is null
            -- A row of the application's asks for its configuration last, by its foreign key; our reports ask first.
            then '{rollout_metrics,rollout_history,rollout_configuration,repository_categories}'::text[]
            else '{rollout_configuration,repository_categories,rollout_metrics,rollout_history}' end
        ) with ordinality t (name, place)
        where to_regclass('public.' || t.name) is not null);
    patience constant text := current_setting('lock_timeout');
    attempts integer := 0;
begin
    while tables is not null loop
        attempts := attempts + 1;
        begin
            perform set_config('lock_timeout', '500ms', true);
            execute format('lock table %s in access exclusive mode', tables);
            perform set_config('lock_timeout', patience, true);
            exit;
        exception when lock_not_available or deadlock_detected then
            if attempts = 10 then
                raise;
            end if;
            perform pg_sleep(0.2);  -- who waited behind us goes on
        end;
    end loop;
end $$;
