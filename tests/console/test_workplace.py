"""The console as a place to work: prompt, toolbar, completion, watch, simulate, the fire drill, the chart."""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from rollout_console.errors import BadArgument, Refused
from rollout_console.render import Screen
from rollout_console.render.chart import error_chart
from rollout_console.shell.completion import Completer
from tests.support import ROOT
from tests.support.terminal import CONSOLE, Terminal, console_environment, run_console, run_pieces

DRILL = (ROOT / "docs" / "fire-drill.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (160, 50)])
def test_prompt_and_toolbar_show_target_and_state_and_follow_changes_made_elsewhere(rollout, terminal, width, height):
    console = terminal(width=width, height=height)
    console.wait_for("▸")
    console.type("rollout.setRollout(30)")
    console.wait_for("30 % ▸")
    console.wait_for("setRollout: 20 % → 30 %, tess")
    rollout.client.emergency_stop("from elsewhere")
    console.wait_for("emergencyStop at 30 %, tess@testhost", seconds=15)
    console.wait_for("STOPPED ▸")  # the waiting prompt itself
    assert max(map(len, console.now().splitlines())) <= width


def test_the_toolbar_can_be_switched_off(terminal, console_env):
    console_env["ROLLOUT_TOOLBAR"] = "off"
    console = terminal()
    console.wait_for("In [")
    console.type("rollout.status()")
    assert "▸" not in console.wait_for("20 % set")


def test_with_the_database_away_the_prompt_answers_at_once_and_says_stale(rollout, terminal):
    console = terminal()
    console.wait_for("▸")
    console.type("rollout.status()")
    console.wait_for("20 % ▸")
    with psycopg.connect(rollout.url) as blocker:
        blocker.execute("lock table rollout_configuration in access exclusive mode")
        console.wait_for("STALE", seconds=40)
        console.type("6 * 7")
        console.wait_for("]: 42", seconds=3)


@pytest.mark.parametrize(
    ("line", "candidates"),
    [
        ("rollout.setRollout(", ["10", "25", "50", "75", "100"]),
        ("rollout.preview(1", ["10", "100"]),
        ("rollout.emerg", ["emergencyStop"]),
        ('rollout.help("reco', ["recovery"]),
        ('rollout.explain("acme/repo-10', ["acme/repo-10", "acme/repo-100"]),
        ('rollout.addToWhitelist(["acme/repo-1", "acme/repo-99', ["acme/repo-99"]),
        ('rollout.explain("repo-10', ["acme/repo-10", "acme/repo-100"]),
        ('rollout.removeFromWhitelist("e/repo-3', ["acme/repo-3"]),
        ('rollout.configure(max_error_rate=5, guardrail="', ["manual", "rate", "evidence", "compared"]),
        ('rollout.jobs("', ["queued", "running", "late", "stuck", "completed", "failed"]),
        ('rollout.timeline(since="', []),
        ('rollout.addToWhitelist("acme/repo-3", until="', []),
        ("emer", ["rollout.emergencyStop"]),
        ("print(", None),
    ],
)
def test_completion_knows_what_comes_next(rollout, console_env, line, candidates):
    rollout.client.add_to_whitelist(["acme/repo-3"])
    completer = Completer(lambda: rollout.client, lambda: rollout.client.status().phase_percentages)
    for _ in range(20):  # names may come a moment later: Tab again
        found = completer.complete(line)
        if found is None or found[1]:
            break
    names = None if found is None else [text for text, _ in found[1]]
    completer.close()
    if candidates:
        assert set(candidates) <= set(names or ())
        assert len(names or ()) <= 50
    else:
        assert names == candidates


def test_the_list_itself_is_offered_where_one_takes_from_it(rollout, console_env):
    rollout.client.add_to_whitelist(["acme/repo-3", "acme/repo-30"])
    completer = Completer(lambda: rollout.client, list)
    for _ in range(20):  # names may come a moment later: Tab again
        if (found := completer.complete('rollout.removeFromWhitelist("repo')) and found[1]:
            break
    completer.close()
    assert found is not None
    assert {name for name, _ in found[1]} == {"acme/repo-3", "acme/repo-30"}


@pytest.mark.parametrize(("typed", "quoted"), [("rollout.undo(", True), ('rollout.undo("', False)])
def test_completion_offers_the_changes_that_history_shows_as_they_come(rollout, console_env, typed, quoted):
    completer = Completer(lambda: rollout.client, list)
    newest = rollout.client.history(1).entries[0]
    for _ in range(20):  # they may come a moment later: Tab again
        if (found := completer.complete(typed)) and found[1]:
            break
    completer.close()
    assert found is not None
    assert found[1][0] == (f'"{newest.short_id}"' if quoted else newest.short_id, "setRollout: 0 % → 20 %")


def test_completion_in_the_terminal(terminal):
    console = terminal()
    console.wait_for("20 % ▸")
    console.write('rollout.timeline(since="')
    console.key("Tab")
    console.type('2h") # no magic of IPython')
    console.wait_for('rollout.timeline(since="2h") # no magic')
    console.write("rollout.addToW")
    console.key("Tab")
    console.wait_for("rollout.addToWhitelist")


def test_an_old_stop_is_not_suggested_with_its_reason(terminal):
    console = terminal()
    console.wait_for("20 % ▸")
    console.type('rollout.emergencyStop("a reason of long ago")')
    console.wait_for("STOPPED ▸")
    time.sleep(2.5)  # a hand reads the report; what comes at once is taken for a block
    console.type("rollout.resume()")
    console.wait_for("resumed at 20 %")
    console.write("rollout.emerg")
    console.wait_for("rollout.emerg", times=2)
    time.sleep(0.5)
    assert console.screen().count("a reason of long ago") == 2  # typed, and answered


def test_ctrl_c_leaves_the_search_of_the_history(terminal):
    console = terminal()
    console.wait_for("20 % ▸")
    console.type("6 * 7")
    console.wait_for("]: 42")
    for keys in ("\x12", "\x126 *"):  # Ctrl-R, with nothing and with something to search
        console.write(keys)
        console.wait_for("I-search")
        console.key("C-c")
        console.wait_without("I-search")
    console.type("6 * 8")
    console.wait_for("]: 48")


def test_watch_is_live_until_ctrl_c_and_leaves_the_last_status(rollout, terminal):
    console = terminal()
    console.wait_for("▸")
    console.type("rollout.watch(0.5)")
    console.wait_for("Ctrl-C to leave")
    rollout.client.set_rollout(44)
    console.wait_for("44 % set", seconds=10)
    console.key("C-c")
    console.wait_for("44 % ▸")
    assert "Traceback" not in console.screen()


def test_simulate_is_refused_on_anything_but_sample_data(rollout, console_env):
    rows = rollout.history_rows()
    with pytest.raises(Refused, match="sample data"):
        rollout.client.simulate()
    rollout.sql('update rollout_configuration set metadata = \'{"sample": "yes"}\'')
    with pytest.raises(Refused, match="sample data"):
        rollout.client.simulate()
    assert rollout.value("select count(*) from rollout_metrics") == 0
    assert rollout.history_rows() == rows + 1


@pytest.mark.parametrize(("jobs", "rate"), [(0, 1), (10_001, 1), (True, 1), (10, -1), (10, 101), (10, "5"), (1.5, 1)])
def test_simulate_takes_sensible_numbers_only(rollout, jobs, rate):
    rollout.sql("update rollout_configuration set metadata = '{\"sample\": true}'")
    with pytest.raises((BadArgument, Refused), match=r"type (for example )?rollout\.simulate\(200, 20\)"):
        rollout.client.simulate(jobs, rate)


def test_the_fire_drill_goes_as_it_is_written():
    with tempfile.TemporaryDirectory(prefix="rc-", ignore_cleanup_errors=True) as folder:
        env = console_environment(Path(folder), ROLLOUT_HOME=f"{folder}/data")
        pieces = []
        for section in re.split(r"^## ", DRILL, flags=re.MULTILINE)[1:]:
            pieces.append(f"print({'## ' + section.splitlines()[0]!r})")
            pieces += re.findall(r"```python\n(.*?)```", section, re.DOTALL)
        done = run_pieces(env, pieces)
        assert done.stderr == "no repository is eligible, so there are no jobs to simulate; type rollout.resume()\n"
        assert done.returncode == 1, "that line is refused, as the page says"
        shown = dict(part.split("\n", 1) for part in re.split(r"^## ", done.stdout, flags=re.MULTILINE)[1:])
        assert "ready for 25 %" in shown["A quiet day"]
        assert "tripped the breaker" in shown["It goes wrong"]
        assert "auto-rollback" in shown["Find out why"]
        assert "simulated: GitHub API rate limit exceeded  new since 25 %" in shown["Find out why"]
        story = shown["Tell the others"]
        told = ["new kind of error", "TRIPPED: rollback: 25 % → 0 %", "main error: ", "GitHub has lowered our rate limit",
                "setRollout: 0 % → 5 %", "emergencyStop", "resume"]  # fmt: skip
        positions = [story.index(words) for words in told]
        assert positions == sorted(positions), "in the order in which it happened"
        assert "simulated: GitHub API rate limit exceeded" in shown["Find out why"]
        assert "5 %  healthy" in shown["Recover"]
        assert "no rollback needed" in shown["Recover"]
        assert "5 % set, 5 % in effect" in shown["The red button"]


def test_the_chart_shows_every_error_and_the_threshold(rollout, console_env):
    rollout.client.disable_auto_rollback()
    rollout.report(good=200, bad=1)
    trend = rollout.client.error_trend(10)
    assert sum(p.errors for p in trend.points) == 1
    lines = error_chart(trend, Screen(80, colour=False, bars=True), 70, 6)
    assert all(len(line) <= 70 for line in lines)
    assert any(set(line) & set("▁▂▃▄") for line in lines), "half a percent is drawn, if only as a trace"
    assert sum(" 5 % ┤" in line for line in lines) == 1


@pytest.mark.parametrize("variable", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_terminals_and_pipes_get_clean_text(console_env, variable):
    env = {**console_env, **variable}
    for code in ("rollout.status()", "rollout.plot()", "rollout.categories()", "rollout.categorizeAll()"):
        piped = run_console(env, code)
        assert piped.returncode == 0
        assert not re.search("[\x1b█░▁▇]", piped.stdout)
    in_terminal = Terminal(env, f"{CONSOLE} -c 'rollout.status()'")
    in_terminal.wait_for("% set")
    assert in_terminal.colours() == {"default"}
    in_terminal.close()


def test_without_auto_rollback_prompt_and_toolbar_say_so(rollout, terminal):
    rollout.client.disable_auto_rollback()
    console = terminal(width=80, height=24)
    console.wait_for("20 % NO AUTO-ROLLBACK ▸", seconds=15)
    assert "NO AUTO-ROLLBACK" in console.now().splitlines()[-1], "in the toolbar, too"


@contextmanager
def slow_trigger(rollout) -> Iterator[None]:
    """A trigger of somebody else on the history; a stop ends who is in its way, but can't end this."""
    rollout.sql(
        "create function slow() returns trigger language plpgsql as $$ begin"
        " while not pg_try_advisory_xact_lock(20) loop perform pg_sleep(0.1); end loop; return new; end $$"
    )
    rollout.sql("create trigger slow before insert on rollout_history for each row execute function slow()")
    with psycopg.connect(rollout.url) as holder:
        holder.execute("select pg_advisory_xact_lock(20)")
        yield
    time.sleep(1)  # what waited is done
    rollout.sql("drop function slow cascade")


def test_a_command_that_waits_says_so_and_a_stop_that_failed_says_not_stopped(rollout, terminal):
    console = terminal(width=120)
    console.wait_for("20 % ▸")
    with slow_trigger(rollout):
        console.type('rollout.emergencyStop("db is down")')
        console.wait_for("waiting for the database, Ctrl-C leaves …", seconds=5)
        console.wait_for("NOT STOPPED: as far as is known, traffic still flows", seconds=30)
    shown = console.wait_for("VITE_HYBRID_EMERGENCY_STOP=true")
    assert (
        "Run this at any SQL prompt:\n   update public.rollout_configuration set emergency_stop = true where feature_name = "
        in shown
    )
    # Over HTTP the request waits on in the database, which may carry it out later.
    assert rollout.kind == "supabase" or not rollout.client.status().emergency_stop


def test_what_was_refused_is_not_suggested_again_nor_in_a_later_session(terminal):
    console = terminal()
    console.wait_for("20 % ▸")
    console.type("rollout.setRollout(788)")
    console.wait_for("not 788")
    console.type("exit")
    wait_for_end = time.monotonic() + 10
    while console.is_running():
        assert time.monotonic() < wait_for_end
        time.sleep(0.05)
    console = terminal()
    console.wait_for("20 % ▸")
    console.type("rollout.setRollout(777)")
    console.wait_for("whole number from 0 to 100")
    console.type("rollout.setRollout(19)")
    console.wait_for("19 % ▸")
    console.write("rollout.setRollout(7")
    time.sleep(1)
    suggested = console.cursor_line().partition("▸")[2]  # before it, a port may have the same digits
    assert "777" not in suggested
    assert "788" not in suggested
    console.write("\x7f" * len("rollout.setRollout(7"))
    console.type("rollout.explain('acme/repo-1')")
    console.wait_for("19 % ▸", times=2)
    console.write("rollout.expl")
    wait = time.monotonic() + 10
    while "rollout.explain('acme/repo-1')" not in console.cursor_line():
        assert time.monotonic() < wait, "what was accepted is suggested"
        time.sleep(0.05)
