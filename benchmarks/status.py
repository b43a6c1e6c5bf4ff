"""rollout.status() with its report, warm, against the bare call it makes: over HTTP and embedded."""

from __future__ import annotations

import contextlib
import io
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import httpx
import psycopg

from benchmarks.api import api_over, bare_client
from benchmarks.ground import Ground
from benchmarks.measure import Row, seconds
from rollout_console.adapters.embedded import EmbeddedAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.console import Rollout
from rollout_console.settings import DEFAULT_FEATURE

WARM_UP = 10


def run(ground: Ground, quick: bool) -> list[Row]:
    rounds = 40 if quick else 300
    return [_over_http(ground, rounds), _embedded(rounds)]


def _over_http(ground: Ground, rounds: int) -> Row:
    database = ground.database()
    database.fill(1_000)
    with api_over(database) as api, bare_client(api) as http:
        client = RolloutClient(SupabaseAdapter(api.url, api.secret_key))

        def post() -> None:
            http.post("/rpc/rollout_status", json={"feature_name": DEFAULT_FEATURE}).raise_for_status().json()

        row = _compare("rollout.status() over HTTP", "a bare httpx POST", client, post, rounds, 1.15)
        requests = _requests_of(client.status)
        client.adapter.close()
    ground.drop(database)
    if requests != 1:
        raise AssertionError(f"status took {requests} requests")
    return row


def _embedded(rounds: int) -> Row:
    with tempfile.TemporaryDirectory(prefix="rollout-status-") as folder:
        Path(folder).chmod(0o755)  # the embedded server runs as a user of its own
        adapter = EmbeddedAdapter(Path(folder) / "rollout")
        client = RolloutClient(adapter)
        with psycopg.connect(adapter.url(), autocommit=True) as connection:

            def select() -> None:
                connection.execute("select rollout_status(feature_name => %s)", (DEFAULT_FEATURE,)).fetchone()

            row = _compare("rollout.status() embedded", "psycopg alone", client, select, rounds, 1.3)
        adapter.close()
        adapter.server.leave()
    return row


def _compare(what: str, against: str, client: RolloutClient, bare: Callable[[], None], rounds: int, goal: float) -> Row:
    """Take in turn the command as typed, the typed client alone, and the bare call."""
    actions = (_typed(Rollout(client)), client.status, bare)
    for action in actions * WARM_UP:
        action()
    taken = [[seconds(action) for action in actions] for _ in range(rounds)]
    typed, client_alone, theirs = (1000 * statistics.median(times) for times in zip(*taken, strict=True))
    return Row(
        what, against, typed, theirs, "ms", typed / theirs, goal,
        note=f"with the report drawn; client.status() alone: {client_alone:.2f} ms, {client_alone / theirs:.2f}",
    )  # fmt: skip


def _typed(rollout: Rollout) -> Callable[[], None]:
    def command() -> None:
        with contextlib.redirect_stdout(io.StringIO()) as screen:
            rollout.status()
        if not screen.getvalue():
            raise AssertionError("status drew no report")

    return command


def _requests_of(action: Callable[[], object]) -> int:
    with mock.patch.object(httpx.Client, "send", autospec=True, side_effect=httpx.Client.send) as send:
        action()
    return send.call_count
