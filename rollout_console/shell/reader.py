"""Reads a cell once from left to right, and turns what only JavaScript, a chat or a shell writes so into Python.

Python has no `const`, no `//` comment and no fence, so what stands before each tells it from Python.
Whatever could be Python is left as it is: a `//` after an operand stays a floor division, unless that
operand is a command of the console, whose report can't be divided.
"""

from __future__ import annotations

import ast
import re

from rollout_console.pattern import pattern
from rollout_console.shell.shell_lines import SHELL_LINE, answer, python_for, quoted

HINTS = pattern(
    r"//|```|\?\s*[),]|^\s*(?:>\s*)?(?:const|let|var|await)\b|=\s*await\b|^\s*>|[^\x00-\x7f]"
    r"|^\s*(?:\$|node\b|npm\b|npx\b|supabase\b|rollout-console\b)|\brollout\s*\.\s*\w+\s*\(",
    re.MULTILINE,
)
# A line of its own, or, where a paste ended with it, in front of what is typed next.
FENCE = pattern(r"[ \t]*(?:```[ \t]*)?```(?:[\w-]*[ \t]*$|(?=rollout\s*\.))")
STRING = pattern(r'"""|\'\'\'|"|\'')
DECLARATION = pattern(r"(?:const|let|var)\s+(?=[A-Za-z_$][\w$]*\s*=[^=])")
AWAIT = pattern(r"await\s+(?=rollout\s*\.)")
BROWSER_PROMPT = pattern(r">\s*(?=(?:rollout\s*\.|const\b|let\b|var\b|await\b))")
OPTIONAL = pattern(r"[A-Za-z_]\w*\?\s*(?=[),])")
COMMAND = pattern(r"(?:[A-Za-z_]\w*\s*=\s*)?rollout\s*\.\s*\w+\s*\(")
STOP = pattern(r"(?:[A-Za-z_]\w*\s*=\s*)?rollout\s*\.\s*emergency_?stop\s*\(", re.IGNORECASE)
# What stands between the outer quotation marks of a line, whatever else is in it, as in 'can't reach'.
WHOLE_TEXT = pattern(r"(['\"])(?!\1\1)([^\n]*?)\1?(?=\s*\)[ \t]*;?[ \t]*(?:(?://|#)[^\n]*)?(?:\n|\Z)|\s*\Z)")
# What IPython takes: a line that begins so, with the lines that a backslash joins to it, and what is assigned from one.
ESCAPED = pattern(r"(?!//)[!%?,;/](?:[^\n]*\\\n)*[^\n]*")
ASSIGNED = pattern(r"[^=]*[^=!<>]=\s*")
# The spaces and quotation marks of chats, documents and phones: outside of text none of them is Python.
SPACE = pattern(r"[^\S\x00-\x7f]")
INVISIBLE = pattern(r"[\u200b-\u200f\u2060\ufeff]")
CURLY = pattern(r"[“”„‟]([^\n]*?)[“”‟\"](?=\s*[),\]])|[‘’‚‛]([^\n]*?)[’‛'](?=\s*[),\]])")
CURLY_END = pattern(r"[“”‟‘’](?=\s*[),\]])")
CLOSING = {"(": ")", "[": "]", "{": "}"}


def is_python(text: str) -> bool:
    """Return whether Python can read a text."""
    try:
        return bool(ast.parse(text))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False


def answering(said: str) -> str:
    """Return Python that refuses with a line."""
    return f"get_ipython().rollout_session.answer({said!r})"


class Reader:
    """Keeps track of strings, comments, brackets and statements.

    Args:
        text: the cell.

    Attributes:
        statement: what has been read of the last statement, strings reduced to quotes.
        began: where it begins in what is returned.
        quote: the quotation mark that is open at the end.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.statement = ""
        self.began = 0
        self.quote = ""
        self._out: list[str] = []
        self._written = 0  # characters
        self._open: list[str] = []  # what closes each open bracket
        self._declared = False  # the statement began with const, let or var: it is JavaScript
        self._continued_at = -1  # start of a line that a backslash joins to the one before

    @property
    def closing(self) -> str:
        """What would close all that is open; empty where nothing is."""
        return self.quote + "".join(reversed(self._open))

    def read(self) -> str:
        """Return the cell as Python."""
        while self.at < len(self.text):
            if self._at_line_start() and self._fence():
                continue
            if not self.statement.strip() and self._statement_start():
                continue
            self._token()
        return "".join(self._out)

    def _at_line_start(self) -> bool:
        return not self._open and (self.at == 0 or self.text[self.at - 1] == "\n") and not self._continued()

    def _continued(self) -> bool:
        return self.at == self._continued_at

    def _fence(self) -> bool:
        found = FENCE.match(self.text[self.at : self._line_end()])
        if found is None:
            return False
        self.at += found.end()  # the line end stays: a cell of no lines breaks IPython
        return True

    def _statement_start(self) -> bool:
        """Take what stands at the beginning of a statement: IPython's lines, a shell's, and JavaScript's."""
        if self._open or self._continued():
            return False
        if self._begins_line() and (escaped := ESCAPED.match(self.text, self.at)):
            self._copy(escaped.end(), seen="")
            return True
        if self._begins_line() and (line := SHELL_LINE.match(self.text, self.at)):
            words = (line[1] or line[2]).strip()
            self._replace(line.end(), python_for(words) or answering(answer(words)))
            return True
        for beginning in (BROWSER_PROMPT, DECLARATION, AWAIT):
            if found := beginning.match(self.text, self.at):
                self._declared = self._declared or beginning is DECLARATION
                self.at = found.end()
                return True
        return False

    def _begins_line(self) -> bool:
        return not self.text[self.text.rfind("\n", 0, self.at) + 1 : self.at].strip()

    def _token(self) -> None:
        """Copy or change the next piece: a string, a comment, a bracket or a character."""
        char = self.text[self.at]
        if quote := STRING.match(self.text, self.at):
            self._string(quote.group())
        elif char == "#":
            self._copy(self._line_end(), seen="")
        elif self.text.startswith("//", self.at) and self._is_comment():
            self._replace(self.at + 2, "#")
            self._copy(self._line_end(), seen="")
        elif self._open and (optional := OPTIONAL.match(self.text, self.at)) and self._is_word_start():
            self.at = optional.end()
        elif (waits := AWAIT.match(self.text, self.at)) and self.statement.rstrip().endswith("="):
            self.at = waits.end()
        elif char in "!%" and not self._open and ASSIGNED.fullmatch(self.statement):
            self._copy(ESCAPED.match(self.text, self.at).end(), seen='""')  # type: ignore[union-attr]
        elif not char.isascii():
            self._foreign(char)
        else:
            self._plain(char)

    def _foreign(self, char: str) -> None:
        """Turn the spaces and quotation marks of other programs into Python's."""
        if quoted := CURLY.match(self.text, self.at):
            words = (quoted[1] if quoted[1] is not None else quoted[2]).replace("\\", "\\\\").replace('"', '\\"')
            self._replace(quoted.end(), f'"{words}"', seen='""')
        elif SPACE.match(char) or INVISIBLE.match(char):
            self._replace(self.at + 1, " " if SPACE.match(char) else "")
        else:
            self._copy(self.at + 1)

    def _plain(self, char: str) -> None:
        if self.text.startswith("//", self.at):
            self._copy(self.at + 2)
            return
        if self.text.startswith("\\\n", self.at):
            self._copy(self.at + 2)
            self._continued_at = self.at
            return
        if char in CLOSING:
            self._open.append(CLOSING[char])
        elif char in ")]}" and self._open:
            self._open.pop()
        self._copy(self.at + 1)
        if not self._open and char in ";\n":
            self.statement, self._declared = "", False
            self.began = self._written

    def _string(self, quote: str) -> None:
        if STOP.fullmatch(self.statement.strip()) and self._reason():
            return
        end = self.at + len(quote)
        while end < len(self.text):
            if self.text[end] == "\\":
                end += 2
            elif self.text.startswith(quote, end):
                self._copy(end + len(quote), seen='""')
                return
            elif len(quote) == 1 and self.text[end] == "\n":
                break
            else:
                end += 1
        end = min(end, len(self.text))
        if len(quote) == 1 and (curly := CURLY_END.search(self.text, self.at, end)):
            words = self.text[self.at + 1 : curly.start()]
            self._replace(curly.end(), f"{quote}{words}{quote}", seen='""')
            return
        self.quote = quote if len(quote) == 1 else ""
        self._copy(end, seen='""')

    def _reason(self) -> bool:
        """Take the reason of a stop that can't be read as it is: no quotation mark in it keeps a stop away."""
        found, is_curly = WHOLE_TEXT.match(self.text, self.at), CURLY_END.search(self.text, self.at, self._line_end())
        if not found or is_curly or is_python(f"f({found[0]})") or is_python(self.text):
            return False
        self._replace(found.end(), quoted(found[2]), seen='""')
        return True

    def _is_comment(self) -> bool:
        """Return whether the `//` here can't be a floor division."""
        before = self.statement.rstrip()
        if self._continued() or (before.endswith("\\") and not self._open):
            return False
        if not before or self._declared or before[-1] in ",([{;=:":
            return True
        command = COMMAND.match(before.lstrip())
        return command is not None and not self._open and _closes(before.lstrip(), command.end() - 1)

    def _is_word_start(self) -> bool:
        return not (self.at and (self.text[self.at - 1].isalnum() or self.text[self.at - 1] in "_."))

    def _line_end(self) -> int:
        end = self.text.find("\n", self.at)
        return len(self.text) if end < 0 else end

    def _copy(self, end: int, seen: str | None = None) -> None:
        self._replace(end, self.text[self.at : end], seen)

    def _replace(self, end: int, piece: str, seen: str | None = None) -> None:
        self._out.append(piece)
        self._written += len(piece)
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
