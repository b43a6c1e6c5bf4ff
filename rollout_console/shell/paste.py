"""R14: what is pasted or typed at the prompt and is no Python: JavaScript, lines of a shell, an open bracket.

It runs behind IPython's own clean-up, which knows prompts and indentation, and leaves alone what IPython takes:
cell magics, and lines and assignments that begin with one of its signs, as `!` and `%`.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING, Any

from rollout_console.pattern import pattern
from rollout_console.render.sanitize import sanitize
from rollout_console.shell.reader import COMMAND, FENCE, HINTS, STOP, Reader, is_python
from rollout_console.shell.shell_lines import quoted

if TYPE_CHECKING:
    from rollout_console.shell.session import Session

FENCED_MAGIC = pattern(r"\s*```[\w-]*[ \t]*\n(%%.*?)(?:\n[ \t]*```)?\s*", re.DOTALL)
TEXT_ALONE = pattern(rf"({COMMAND.pattern}\s*)(['\"])((?:(?!\2\s*,)[^\n])*?)\2?\s*\)?\s*;?")
HALT = pattern(rf"((?:{STOP.pattern}|rollout\s*\.\s*rollbackToZero\s*\()\s*)()([^\n]+?)\)?\s*;?", re.IGNORECASE)
EMPTY_LINE = pattern(r"\n[ \t]*$")


def transform(lines: list[str]) -> list[str]:
    """Return a cell as Python. What is Python, or IPython's, passes through unchanged.

    Args:
        lines: the lines of the cell with their line ends, as IPython hands them over.
    """
    text = "".join(lines)
    if text.lstrip().startswith("%%") or not HINTS.search(text):
        return lines
    if magic := FENCED_MAGIC.fullmatch(text):
        return f"{magic[1]}\n".splitlines(keepends=True)
    if FENCE.match(text.lstrip("\n").partition("\n")[0]):
        text = textwrap.dedent(text)  # a block in a list is indented as a whole, with its fence
    reader = Reader(text)
    text = reader.read()
    statement = reader.statement.strip()
    if reader.closing and STOP.match(statement) and "\n" not in statement:
        text = text.rstrip() + ("" if reader.quote else "\n") + reader.closing + "\n"
    return text.splitlines(keepends=True) or [""]


def open_bracket(source: str) -> str | None:
    """Return what to say of a command that leaves a bracket or a quotation mark open; None if it does not."""
    reader = Reader(source)
    text = reader.read()
    if not reader.closing or not COMMAND.match(reader.statement.strip()):
        return None
    typed = text[reader.began :].strip()
    whole = typed + reader.closing
    if not is_python(whole):  # an apostrophe has closed the text, as in 'can't reach', or the text has no quotes
        found = TEXT_ALONE.fullmatch(typed) or HALT.fullmatch(typed)
        if found is None:
            return None
        whole = f"{found[1]}{quoted(found[3])})"
    return f"a bracket or a quotation mark is open; nothing was done: type {sanitize(whole, 300)}"


def install(session: Session) -> None:
    """Put the transformer behind IPython's own, which know prompts and indentation."""
    manager: Any = session.ip.input_transformer_manager
    transformers = manager.cleanup_transforms
    transformers.append(transform)
    check = manager.check_complete

    def check_complete(cell: str) -> tuple[str, int | None]:
        """Take an empty line as the end of a command whose bracket is open: it is run, and answered."""
        return ("invalid", None) if EMPTY_LINE.search(cell) and open_bracket(cell) else check(cell)

    manager.check_complete = check_complete

    def uninstall() -> None:
        manager.__dict__.pop("check_complete", None)
        if transform in transformers:
            transformers.remove(transform)

    session.on_unload(uninstall)
