"""What is particular about how the JSON of SQL functions becomes results."""

from __future__ import annotations

import subprocess
import sys

# The nested type takes its time to be read, as a long one does; the main thread needs it meanwhile.
TWO_THREADS = """
from __future__ import annotations
import threading, time
from rollout_console.results import Record, parse

begun = threading.Event()

def number():
    begun.set()
    time.sleep(0.2)
    return int

class Part(Record):
    count: number()

class Whole(Record):
    part: Part
    text: str

answer = {"part": {"count": 1}, "text": "a"}
first = threading.Thread(target=parse, args=(Whole, answer))
first.start()
begun.wait()
assert parse(Whole, answer).part.count == 1
first.join()
"""


def test_two_threads_may_read_the_first_answers_of_a_session_at_once():
    """The toolbar and the prompt do."""
    ran = subprocess.run([sys.executable, "-c", TWO_THREADS], capture_output=True, text=True, timeout=30)
    assert (ran.returncode, ran.stderr) == (0, "")
