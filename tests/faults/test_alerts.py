"""kill -9 of a monitor between claim and sending: no alert is lost, and none sent twice but in the documented window."""

from __future__ import annotations

import random
import time

import pytest

from tests.faults.test_crashes import killed
from tests.support.receiver import alert_receiver
from tests.support.terminal import console_environment, run_command


@pytest.fixture(params=["embedded"])
def kind(request):
    """What claims is one SQL function, whichever adapter calls it."""
    return request.param


def test_a_kill_between_claim_and_sending_loses_no_alert(rollout, tmp_path, effort, tried):
    rollout.add_repositories(1)
    rollout.client.categorize_all()
    chance = random.Random(effort(1, 2))
    with alert_receiver() as receiver:
        env = console_environment(tmp_path, **rollout.environment, ROLLOUT_ALERT_URLS=receiver.url)
        for number in range(effort(2, 100)):
            reason = f"kill {number}."
            rollout.sql("update rollout.deliveries set sent_at = now(), closed_at = now() where closed_at is null")
            event = rollout.client.emergency_stop(reason).change.id

            def claimed(event: str = event) -> bool:
                return bool(rollout.sql("select 1 from rollout.deliveries where event = %s", event))

            killed(env, ("monitor", "--every", "60"), claimed, chance.uniform(0, 0.06))
            tried("kills of a monitor between claim and sending")
            time.sleep(0.2)  # what was sent still arrives
            delivered = sum(reason in body for body in receiver.bodies)
            recorded = bool(
                rollout.sql("select 1 from rollout.deliveries where event = %s and sent_at is not null", event)
            )
            assert delivered == 1 or not recorded, "what is recorded as sent was sent"
            rollout.sql(
                "update rollout.deliveries set claimed_until = now() where claimed_until > now()"
            )  # a minute later
            for _ in range(2):
                assert run_command(env, "monitor", "--once").returncode == 0
            again = delivered and not recorded  # killed between sending and saying so
            assert sum(reason in body for body in receiver.bodies) == (2 if again else 1)
