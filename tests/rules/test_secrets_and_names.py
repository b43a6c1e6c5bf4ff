"""R11 and R10 around the database: keys stay where they were put, names are what they are, the local server is private."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest

from rollout_console.adapters.embedded import Server
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.settings import Settings
from tests.support import ROOT, tools
from tests.support.catalogue import session
from tests.support.rows import one_row
from tests.support.terminal import CONSOLE, Terminal, console_environment, run_console, start_command

SECRET_IN_URL = "pass%23word-of-the-database"
MISTAKES = (
    "rollout.status()", "rollout.setRollout(500)", "rollout.nothing()", "rollout.client.adapter", "rollout", "rollout.client.adapter.target",
    "rollout.explain('no/such')", "1/0", "rollout.client.adapter.call('rollout_nothing')", "raise RuntimeError(str(rollout))",
)  # fmt: skip


def everything_in(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


@pytest.mark.large
def test_r11_the_key_is_on_no_screen_and_in_no_file_history_or_process_list(faulty, tmp_path):
    """From a `.env` beside which the console is opened; what goes wrong goes wrong in front of the key, too."""
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    key = faulty.api.secret_key
    nowhere = f"postgresql://postgres:{SECRET_IN_URL}@127.0.0.1:1/postgres"
    (work / ".env").write_text(f"SUPABASE_URL={faulty.api.url}\nSUPABASE_SECRET_KEY={key}\nSUPABASE_DB_URL={nowhere}\n")
    env = console_environment(home, PYTHONPATH=str(ROOT))
    terminal = Terminal(env, command=f"cd {shlex.quote(str(work))} && exec {CONSOLE}")
    try:
        terminal.wait_for("▸", seconds=60)
        for line in MISTAKES:
            terminal.type(line)
        terminal.type("print('that was', 'all')")
        screen = terminal.wait_for("that was all", seconds=60)
        commands = [" ".join(p.info["cmdline"] or []) for p in psutil.process_iter(["cmdline"])]
        terminal.type("exit()")
        time.sleep(1)
    finally:
        terminal.close()
    for secret in (key, SECRET_IN_URL):
        assert secret not in screen
        assert not [command for command in commands if secret in command]
        assert secret.encode() not in everything_in(home)
        assert faulty.value("select count(*) from rollout_history h where h::text like %s", f"%{secret}%") == 0


def test_r11_no_exception_and_no_repr_shows_a_key(faulty):
    key, url = faulty.api.secret_key, f"postgresql://u:{SECRET_IN_URL}@h/d"
    settings = Settings.from_environment(
        {"SUPABASE_URL": faulty.api.url, "SUPABASE_SECRET_KEY": key, "ROLLOUT_DATABASE_URL": url}
    )
    adapter = SupabaseAdapter(faulty.api.url, key)
    for thing in (settings, adapter, adapter.target, RolloutClient(adapter), vars(RolloutClient(adapter))):
        assert key not in repr(thing) + str(thing)
        assert SECRET_IN_URL not in repr(thing) + str(thing)
    adapter.close()


def test_r10_a_claimed_name_is_kept_beside_the_role_that_the_database_knows(faulty):
    """Who says that he is somebody else is recorded with what he says, and with what he can't choose."""
    client = RolloutClient(faulty.client.adapter, who={"operator": "the boss", "host": "elsewhere"})
    row = client.set_rollout(20).change
    assert row is not None
    assert (row.operator, row.host, row.database_role) == ("the boss", "elsewhere", "service_role")
    direct = faulty.sql(
        'select rollout_set_percentage(30, context => \'{"operator": "the boss", "database_role": "nobody",'
        ' "recorded_at": "1970-01-01"}\') -> \'change\''
    )
    assert (direct[0][0]["operator"], direct[0][0]["database_role"]) == ("the boss", "postgres")


def test_r10_a_forged_row_is_stamped_with_who_wrote_it_and_when(rollout: Any):
    """The service role may add rows, as the browser console does; it can't backdate them unseen or alter them."""
    with session(rollout, "service_role") as connection:
        forged = connection.execute(
            "insert into rollout_history (rollout_config_id, action, created_at, metadata) select id, 'rollback', '2020-01-01',"
            ' \'{"operator": "alice", "database_role": "postgres", "recorded_at": "2020-01-01T00:00:00Z"}\''
            " from rollout_configuration returning metadata"
        )
        row = one_row(forged)[0]
        assert (row["operator"], row["database_role"]) == ("alice", "service_role")
        assert datetime.now(UTC) - datetime.fromisoformat(row["recorded_at"]) < timedelta(minutes=1)
        with pytest.raises(psycopg.Error, match="append-only") as refused:
            connection.execute("update rollout_history set reason = 'nothing happened'")
        assert refused.value.sqlstate == "RC004"


@pytest.fixture(params=["short", "too long for a socket" * 6], ids=["a short path", "a long path"])
def local(request: pytest.FixtureRequest) -> Any:
    with tempfile.TemporaryDirectory(prefix="rc-") as folder:
        server = Server(Path(folder) / request.param)
        server.start()
        with psycopg.connect(server.url()) as connection:
            yield connection
        server.leave()


def test_r11_the_embedded_server_listens_on_no_network_and_to_no_other_user(local: psycopg.Connection[Any]):
    assert one_row(local.execute("show listen_addresses"))[0] == ""
    assert one_row(local.execute("show unix_socket_directories"))[0] == ".", "in the data folder, that is"
    data = Path(one_row(local.execute("show data_directory"))[0])
    folder = Path(local.info.host)
    for private in (data, folder.parent if folder.is_symlink() else folder):
        assert private.stat().st_mode & 0o077 == 0, private
    server = int((data / "postmaster.pid").read_text().split()[0])
    assert [c for c in psutil.net_connections("tcp") if c.status == "LISTEN" and c.pid == server] == []
    if os.geteuid() == 0:  # only root can become somebody else
        psql = [str(tools.postgresql(18) / "psql"), f"host={folder} user=postgres dbname=postgres", "-c", "select 1"]
        refused = subprocess.run(psql, user="nobody", cwd="/", capture_output=True, text=True, check=False)
        assert refused.returncode != 0
        assert "Permission denied" in refused.stderr


def test_r11_a_console_in_the_background_shows_its_key_to_no_process_list(faulty, tmp_path):
    env = console_environment(tmp_path, SUPABASE_URL=faulty.api.url, SUPABASE_SECRET_KEY=faulty.api.secret_key)
    process = start_command(env, "monitor", "--every", "60")
    try:
        time.sleep(1.5)
        family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        assert not [p for p in family if faulty.api.secret_key in " ".join(p.cmdline())]
    finally:
        process.terminate()
        said = "".join(process.communicate())
    assert faulty.api.secret_key not in said + run_console(env, "rollout.status(); rollout.client.adapter").stdout
