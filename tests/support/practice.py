"""Practice folders of earlier releases."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from tests.support import tools


def folder_of_0_1_0(home: Path) -> None:
    """Make the data folder as 0.1.0 made it: `postgres` is the superuser, and there are no other roles."""
    data, user = home / "postgres", tools.server_user()
    home.chmod(0o755)
    data.mkdir(parents=True)
    if user:
        os.chown(data, user["user"], user["group"])
    options = ["-D", str(data), "-U", "postgres", "--auth=trust", "--encoding=utf8", "--no-sync"]
    subprocess.run([tools.postgresql(18) / "initdb", *options], check=True, capture_output=True, cwd="/", **user)
