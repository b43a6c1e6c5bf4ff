"""After Ctrl-C, or a signal to the monitor, nothing of the command that was interrupted is left."""

from __future__ import annotations

import _thread
import threading

import psycopg
import pytest

SESSION = "select pid from pg_stat_activity where application_name = 'rollout-console' and datname = current_database()"


@pytest.mark.parametrize("kind", ["embedded", "postgres15"], indirect=True)
def test_an_interrupted_command_changes_nothing_and_the_next_one_has_a_session_of_its_own(rollout):
    rollout.client.set_rollout(20)
    session = rollout.value(SESSION)
    with psycopg.connect(rollout.url) as other:
        other.execute("lock table rollout_configuration")
        threading.Timer(0.3, _thread.interrupt_main).start()
        with pytest.raises(KeyboardInterrupt):
            rollout.client.set_rollout(30)
    assert rollout.client.set_rollout(40).status.rollout_percentage == 40
    assert rollout.value(SESSION) != session
    assert [entry.new_percentage for entry in rollout.client.history(2).entries] == [40, 20]
