"""Runs the suite: `python -m benchmarks`; `--quick` on little data, `--only NAME` for one part of it."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from dataclasses import asdict
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from benchmarks.ground import ground
from benchmarks.measure import Row
from benchmarks.page import publish, table

PARTS = (
    "startup", "imports", "status", "commands", "categorize", "reports", "long", "jobs", "reporters", "crowd", "stop",
    "decision", "breaker", "adoption", "follow", "alerts", "month",
)  # fmt: skip


def main() -> int:
    chosen = _arguments()
    if chosen.draw:
        rows, conditions = load(chosen.draw)
    else:
        rows, conditions = measure(chosen.only or list(PARTS), chosen.quick, chosen.json)
    print(f"{conditions}\n\n{table(rows)}")
    if chosen.publish:
        publish(rows, conditions)
    return 0


def measure(parts: list[str], quick: bool, file: Path | None) -> tuple[list[Row], str]:
    """Measure part after part; what is measured is in the file, even if a later part fails."""
    rows: list[Row] = []
    conditions, begun = "", time.monotonic()
    with ground() as servers:
        for part in parts:
            print(f"measuring {part} …", file=sys.stderr, flush=True)
            rows += import_module(f"benchmarks.{part}").run(servers, quick)
            conditions = describe(quick, (time.monotonic() - begun) / 60)
            if file:
                save(file, rows, conditions)
    return rows, conditions


def describe(quick: bool, minutes: float) -> str:
    extent = "a quick run on little data" if quick else "a full run"
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {extent} of {minutes:.1f} minutes: {os.cpu_count()} processors, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, PostgreSQL 15 with fsync on."
    )


def save(file: Path, rows: list[Row], conditions: str) -> None:
    content = {"conditions": conditions, "rows": [{**asdict(row), "met": row.met} for row in rows]}
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def load(file: Path) -> tuple[list[Row], str]:
    content = json.loads(file.read_text(encoding="utf-8"))
    rows = [Row(**{name: value for name, value in row.items() if name != "met"}) for row in content["rows"]]
    return rows, content["conditions"]


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="little data, to see that the suite works")
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be repeated")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures to FILE")
    parser.add_argument("--draw", type=Path, metavar="FILE", help="measure nothing, take the figures from FILE")
    parser.add_argument("--publish", action="store_true", help="put table and chart into docs/performance.*")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
