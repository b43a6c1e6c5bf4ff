"""The rules stand on floors: a function calls what is on its own floor or below it, and `public` holds no more than
is called from outside. docs/rules.md names the file of each rule; each file names its rule."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support import ROOT
from tests.support.catalogue import functions
from tests.support.sql_floors import FLOORS, RULES, defined, floor

# Triggers that call what is above those who write the table, by the name of the function, and why.
UPWARD = {
    "rollout.configuration_prepare": "a stop writes the row, and fails in none of its triggers",
    "rollout.configuration_changed": "nor in this one",
    "rollout.history_is_append_only": "of the table that a stop adds its row to",
    "rollout.history_stamp": "which says of each row who added it",
    "rollout.history_announce": "a change is announced to the alerts, whoever makes it",
    "rollout.follow_as_configured": "the setting follow_jobs puts a trigger on the host's table of jobs",
    "rollout.pin_follows_mark": "a mark made by the browser console pins",
    "rollout.pin_recorded": "and leaves a history row",
    "rollout.category_cascaded": "and a repository that is gone leaves one of its pin, or is back and keeps it",
}
WRITES = r"(?:insert into|update|delete from) (?:public\.)?((?:rollout\.)?\w+)"
# What a host may define anew under its documented name.
OF_THE_HOST = {"rollout_host_jobs", "rollout_host_processors"}
OF_THE_APPLICATION = {
    "is_repository_eligible_for_rollout", "categorize_repository", "record_rollout_job", "record_rollout_jobs",
}  # fmt: skip
TABLES_OF_THE_APPLICATION = {"rollout_configuration", "repository_categories", "rollout_metrics", "rollout_history"}


@pytest.fixture(params=["embedded"])
def kind(request):
    """The catalogue is the same through each adapter."""
    return request.param


def bodies_of(rollout) -> dict[str, str]:
    """Return the bodies of our functions without comments; of functions of one name, all in one."""
    found: dict[str, str] = {}
    ours = defined()
    for name, body in rollout.sql("select oid::regproc::text, prosrc from pg_proc"):
        if name in ours:
            found[name] = found.get(name, "") + re.sub(r"--.*", "", body)
    return found


def test_r11_no_function_calls_one_of_a_higher_floor(rollout):
    where = {name: floor(path) for name, path in defined().items()}
    calls = {
        (name, called)
        for name, body in bodies_of(rollout).items()
        for called in re.findall(r"(?<![\w.])(?:public\.)?((?:rollout\.)?\w+)\(", body)
        if called in where and called != name
    }
    assert len(calls) > 500, "the calls are no longer found"
    assert {f"{a} ({where[a]}) calls {b} ({where[b]})" for a, b in calls if where[b] > where[a]} == set()


def test_r11_no_trigger_calls_what_is_above_those_who_write_the_table(rollout):
    where = {name: floor(path) for name, path in defined().items()}
    lowest: dict[str, str] = {}
    for name, body in bodies_of(rollout).items():
        for table in re.findall(WRITES, body):
            lowest[table] = min(lowest.get(table, "99"), where[name])
    triggers = rollout.sql(
        "select tgrelid::regclass::text, tgfoid::regproc::text from pg_trigger where not tgisinternal"
    )
    assert {called for table, called in triggers if where[called] > lowest.get(table, "99")} == set(UPWARD)


def test_r11_public_holds_what_is_called_from_outside_and_nothing_else(rollout):
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "rollout_console").rglob("*.py"))
    ours = {f.name for f in functions(rollout) if not f.name.startswith("rollout.")}
    assert ours - set(re.findall(r"\brollout_\w+", code)) == OF_THE_HOST | OF_THE_APPLICATION
    listed = re.findall(r"\w+", re.findall(r"'\{([^}]+)\}'", (RULES / "01_ground/names.sql").read_text())[0])
    assert {f"rollout_{name}" for name in listed} == ours - OF_THE_APPLICATION
    tables = rollout.sql("select relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'"
                         " and (relname like 'rollout%' or relname = 'repository_categories')")  # fmt: skip
    assert {name for (name,) in tables} == TABLES_OF_THE_APPLICATION


def test_each_file_begins_with_what_it_decides_and_its_rule():
    files = [path for folder in FLOORS for path in sorted(folder.glob("*.sql"))]
    assert len(files) > 50
    assert [path.name for path in files if not begins_with_a_rule(path)] == []
    assert {str(p) for p in (ROOT / "migrations" / "rules").rglob("*.sql")} == {str(p) for p in files}


def begins_with_a_rule(path: Path) -> bool:
    header = path.read_text(encoding="utf-8").split("\n\n")[0]
    return re.match(r"-- R\d+[^.:]*: [`\w]", header) is not None
