"""What pages say that the code says, too: `python -m tests.support.pages` writes it anew, tests compare it."""

from __future__ import annotations

import inspect
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec

import rollout_console
from rollout_console import results
from rollout_console.client import SettingValues
from rollout_console.client.calls import Calls
from rollout_console.console import COMMANDS, Command, Group
from tests.support import ROOT, architecture, cli_pages

README, COMMANDS_PAGE, API = ROOT / "README.md", ROOT / "docs" / "commands.md", ROOT / "docs" / "api.md"
RULES, RELIABILITY = ROOT / "docs" / "rules.md", ROOT / "docs" / "reliability.md"
LISTED = 8  # files of a rule, at most
SCRIPT = """```python
import rollout_console

with rollout_console.connect() as client:
    if client.status().health.verdict == "breach":
        client.rollback_to_zero(reason="nightly check")
    for change in client.history(5).entries:
        print(change.at, change.command, change.reason)
```"""


def readme() -> str:
    """Return the README with the present names of the commands, by group."""
    lines = ["| | type `rollout.` and one of |", "| --- | --- |"]
    for group, listed in _by_group():
        lines.append(f"| {group} | {' '.join(f'`{c.name}`' for c in listed)} |")
    return _filled(README, "commands", lines)


def commands() -> str:
    """Return docs/commands.md with the present table."""
    lines = ["| type | what it does |", "| --- | --- |"]
    for group, listed in _by_group():
        lines.append(f"| **{group}** | |")
        lines += [f"| `{c.usage}` | {c.summary} |" for c in listed]
    return _filled(COMMANDS_PAGE, "commands", lines)


def reliability() -> str:
    """Return docs/reliability.md with the present files of each rule's tests."""
    lines = ["| rule | promise | tests |", "| --- | --- | --- |"]
    files = rules_of_tests()
    for rule, promise in re.findall(r"^## (R\d+)\n\n\*\*(.+?)\.?\*\*", RULES.read_text(encoding="utf-8"), re.MULTILINE):
        most = sorted(files[rule].items(), key=lambda item: (-item[1], item[0]))[:LISTED]
        lines.append(
            f"| [{rule}](rules.md#{rule.lower()}) | {promise} | {', '.join(f'`{name}`' for name, _ in most)} |"
        )
    return _filled(RELIABILITY, "tests", lines)


def rules_of_tests() -> dict[str, Counter[str]]:
    """Return by rule how many tests of which file have it in their names, as `test_r4_`, `test_r8_and_r18_`, `test_r1_to_r10_`."""
    found: dict[str, Counter[str]] = defaultdict(Counter)
    for path in (ROOT / "tests").rglob("test_*.py"):
        for first, how, last in re.findall(
            r"^ *def test_r(\d+)_(?:(to|and)_r(\d+)_)?", path.read_text(encoding="utf-8"), re.MULTILINE
        ):
            numbers = range(int(first), int(last) + 1) if how == "to" else {int(first), int(last or first)}
            for number in numbers:
                found[f"R{number}"][path.name] += 1
    return found


def _by_group() -> Iterator[tuple[Group, list[Command]]]:
    for group in Group:
        yield group, [c for c in COMMANDS.values() if c.listed and c.group is group]


def _filled(page: Path, name: str, lines: list[str]) -> str:
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    block = "\n".join([begin, *lines, end])
    return re.sub(f"{begin}.*{end}", lambda _: block, page.read_text(encoding="utf-8"), flags=re.DOTALL)


def api() -> str:
    """Return the page of the Python API, from the docstrings."""
    parts = [
        "# The Python API",
        "For scripts. Everything public is in `rollout_console`; what begins with an underscore is not.",
        SCRIPT,
        *_function("## ", "rollout_console.connect", rollout_console.connect),
        "## RolloutClient",
        _text(rollout_console.RolloutClient),
        *_methods(),
        "### SettingValues",
        _text(SettingValues),
        "## Errors",
        *_errors(),
        "## Results",
        _text(results),
        *_results(),
    ]
    return "\n\n".join(parts) + "\n"


def methods() -> dict[str, Any]:
    """Return the client's public methods by name, in the order of help()."""
    classes = (Calls, *rollout_console.RolloutClient.__bases__)
    found = [member for base in classes for member in vars(base).items()]
    return {name: method for name, method in found if inspect.isfunction(method) and not name.startswith("_")}


def _methods() -> Iterator[str]:
    for name, method in methods().items():
        yield from _function("### ", f"client.{name}", method)


def _function(heading: str, name: str, function: Any) -> Iterator[str]:
    signature = inspect.signature(function)
    parameters = [p for p in signature.parameters.values() if p.name != "self"]
    shown = str(signature.replace(parameters=parameters)).replace("'", "").replace("results.", "")
    yield f"{heading}{name.rpartition('.')[2]}\n\n```python\n{name}{shown}\n```"
    yield _text(function)


def _errors() -> Iterator[str]:
    listed = [getattr(rollout_console, name) for name in rollout_console.__all__]
    kinds = [kind for kind in listed if inspect.isclass(kind) and issubclass(kind, Exception)]
    lines = []

    def branch(kind: type, depth: int) -> None:
        lines.append(f"{'  ' * depth}- `{kind.__name__}`: {_text(kind).splitlines()[0]}")
        for below in sorted((k for k in kinds if kind in k.__bases__), key=lambda k: k.__name__):
            branch(below, depth + 1)

    branch(rollout_console.RolloutError, 0)
    yield "\n".join(lines)


def _results() -> Iterator[str]:
    for name in results.__all__:
        kind = getattr(results, name)
        if inspect.isclass(kind) and issubclass(kind, msgspec.Struct) and kind not in (results.Record, results.Result):
            fields = ", ".join(f"`{field}`" for field in kind.__struct_fields__)
            yield f"### {name}\n\n{_text(kind)}\n\n{fields}"
    closed = {name: get_args(getattr(results, name)) for name in results.__all__}
    lines = [f"- `{name}`: " + ", ".join(f"`{v}`" for v in values) for name, values in closed.items() if values]
    yield "\n".join(["### Closed sets\n", *lines])


def _text(found: Any) -> str:
    """Return a docstring as Markdown: its sections of arguments and errors as lists."""
    lines = (inspect.getdoc(found) or "").splitlines()
    shown: list[str] = []
    for line in lines:
        if re.fullmatch(r"(Args|Returns|Raises|Attributes):", line):
            shown.append(f"**{line[:-1]}**\n")
        elif entry := re.match(r"    (\w+): (.*)", line):
            shown.append(f"- `{entry[1]}`: {entry[2]}")
        else:
            shown.append(line.strip())
    return "\n".join(shown)


if __name__ == "__main__":
    cli_pages.NAMES.write_text(cli_pages.names(), encoding="utf-8")
    README.write_text(readme(), encoding="utf-8")
    COMMANDS_PAGE.write_text(commands(), encoding="utf-8")
    API.write_text(api(), encoding="utf-8")
    RELIABILITY.write_text(reliability(), encoding="utf-8")
    architecture.PICTURE.write_text(architecture.picture(), encoding="utf-8")
    cli_pages.PAGE.write_text(cli_pages.page(), encoding="utf-8")
    cli_pages.MAN.write_text(cli_pages.man(), encoding="utf-8")
