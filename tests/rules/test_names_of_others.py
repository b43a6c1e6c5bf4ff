"""R11: the host may add columns to each table of `public`, ours included, under whichever names."""

from __future__ import annotations

import re

import psycopg
import pytest

from rollout_console.client import RolloutClient
from tests.support import odd
from tests.support.changes import CHANGES, REPORTS
from tests.support.rollouts import OPERATOR, rollout_on

# What a variable is declared as, at the margin of a block.
DECLARED = re.compile(r"^ {4}(\w+) (?:constant )?(?!:=|into\b)[\w.]+(?:\[\])?[ ;]", re.MULTILINE)

MOMENT = re.compile(r"\d{4}-\d\d-\d\d.*|[\d.]+ hours")


@pytest.fixture
def server_url(embedded_url):
    return embedded_url


def names(connection) -> set[str]:
    """Return what our functions call their parameters and variables."""
    found: set[str] = set()
    for parameters, body in connection.execute(
        "select coalesce(p.proargnames, '{}'), p.prosrc from pg_proc p join pg_language l on l.oid = p.prolang"
        " where rollout.is_our_function(p.pronamespace, p.proname) and l.lanname in ('sql', 'plpgsql')"
    ):
        declarations = re.split(r"(?m)^begin\b", body)[0].partition("declare")[2]
        found |= {*parameters, *DECLARED.findall(declarations)}
    return found - {""}


def what_changes(client, connection) -> dict[str, str]:
    """Return what fails of all that changes something, by command."""
    failed = {}
    for name, change in CHANGES.items():
        with connection.transaction(force_rollback=True):
            try:
                change.prepare(client, connection.execute)
                change.act(client)
            except Exception as error:
                failed[name] = f"{type(error).__name__}: {error}"
    return failed


def what_is_shown(client) -> dict[str, object]:
    """Return what each report answers, without moments."""

    def without_moments(value):
        if isinstance(value, dict):
            return {key: without_moments(each) for key, each in value.items() if key != "actual"}
        if isinstance(value, list):
            return [without_moments(each) for each in value]
        return MOMENT.sub("a moment", value) if isinstance(value, str) else value

    shown = {}
    for name, ask in REPORTS.items():
        try:
            shown[name] = without_moments(ask(client).to_dict())
        except Exception as error:
            shown[name] = f"{type(error).__name__}: {error}"
    return shown


@pytest.mark.large
def test_r11_no_column_of_the_host_is_taken_for_a_variable_of_ours(fresh_database):
    running = rollout_on(fresh_database())
    running.report(good=20, bad=1)
    running.client.close()
    with psycopg.connect(running.url) as connection:
        client = RolloutClient(odd.Within(connection), who=OPERATOR)
        shown = what_is_shown(client)
        called = names(connection)
        assert {"feature", "config", "operation", "wanted", "feature_name", "repo_id"} <= called
        added = ", ".join(f"add column if not exists \"{name}\" text default 'odd'" for name in sorted(called))
        for table in odd.TABLES:
            connection.execute(f"alter table public.{table} {added}")
        connection.commit()
    with psycopg.connect(running.url) as connection:
        client = RolloutClient(odd.Within(connection), who=OPERATOR)
        now = what_is_shown(client)
        assert {name: answer for name, answer in now.items() if answer != shown[name]} == {}
        assert what_changes(client, connection) == {}
        running.report(good=1, bad=1)
        connection.execute("delete from repositories")
        connection.rollback()
