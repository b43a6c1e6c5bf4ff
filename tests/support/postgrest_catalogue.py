"""What PostgREST knows of a database, its schema cache: functions, columns, settings of roles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import psycopg

HOISTED = {"statement_timeout", "default_transaction_isolation", "plan_filter.statement_cost_limit"}  # test_settings.py

FUNCTIONS = """
    select p.proname, coalesce(p.proargnames[1:p.pronargs], '{}'),
           array(select format_type(t, null) from unnest(p.proargtypes) with ordinality u(t, n) order by n),
           p.pronargdefaults, p.provolatile = 'v', p.proretset, p.prorettype = 'void'::regtype, coalesce(p.proconfig, '{}')
    from pg_proc p
    where p.pronamespace = 'public'::regnamespace and p.prokind = 'f'
"""
COLUMNS = """
    select c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
    from pg_class c join pg_attribute a on a.attrelid = c.oid
    where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and not a.attisdropped
"""
ROLES = "select rolname, rolconfig from pg_roles where rolconfig is not null"


@dataclass(frozen=True)
class Function:
    """A function that a request may call."""

    name: str
    arguments: dict[str, str]
    required: frozenset[str]
    volatile: bool
    returns_set: bool
    returns_void: bool
    settings: dict[str, str]

    def takes(self, given: set[str]) -> bool:
        return self.required <= given <= set(self.arguments)

    def __str__(self) -> str:
        listed = ", ".join(f"{name} => {kind}" for name, kind in self.arguments.items())
        return f"public.{self.name}({listed})"


class Catalogue(NamedTuple):
    """What was read at one moment; it stays as it was until it is read again."""

    functions: dict[str, list[Function]]
    columns: dict[str, dict[str, str]]
    roles: dict[str, dict[str, str]]

    @classmethod
    def read(cls, connection: psycopg.Connection[Any]) -> Catalogue:
        functions: dict[str, list[Function]] = {}
        for name, names, types, defaults, volatile, returns_set, void, settings in connection.execute(FUNCTIONS):
            hoisted = {key: value for key, value in _pairs(settings).items() if key in HOISTED}
            required = frozenset(names[: len(names) - defaults])
            functions.setdefault(name, []).append(
                Function(name, dict(zip(names, types, strict=False)), required, volatile, returns_set, void, hoisted)
            )
        columns: dict[str, dict[str, str]] = {}
        for table, column, kind in connection.execute(COLUMNS):
            columns.setdefault(table, {})[column] = kind
        roles = {name: _pairs(settings) for name, settings in connection.execute(ROLES)}
        return cls(functions, columns, roles)


def _pairs(settings: list[str]) -> dict[str, str]:
    return dict(setting.split("=", 1) for setting in settings)
