-- R8: which report is judged when, so that the one too many trips the breaker and no other is held up.

create or replace function rollout.is_in_breach(config rollout_configuration)
returns boolean
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    treatment record;
begin
    treatment := rollout.treatment(config);
    return (treatment.whole_breach or treatment.recent_breach)
       and not (treatment.shared and rollout.is_held_for_good(config));  -- which would be a hold once more
end $$;
comment on function rollout.is_in_breach(rollout_configuration) is
    'R8: whether a report trips the breaker now, by the jobs that this transaction sees.';

create or replace function rollout.reason_to_judge(config public.rollout_configuration, failing boolean)
returns text
language plpgsql
as $$
#variable_conflict use_variable
begin
    return case
        when not rollout.can_trip(config) then null
        when failing then 'failure'
        -- A success can be the crossing job by completing the minimum sample, which it can't once a slot of the window
        -- holds more by itself.
        when not exists (
            select from rollout.job_counts c
            where c.rollout_config_id = config.id and c.slot_start >= (select rollout.window_start(config))
              and c.treated and c.jobs > config.minimum_sample) then 'sample'
        -- Two serializable reports that read what both write could not both commit.
        when current_setting('transaction_isolation') <> 'serializable'
            and exists (select from rollout.unjudged u where u.rollout_config_id = config.id) then 'left'
    end;
end $$;
comment on function rollout.reason_to_judge(rollout_configuration, boolean) is
    'R8: why reports of the treatment are to be judged: one failed, or completes the minimum sample, or another is '
    'left to be judged again; null if they need not be.';

create or replace function rollout.line(config rollout_configuration)
returns bigint
language sql immutable
as $$ select hashtextextended('rollout.line ' || config.id::text, 0) $$;
comment on function rollout.line(rollout_configuration) is
    'R8: the advisory lock of those that are judged, one after the other.';

create or replace function rollout.line_up(config rollout_configuration, reason text, patient boolean)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    may_wait constant boolean := reason = 'failure' and patient;  -- a success waits for nobody
begin
    if rollout.snapshot_is_kept() then  -- it does not see those who were before us
        if reason <> 'left' then
            insert into rollout.unjudged (rollout_config_id) values (config.id);
        end if;
        return current_setting('transaction_isolation') <> 'serializable';
    elsif pg_try_advisory_xact_lock(rollout.line(config)) then
        perform rollout.take_over(config);
    elsif reason = 'left' then
        return false;  -- whoever is in the line takes it over
    -- Nobody waits where another has waited in vain a moment ago.
    elsif may_wait and not exists (
        select from rollout.unjudged u
        where u.rollout_config_id = config.id and u.waited_for is not null
          and u.reported_at > clock_timestamp() - (rollout.report_limits()).in_vain) then
        perform rollout.wait_in_line(config);
    else
        perform rollout.leave_unjudged(config, may_wait);
    end if;
    return true;
end $$;
comment on function rollout.line_up(rollout_configuration, text, boolean) is
    'R8: waits a moment, if at all, until those that were before are committed; if that takes longer, leaves word that '
    'the caller is to be judged again. False if the caller need not judge.';

create or replace function rollout.leave_unjudged(config rollout_configuration, waited boolean)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    insert into rollout.unjudged (rollout_config_id, waited_for, remedy)
    select config.id, case when waited then coalesce(h.holder, 'a session that has gone') end, h.remedy
    from (select) one
    left join rollout.holder_of_line(rollout.line(config)) h on waited;
end $$;
comment on function rollout.leave_unjudged(rollout_configuration, boolean) is
    'R8: leaves word that a report is judged past the line, and for whom it waited.';

create or replace function rollout.wait_in_line(config rollout_configuration)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    patience constant text := current_setting('lock_timeout');
begin
    begin
        perform set_config('lock_timeout', (rollout.report_limits()).line_wait, true);
        perform pg_advisory_xact_lock(rollout.line(config));
        perform set_config('lock_timeout', patience, true);
    exception when lock_not_available or deadlock_detected then
        perform rollout.leave_unjudged(config, true);
        return;
    end;
    perform rollout.take_over(config);
end $$;
comment on function rollout.wait_in_line(rollout_configuration) is
    'R8: waits for the line, but not for long; who was in the way is noted.';

create or replace function rollout.take_over(config rollout_configuration)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    -- Whoever sees such a row sees the jobs that came with it, and judges them with its own.
    delete from rollout.unjudged u
    where u.ctid = any (array(
        select o.ctid from rollout.unjudged o where o.rollout_config_id = config.id for update skip locked));
exception when serialization_failure or read_only_sql_transaction then
    null;  -- taken over by another since this snapshot, or a standby, which judges nothing
end $$;
comment on function rollout.take_over(rollout_configuration) is
    'R8: takes over what was judged past the line; the caller judges now.';

create or replace function rollout.holder_of_line(line bigint, out holder text, out remedy text)
returns setof record
language plpgsql volatile security definer  -- what sessions of other roles do is shown to the owner
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    perform pg_stat_clear_snapshot();
    return query
    select case when l.pid is null then format('the prepared transaction %s', x.gid)
                else format('process %s (%s), %s since %s', l.pid,
                            left(coalesce(nullif(a.application_name, ''), 'unnamed'), 60),
                            coalesce(a.state, 'unknown'),
                            to_char(a.xact_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"')) end,
           case when l.pid is null then format('rollback prepared %L', x.gid)
                else format('select pg_terminate_backend(%s)', l.pid) end
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    left join pg_locks t on l.pid is null and t.virtualtransaction = l.virtualtransaction
        and t.locktype = 'transactionid' and t.granted
    left join pg_prepared_xacts x on x.transaction = t.transactionid
    where l.locktype = 'advisory' and l.granted and l.objsubid = 1
      and (l.classid::bigint << 32 | l.objid::bigint) = line
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
    limit 1;
end $$;
comment on function rollout.holder_of_line(bigint) is
    'R8: who holds the line, since when it has been in its transaction, and the statement that ends it.';

create or replace function rollout.next_judged(
    config rollout_configuration, reports rollout.report[], first integer
)
returns integer
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    rest constant rollout.report[] := reports[first:];
    failing constant bigint := (select count(*) from unnest(rest) r where not r.success);
    spare constant record := rollout.room(config, failing);
    place integer := first - 1;
    jobs integer := 0;
    failures integer := 0;
    one rollout.report;
begin
    if spare.jobs is null and spare.failures > failing then
        return null;
    end if;
    foreach one in array rest loop
        place := place + 1;
        continue when not one.arm;
        jobs := jobs + 1;
        if not one.success then
            failures := failures + 1;
        end if;
        if jobs = spare.jobs or not one.success and failures = spare.failures then
            return place;
        end if;
    end loop;
    return null;
end $$;
comment on function rollout.next_judged(rollout_configuration, rollout.report[], integer) is
    'R8: the place in a batch of the first report, from one on, that could be the crossing one; null if none could.';

create or replace function rollout.missing_jobs(
    config rollout_configuration, jobs bigint[], errors bigint[], failures bigint
)
returns integer
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    needs_evidence constant boolean := (
        select g.at_reports from rollout.guardrails() g where g.guardrail = config.guardrail);
    -- One stretch has that much in any breach: it is the run, or the strongest of those that are summed.
    enough constant numeric := (select least(l.window_limit, l.recent_limit / (l.stretches + 2.0))
                                from rollout.evidence_limits() l);
begin
    return (
        select min(greatest(config.minimum_sample - s.jobs, 1))
        from unnest(jobs, errors) s (jobs, errors)
        where rollout.crossed(s.errors + failures, s.jobs + failures, config.max_error_rate, 1)
          and (not needs_evidence
               or rollout.evidence(s.errors + failures, s.jobs + failures, config.max_error_rate) >= enough));
end $$;
comment on function rollout.missing_jobs(rollout_configuration, bigint[], bigint[], bigint) is
    'R8: how many more jobs a stretch needs, at least 1, that could be in breach after so many more failures; null if '
    'none could.';

create or replace function rollout.room(
    config rollout_configuration, most bigint, out failures integer, out jobs integer
)
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    at constant timestamptz := clock_timestamp();  -- PostgreSQL inlines a function of it, but none of a volatile one
    stretch record;
    tried integer := 0;
    missing integer;
begin
    -- So many failures can come without a breach, whatever succeeds between them: a success only lowers the evidence,
    -- and a stretch below the minimum sample is none.
    select array_agg(s.jobs) as jobs, array_agg(s.errors) as errors, max(s.slot_start) as newest
    into stretch from rollout.stretches(config) s;
    if (stretch.newest >= rollout.slot_start(config, at)) is not true then  -- one begins now
        stretch.jobs := stretch.jobs || 0::bigint;
        stretch.errors := stretch.errors || 0::bigint;
    end if;
    if rollout.missing_jobs(config, stretch.jobs, stretch.errors, most + 1) is null then  -- as of most batches
        failures := most + 1;
        return;
    end if;
    loop
        missing := rollout.missing_jobs(config, stretch.jobs, stretch.errors, tried);
        exit when missing is not null;
        failures := tried;
        tried := case tried when 0 then 1 else 2 * tried end;
    end loop;
    if failures is null then  -- only the minimum sample is missing, which a success may complete
        jobs := missing;
    end if;
    failures := greatest(failures, 1);
end $$;
comment on function rollout.room(rollout_configuration, bigint) is
    'R8: how many more jobs, or failures among them, can come before one could be the crossing one, or more failures '
    'than there are.';

create or replace function rollout.holder_of_configuration(feature text, out holder text, out remedy text)
returns setof record
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
begin
    return query
    select format('process %s (%s), %s for %s s in its transaction', b.pid, left(b.application, 60), b.state,
                  b.seconds),
           format('select pg_terminate_backend(%s)', b.pid)
    from rollout.blockers(feature) b limit 1;
exception when others then
    null;  -- it may be the role of the application that reports, which may not see the sessions of others
end $$;
comment on function rollout.holder_of_configuration(text) is
    'R8: who holds the configuration, and the statement that ends it; no row if nobody does, or nobody may know.';

create or replace function rollout.leave_word(config rollout_configuration, trouble text)
returns void
language sql
set search_path = pg_catalog, public, pg_temp
as $$
    insert into rollout.unjudged (rollout_config_id, waited_for, remedy)
    select config.id, coalesce(b.holder, trouble), b.remedy
    from (select) one left join rollout.holder_of_configuration(config.feature_name) b on true
$$;
comment on function rollout.leave_word(rollout_configuration, text) is
    'R8: leaves word that it is to be judged again, and who holds the configuration, or else what the trouble was.';

create or replace function rollout.judge(config rollout_configuration, reported_by text, patient boolean)
returns boolean
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    patience constant text := current_setting('lock_timeout');
    trouble text;
begin
    begin
        if not rollout.is_in_breach(config) then
            return false;
        end if;
        perform set_config(
            'lock_timeout', case when patient then (rollout.report_limits()).trip_wait else '1ms' end, true);
        select * into config from rollout_configuration c where c.id = config.id for no key update;
        config := rollout.usable(config);
        if rollout.can_trip(config) and rollout.is_in_breach(config) then  -- unless an operator was faster
            perform rollout.trip(config, null, jsonb_build_object('command', reported_by));
            perform rollout.close_change();
        end if;
        perform set_config('lock_timeout', patience, true);
        return true;
    exception when others then  -- whatever it is: no report is refused
        get stacked diagnostics trouble = message_text;
    end;
    perform rollout.leave_word(config, trouble);
    return false;
end $$;
comment on function rollout.judge(rollout_configuration, text, boolean) is
    'R8: trips the breaker in the transaction of a report if the window is in breach with it; if somebody is in the '
    'way, leaves word that it is to be judged again. True if the configuration may have changed.';
