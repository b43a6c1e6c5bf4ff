#!/usr/bin/env bash
# gbstats: an arm in which everything fails, or a control without an error
#
# A good guess: the strongest possible difference.
# What it does: difference 0 and p = 1: an arm without variance (0 of n, n of n) counts as no data.
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
from gbstats.frequentist.tests import FrequentistConfig, SequentialConfig, SequentialTwoSidedTTest, TwoSidedTTest
from gbstats.models.statistics import ProportionStatistic

for test, config in ((TwoSidedTTest, FrequentistConfig), (SequentialTwoSidedTTest, SequentialConfig)):
    for errors in ((1, 100), (0, 50)):
        control, treatment = (ProportionStatistic(n=100, sum=each) for each in errors)
        result = test(control, treatment, config(difference_type="absolute")).compute_result()
        print("gbstats", version("gbstats"), test.__name__, errors, "of 100 each ->", result.expected, result.p_value)
        assert result.expected == 0 and result.p_value == 1
PYTHON
