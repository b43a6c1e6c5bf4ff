"""The dashboard in a real terminal."""

from __future__ import annotations

import pytest

from tests.support.terminal import DASHBOARD


@pytest.fixture
def dashboard(terminal):
    def opened(width: int = 80, height: int = 24):
        screen = terminal(command=DASHBOARD, width=width, height=height)
        screen.wait_for(" % in effect")
        return screen

    return opened
