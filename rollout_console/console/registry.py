"""What a command is: help, completion and the README's table are made from what stands here."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from enum import StrEnum
from typing import Any, Concatenate, Generic, NamedTuple, ParamSpec, Protocol, TypeVar

from rollout_console.errors import BadArgument, Interrupted
from rollout_console.validation import described


class Group(StrEnum):
    """The groups of commands, in the order in which help shows them."""

    STATUS = "Status and monitoring"
    CONTROL = "Rollout control"
    REPOSITORIES = "Repository management"
    SAFETY = "Safety controls"
    RAMP = "Ramp"
    STORY = "What happened"
    SETTINGS = "Settings"
    PLACES = "Targets and practice"

    @property
    def beyond(self) -> bool:
        """Whether the browser console has no such commands."""
        return self not in (Group.STATUS, Group.CONTROL, Group.REPOSITORIES, Group.SAFETY)


class Host(Protocol):
    """What a command needs of the console that it belongs to."""

    def show(self, result: object) -> None:
        """Show what a command returned."""

    def waiting(self) -> AbstractContextManager[None]:
        """Say after a second what a command waits for, how long it will at most, and how to leave."""

    def announce(self, call: str) -> None:
        """Take note of what was typed before its result is shown, or any line before it."""

    def refuse(self, line: str) -> None:
        """Say why a command was not carried out, without stopping the commands after it."""


P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C", bound=Host)


class Command(NamedTuple):
    """One command as the operator knows it.

    Attributes:
        name: what is typed after `rollout.`.
        group: where help shows it.
        example: a call that can be pasted.
        purpose: in a word or two, for the list of all.
        summary: one line.
        details: the rest of the docstring.
        usage: the name with its arguments.
        parameters: their names.
        own_screen: whether it shows by itself how far it is.
        verb: what is typed after `rollout-console`; None for what only makes sense in a session.
        listed: whether help shows it; not what only runbooks of the browser console still name.
    """

    name: str
    group: Group
    example: str
    purpose: str
    summary: str
    details: str
    usage: str
    parameters: tuple[str, ...]
    own_screen: bool
    verb: str | None
    listed: bool


class Placeholder:
    """Stands for an argument that the manual leaves open, as in `rollout.setRollout(percentage)`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}: a placeholder of the manual>"


SHOWN = 1  # parameters in the overview; help("configure") has them all

PLACEHOLDERS = {name: Placeholder(name) for name in ("percentage", "pct", "ids", "reason")}


class BoundCommand(Generic[C, P, T]):
    """A command of one console, ready to be called: checks the call, shows the result once, returns it."""

    def __init__(self, info: Command, method: Callable[Concatenate[C, P], T], console: C) -> None:
        self.info = info
        self._method = method
        self._console = console
        self.__name__ = info.name
        self.__doc__ = f"{info.summary}\n\n{info.details}".strip()
        self.__signature__ = _without_self(method)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> T | None:
        """Run the command and show what it returns.

        Returns:
            The result; None if an argument is still a placeholder of the manual, which is said
            instead, so that a pasted block goes on with its next line.
        """
        try:
            bound = self.__signature__.bind(*args, **kwargs)
        except TypeError as error:
            raise BadArgument(f"{self.info.name}: {error}; type {self.info.example}") from None
        for name, value in list(bound.arguments.items()):
            if not _is_placeholder(value):
                continue
            if self.__signature__.parameters[name].default is not inspect.Parameter.empty:
                del bound.arguments[name]
                continue
            self._console.refuse(f"{name} is a placeholder; nothing was done: type for example {self.info.example}")
            return None
        self._console.announce(_typed(self.info.name, args, kwargs))
        waiting = nullcontext() if self.info.own_screen else self._console.waiting()
        try:
            with waiting:
                result = self._method(self._console, *bound.args, **bound.kwargs)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{self.info.name} was interrupted; to see where things stand, type rollout.status()"
            ) from None
        self._console.show(result)
        return result

    def __repr__(self) -> str:
        return f"{self.info.summary} To run it, type {self.info.example}"


def command(
    group: Group,
    example: str,
    *,
    purpose: str = "",
    own_screen: bool = False,
    verb: str | None = "",
    listed: bool = True,
) -> Callable[[Callable[Concatenate[C, P], T]], CommandMethod[C, P, T]]:
    """Make a method of the console a command; its docstring is the help, its name with hyphens its verb.

    Args:
        group: where help shows it.
        example: a call that can be pasted.
        purpose: in a word or two, for the list of all; none for a command that help does not show.
        own_screen: whether it shows by itself how far it is.
        verb: another one; None for what only makes sense in a session.
        listed: whether help shows it.
    """

    def make(method: Callable[Concatenate[C, P], T]) -> CommandMethod[C, P, T]:
        summary, _, details = inspect.cleandoc(method.__doc__ or "").partition("\n")
        parameters = _without_self(method).parameters.values()
        names_shown = [
            f"{p.name}?" if p.default is not inspect.Parameter.empty else p.name
            for p in parameters
            if p.name != "reason" or len(parameters) == 1  # every change takes one: help() says so once
        ]
        shown = ", ".join([*names_shown[:SHOWN], "…"] if len(names_shown) > SHOWN else names_shown)
        usage = f"rollout.{method.__name__}({shown})"
        names = tuple(p.name for p in parameters)
        name = method.__name__
        spelled = _hyphened(name) if verb == "" else verb
        info = Command(
            name, group, example, purpose, summary, details.strip(), usage, names, own_screen, spelled, listed
        )
        return CommandMethod(info, method)

    return make


class CommandMethod(Generic[C, P, T]):
    """What a command is on the class: binds itself to the console it is read from."""

    def __init__(self, info: Command, method: Callable[Concatenate[C, P], T]) -> None:
        self.info = info
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, console: C, owner: type[C]) -> BoundCommand[C, P, T]:
        """Return the command of this console."""
        return BoundCommand(self.info, self.method, console)


def commands_of(console: type) -> dict[str, Command]:
    """Return the commands of a class by name, in the order of its bases, then as they are written."""
    return {
        name: method.info
        for base in (*console.__mro__[1:], console)
        for name, method in vars(base).items()
        if isinstance(method, CommandMethod)
    }


def signature_of(console: type, name: str) -> inspect.Signature:
    """Return the parameters of a command of a class; annotations are as they are written."""
    found: CommandMethod[Any, Any, Any] = inspect.getattr_static(console, name)
    return _without_self(found.method)


def _hyphened(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower()


@functools.cache
def _without_self(method: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(method)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _typed(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    arguments = [*map(described, args), *(f"{key}={described(value)}" for key, value in kwargs.items())]
    return f"rollout.{name}({', '.join(arguments)})"


def _is_placeholder(value: object) -> bool:
    return isinstance(value, Placeholder) or (
        isinstance(value, list | tuple) and any(isinstance(item, Placeholder) for item in value)
    )
