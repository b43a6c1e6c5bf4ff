"""`rollout-console install-profile`: writes the IPython profile."""

from __future__ import annotations

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options: there are none."""


def main(args: argparse.Namespace) -> int:
    """Write the profile and say how to use it.

    Raises:
        Unreachable: the folder can't be written.
    """
    from rollout_console.console.output import tell
    from rollout_console.shell.launch import install_profile

    tell(f"profile written to {install_profile()}; to open the console, type: ipython --profile=rollout")
    return 0
