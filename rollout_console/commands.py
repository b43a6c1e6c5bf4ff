"""The registry of console commands: help, completion and the README's table are made from it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Concatenate, Generic, NamedTuple, ParamSpec, TypeVar

from rollout_console.errors import BadArgument, Interrupted

if TYPE_CHECKING:
    from rollout_console.console import Rollout

P = ParamSpec("P")
T = TypeVar("T")

GROUPS = (
    "Status and monitoring",
    "Rollout control",
    "Repository management",
    "Safety controls",
    "Beyond the browser",
)


class Command(NamedTuple):
    """One command as the operator knows it.

    Attributes:
        name: what is typed after `rollout.`.
        group: one of GROUPS; the last holds what the browser console does not have.
        example: a call that can be pasted.
        summary: one line.
        details: the rest of the docstring.
        usage: the name with its arguments.
    """

    name: str
    group: str
    example: str
    summary: str
    details: str
    usage: str


COMMANDS: dict[str, Command] = {}


class Placeholder:
    """Stands for an argument that the manual leaves open, as in `rollout.setRollout(percentage)`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}: a placeholder of the manual>"


PLACEHOLDERS = {name: Placeholder(name) for name in ("percentage", "pct", "ids", "reason")}


class BoundCommand(Generic[P, T]):
    """A command of one console, ready to be called: checks the call, shows the result once, returns it."""

    def __init__(self, info: Command, method: Callable[Concatenate[Rollout, P], T], console: Rollout) -> None:
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
        try:
            result = self._method(self._console, *bound.args, **bound.kwargs)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{self.info.name} was interrupted; to see where things stand, type rollout.status()"
            ) from None
        self._console.show(result)
        return result

    def __repr__(self) -> str:
        return f"{self.info.summary} To run it, type {self.info.example}"


def command(group: str, example: str) -> Callable[[Callable[Concatenate[Rollout, P], T]], CommandMethod[P, T]]:
    """Register a method of the console as a command; its docstring is the help."""

    def register(method: Callable[Concatenate[Rollout, P], T]) -> CommandMethod[P, T]:
        summary, _, details = inspect.cleandoc(method.__doc__ or "").partition("\n")
        parameters = _without_self(method).parameters.values()
        shown = ", ".join(
            f"{p.name}?" if p.default is not inspect.Parameter.empty else p.name
            for p in parameters
            if p.name != "reason" or len(parameters) == 1  # every change takes one: help() says so once
        )
        usage = f"rollout.{method.__name__}({shown})"
        info = Command(method.__name__, group, example, summary, details.strip(), usage)
        COMMANDS[info.name] = info
        return CommandMethod(info, method)

    return register


class CommandMethod(Generic[P, T]):
    """What a command is on the class: binds itself to the console it is read from."""

    def __init__(self, info: Command, method: Callable[Concatenate[Rollout, P], T]) -> None:
        self.info = info
        self.method = method
        self.__doc__ = method.__doc__

    def __get__(self, console: Rollout, owner: type[Rollout]) -> BoundCommand[P, T]:
        """Return the command of this console."""
        return BoundCommand(self.info, self.method, console)


@functools.cache
def _without_self(method: Callable[..., Any]) -> inspect.Signature:
    signature = inspect.signature(method)
    return signature.replace(parameters=list(signature.parameters.values())[1:])


def _is_placeholder(value: object) -> bool:
    return isinstance(value, Placeholder) or (
        isinstance(value, list | tuple) and any(isinstance(item, Placeholder) for item in value)
    )
