-- R20: a stop or a rollback that leaves no row in the history is dated here.
alter table public.rollout_configuration
    add column if not exists unrecorded_halt_at timestamptz;
comment on column public.rollout_configuration.unrecorded_halt_at is
    'R20: when a stop or a rollback last found it so already, or could not be recorded.';
