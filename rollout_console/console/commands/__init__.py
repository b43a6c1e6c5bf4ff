"""The commands, a class for each group of `help()`; `Rollout` is all of them."""
