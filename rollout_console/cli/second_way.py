"""Whether the way round the API is open: looked at in peace, since an outage is too late to find it shut."""

from __future__ import annotations

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.errors import RolloutError
from rollout_console.render.sanitize import sanitize
from rollout_console.settings import Settings


def tried(settings: Settings, feature: str) -> tuple[bool, str] | None:
    """Read the status by the database URL, as a stop would go if the API were down.

    Args:
        settings: of this process.
        feature: whose status.

    Returns:
        Whether it worked, and a sentence; None where no API is in use or no database URL is set.
    """
    if not settings.supabase_url or not settings.database_url:
        return None
    adapter = PostgresAdapter(settings.database_url)
    try:
        adapter.call("rollout_status", changes=False, idempotent=True, feature_name=feature)
    except RolloutError as error:
        return False, f"a stop can't go round the API: {sanitize(str(error), 500)}"
    finally:
        adapter.close()
    return True, f"a stop can go round the API, by {adapter.target.place}"
