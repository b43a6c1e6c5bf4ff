"""What the Supabase adapter makes of a URL and a key before anything is sent, and the page that documents it."""

from __future__ import annotations

import base64
import json
import re

import pytest

from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.errors import BadCredentials, NotConfigured
from tests.support import ROOT

SPEAKERS = (
    *(
        f"rollout_console/{name}.py"
        for name in (
            "errors",
            "settings",
            "connection/session",
            "connection/database_url",
            "adapters/__init__",
            "adapters/http_errors",
            "adapters/postgres",
            "adapters/supabase",
        )
    ),
    "migrations/rules/01_ground/configuration.sql",
    "migrations/rules/02_stop/blockers.sql",
)


@pytest.mark.parametrize(
    "url",
    [
        "http://abc.supabase.co",
        "http://10.0.0.5:8000",
        "http://127.0.0.1.evil.example",
        "http://localhost.evil.example",
    ],
)
def test_a_key_is_never_sent_in_clear_text(url):
    with pytest.raises(NotConfigured, match="in clear text"):
        SupabaseAdapter(url, "sb_secret_hidden")


@pytest.mark.parametrize("url", ["http://localhost:54321", "http://127.0.0.1:1", "http://127.8.0.1", "http://[::1]:9"])
def test_plain_http_reaches_this_machine(url):
    assert SupabaseAdapter(url, "sb_secret_hidden").target.kind == "supabase"


@pytest.mark.parametrize(
    "url", ["abc.supabase.co", "postgresql://u:p@h/db", "https://", "https://u:p@h", "http://[", ""]
)
def test_what_is_not_a_url_is_refused_without_being_repeated(url):
    with pytest.raises(NotConfigured, match=r"^SUPABASE_URL is not a URL; it looks like https://") as caught:
        SupabaseAdapter(url, "sb_secret_hidden")
    assert "u:p" not in str(caught.value)


def test_the_url_of_the_rest_endpoint_will_do(faulty):
    adapter = SupabaseAdapter(f"{faulty.proxy.url}/rest/v1/", faulty.api.secret_key)
    assert adapter.call("rollout_status")["rollout_percentage"] == 0
    adapter.close()


@pytest.mark.parametrize("key", ["sb_secret_a\nb", "sb_secret a", "", "sb_secret_ü"])
def test_a_key_that_was_copied_badly_is_refused_before_it_is_sent(key):
    with pytest.raises(BadCredentials, match="blanks or line breaks") as caught:
        SupabaseAdapter("https://abc.supabase.co", key)
    assert not key or key not in str(caught.value)


def token(role: str) -> str:
    parts: tuple[dict[str, str], ...] = ({"alg": "HS256"}, {"role": role}, {})
    return ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


@pytest.mark.parametrize(
    ("key", "read_only"),
    [
        ("sb_secret_x", False),
        ("sb_publishable_x", True),
        (token("service_role"), False),
        (token("anon"), True),
        ("opaque", False),
        ("a.b.c", False),
    ],
)
def test_a_key_that_only_reads_is_recognised(key, read_only):
    assert SupabaseAdapter("https://abc.supabase.co", key).target.read_only is read_only


def test_the_documented_lines_are_those_that_are_shown():
    """Each part of a line in the table of docs/supabase.md, between its details, stands in the code that says it."""
    code = "".join((ROOT / path).read_text(encoding="utf-8") for path in SPEAKERS)
    code = re.sub(r'"\s*f?"', "", code).replace("''", "'")
    table = (ROOT / "docs" / "supabase.md").read_text(encoding="utf-8").split("| symptom |")[1]
    lines = [shown for row in table.splitlines()[2:] for shown in re.findall(r"`([^`]+)`", row.split("|")[2])]
    assert len(lines) > 20
    for line in lines:
        for part in line.split("…"):
            assert part.strip(" ();") in code, line


def test_the_statement_for_the_schedule_runs(faulty):
    document = (ROOT / "docs" / "supabase.md").read_text(encoding="utf-8")
    statement = re.search(r"\$\$(select public\.rollout_check_health.*)\$\$", document)
    assert statement is not None
    assert faulty.value(statement.group(1))["action"] == "none"
