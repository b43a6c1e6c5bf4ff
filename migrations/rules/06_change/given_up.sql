-- R20: what raises or unprotects takes effect while who asked for it still waits, and as long as nobody has stopped or
-- lowered anything that their side had not seen. The API goes on with what a client gave up, and may begin it late.

create or replace function rollout.refuse_given_up(became rollout_configuration)
returns void
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
#variable_conflict use_variable
declare
    change constant jsonb := rollout.current_change();
    -- What is no id or no moment says nothing.
    seen_id constant uuid := rollout.uuid_in(change ->> 'seen');
    seen_at constant timestamptz := rollout.moment(change ->> 'seen_at', -1);
    valid_until constant timestamptz := rollout.moment(change ->> 'valid_until', 1);
    was rollout_configuration;
    later rollout_history;
begin
    if coalesce(seen_id::text, seen_at::text, valid_until::text) is null then
        return;
    end if;
    select * into was from rollout_configuration c where c.id = became.id;
    if not rollout.raises_or_unprotects(was, became, change ->> 'command') then
        return;
    end if;
    select h.* into later
    from rollout_history seen
    join rollout_history h on h.rollout_config_id = seen.rollout_config_id and h.created_at > seen.created_at
    where seen.id = seen_id and seen.rollout_config_id = became.id
      and h.id::text <> change ->> 'operation_id' and rollout.lowers_or_protects(h)
    order by h.created_at desc limit 1;
    if later.id is not null then
        raise exception 'not done, since you had not seen % of %, by %; look: rollout.status(), then type the '
            'command again', rollout.named_change(later),
            to_char(later.created_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"'),
            rollout.author_of(later) || coalesce(': ' || left(later.reason, 200), '') using errcode = 'RC002';
    elsif rollout.known(was.unrecorded_halt_at) > seen_at then
        raise exception 'not done, since it was stopped or lowered once more at %, which you had not seen; '
            'look: rollout.status(), then type the command again',
            to_char(was.unrecorded_halt_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') using errcode = 'RC002';
    elsif clock_timestamp() > valid_until then
        raise exception 'not done, since it arrived after %, when nobody waited for it any more; '
            'look: rollout.status(), then type the command again',
            to_char(valid_until at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS"Z"') using errcode = 'RC002';
    end if;
end $$;
comment on function rollout.refuse_given_up(rollout_configuration) is
    'R20: raises RC002 if the open change would raise or unprotect a configuration and its time is over, or a stop or '
    'a lowering is newer than what was seen; each change of ours passes here, and what says neither passes.';

create or replace function rollout.newest_in_order(feature text)
returns uuid
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select h.id
    from rollout_history h
    where h.rollout_config_id = (
            select c.id from rollout_configuration c where c.feature_name = newest_in_order.feature and c.is_active)
      and rollout.is_recorded(h.metadata)
      and (select to_jsonb(jsonb_populate_record(null::rollout_configuration, '{}'))) ?| array(  -- its columns
            select jsonb_object_keys(rollout.object_in(h.metadata, 'after')))
    order by h.created_at desc limit 1
$$;
comment on function rollout.newest_in_order(text) is
    'R20: the newest change of a feature''s configuration itself. Whoever makes one has its lock, so that none that is '
    'older can commit later; of notes, marks and the rows of others that is not so.';

create or replace function rollout.raises_or_unprotects(
    was rollout_configuration, became rollout_configuration, command text
)
returns boolean
language sql stable
set search_path = pg_catalog, public, pg_temp
as $$
    select became.rollout_percentage > was.rollout_percentage
        or was.emergency_stop and not became.emergency_stop
        or was.held_reason is not null and (became.held_reason is null
            or coalesce(became.held_until, 'infinity') < coalesce(was.held_until, 'infinity'))
        or not became.breaker_enabled and (was.breaker_enabled
            or coalesce(became.breaker_off_until, 'infinity') > coalesce(was.breaker_off_until, 'infinity'))
        or (command in ('addToBlacklist', 'removeFromWhitelist')) is not true
            and (was.target_repositories, was.excluded_repositories, was.whitelist_until)
                is distinct from (became.target_repositories, became.excluded_repositories, became.whitelist_until)
        or was.plan is distinct from became.plan
        or exists (
            select
            from (select to_jsonb(rollout.without_lists(was)) as was, to_jsonb(rollout.without_lists(became)) as became
                  offset 0) c  -- once, not for each setting
            cross join rollout.settings() s
            where s.name not in ('keep_days', 'cost_per_job', 'cost_per_minute')  -- nothing goes by these
              and c.was #> rollout.setting_path(s.name) is distinct from c.became #> rollout.setting_path(s.name))
$$;
comment on function rollout.raises_or_unprotects(rollout_configuration, rollout_configuration, text) is
    'R20: whether a change raises the percentage, lifts a stop or a hold or has one end sooner, switches auto-rollback '
    'off or has it off for longer, lets somebody in by a list, or sets the plan or by what ramp and breaker go.';

create or replace function rollout.lowers_or_protects(entry rollout_history)
returns boolean
language sql immutable
as $$
    select entry.metadata ? 'before' and entry.triggered_by <> 'auto_end' and (
        coalesce(entry.new_percentage < entry.previous_percentage, false)
        or entry.metadata -> 'after' @> '{"emergency_stop": true}'
        or entry.metadata #>> '{after,emergency_stop_reason}' is not null  -- stopped again, for another reason
        or entry.metadata -> 'after' @> '{"breaker_enabled": true}'
        or entry.metadata #>> '{after,held_reason}' is not null
        or entry.metadata -> 'after' ?| '{held_until,breaker_off_until}'
            and not entry.metadata -> 'after' ?| '{held_reason,breaker_enabled}')
$$;
comment on function rollout.lowers_or_protects(rollout_history) is
    'R20: whether a change was a stop, a rollback or other lowering, by whomever, a hold, auto-rollback switched on or '
    'another end of either. What ended by itself, and rows that the web application writes beside its changes, are '
    'none.';
