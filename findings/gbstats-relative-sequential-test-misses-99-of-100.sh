#!/usr/bin/env bash
# gbstats: the sequential test with its defaults, 1 error of 100 beside 99 of 100
#
# A good guess: a p-value near 0.
# What it does: p = 1: the default compares relatively, and the little baseline widens the interval to hundreds;
#               absolute gives 2e-254.
# Versions: gbstats 0.8.0 (which pins numpy below 2 and pandas 1.5.3)
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install -q --disable-pip-version-check gbstats==0.8.0 numpy==1.26.4 pandas==1.5.3 scipy==1.17.1 2>"$work/pip" || { cat "$work/pip"; exit 1; }
"$work/venv/bin/python" - <<'PYTHON'
import warnings
from importlib.metadata import version

warnings.filterwarnings("ignore")
from gbstats.frequentist.tests import SequentialConfig, SequentialTwoSidedTTest
from gbstats.models.statistics import ProportionStatistic

control, treatment = ProportionStatistic(n=100, sum=1), ProportionStatistic(n=100, sum=99)
default = SequentialTwoSidedTTest(control, treatment, SequentialConfig()).compute_result()
absolute = SequentialTwoSidedTTest(control, treatment, SequentialConfig(difference_type="absolute")).compute_result()
print("gbstats", version("gbstats"), "- default:", default.p_value, default.ci, "- absolute:", absolute.p_value)
assert default.p_value == 1 and absolute.p_value < 1e-200
PYTHON
