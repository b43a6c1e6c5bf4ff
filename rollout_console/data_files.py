"""Locates the files that aren't Python: beside the package in a checkout, inside it when installed."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).parent


def data_file(name: str) -> Path:
    """Return the path of a file or folder of the project, as named in a checkout, for example `migrations`."""
    installed = _PACKAGE / "resources" / name
    return installed if installed.exists() else _PACKAGE.parent / name
