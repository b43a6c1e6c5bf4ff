"""Every renderer of a result: importing this registers them."""

from rollout_console.render import (  # noqa: F401
    categories,
    changes,
    chart,
    eligibility,
    errors,
    features,
    guardrail,
    health_check,
    history,
    incident,
    outcomes,
    progression,
    ramp,
    settings,
    simulation,
    statistics,
    status,
    timeline,
    whitelist,
)
