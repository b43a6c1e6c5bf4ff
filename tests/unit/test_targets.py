"""targets.toml: what it may say, where secrets are kept, and what a target refuses. Needs no server."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import keyring
import pytest
from keyring.backend import KeyringBackend

import rollout_console
from rollout_console.adapters import Target, open_adapter
from rollout_console.client.by_hand import halt_by_hand
from rollout_console.errors import BadArgument, NotConfigured, NotPermitted
from rollout_console.protection import Protection
from rollout_console.refresh import Snapshot
from rollout_console.settings import DEFAULT_FEATURE, UNKNOWN_FEATURE, Settings
from rollout_console.shell.prompt import prompt_parts
from rollout_console.targets import feature_of, named_targets, targets_file


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch, tmp_path):
    """An environment without settings, and folders without files."""
    for name in list(os.environ):
        if name.startswith(("ROLLOUT_", "SUPABASE_", "HYBRID_")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)


def write(text: str) -> None:
    targets_file().parent.mkdir(parents=True, exist_ok=True)
    targets_file().write_text(text, encoding="utf-8")


def at(target: str, **environment: str) -> Settings:
    return Settings.from_environment({"ROLLOUT_TARGET": target, **environment})


STAGING = """
[staging]
supabase_url = "https://abcdefgh.supabase.co"
supabase_key = "env:STAGING_KEY"
database_url = "env:STAGING_DATABASE"
feature = "other"
colour = "magenta"
read_only = true
require_reason = true

[practice]
home = "~/practice"
"""


def test_a_target_says_everything_and_its_secrets_come_from_where_they_are_kept():
    write(STAGING)
    settings = at("staging", STAGING_KEY="sb_secret_x", STAGING_DATABASE="postgresql://u:hidden@db/app")
    assert (settings.supabase_url, settings.supabase_key) == ("https://abcdefgh.supabase.co", "sb_secret_x")
    assert settings.database_url == "postgresql://u:hidden@db/app"
    assert settings.feature == "other"
    assert settings.protection == Protection("staging", read_only=True, require_reason=True)
    assert open_adapter(settings).target == Target("supabase", "abcdefgh", True, "staging", "magenta", True)
    assert "sb_secret_x" not in repr(settings)
    assert "hidden" not in repr(settings)


def test_a_named_target_leads_nowhere_that_the_environment_says():
    write(STAGING)
    settings = at("practice", SUPABASE_URL="https://production.supabase.co", SUPABASE_SECRET_KEY="sb_secret_x",
                  SUPABASE_DB_URL="postgresql://production/app")  # fmt: skip
    adapter = open_adapter(settings)
    assert (adapter.target.kind, adapter.target.name) == ("local", "practice")
    assert (settings.supabase_url, settings.supabase_key, settings.database_url) == (None, None, None)
    assert settings.home == Path.home() / "practice"


def test_a_secret_may_be_kept_in_the_keyring(monkeypatch):
    class Ring(KeyringBackend):
        priority = 1

        def get_password(self, service, username):
            return "sb_secret_x" if (service, username) == ("rollout", "staging") else None

        def set_password(self, service, username, password):
            raise NotImplementedError

        def delete_password(self, service, username):
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        write('[a]\nsupabase_url = "https://a.supabase.co"\nsupabase_key = "keyring:rollout/staging"\n'
              '[b]\nsupabase_url = "https://b.supabase.co"\nsupabase_key = "keyring:rollout/other"')  # fmt: skip
        assert at("a").supabase_key == "sb_secret_x"
        with pytest.raises(NotConfigured, match="type in a shell: keyring set rollout other, then start again"):
            at("b")
    finally:
        keyring.set_keyring(before)
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(NotConfigured, match=r"pip install 'rollout-console\[keyring\]'"):
        at("a")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[staging", "correct it"),
        ("[staging]\ncolor = 'red'", "unknown field `color`"),
        ("[staging]\nread_only = 'yes'", r"\[staging\]: Expected `bool`, got `str` - at .* read_only is true or false"),
        ("[staging]\ncolour = 'pink'", r"\[staging\]: Invalid enum value 'pink'.* colour is one of: red, green, yellow"),
        ("read_only = true\n[staging]", "read_only stands in no section; move it below its"),
        ("staging = 1", "Expected `object`"),
        ("[staging]\nsupabase_key = 'sb_secret_x'", 'as in supabase_key = "env:STAGING_SUPABASE_KEY"'),
        ("[staging]\ndatabase_url = 'postgresql://u:sb_secret_x@db/app'", 'as in database_url = "env:STAGING_DATABASE_URL"'),
        ("[staging]\ndatabase_url = 'host=db password=sb_secret_x'", "holds the password of staging"),
        ("[staging]\nsupabase_url = 'https://a.supabase.co'", "no supabase_key; add it to targets.toml"),
        ("[staging]\nsupabase_key = 'env:NOT_SET'", "supabase_key is kept in env:NOT_SET, where there is nothing; set NOT_SET"),
        ("[other]", "there is no target 'staging' in .*targets.toml; type one of: other"),
        (None, "there is no target 'staging': write it into .*targets.toml"),
    ],
)  # fmt: skip
def test_r13_what_is_wrong_with_the_file_is_one_line_that_repeats_no_secret(text, words):
    if text is not None:
        write(text)
    with pytest.raises(NotConfigured, match=words) as caught:
        open_adapter(at("staging"))
    assert "\n" not in str(caught.value)
    assert "sb_secret_x" not in str(caught.value)


def test_a_slip_in_one_section_keeps_no_other_target_away_and_the_statement_by_hand_names_the_right_feature():
    write("[a]\nfeature = 'other'\ncolour = 'pink'\n[b]\n[c]\nfeatur = 'third'\n[d]\nfeature = 5")
    assert at("b").target == "b"
    assert list(named_targets()) == ["b"]
    with pytest.raises(NotConfigured, match=r"\[a\].*pink"):
        at("a")
    assert [feature_of(name, "usual") for name in ("a", "b", "c", "d", "e")] == ["other", "usual", None, None, None]
    (statement,) = halt_by_hand(UNKNOWN_FEATURE, {"emergency_stop": True}, NotConfigured("x"))
    assert "feature_name = 'NAME OF THE FEATURE' and is_active;  -- which feature" in statement
    assert "feature_name = 'other'" in halt_by_hand("other", {"emergency_stop": True}, NotConfigured())[0]


def test_a_database_url_without_a_password_may_stand_in_the_file():
    write("[a]\ndatabase_url = 'postgresql://me@db.example/app'")
    assert str(open_adapter(at("a")).target) == "a"
    assert list(named_targets()) == ["a"]


@pytest.mark.parametrize(
    ("value", "read_only"), [("1", True), ("yes", True), ("", False), ("0", False), ("Off", False)]
)
def test_the_environment_can_make_any_target_read_only(value, read_only):
    settings = Settings.from_environment({"ROLLOUT_READ_ONLY": value})
    assert settings.protection.refuses_changes is read_only
    assert open_adapter(settings).target.read_only is read_only
    given = settings.at("postgresql://me@db.example/app", None)
    assert given.protection.refuses_changes is read_only


def test_a_read_only_target_refuses_all_but_the_stop_and_says_what_to_type():
    protection = Protection("staging", read_only=True)
    protection.check("rollout_emergency_stop", {"reason": None})
    with pytest.raises(
        NotPermitted,
        match=r'^staging is read-only: nothing was changed; only a stop works here: rollout.emergencyStop\("reas',
    ):
        protection.check("rollout_set_percentage", {"percentage": 5, "reason": "why"})
    with pytest.raises(NotPermitted, match="unset ROLLOUT_READ_ONLY"):
        Protection(read_only_session=True).check("rollout_anything", {})


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_a_target_that_asks_for_a_reason_refuses_a_change_without_one_but_stops(reason):
    protection = Protection("staging", require_reason=True)
    protection.check("rollout_set_percentage", {"reason": "phase 7"})
    protection.check("rollout_check_health", {})
    protection.check("rollout_emergency_stop", {"reason": reason})
    with pytest.raises(BadArgument, match=r'staging asks for a reason: .* type the command again with reason="..."'):
        protection.check("rollout_set_percentage", {"reason": reason})


def test_connect_takes_a_name_in_place_of_a_url():
    write("[a]\ndatabase_url = 'postgresql://me@db.example/app'\nfeature = 'other'")
    with rollout_console.connect(target="a") as client:
        assert (client.adapter.target.place, client.feature) == ("db.example/app", "other")
    with rollout_console.connect(target="a", feature="third") as client:
        assert client.feature == "third"
    with pytest.raises(NotConfigured, match="but not both"):
        rollout_console.connect("postgresql://db/app", target="a")
    with pytest.raises(NotConfigured, match="the name of the target is empty"):
        rollout_console.connect(target=" ")


def test_connect_with_a_url_asks_for_no_target(monkeypatch):
    monkeypatch.setenv("ROLLOUT_TARGET", "nosuch")
    with rollout_console.connect("postgresql://db.example/app") as client:
        assert (client.adapter.target.name, client.feature) == ("db.example/app", DEFAULT_FEATURE)


@pytest.mark.parametrize(
    ("target", "feature", "parts"),
    [
        (Target("local", "local"), DEFAULT_FEATURE, [("local", "rollout local "), ("local", "▸ ")]),
        (Target("postgres", "db/app"), "other", [("remote", "rollout db/app:other "), ("remote", "▸ ")]),
        (
            Target("postgres", "db/app", True),
            DEFAULT_FEATURE,
            [("remote", "rollout db/app "), ("remote", "READ-ONLY ▸ ")],
        ),
        (
            Target("supabase", "abc", True, "staging", "magenta"),
            "other",
            [("magenta", " staging:other "), ("remote", " READ-ONLY ▸ ")],
        ),
    ],
)
def test_the_prompt_says_where_one_is(target, feature, parts):
    assert prompt_parts(target, feature, Snapshot()) == parts
