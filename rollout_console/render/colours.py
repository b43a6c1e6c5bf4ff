"""The colours of terminals: each can be read on a black and on a white one.

The sixteen of a theme can't: yellow and bright green on white have a contrast below 2 : 1. Of the 256 that every
terminal shows alike, these have at least 4.5 : 1 to both; what warns is bold or reversed, in the terminal's own two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rollout_console.targets import Colour

GREEN, RED, GREY, WHITE, DARK_RED = 29, 131, 243, 231, 124  # of 256
STYLES = {
    "title": "1",
    "good": f"38;5;{GREEN}",
    "warning": "1",
    "flag": "1;7",
    "bad": f"1;38;5;{RED}",
    "stopped": f"1;38;5;{WHITE};48;5;{DARK_RED}",
    "muted": f"38;5;{GREY}",
}
# Of a prompt: text and background. A target's name has a colour of its own, never one that warns.
NAMES: dict[Colour, tuple[str, str]] = {
    "red": ("#ffffff", "#af0000"),
    "green": ("#ffffff", "#00875f"),
    "yellow": ("#000000", "#ffd700"),
    "blue": ("#ffffff", "#005fd7"),
    "magenta": ("#ffffff", "#8700af"),
    "cyan": ("#000000", "#5fd7d7"),
}
PROMPT = {
    "Local": "#00875f",
    "Remote": "bold",
    "Flag": "bold reverse",
    "Stopped": "bold #ffffff bg:#af0000",
    **{name.capitalize(): f"bold {text} bg:{background}" for name, (text, background) in NAMES.items()},
}
# Of what is typed: IPython has green and yellow for these.
TYPED = {"Number": "#00875f", "String": "#00875f"}
