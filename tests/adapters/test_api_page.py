"""The script on docs/api.md runs as it stands, through every adapter."""

from __future__ import annotations

import re
import subprocess
import sys

from tests.support.pages import API
from tests.support.terminal import console_environment


def test_the_script_of_the_page_runs(rollout, tmp_path):
    rollout.client.set_rollout(10, reason="phase 6")
    found = re.search(r"```python\n(import .*?)```", API.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    env = console_environment(tmp_path, **rollout.environment)
    done = subprocess.run(
        [sys.executable, "-c", found.group(1)], env=env, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "setRollout phase 6" in done.stdout
