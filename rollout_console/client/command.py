"""What a command is: the prompt, verbs, completion, help and pages are made from what stands at the client's method."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from rollout_console.pattern import pattern

EVERYWHERE = ("reason", "confirm")  # of changes
SHOWN = 1  # parameters in the overview; help("configure") has them all
RULES = pattern(r" \(R\d+(?:, R\d+)*\)")  # where a promise stands in docs/rules.md
SECTION = pattern(r"^(?:Args|Returns|Raises):$", re.MULTILINE)


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


@dataclass(frozen=True)
class Command:
    """One command as the operator knows it.

    Attributes:
        method: what it does; its docstring is the help.
        group: where help shows it.
        example: a call that can be pasted; what stands before its bracket is the command's name.
        purpose: in a word or two, for the list of all; none for a command that help does not show.
        verb: what is typed after `rollout-console`; None for what only makes sense in a session.
        listed: whether help shows it; not what only runbooks of the browser console still name.
        own_screen: whether it shows by itself how far it is.
        without: parameters that are for programs.
    """

    method: Callable[..., Any]
    group: Group
    example: str
    purpose: str
    verb: str | None
    listed: bool
    own_screen: bool
    without: tuple[str, ...]

    @property
    def name(self) -> str:
        """What is typed after `rollout.`."""
        return name_in(self.example)

    @property
    def summary(self) -> str:
        """One line."""
        return RULES.sub("", self._doc.partition("\n")[0])

    @property
    def details(self) -> str:
        """The rest of the docstring, but for its sections."""
        return SECTION.split(self._doc.partition("\n")[2])[0].strip()

    @property
    def _doc(self) -> str:
        return inspect.cleandoc(self.method.__doc__ or "")

    @cached_property
    def signature(self) -> inspect.Signature:
        """Its parameters; those of `**values: Unpack[…]` by their names."""
        whole = inspect.signature(self.method)
        parameters = [p for p in list(whole.parameters.values())[1:] if p.name not in self.without]
        if parameters and parameters[-1].kind is inspect.Parameter.VAR_KEYWORD:
            (values,) = get_args(get_type_hints(self.method)[parameters.pop().name])
            parameters += [
                inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)
                for name, kind in get_type_hints(values).items()
            ]
        return whole.replace(parameters=parameters)

    @property
    def parameters(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(self.signature.parameters)

    @property
    def usage(self) -> str:
        """The name with its arguments."""
        parameters = list(self.signature.parameters.values())
        names = [
            f"{p.name}?" if p.default is not inspect.Parameter.empty else p.name
            for p in parameters
            if p.name not in EVERYWHERE or (p is parameters[0] and p.kind is not p.KEYWORD_ONLY)  # help() says so once
        ]
        return f"rollout.{self.name}({', '.join([*names[:SHOWN], '…'] if len(names) > SHOWN else names)})"

    @property
    def takes_percentage(self) -> bool:
        """Whether a percentage comes first."""
        return self.parameters[:1] == ("percentage",)

    @property
    def to_type(self) -> str:
        """What stands behind "type": its example, which is called one where any other number could be meant."""
        return f"for example {self.example}" if self.takes_percentage else self.example


M = TypeVar("M", bound=Callable[..., Any])


def command(
    group: Group,
    example: str,
    *,
    purpose: str = "",
    verb: str | None = "",
    listed: bool = True,
    own_screen: bool = False,
    without: tuple[str, ...] = (),
) -> Callable[[M], M]:
    """Make a method a command; arguments are as `Command` says, and by default its name with hyphens is its verb."""

    def mark(method: M) -> M:
        spelled = _hyphened(name_in(example)) if verb == "" else verb
        vars(method)["command"] = Command(method, group, example, purpose, spelled, listed, own_screen, without)
        return method

    return mark


def at_prompt(of: Callable[..., Any], *, own_screen: bool = False) -> Callable[[M], M]:
    """Make a method what a command of the client is at a prompt, where it can do more."""

    def mark(method: M) -> M:
        vars(method)["command"] = replace(vars(of)["command"], method=method, own_screen=own_screen)
        return method

    return mark


def commands_of(owner: type) -> dict[str, Command]:
    """Return the commands of a class by name, in the order of its bases, then as they are written."""
    members = [member for base in (*owner.__mro__[1:], owner) for member in vars(base).values()]
    marked = [vars(member) for member in members if inspect.isfunction(member)]
    found: list[Command] = [attributes["command"] for attributes in marked if "command" in attributes]
    return {command.name: command for command in found}


def values_of(annotation: object) -> list[str]:
    """Return the words that a parameter may be, if it may be a few only; annotations may be as they are written."""
    from rollout_console import results

    kind = getattr(results, str(annotation).partition(" | ")[0].removeprefix("results."), annotation)
    kinds = [kind, *get_args(kind)]
    return [str(value) for each in kinds if get_origin(each) is Literal for value in get_args(each)]


def name_in(example: str) -> str:
    """Return the name of the command that an example calls."""
    return example.partition("(")[0].removeprefix("rollout.")


def _hyphened(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z0-9])", "-", name).lower()
