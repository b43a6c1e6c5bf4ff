"""`rollout-console completion`: prints what teaches a shell to complete `rollout-console`."""

from __future__ import annotations

import argparse

from rollout_console.exit_status import Exit

SHELLS = {
    "bash": 'eval "$(rollout-console completion bash)"   # in ~/.bashrc',
    "zsh": 'eval "$(rollout-console completion zsh)"   # in ~/.zshrc',
    "fish": "rollout-console completion fish | source   # in ~/.config/fish/config.fish",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("shell", choices=SHELLS, help="the shell that is to complete")
    parser.epilog = "\n".join(["to have it in every session:", *(f"  {line}" for line in SHELLS.values())])


def main(args: argparse.Namespace) -> int:
    """Print the shell's code."""
    from argcomplete.shell_integration import shellcode

    print(shellcode(["rollout-console"], shell=args.shell))
    return Exit.DONE
