-- R18: who stands in the way of a change, and how a stop gets past them.
--
-- No function here, and none on this floor, has a variable of the table's type:
-- PostgreSQL looks up its columns as it compiles the function, and would wait right there for whoever has locked the
-- table.

create or replace function rollout.lockers(lockers xid[], locked regclass)
returns integer[]
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    locker xid;
    members xid[] := lockers;
    pids integer[];
begin
    foreach locker in array lockers loop
        begin  -- of a row that several have locked, xmax is their list; a key share is in nobody's way
            members := members || array(
                select m.xid from pg_get_multixact_members(locker) m where m.mode <> 'keysh');
        exception when others then
            null;  -- no list of this number: xmax is a transaction
        end;
    end loop;
    pids := array(
        select l.pid from pg_locks l
        where l.locktype = 'transactionid' and l.granted and l.transactionid = any (members)
          and l.pid in (select rollout.table_holders(locked)));
    if pids <> '{}' then
        return pids;
    end if;
    -- A savepoint's transaction that was released has no lock any more. It began after its session's own did; if
    -- only one session that has locked rows of this table for a second qualifies, it is that one.
    pids := array(
        select a.pid from pg_stat_activity a
        where a.pid in (select rollout.table_holders(locked)) and a.xact_start < clock_timestamp() - interval '1 second'
          and exists (select from unnest(lockers) r (locker)
                      where rollout.is_in_progress(r.locker) and age(a.backend_xid) >= age(r.locker))
          and not exists (select from pg_locks w
                          where w.pid = a.pid and not w.granted and w.locktype in ('transactionid', 'tuple')));
    return case when cardinality(pids) = 1 then pids else '{}' end;
end $$;
comment on function rollout.lockers(xid[], regclass) is
    'R18: the sessions that have locked rows of a table against a change, by what stands in the rows as xmax.';

create or replace function rollout.table_holders(locked regclass)
returns setof integer
language sql volatile
set search_path = pg_catalog, public, pg_temp
as $$
    select l.pid from pg_locks l
    where l.locktype = 'relation' and l.granted and l.relation = locked
      and l.mode in ('RowShareLock', 'RowExclusiveLock') and l.pid <> pg_backend_pid()
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
$$;
comment on function rollout.table_holders(regclass) is
    'R18: the other sessions that have locked or written rows of a table in an open transaction.';

create or replace function rollout.with_epoch(transaction xid, near bigint)
returns bigint
language sql immutable
as $$
    select greatest(0, near - 2147483648 + ((transaction::text::bigint - near + 2147483648) & 4294967295))
$$;
comment on function rollout.with_epoch(xid, bigint) is
    'R18: the number of a transaction with its epoch, which xmax lacks: of those that it can be, the nearest to one of '
    'now, since none that is known is two thousand million away; 0 for what never was one.';

create or replace function rollout.is_in_progress(transaction xid)
returns boolean
language sql volatile
set search_path = pg_catalog, public, pg_temp
as $$
    select coalesce(pg_xact_status(rollout.with_epoch(transaction, n.near)::text::xid8) = 'in progress', false)
    from (select pg_snapshot_xmax(pg_current_snapshot())::text::bigint as near) n  -- some have begun since
    where transaction::text <> '0' and age(transaction) > 0
$$;
comment on function rollout.is_in_progress(xid) is
    'R18: whether a transaction, or one of a savepoint, of others has not ended; null for none.';

create or replace function rollout.refuse_strangers()
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    -- In a function with the rights of its owner this is still who called it: the role that was set, or that logged in.
    caller constant name := coalesce(nullif(current_setting('role'), 'none'), session_user);
begin
    if not pg_has_role(caller, current_user, 'usage') and not exists (
        select from pg_roles r where r.rolname = 'service_role' and pg_has_role(caller, r.oid, 'member')) then
        raise exception 'the role % may not see the sessions of others', caller using errcode = '42501';
    end if;
end $$;
comment on function rollout.refuse_strangers() is
    'R11: refuses a caller who is neither the owner of the calling function nor the service role, whatever the grants.';

create or replace function rollout.blockers(feature text)
returns table (pid integer, application text, state text, seconds integer)
language plpgsql volatile security definer  -- what sessions of other roles do is shown to the owner
set search_path = pg_catalog, public, pg_temp
set lock_timeout = '100ms'
as $$
#variable_conflict use_variable
declare
    pids integer[];
    holding boolean;
begin
    perform rollout.refuse_strangers();
    perform pg_stat_clear_snapshot();  -- or the activity is that of the transaction's first look
    -- Who holds a table, then who waits for one ahead of us, then who holds rows, which can only now be looked at: the
    -- configuration's, then the counts', of which an emergency stop needs none.
    foreach holding in array array[true, false] loop
        pids := array(
            select l.pid from pg_locks l
            where l.locktype = 'relation' and l.granted = holding and l.pid <> pg_backend_pid()
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and (l.mode = 'AccessExclusiveLock' and l.relation in (select rollout.tables_read())
                   or l.mode in ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
                   and l.relation in (to_regclass('public.rollout_configuration'),
                                       to_regclass('public.rollout_history'),
                                      to_regclass('rollout.category_counts'))));
        exit when pids <> '{}';
    end loop;
    if pids = '{}' then
        pids := rollout.lockers(
            array(select c.xmax from rollout_configuration c where c.feature_name = feature and c.is_active),
            'public.rollout_configuration');
    end if;
    if pids = '{}' and to_regclass('rollout.category_counts') is not null then
        pids := rollout.lockers(
            array(select c.xmax from rollout.category_counts c where c.feature_name = feature),
            'rollout.category_counts');
    end if;
    return query
        select a.pid, coalesce(nullif(a.application_name, ''), 'unnamed'), coalesce(a.state, 'unknown'),
               floor(extract(epoch from clock_timestamp() - a.xact_start))::integer
        from pg_stat_activity a
        where a.pid = any (pids)
        order by a.xact_start;
end $$;
comment on function rollout.blockers(text) is
    'R18: the sessions in the way of a change: what they call themselves, state, age of the transaction, no data.';

create or replace function rollout.tables_read()
returns setof oid
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select c.oid from pg_class c
    where c.relkind in ('r', 'p', 'v') and (
        rollout.is_our_table(c.oid)
        or c.relnamespace = 'public'::regnamespace and c.relname in ('repositories', 'pull_requests'))
$$;
comment on function rollout.tables_read() is
    'R18: the tables that a change or its answer reads, but not the host''s jobs: for those no answer waits.';

create or replace function rollout.end_blockers(feature text)
returns jsonb
language plpgsql security definer  -- hosted Supabase lets the owner end sessions, and not the service role
set search_path = pg_catalog, public, pg_temp
as $$
declare
    seen constant integer[] := array(select b.pid from rollout.blockers(feature) b where coalesce(b.seconds, 1) >= 1);
    blocker record;
    ended jsonb := '[]';
begin
    if seen = '{}' then
        return ended;
    end if;
    perform pg_sleep(0.3);  -- one that has only just got the lock is done by then
    for blocker in select * from rollout.blockers(feature) b where b.pid = any (seen) loop
        begin
            if pg_terminate_backend(blocker.pid, 1000) then
                ended := ended || jsonb_strip_nulls(to_jsonb(blocker));
            end if;
        exception when insufficient_privilege then
            null;  -- a superuser's, or this role may end none: rollout_blocked names it
        end;
    end loop;
    return ended;
end $$;
comment on function rollout.end_blockers(text) is
    'R18: ends the sessions that were in the way of a stop before and after a moment; answers which.';

create or replace function rollout.prepared_blockers()
returns table (gid text)
language sql volatile
set search_path = pg_catalog, public, pg_temp
as $$
    select distinct p.gid
    from pg_prepared_xacts p
    join pg_locks own on own.locktype = 'transactionid' and own.granted and own.transactionid = p.transaction
    join pg_locks l on l.virtualtransaction = own.virtualtransaction and l.locktype = 'relation' and l.pid is null
        and l.relation = to_regclass('public.rollout_configuration') and l.mode <> 'AccessShareLock'
    where p.database = current_database()
$$;
comment on function rollout.prepared_blockers() is
    'R18: the prepared transactions that have locked rows of the configuration: they belong to no session.';

create or replace function public.rollout_blocked(feature_name text default 'hybrid_progressive_capture')
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
declare
    blockers text;
    statements text;
begin
    select string_agg(format('process %s (%s, %s%s)', b.pid, left(b.application, 60), b.state,
                             ', for ' || b.seconds || ' s'), ', '),
           string_agg(format('select pg_terminate_backend(%s)', b.pid), '; ')
    into blockers, statements
    from rollout.blockers(feature_name) b;
    if blockers is null then
        select string_agg(format('%L', x.gid), ', '), string_agg(format('rollback prepared %L', x.gid), '; ')
        into blockers, statements
        from rollout.prepared_blockers() x;
        if blockers is not null then
            raise exception 'a prepared transaction has locked the rollout: %; nothing was changed; to end it, run %; '
                            'then type the command again', blockers, statements using errcode = 'RC005';
        end if;
        raise exception 'another session has locked the rollout; nothing was changed: type the command again'
            using errcode = 'RC005';
    end if;
    raise exception 'another session has locked the rollout: %; nothing was changed; to end it, run %; '
                    'then type the command again', blockers, statements using errcode = 'RC005';
end $$;
comment on function public.rollout_blocked(text) is
    'R13 and R18: refuses a change, naming who is in its way and the statement that ends their sessions; RC005.';
