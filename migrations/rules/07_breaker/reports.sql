-- R7, R8: reports of finished jobs, one or many at a time: what can be counted as one, and the reason for an entry that
-- can't. They are recorded, counted and judged in their own transaction.

create or replace function rollout.report_fault(
    processor text, success boolean, processing_seconds numeric, job_id text
)
returns text
language sql stable
as $$
    select case
        when processor is null or not public.rollout_host_processors() ? processor then
            'processor must be ' || rollout.processor_names() || ', not '
            || coalesce(quote_literal(left(processor, 50)), 'null')
        when success is null then 'success must be true or false, not null'
        when not coalesce(processing_seconds between 0 and 1e8, processing_seconds is null) then
            'processing_seconds must be a number of seconds from 0 to 100,000,000, or null'
        when length(job_id) not between 1 and 200 then 'job_id must be a text of 1 to 200 characters, or null'
    end
$$;
comment on function rollout.report_fault(text, boolean, numeric, text) is
    'R7: why a report can''t be counted; null if it can.';

create or replace function rollout.parse_reports(jobs jsonb)
returns rollout.report[]
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    arguments constant text[] := array['repo_id', 'processor', 'success', 'processing_seconds', 'error_message',
                                       'started_at', 'job_id', 'treated'];
    reports rollout.report[];
begin
    if jsonb_typeof(jobs) is distinct from 'array' or jsonb_array_length(jobs) > 10000 then
        raise exception 'jobs must be an array of at most 10,000 objects' using errcode = 'RC001';
    end if;
    begin
        if not exists (select from jsonb_array_elements(jobs) e where e.value - arguments <> '{}') then
            reports := array(
                select row(r.repo_id, r.processor, r.success, r.processing_seconds, r.error_message, r.started_at,
                           r.job_id, r.treated, row_number() over (), null, null, null)::rollout.report
                from jsonb_populate_recordset(null::rollout.report, jobs) r);
            if not exists (select from unnest(reports) r where rollout.report_fault(
                    r.processor, r.success, r.processing_seconds, r.job_id) is not null) then
                return reports;
            end if;
        end if;
    exception when data_exception or invalid_parameter_value then
        null;
    end;
    perform rollout.refuse_reports(jobs, arguments);
end $$;
comment on function rollout.parse_reports(jsonb) is
    'R7: the reports of a batch; RC001 with the reason for each entry that is none.';

create or replace function rollout.refuse_reports(jobs jsonb, arguments text[])
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    job jsonb;
    report rollout.report;
    place integer := 0;
    fault text;
    faults text[] := '{}';
begin
    for job in select e.value from jsonb_array_elements(jobs) e loop
        fault := null;
        begin
            if jsonb_typeof(job) <> 'object' then
                fault := 'not an object';
            elsif job - arguments <> '{}' then
                fault := 'unknown: ' || left((
                    select string_agg(quote_literal(k), ', ') from jsonb_object_keys(job - arguments) k), 100);
            else
                report := jsonb_populate_record(null::rollout.report, job);
                fault := rollout.report_fault(
                    report.processor, report.success, report.processing_seconds, report.job_id);
            end if;
        exception when data_exception then
            fault := left(sqlerrm, 200);
        end;
        if fault is not null then
            faults := faults || format('jobs[%s]: %s', place, fault);
        end if;
        place := place + 1;
    end loop;
    raise exception 'no job was counted, % of % can''t be: %', cardinality(faults), place,
        array_to_string(faults[:10], '; ') || case when cardinality(faults) > 10 then '; …' else '' end
        using errcode = 'RC001', detail = array_to_string(faults, E'\n');
end $$;
comment on function rollout.refuse_reports(jsonb, text[]) is
    'R7: RC001 with the reason for each entry that can''t be counted, the first ten in the message, all in the detail.';

create or replace function public.record_rollout_job(
    repo_id uuid, processor text, success boolean,
    processing_seconds numeric default null, error_message text default null,
    feature_name text default 'hybrid_progressive_capture',
    started_at timestamptz default null, job_id text default null, treated boolean default null
)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    fault constant text := rollout.report_fault(processor, success, processing_seconds, job_id);
    counted integer;
begin
    if fault is not null then
        raise exception '%', fault using errcode = 'RC001';
    end if;
    counted := rollout.count_report(rollout.active(feature_name), row(
        repo_id, processor, success, processing_seconds, error_message, started_at, job_id, treated, 1, null, null,
        null)::rollout.report, 'record_rollout_job', true);
end $$;
comment on function public.record_rollout_job(
    uuid, text, boolean, numeric, text, text, timestamptz, text, boolean) is
    'R7, R8: reports one finished job: when it began (reckoned from its seconds if only they are known), an id by '
    'which it counts once, and whether it was in the rollout. The job whose report is a breach trips the breaker in '
    'its own transaction.';

create or replace function public.record_rollout_jobs(
    jobs jsonb, feature_name text default 'hybrid_progressive_capture'
)
returns jsonb
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    reports constant rollout.report[] := rollout.parse_reports(rollout.given(jobs, 'array', 'jobs'));
begin
    return jsonb_build_object(
        'reported', cardinality(reports), 'counted', rollout.count_reports(
            rollout.active(feature_name), reports, 'record_rollout_job', true));
end $$;
comment on function public.record_rollout_jobs(jsonb, text) is
    'R7, R8: reports up to 10,000 finished jobs in the order in which they ended, all or none, each an object with the '
    'arguments of record_rollout_job. Answers how many there were, and how many counted: an id counts once.';
