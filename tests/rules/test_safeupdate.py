"""R11: the API's sessions load safeupdate, which refuses an update or delete without a where, in functions as well."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pglast
import pytest
from pglast.visitors import Visitor

from rollout_console.data_files import data_file

ROWS = re.compile(r"(?:public\.)?\w+\[\]")
ROW = re.compile(
    r"^( {4}(?!update |from |join |into |lock |insert )\w+ (?:constant )?)(?:public\.)?(?:rollout_\w+|repository_categories|categorization_\w+|report)\b",
    re.MULTILINE,
)
STATEMENT = 0  # what PL/pgSQL hands on whole; the others are expressions


class Unbounded(Visitor):
    """Collects the tables of statements that safeupdate refuses."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: list[str] = []

    def visit_UpdateStmt(self, _: object, node: Any) -> None:
        if node.whereClause is None:
            self.tables.append(f"update {node.relation.relname}")

    def visit_DeleteStmt(self, _: object, node: Any) -> None:
        if node.whereClause is None:
            self.tables.append(f"delete from {node.relation.relname}")


def unbounded(statement: str) -> list[str]:
    visitor = Unbounded()
    visitor(pglast.parse_sql(statement))
    return visitor.tables


def queries(parsed: object) -> Iterator[str]:
    """Yield the statements in a parsed body of PL/pgSQL, at whatever depth."""
    if isinstance(parsed, dict):
        expression = parsed.get("PLpgSQL_expr")
        if expression and expression.get("parseMode", STATEMENT) == STATEMENT:
            yield expression["query"]
        for each in parsed.values():
            yield from queries(each)
    elif isinstance(parsed, list):
        for each in parsed:
            yield from queries(each)


def statements(function: Any, text: str) -> Iterator[str]:
    """Yield what a function of ours runs."""
    options = {option.defname: option.arg for option in function.options or ()}
    if options["language"].sval == "plpgsql":
        # The parser has no catalogue: rows are records to it, and it knows no other schema.
        text = ROWS.sub("text[]", text.replace("rollout.", "public."))
        yield from queries(pglast.parse_plpgsql(ROW.sub(r"\1record", text)))
    else:
        yield options["as"][0].sval


def in_file(source: str) -> list[str]:
    found = []
    parsed: list[Any] = list(pglast.parse_sql(source))
    for raw in parsed:
        text = source[raw.stmt_location : raw.stmt_location + raw.stmt_len]
        if isinstance(raw.stmt, pglast.ast.CreateFunctionStmt):
            names: Any = raw.stmt.funcname
            name = names[-1].sval
            found += [f"{name}: {table}" for each in statements(raw.stmt, text) for table in unbounded(each)]
    return found


def test_r11_no_function_updates_or_deletes_without_a_where():
    files = sorted(data_file("migrations").rglob("*.sql"))
    assert [line for file in files for line in in_file(file.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize(("language", "body"), [
    ("plpgsql", "begin if true then for r in 1..2 loop delete from t; end loop; end if; end"),
    ("plpgsql", "begin with gone as (delete from t returning *) insert into u select * from gone; end"),
    ("plpgsql", "declare r record; begin update t set a = 1 returning * into r; end"),
    ("sql", "with gone as (delete from t returning *) select count(*) from gone"),
])  # fmt: skip
def test_such_a_statement_is_found(language, body):
    source = f"create function f() returns void language {language} as {json.dumps(body).replace(chr(34), '$$')};"
    assert in_file(source)
