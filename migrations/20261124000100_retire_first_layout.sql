-- A database of the development versions before this layout: their migrations leave the ledger, their functions
-- are dropped, since names, arguments and results have changed, and the rules create the present ones.
do $$
declare
    signature regprocedure;
begin
    if to_regclass('supabase_migrations.schema_migrations') is null then
        return;
    end if;
    delete from supabase_migrations.schema_migrations
    where version in (
        '20261123000100', '20261123000200', '20261123000250', '20261123000300', '20261123000400', '20261123000500',
        '20261123000600', '20261123000650', '20261123000700', '20261123000800', '20261123000850', '20261123000860',
        '20261123000870', '20261123000900');
    if not found then
        return;
    end if;
    for signature in
        select p.oid::regprocedure from pg_proc p
        where p.pronamespace = 'public'::regnamespace and p.proname like 'rollout\_%'
          and p.prorettype <> 'trigger'::regtype  -- those are in use by triggers, and replaced in place
    loop
        execute format('drop function %s', signature);
    end loop;
    alter table if exists public.rollout_admission rename to rollout_category_counts;
    alter table if exists public.rollout_category_counts rename column admitted to eligible;
    alter index if exists public.rollout_admission_pkey rename to rollout_category_counts_pkey;
end $$;
