"""Writes the steps and the present rules as files for `supabase db push`."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from rollout_console.migrate import ADOPT_JOBS, LOCK_TIMEOUT, Rules, Step, rules, steps, whole

HEAD = f"""-- Written by rollout-console migrate --export: keep it as it is, and commit it.
set lock_timeout = '{LOCK_TIMEOUT}';

"""
COUNT = "rollout_count_older_reports"


def export(folder: Path) -> list[Path]:
    """Write what the folder lacks, in a file that is applied as a whole, and return the new files.

    Files that are there stay as they are: a pushed file is never edited. What they hold is known by the statements
    that record it. A new file is stamped with now, and after all others, so that `supabase db push` takes it.

    Args:
        folder: made if need be, for example `supabase/migrations`.

    Raises:
        OSError: the folder can't be read or written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    present = [file.read_text(encoding="utf-8") for file in sorted(folder.glob("*_rollout_*.sql"))]
    now = rules()
    parts: list[Step | Rules] = [step for step in steps() if not any(step.record in text for text in present)]
    of_rules = [text for text in present if "insert into rollout.rules (checksum)" in text]
    if parts or not of_rules or now.record not in of_rules[-1]:
        parts.append(now)
    written = []
    if parts:
        written.append(_write(folder, f"rollout_{now.checksum}", whole(parts)))
    if not list(folder.glob(f"*_{COUNT}.sql")):
        # Apart, since it may count millions of rows: it holds up no report.
        written.append(_write(folder, COUNT, ADOPT_JOBS))
    return written


def _write(folder: Path, name: str, sql: str) -> Path:
    file = folder / f"{_next_version(folder)}_{name}.sql"
    file.write_text(HEAD + sql, encoding="utf-8")
    return file


def _next_version(folder: Path) -> str:
    """Return the time in the CLI's form, or the number after the newest file's if that is not in the past."""
    versions = [file.name.partition("_")[0] for file in folder.glob("*_*.sql")]
    newest = max((int(version) for version in versions if version.isdecimal()), default=0)
    return str(max(int(f"{datetime.now(UTC):%Y%m%d%H%M%S}"), newest + 1))
