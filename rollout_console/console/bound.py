"""A command of one console, ready to be called."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from typing import Any

from rollout_console.client.command import Command
from rollout_console.console.place import Console
from rollout_console.errors import BadArgument, Interrupted
from rollout_console.validation import described


class Placeholder:
    """Stands for an argument that the manual leaves open, as in `rollout.setRollout(percentage)`."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name}: a placeholder of the manual>"


PLACEHOLDERS = {name: Placeholder(name) for name in ("percentage", "pct", "ids", "reason")}
ALSO = {"pct": "percentage", "ids": "repositories"}  # names of parameters in the browser console and in runbooks


class BoundCommand:
    """Checks the call, waits, shows the result once, and returns it.

    Args:
        info: the command.
        console: where it is typed.
        owner: has its method; None for the client, of the place where the console then is.
    """

    def __init__(self, info: Command, console: Console, owner: object | None) -> None:
        self.info = info
        self._console = console
        self._owner = owner
        self.__name__ = info.name
        self.__doc__ = f"{info.summary}\n\n{info.details}".strip()
        self.__signature__ = info.signature

    def __call__(self, *args: object, **kwargs: object) -> Any:
        """Run the command and show what it returns.

        Returns:
            The result; None if an argument is still a placeholder of the manual, or the session objects, which is
            said instead, so that a pasted block goes on with its next line.
        """
        info, output = self.info, self._console.output
        named = {name if name in info.parameters else ALSO.get(name, name): value for name, value in kwargs.items()}
        try:
            bound = info.signature.bind(*args, **named)
        except TypeError as error:
            raise BadArgument(f"{info.name}: {error}; type {self._corrected(args, named)}") from None
        for name, value in list(bound.arguments.items()):
            if (left_open := _placeholder_in(value)) is None:
                continue
            if info.signature.parameters[name].default is not inspect.Parameter.empty:
                del bound.arguments[name]
                continue
            output.announce(info.usage)
            output.refuse(f"{left_open.name} is a placeholder; nothing was done: type for example {info.example}")
            return None
        typed = _typed(info.name, args, kwargs)
        output.announce(typed)
        if objection := output.objection(info.name, bound.arguments, typed):
            output.refuse(objection)
            return None
        method = getattr(self._owner or self._console.client, info.method.__name__)
        try:
            with nullcontext() if info.own_screen else output.waiting():
                result = method(*bound.args, **bound.kwargs)
        except KeyboardInterrupt:
            raise Interrupted(
                f"{info.name} was interrupted; to see where things stand, type rollout.status()"
            ) from None
        output.show(result, self._console.client.adapter.notice)
        return result

    def _corrected(self, args: Sequence[object], named: Mapping[str, object]) -> str:
        """Return the call that was probably meant: what has a name that is nearly right, or none, by its right name."""
        import difflib

        known = self.info.signature.parameters
        in_order = [name for name, each in known.items() if each.kind is not inspect.Parameter.KEYWORD_ONLY]
        by_name = [name for name in known if name not in in_order and name not in named]
        if 0 < len(surplus := args[len(in_order) :]) <= len(by_name):
            given = dict(zip(by_name, surplus, strict=False))
            return _typed(self.info.name, args[: len(in_order)], {**named, **given})
        near = {name: difflib.get_close_matches(name, known, n=1) for name in named if name not in known}
        if not near:
            return self.info.to_type
        if all(near.values()):
            return _typed(self.info.name, args, {(near.get(name) or [name])[0]: value for name, value in named.items()})
        is_free = all(parameter.default is not inspect.Parameter.empty for parameter in known.values())
        return f"rollout.{self.info.name}()" if is_free else self.info.to_type

    def __repr__(self) -> str:
        return f"Nothing was done: type {self.info.to_type}. {self.info.summary}"

    def __getitem__(self, index: object) -> Any:
        """Refuse to be read like a list.

        Raises:
            NotCalled: always.
        """
        raise NotCalled(self.info)

    def __getattr__(self, name: str) -> Any:
        """Refuse to be read like a result.

        Raises:
            NotCalled: the name is one that a result could have.
        """
        raise AttributeError(name) if name.startswith("_") else NotCalled(self.info)


class NotCalled(BadArgument, AttributeError):
    """A command without its brackets; an AttributeError too, so that hasattr() works as usual."""

    def __init__(self, info: Command) -> None:
        super().__init__(f"{info.name} is a command, and needs brackets ( ); nothing was done: type {info.to_type}")


def _typed(name: str, args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    arguments = [*map(described, args), *(f"{key}={described(value)}" for key, value in kwargs.items())]
    return f"rollout.{name}({', '.join(arguments)})"


def _placeholder_in(value: object) -> Placeholder | None:
    parts = value if isinstance(value, list | tuple) else [value]
    return next((part for part in parts if isinstance(part, Placeholder)), None)
