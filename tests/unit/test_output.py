"""Where the console's words go: each stream as it is, a terminal or a file."""

from __future__ import annotations

import io
import sys

import pytest

from rollout_console.console import Output
from rollout_console.errors import Unreachable

LINE = "the error rate has doubled since the deployment of this morning; nobody knows why: type rollout.status()"


class Tty(io.StringIO):
    """A terminal of 60 columns."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("out", "err"), [(Tty(), io.StringIO()), (io.StringIO(), Tty())], ids=["file", "terminal"])
def test_an_error_goes_by_the_stream_that_it_is_written_to(monkeypatch, out, err):
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    Output().show_error(LINE, Unreachable(LINE))
    lines = err.getvalue().splitlines()
    if isinstance(err, Tty):
        assert len(lines) == 2
        assert "\x1b[" in lines[0]
    else:
        assert lines == [LINE]
