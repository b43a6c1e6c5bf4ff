"""The functions of the lower floors as a database has them, their places in migrations/rules/, and their mutants."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.mutants.changes import changes
from tests.support.sql_floors import FLOORS

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
HIGHEST = 7  # the floors above hold views and commands
GENERATED = {"00_figures/verdict.sql"}  # tables of measured figures, written by a benchmark

OURS = """
    select p.oid::regprocedure::text, p.prosrc, pg_get_functiondef(p.oid), p.proconfig is null and l.lanname = 'sql',
           coalesce(obj_description(p.oid), '')
    from pg_proc p join pg_language l on l.oid = p.prolang
    where p.pronamespace in ('public'::regnamespace, 'rollout'::regnamespace) and l.lanname in ('sql', 'plpgsql')
    order by 1
"""


@dataclass(frozen=True)
class Function:
    """A function: its signature, body and definition, and where the body begins in which file."""

    name: str
    body: str
    definition: str
    inlined: bool  # where it is used, if PostgreSQL likes
    comment: str
    file: str
    first_line: int

    @property
    def short(self) -> str:
        """Return the name without schema and arguments, as statistics and bodies have it."""
        return self.name.partition("(")[0].rpartition(".")[2]

    @property
    def words(self) -> set[str]:
        """Return what the name of a test of its rule has: the rule's number, the subject."""
        rules = re.findall(r"\bR(\d+)", self.comment.partition(":")[0])
        words = f"{self.short}_{Path(self.file).stem}".split("_")
        return {f"_r{number}_" for number in rules} | {word for word in words if len(word) > 3}

    @property
    def is_judged(self) -> bool:
        return int(self.file[:2]) <= HIGHEST and self.file not in GENERATED

    def with_body(self, body: str) -> str:
        """Return the statement that puts another body in the place of this one."""
        before, _, after = self.definition.rpartition(self.body)
        return before + body + after

    def mentions(self, other: Function) -> bool:
        return re.search(rf"\b{other.short}\b", self.body) is not None


@dataclass(frozen=True)
class Mutant:
    """A function with one change."""

    function: Function
    line: int
    text: str  # of the line, by which an equivalent is known
    change: str
    nth: int  # of the same changes in this line
    statement: str

    @property
    def place(self) -> str:
        return f"{self.function.file}:{self.line}"

    @property
    def key(self) -> tuple[str, str, str, int]:
        """Return what names it wherever its function stands."""
        return self.function.short, self.text, self.change, self.nth

    @property
    def id(self) -> str:
        """Return what names it as long as its function has this body."""
        return (
            f"{self.function.name} {self.line - self.function.first_line}: {self.change} ({self.nth}) in {self.text!r}"
        )

    def __str__(self) -> str:
        nth = f" ({self.nth})" if self.nth > 1 else ""
        return f"{self.place}: {self.change}{nth} in {self.text!r}"


def functions(url: str) -> list[Function]:
    """Return our functions that stand in migrations/rules/."""
    files = {f"{path.parent.name}/{path.name}": path.read_text() for folder in FLOORS for path in folder.glob("*.sql")}
    found = []
    with psycopg.connect(url) as connection:
        for name, body, definition, inlined, comment in connection.execute(OURS):
            if file := _file(name, body, files):
                line = 1 + files[file].count("\n", 0, files[file].index(f"$${body}$$"))
                found.append(Function(name, body, definition, inlined, comment, file, line))
    return found


def _file(name: str, body: str, files: dict[str, str]) -> str | None:
    short = name.partition("(")[0].rpartition(".")[2]
    with_body = [file for file, text in files.items() if f"$${body}$$" in text]
    return next((file for file in with_body if re.search(rf"function (\w+\.)?{short}\(", files[file])), None)


def mutants(function: Function) -> Iterator[Mutant]:
    """Yield each mutant of a function."""
    seen: dict[tuple[int, str], int] = {}
    for change in changes(function.body, figures=function.file.startswith("00")):
        before = function.body[change.begin : change.end]
        number = function.body.count("\n", 0, change.begin)
        what = f"{before} -> {change.after}" if change.after else f"no {before}"
        nth = seen[number, what] = seen.get((number, what), 0) + 1
        body = function.body[: change.begin] + change.after + function.body[change.end :]
        line = function.body.splitlines()[number].strip()
        yield Mutant(function, function.first_line + number, line, what, nth, function.with_body(body))


def equivalents() -> set[tuple[str, str, str, int]]:
    """Return the keys of the mutants that nobody can tell from the original."""
    listed = tomllib.loads(EQUIVALENTS.read_text(encoding="utf-8")).get("equivalent", [])
    return {(e["function"], e["line"], change, e.get("nth", 1)) for e in listed for change in e["changes"]}
