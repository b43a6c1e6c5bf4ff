"""R13 at the Supabase adapter: each failure is one line of the package's family, ends with what to type, and hides the key."""

from __future__ import annotations

import datetime
import ipaddress
import re
import ssl
import threading
import traceback
import uuid
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import psycopg
import pytest

from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import (
    BadArgument,
    BadCredentials,
    NotFound,
    NotPermitted,
    Refused,
    RolloutError,
    SchemaMismatch,
    TimedOut,
    Unreachable,
)
from tests.support import fault_proxy as faults
from tests.support import lite, servers

WAY_OUT = re.compile(
    r"(rollout\.\w+\(.*\)|rollout-console \S+( \S+)*|SUPABASE_SECRET_KEY|start again|type the command again|https://\S+)$"
)

READ = {"changes": False, "idempotent": True}


def refusal(adapter: SupabaseAdapter, function: str = "rollout_status", **parameters: Any) -> RolloutError:
    """Call, by default a read, and return the error after a look at what holds for all of them."""
    flags = READ if function == "rollout_status" else {"idempotent": True}
    with pytest.raises(RolloutError) as caught:
        adapter.call(function, **flags, **parameters)
    adapter.close()
    look_at(caught.value, adapter._key)
    return caught.value


def look_at(error: RolloutError, key: str) -> None:
    assert "\n" not in str(error)
    shown = [repr(error), *traceback.format_exception(error)]
    link: BaseException | None = error
    while link is not None:
        shown += [str(link), repr(link), repr(vars(link))]
        link = link.__cause__ or link.__context__
    assert key not in "".join(shown)


@pytest.mark.parametrize(
    ("fault", "kind", "line"),
    [
        (faults.truncate, Unreachable, "broke off"),
        (faults.swallow, Unreachable, "broke off"),
        (faults.hold, TimedOut, "within 0.5 s"),
    ],
)
def test_r13_an_answer_that_is_cut_off_or_late_has_its_error(faulty, fault, kind, line):
    faulty.proxy.always = fault
    error = refusal(faulty.adapter(patience=0.5))
    assert type(error) is kind
    assert re.search(line, str(error)), error
    assert WAY_OUT.search(str(error)), error


@pytest.mark.parametrize("value", [float("nan"), "half a character \ud83d"])
def test_r13_what_json_has_no_word_for_is_refused_in_a_line_and_not_sent(faulty, value):
    error = refusal(faulty.adapter(), "rollout_set_percentage", percentage=5, reason=value)
    assert isinstance(error, BadArgument)
    assert re.match(r"what was given can't be sent \(.+\); nothing was changed: correct it$", str(error)), error
    assert faulty.proxy.requests == []


def test_a_change_that_did_not_arrive_is_reported_as_not_made(faulty):
    faulty.proxy.always = faults.answer(429, "slow down")
    error = refusal(
        faulty.adapter(patience=1), "rollout_set_percentage", percentage=5, context=faulty.client._context()
    )
    assert str(error).endswith("nothing was changed: type the command again")


@pytest.mark.parametrize("fault", [faults.swallow, faults.page(504), faults.page(200), faults.hold, faults.truncate])
def test_a_change_that_may_have_arrived_is_reported_as_doubtful(faulty, fault):
    faulty.proxy.always = fault
    error = refusal(
        faulty.adapter(patience=0.5), "rollout_set_percentage", percentage=5, context=faulty.client._context()
    )
    assert str(error).endswith("before you type it again, look: rollout.history()")


def test_a_wrong_key_is_refused_by_the_api_itself(faulty):
    error = refusal(faulty.adapter("sb_secret_of_another_project"))
    assert isinstance(error, BadCredentials)
    assert "Invalid API key" in str(error)


def test_the_publishable_key_reads_and_may_not_change(faulty):
    adapter = faulty.adapter(faulty.api.publishable_key)
    assert str(adapter.target).endswith("(read-only)")
    assert adapter.call("rollout_status")["rollout_percentage"] == 0
    rows = faulty.history_rows()
    error = refusal(adapter, "rollout_set_percentage", percentage=5, context=faulty.client._context())
    assert isinstance(error, NotPermitted)
    assert str(error).endswith("changes need the service-role key: set SUPABASE_SECRET_KEY")
    assert faulty.history_rows() == rows


def test_a_publishable_key_on_closed_tables_is_not_told_to_set_a_rollout_up(faulty):
    adapter = SupabaseAdapter(faulty.proxy.url, faulty.api.publishable_key)
    reader = RolloutClient(adapter)
    assert reader.status().rollout_percentage == 0
    with pytest.raises(NotFound, match=r"^no active rollout for feature 'other'"):
        RolloutClient(adapter, "other").status()
    faulty.sql("create policy closed on rollout_configuration as restrictive for select using (false)")
    try:
        for read in (reader.status, reader.stats, reader.history, reader.check_health):
            with pytest.raises(RolloutError, match=r"may not read the rollout's tables|not permitted") as caught:
                read()
            assert str(caught.value).endswith(("SUPABASE_SECRET_KEY", "SUPABASE_SECRET_KEY, then start again"))
        faulty.client.status()
    finally:
        faulty.sql("drop policy closed on rollout_configuration")
        adapter.close()


def test_refusals_of_our_functions_arrive_word_for_word(faulty):
    with pytest.raises(Refused, match=r"^a percentage is a whole number from 0 to 100, not 200; type .*setRollout"):
        faulty.client.set_rollout(200)
    with pytest.raises(Refused, match=r"^a rollback only lowers"):
        faulty.client.rollback_to_percentage(7)
    with pytest.raises(NotFound, match=r"^unknown repository: acme/none; nothing was changed; type"):
        faulty.client.add_to_whitelist("acme/none")
    with pytest.raises(
        NotFound, match=r"^no active rollout for feature 'other', but for hybrid_progressive_capture; .*feature="
    ):
        RolloutClient(faulty.client.adapter, "other").status()


def test_a_statement_that_the_database_cancels_timed_out(faulty):
    """Cancelled as a statement timeout would, while it waits for a lock that another session holds."""
    waiting = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with psycopg.connect(faulty.url) as holder:
        holder.execute("select from rollout_configuration for update")
        caught: list[RolloutError] = []

        def change() -> None:
            context = faulty.client._context()
            caught.append(refusal(faulty.adapter(), "rollout_set_percentage", percentage=5, context=context))

        changing = threading.Thread(target=change)
        changing.start()
        while changing.is_alive() and not faulty.sql(waiting):
            changing.join(0.02)
        faulty.sql(f"select pg_cancel_backend(pid) from ({waiting}) w")
        changing.join()
    assert type(caught[0]) is TimedOut
    assert "nothing was changed: type the command again" in str(caught[0])
    assert faulty.client.status().rollout_percentage == 0


def test_a_database_without_the_migrations_says_so(postgres15_url):
    url = servers.create_database(postgres15_url, f"bare_{uuid.uuid4().hex[:12]}", migrated=False)
    with lite.lite_server(url) as api:
        error = refusal(SupabaseAdapter(api.url, api.secret_key))
    assert type(error) is SchemaMismatch
    assert str(error).endswith("type in a shell: rollout-console migrate")


def test_an_unknown_host_is_named(monkeypatch):
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    error = refusal(SupabaseAdapter("https://rollout-console.invalid", "sb_secret_hidden", patience=1))
    assert isinstance(error, Unreachable)
    assert "rollout-console.invalid" in str(error)


def test_a_refused_connection_is_reported():
    error = refusal(SupabaseAdapter(f"http://127.0.0.1:{servers.free_port()}", "sb_secret_hidden", patience=1))
    assert type(error) is Unreachable
    assert "can't connect to 127.0.0.1" in str(error)


def test_a_server_without_tls_is_reported(faulty, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    error = refusal(SupabaseAdapter(faulty.proxy.url.replace("http", "https"), "sb_secret_hidden"))
    assert type(error) is Unreachable
    assert "no secure connection" in str(error)


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(self_signed(tmp_path))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setattr(server, "handle_error", lambda *arguments: None)
    serving = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    serving.start()
    error = refusal(SupabaseAdapter(f"https://127.0.0.1:{server.server_port}", "sb_secret_hidden"))
    server.shutdown()
    server.server_close()
    assert type(error) is Unreachable
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert "SSL_CERT_FILE" in str(error)


def self_signed(folder):
    """A certificate for 127.0.0.1 with its key, in one file."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1)).not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    pem = serialization.Encoding.PEM
    path = folder / "server.pem"
    path.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + certificate.public_bytes(pem)
    )
    return path


def test_keys_are_struck_out_of_what_the_api_says(faulty):
    key = "eyJhbGciOiJIUzI1NiJ9.eyJyb2xlIjoic2VydmljZV9yb2xlIn0.c2lnbmF0dXJl"
    faulty.proxy.always = faults.answer(400, f"bad key {key} or {faulty.api.secret_key}", "XX000")
    for each in (key, faulty.api.secret_key):
        error = refusal(faulty.adapter(each))
        assert "bad key [key] or [key]" in str(error)


def test_neither_the_adapter_nor_its_target_shows_the_key(faulty):
    adapter = faulty.adapter()
    adapter.call("rollout_status")
    assert faulty.api.secret_key not in f"{adapter!r} {adapter} {adapter.target!r} {adapter.target} {faulty.client!r}"
    adapter.close()
