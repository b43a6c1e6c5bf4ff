"""R14: turns snippets of the runbook and of the browser console, pasted as they stand, into Python.

Python has no `const`, no `//` comment and no fence, so what stands before each tells it from Python.
Whatever could be Python is left as it is: a `//` after an operand stays a floor division, unless that
operand is a command of the console, whose report can't be divided.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout_console.shell.session import Session

HINTS = re.compile(r"//|```|\?\s*[),]|^\s*(?:>\s*)?(?:const|let|var|await)\b|=\s*await\b|^\s*>", re.MULTILINE)
FENCE = re.compile(r"[ \t]*```[\w-]*[ \t]*$")
STRING = re.compile(r'"""|\'\'\'|"|\'')
DECLARATION = re.compile(r"(?:const|let|var)\s+(?=[A-Za-z_$][\w$]*\s*=[^=])")
AWAIT = re.compile(r"await\s+(?=rollout\s*\.)")
BROWSER_PROMPT = re.compile(r">\s*(?=(?:rollout\s*\.|const\b|let\b|var\b|await\b))")
OPTIONAL = re.compile(r"[A-Za-z_]\w*\?\s*(?=[),])")
COMMAND = re.compile(r"(?:[A-Za-z_]\w*\s*=\s*)?rollout\s*\.\s*\w+\s*\(")


def transform(lines: list[str]) -> list[str]:
    """Return a cell with its JavaScript turned into Python. Python passes through unchanged.

    Args:
        lines: the lines of the cell with their line ends, as IPython hands them over.
    """
    text = "".join(lines)
    if not HINTS.search(text):
        return lines
    if FENCE.match(text.lstrip("\n").partition("\n")[0]):
        text = textwrap.dedent(text)  # a block in a list is indented as a whole, with its fence
    return _Reader(text).read().splitlines(keepends=True) or [""]


class _Reader:
    """Reads a cell once from left to right, and keeps track of strings, comments, brackets and statements."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.out: list[str] = []
        self.depth = 0
        self.statement = ""  # what has been read of the statement, strings reduced to quotes
        self.declared = False  # the statement began with const, let or var: it is JavaScript
        self.continued_at = -1  # start of a line that a backslash joins to the one before

    def read(self) -> str:
        while self.at < len(self.text):
            if self._at_line_start() and self._fence():
                continue
            if not self.statement.strip() and self._statement_start():
                continue
            self._token()
        return "".join(self.out)

    def _at_line_start(self) -> bool:
        return self.depth == 0 and (self.at == 0 or self.text[self.at - 1] == "\n") and not self._continued()

    def _continued(self) -> bool:
        return self.at == self.continued_at

    def _fence(self) -> bool:
        end = self.text.find("\n", self.at)
        end = len(self.text) if end < 0 else end
        if not FENCE.match(self.text[self.at : end]):
            return False
        self.at = end  # the line end stays: a cell of no lines breaks IPython
        return True

    def _statement_start(self) -> bool:
        """Skip what only JavaScript or a browser's prompt puts before a statement."""
        if self.depth or self._continued():
            return False
        for pattern in (BROWSER_PROMPT, DECLARATION, AWAIT):
            if found := pattern.match(self.text, self.at):
                self.declared = self.declared or pattern is DECLARATION
                self.at = found.end()
                return True
        return False

    def _token(self) -> None:
        """Copy or change the next piece: a string, a comment, a bracket or a character."""
        char = self.text[self.at]
        if quote := STRING.match(self.text, self.at):
            self._string(quote.group())
        elif char == "#":
            self._copy(self._line_end(), seen="")
        elif self.text.startswith("//", self.at) and self._is_comment():
            self.out.append("#")
            self.at += 2
            self._copy(self._line_end(), seen="")
        elif self.depth and (optional := OPTIONAL.match(self.text, self.at)) and self._is_word_start():
            self.at = optional.end()
        elif (waits := AWAIT.match(self.text, self.at)) and self.statement.rstrip().endswith("="):
            self.at = waits.end()
        else:
            self._plain(char)

    def _plain(self, char: str) -> None:
        if self.text.startswith("//", self.at):
            self._copy(self.at + 2)
            return
        if self.text.startswith("\\\n", self.at):
            self._copy(self.at + 2)
            self.continued_at = self.at
            return
        if char in "([{":
            self.depth += 1
        elif char in ")]}":
            self.depth = max(0, self.depth - 1)
        self._copy(self.at + 1)
        if not self.depth and char in ";\n":
            self.statement = ""
            self.declared = False

    def _string(self, quote: str) -> None:
        end = self.at + len(quote)
        while end < len(self.text):
            if self.text[end] == "\\":
                end += 2
            elif self.text.startswith(quote, end):
                end += len(quote)
                break
            elif len(quote) == 1 and self.text[end] == "\n":
                break
            else:
                end += 1
        self._copy(min(end, len(self.text)), seen='""')

    def _is_comment(self) -> bool:
        """Return whether the `//` here can't be a floor division."""
        before = self.statement.rstrip()
        if self._continued() or (before.endswith("\\") and not self.depth):
            return False
        if not before or self.declared or before[-1] in ",([{;=:":
            return True
        command = COMMAND.match(before.lstrip())
        return command is not None and not self.depth and _closes(before.lstrip(), command.end() - 1)

    def _is_word_start(self) -> bool:
        return not (self.at and (self.text[self.at - 1].isalnum() or self.text[self.at - 1] in "_."))

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _copy(self, end: int, seen: str | None = None) -> None:
        piece = self.text[self.at : end]
        self.out.append(piece)
        self.statement += piece if seen is None else seen
        self.at = end


def _closes(statement: str, opening: int) -> bool:
    """Return whether the bracket that opens here closes with the last character."""
    depth = 0
    for position in range(opening, len(statement)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(statement[position], 0)
        if depth == 0:
            return position == len(statement) - 1
    return False


def install(session: Session) -> None:
    """Put the transformer before IPython's own, which know prompts and indentation."""
    transformers = session.ip.input_transformers_cleanup
    transformers.insert(0, transform)

    def uninstall() -> None:
        if transform in transformers:
            transformers.remove(transform)

    session.on_unload(uninstall)
