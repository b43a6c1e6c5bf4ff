"""What of a block was not run because a line of it failed: a stop may be among it, and nothing else would say so."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from types import TracebackType

from rollout_console.adapters.ladder import STOP, ZERO
from rollout_console.errors import RolloutError
from rollout_console.render.sanitize import sanitize

Place = tuple[int, int]  # a line from 1, and a column from 0
HALTS = {"emergencyStop": STOP, "rollbackToZero": ZERO}


class LeftOut(RolloutError):
    """Commands that were not run; where a stop is among them, `verdict` says that it was not made.

    Args:
        calls: as they are written.
    """

    def __init__(self, calls: list[str]) -> None:
        halts = [(halt, call) for name, halt in HALTS.items() for call in calls if call.startswith(f"rollout.{name}(")]
        super().__init__(f"not run: {', '.join(calls)}; type {halts[0][1] if halts else 'again what is still wanted'}")
        self.verdict = halts[0][0].not_done if halts else ""


def left_out(cell: str, error: BaseException, names: Mapping[str, object]) -> LeftOut | None:
    """Return what of a cell was not run because of an error; None if that was no command.

    Args:
        cell: what was run, as Python. Of what can't be read nothing was run; its lines that can be are looked at alone.
        error: what ended it.
        names: the global names of the cell's code.
    """
    try:
        failed = _end_of_failure(error.__traceback__, names)
        # The line of these names the command that they are in; that of a lost `rollout` knows none.
        is_told = isinstance(error, RolloutError | NameError) and getattr(error, "name", None) != "rollout"
        calls = [call for begins, ends, call in _calls(cell) if (begins >= failed if is_told else ends > failed)]
    except SyntaxError:
        calls = [call for line in cell.splitlines() for call in _calls_of_line(line)]
    return LeftOut(calls) if calls else None


def _calls(code: str) -> Iterator[tuple[Place, Place, str]]:
    """Yield each command in Python code, in its order: where it begins and ends, and how it is written."""
    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)]
    for node in sorted(found, key=lambda call: (call.lineno, call.col_offset)):
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "rollout":
            written = " ".join((ast.get_source_segment(code, node) or "").split())
            end = node.end_lineno or node.lineno, node.end_col_offset or 0
            yield (node.lineno, node.col_offset), end, sanitize(written, 200)


def _calls_of_line(line: str) -> list[str]:
    try:
        return [call for _, _, call in _calls(line.strip())]
    except SyntaxError:  # the one that can't be read, of which more is said
        return []


def _end_of_failure(trace: TracebackType | None, names: Mapping[str, object]) -> Place:
    """Return where what failed ends in the cell: before it all was run."""
    while trace is not None and trace.tb_frame.f_globals is not names:
        trace = trace.tb_next
    if trace is None:
        return (1, 0)
    _, line, _, column = list(trace.tb_frame.f_code.co_positions())[trace.tb_lasti // 2]
    return (line or trace.tb_lineno, column or 0)
