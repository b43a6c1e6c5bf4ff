"""Makes the README's pictures from real sessions: `python docs/make_pictures.py` (needs tmux, and rich)."""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS.parent / "tests"))

from tests.support.terminal import Terminal, console_environment, run_console  # noqa: E402


def picture(name: str, title: str, terminal: Terminal, width: int) -> None:
    """Write what a terminal shows as docs/NAME.svg."""
    lines = terminal.tmux("capture-pane", "-p", "-e").rstrip().splitlines()
    recorder = Console(record=True, width=width, file=open("/dev/null", "w"))  # noqa: SIM115
    for line in lines:
        recorder.print(Text.from_ansi(line), no_wrap=True, crop=False)
    drawing = recorder.export_svg(title=title, theme=MONOKAI)
    drawing = re.sub(r"@font-face \{.*?\}", "", drawing, flags=re.DOTALL)  # a picture that fetches nothing
    drawing = drawing.replace("Fira Code", "DejaVu Sans Mono").replace("<svg ", '<svg xml:space="preserve" ', 1)
    (DOCS / f"{name}.svg").write_text(drawing, encoding="utf-8")


def console(home: Path) -> None:
    """The console: status, a preview, an emergency stop."""
    terminal = Terminal(console_environment(home, ROLLOUT_HOME=str(home / "data")), width=100, height=41)
    terminal.wait_for("▸", seconds=60)
    terminal.type("rollout.status()")
    terminal.wait_for("last change")
    terminal.type("rollout.preview(25)")
    terminal.wait_for("to do it")
    terminal.type('rollout.emergencyStop("errors in the logs")')
    terminal.wait_for("Reason: errors in the logs")
    picture("console", "rollout-console", terminal, 100)
    terminal.type("exit")


def dashboard(home: Path) -> None:
    """The dashboard after an incident: the breaker has tripped, and the rollout starts again at 5 %."""
    env = console_environment(home, ROLLOUT_HOME=str(home / "data"))
    for line in ("rollout.resume(25)", "rollout.simulate(300, 30)", "rollout.setRollout(5, 'rate limit raised')"):
        run_console(env, line)
    terminal = Terminal(env, f"{sys.executable} -m rollout_console dashboard", width=100, height=36)
    terminal.wait_for("last changes", seconds=60)
    picture("dashboard", "rollout-console dashboard", terminal, 100)
    terminal.key("q")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(prefix="rc-", ignore_cleanup_errors=True) as folder:
        console(Path(folder))
        dashboard(Path(folder))
