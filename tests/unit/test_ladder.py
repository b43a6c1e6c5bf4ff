"""The ladder of a stop decides without a server which way is tried, for how long, and what is said (R18).

The ways here are a script of answers and failures, and of the seconds that each takes; those to real servers, sick ones
too, are in tests/adapters/test_failover.py and tests/faults.
"""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rollout_console.adapters import base, ladder
from rollout_console.adapters.base import Target
from rollout_console.adapters.ladder import KEPT, STOP, UNSURE, WENT_ROUND, ZERO, Halt, Ladder
from rollout_console.errors import NOT_STOPPED, Blocked, LockTimedOut, NotFound, Refused, RolloutError, Unreachable

STOPPED = {"emergency_stop": True, "rollout_percentage": 50}
FLOWING = {"emergency_stop": False, "rollout_percentage": 50}
FUNCTION, ROW, READ = "function", "row", "read"
AWAY = Unreachable("the API can't be reached; check the network")
ALONE = ("the API",)
LOST = Unreachable("no answer came; look: rollout.status()")
LOST.unsure = True
RULED = NotFound("feature x has no active rollout; type: rollout.features()")
RULED.ruled = True
BLOCKED = Blocked("session 7 has locked the rollout; type in SQL: select pg_terminate_backend(7)")


class Scene:
    """Ways to a database, what each rung of them answers, and what was tried."""

    def __init__(self) -> None:
        self.now = 3.0
        self.answers: dict[tuple[str, str], Any] = {}
        self.takes: dict[tuple[str, str], float] = {}
        self.is_slow = False  # whether a rung takes all that it is given, unless `takes` has less for it
        self.tried: list[tuple[str, str, float]] = []
        self.given: dict[str, Any] = {}

    def rung(self, way: str, name: str, seconds: float) -> Any:
        self.tried.append((way, name, seconds))
        takes = self.takes.get((way, name), seconds if self.is_slow else 0)
        self.now += min(takes, seconds) if self.is_slow else takes
        answer = self.answers.get((way, name), AWAY)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rungs(self) -> list[tuple[str, str]]:
        return [(way, name) for way, name, _ in self.tried]

    def seconds(self, way: str, name: str) -> float:
        return next(seconds for tried, rung, seconds in self.tried if (tried, rung) == (way, name))

    def climb(self, ways: tuple[str, ...], halt: Halt = STOP, **parameters: Any) -> ladder.Halted:
        return Ladder(tuple(Way(self, name) for name in ways), "a_feature", halt).climb(**parameters)

    def failure(self, ways: tuple[str, ...], halt: Halt = STOP) -> RolloutError:
        with pytest.raises(RolloutError) as caught:
            self.climb(ways, halt)
        return caught.value


class Way(base.Way):
    """One way of a scene."""

    def __init__(self, scene: Scene, name: str) -> None:
        self.scene, self.name, self.target = scene, name, Target("none", name)

    def call(self, function: str, *, changes: bool = True, idempotent: bool = False, **parameters: object) -> Any:
        return self.call_within(self.patience, function, changes=changes, **parameters)

    def call_within(self, seconds: float, function: str, *, changes: bool = True, **parameters: object) -> Any:
        self.scene.given = {"function": function, **parameters}
        return self.scene.rung(self.name, FUNCTION, seconds)

    def write_row(self, seconds: float, feature: str, values: Any) -> Any:
        self.scene.given = {"feature": feature, **values}
        return self.scene.rung(self.name, ROW, seconds)

    def read_row(self, seconds: float, feature: str) -> Any:
        return self.scene.rung(self.name, READ, seconds)


@pytest.fixture
def scene(monkeypatch):
    scene = Scene()
    monkeypatch.setattr(ladder, "time", SimpleNamespace(monotonic=lambda: scene.now))
    return scene


BOTH = ("the API", "PostgreSQL")
API_FUNCTION, API_ROW, API_READ = (("the API", rung) for rung in (FUNCTION, ROW, READ))
DIRECT_FUNCTION, DIRECT_ROW, DIRECT_READ = (("PostgreSQL", rung) for rung in (FUNCTION, ROW, READ))


def test_r18_the_function_alone_is_called_and_the_row_read_back_by_the_same_way(scene):
    scene.answers = {API_FUNCTION: {"changed": True}, API_READ: STOPPED}
    halted = scene.climb(BOTH, reason="errors")
    assert (halted.answer, halted.row, halted.way.name, halted.notice) == ({"changed": True}, STOPPED, "the API", None)
    assert scene.rungs() == [API_FUNCTION, API_READ]
    assert scene.given == {"function": "rollout_emergency_stop", "feature_name": "a_feature", "reason": "errors"}


def test_r18_where_the_function_fails_the_row_is_written_on_the_same_way(scene):
    scene.answers = {API_FUNCTION: Refused("a trigger of the host failed"), API_ROW: STOPPED, API_READ: STOPPED}
    halted = scene.climb(BOTH)
    assert scene.rungs() == [API_FUNCTION, API_ROW, API_READ]
    assert (halted.answer, halted.way.name, halted.notice) == ({}, "the API", None)
    assert scene.given == {"feature": "a_feature", "emergency_stop": True}


def test_r18_where_both_rungs_fail_the_next_way_is_gone_and_that_is_said(scene):
    scene.answers = {DIRECT_FUNCTION: {"changed": True}, DIRECT_READ: STOPPED}
    halted = scene.climb(BOTH)
    assert scene.rungs() == [API_FUNCTION, API_ROW, DIRECT_FUNCTION, DIRECT_READ]
    assert halted.way.name == "PostgreSQL"
    assert halted.notice == WENT_ROUND.format(failed="is unreachable")


def test_r18_the_last_rung_is_the_row_on_the_last_way(scene):
    scene.answers = {DIRECT_FUNCTION: Refused("no such function"), DIRECT_ROW: STOPPED, DIRECT_READ: STOPPED}
    assert scene.climb(BOTH).way.name == "PostgreSQL"
    assert scene.rungs() == [API_FUNCTION, API_ROW, DIRECT_FUNCTION, DIRECT_ROW, DIRECT_READ]


def test_r18_another_failure_of_the_first_way_is_named_by_its_first_clause(scene):
    scene.answers = {API_FUNCTION: Refused("out of date; type: migrate"), API_ROW: Refused("no right; ask"),
                     DIRECT_FUNCTION: {}, DIRECT_READ: STOPPED}  # fmt: skip
    assert scene.climb(BOTH).notice == WENT_ROUND.format(failed="failed (out of date)")


def test_r18_who_holds_the_row_holds_it_for_the_row_alone_too_so_the_next_way_follows(scene):
    scene.answers = {API_FUNCTION: BLOCKED, DIRECT_FUNCTION: {}, DIRECT_READ: STOPPED}
    scene.climb(BOTH)
    assert scene.rungs() == [API_FUNCTION, DIRECT_FUNCTION, DIRECT_READ]


def test_r18_a_blocked_stop_that_a_rule_worded_goes_on_to_the_next_way(scene):
    blocked = Blocked("session 7 has locked the rollout")
    blocked.ruled = True
    scene.answers = {API_FUNCTION: blocked, DIRECT_FUNCTION: {}, DIRECT_READ: STOPPED}
    assert scene.climb(BOTH).way.name == "PostgreSQL"


@pytest.mark.parametrize("halt", [STOP, ZERO])
def test_r18_a_refusal_in_a_rules_own_words_is_the_answer_and_nothing_more_is_tried(scene, halt):
    scene.answers = {API_FUNCTION: RULED}
    failure = scene.failure(BOTH, halt)
    assert failure is RULED
    assert failure.verdict == halt.not_done
    assert scene.rungs() == [API_FUNCTION]


@pytest.mark.parametrize("answer", [[], "made", 1, False])
def test_r18_an_answer_in_an_unknown_form_is_made_and_read_back(scene, answer):
    scene.answers = {API_FUNCTION: answer, API_READ: STOPPED}
    assert scene.climb(BOTH).answer == {}
    assert scene.rungs() == [API_FUNCTION, API_READ]


def test_r18_no_answer_is_a_failure_and_the_row_follows(scene):
    scene.answers = {API_FUNCTION: None, API_ROW: None, API_READ: FLOWING}
    failure = scene.failure(ALONE)
    assert scene.rungs() == [API_FUNCTION, API_ROW, API_READ]
    assert str(failure) == "the database answered nothing; check the network"
    assert failure.verdict == NOT_STOPPED


def test_r18_what_another_way_reads_counts_where_the_one_that_made_it_can_not(scene):
    scene.answers = {API_FUNCTION: {}, API_READ: AWAY, DIRECT_READ: STOPPED}
    halted = scene.climb(BOTH)
    assert scene.rungs() == [API_FUNCTION, API_READ, DIRECT_READ]
    assert halted.way.name == "the API", "which made it"


@pytest.mark.parametrize("row", [None, [], "x", {}, {"rollout_percentage": 0}, RuntimeError("of a library")])
def test_r18_a_row_that_does_not_tell_whether_it_is_stopped_is_not_read_back(scene, row):
    scene.answers = {API_FUNCTION: {}, API_READ: row, DIRECT_READ: STOPPED}
    assert scene.climb(BOTH).row == STOPPED


@pytest.mark.parametrize("failing", [(), (API_FUNCTION, API_ROW)])
def test_r18_it_is_read_back_first_by_the_way_that_made_it(scene, failing):
    made = DIRECT_FUNCTION if failing else API_FUNCTION
    scene.answers = {made: {}, API_READ: STOPPED, DIRECT_READ: STOPPED}
    scene.climb(BOTH)
    assert scene.rungs()[-1] == (made[0], READ)


def test_r18_a_stop_whose_answer_was_lost_counts_where_it_is_read_back(scene):
    scene.answers = {API_FUNCTION: LOST, API_ROW: LOST, DIRECT_READ: STOPPED}
    halted = scene.climb(BOTH)
    assert (halted.answer, halted.row, halted.way.name) == ({}, STOPPED, "PostgreSQL")
    assert scene.rungs()[-2:] == [API_READ, DIRECT_READ]
    assert halted.notice == WENT_ROUND.format(failed="is unreachable")


@pytest.mark.parametrize("made", [API_FUNCTION, DIRECT_FUNCTION])
def test_r18_of_a_stop_that_was_made_and_reads_as_undone_both_is_said(scene, made):
    scene.answers = {made: {}, (made[0], READ): FLOWING}
    failure = scene.failure(BOTH)
    assert isinstance(failure, Unreachable)
    assert str(failure) == "it was made, and reads as undone; look: rollout.status()"
    assert failure.verdict == NOT_STOPPED


def test_r18_of_a_stop_that_was_made_and_can_not_be_read_back_that_is_said(scene):
    scene.answers = {API_FUNCTION: {}}
    failure = scene.failure(BOTH)
    assert str(failure) == "it was made, and can't be read back; look: rollout.status()"
    assert failure.verdict == UNSURE


@pytest.mark.parametrize("lost", [LOST, RuntimeError("of a library")])
@pytest.mark.parametrize("rung", [API_FUNCTION, API_ROW, DIRECT_FUNCTION, DIRECT_ROW])
def test_r18_what_may_have_been_done_and_can_not_be_read_is_not_said_to_be_undone(scene, rung, lost):
    scene.answers = {rung: lost}
    assert scene.failure(BOTH).verdict == UNSURE


@pytest.mark.parametrize("lost", [LOST, RuntimeError("of a library")])
def test_r18_what_may_have_been_done_and_reads_as_undone_is_undone(scene, lost):
    scene.answers = {API_FUNCTION: lost, API_READ: FLOWING}
    assert scene.failure(ALONE).verdict == NOT_STOPPED


@pytest.mark.parametrize("halt", [STOP, ZERO])
def test_r18_what_was_refused_everywhere_was_not_done_though_nothing_can_be_read(scene, halt):
    assert scene.failure(BOTH, halt).verdict == halt.not_done


def test_r18_a_failure_of_the_only_way_is_what_is_said(scene):
    assert scene.failure(ALONE) is AWAY


def test_r18_the_failures_of_both_ways_are_said_on_one_line_the_first_of_each(scene):
    scene.answers = {API_FUNCTION: LockTimedOut("the API is slow; wait"), API_ROW: Refused("never said"),
                     DIRECT_FUNCTION: Refused("no such server; look"), DIRECT_ROW: AWAY}  # fmt: skip
    failure = scene.failure(BOTH)
    assert type(failure) is LockTimedOut
    assert str(failure) == (
        "the API is slow; PostgreSQL directly: no such server; "
        "check the network and SUPABASE_DB_URL, then type the command again"
    )


def test_r18_a_failure_of_a_library_is_named_with_its_type(scene):
    scene.answers = {API_FUNCTION: ZeroDivisionError("by nothing")}
    assert str(scene.failure(ALONE)) == "ZeroDivisionError: by nothing"


def test_r18_a_stop_is_read_as_one_only_where_the_row_says_so(scene):
    for halt, row, is_halted in (
        (STOP, {"emergency_stop": True, "rollout_percentage": 0}, True),
        (STOP, {"emergency_stop": False, "rollout_percentage": 0}, False),
        (ZERO, {"emergency_stop": False, "rollout_percentage": 0}, True),
        (ZERO, {"emergency_stop": True, "rollout_percentage": 1}, False),
    ):
        assert halt.is_in(row) is is_halted


def test_r18_a_fall_to_zero_writes_the_percentage_and_not_the_stop(scene):
    scene.answers = {API_FUNCTION: AWAY, API_ROW: {}, API_READ: {"emergency_stop": False, "rollout_percentage": 0}}
    scene.climb(ALONE, ZERO)
    assert scene.given == {"feature": "a_feature", "rollout_percentage": 0}


def test_r18_where_a_stop_keeps_its_percentage_against_the_row_the_next_way_follows(scene):
    scene.answers = {API_FUNCTION: Refused("no function"), API_ROW: STOPPED, DIRECT_FUNCTION: {},
                     DIRECT_READ: {"emergency_stop": True, "rollout_percentage": 0}}  # fmt: skip
    assert scene.climb(BOTH, ZERO).way.name == "PostgreSQL"
    assert scene.rungs() == [API_FUNCTION, API_ROW, DIRECT_FUNCTION, DIRECT_READ]


def test_r18_where_no_other_way_follows_it_says_that_traffic_is_halted_and_what_to_type(scene):
    scene.answers = {API_FUNCTION: Refused("no function; migrate"), API_ROW: STOPPED, API_READ: STOPPED}
    failure = scene.failure(ALONE, ZERO)
    assert str(failure) == (
        "no function; traffic is halted by an emergency stop, which keeps its percentage; "
        "to go on at 0 %, type rollout.resume(0)"
    )
    assert failure.verdict == ZERO.not_done


def test_r18_a_fall_to_zero_that_fails_during_a_stop_says_that_traffic_is_halted(scene):
    scene.answers = {API_FUNCTION: Refused("the function is gone; type: migrate"), API_READ: STOPPED}
    failure = scene.failure(BOTH, ZERO)
    assert type(failure) is Refused
    assert str(failure) == f"the function is gone; {KEPT}"


def test_r18_a_fall_to_zero_that_fails_while_traffic_flows_does_not_say_that_it_is_halted(scene):
    scene.answers = {API_READ: FLOWING}
    assert KEPT not in str(scene.failure(BOTH, ZERO))


def test_r18_a_row_that_tells_what_was_wanted_and_nothing_else_is_enough(scene):
    scene.answers = {API_FUNCTION: {}, API_READ: {"emergency_stop": True}}
    assert scene.climb(BOTH).row == {"emergency_stop": True}


@pytest.mark.parametrize("answer", [[], "made"])
def test_r18_a_row_that_is_written_and_answered_in_an_unknown_form_is_made_by_its_way(scene, answer):
    scene.answers = {API_FUNCTION: Refused("x"), API_ROW: answer, API_READ: AWAY, DIRECT_READ: STOPPED}
    assert scene.climb(BOTH).way.name == "the API"


# What follows is of the ten seconds that all rungs have together.


def test_r18_a_way_with_another_behind_it_leaves_that_one_its_time(scene):
    scene.answers = {DIRECT_FUNCTION: {}, DIRECT_READ: STOPPED}
    scene.takes = {API_FUNCTION: 4.5, API_ROW: 0.5}
    scene.climb(BOTH)
    assert scene.seconds(*API_FUNCTION) == 4.5
    assert scene.seconds(*API_ROW) == 1, "where the function was not reached, the row is a brief try"
    assert scene.seconds(*DIRECT_FUNCTION) == 2.5, "10 less 5 gone and 2.5 for what follows"
    assert scene.seconds(*DIRECT_READ) == 1


def test_r18_the_only_way_has_all_but_what_follows(scene):
    scene.answers = {API_FUNCTION: Refused("x"), API_ROW: {}, API_READ: STOPPED}
    scene.climb(ALONE)
    assert scene.seconds(*API_FUNCTION) == 7.5
    assert scene.seconds(*API_ROW) == 2.25, "half of what a first way has"


def test_r18_every_function_has_a_second_however_late_it_is(scene):
    scene.takes = {API_FUNCTION: 6, API_ROW: 1}
    scene.failure(BOTH)
    assert scene.seconds(*DIRECT_FUNCTION) == 1


def test_r18_the_row_has_what_is_left_before_reading_back(scene):
    scene.answers = {DIRECT_FUNCTION: Refused("x")}
    scene.takes = {API_FUNCTION: 5.5, API_ROW: 0.5}
    scene.failure(BOTH)
    assert scene.seconds(*DIRECT_ROW) == 1.5, "10 less 6 gone and 2.5 for reading back"


@pytest.mark.parametrize(("function_takes", "row_is_tried"), [(6.5, True), (6.6, False)])
def test_r18_the_row_is_left_out_where_its_time_is_gone(scene, function_takes, row_is_tried):
    scene.answers = {API_FUNCTION: Refused("x")}
    scene.takes = {API_FUNCTION: function_takes}
    scene.failure(ALONE)
    assert (API_ROW in scene.rungs()) is row_is_tried


@pytest.mark.parametrize("ways", [ALONE, BOTH])
@pytest.mark.parametrize("failure", [AWAY, BLOCKED, Refused("x")])
@pytest.mark.parametrize("function_takes", [0, 0.5, 2, 3.3, 4.4, 4.5, 6.4, 6.5, 7.5])
def test_r18_whatever_each_rung_takes_of_its_time_all_is_over_within_the_ten_seconds(
    scene, ways, failure, function_takes
):
    begun, scene.answers = scene.now, {(way, FUNCTION): failure for way in ways}
    scene.is_slow, scene.takes = True, {(way, FUNCTION): function_takes for way in ways}
    scene.failure(ways)
    assert scene.now - begun <= ladder.BUDGET
