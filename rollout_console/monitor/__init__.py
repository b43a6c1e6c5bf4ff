"""The monitor: health checks at an interval, with alerts."""
