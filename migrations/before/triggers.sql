-- A trigger of ours that is disabled, or whose name no rule knows (it was renamed), goes: the rules create it anew.
do $$
declare
    kept jsonb;
    altered record;
begin
    select r.catalogue into kept from rollout.rules r order by r.applied_at desc limit 1;
    for altered in
        select t.tgname, t.tgrelid::regclass as on_table
        from pg_trigger t join pg_proc p on p.oid = t.tgfoid
        where not t.tgisinternal and t.tgparentid = 0 and t.tgname <> 'rollout_follow_jobs'
          and p.pronamespace = 'rollout'::regnamespace
          and (t.tgenabled <> 'O' or not kept ? format('trigger %s on %s.%s', t.tgname, quote_ident((
              select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = t.tgrelid)),
              quote_ident((select c.relname from pg_class c where c.oid = t.tgrelid))))
    loop
        execute format('drop trigger %I on %s', altered.tgname, altered.on_table);
    end loop;
end $$;
