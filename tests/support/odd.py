"""Odd values for every column and JSON key that others may write, made from the catalogue, and a client within one
transaction of a test, which takes them back."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from rollout_console.adapters.postgres import PostgresAdapter, _adapted, _statement, translate
from rollout_console.data_files import data_file

# Tables that others write, each with what a row of it has, as SQL; the rest has its defaults.
TABLES = {
    "rollout_configuration": {},
    "rollout_history": {
        "rollout_config_id": "(select id from rollout_configuration where is_active)", "action": "'updated'",
        "previous_percentage": "0", "new_percentage": "10", "triggered_by": "'manual'", "created_at": "clock_timestamp()",
    },
    "rollout_metrics": {
        "rollout_config_id": "(select id from rollout_configuration where is_active)",
        "repository_id": "(select min(id::text)::uuid from repositories)", "processor_type": "'inngest'",
        "success_count": "1", "error_count": "0", "total_jobs": "1", "average_processing_time": "20",
        "metrics_window_start": "now()", "metrics_window_end": "now()",
    },
    "repository_categories": {},
    "repositories": {},
    "pull_requests": {
        "github_id": "1", "number": "1", "title": "'t'", "state": "'open'", "author_id": "gen_random_uuid()",
        "repository_id": "(select min(id::text)::uuid from repositories)", "head_branch": "'b'",
    },
    "progressive_capture_jobs": {
        "job_type": "'capture'", "repository_id": "(select min(id::text)::uuid from repositories)",
        "processor_type": "'github_actions'", "status": "'processing'", "started_at": "now()",
    },
}  # fmt: skip
UPDATED = {"rollout_configuration", "repository_categories", "repositories"}  # of the others a row is added
NUMBERS = ["null", "0", "-1", "7", "2147483647", "-2147483648"]
TIMES = ["null", "'infinity'", "'-infinity'", "'10000-01-01'", "'0001-01-01 BC'", "'2999-01-01'", "'1970-01-01'"]
VALUES = {
    "text": ["null", "''", r"E'\x1b[31m\n\t\u202e\u00ff'", "repeat('x', 20)", "'NaN'", "'%s {0} %'"],
    "numeric": ["null", "'NaN'", "'Infinity'", "-1", "0", "999.99", "1e300", "0.001"],
    "integer": NUMBERS,
    "bigint": [*NUMBERS, "9223372036854775807"],
    "boolean": ["null", "true", "false"],
    "timestamp with time zone": TIMES,
    "uuid": ["null", "gen_random_uuid()"],
    "text[]": [
        "null", "'{NULL}'", "'{\"\", not an id}'", "array(select upper(id::text) from repositories limit 3)",
        "'{{a,b},{c,d}}'", "array(select full_name from repositories limit 2)",
    ],
    "jsonb": ["null", "'null'", "'5'", "'\"x\"'", "'[]'", "'{}'", "'[null, {}]'"],
}  # fmt: skip
VALUES["character varying"] = VALUES["text"]
JSON: list[object] = [None, 5, -1.5e300, "x", "infinity", "9999999999", True, [], [None, 5], {}, {"x": []}, [[]]]
# Without it there is no rollout of this name, and all say so.
UNKNOWN_ROLLOUT = {"rollout_configuration.feature_name", "rollout_configuration.is_active"}


@dataclass(frozen=True)
class Odd:
    """A value that somebody could write, and the statement that writes it."""

    column: str
    value: str
    statement: str

    def __str__(self) -> str:
        return f"{self.column} = {self.value}"


def keys() -> set[str]:
    """Return the JSON keys that the rules read anywhere."""
    source = "".join(path.read_text(encoding="utf-8") for path in Path(data_file("migrations")).rglob("*.sql"))
    return set(re.findall(r"(?:->>?|_in\([^()]*,|\?) '(\w+)'", source)) | set(re.findall(r"'(\w+)', change ->", source))


def values(connection: psycopg.Connection[Any]) -> Iterator[Odd]:
    """Yield each odd value of each column of the tables, and of JSON with all keys at once."""
    for table, row in TABLES.items():
        columns = connection.execute(
            "select attname, format_type(atttypid, null) from pg_attribute"
            " where attrelid = %s::regclass and attnum > 0 and not attisdropped order by attnum",
            [f"public.{table}"],
        ).fetchall()
        for column, kind in columns:
            if f"{table}.{column}" not in UNKNOWN_ROLLOUT:
                for value in VALUES[kind]:
                    yield Odd(f"{table}.{column}", value, _written(table, row, column, f"({value})::{kind}"))
            if column == "metadata":
                for each in JSON:
                    for shape, whole in _objects(each).items():
                        written = _written(table, row, column, f"'{json.dumps(whole)}'::jsonb")
                        yield Odd(f"{table}.{column} {shape}", json.dumps(each), written)


def _objects(value: object) -> dict[str, dict[str, object]]:
    """Return objects with this value under each key that is read: as anybody's, and in the shape of a row of ours."""
    each: dict[str, object] = dict.fromkeys(sorted(keys()), value)
    return {"of others": each, "like ours": {**each, "before": each, "after": each, "details": {}}}


def _written(table: str, row: dict[str, str], column: str, value: str) -> str:
    if table in UPDATED:
        return f"update {table} set {column} = {value} where ctid = (select max(ctid) from {table})"
    whole = {**row, column: value}
    return f"insert into {table} ({', '.join(whole)}) values ({', '.join(whole.values())})"


class Within(PostgresAdapter):
    """Calls within an open transaction; a call that fails takes back what it did, and no more."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        super().__init__("host=127.0.0.1")
        self._within = connection

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        """See `Adapter.call`."""
        row = self._urgently(0, _statement(function, *parameters), _adapted(parameters), changes=changes)
        return row[0] if row else None

    def _urgently(self, seconds: float, statement: Any, values: Any, *, changes: bool) -> tuple[Any, ...] | None:
        try:
            with self._within.transaction():
                return self._within.execute(statement, values).fetchone()
        except psycopg.Error as error:
            raise translate(error) from error
