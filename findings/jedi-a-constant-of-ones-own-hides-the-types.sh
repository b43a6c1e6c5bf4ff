#!/usr/bin/env bash
# jedi, which completes IPython's prompt: a module that sets TYPE_CHECKING = False itself, to be spared the import of typing
#
# A good guess: what is imported below it is known, as with typing's TYPE_CHECKING; type checkers take both.
# What it does: the block counts as never run; what a function returns by a name imported there has no completions.
# Versions: jedi==0.20.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check jedi==0.20.0 2>"$work/pip" || { cat "$work/pip"; exit 1; }
cd "$work"
for constant in "from typing import TYPE_CHECKING" "TYPE_CHECKING = False"; do
    name=$([ "${constant%% *}" = from ] && echo of_typing || echo of_ones_own)
    cat >"$name.py" <<PYTHON
$constant
if TYPE_CHECKING:
    from fractions import Fraction


def share() -> "Fraction": ...
PYTHON
done
venv/bin/python - <<'PYTHON'
import jedi

print("jedi", jedi.__version__)
found = {}
for module in ("of_typing", "of_ones_own"):
    typed = f"import {module}\n{module}.share().limit_d"
    found[module] = [completion.name for completion in jedi.Script(typed, path="prompt.py").complete()]
    print(module, "->", found[module])
assert found == {"of_typing": ["limit_denominator"], "of_ones_own": []}
PYTHON
