#!/usr/bin/env bash
# IPython: input_transformers_cleanup and the bodies of %%bash, %%javascript, %%writefile
#
# A good guess: a transformer of Python input is not shown what belongs to another language.
# What it does: it gets the whole cell, body and all, before the magic does.
# Versions: ipython==9.18.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check ipython==9.18.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import IPython
from IPython.core.inputtransformer2 import TransformerManager

seen = []
manager = TransformerManager()
manager.cleanup_transforms.append(lambda lines: seen.extend(lines) or lines)
result = manager.transform_cell("%%javascript\nfetch('https://example.org') // a comment\n")
print("IPython", IPython.__version__, "- shown:", seen, "- becomes:", result)
assert "fetch('https://example.org') // a comment\n" in seen and "run_cell_magic" in result
PYTHON
