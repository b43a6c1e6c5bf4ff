-- R2 and R7: the processors of the host, and what is wanted of them and of a phase: the manual's figures, or those of
-- a rollout.

create or replace function rollout.criterion_ranges()
returns table (name text, low numeric, high numeric)
language sql stable
as $$
    select m.name, m.low, m.high from rollout.manual_criteria() m
    union all
    select p.key || '_seconds', 1, 604800 from pg_catalog.jsonb_each(public.rollout_host_processors()) p
$$;
comment on function rollout.criterion_ranges() is 'R2: what criteria may name, and from what to what.';

create or replace function rollout.wanted(config rollout_configuration, criterion text, manual numeric)
returns numeric
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    target constant numeric := rollout.number_in(config.metadata -> 'criteria', criterion);
begin
    if target is null then  -- mostly, and nothing need be looked up
        return manual;
    end if;
    return case when exists (
        select from rollout.criterion_ranges() r where r.name = criterion and target between r.low and r.high)
        then target else manual end;
end $$;
comment on function rollout.wanted(rollout_configuration, text, numeric) is
    'R2: the target of a criterion: as criteria says, if that can be one, else the manual''s.';

create or replace function rollout.processors(config rollout_configuration)
returns table (
    "position" integer, processor text, title text, arm text, shortest integer, longest integer, manual integer
)
language sql stable rows 2
as $$
    select row_number() over (order by rollout.number_in(p.value, 'position'), p.key)::integer, p.key,
           coalesce(rollout.text_in(p.value, 'title'), p.key), rollout.text_in(p.value, 'arm'),
           rollout.number_in(p.value, 'shortest')::integer,
           rollout.wanted(config, p.key || '_seconds', rollout.number_in(p.value, 'longest'))::integer,
           rollout.number_in(p.value, 'longest')::integer
    from pg_catalog.jsonb_each(public.rollout_host_processors()) p
$$;
comment on function rollout.processors(rollout_configuration) is
    'R7: the processors of the host, and how many seconds a job should take on each: the host''s figure (for the web '
    'application the manual''s), or that of criteria.';

create or replace function rollout.processor_names()
returns text
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select string_agg(p.key, ' or ' order by rollout.number_in(p.value, 'position'), p.key)
    from jsonb_each(rollout_host_processors()) p
$$;
comment on function rollout.processor_names() is 'R7: the processors of the host, as a message names them.';
