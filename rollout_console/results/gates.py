"""R17: what must be so before the ramp rises."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from rollout_console.results.base import Record

OnBreach = Literal["zero", "step_back", "hold"]


class Gate(Record, kw_only=True):
    """One gate: what was found, when it opens if that is known, and what to type if it is shut."""

    name: str
    open: bool
    message: str
    opens_at: datetime | None
    command: str
