#!/usr/bin/env bash
# river: FHDDM on a stream of errors
#
# A good guess: like DDM and EDDM beside it, which take 1 for an error, it reports when errors become more.
# What it does: it reports when errors become fewer; from 1 % to 50 % it says next to nothing.
# Versions: river==0.26.1
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check river==0.26.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import random
from importlib.metadata import version

from river.drift.binary import FHDDM


def reported(before, after, seed):
    """Whether a change is reported in the second thousand of a stream, and not in the first."""
    stream = random.Random(seed)
    detector = FHDDM()
    for number in range(2000):
        detector.update(int(stream.random() < (before if number < 1000 else after)))
        if detector.drift_detected:
            return number >= 1000
    return False


more = sum(reported(0.01, 0.50, seed) for seed in range(50))
fewer = sum(reported(0.50, 0.01, seed) for seed in range(50))
print("river", version("river"), "- of 50 streams reported: from 1 % to 50 %", more, "- from 50 % to 1 %", fewer)
assert more <= 5 and fewer >= 40
PYTHON
