"""A real terminal for the tests: the console on a pseudo-terminal, typed into and looked at."""

from __future__ import annotations

import contextlib
import copy
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, Any

import pexpect
import pyte
import pytest
from pyte.screens import Char, StaticDefaultDict

PYTHON = shlex.quote(sys.executable)
CONSOLE = f"{PYTHON} -m rollout_console"
DASHBOARD = f"{CONSOLE} dashboard --every 0.5"

KEYS = {
    "Enter": "\r",
    "Tab": "\t",
    "Escape": "\x1b",
    "C-c": "\x03",
    "C-d": "\x04",
    "Up": "\x1b[A",
    "Down": "\x1b[B",
    "Left": "\x1b[D",
    "Right": "\x1b[C",
}
ALTERNATE_SCREEN = 1049
AGE = r"(just now|\d+ s ago)"  # of what has happened in a test
HAS_FULL_DISK = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


class Line(StaticDefaultDict[int, Char]):
    """A line of the screen; `wrapped` if its text goes on in the next."""

    wrapped = False


class Emulator(pyte.HistoryScreen):
    """What a terminal shows, with its history, its wrapped lines and the screen that full-screen programs get.

    Args:
        columns, lines: its size.
        answer: sends to the program what it asks of its terminal, such as the position of the cursor.
    """

    buffer: Any  # pyte knows its own lines, but they are ours
    history: Any

    def __init__(self, columns: int, lines: int, answer: Callable[[str], None]) -> None:
        self._answer = answer
        self._saved: tuple[Any, Any] | None = None
        super().__init__(columns, lines, history=20000, ratio=0.5)

    def write_process_input(self, data: str) -> None:
        self._answer(data)

    def reset(self) -> None:
        super().reset()
        self.buffer.default_factory = lambda: Line(self.default_char)

    def draw(self, data: str) -> None:
        for character in data:
            if self.cursor.x == self.columns:
                self.buffer[self.cursor.y].wrapped = True
            super().draw(character)

    def set_mode(self, *modes: int, **options: Any) -> None:
        if options.get("private") and ALTERNATE_SCREEN in modes:
            self._saved = copy.deepcopy(dict(self.buffer)), copy.copy(self.cursor)
            self.erase_in_display(2)
        super().set_mode(*modes, **options)

    def reset_mode(self, *modes: int, **options: Any) -> None:
        super().reset_mode(*modes, **options)
        if options.get("private") and ALTERNATE_SCREEN in modes and self._saved is not None:
            self.buffer.clear()
            self.buffer.update(self._saved[0])
            self.cursor = self._saved[1]
            self._saved = None
            self.dirty.update(range(self.lines))

    def rows(self) -> list[Line]:
        return [self.buffer[y] for y in range(self.lines)]

    def text_of(self, row: Line) -> str:
        return "".join(row[x].data for x in range(self.columns))


HAND = 0.03  # seconds between two keys of the fastest hand; what comes faster is a paste to the dashboard


class Terminal:
    """A program on a terminal of its own.

    Args:
        env: what its environment has more than the tests'.
        command: a line for the shell; the console by default.
        width, height: size in characters.
    """

    def __init__(self, env: dict[str, str], command: str = CONSOLE, width: int = 100, height: int = 50) -> None:
        self._screen = Emulator(width, height, self._send)
        self._stream = pyte.Stream(self._screen)
        self._drawing = threading.Lock()
        self._process = pexpect.spawn(
            "/bin/sh", ["-c", command], env={**os.environ, **env}, dimensions=(height, width),
            encoding="utf-8", codec_errors="replace", echo=True,
        )  # fmt: skip
        self._process.delaybeforesend = None
        self._pressed = 0.0  # when a key was, last
        threading.Thread(target=self._read, name="terminal", daemon=True).start()

    def _read(self) -> None:
        while True:
            try:
                text = self._process.read_nonblocking(65536, timeout=None)
            except (pexpect.EOF, OSError, ValueError):
                return
            with self._drawing, contextlib.suppress(OSError):  # it may end before it hears an answer
                self._stream.feed(text)

    def _send(self, text: str) -> None:
        self._process.send(text)

    def write(self, text: str) -> None:
        """Type characters, without Enter."""
        self._send(text)

    def type(self, line: str) -> None:
        """Type a line, and Enter once it is on screen: what comes at once is a paste to the dashboard."""
        self._send(line)
        deadline = time.monotonic() + 3
        while line[-6:].strip() not in self.cursor_line() and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(HAND)
        self.key("Enter")

    def key(self, name: str) -> None:
        """Press a key: a character, or one of KEYS by its name; no sooner after the last one than a hand does."""
        time.sleep(max(0.0, self._pressed + HAND - time.monotonic()))
        self._send(KEYS.get(name, name))
        self._pressed = time.monotonic()

    def paste(self, text: str, *, bracketed: bool) -> None:
        """Paste; a bracketed paste waits for Enter, as at a desk."""
        text = text.replace("\n", "\r")
        self._send(f"\x1b[200~{text}\x1b[201~" if bracketed else text)
        if bracketed:
            time.sleep(0.3)  # the end of the paste and the key are one stream: Enter must not overtake
            self.key("Enter")

    def now(self) -> str:
        """What is on screen, line by line."""
        with self._drawing:
            return "\n".join(self._screen.text_of(row).rstrip() for row in self._screen.rows())

    def screen(self) -> str:
        """All that is and was on screen; wrapped lines are joined."""
        with self._drawing:
            rows: list[Line] = [*self._screen.history.top, *self._screen.rows()]
            text = "".join(
                self._screen.text_of(row) if row.wrapped else self._screen.text_of(row).rstrip() + "\n" for row in rows
            )
        return text.rstrip() + "\n"

    def cells(self) -> list[list[Char]]:
        """The characters on screen with their styles, down to the last line that is not empty."""
        with self._drawing:
            rows = [[row[x] for x in range(self._screen.columns)] for row in self._screen.rows()]
        while rows and not "".join(cell.data for cell in rows[-1]).strip():
            rows.pop()
        return rows

    def cursor_line(self) -> str:
        """The line that the cursor is in."""
        with self._drawing:
            return self._screen.text_of(self._screen.rows()[self._screen.cursor.y])

    def is_running(self) -> bool:
        """Whether the program has not ended."""
        return bool(self._process.isalive())

    def colours(self) -> set[str]:
        """The colours in use on screen, of text and background, and the default one."""
        with self._drawing:
            cells = [row[x] for row in self._screen.rows() for x in range(self._screen.columns)]
        return {cell.fg for cell in cells} | {cell.bg for cell in cells}

    def wait_for(self, text: str, times: int = 1, seconds: float = 60) -> str:
        """Wait until a text is on screen that many times, and return the screen."""
        deadline = time.monotonic() + seconds
        while (screen := self.screen()).count(text) < times:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was on screen {screen.count(text)} times, not {times}:\n{screen}")
            time.sleep(0.1)
        return screen

    def wait_without(self, text: str, seconds: float = 10) -> None:
        """Wait until a text is nowhere on what is visible."""
        deadline = time.monotonic() + seconds
        while text in self.now():
            assert time.monotonic() < deadline, f"{text!r} is still there:\n{self.now()}"
            time.sleep(0.05)

    def close(self) -> None:
        self._process.close(force=True)


class Running(subprocess.Popen[str]):
    """A program in the background, whose output can be read."""

    stdout: IO[str]
    stderr: IO[str]


def console_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which the console meets nothing of the developer's."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "TERM": "xterm-256color",
        "ROLLOUT_OPERATOR": "tess",
        "PYTHONFAULTHANDLER": "1",  # a crash in a library's C code says where
        **more,
    }


# The settings of a target, by the variables that lead a console to the same database.
KEPT_IN = {
    "ROLLOUT_DATABASE_URL": "database_url",
    "SUPABASE_URL": "supabase_url",
    "SUPABASE_SECRET_KEY": "supabase_key",
}


def target_table(name: str, env: dict[str, str], *more: str) -> str:
    """A table of `targets.toml` that leads where this environment does."""
    kept = [f'{setting} = "env:{variable}"' for variable, setting in KEPT_IN.items() if variable in env]
    return "\n".join([f"[{name}]", *kept, *more])


def write_targets(env: dict[str, str], text: str) -> None:
    """Write the `targets.toml` that consoles in this environment read."""
    file = Path(env["XDG_CONFIG_HOME"]) / "rollout-console" / "targets.toml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")


def run_console(env: dict[str, str], code: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`rollout-console -c CODE`."""
    return run_command(env, "-c", code, cwd=cwd)


def run_pieces(env: dict[str, str], pieces: Iterable[str]) -> subprocess.CompletedProcess[str]:
    """`rollout-console -c PIECE -c PIECE ...`: each is run, whatever became of those before it."""
    return run_command(env, *[word for piece in pieces for word in ("-c", piece)])


def run_command(
    env: dict[str, str], *arguments: str, cwd: Path | None = None, lines: str = ""
) -> subprocess.CompletedProcess[str]:
    """`rollout-console ARGUMENTS`, with nobody at the keyboard; `lines` come through a pipe."""
    return subprocess.run(
        [sys.executable, "-m", "rollout_console", *arguments],
        env=env, input=lines, capture_output=True, text=True, timeout=120, cwd=cwd or env["HOME"],
    )  # fmt: skip


def start_command(env: dict[str, str], *arguments: str) -> Running:
    """`rollout-console ARGUMENTS` in the background, deaf to no signal as a shell's background job would be."""
    return Running(
        [sys.executable, "-m", "rollout_console", *arguments],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=env["HOME"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
