"""categorizeAll in a process of its own, so that its memory can be told from the suite's; prints JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from itertools import pairwise

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient


def main(url: str) -> None:
    client = RolloutClient(PostgresAdapter(url))
    client.status()
    before, begun = _peak_mb(), time.perf_counter()
    ends = [begun]
    client.categorize_all(lambda run: ends.append(time.perf_counter()))
    print(
        json.dumps(
            {
                "seconds": ends[-1] - begun,
                "longest": max(later - earlier for earlier, later in pairwise(ends)),
                "batches": len(ends) - 1,
                "peak_mb": _peak_mb(),
                "added_mb": _peak_mb() - before,
            }
        )
    )


def _peak_mb() -> float:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


if __name__ == "__main__":
    main(sys.argv[1])
