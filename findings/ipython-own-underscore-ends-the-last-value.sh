#!/usr/bin/env bash
# IPython: a name _ of the user's own (as in "for _ in …", or gettext)
#
# A good guess: it holds until the next displayed value, which is then in _ again.
# What it does: _ is never the last value again in this session; Out goes on.
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
shell.run_cell("for _ in range(8): pass", store_history=True)
shell.run_cell("43", store_history=True)
print("IPython", IPython.__version__, "- _ is", shell.user_ns["_"], "- Out is", shell.user_ns["Out"])
assert shell.user_ns["_"] == 7 and shell.user_ns["Out"] == {2: 43}
PYTHON
