#!/usr/bin/env bash
# IPython: a trailing semicolon
#
# A good guess: it silences the display; the value is in Out and in _ as ever.
# What it does: the value is kept nowhere.
# Versions: ipython==9.18.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ipython==9.18.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import IPython
from IPython.core.interactiveshell import InteractiveShell

shell = InteractiveShell.instance()
shell.run_cell("41 + 1;", store_history=True)
silent = dict(shell.user_ns["Out"])
shell.run_cell("41 + 1", store_history=True)
print("IPython", IPython.__version__, "- Out after the silent one:", silent, "- after the other:", shell.user_ns["Out"])
assert silent == {} and shell.user_ns["Out"] == {2: 42}
PYTHON
