-- The existing deployment allows two active configurations of one feature; the newest stays active. On first
-- adoption no trigger is there yet that would record it, so the history rows are written here.
with superseded as (
    update public.rollout_configuration c
    set is_active = false
    where c.is_active and exists (
        select from public.rollout_configuration newer
        where newer.is_active and newer.feature_name = c.feature_name
          and (coalesce(newer.updated_at, newer.created_at, '-infinity'), newer.id)
            > (coalesce(c.updated_at, c.created_at, '-infinity'), c.id))
    returning c.id, c.rollout_percentage
)
insert into public.rollout_history (
    rollout_config_id, action, previous_percentage, new_percentage, reason, triggered_by, metadata)
select s.id, 'updated', s.rollout_percentage, s.rollout_percentage,
       'a newer active configuration of the same feature exists', 'migration',
       '{"command": "migrate", "before": {"is_active": true}, "after": {"is_active": false}}'
from superseded s;

create unique index if not exists rollout_configuration_one_active
    on public.rollout_configuration (feature_name) where is_active;
