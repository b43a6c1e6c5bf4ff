"""Which function stands in which file on which floor, read from migrations/rules/."""

from __future__ import annotations

import re
from pathlib import Path

from tests.support import ROOT

RULES = ROOT / "migrations" / "rules"
FLOORS = sorted(path for path in RULES.iterdir() if path.is_dir())
CREATED = re.compile(r"^create or replace function (?:public\.)?([\w.]+)", re.MULTILINE)


def defined() -> dict[str, Path]:
    """Return the file of each function by its name, with its schema unless that is public."""
    files = [path for folder in FLOORS for path in folder.glob("*.sql")]
    return {name: path for path in files for name in CREATED.findall(path.read_text(encoding="utf-8"))}


def floor(path: Path) -> str:
    """Return the folder of a file, which sorts from the ground up."""
    return path.parent.name
