"""`rollout-console`: opens the console, runs `-c CODE` or a command in it, or hands over to a program."""

from __future__ import annotations

import argparse
import errno
import io
import os
import signal
import sys
from collections.abc import Sequence

from rollout_console.cli import parser
from rollout_console.errors import NOT_STOPPED, NotConfigured, RolloutError
from rollout_console.exit_status import Exit


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the arguments without the program's name, by default those of this process.

    Returns:
        The exit status: one of Exit; `monitor` has its own, MonitorExit.
    """
    if "_ARGCOMPLETE" in os.environ:
        _complete()
    _leave_with_the_terminal()
    _open_what_is_closed()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # for every program: what the encoding lacks is a question mark
    status = _status(list(sys.argv[1:] if argv is None else argv))
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:  # Python would try again at the end, and end with a status of its own
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            status = status or Exit.FAILED
    return status


def _status(arguments: list[str]) -> int:
    try:
        return _run(*parser.spelled(arguments))
    except RolloutError as error:
        from rollout_console.cli.verbs import complain

        complain(error)
        return Exit.FAILED
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:  # the reader of the output is gone, as with `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.CLOSED
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        print(f"the output can't be written ({error.strerror})", file=sys.stderr)
        return Exit.FAILED


def _open_what_is_closed() -> None:
    """Let what is said go nowhere where standard output or error is closed (`>&-`): Python has None for them then."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def _leave_with_the_terminal() -> None:
    """Take the closing of the terminal's window as leaving, so that what runs at the end runs: SIGHUP kills."""
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:
        signal.signal(signal.SIGHUP, lambda number, frame: sys.exit(Exit.HANGUP))


def _run(name: str, arguments: list[str]) -> int:
    if name and not parser.is_known(name):
        from rollout_console.console.output import tell

        tell(f"there is no command {name[:60]!r}; {parser.near(name)}", stream=sys.stderr)
        return Exit.WRONG_USE
    module = parser.program(name) if name in parser.PROGRAMS else None
    everything = not name and {"-h", "--help"} & set(arguments)
    try:
        chosen = parser.build(None if everything else name).parse_args(arguments)
    except SystemExit as ended:  # argparse has said why
        if ended.code and name == "stop":
            print(f" {NOT_STOPPED} ", file=sys.stderr)
        return getattr(module, "WRONG_USE", Exit.WRONG_USE) if ended.code else Exit.DONE
    if name and chosen.code is not None:
        print("-c runs code in the console; nothing was done: leave out -c or the command", file=sys.stderr)
        return Exit.WRONG_USE
    if chosen.target is not None:  # for all that this process does
        os.environ["ROLLOUT_TARGET"] = chosen.target
    _say_what_is_unread()
    if chosen.reset_demo:
        _reset()
    if module is not None:
        status: int = module.main(chosen)
        return status
    if name:
        from rollout_console.cli import verbs

        return verbs.run(verbs.VERBS[name], chosen)
    return _console(chosen)


def _say_what_is_unread() -> None:
    from rollout_console.settings import unread_dotenv

    if why := unread_dotenv():
        print(f".env in the working folder can't be read ({why}), and counts for nothing", file=sys.stderr)


def _console(chosen: argparse.Namespace) -> int:
    from rollout_console.shell import launch

    if not _has_a_folder():
        raise NotConfigured("the working folder is gone; nothing was done: go to another one, then start again")
    return launch.interactive() if chosen.code is None else launch.run(*chosen.code)


def _has_a_folder() -> bool:
    """Whether there is a working folder, without which IPython does not start."""
    try:
        return bool(os.getcwd())
    except OSError:
        return False


def _reset() -> None:
    from rollout_console.adapters.embedded import Server
    from rollout_console.settings import Settings

    settings = Settings.from_environment()
    settings.protection.refuse_changes()
    Server(settings.home).reset()
    print("the local practice database is reset")


def _complete() -> None:
    """Answer a shell that asks what could come next, and leave."""
    from argcomplete import autocomplete
    from argcomplete.completers import SuppressCompleter

    words = os.environ.get("COMP_LINE", "").split()[1:]
    name, _ = parser.spelled(words)
    autocomplete(parser.build(name if parser.is_known(name) else None), default_completer=SuppressCompleter())
