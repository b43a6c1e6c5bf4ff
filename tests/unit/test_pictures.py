"""The pictures of README and docs show this version: a release with older ones is noticed."""

from __future__ import annotations

import re

import pytest

from rollout_console import __version__
from tests.support import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
PICTURES = re.findall(r"!\[[^]]*\]\((docs/\w+\.svg)\)", README)


def test_the_readme_has_pictures():
    assert "docs/console.svg" in PICTURES


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_was_made_with_this_version(picture):
    drawing = (ROOT / picture).read_text(encoding="utf-8")
    assert f"<!-- made with rollout-console {__version__} -->" in drawing, "type: python -m tests.support.pictures"
