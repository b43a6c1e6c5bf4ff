-- R9: what the console shows of the lists.

create or replace function public.rollout_show_whitelist(
    feature_name text default 'hybrid_progressive_capture', max_rows integer default 50, search text default null
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, public, pg_temp
as $$
declare
    config constant rollout_configuration := rollout.active(feature_name);
    bound constant integer := rollout.within('limit', max_rows, 1, 100000, 'rollout.showWhitelist(limit=200)');
begin
    return jsonb_build_object(
        'whitelist_entries', cardinality(config.target_repositories),
        'blacklist_entries', cardinality(config.excluded_repositories),
        'search', search,
        'decided_by', rollout.decided_by(),
        'whitelist', rollout.names_of_entries(
            rollout.search_list(config.target_repositories, bound, search), config.whitelist_until),
        'blacklist', rollout.names_of_entries(rollout.search_list(config.excluded_repositories, bound, search)));
end $$;
comment on function public.rollout_show_whitelist(text, integer, text) is
    'rollout.showWhitelist(): of both lists the first entries by name, or those whose name or id contains a text.';
