"""What of a block was not run because a line of it failed: a stop may be among it, and nothing else would say so."""

from __future__ import annotations

import ast
import sys
from collections import deque
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from types import CodeType, TracebackType
from typing import TYPE_CHECKING

from rollout_console.adapters.ladder import STOP, ZERO, Halt
from rollout_console.client.command import name_in
from rollout_console.console import COMMANDS, spelling
from rollout_console.errors import RolloutError
from rollout_console.render.sanitize import sanitize

if TYPE_CHECKING:
    from rollout_console.results import Status

Place = tuple[int, int]  # a line from 1, and a column from 0
LONGEST = 10  # lines of a command


def halt_of(name: str) -> Halt | None:
    """Return the halt that a command is by its name, as it can be called; None if it is none."""
    if name == "rollbackToZero":
        return ZERO
    return STOP if spelling.command_of(name, COMMANDS) == spelling.STOP else None


class LeftOut(RolloutError):
    """Commands that were not run; where a stop is among them, `verdict` says that it was not made.

    Args:
        calls: as they are written.
    """

    def __init__(self, calls: list[str]) -> None:
        halts = [(halt, call) for halt in (STOP, ZERO) for call in calls if halt_of(name_in(call)) is halt]
        super().__init__(f"not run: {', '.join(calls)}; type {halts[0][1] if halts else 'again what is still wanted'}")
        self.halt = halts[0][0] if halts else None
        self.verdict = self.halt.not_done if self.halt else ""

    def know(self, status: Status | None) -> None:
        """Take the verdict back where the cell has learned that no traffic flows: it has stopped in another way."""
        if status is not None and (status.rollout_percentage == 0 or (self.halt is STOP and status.emergency_stop)):
            self.verdict = ""


def left_out(
    cell: str, error: BaseException, names: Mapping[str, object], made: Container[Place | None] = ()
) -> LeftOut | None:
    """Return what of a cell was not run because of an error; None if that was no command.

    Args:
        cell: what was run, as Python. Of what can't be read nothing was run; what of it can be is looked at.
        error: what ended it.
        names: the global names of the cell's code.
        made: where the calls end that were made: in a loop or a `finally`, one may stand behind the failure.
    """
    try:
        failed = _end_of_failure(error.__traceback__, names)
        # The line of these names the command that they are in; that of a lost `rollout` knows none.
        is_told = isinstance(error, RolloutError | NameError) and getattr(error, "name", None) != "rollout"
        calls = [
            call
            for begins, ends, call in _calls(cell)
            if (begins >= failed if is_told else ends > failed) and ends not in made
        ]
    except SyntaxError:
        calls = list(_calls_that_can_be_read(cell.splitlines()))
    return LeftOut(calls) if calls else None


def _calls(code: str) -> Iterator[tuple[Place, Place, str]]:
    """Yield each command in Python code, in its order: where it begins and ends, and how it is written.

    One in a function is left out: whether it was to run, and how often it did, is not for its place to say.
    """
    found = [node for node in _outside_functions(ast.parse(code)) if isinstance(node, ast.Call)]
    for node in sorted(found, key=lambda call: (call.lineno, call.col_offset)):
        called = node.func
        if isinstance(called, ast.Attribute) and isinstance(called.value, ast.Name) and called.value.id == "rollout":
            written = " ".join((ast.get_source_segment(code, node) or "").split())
            end = node.end_lineno or node.lineno, node.end_col_offset or 0
            yield (node.lineno, node.col_offset), end, sanitize(written, 200)


def _outside_functions(tree: ast.AST) -> Iterator[ast.AST]:
    to_read = deque([tree])
    while to_read:
        node = to_read.popleft()
        if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield node
            to_read.extend(ast.iter_child_nodes(node))


def _calls_that_can_be_read(lines: list[str]) -> Iterator[str]:
    while lines:
        for count in range(1, min(LONGEST, len(lines)) + 1):
            with suppress(SyntaxError):
                yield from [call for _, _, call in _calls("\n".join(lines[:count]).strip())]
                break
        else:
            count = 1  # of what can't be read, more is said
        lines = lines[count:]


def _end_of_failure(trace: TracebackType | None, names: Mapping[str, object]) -> Place:
    """Return where what failed ends in the cell: before it all was run."""
    while trace is not None and trace.tb_frame.f_globals is not names:
        trace = trace.tb_next
    if trace is None:
        return (1, 0)
    return _end_in(trace.tb_frame.f_code, trace.tb_lasti)


def place_of_call(names: Mapping[str, object]) -> Place | None:
    """Return where in the running cell the call ends that has led here; None where no cell is running.

    Args:
        names: the global names of the cell's code.
    """
    frame = sys._getframe(1)
    while frame.f_back is not None and not (frame.f_globals is names and frame.f_code.co_name == "<module>"):
        frame = frame.f_back
    return _end_in(frame.f_code, frame.f_lasti) if frame.f_globals is names else None


def _end_in(code: CodeType, instruction: int) -> Place:
    _, line, _, column = list(code.co_positions())[instruction // 2]
    return (line or 0, column or 0)
