"""Measures speed as ratios: ours and a yardstick in turn, in one run, on one machine."""
