-- R8, R17: who last looked at health, and when: a monitor, an operator, or a line of pg_cron.

create or replace function rollout.note_check(feature text, context jsonb)
returns void
language plpgsql
set search_path = pg_catalog, public, pg_temp
as $$
begin
    if current_setting('transaction_read_only')::boolean then
        return;
    end if;
    insert into rollout.health_checks as k (feature_name, checked_at, checked_by)
    select note_check.feature, clock_timestamp(), left(concat(
        case coalesce(w.who ->> 'triggered_by', 'manual') when 'manual' then ''
            else (w.who ->> 'triggered_by') || ' of ' end,
        coalesce(w.who ->> 'operator', session_user), '@' || (w.who ->> 'host')), 200)
    from (select rollout.given(context, 'object', 'context') as who) w
    on conflict (feature_name) do update
    set checked_at = excluded.checked_at, checked_by = excluded.checked_by;
exception when others then
    return;  -- R18: it must not undo a rollback that the check has just made
end $$;
comment on function rollout.note_check(text, jsonb) is 'R8: notes that health was checked, by whom, and when.';
