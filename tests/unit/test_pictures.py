"""The pictures of README and docs show this version: a release with older ones is noticed."""

from __future__ import annotations

import re

import pytest

from rollout_console import __version__
from tests.support import ROOT
from tests.support.pictures import LIGHT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^]]*\]\((docs/\w+\.svg)\)", README)


def test_the_readme_has_pictures():
    assert "docs/console.svg" in PICTURES


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_is_light_where_the_readers_screen_is(picture):
    drawing = (ROOT / picture).read_text(encoding="utf-8")
    dark, light = drawing.split("@media (prefers-color-scheme: light)")
    for colour, other in LIGHT.items():
        assert f'[fill="{colour}"] {{ fill: {other} }}' in light
        for rule in re.findall(rf"(\.\S+) \{{ fill: {colour}", dark):
            assert f"{rule} {{ fill: {other}" in light


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_was_made_with_this_version(picture):
    drawing = (ROOT / picture).read_text(encoding="utf-8")
    assert f"<!-- made with rollout-console {__version__} -->" in drawing, "type: python -m tests.support.pictures"
