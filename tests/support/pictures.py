"""The README's pictures, from real sessions: `python -m tests.support.pictures` makes them anew.

Each says with which version it was made, and a test holds that against the present one.
"""

from __future__ import annotations

import io
import re
import tempfile
import time
from itertools import groupby
from pathlib import Path

from pyte.screens import Char
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from rollout_console import __version__
from tests.support import ROOT
from tests.support.terminal import PYTHON, Terminal, console_environment, run_console

LIGHT = {"#0c0c0c": "#ffffff", "#d9d9d9": "#1f2328"}  # paper and ink of a terminal, for a reader with a light screen


def colour(name: str) -> str | None:
    """Return rich's name for a colour of pyte's, or None for the terminal's own."""
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    name = re.sub("^bright(?=.)", "bright_", name).replace("brown", "yellow")
    return None if name == "default" else name


def picture(name: str, title: str, terminal: Terminal, width: int) -> None:
    """Write what a terminal shows as docs/NAME.svg."""
    recorder = Console(record=True, width=width, file=io.StringIO())
    for row in terminal.cells():
        runs = groupby(row, style_of)
        recorder.print(Text.assemble(*(("".join(c.data for c in run), style) for style, run in runs)), crop=False)
    drawing = recorder.export_svg(title=title, theme=MONOKAI)
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)  # a picture that fetches nothing
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono").replace("<svg ", '<svg xml:space="preserve" ', 1)
    drawing = drawing.replace("<style>", f"<!-- made with rollout-console {__version__} -->\n    <style>", 1)
    drawing = drawing.replace("</style>", f"{on_light(drawing)}\n    </style>", 1)
    (ROOT / "docs" / f"{name}.svg").write_text(drawing, encoding="utf-8")


def on_light(drawing: str) -> str:
    """Return the rules for a light screen: paper and ink are other ones there, our own colours can be read on both."""
    boxes = [f'[fill="{dark}"] {{ fill: {light} }}' for dark, light in LIGHT.items()]
    texts = [
        rule.replace(dark, light)
        for rule in re.findall(r"\.\S+ \{ fill: .*?\}", drawing)
        for dark, light in LIGHT.items()
        if dark in rule
    ]
    rules = "\n".join(["[stroke] { stroke: #d0d7de }", *boxes, *texts])
    return f"@media (prefers-color-scheme: light) {{\n{rules}\n}}"


def settle(terminal: Terminal) -> None:
    """Wait until the screen is drawn whole: until nothing but ages changes any more."""
    before = ""
    while (now := re.sub(r"\d+", "", terminal.now())) != before:
        before = now
        time.sleep(1.5)


def style_of(cell: Char) -> Style:
    """Return the style of a character of the terminal."""
    return Style(color=colour(cell.fg), bgcolor=colour(cell.bg), bold=cell.bold, reverse=cell.reverse)


def console(home: Path) -> None:
    """The console: status, a preview, an emergency stop."""
    terminal = Terminal(console_environment(home, ROLLOUT_HOME=str(home / "data")), width=100, height=41)
    terminal.wait_for("% ▸", seconds=90)  # the practice database has started
    terminal.type("rollout.status()")
    terminal.wait_for("rollout.status(full=True)")
    terminal.type("rollout.preview(25)")
    terminal.wait_for("to do it")
    terminal.type('rollout.emergencyStop("errors in the logs")')
    terminal.wait_for("Reason: errors in the logs")
    settle(terminal)
    picture("console", "rollout-console", terminal, 100)
    terminal.type("exit")


def dashboard(home: Path) -> None:
    """The dashboard in an incident: the breaker has tripped at 25 %."""
    env = console_environment(home, ROLLOUT_HOME=str(home / "data"))
    for line in ("rollout.resume(25)", "rollout.simulate(300, 30)"):
        run_console(env, line)
    for name, width, height in (("dashboard", 80, 24), ("dashboard-wide", 160, 50)):
        terminal = Terminal(env, f"{PYTHON} -m rollout_console dashboard", width=width, height=height)
        terminal.wait_for("q quit", seconds=60)
        terminal.wait_for("ROLLED BACK", seconds=60)
        settle(terminal)
        picture(name, "rollout-console dashboard", terminal, width)
        terminal.key("q")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="rc-", ignore_cleanup_errors=True) as folder:
        console(Path(folder))
        dashboard(Path(folder))
