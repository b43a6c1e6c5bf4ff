"""A real terminal for the tests: the console in tmux, typed into and looked at."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path


class Terminal:
    """A console in a tmux window of its own server, so that nothing of the developer's tmux is touched."""

    def __init__(self, env: dict[str, str], command: str = "", width: int = 100, height: int = 50) -> None:
        self.socket = f"rollout-{uuid.uuid4().hex[:8]}"
        exports = " ".join(f"{name}='{value}'" for name, value in env.items())
        run = command or f"{sys.executable} -m rollout_console"
        self.tmux(
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            str(width),
            "-y",
            str(height),
            f"env {exports} {run}",
        )
        self.tmux("set-option", "-g", "history-limit", "20000")

    @staticmethod
    def available() -> bool:
        return shutil.which("tmux") is not None

    def tmux(self, *arguments: str, text: str | None = None) -> str:
        done = subprocess.run(
            ["tmux", "-L", self.socket, *arguments], input=text, capture_output=True, text=True, check=True
        )
        return done.stdout

    def type(self, line: str) -> None:
        self.tmux("send-keys", "-l", "--", line)
        self.tmux("send-keys", "Enter")

    def key(self, name: str) -> None:
        self.tmux("send-keys", name)

    def paste(self, text: str, *, bracketed: bool) -> None:
        """Paste; a bracketed paste waits for Enter, as at a desk."""
        self.tmux("load-buffer", "-", text=text)
        self.tmux("paste-buffer", *(["-p"] if bracketed else []))
        if bracketed:
            time.sleep(0.3)  # the end of the paste and the key are one stream: Enter must not overtake
            self.key("Enter")

    def screen(self) -> str:
        """All that is and was on screen."""
        return self.tmux("capture-pane", "-p", "-J", "-S", "-20000")

    def wait_for(self, text: str, times: int = 1, seconds: float = 30) -> str:
        """Wait until a text is on screen that many times, and return the screen."""
        deadline = time.monotonic() + seconds
        while (screen := self.screen()).count(text) < times:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was on screen {screen.count(text)} times, not {times}:\n{screen}")
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, check=False)


def console_environment(home: Path, **more: str) -> dict[str, str]:
    """An environment in which the console meets nothing of the developer's."""
    return {
        "HOME": str(home),
        "IPYTHONDIR": str(home / "ipython"),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "screen-256color",
        "ROLLOUT_OPERATOR": "tess",
        **more,
    }


def run_console(env: dict[str, str], code: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`rollout-console -c CODE`."""
    return run_command(env, "-c", code, cwd=cwd)


def run_command(env: dict[str, str], *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """`rollout-console ARGUMENTS`, with nobody at the keyboard."""
    return subprocess.run(
        [sys.executable, "-m", "rollout_console", *arguments],
        env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=120, cwd=cwd or env["HOME"],
    )  # fmt: skip


def start_command(env: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    """`rollout-console ARGUMENTS` in the background, deaf to no signal as a shell's background job would be."""
    return subprocess.Popen(
        [sys.executable, "-m", "rollout_console", *arguments],
        env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=env["HOME"],
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
