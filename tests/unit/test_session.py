"""The console in an IPython session: loaded once, and taken out without a trace. No command is sent."""

from __future__ import annotations

import pytest
from IPython.core.history import HistoryManager
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory

from rollout_console.adapters.ladder import STOP, ZERO
from rollout_console.errors import NOT_STOPPED, NotConfigured
from rollout_console.results import Result
from rollout_console.shell import load, unload
from rollout_console.shell.banner import banner
from rollout_console.shell.caution import PASTED, READING, Caution
from rollout_console.shell.launch import _config


class Report(Result):
    """Something that a command returned."""


@pytest.fixture
def ip(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    for name in ("SUPABASE_URL", "ROLLOUT_DATABASE_URL", "SUPABASE_DB_URL"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("ROLLOUT_HOME", str(tmp_path))
    shell = InteractiveShell()
    assert shell.history_manager is not None
    shell.history_manager.enabled = False
    yield shell
    unload(shell)
    InteractiveShell.clear_instance()


def traces(ip):
    return (
        list(ip.input_transformers_cleanup),
        list(ip.Completer.custom_matchers),
        ip.display_trap.hook,
        ip.custom_exceptions,
        "showsyntaxerror" in vars(ip),
        "rollout" in ip.user_ns,
        "percentage" in ip.user_ns,
        "rollout_session" in vars(ip),
        Result in ip.display_formatter.formatters["text/plain"],
    )


def test_unloaded_it_leaves_no_trace(ip):
    before = traces(ip)
    load(ip, quiet=True)
    assert all(a != b for a, b in zip(before, traces(ip), strict=True))
    unload(ip)
    assert traces(ip) == before
    unload(ip)


def test_r12_why_there_is_no_target_reaches_no_terminal_raw(ip):
    shown = banner(load(ip, quiet=True), NotConfigured("closed \x1b]0;pwned\x07 today; set SUPABASE_URL"))
    assert " closed ]0;pwned today; set SUPABASE_URL\n" in shown
    assert "\x1b" not in shown


def test_loaded_twice_it_is_there_once(ip):
    session = load(ip, quiet=True)
    loaded = traces(ip)
    del ip.user_ns["rollout"]
    assert load(ip, quiet=True) is session
    assert ip.user_ns["rollout"] is session.console
    assert traces(ip) == loaded


def test_names_of_the_operators_own_stay(ip):
    ip.user_ns["percentage"] = 5
    load(ip, quiet=True)
    unload(ip)
    assert ip.user_ns["percentage"] == 5


def test_a_session_knows_what_its_cell_has_shown_and_refused(ip):
    session, report = load(ip, quiet=True), Report()
    with capture_output() as captured:
        session.show(report, "by another way")
        session.refuse("no")
    assert captured.stdout.startswith("(by another way)\n")
    assert captured.stdout.endswith("no\n")
    assert session.has_shown(report)
    assert not session.has_shown(Report())
    assert session.refused
    session.new_cell("")
    assert not session.has_shown(report)
    assert not session.refused


def test_a_question_mark_behind_a_command_is_its_help_and_behind_anything_else_ipythons(ip):
    session = load(ip, quiet=True)
    bundle = ip.object_inspect_mime("rollout.setRollout")["text/plain"]
    assert session.console.setRollout.info.summary in bundle
    assert "args" not in bundle
    assert "Docstring" in ip.object_inspect_mime("print")["text/plain"]


def test_a_console_without_a_target_opens_and_says_why(ip, monkeypatch):
    monkeypatch.setenv("SUPABASE_URL", "https://abc.supabase.co")
    for name in ("SUPABASE_SECRET_KEY", "SUPABASE_SERVICE_ROLE_KEY", "SUPABASE_SERVICE_KEY", "SUPABASE_KEY"):
        monkeypatch.setenv(name, "")
    monkeypatch.setenv("SUPABASE_ANON_KEY", "")
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell("rollout.status()")
    assert captured.stderr == "SUPABASE_URL is set but no key: set SUPABASE_SECRET_KEY, then start again\n"


def test_r13_an_error_is_shown_where_the_history_of_what_was_typed_cant_be_written(ip, monkeypatch, tmp_path):
    monkeypatch.setenv("SUPABASE_SECRET_KEY", "sb_secret_x")  # and no URL: every command fails
    ip.history_manager = HistoryManager(shell=ip, hist_file=str(tmp_path / "history.sqlite"))
    ip.auto_suggest = AutoSuggestFromHistory()
    load(ip, quiet=True)
    ip.history_manager.db.execute("pragma query_only = on")  # answers as a full disk does
    for _ in range(2):
        with capture_output() as captured:
            ip.run_cell('rollout.emergencyStop("db down")')
        assert "NOT STOPPED" in captured.stderr
        assert "update public.rollout_configuration" in captured.stderr
        assert "Traceback" not in captured.stdout + captured.stderr
    ip.history_manager.db.execute("pragma query_only = off")  # IPython ends the session in it


def test_each_report_of_a_block_stands_below_its_command_and_a_report_alone_does_not(ip):
    load(ip, quiet=True)
    with capture_output() as block:
        ip.run_cell('rollout.help("control")\nrollout.help("safety")')
    assert [line for line in block.stdout.splitlines() if line.startswith("── ")] == [
        "── rollout.help('control')",
        "── rollout.help('safety')",
    ]
    with capture_output() as alone:
        ip.run_cell('rollout.help("control")')
    assert "──" not in alone.stdout


def test_only_the_first_run_on_practice_data_leads_to_the_fire_drill(ip, tmp_path):
    with capture_output() as first:
        load(ip)
    assert 'rollout.help("fire-drill")' in first.stdout
    unload(ip)
    (tmp_path / "postgres").mkdir(exist_ok=True)  # the practice server may have begun to start
    with capture_output() as second:
        load(ip)
    assert 'rollout.help("fire-drill")' not in second.stdout


@pytest.mark.parametrize(
    ("typed", "call"),
    [("resume 5", "rollout.resume(5)"), ("stop 5xx errors", 'rollout.emergencyStop("5xx errors")'),
     ("rollout.setRollout 5", "rollout.setRollout(5)"), ("rollback-to-zero now", 'rollout.rollbackToZero("now")'),
     ("rollout.setRollout{5}", "rollout.setRollout(5)"), ("rollout.setRollout(5]", "rollout.setRollout(5)"),
     ("rollout set 0", "rollout.setRollout(0)"), ("rollout status", "rollout.status()"),
     ("note 'can't reach'", 'rollout.note("can\'t reach")'), ('./rollout emergencyStop("x")', 'rollout.emergencyStop("x")'),
     ("STOP!", 'rollout.emergencyStop("errors in the logs")'),
     ("EMERGENCY STOP", 'rollout.emergencyStop("errors in the logs")')],
)  # fmt: skip
def test_r13_a_command_without_brackets_is_answered_in_a_line(ip, typed, call):
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(typed)
    halts = {"emergencyStop": STOP, "rollbackToZero": ZERO}
    verdict = "".join(f" {halt.not_done} \n" for name, halt in halts.items() if name in call)
    assert captured.stderr == f"{verdict}a command needs brackets ( ); nothing was done: type {call}\n"


@pytest.mark.parametrize(
    ("typed", "line"),
    [("rollout.status.eligible", "status is a command, and needs brackets ( ); nothing was done: type rollout.status()"),
     ("const s = 1;\nif (s.emergency_stop) {", "a block of JavaScript can't be read; nothing was done: type the commands"),
     ("if (s) { rollout.resume(5) } else { s }", "a block of JavaScript can't be read; nothing was done: type the commands")],
)  # fmt: skip
def test_r13_what_reads_like_the_browser_console_is_answered_in_a_line(ip, typed, line):
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(typed)
    assert captured.stdout == ""
    assert captured.stderr.startswith(line)
    assert captured.stderr.count("\n") == 1
    assert not hasattr(ip.user_ns["rollout"].status, "eligible")


@pytest.mark.parametrize(
    ("typed", "to_type"),
    [
        ("rollout.preview()", "type for example rollout.preview(25)"),
        ("rollout.preview(percentage, …)", "the percentage is a number, type for example rollout.preview(25)"),
        ("rollout.setRollout", "type for example rollout.setRollout(10). Set"),
        ("rollout.configure(guardrail=manual)", 'text needs quotes, type rollout.configure(guardrail="manual")'),
        ("rollout.addToWhitelist(acme, until='2h')", "text needs quotes, type rollout.addToWhitelist(\"acme\", until='2h')"),
        ('rollout.hold(until="2h", "x")', 'type rollout.help("hold")'),
        ("rollout.guardrail(compared", 'type rollout.guardrail(compared)'),
        ("rollout.resume(five percent)", "the percentage is a number, type for example rollout.resume(5)"),
        ("rollout.note(errors)", 'text needs quotes, type rollout.note("errors")'),
    ],
)  # fmt: skip
def test_r13_what_is_to_be_typed_for_a_call_that_cant_be_read_is_that_call_and_leads_in_no_circle(ip, typed, to_type):
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(typed)
    assert to_type in captured.stdout + captured.stderr


@pytest.mark.parametrize(
    ("typed", "to_type"),
    [
        ("rollout.emergencyStop(it's bad)", 'rollout.emergencyStop("it\'s bad")'),
        ("rollout.emergencyStop(db (primary) down)", 'rollout.emergencyStop("db (primary) down")'),
        ("rollout.emergency_stop(bad deploy", 'rollout.emergency_stop("bad deploy")'),
        ("rollout.emergencyStop(errors in logs)", 'rollout.emergencyStop("errors in logs")'),
        ("rollout.emergencyStop(reason=errors)", 'rollout.emergencyStop(reason="errors")'),
        ("rollout.stop(halt)", 'rollout.emergencyStop("halt")'),
        ("rollout.rollbackToZero(jobs)", 'rollout.rollbackToZero("jobs")'),
        ("rollout.rollbackToZero(bad deploy", 'rollout.rollbackToZero("bad deploy")'),
    ],
)  # fmt: skip
def test_r18_a_slip_of_a_halt_is_answered_with_that_halt_in_its_own_words_and_that_it_is_not_made(ip, typed, to_type):
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(typed)
    verdict, line = captured.stderr.splitlines()
    assert verdict.strip().startswith("NOT AT ZERO" if "Zero" in typed else "NOT STOPPED")
    assert line.endswith(f"type {to_type}")


def test_a_log_of_the_session_has_what_was_shown(ip, tmp_path):
    load(ip, quiet=True)
    with capture_output():
        ip.run_line_magic("logstart", "-o log.py")
        ip.run_cell('rollout.help("control")', store_history=True)
        ip.run_line_magic("logstop", "")
    assert "#[Out]#" in (tmp_path / "log.py").read_text(encoding="utf-8")


def test_without_colours_what_is_typed_and_tracebacks_have_none_either(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    assert _config().InteractiveShell.colors == "nocolor"


@pytest.mark.parametrize("slip", ["rollout = 5", "del rollout", "for rollout in [1]: pass"])
def test_rollout_is_the_console_again_in_the_cell_after_it_was_lost(ip, slip):
    session = load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(slip)
        ip.run_cell("rollout")
        ip.run_cell('rollout.help("stats")')
    assert ip.user_ns["rollout"] is session.console
    assert captured.stdout.count("rollout was no longer the console, and is it again\n") == 1
    assert "Traceback" not in captured.stdout + captured.stderr


def test_lines_pasted_behind_a_use_that_led_nowhere_do_not_act_where_one_still_is(ip):
    session, now = load(ip, quiet=True), [0.0]
    session.caution = Caution(clock=lambda: now[0])
    with capture_output() as captured:
        for line in ('use("stagin")', 'help("use")', "setRollout(33)", 'emergencyStop("x")'):
            ip.run_cell(f"rollout.{line}")
            now[0] += PASTED / 2
    refused = "rollout.use() before it failed, and this is hybrid_progressive_capture on local. Read first; to go on: "
    said = captured.stdout.splitlines()
    assert said[-2:] == [
        f"not done: {refused}rollout.setRollout(33)",
        f"NOT STOPPED: {refused}rollout.emergencyStop('x')",
    ]
    now[0] += READING
    session.new_cell("rollout.status()")
    assert session.objection("emergencyStop", {}, "rollout.emergencyStop()") is None


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ('rollout.nothing()\nrollout.status()\nrollout.emergencyStop("must stop")  # now',
         [NOT_STOPPED, 'not run: rollout.status(), rollout.emergencyStop("must stop"); type rollout.emergencyStop("must stop")']),
        ('for p in [5]: rollout.nothing(p); rollout.setRollout(\n    p)\nprint(1, rollout.stats())',
         ["not run: rollout.setRollout( p), rollout.stats(); type again what is still wanted"]),
        ('rollout.help("stats"); 1 / 0; rollout.rollbackToZero()',
         ["NOT AT ZERO: as far as is known, the percentage stands", "not run: rollout.rollbackToZero(); type rollout.rollbackToZero()"]),
        ("rollout.note(looks bad)\nrollout.emergencyStop()\n# rollout.resume()",
         [NOT_STOPPED, "not run: rollout.emergencyStop(); type rollout.emergencyStop()"]),
        ('rollout.emergencyStop(f"{1 / 0}")',
         [NOT_STOPPED, 'not run: rollout.emergencyStop(f"{1 / 0}"); type rollout.emergencyStop(f"{1 / 0}")']),
        ('rollout.note(looks bad)\nif True:\n  rollout.emergencyStop(\n    "x",\n  )\n# rollout.resume()',
         [NOT_STOPPED, 'not run: rollout.emergencyStop( "x", ); type rollout.emergencyStop( "x", )']),
        ("del rollout\nrollout.emergencyStop()",
         [NOT_STOPPED, "not run: rollout.emergencyStop(); type rollout.emergencyStop()"]),
        ('rollout.help("stats")\nrollout.nothing()', []),
        ('for n in 1, 0: 1 / n; rollout.help("stats")', []),
        ('try: rollout.nothing()\nfinally: rollout.help("stats")', []),
        ("1 / 0\ndef panic(): rollout.emergencyStop()\nhalt = lambda: rollout.emergencyStop()", []),
        ('await rollout.help("stats")\n%config\nrollout.nothing()', []),
        ("1 / 0\nrollout.halt()", [NOT_STOPPED, "not run: rollout.halt(); type rollout.halt()"]),
    ],
)  # fmt: skip
def test_what_a_block_does_not_run_since_a_line_before_failed_is_named_and_a_stop_is_not_made(ip, block, said):
    load(ip, quiet=True)
    with capture_output() as captured:
        ip.run_cell(block)
    lines = [line.strip() for line in captured.stderr.splitlines()]
    assert lines[len(lines) - len(said) :] == said
    assert "not run" in captured.stderr or not said
