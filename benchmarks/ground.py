"""Servers and data to measure on; the servers are those of the tests."""

from __future__ import annotations

import subprocess
import tempfile
import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from tests.support import servers, tools

PGBENCH, PSQL = (str(tools.postgresql(18) / name) for name in ("pgbench", "psql"))

REPOSITORIES = """
    insert into repositories (id, github_id, full_name, owner, name, stargazers_count)
    select md5('acme/repo-' || n)::uuid, n, 'acme/repo-' || n, 'acme', 'repo-' || n, (power(random(), 6) * 9000)::int
    from generate_series(1, {amount}) n
"""
PULL_REQUESTS = """
    insert into pull_requests (github_id, repository_id, number, title, state, author_id, head_branch)
    select n, md5('acme/repo-' || (power(random(), 2) * ({repositories} - 1))::int + 1)::uuid, n, 'change', 'open',
           md5('author-' || (random() * 9999)::int)::uuid, 'branch'
    from generate_series(1, {amount}) n
"""
# One row stands for ten jobs, as record_rollout_job would have added them up.
JOBS = """
    insert into rollout_metrics (
        rollout_config_id, repository_id, processor_type, success_count, error_count, total_jobs,
        metrics_window_start, metrics_window_end, timed_jobs, processing_seconds)
    select c.id, md5('acme/repo-' || (n % {repositories} + 1))::uuid,
           case n % 2 when 0 then 'inngest' else 'github_actions' end,
           10 - (n % 20 = 0)::int, (n % 20 = 0)::int, 10, w.upto - interval '1 second', w.upto, 10, 300
    from rollout_configuration c, generate_series({first}, {last}) n
    cross join lateral (select now() - interval '23 hours' * n * 10 / {jobs} as upto) w
"""
TOGETHER = 100  # rows in a transaction: the more often one updates a counter, the more dead versions lie about


@dataclass
class Database:
    """A migrated database, and SQL on it."""

    url: str

    def run(self, *statements: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement)

    def value(self, query: str) -> Any:
        with psycopg.connect(self.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()
            return row[0] if row else None

    def fill(self, repositories: int, pull_requests: int = 0, jobs: int = 0) -> None:
        """Add repositories, their pull requests, a rollout at 40 % with categories, and jobs of the last day."""
        self.run(REPOSITORIES.format(amount=repositories), "select rollout_create(40)")
        if pull_requests:
            self.run(PULL_REQUESTS.format(repositories=repositories, amount=pull_requests))
        if jobs:
            self.run("update rollout_configuration set restarted_at = now() - interval '2 days'")
            rows = jobs // 10
            for first in range(1, rows + 1, TOGETHER):
                last = min(first + TOGETHER - 1, rows)
                self.run(JOBS.format(repositories=repositories, jobs=jobs, first=first, last=last))
        self.run("vacuum analyze")

    def pgbench(self, script: str, seconds: int, clients: int = 8, mode: str = "prepared") -> float:
        """Return the transactions a second of a script."""
        parts = conninfo_to_dict(self.url)
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script)
            file.flush()
            done = subprocess.run(
                [PGBENCH, "-n", "-M", mode, "-c", str(clients), "-j", "2", "-T", str(seconds), "-f", file.name,
                 "-h", str(parts["host"]), "-p", str(parts["port"]), "-U", str(parts["user"]), str(parts["dbname"])],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
        return float(done.stdout.split("tps = ")[1].split()[0])

    @contextmanager
    def every(self, seconds: float, action: Callable[[psycopg.Connection], Any]) -> Iterator[list[Any]]:
        """Act again and again on a session of its own until the end of the block; yield what each time returned."""
        returned: list[Any] = []
        over = threading.Event()

        def act() -> None:
            with psycopg.connect(self.url, autocommit=True) as connection:
                while not over.wait(seconds):
                    returned.append(action(connection))

        with ThreadPoolExecutor(1) as pool:
            acting = pool.submit(act)
            try:
                yield returned
            finally:
                over.set()
                acting.result()


@dataclass
class Ground:
    """A PostgreSQL 15 to create databases on."""

    server: str

    def database(self, template: Database | None = None) -> Database:
        """Create a migrated database, or a copy of one."""
        name = f"bench_{uuid.uuid4().hex[:8]}"
        if template is None:
            return Database(servers.create_database(self.server, name))
        with psycopg.connect(self.server, autocommit=True) as connection:
            source = conninfo_to_dict(template.url)["dbname"]
            connection.execute(f'create database "{name}" template "{source}"')
        return Database(servers.with_database(self.server, name))

    def empty_database(self) -> Database:
        """Create a database without our tables."""
        return Database(servers.create_database(self.server, f"bench_{uuid.uuid4().hex[:8]}", migrated=False))

    def drop(self, *databases: Database) -> None:
        with psycopg.connect(self.server, autocommit=True) as connection:
            for database in databases:
                name = conninfo_to_dict(database.url)["dbname"]
                connection.execute(f'drop database "{name}" with (force)')


@contextmanager
def ground() -> Iterator[Ground]:
    with servers.cluster() as cluster:
        yield Ground(cluster.url)
