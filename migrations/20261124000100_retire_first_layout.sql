-- A database of the development versions before this layout: their migrations leave the ledger, and
-- functions whose name, arguments or result have changed since are dropped; the rules create the present ones.
do $$
begin
    if to_regclass('supabase_migrations.schema_migrations') is not null then
        delete from supabase_migrations.schema_migrations
        where version in (
            '20261123000100', '20261123000200', '20261123000250', '20261123000300', '20261123000400', '20261123000500',
            '20261123000600', '20261123000650', '20261123000700', '20261123000800', '20261123000850', '20261123000860',
            '20261123000870', '20261123000900');
    end if;
end $$;
