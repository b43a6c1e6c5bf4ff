"""What a behavioural test works with: a rollout through the adapter under test, and SQL beside it."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rollout_console.adapters import Adapter
from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.adapters.supabase import SupabaseAdapter
from rollout_console.client import RolloutClient
from rollout_console.client.seen import Seen
from tests.support import hosted, lite, owner, servers
from tests.support.fault_proxy import FaultProxy
from tests.support.rows import one_row

OPERATOR = {"operator": "tess", "host": "testhost"}


class Unseeing(RolloutClient):
    """A client that says nothing of what it has seen, as SQL does: what is done behind it is no matter (R20)."""

    def _sent(self) -> dict[str, Any]:
        return {}


@dataclass
class RolloutUnderTest:
    """What a behavioural test works with: a client through the adapter under test, and SQL beside it."""

    client: RolloutClient
    url: str
    kind: str
    environment: dict[str, str] = field(default_factory=dict)  # what leads a console to the same adapter

    def session(self) -> Any:
        """Return a session of `postgres`, each of whose statements is committed by itself."""
        return owner.session(self.url)

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """Lend a session in a transaction, which is committed at the end of the block with what was set in it."""
        session = self.session()
        with session.transaction():
            yield session

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Run a statement as `postgres`."""
        session = self.session()
        cursor = session.execute(statement, values or None)
        if "update rollout_configuration" in statement:  # R20: and the operator looks, whatever the way to it does
            answer = one_row(session.execute("select rollout_newest_in_order(%s)", (self.client.feature,)))[0]
            self.client.seen = Seen.now(answer["id"], datetime.fromisoformat(answer["server_time"]))
        return cursor.fetchall() if cursor.description else []

    def value(self, statement: str, *values: Any) -> Any:
        return self.sql(statement, *values)[0][0]

    def add_repositories(self, amount: int, stars: int = 0, prefix: str = "acme/repo") -> list[str]:
        """Add repositories with this many stars, and return their names.

        Their ids come from their names: which of them share a hash bucket is the same in every run.
        """
        first = self.value("select coalesce(max(github_id), 0) from repositories")
        self.sql(
            "insert into repositories (id, github_id, full_name, owner, name, stargazers_count)"
            " select md5(full_name)::uuid, %s + n, full_name, split_part(full_name, '/', 1), split_part(full_name, '/', 2), %s"
            " from generate_series(1, %s) n cross join lateral (select %s || '-' || n as full_name) f",
            first, stars, amount, prefix,
        )  # fmt: skip
        return [f"{prefix}-{n}" for n in range(1, amount + 1)]

    def repository_id(self, name: str) -> str:
        return str(self.value("select id from repositories where full_name = %s", name))

    def report(
        self,
        *,
        good: int = 0,
        bad: int = 0,
        name: str = "acme/repo-1",
        message: str = "boom",
        treated: bool = True,
        began: timedelta = timedelta(),
    ) -> None:
        """Report finished jobs: successes first, each in its own transaction.

        Args:
            good: how many succeed.
            bad: how many fail after them.
            name: of the repository.
            message: of the failures.
            treated: whether they belong to the treatment.
            began: how long ago they began.
        """
        repo = self.repository_id(name)
        session = self.session()
        for success in [True] * good + [False] * bad:
            session.execute(
                "select record_rollout_job(%s, 'inngest', %s, 30, %s, started_at => now() - %s, treated => %s)",
                (repo, success, None if success else message, began, treated),
            )

    def history_rows(self) -> int:
        return int(self.value("select count(*) from rollout_history"))

    def differences(self) -> dict[str, int]:
        """Counters that are not those of the rows."""
        return {check.name: check.differences for check in self.client.verify().checks if check.differences}

    def is_eligible(self, name: str) -> bool:
        return bool(self.value("select is_repository_eligible_for_rollout(%s)", self.repository_id(name)))

    def eligible(self) -> int:
        """Return of how many repositories the application is told that they are eligible, one by one."""
        return int(
            self.value("select count(*) filter (where is_repository_eligible_for_rollout(id)) from repositories")
        )


@dataclass
class OpenAdapter:
    """An adapter, the URL of the database behind it, and the variables that lead a console there."""

    adapter: Adapter
    url: str
    environment: dict[str, str]


def open_postgres(server_url: str, template: str = hosted.TEMPLATE) -> OpenAdapter:
    url = servers.create_database(server_url, f"adapter_{uuid.uuid4().hex[:12]}", template=template)
    return OpenAdapter(PostgresAdapter(url), url, {"ROLLOUT_DATABASE_URL": url})


def open_supabase(api: lite.Api, url: str) -> OpenAdapter:
    environment = {"SUPABASE_URL": api.url, "SUPABASE_SECRET_KEY": api.secret_key}
    return OpenAdapter(SupabaseAdapter(api.url, api.secret_key), url, environment)


@dataclass
class FaultyRollout(RolloutUnderTest):
    """A rollout whose API stands behind a proxy that can fail; `adapter` opens further adapters to it."""

    proxy: FaultProxy = field(kw_only=True)
    api: lite.Api = field(kw_only=True)

    @classmethod
    @contextmanager
    def to(cls, proxy: FaultProxy, api: lite.Api, url: str) -> Iterator[FaultyRollout]:
        """Open a client to the proxy, for as long as the block lasts."""
        client = RolloutClient(SupabaseAdapter(proxy.url, api.secret_key), who=OPERATOR)
        with client:
            yield cls(client, url, "supabase", proxy=proxy, api=api)

    def adapter(self, key: str | None = None, patience: float = 10) -> SupabaseAdapter:
        return SupabaseAdapter(self.proxy.url, key or self.api.secret_key, patience=patience)


def percentage(rollout: RolloutUnderTest) -> int:
    """Return what is set, as the row has it."""
    return int(rollout.value("select rollout_percentage from rollout_configuration where feature_name = %s",
                             rollout.client.feature))  # fmt: skip


def rollout_on(url: str) -> RolloutUnderTest:
    """Put a rollout at 50 % with 20 repositories on a database."""
    client = RolloutClient(PostgresAdapter(url), who=OPERATOR)
    client.create()
    rollout = RolloutUnderTest(client, url, "postgres")
    rollout.add_repositories(20)
    rollout.client.categorize_all()
    rollout.client.set_rollout(50)
    return rollout
