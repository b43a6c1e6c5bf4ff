-- R8 and R17: whose jobs they are. One repository with a broken token is no broken rollout, and one that succeeds is no
-- proof for the others.

create or replace function rollout.main_repository(config rollout_configuration)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
begin
    return (
        select jsonb_build_object(
            'repository', coalesce(h.full_name, s.repository_id::text), 'errors', s.errors, 'all_errors', s.all_errors)
        from (
            select m.repository_id, sum(m.error_count) as errors, sum(sum(m.error_count)) over () as all_errors
            from rollout_metrics m
            where m.rollout_config_id = config.id and m.treated and m.error_count > 0
              and m.last_error_at >= rollout.window_start(main_repository.config)
              and (m.created_at < config.restarted_at) is not true  -- a restart begins rows of its own
            group by m.repository_id
            order by errors desc
            limit 1
        ) s
        left join rollout_host_repositories h on h.id = s.repository_id
        where s.repository_id is not null and s.errors > 1 and 2 * s.errors > s.all_errors
          -- a row does not tell which of its errors are ignored
          and not exists (
              select from rollout.counted_errors e
              where e.rollout_config_id = config.id and e.treated and e.kind = any (config.ignored_errors)
                and e.last_seen_at >= rollout.window_start(main_repository.config)));
end $$;
comment on function rollout.main_repository(rollout_configuration) is
    'R8: the repository whose jobs have most of the treatment''s errors in the window; null if none has over half, or '
    'some of the errors are ignored ones.';

create or replace function rollout.repository_gates(config rollout_configuration)
returns table (name text, open boolean, message text, opens_at timestamptz, command text)
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select 'repositories', r.ran >= w.wanted, format(
               'repositories that ran in the rollout %s of %s, wanted >= %s', r.ran, e.eligible, w.wanted),
           null::timestamptz, 'rollout.categories()'
    from (select sum(a.eligible) as eligible from rollout.eligible_counts(config) a) e
    cross join lateral (select least(config.minimum_repositories, e.eligible) as wanted) w
    cross join (
        select count(distinct m.repository_id) as ran
        from rollout_metrics m
        where m.rollout_config_id = config.id and m.treated and m.total_jobs > 0
          and m.updated_at >= rollout.window_start(repository_gates.config)
          -- a row counts the jobs of a whole window from its creation on
          and m.created_at >= rollout.window_start(repository_gates.config)
                            - make_interval(hours => config.monitoring_window_hours)
    ) r
    where config.minimum_repositories > 1;
end $$;
comment on function rollout.repository_gates(rollout_configuration) is
    'R17: in how many repositories jobs ran in the rollout in the window; no row unless more than one is asked for, '
    'and never more than are eligible.';
