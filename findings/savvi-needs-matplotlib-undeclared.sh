#!/usr/bin/env bash
# savvi: what it needs
#
# A good guess: what its metadata requires is enough to import its tests.
# What it does: savvi.multinomial imports matplotlib, which is not among its requirements.
# Versions: savvi==0.3.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check savvi==0.3.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
from importlib.metadata import requires, version

declared = requires("savvi")
try:
    import savvi.multinomial
except ModuleNotFoundError as error:
    print("savvi", version("savvi"), "requires", declared, "->", error)
    assert error.name == "matplotlib" and not any("matplotlib" in each for each in declared)
else:
    raise AssertionError("it imports")
PYTHON
