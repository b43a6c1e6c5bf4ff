"""Beside the web application on a database that it made itself, as of 2025 and as of July 2026: adopted as it stands,
its own function decides, and its console, reports, jobs, sync and hardening go on. Each sentence of docs/coexistence.md."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from datetime import timedelta

import psycopg
import pytest

from rollout_console.adapters.postgres import PostgresAdapter
from rollout_console.client import RolloutClient
from rollout_console.errors import Unconfirmed
from rollout_console.migrate import apply
from rollout_console.render import Screen, render
from rollout_console.render.history import change_summary
from tests.migrations.deployments import FUNCTIONS, JOBS_OF_2025, deployment
from tests.support import hosted, servers
from tests.support.application import Application, BrowserConsole
from tests.support.application_of_2026 import (
    BrowserConsoleOf2026,
    clean_up_stuck_jobs,
    fix_stuck_jobs,
    merge,
    queue_without_asking,
    sync_first_phase,
    sync_second_phase,
)
from tests.support.channels import SqlChannel
from tests.support.jobs import HOURS, MINUTES, add_jobs
from tests.support.odd import Within
from tests.support.rollouts import OPERATOR, RolloutUnderTest, Unseeing

PIN = """
alter function is_repository_eligible_for_rollout(uuid, text) set search_path = public, pg_catalog, pg_temp;
alter function categorize_repository(uuid) set search_path = public, pg_catalog, pg_temp;
"""
PINNED = "search_path=public, pg_catalog, pg_temp"
FUNCTIONS_OF_BOTH = (
    "'is_repository_eligible_for_rollout(uuid, text)'::regprocedure, 'categorize_repository(uuid)'::regprocedure"
)
CONSOLES = {"open policies": BrowserConsole, "the state of July 2026": BrowserConsoleOf2026}
OF_2026 = pytest.mark.parametrize("adopted", ["the state of July 2026"], indirect=True)
KIND = "Job stuck in processing for ><n> minutes - likely webhook misconfiguration"
COUNT = "select count(*) filter (where rollout.is_let_in(id, %s)) from repositories"


@dataclass
class Adopted(RolloutUnderTest):
    """A deployment with the service key, its own function decides."""

    browser: BrowserConsole = field(kw_only=True)

    @property
    def is_of_2026(self) -> bool:
        return isinstance(self.browser, BrowserConsoleOf2026)

    def of(self, feature: str) -> RolloutClient:
        return Unseeing(self.client.adapter, feature, who=OPERATOR)

    def told(self, feature: str) -> int:
        """For how many repositories the application is told yes; an error is a no."""
        return int(self.value(COUNT, feature))

    def warnings(self) -> dict[str, str]:
        return {warning.name: warning.command for warning in self.client.status().warnings}


@pytest.fixture(scope="module", params=list(CONSOLES))
def adopted(postgres15_url, request):
    """Its schema with rows, migrated, and not switched to our decision."""
    name = f"adopted_{uuid.uuid4().hex[:12]}"
    url = servers.create_database(postgres15_url, name, migrated=False, template=hosted.TEMPLATE_BEFORE)
    with psycopg.connect(url) as connection:
        connection.execute(deployment(request.param) + (JOBS_OF_2025 if request.param == "open policies" else ""))
        # A mark belongs to no feature: it is told of the oldest.
        connection.execute(
            "update rollout_configuration set created_at = now() - interval '9 days' where rollout_percentage = 50"
        )
    apply(url)
    client = Unseeing(PostgresAdapter(url), who=OPERATOR)
    yield Adopted(client, url, "postgres", browser=CONSOLES[request.param](SqlChannel(url, "service_role")))
    client.adapter.close()


@pytest.fixture
def browser(adopted):
    return adopted.browser


def test_r11_while_its_own_function_decides_the_numbers_are_its_and_none_rises_unseen(adopted):
    sized = adopted.of("by_size")
    assert adopted.told("by_size") == 60, "at 5 % by size, all that have a category"
    assert 25 < adopted.told("at_zero") < 55, "about half at 0 %"
    status = sized.status()
    assert (status.decided_by, status.eligible_repositories, status.total_repositories) == ("host", 60, 80)
    with pytest.raises(Unconfirmed, match="would let 80 in instead of 60, of 80 repositories asked"):
        sized.categorize_all()
    sized.set_rollout(4, "nobody")
    assert (adopted.told("by_size"), sized.status().eligible_repositories) == (0, 0)
    with pytest.raises(Unconfirmed, match="would let 60 in instead of 0, of 80 repositories asked"):
        sized.set_rollout(5)
    sized.add_to_whitelist("acme/r70")
    assert adopted.told("by_size") == 1, "lists are not held up"
    sized.remove_from_whitelist("acme/r70")
    raise_it = "select rollout_set_percentage(5, feature_name => 'by_size', context => '{\"confirm\": true}')"
    adopted.sql(raise_it)
    assert adopted.told("by_size") == 60

    sized.configure(auto_advance=True)
    assert "auto_advance_waits" in [warning.name for warning in sized.status().warnings]
    assert not sized.check_health().changed
    sized.configure(auto_advance=False)
    assert sized.categorize_all(confirm=True).changed > 0
    assert adopted.told("by_size") == sized.status().eligible_repositories == 80
    adopted.sql(
        "insert into repositories (github_id, full_name, owner, name, first_tracked_at, last_updated_at)"
        " values (81, 'acme/r81', 'acme', 'r81', now(), now())"
    )
    assert sized.catch_up().transitions == {"new → test": 1}, "one yes is for repositories to come"


def test_r11_our_own_tables_show_no_more_than_its_and_a_key_without_rights_is_told_no(adopted):
    with psycopg.connect(adopted.url) as connection:
        connection.execute("select rollout.decide_by('readers')")
        connection.execute("set local role anon")
        for table in ("rollout.category_counts", "rollout.job_counts", "rollout.rules"):
            seen = bool(connection.execute(f"select from {table}").fetchall())
            assert seen is not adopted.is_of_2026, table  # whose tables are closed
        connection.execute("reset role; revoke select on rollout_configuration from anon; set local role anon")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):  # which the application takes for a no
            connection.execute("select is_repository_eligible_for_rollout(id) from repositories")
        connection.rollback()


def test_r11_a_status_asks_its_function_for_a_moment_and_says_so(adopted):
    with psycopg.connect(adopted.url) as connection:
        function = "'rollout_host.is_repository_eligible_for_rollout(uuid, text)'::regprocedure"
        ((body,),) = connection.execute(f"select pg_get_functiondef({function})").fetchall()
        connection.execute(body.replace("begin", "begin perform pg_sleep(0.02);", 1))
        status = RolloutClient(Within(connection), "by_size", who=OPERATOR).status()
        assert 0 < status.total_repositories < 20, "of 81, in 0.3 s"
        assert not status.all_counted
        assert "could not be asked for more in time" in render(status, Screen())
        connection.rollback()


def test_its_console_beside_ours(adopted, browser):
    client = adopted.client
    before = len(client.history(1000).entries)
    browser.set_rollout(25)
    browser.emergency_stop("queue is on fire")
    assert (adopted.told(client.feature), client.status().emergency_stop_reason) == (0, "queue is on fire")
    browser.set_rollout(10)
    browser.resume()
    assert client.status().rollout_percentage == 25, "a stop keeps its percentage"
    browser.set_auto_rollback(False)
    browser.set_auto_rollback(True)
    told = client.history(1000).entries[:-before]
    assert [change_summary(entry) for entry in told] == [
        "updated: auto rollback enabled off → on",
        "updated: auto rollback enabled on → off",
        "updated: emergency stop on → off",
        "updated: 25 % → 10 %, in the history alone",
        "emergency_stop: emergency stop off → on",
        "updated: 50 % → 25 %",
    ]
    assert [entry.reason for entry in told[3:]] == ["Manual update to 10%", "queue is on fire", "Manual update to 25%"]

    client.hold("look")
    browser.set_rollout(75)
    assert adopted.warnings()["raised_while_held"] == "rollout.rollbackToPercentage(25)"
    client.release()
    client.set_rollout(50, "as it was", confirm=True)
    read = browser.read_whitelist()
    client.add_to_whitelist("acme/r9")
    browser.write_whitelist(read, [adopted.repository_id("acme/r8")])
    assert adopted.warnings()["whitelist_overwritten"] == 'rollout.addToWhitelist(["acme/r9"])'
    client.add_to_whitelist("acme/r9")
    assert "whitelist_overwritten" not in adopted.warnings()
    assert adopted.differences() == {}


def test_r16_its_jobs_followed(adopted):
    client = adopted.client
    client.set_rollout(50, "healthy", confirm=True)
    client.add_to_whitelist("acme/r9")
    adopted.sql("update rollout_configuration set restarted_at = now() - interval '30 minutes'")
    client.configure(follow_jobs=True, ignored_errors=[] if adopted.is_of_2026 else [KIND])
    assert ("clean_up" in adopted.warnings()) is adopted.is_of_2026, "it has had that job of pg_cron since 2025-10-01"
    if adopted.is_of_2026:
        eval(adopted.warnings()["clean_up"], {"rollout": client})
        assert "clean_up" not in adopted.warnings()
    before = client.status().health
    jobs = add_jobs(adopted, 40, status="processing", repository="acme/r9", queued=25 * MINUTES, started=20 * MINUTES)
    add_jobs(adopted, 30, status="processing", repository="acme/r9", queued=72 * HOURS, started=72 * HOURS)
    clean_up_stuck_jobs(adopted)
    fix_stuck_jobs(adopted)
    health = client.status().health
    assert (client.status().rollout_percentage, health.jobs, health.errors) == (50, before.jobs, before.errors)
    assert KIND in {kind.kind for kind in client.errors().kinds if kind.is_ignored}
    adopted.browser.channel.update("progressive_capture_jobs", {"status": "completed"}, {"id": ("eq", jobs[0])})
    assert client.status().health.jobs == before.jobs + 1, "a later outcome takes the place of the earlier one"

    for job_type in ("progressive_backfill", "commit_pr_check", "system-monitoring"):
        queue_without_asking(adopted, job_type, queued=3 * HOURS)
    add_jobs(adopted, status="processing", processor="a third", repository="acme/r9", queued=90 * HOURS)
    assert {(g.processor, g.queued, g.running) for g in client.jobs().groups if g.arm == "other"} == {
        ("github_actions", 3, 0), ("a third", 0, 1)}  # fmt: skip
    assert not {"oldest_queued", "stuck_jobs", "backlog"} & set(adopted.warnings())
    with psycopg.connect(adopted.url) as host:
        host.execute("lock table progressive_capture_jobs in access exclusive mode")
        assert [gate.open for gate in client.plan().gates if gate.name == "sight"] == [False], "the ramp does not rise"
        host.rollback()
    client.configure(follow_jobs=False)
    assert adopted.value("select count(*) from pg_trigger where tgname = 'rollout_follow_jobs'") == 0
    assert adopted.differences() == {}


def test_r7_its_reports_beside_ours(adopted):
    client = adopted.client
    client.set_rollout(50, confirm=True)
    client.disable_auto_rollback("tried")
    client.add_to_whitelist("acme/r9")
    repository = adopted.repository_id("acme/r9")

    def averages() -> list[float | None]:
        return [processor.average_seconds for processor in client.show_metrics().processors]

    application = Application(adopted.browser.channel, clock=timedelta(seconds=-120))
    before, known = client.status().health.jobs, averages()
    ours = "select record_rollout_job(%s, 'inngest', %s, started_at => now())"
    application.record_metrics(repository, success=True)
    adopted.sql(ours, repository, True)
    assert client.status().health.jobs == before + 2
    assert averages() == known, "0 seconds are unknown"
    assert application.find_metrics(application.configuration() or {}, repository, "inngest") is None
    assert {"counted_twice", "clock"} <= set(adopted.warnings())
    eval(adopted.warnings()["counted_twice"], {"rollout": client})
    for success in [True] * 8 + [False] * 4:
        application.record_metrics(repository, success=True)
        adopted.sql(ours, repository, success)
    assert client.status().health.jobs == before + 2 + 12, "from then on outcomes alone"
    assert application.check_and_trigger_rollback() is False, "auto-rollback is off for it, too"
    client.enable_auto_rollback()
    client.configure(application_check=False)
    assert application.check_and_trigger_rollback() is False
    assert client.status().auto_rollback_enabled
    client.configure(application_check=True, judged_reports="all")

    # Whoever its policies let report needs no right on our tables, and is believed.
    adopted.sql("create policy reports on rollout_metrics for insert to anon with check (true)")
    (configuration,) = adopted.sql("select id from rollout_configuration where feature_name = %s", client.feature)
    failed = {"rollout_config_id": str(configuration[0]), "repository_id": repository, "processor_type": "inngest",
              "error_count": 90, "total_jobs": 90, "last_error_message": "boom"}  # fmt: skip
    SqlChannel(adopted.url, "anon").insert("rollout_metrics", failed)
    adopted.sql("drop policy reports on rollout_metrics")
    last = client.status().last_change
    assert last is not None
    assert (last.action, last.database_role, last.after["rollout_percentage"]) == ("rollback", "anon", 0)
    assert adopted.differences() == {}


def test_r8_a_stop_wins_also_over_a_function_that_it_deploys_again(adopted):
    client, at_zero = adopted.client, adopted.told("at_zero")
    client.set_rollout(50, "healthy", confirm=True)
    client.rollback_to_zero("errors")
    listed = len(client.show_whitelist().whitelist)
    assert adopted.told(client.feature) == listed, "the whitelist alone"
    assert adopted.told("at_zero") == at_zero, "a 0 % that was there before is left to its function"
    adopted.sql(FUNCTIONS.replace("create function", "create or replace function"))
    if adopted.is_of_2026:
        adopted.sql(PIN)
    assert adopted.told(client.feature) > 20, "its hash is negative for half of them"
    assert adopted.warnings()["decision_replaced"] == "rollout-console migrate, in a shell"
    assert any("is_repository_eligible_for_rollout" in line for line in client.verify().differences)
    adopted.sql("revoke execute on function is_repository_eligible_for_rollout(uuid, text) from public, anon")
    assert any("is_repository_eligible_for_rollout" in line for line in apply(adopted.url).mended)
    may = "select has_function_privilege('anon', 'is_repository_eligible_for_rollout(uuid, text)', 'execute')"
    assert adopted.value(may) is False, "who may ask stays as the host has it"
    adopted.sql("grant execute on function is_repository_eligible_for_rollout(uuid, text) to public, anon")
    assert (adopted.told(client.feature), client.status().decided_by) == (listed, "host")
    stopped = render(client.emergency_stop("errors"), Screen()) + render(client.check_health(), Screen())
    assert "rollout.resume()" in stopped
    assert "(5)" not in stopped, "its function may take 5 % for all"
    assert adopted.told(client.feature) == 0
    client.resume(50, "healthy", confirm=True)


@OF_2026
def test_r11_its_hardening_stays_whoever_decides(adopted):
    for choice in ("host", "readers", "host"):
        adopted.sql("select rollout.decide_by(%s)", choice)
        assert adopted.sql(f"select distinct proconfig from pg_proc where oid in ({FUNCTIONS_OF_BOTH})")[0][0][-1] in (
            PINNED, "search_path=pg_catalog, public, pg_temp",
        )  # fmt: skip
        assert (
            adopted.value(f"select count(*) from pg_proc where oid in ({FUNCTIONS_OF_BOTH}) and proconfig is null") == 0
        )
    assert adopted.sql(
        "select proconfig from pg_proc where oid = 'is_repository_eligible_for_rollout(uuid, text)'::regprocedure"
    ) == [([PINNED],)]


@OF_2026
def test_r3_pull_requests_of_both_phases_of_its_sync_are_counted(adopted):
    name = "acme/r1"
    sync_first_phase(adopted, name, pull_requests=3000, authors=150)
    adopted.client.categorize_all()
    seen = adopted.client.explain(name)
    assert (seen.category, seen.contributors, seen.pull_requests) == ("large", 150, 3000)
    adopted.sql("update pull_requests set author_id = gen_random_uuid() where number = 1")
    adopted.client.categorize_all()
    assert adopted.client.explain(name).contributors == 151, "known by both ids until the second phase is done"
    sync_second_phase(adopted, name)
    adopted.client.categorize_all()
    assert (adopted.client.explain(name).contributors, adopted.client.explain(name).pull_requests) == (150, 3000)
    adopted.sql("update repositories set pull_request_count = 20000 where full_name = %s", name)
    adopted.client.categorize_all()
    assert adopted.client.explain(name).category == "enterprise", "never below the count that its sync keeps"


def test_r3_a_view_that_a_host_has_redefined_stays(adopted):
    with psycopg.connect(adopted.url) as connection:
        connection.execute(
            "create or replace view rollout_host_repositories with (security_invoker = true) as"
            " select id, full_name, 7 as star_count, 0 as contributor_count, 0 as pr_count from repositories"
        )
        connection.execute("select rollout.adapt_host_view()")
        assert connection.execute("select distinct star_count from rollout_host_repositories").fetchall() == [(7,)]
        connection.rollback()


@OF_2026
def test_r10_a_repository_that_its_sync_merges_keeps_pin_list_and_category(adopted):
    adopted.client.categorize_all()
    adopted.client.mark_as_test("acme/r3")
    adopted.client.add_to_whitelist("acme/r3")
    repository = adopted.repository_id("acme/r3")
    adopted.sql("select record_rollout_job(%s, 'inngest', true, started_at => now())", repository)
    before, rows, jobs = adopted.client.explain("acme/r3"), adopted.history_rows(), adopted.client.status().health.jobs
    merge(adopted, "acme/r3")
    assert adopted.value("select count(*) from rollout_metrics where repository_id = %s", repository) == 0
    assert adopted.client.status().health.jobs == jobs, "what was counted stays so"
    after = adopted.client.explain("acme/r3")
    assert (after.pinned_as_test, after.category) == (True, before.category)
    assert adopted.value("select rollout.decide(%s, 'hybrid_progressive_capture')", after.repository_id) == "whitelist"
    assert adopted.history_rows() == rows
    assert adopted.differences() == {}
    merge(adopted, "acme/r3", come_back=False)
    (entry,) = adopted.client.history(1).entries
    assert entry.reason == "the repository was deleted, and with it its mark as test"
    assert adopted.history_rows() == rows + 1
    adopted.sql("delete from repository_categories where repository_id = %s", adopted.repository_id("acme/r4"))
    assert adopted.client.explain("acme/r4").category is None, "what is deleted by itself is not put back"
    assert adopted.differences() == {}


def test_r3_its_console_unmarks_a_repository_while_its_own_function_decides(adopted, browser):
    adopted.client.categorize_all()
    repository = adopted.repository_id("acme/r30")
    size = adopted.client.explain("acme/r30").category
    browser.mark_as_test(repository)
    assert adopted.client.explain("acme/r30").pinned_as_test
    assert change_summary(adopted.client.history(1).entries[0]) == (
        f"updated: category {size} → test, pinned as test off → on"
    )
    browser.unmark_as_test(repository)
    assert (adopted.client.explain("acme/r30").pinned_as_test, adopted.client.explain("acme/r30").category) == (
        False, size,
    )  # fmt: skip
    assert browser.logged == []
    assert adopted.client.status().decided_by == "host"


def test_r1_a_repository_without_a_category_is_answered_no_as_before(adopted, browser):
    repository = adopted.repository_id("acme/r70")
    adopted.sql("delete from repository_categories where repository_id = %s", repository)
    assert not browser.is_eligible(repository, "by_size")
    assert browser.categorize(repository) is None
    assert adopted.value("select count(*) from repository_categories where repository_id = %s", repository) == 0


def test_r10_a_list_that_its_console_changes_stands_once_in_the_history(adopted, browser):
    before = len(adopted.client.history(1000).entries)
    browser.add_to_whitelist([adopted.repository_id("acme/r5")])
    told = adopted.client.history(1000).entries
    said = "Manual whitelist addition via console" if adopted.is_of_2026 else "Added 1 repositories"
    assert (len(told), told[0].reason) == (before + 1, said)
