"""How long after its commit a change is received as an alert, through a monitor that checks every hour."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from benchmarks.ground import Ground
from benchmarks.measure import Row
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from tests.support.receiver import Receiver, alert_receiver
from tests.support.terminal import console_environment, start_command

ALLOWED = 2.0  # seconds
PATIENCE = 30.0  # seconds


def run(ground: Ground, quick: bool) -> list[Row]:
    amount = 10 if quick else 200
    database = ground.database()
    database.fill(1_000)
    client = RolloutClient(PostgresAdapter(database.url))
    with alert_receiver() as receiver, tempfile.TemporaryDirectory() as home:
        env = console_environment(
            Path(home), ROLLOUT_DATABASE_URL=database.url, ROLLOUT_ALERT_URLS=receiver.url, ROLLOUT_ALERT_ON="stop"
        )
        monitor = start_command(env, "monitor", "--every", "1h")
        try:
            client.emergency_stop("the first is sent at the start")
            _received(receiver, 1)
            delays = [_delay(client, receiver, number) for number in range(2, amount + 2)]
        finally:
            monitor.terminate()
            monitor.communicate()
    client.close()
    ground.drop(database)
    p95 = sorted(delays)[int(0.95 * len(delays)) - 1]
    return [
        Row("an alert, from the commit to its receipt, 95th percentile", "what is allowed", p95, ALLOWED, "s",
            p95 / ALLOWED, 1, note=f"{amount} stops; median {sorted(delays)[amount // 2]:.3f} s"),
    ]  # fmt: skip


def _delay(client: RolloutClient, receiver: Receiver, number: int) -> float:
    client.emergency_stop(f"stop {number}")
    committed = time.monotonic()
    return _received(receiver, number) - committed


def _received(receiver: Receiver, number: int) -> float:
    """Wait for the alert of this number, and return when it came."""
    deadline = time.monotonic() + PATIENCE
    while len(receiver.times) < number:
        if time.monotonic() > deadline:
            raise TimeoutError(f"alert {number} did not come within {PATIENCE:g} s")
        time.sleep(0.002)
    return receiver.times[number - 1]
