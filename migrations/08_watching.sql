-- R10: an outbox for each service that alerts go to, so that each gets each alert once, whatever the others do.
create table if not exists rollout.receivers (
    feature_name text not null,
    receiver text not null,
    shown_as text not null,
    kinds text[] not null default '{}',
    failures integer not null default 0,
    failed_since timestamptz,
    next_try_at timestamptz,
    primary key (feature_name, receiver)
);
alter table rollout.receivers enable row level security;
comment on table rollout.receivers is
    'Services that alerts go to, each by a hash of its URL: which kinds it gets, and since when it takes none.';

create table if not exists rollout.deliveries (
    feature_name text not null,
    receiver text not null,
    event text not null,
    kind text,
    state text,
    is_over boolean not null default false,
    happened_at timestamptz not null,
    due_at timestamptz not null default clock_timestamp(),
    claimed_by uuid,
    claimed_until timestamptz,
    sent_at timestamptz,
    closed_at timestamptz,
    primary key (feature_name, receiver, event)
);
alter table rollout.deliveries enable row level security;
comment on table rollout.deliveries is
    'What each service gets: a change by the id of its row, or a state that was entered or is over. A monitor '
    'claims it '
    'for a while, sends it, and says so.';
comment on column rollout.deliveries.closed_at is 'When it was sent, given up, or passed over as too old to tell.';

do $$
begin
    if exists (select from pg_attribute a where a.attrelid = 'rollout.alerts'::regclass and a.attname = 'sent_at'
               and not a.attisdropped) then
        -- To an empty receiver: what was sent before counts as sent to all.
        insert into rollout.deliveries (feature_name, receiver, event, kind, happened_at, sent_at, closed_at)
        select a.feature_name, '', a.event, a.kind, a.raised_at, a.sent_at, a.sent_at
        from rollout.alerts a where a.sent_at is not null;
        delete from rollout.alerts a where a.event <> a.kind;
        alter table rollout.alerts drop column claimed_by, drop column claimed_until, drop column sent_at;
    end if;
end $$;
comment on table rollout.alerts is 'States to alert for, such as a breach: since when, and since when no more.';

drop function if exists public.rollout_claim_alerts(text[], integer, text[], text[], text, jsonb);
drop function if exists public.rollout_confirm_alerts(uuid, text[], text);

-- R8, R17: who looks, and when somebody last did.
create table if not exists rollout.health_checks (
    feature_name text primary key,
    checked_at timestamptz not null,
    checked_by text not null
);
alter table rollout.health_checks enable row level security;
comment on table rollout.health_checks is
    'When health was last checked, and by whom: a monitor, an operator, a cron job.';
