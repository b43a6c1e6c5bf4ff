"""What a process costs before it does what it was asked: beside one that does the same with nothing of ours."""

from __future__ import annotations

import os
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from benchmarks.ground import Ground
from benchmarks.measure import Row
from benchmarks.startup import bare_environment
from tests.support.lite import as_url

PYTHON = shlex.quote(sys.executable)
OURS = shlex.quote(str(Path(sys.executable).with_name("rollout-console")))
ONE_CALL = """
import os, psycopg
with psycopg.connect(os.environ["ROLLOUT_DATABASE_URL"], autocommit=True) as connection:
    print(connection.execute("select rollout_emergency_stop('measured')").fetchone())
"""
COMPLETION = f"env _ARGCOMPLETE=1 COMP_LINE='rollout-console st' COMP_POINT=18 COMP_TYPE=9 {OURS} 8>/dev/null"
COUNTED = {"PYTHONPROFILEIMPORTTIME": "1"}  # a line on standard error for each module


class Compared(NamedTuple):
    """A command line of ours, what it is compared with, and the goal of the ratio of their times."""

    what: str
    ours: str
    against: str
    theirs: str
    goal: float


class Cost(NamedTuple):
    """What one process took: milliseconds on the clock, and of the processor."""

    clock: float
    processor: float


COMPARED = (
    Compared("rollout-console --version", f"{OURS} --version", "python -c 1", f"{PYTHON} -c 1", 3),
    Compared("rollout-console --help", f"{OURS} --help", "python -c 1", f"{PYTHON} -c 1", 3),
    Compared("a completion", COMPLETION, "python -c 1", f"{PYTHON} -c 1", 3),
    Compared("rollout-console -c 1", f"{OURS} -c 1", "ipython -c 1", f"{PYTHON} -m IPython -c 1", 1.1),
    Compared(
        "rollout-console stop, the whole process", f"{OURS} stop measured",
        "python, psycopg and one call", f"{PYTHON} -c {shlex.quote(ONE_CALL)}", 1.1,
    ),
)  # fmt: skip


def run(ground: Ground, quick: bool) -> list[Row]:
    database = ground.database()
    database.fill(1_000, jobs=2_000)
    with tempfile.TemporaryDirectory(prefix="rollout-imports-") as folder:
        env = {**bare_environment(), "HOME": folder, "IPYTHONDIR": f"{folder}/ipython"}
        env["ROLLOUT_DATABASE_URL"] = as_url(database.url)  # as an operator has it
        rows = [_compare(compared, env, folder, 3 if quick else 21) for compared in COMPARED]
    ground.drop(database)
    return rows


def _compare(compared: Compared, env: dict[str, str], folder: str, rounds: int) -> Row:
    for command in (compared.ours, compared.theirs):  # byte code and profile are there
        _cost(command, env, folder)
    pairs = [(_cost(compared.ours, env, folder), _cost(compared.theirs, env, folder)) for _ in range(rounds)]
    ours, theirs = (statistics.median(pair[side].clock for pair in pairs) for side in (0, 1))
    work = [statistics.median(pair[side].processor for pair in pairs) for side in (0, 1)]
    modules = [_modules(command, env, folder) for command in (compared.ours, compared.theirs)]
    return Row(
        compared.what, compared.against, ours, theirs, "ms", ours / theirs, compared.goal,
        note=f"of the processor {work[0] / work[1]:.2f}; modules {modules[0]} and {modules[1]}",
    )  # fmt: skip


def _cost(command: str, env: dict[str, str], folder: str) -> Cost:
    begun = time.perf_counter()
    process = subprocess.Popen(
        f"exec {command}", shell=True, env=env, cwd=folder,
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, used = os.wait4(process.pid, 0)
    clock = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise RuntimeError(f"{command} ended with {process.returncode}")
    return Cost(1000 * clock, 1000 * (used.ru_utime + used.ru_stime))


def _modules(command: str, env: dict[str, str], folder: str) -> int:
    done = subprocess.run(
        command, shell=True, env=env | COUNTED, cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return sum(line.startswith("import time:") for line in done.stderr.splitlines()) - 1  # the first is a heading
