#!/usr/bin/env bash
# statsmodels: two arms of which neither has a failure (or all have failed), compared
#
# A good guess: no difference: p = 1.
# What it does: p is nan by the z test and by the score test, with a warning from numpy; by the default, Agresti-Caffo, it
# is 1. A rule "p < 0.05" and one "not p >= 0.05" disagree on nan.
# Versions: statsmodels==0.15.0
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check statsmodels==0.15.0 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" -W ignore::RuntimeWarning - <<'PYTHON'
import statsmodels
from statsmodels.stats.proportion import proportions_ztest, test_proportions_2indep

print("statsmodels", statsmodels.__version__)
for failures in (0, 50):
    z_test = proportions_ztest([failures, failures], [50, 50])[1]
    score = test_proportions_2indep(failures, 50, failures, 50, method="score").pvalue
    default = test_proportions_2indep(failures, 50, failures, 50).pvalue
    print(f"{failures} of 50 beside {failures} of 50 -> z test {z_test}, score {score}, default {default}")
    assert z_test != z_test and score != score and default == 1
PYTHON
