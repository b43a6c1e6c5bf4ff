#!/usr/bin/env bash
# gbstats: the interval of the one-sided test that the treatment has less
#
# A good guess: it reaches from minus infinity to somewhat above the estimate, as that of "greater" reaches from
#               somewhat below.
# What it does: its upper end lies below the estimate, so that the estimate is outside of its own interval.
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
from gbstats.frequentist.tests import FrequentistConfig, OneSidedTreatmentGreaterTTest, OneSidedTreatmentLesserTTest
from gbstats.models.statistics import ProportionStatistic

many, few = ProportionStatistic(n=1000, sum=100), ProportionStatistic(n=1000, sum=60)
config = FrequentistConfig(difference_type="absolute")
greater = OneSidedTreatmentGreaterTTest(few, many, config).compute_result()
lesser = OneSidedTreatmentLesserTTest(many, few, config).compute_result()
print("gbstats", version("gbstats"), "- greater:", greater.expected, greater.ci, "- lesser:", lesser.expected, lesser.ci)
assert greater.ci[0] < greater.expected < greater.ci[1]
assert lesser.expected > lesser.ci[1]
PYTHON
