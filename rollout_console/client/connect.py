"""From settings to a client."""

from __future__ import annotations

from rollout_console.adapters import open_adapter
from rollout_console.client import RolloutClient
from rollout_console.errors import NotConfigured
from rollout_console.settings import Settings


def connect(
    url: str | None = None, key: str | None = None, feature: str | None = None, target: str | None = None
) -> RolloutClient:
    """Return a client; the first call connects. Use it in a `with` statement, or `close()` it.

    Args:
        url: `https://…` of a Supabase project, or `postgresql://…` of a database, whatever ROLLOUT_TARGET names;
            None for the target that the environment names.
        key: the key of the Supabase project; None only without a Supabase URL.
        feature: the name of the feature that is rolled out; None for the one that the target or the environment names.
        target: a name in `targets.toml`, in place of url and key.

    Raises:
        NotConfigured: the settings contradict each other or name no usable target.
        BadCredentials: what is given as a key can't be one.
    """
    is_given = url is not None or key is not None
    if target is not None and is_given:
        raise NotConfigured("a target is named, or given as url and key, but not both; type connect(target=...)")
    if target is not None and not target.strip():  # not the default one, which is meant by None
        raise NotConfigured('the name of the target is empty; type connect(target="name")')
    name = "" if is_given else target
    settings = Settings.from_environment({} if name is None else {"ROLLOUT_TARGET": name})
    if is_given:
        settings = settings.at(url, key)
    return RolloutClient(open_adapter(settings), feature or settings.feature)
