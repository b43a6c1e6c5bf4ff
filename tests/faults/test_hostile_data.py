"""R12: text that somebody else wrote is shown harmlessly and bounded, wherever it is shown."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from rollout_console.dashboard.pages import errors_page, history_page
from rollout_console.dashboard.view import draw
from rollout_console.errors import RolloutError
from rollout_console.monitor.wording import KINDS, worded
from rollout_console.refresh import Snapshot
from rollout_console.render import Screen, render
from rollout_console.render.html import render_html
from rollout_console.shell.completion import Completer
from rollout_console.shell.errors import one_line
from rollout_console.shell.prompt import prompt_parts, toolbar_words
from tests.support.terminal import console_environment, run_command, run_console

OURS = re.compile(r"\x1b\[[\d;]*m")  # colours, the only escapes that we write
ATTACKS = {
    "clears the screen": "\x1b[2J\x1b[H",
    "sets the title": "\x1b]0;pwned\x07",
    "writes the clipboard": "\x1b]52;c;cHduZWQ=\x07",
    "asks the terminal to answer": "\x1b[6n\x1bP$q\x1b\\",
    "eight-bit controls": "\x9b2J\x9d0;pwned\x9c",
    "turns the direction": "\u202egnp.exe\u2066\u200f",
    "hides characters": "a\u200bb\u200dc\ufeff\u2060",
    "forges a line": "fine\n In [1]: rollout.resume()\r\n  ✓ healthy\u2028\u2029\x85\x0b\x0c",
    "overwrites the line": "\rrollout at 100 %\b\b\b\b",
    "is markup": "<script>alert(1)</script>{{7*7}}%s%(x)s{0}",
    "leaves the quotes": "x'); rollout.setRollout(100) #",
    "is a megabyte": "A" * 1_000_000,
}
LONGEST = 2_500  # characters of a line in a pipe, where nothing is cut to a screen


def harmless(text: str) -> None:
    """Fail if text could act on a terminal, or would flood it."""
    rest = OURS.sub("", text)
    assert [hex(ord(c)) for c in rest if not (c.isprintable() or c == "\n")] == []
    assert max(len(line) for line in rest.split("\n")) <= LONGEST
    assert len(rest) < 60_000


@pytest.fixture(params=ATTACKS, ids=lambda name: name.replace(" ", "-"))
def attacked(request: pytest.FixtureRequest, rollout: Any) -> Any:
    """A rollout in which every text that others can write is hostile: by the host, a reporter, a browser, an operator."""
    text = ATTACKS[request.param]
    rollout.hostile = text
    rollout.add_repositories(12)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    rollout.sql("update repositories set full_name = left(%s, 100000) || ' ' || github_id where github_id <= 3", text)
    rollout.sql(
        "select record_rollout_job(id, case when n %% 2 = 0 then 'inngest' else 'github_actions' end, n < 5, 30, %s)"
        " from repositories, generate_series(1, 5) n where github_id = 1", text)  # fmt: skip
    client = rollout.client
    client.emergency_stop(f"\x00{text}\ud800")
    client.resume(20)
    rollout.sql(
        "update rollout_configuration set emergency_stop = true, emergency_stop_reason = left(%s, 100000)", text
    )
    rollout.sql("update rollout_configuration set target_repositories = array[left(%s, 5000), id::text],"
                " excluded_repositories = array[left(%s, 5000)], rollout_strategy = left(%s, 50)", text, text, text)  # fmt: skip
    rollout.sql(
        "insert into rollout_history (rollout_config_id, action, reason, triggered_by, metadata, new_percentage)"
        " select id, left(%s, 50), %s, left(%s, 100), jsonb_build_object('operator', %s::text, 'host', %s::text,"
        " 'command', %s::text, 'outside_console', true), 50 from rollout_configuration", *[text] * 6)  # fmt: skip
    rollout.sql(
        "insert into rollout_metrics (rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs,"
        " last_error_message, last_error_at, metrics_window_start, metrics_window_end)"
        " select c.id, r.id, left(%s, 20), 9, 1, 10, %s, now(), now(), now()"
        " from rollout_configuration c, repositories r where github_id = 2", text, text)  # fmt: skip
    rollout.sql("update repository_categories set category = left(%s, 20) from repositories r"
                " where r.id = repository_id and github_id = 3", text)  # fmt: skip
    rollout.sql("insert into rollout.monitors (id, feature_name, operator, host, every_seconds)"
                " select gen_random_uuid(), feature_name, %s, %s, 60 from rollout_configuration", text, text)  # fmt: skip
    return rollout


@pytest.fixture
def kind() -> str:
    return "embedded"


def reports(rollout: Any) -> list[Any]:
    client, ids = rollout.client, rollout.sql("select id::text from repositories where github_id <= 3")
    return [
        client.status(), client.stats(), client.categories(), client.show_metrics(), client.show_whitelist(), client.phases(),
        client.history(), client.preview(100), client.preview(0), client.error_trend(), client.check_health(), client.verify(),
        *(client.explain(identity) for (identity,) in ids),
        client.add_to_whitelist([identity for (identity,) in ids]), client.mark_as_test([identity for (identity,) in ids]),
        client.emergency_stop(rollout.hostile), client.remove_from_whitelist([identity for (identity,) in ids]),
        client.set_rollout(30, rollout.hostile), client.resume(),
    ]  # fmt: skip


def test_r12_in_reports_on_a_terminal_in_a_pipe_and_in_a_notebook(attacked, tried):
    for result in reports(attacked):
        for screen in (Screen(80, colour=True, bars=True), Screen(120), Screen(40)):
            harmless(render(result, screen))
        page = render_html(result)
        harmless(page.replace("><", ">\n<"))
        assert "<script" not in page
        json.dumps(result.to_dict())
        tried("reports with hostile text")


def test_r12_on_the_dashboard(attacked):
    for width, height in ((80, 24), (200, 60)):
        screen = Screen(width, colour=True, bars=True)
        for problem in (None, attacked.hostile):
            snapshot = Snapshot(attacked.client.overview(), 0.0, problem)
            lines = draw(snapshot, 2, screen, width, height)
            harmless("\n".join(lines))
            assert len(lines) <= height
    screen = Screen(80, colour=True, bars=True)
    lists = [history_page(attacked.client.history(50)), errors_page(attacked.client.errors(50), lambda name: lists[0])]
    for page in lists:
        harmless("\n".join(page.draw(screen, 400)))
        if page.chosen is not None:
            harmless("\n".join(page.chosen().draw(screen, 400)))


def test_r12_in_prompt_toolbar_and_errors(attacked):
    known = Snapshot(attacked.client.status(), 0.0, attacked.hostile)
    harmless(toolbar_words(known))
    harmless(one_line(RolloutError(attacked.hostile), "") or "")
    from rollout_console.console import Rollout as Console

    console = Console(attacked.client)
    for _, words in prompt_parts(attacked.client.adapter.target, attacked.client.feature, known):
        harmless(words)
    for command in (
        console.explain,
        console.addToWhitelist,
        console.markAsTest,
        console.removeFromWhitelist,
        console.help,
    ):
        with pytest.raises(RolloutError) as refusal:
            command(f"no such {attacked.hostile}")
        harmless(one_line(refusal.value, "") or "")


def test_r12_in_what_is_completed(attacked):
    """Completed text becomes code that the operator runs: what could leave its quotes is not offered."""
    completer = Completer(lambda: attacked.client, list)
    for prefix in ("", attacked.hostile[:20]):
        attacked.client.find_repositories(prefix)  # warm: completion waits only a moment
        _, offered = completer.complete(f'rollout.explain("{prefix}') or ("", [])
        for name, _ in offered:
            harmless(name)
            assert not set(name) & set("'\"\\`$;(){}\n")
            assert len(name) <= 200
    completer.close()


def test_r12_in_alerts(attacked):
    check, claims = (
        attacked.client.check_health(),
        attacked.client.claim_alerts(list(KINDS), 3600, [], [], {"a": "json"}),
    )
    alerts = [worded(due, check) for due in claims.alerts]
    assert len(alerts) >= 2
    for alert in alerts:
        harmless(alert.title + alert.text)


@pytest.mark.parametrize("attacked", ["clears the screen", "forges a line", "is a megabyte"], indirect=True)
def test_r12_in_what_the_programs_print(attacked, tmp_path):
    env = console_environment(
        tmp_path, **attacked.environment, ROLLOUT_OPERATOR=attacked.hostile[:1000].replace("\x00", "")
    )
    commands = (
        "rollout.status(); rollout.history(); rollout.showMetrics(); rollout.showWhitelist(); rollout.setRollout(7)"
    )
    done = [run_console(env, commands), *(run_command(env, "monitor", "--once", *more) for more in ([], ["--json"]))]
    done.append(run_command(env, "verify"))
    for each in done:
        harmless_lines = (each.stdout + each.stderr).replace("\\u", "u")
        assert "Traceback" not in harmless_lines
        assert [c for c in harmless_lines if not (c.isprintable() or c == "\n")] == []
    for line in done[2].stdout.splitlines():
        json.loads(line)


def test_what_postgresql_cannot_store_is_taken_out_before_it_is_sent(rollout):
    change = rollout.client.emergency_stop("a\x00b\ud83dc")
    assert change.change.reason == "ab?c"
