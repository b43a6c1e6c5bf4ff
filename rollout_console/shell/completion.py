"""Completes commands, and what stands in their brackets: percentages, repository names, help topics."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLate
from typing import Any

from rollout_console.client import RolloutClient
from rollout_console.client.command import values_of
from rollout_console.console import COMMANDS
from rollout_console.errors import RolloutError
from rollout_console.pattern import pattern
from rollout_console.shell.session import Session

PATIENCE = 0.15  # seconds that the prompt may wait for names
FRESH = 10.0  # seconds for which an answer is good
# What is being typed in the brackets of a command; its first parameter says what it may be.
NUMBER = pattern(r"rollout\.(\w+)\(\s*(\d*)$")
TEXT = pattern(r"rollout\.(\w+)\(.*?[\"']([^\"',\]]*)$")
# Completed text becomes code that runs: a name that could end its string is not offered.
OFFERED = pattern(r"[\w.+~@ /-]{1,200}")
# The brackets of use(): nothing yet, a target's name, or a feature's.
USE = pattern(
    r"rollout\.use\(\s*(?:(?P<none>\w*)|(?:target\s*=\s*)?[\"'](?P<target>[^\"']*)|"
    r".*\bfeature\s*=\s*[\"'](?P<feature>[^\"']*))$"
)
# Any open text in the brackets of a command, with the name that it is given by.
QUOTED = pattern(
    r".*\brollout\.(?P<command>\w+)\((?P<before>(?:[^\"']|\"[^\"]*\"|'[^']*')*?)(?:(?P<name>\w+)\s*=\s*)?"
    r"(?P<quote>[\"'])(?P<typed>(?:(?!(?P=quote)).)*)$"
)
CLOSED = pattern(r"\"[^\"]*\"|'[^']*'")
UNDO = pattern(r"rollout\.undo\(\s*(?:change\s*=\s*)?([\"']?[0-9a-f]*)$")
COMMAND = pattern(r"(?:^|[\s=(])rollout\.(\w*)$")
BARE = pattern(r"\s*([A-Za-z]{2,})$")  # a command without what it is of

LISTS = {"removeFromWhitelist": "whitelist", "removeFromBlacklist": "blacklist"}


class Completer:
    """Finds what could come next; repository names come from the database, if it answers within PATIENCE.

    Args:
        client: returns the client to ask for names, in a thread of its own; `use` goes to another.
        percentages: returns those of the phases, as far as they are known.
    """

    def __init__(self, client: Callable[[], RolloutClient], percentages: Callable[[], list[int]]) -> None:
        self._client = client
        self._percentages = percentages
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="completion")
        self._asked: tuple[tuple[RolloutClient, str], Future[list[tuple[str, str]]]] | None = None
        self._fresh_until = 0.0

    def complete(self, line: str) -> tuple[str, list[tuple[str, str]]] | None:
        """Return what is to be replaced and the candidates with a description, or None where IPython should complete.

        Args:
            line: the text before the cursor.
        """
        if found := COMMAND.search(line):
            return found[1], _commands(found[1])
        if found := BARE.match(line):
            return found[1], [(f"rollout.{name}", about) for name, about in _commands(found[1])]
        if found := USE.search(line):
            return self._places(found)
        if found := UNDO.search(line):
            return self._changes(found[1])
        if (found := QUOTED.match(line)) and (choices := _choices(found)) is not None:
            return found["typed"], choices
        if (found := NUMBER.search(line)) and _takes(found.group(1), "percentage"):
            percentages = [str(percentage) for percentage in self._percentages()]
            return found.group(2), [(p, "phase") for p in percentages if p.startswith(found.group(2))]
        if (found := TEXT.search(line)) and _takes(found.group(1), "topic"):
            from rollout_console.console.help import runbook

            topics = [*(c.name for c in COMMANDS.values() if c.listed), "recovery", *runbook()]
            return found.group(2), [(t, "topic") for t in topics if t.lower().startswith(found.group(2).lower())]
        if found and found.group(1) in LISTS:
            return self._listed(found.group(1), found.group(2))
        if found and _takes(found.group(1), "repository", "repositories"):
            prefix = found.group(2)
            return prefix, self._ask(
                prefix, lambda: [(name, "repository") for name in self._client().find_repositories(prefix, 30)]
            )
        return None

    def _listed(self, command: str, part: str) -> tuple[str, list[tuple[str, str]]]:
        name = LISTS[command]

        def entries() -> list[tuple[str, str]]:
            return [(e.full_name or e.repository_id, name) for e in getattr(self._client().show_whitelist(), name)]

        return part, [(entry, about) for entry, about in self._ask(name, entries) if part.lower() in entry.lower()]

    def _places(self, found: re.Match[str]) -> tuple[str, list[tuple[str, str]]]:
        if (prefix := found["feature"]) is not None:
            features = self._ask(
                "feature=", lambda: [(f.feature_name, "feature") for f in self._client().features().features]
            )
            return prefix, [(name, about) for name, about in features if name.startswith(prefix)]
        targets = [(name, "target") for name in _targets() if OFFERED.fullmatch(name)]
        if (prefix := found["target"]) is not None:
            return prefix, [(name, about) for name, about in targets if name.startswith(prefix)]
        whole = [*((f'"{name}"', about) for name, about in targets), ("feature=", "another feature")]
        return found["none"], [(text, about) for text, about in whole if text.startswith(found["none"])]

    def _changes(self, prefix: str) -> tuple[str, list[tuple[str, str]]]:
        from rollout_console.render.history import change_summary

        quote, beginning = (prefix[0], prefix[1:]) if prefix[:1] in ("'", '"') else ("", prefix)
        changes = self._ask("undo", lambda: [(e.short_id, change_summary(e)) for e in self._client().history().entries])
        around = "" if quote else '"'
        fits = [(f"{around}{name}{around}", about) for name, about in changes if name.startswith(beginning)]
        return beginning if quote else prefix, fits

    def close(self) -> None:
        """Stop asking for names."""
        self._worker.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: str, fetch: Callable[[], list[tuple[str, str]]]) -> list[tuple[str, str]]:
        asked = (self._client(), question)
        if self._asked is None or self._asked[0] != asked or time.monotonic() > self._fresh_until:
            self._asked = (asked, self._worker.submit(fetch))
            self._fresh_until = time.monotonic() + FRESH
        try:
            return [found for found in self._asked[1].result(timeout=PATIENCE) if OFFERED.fullmatch(found[0])]
        except TooLate:
            return []  # the answer will be there when Tab is pressed again
        except RolloutError:
            self._asked = None
            return []


def _targets() -> list[str]:
    from rollout_console.targets import named_targets

    try:
        return list(named_targets())
    except RolloutError:  # the command says what is wrong with the file
        return []


def _commands(beginning: str) -> list[tuple[str, str]]:
    listed = [command for command in COMMANDS.values() if command.listed]
    return [(c.name, c.summary) for c in listed if c.name.lower().startswith(beginning.lower())]


def _choices(found: re.Match[str]) -> list[tuple[str, str]] | None:
    """Return the words that an open text may be, none for any text; None where it names what the command is of."""
    command = COMMANDS.get(found["command"])
    if command is None:
        return None
    before = CLOSED.sub("", found["before"])
    is_first = "," not in before or ("[" in before and "]" not in before)
    name = found["name"] or (next(iter(command.parameters), "") if is_first else "")
    if name in ("topic", "repository", "repositories"):
        return None
    parameter = command.signature.parameters.get(name)
    values = values_of(parameter.annotation) if parameter is not None else []
    return [(value, name) for value in values if value.startswith(found["typed"])]


def _takes(command: str, *parameters: str) -> bool:
    return command in COMMANDS and COMMANDS[command].parameters[:1] in [(parameter,) for parameter in parameters]


def install(session: Session) -> None:
    """Put the completer before IPython's own."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    completer = Completer(lambda: session.console.client, session.phase_percentages)

    @context_matcher()  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> dict[str, Any]:
        found = completer.complete(context.text_until_cursor)
        if found is None:
            return {"completions": [], "suppress": False}
        fragment, candidates = found
        if not candidates and QUOTED.match(context.text_until_cursor):
            candidates = [(fragment, "")]  # or IPython would offer its magics, and files
        return {
            "completions": [SimpleCompletion(text, type=about) for text, about in candidates],
            "matched_fragment": fragment,
            "suppress": not BARE.match(context.text_until_cursor),  # which may begin any other name, too
            "ordered": True,
        }

    matchers = session.ip.Completer.custom_matchers
    matchers.append(matcher)

    def uninstall() -> None:
        completer.close()
        matchers.remove(matcher)

    session.on_unload(uninstall)
