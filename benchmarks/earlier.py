"""The rules as they were at an earlier commit, on a server of their own, to measure beside the present ones."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.ground import Database
from tests.support import ROOT, servers

COMMIT = "e124caa"
MIGRATE = "import sys; from rollout_console.migrate import apply; apply(sys.argv[1])"


@contextmanager
def earlier() -> Iterator[Database]:
    """Build the commit's database; its steps can be applied by a superuser alone, which a hosted project has not."""
    archive = subprocess.run(
        ["git", "archive", COMMIT, "migrations", "rollout_console"], cwd=ROOT, check=True, capture_output=True
    )
    with tempfile.TemporaryDirectory() as folder, servers.cluster(is_hosted=False) as cluster:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        name = f"bench_{uuid.uuid4().hex[:8]}"
        url = servers.create_database(cluster.url, name, migrated=False, template="template1")
        subprocess.run([sys.executable, "-c", MIGRATE, url], cwd=folder, check=True)
        yield Database(url)
