"""The dashboard: the rollout on a full screen, kept fresh, with controls under single keys."""
