"""In the dashboard there is no prompt to type at: advice names a key, or what to answer."""

from __future__ import annotations

import pytest

from rollout_console.console import COMMANDS
from rollout_console.dashboard.advice import KEYS, in_keys


@pytest.mark.parametrize(
    ("at_the_prompt", "in_the_dashboard"),
    [
        ("when ready: rollout.resume(), or lower: rollout.resume(5)", "when ready: press r, or lower: press r and answer 5"),
        ("to raise it, type rollout.setRollout(60)", "to raise it, press s and answer 60"),
        ("not 'abc'; type for example rollout.preview(25)", "not 'abc'; type for example 25"),
        ('type for example rollout.addToWhitelist("owner/name")', "type for example owner/name"),
        ("to investigate: rollout.showMetrics(); when fixed", "to investigate: press m; when fixed"),
        ("to see why: rollout.explain('a/b')", "to see why: press i and answer a/b"),
        ('to wait: rollout.hold("looking, with care")', "to wait: press d and answer looking, with care"),
        ("you had not seen it; look: rollout.status(), then type the command again",
         "you had not seen it; this screen looks again by itself, then press the key again"),
        ("error_rate 7 %, wanted < 3 %; type: rollout.showMetrics()", "error_rate 7 %, wanted < 3 %; press m"),
        ('12 jobs are stuck\n type: rollout.jobs("stuck")', '12 jobs are stuck\n press : and type jobs("stuck")'),
        ("to take it back: rollout.undo(); to lower it: rollout.configure(max_error_rate=5)",
         "to take it back: press : and type undo(); to lower it: press : and type configure(max_error_rate=5)"),
        ('needs a list, type rollout.addToWhitelist(["owner/name", "owner/other"])',
         'needs a list, press : and type addToWhitelist(["owner/name", "owner/other"])'),
        ('type rollout.hold("looking", until="2h")', 'press : and type hold("looking", until="2h")'),
        ("a connection free, then: rollout.status()", "a connection free; this screen looks again by itself"),
    ],
)  # fmt: skip
def test_advice_is_in_keys(at_the_prompt, in_the_dashboard):
    assert in_keys(at_the_prompt) == in_the_dashboard


@pytest.mark.parametrize(
    "advice",
    [
        "see rollout.features()",
        'type for example rollout.addToWhitelist("owner/name", until="2h")',
        "rollout.hold(reason?)",
    ],
)
def test_what_no_key_asks_for_stays_a_command(advice):
    assert in_keys(advice) == advice


def test_every_key_stands_for_a_command():
    assert set(KEYS) <= set(COMMANDS)
