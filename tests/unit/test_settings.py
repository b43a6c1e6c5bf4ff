"""Which settings count, and which adapter they choose."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rollout_console.adapters import Target, open_adapter
from rollout_console.adapters.failover import FailoverAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.errors import BadCredentials, NotConfigured
from rollout_console.protection import Protection
from rollout_console.settings import (
    DATABASE_URLS,
    DEFAULT_FEATURE,
    READ_ONLY_KEYS,
    SECRET_KEYS,
    URLS,
    Settings,
    application_overrides,
    operator,
)
from rollout_console.targets import named_targets
from tests.support import ROOT

API = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_SECRET_KEY": "sb_secret_x"}
DATABASE = {"ROLLOUT_DATABASE_URL": "postgresql://u:hidden@db.example:5432/app"}


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """An environment without settings, and a working folder without `.env`."""
    for name in list(os.environ):
        if name.startswith(("ROLLOUT_", "SUPABASE_", "HYBRID_", "VITE_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


def read(**overrides: str) -> Settings:
    return Settings.from_environment(overrides)


def test_without_settings_it_is_the_default_feature_and_the_embedded_database():
    settings = read()
    assert (settings.feature, settings.supabase_url, settings.database_url) == (DEFAULT_FEATURE, None, None)
    assert open_adapter(settings).target.kind == "local"


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_the_fire_drill_begins_on_the_practice_database_whatever_is_set(shell, monkeypatch):
    page = (ROOT / "docs" / "fire-drill.md").read_text(encoding="utf-8")
    block = re.findall(r"^    (unset .*)$", page, re.MULTILINE)
    set_before = dict.fromkeys((*URLS, *SECRET_KEYS, *READ_ONLY_KEYS, *DATABASE_URLS), "x")
    set_before |= {"ROLLOUT_TARGET": "production", "ROLLOUT_FEATURE": "another", "ROLLOUT_READ_ONLY": "1"}
    asked = [*block, f"{shlex.quote(sys.executable)} -c 'import json, os; print(json.dumps(dict(os.environ)))'"]
    done = subprocess.run([shell, "-c", "\n".join(asked)], env=os.environ | set_before, capture_output=True, check=True)
    for name, value in json.loads(done.stdout).items():
        monkeypatch.setenv(name, value)
    assert open_adapter(read()).target.kind == "local"
    assert read() == replace(read(), feature=DEFAULT_FEATURE, protection=Protection())


def test_overrides_count_before_the_environment_and_that_before_dot_env(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("ROLLOUT_FEATURE=from_file\nROLLOUT_HOME=here\n")
    assert read().feature == "from_file"
    assert read().home == Path.cwd() / "here"
    monkeypatch.setenv("ROLLOUT_FEATURE", "from_environment")
    assert read().feature == "from_environment"
    assert read(ROLLOUT_FEATURE="override").feature == "override"


@pytest.fixture(params=["not in UTF-8", "gone"])
def unreadable(request, monkeypatch, tmp_path):
    """A working folder whose `.env` can't be read."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    if request.param == "gone":
        folder.rmdir()
    else:
        (folder / ".env").write_bytes(b"VITE_HYBRID_EMERGENCY_STOP=tr\xfce\n")


@pytest.mark.usefixtures("unreadable")
def test_r13_what_is_set_counts_where_dot_env_cant_be_read():
    assert open_adapter(read(**DATABASE)).target.kind == "postgres"
    assert read(ROLLOUT_FEATURE="a", ROLLOUT_HOME="here").feature == "a"
    assert application_overrides() == {}


@pytest.mark.usefixtures("unreadable")
def test_r13_a_dot_env_that_cant_be_read_leads_to_no_practice_database():
    with pytest.raises(
        NotConfigured, match=r"^\.env in the working folder can't be read \(.+\), and nothing else says"
    ):
        open_adapter(read())


def test_blanks_count_as_not_set():
    assert read(ROLLOUT_FEATURE="  ", SUPABASE_URL="").feature == DEFAULT_FEATURE


@pytest.mark.parametrize("names", [SECRET_KEYS, DATABASE_URLS])
def test_of_several_names_the_first_counts(names):
    settings = read(**{name: f"value-{name}" for name in names})
    assert f"value-{names[0]}" in (settings.supabase_key, settings.database_url)


def test_an_anon_key_alone_only_reads():
    settings = read(SUPABASE_URL=API["SUPABASE_URL"], SUPABASE_ANON_KEY="sb_publishable_x")
    assert (settings.supabase_key, settings.read_only) == ("sb_publishable_x", True)
    assert not read(**API, SUPABASE_ANON_KEY="sb_publishable_x").read_only


def test_credentials_are_not_in_the_repr():
    shown = repr(read(**API, **DATABASE, ROLLOUT_ALERT_URLS="slack://token"))
    assert "sb_secret_x" not in shown
    assert "hidden" not in shown
    assert "token" not in shown


def test_a_database_url_chooses_postgresql_and_shows_no_password():
    adapter = open_adapter(read(**DATABASE))
    assert str(adapter.target) == "db.example/app"
    assert adapter.target.kind == "postgres"


def test_an_api_counts_before_a_database_url_which_it_fails_over_to():
    adapter, alone = open_adapter(read(**API, **DATABASE)), open_adapter(read(**API))
    assert isinstance(adapter, FailoverAdapter)
    assert isinstance(alone, SupabaseAdapter)
    assert adapter.target == alone.target == Target("supabase", "abc")
    assert adapter.postgres.target.kind == "postgres"


def test_a_url_without_a_key_says_what_to_set():
    with pytest.raises(NotConfigured, match="set SUPABASE_SECRET_KEY, then start again"):
        open_adapter(read(SUPABASE_URL=API["SUPABASE_URL"]))


def test_a_key_that_cannot_be_one_is_refused():
    with pytest.raises(BadCredentials, match="copy it again"):
        open_adapter(read(SUPABASE_URL=API["SUPABASE_URL"], SUPABASE_SECRET_KEY="two words"))


def test_r15_only_overrides_that_are_set_are_named(monkeypatch):
    assert application_overrides() == {}
    monkeypatch.setenv("HYBRID_EMERGENCY_STOP", "true")
    assert application_overrides() == {"HYBRID_EMERGENCY_STOP": "true"}


def test_r15_overrides_are_read_by_their_names_of_today_and_from_the_folder(monkeypatch, tmp_path):
    (tmp_path / ".env").write_text("VITE_HYBRID_EMERGENCY_STOP=true\nVITE_HYBRID_ROLLOUT_PERCENTAGE=\n")
    monkeypatch.setenv("VITE_HYBRID_ROLLOUT_PERCENTAGE", "0")
    assert application_overrides() == {"VITE_HYBRID_EMERGENCY_STOP": "true", "VITE_HYBRID_ROLLOUT_PERCENTAGE": "0"}


def test_r10_the_operator_can_be_named(monkeypatch):
    monkeypatch.setenv("ROLLOUT_OPERATOR", "tess")
    assert operator()["operator"] == "tess"
    assert operator()["host"]
    monkeypatch.setitem(os.environb, b"ROLLOUT_OPERATOR", b"t\xe9ss")  # in Latin-1
    assert operator()["operator"] == "t?ss"


def test_in_the_applications_own_folder_its_names_lead_to_its_project(tmp_path):
    (tmp_path / ".env").write_text(
        "VITE_SUPABASE_URL=https://abc.supabase.co\nVITE_SUPABASE_ANON_KEY=sb_publishable_x\n"
    )
    assert open_adapter(read()).target == Target("supabase", "abc", read_only=True)
    assert open_adapter(read(SUPABASE_TOKEN="sb_secret_x")).target == Target("supabase", "abc")
    assert open_adapter(read(SUPABASE_URL="https://xyz.supabase.co")).target.place == "xyz"
    assert open_adapter(read(**DATABASE)).target.kind == "postgres"


@pytest.mark.parametrize("name", [*SECRET_KEYS, *READ_ONLY_KEYS])
def test_a_key_without_a_url_is_refused_and_leads_to_no_practice_database(name):
    with pytest.raises(NotConfigured, match=r"^a key, but no URL: set SUPABASE_URL .* start again$") as caught:
        open_adapter(read(**{name: "sb_secret_x"}))
    assert "sb_secret_x" not in str(caught.value)
    assert open_adapter(read(**{name: "sb_secret_x"}, **DATABASE)).target.kind == "postgres"


def test_without_a_home_and_an_entry_in_passwd_there_is_still_a_target(monkeypatch):
    monkeypatch.delenv("HOME", raising=False)
    for name in [name for name in os.environ if name.startswith("XDG_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(os, "getuid", lambda: 4_000_000)
    monkeypatch.setattr(os, "geteuid", lambda: 4_000_000)
    assert open_adapter(read(**DATABASE)).target.kind == "postgres"
    assert named_targets() == {}
    assert operator()["operator"]
