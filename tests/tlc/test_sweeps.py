"""A sweep checks what was asked for, row by row, and never says more than it knows."""

from __future__ import annotations

import inspect
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import psutil
import pytest

from tests.tlc.test_cache import FULL
from toolkit.errors import JavaNotFoundError, SettingError, SpecError, TlcError, TlcNotFoundError
from toolkit.tlc import CheckResult, SpecSource, check
from toolkit.tlc.cache import ResultCache
from toolkit.tlc.constants import assignments
from toolkit.tlc.sweeps import SweepProgress, SweepResult, SweepRow, sweep_constants
from toolkit.values import ModelValue, Set, parse_value

BODY = """---- MODULE M ----
EXTENDS Naturals
CONSTANTS N, K, Who
VARIABLE x
ASSUME N + K # 2
Init == x = 0
Next == x' = (x + 1) % (N + K)
Spec == Init /\\ [][Next]_x
Low == x < 3
====
"""
CONFIG = "SPECIFICATION Spec\nINVARIANT Low\nCONSTANTS N = 1 K = 1 Who = {p}\n"
SOURCE = SpecSource("M", {"M": BODY}, CONFIG, origin="M.tla")
GRID: dict[str, list[Any]] = {"N": [1, 2, 3], "K": [1, 2, 3]}

Fake = Callable[[dict[str, int], threading.Event], CheckResult]
HOLDS = msgspec.structs.replace(
    FULL, outcome="success", name=None, counterexamples=(), exit_status=0, complete=True
)
FAILS = msgspec.structs.replace(FULL, outcome="invariant", name="Low")
LIMIT = msgspec.structs.replace(
    HOLDS, outcome="time-limit", message="ended", complete=False, exit_status=None
)
CANCELLED = msgspec.structs.replace(LIMIT, outcome="cancelled")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Callable[[Fake], list[dict[str, Any]]]:
    """Put a function in the place of TLC, and record how it is called."""

    def install(answer: Fake) -> list[dict[str, Any]]:
        calls: list[dict[str, Any]] = []

        def checked(source: SpecSource, **options: Any) -> CheckResult:
            calls.append(options)
            numbers = {
                one.name: int(one.value)
                for one in assignments(source.config)
                if one.value.isdecimal()
            }
            return answer(numbers, options["cancel"])

        checked.__signature__ = inspect.signature(check)  # type: ignore[attr-defined]
        monkeypatch.setattr("toolkit.tlc.cache.check", checked)
        return calls

    return install


def by_sum(numbers: dict[str, int], cancel: threading.Event) -> CheckResult:
    return FAILS if numbers["N"] + numbers["K"] >= 4 else HOLDS


def at(result: SweepResult, rows: tuple[SweepRow, ...]) -> list[tuple[int, ...]]:
    return [tuple(row.constants.values()) for row in rows]


def outcomes(result: SweepResult) -> list[str]:
    return [row.outcome for row in result]


# Rows


def test_rows_stand_in_grid_order_whenever_they_end(fake: Any) -> None:
    ended: list[int] = []
    last_told = threading.Event()

    def slow(numbers: dict[str, int], cancel: threading.Event) -> CheckResult:
        if numbers == {"N": 1, "K": 1}:
            assert last_told.wait(60)
        return by_sum(numbers, cancel)

    def told(progress: SweepProgress) -> None:
        if progress.row is not None:
            ended.append(progress.row.index)
            if progress.row.index == 8:
                last_told.set()

    fake(slow)
    result = sweep_constants(SOURCE, GRID, cores=4, memory=False, on_progress=told)
    assert sorted(ended) == list(range(9)) != ended
    assert [row.index for row in result] == list(range(9))
    assert [tuple(row.constants.values()) for row in result] == [
        (n, k) for n in (1, 2, 3) for k in (1, 2, 3)
    ]
    assert [row.status == "fails" for row in result] == [
        n + k >= 4 for n in (1, 2, 3) for k in (1, 2, 3)
    ]
    assert result.ended is None
    assert result.complete


def test_no_more_run_at_once_than_there_are_cores_for(fake: Any) -> None:
    changed = threading.Condition()
    now, most, expected = [0], [0], [0]

    def counting(numbers: dict[str, int], cancel: threading.Event) -> CheckResult:
        with changed:
            now[0] += 1
            most[0] = max(most[0], now[0])
            changed.notify_all()
            assert changed.wait_for(lambda: most[0] >= expected[0], 60)
        # One too many would come in now.
        time.sleep(0.02)
        with changed:
            now[0] -= 1
        return HOLDS

    for cores, workers, runs in ((1, 1, 1), (3, 1, 3), (5, 2, 2), (4, 4, 1), (99, 1, 9)):
        most[0], expected[0] = 0, runs
        calls = fake(counting)
        result = sweep_constants(SOURCE, GRID, cores=cores, workers=workers, memory=False)
        assert most[0] == result.runs == runs
        assert {call["workers"] for call in calls} == {workers}
        assert {tuple(call["java_options"]) for call in calls} == {
            (f"-XX:ActiveProcessorCount={workers}",)
        }
        assert len({call["memory"] for call in calls}) == 1


def test_options_reach_every_run(fake: Any) -> None:
    calls = fake(by_sum)
    sweep_constants(SOURCE, GRID, memory=False, deadlock=False, timeout=3.0, heap=333)
    assert len(calls) == 9
    for call in calls:
        assert (call["deadlock"], call["timeout"], call["memory"]) == (False, 3.0, 333)


def test_what_goes_wrong_in_one_row_is_told_in_that_row(fake: Any) -> None:
    def sometimes(numbers: dict[str, int], cancel: threading.Event) -> CheckResult:
        if numbers["N"] == 2:
            raise TlcError("no answer", hint="try again")
        if numbers["N"] == 3:
            raise RuntimeError("a bug")
        return HOLDS

    fake(sometimes)
    values = [1, 2, object(), 3]
    result = sweep_constants(SOURCE, {"N": values}, memory=False)
    assert outcomes(result) == ["success", "error", "error", "error"]
    assert result.frame()["error"].tolist() == [
        None,
        "no answer (try again)",
        result[2].error,
        "RuntimeError: a bug",
    ]
    assert "to a TLA+ value" in (result[2].error or "")
    assert result.ended is None
    assert not result.complete


@pytest.mark.parametrize("error", [JavaNotFoundError("no Java"), SettingError("bad")])
def test_what_goes_wrong_in_every_row_is_raised(fake: Any, error: Exception) -> None:
    def never(numbers: dict[str, int], cancel: threading.Event) -> CheckResult:
        raise error

    calls = fake(never)
    with pytest.raises(type(error)):
        sweep_constants(SOURCE, {"N": list(range(50))}, cores=1, memory=False)
    assert len(calls) < 50


# What is refused before anything runs


@pytest.mark.parametrize(
    ("constants", "options", "error", "message"),
    [
        ({"M": [1]}, {}, SpecError, "unknown constant 'M'"),
        ({"Whom": [1]}, {}, SpecError, "did you mean 'Who'"),
        ({}, {}, SettingError, "a sweep needs a constant"),
        ({"N": []}, {}, SettingError, "'N' is empty"),
        ({"N": "12"}, {}, SettingError, "must be a list"),
        ({"N": {1, 2}}, {}, SettingError, "must be a list"),
        ({"N": [1, "1"]}, {}, SettingError, "1 of 'N' occurs twice"),
        ({"N": [True, "TRUE"]}, {}, SettingError, "occurs twice"),
        (GRID, {"cores": 0}, SettingError, "cores=0"),
        (GRID, {"workers": 0}, SettingError, "workers=0"),
        (GRID, {"cores": 2, "workers": 3}, SettingError, "exceed"),
        (GRID, {"states_folder": "x"}, SettingError, "does not support the option 'states_folder'"),
        (GRID, {"on_state": print}, SettingError, "does not support the option 'on_state'"),
        (GRID, {"dedlock": True}, SettingError, "did you mean 'deadlock'"),
        (GRID, {"config": "x.cfg"}, SettingError, "own configuration"),
        (GRID, {"jar": "nowhere.jar"}, TlcNotFoundError, "nowhere.jar"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_runs(
    fake: Any, constants: Any, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    calls = fake(by_sum)
    with pytest.raises(error, match=message):
        sweep_constants(SOURCE, constants, memory=False, **options)
    assert calls == []


# Ends before the end


def test_a_cancelled_sweep_keeps_what_was_done(fake: Any) -> None:
    cancel = threading.Event()

    def until(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        if numbers["N"] == 1:
            return HOLDS
        cancel.set()
        assert end.wait(120)
        return CANCELLED

    fake(until)
    result = sweep_constants(SOURCE, {"N": [1, 2, 3]}, cores=1, memory=False, cancel=cancel)
    assert outcomes(result) == ["success", "cancelled", "not-run"]
    assert result.ended == "cancelled"
    assert "cancelled" in str(result)
    assert not result.complete


def test_a_sweep_that_was_cancelled_before_runs_nothing(fake: Any) -> None:
    cancel = threading.Event()
    cancel.set()
    calls = fake(by_sum)
    result = sweep_constants(SOURCE, GRID, cores=1, memory=False, cancel=cancel)
    assert len(calls) <= 1
    assert outcomes(result)[1:] == ["not-run"] * 8


def test_an_interrupted_sweep_keeps_what_was_done(fake: Any) -> None:
    def until(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        if numbers["N"] < 3:
            return HOLDS
        assert end.wait(120)
        return CANCELLED

    def interrupt(progress: SweepProgress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    fake(until)
    values = {"N": [1, 2, 3, 4]}
    result = sweep_constants(SOURCE, values, cores=1, memory=False, on_progress=interrupt)
    assert outcomes(result)[:2] == ["success", "success"]
    assert set(outcomes(result)[2:]) <= {"cancelled", "not-run"}
    assert result.ended == "interrupted"


def test_a_callback_that_fails_ends_all_runs(fake: Any) -> None:
    def until(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        assert end.wait(120)
        return CANCELLED

    def broken(progress: SweepProgress) -> None:
        raise ValueError("broken")

    fake(until)
    started = time.monotonic()
    with pytest.raises(ValueError, match="broken"):
        sweep_constants(SOURCE, GRID, cores=2, memory=False, on_progress=broken)
    assert time.monotonic() - started < 60
    assert not [one for one in threading.enumerate() if one.name.startswith("sweep")]


@pytest.mark.parametrize("cores", [1, 2, 4])
def test_a_sweep_that_ends_at_a_failure_has_decided_all_rows_before_it(
    fake: Any, cores: int
) -> None:
    def answer(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        number = numbers["N"]
        if number < 5:
            # The rows before are slower than the one that fails.
            return CANCELLED if end.wait(0.5 if number == 1 else 0.05) else HOLDS
        if number in {5, 6}:
            return FAILS
        return CANCELLED if end.wait(120) else HOLDS

    fake(answer)
    values = {"N": list(range(1, 30))}
    started = time.monotonic()
    result = sweep_constants(SOURCE, values, cores=cores, memory=False, stop_at_first_failure=True)
    assert time.monotonic() - started < 60
    assert outcomes(result)[:5] == ["success"] * 4 + ["invariant"]
    assert set(outcomes(result)[8:]) <= {"cancelled", "not-run"}
    assert result.ended == "failure"
    found = result.smallest_failing()
    assert found.certain
    assert [row.constants["N"] for row in found.rows] == [5]


def test_a_false_assumption_is_no_failure_to_end_at(fake: Any) -> None:
    outside = msgspec.structs.replace(FAILS, outcome="assumption", counterexamples=())
    fake(lambda numbers, end: outside if numbers["N"] == 1 else HOLDS)
    result = sweep_constants(SOURCE, {"N": [1, 2]}, memory=False, stop_at_first_failure=True)
    assert outcomes(result) == ["assumption", "success"]
    assert result.ended is None


def test_a_sweep_whose_last_row_fails_left_nothing_out(fake: Any) -> None:
    fake(lambda numbers, end: FAILS if numbers["N"] == 2 else HOLDS)
    result = sweep_constants(
        SOURCE, {"N": [1, 2]}, cores=1, memory=False, stop_at_first_failure=True
    )
    assert result.ended is None


# The smallest failing configuration


def test_all_smallest_ones_are_named(fake: Any) -> None:
    fake(by_sum)
    result = sweep_constants(SOURCE, GRID, memory=False)
    found = result.smallest_failing()
    assert at(result, found.rows) == [(1, 3), (2, 2), (3, 1)]
    assert found.certain
    assert "3 smallest failing configurations" in str(found)
    assert "N = 2, K = 2 (invariant Low)" in str(found)
    assert at(result, result.smallest_failing("sum").rows) == [(1, 3), (2, 2), (3, 1)]
    assert at(result, result.smallest_failing("grid").rows) == [(1, 3)]
    by_n = result.smallest_failing(lambda row: -row.constants["N"])
    assert at(result, by_n.rows) == [(3, 1), (3, 2), (3, 3)]


def test_the_lists_say_what_is_small(fake: Any) -> None:
    fake(by_sum)
    result = sweep_constants(SOURCE, {"N": [3, 2, 1], "K": [1, 2, 3]}, memory=False)
    assert at(result, result.smallest_failing().rows) == [(3, 1)]


def test_undecided_ones_that_may_be_smaller_are_named(fake: Any) -> None:
    def answer(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        pair = (numbers["N"], numbers["K"])
        if pair in {(1, 2), (1, 3), (3, 2)}:
            return LIMIT
        return FAILS if pair in {(2, 2), (3, 3)} else HOLDS

    fake(answer)
    result = sweep_constants(SOURCE, GRID, memory=False)
    found = result.smallest_failing()
    assert at(result, found.rows) == [(2, 2)]
    assert at(result, found.smaller) == [(1, 2)]
    assert at(result, found.others) == [(1, 3)]
    assert not found.certain
    assert "smaller and undecided: 1\n  N = 1, K = 2 (time-limit)" in str(found)
    assert "neither smaller nor larger, and undecided: 1" in str(found)
    by_place = result.smallest_failing("grid")
    assert (at(result, by_place.smaller), by_place.others) == ([(1, 2), (1, 3)], ())
    by_sum = result.smallest_failing("sum")
    assert (at(result, by_sum.smaller), at(result, by_sum.others)) == ([(1, 2)], [(1, 3)])


def test_no_failure_is_certain_only_if_all_is_decided(fake: Any) -> None:
    fake(lambda numbers, end: LIMIT if numbers["N"] == 3 else HOLDS)
    few = sweep_constants(SOURCE, {"N": [1, 2]}, memory=False).smallest_failing()
    assert (few.rows, few.certain) == ((), True)
    assert str(few) == "no configuration is known to fail"
    all_three = sweep_constants(SOURCE, {"N": [1, 2, 3]}, memory=False).smallest_failing()
    assert (all_three.rows, all_three.certain) == ((), False)
    assert len(all_three.others) == 1


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({}, "holds"),
        ({"complete": False}, "undecided"),
        ({"outcome": "invariant"}, "fails"),
        ({"outcome": "deadlock"}, "fails"),
        ({"outcome": "assumption"}, "outside"),
        ({"outcome": "time-limit"}, "undecided"),
        ({"outcome": "config-error"}, "undecided"),
        ({"outcome": "evaluation-error"}, "undecided"),
    ],
)
def test_a_row_holds_only_if_everything_was_explored(change: dict[str, Any], status: str) -> None:
    result = msgspec.structs.replace(HOLDS, **change)
    row = SweepRow(index=0, positions=(0,), constants={"N": 1}, result=result)
    assert row.status == status


def test_a_false_assumption_counts_only_when_asked(fake: Any) -> None:
    outside = msgspec.structs.replace(FAILS, outcome="assumption", counterexamples=())
    fake(lambda numbers, end: {1: outside, 2: HOLDS, 3: FAILS}[numbers["N"]])
    result = sweep_constants(SOURCE, {"N": [1, 2, 3]}, memory=False)
    found = result.smallest_failing()
    assert (at(result, found.rows), at(result, found.outside)) == ([(3,)], [(1,)])
    assert "violating an assumption of the specification: 1" in str(found)
    found = result.smallest_failing(assumptions=True)
    assert (at(result, found.rows), found.outside) == ([(1,)], ())


def test_an_unknown_order_is_told(fake: Any) -> None:
    fake(by_sum)
    with pytest.raises(SettingError, match="'size'"):
        sweep_constants(SOURCE, GRID, memory=False).smallest_failing("size")  # type: ignore[arg-type]


# The table


def test_the_table_has_a_row_for_each_configuration(fake: Any) -> None:
    def answer(numbers: dict[str, int], end: threading.Event) -> CheckResult:
        return {1: HOLDS, 2: FAILS, 3: LIMIT}[numbers["N"]]

    fake(answer)
    who = [Set([ModelValue("p")]), "{p, q}"]
    result = sweep_constants(SOURCE, {"N": [1, 2, 3], "Who": who}, memory=False)
    frame = result.frame()
    assert frame.columns.tolist() == [
        "N", "Who", "status", "outcome", "violated", "generated", "distinct", "depth", "length",
        "duration", "remembered", "error",
    ]  # fmt: skip
    assert frame["N"].dtype == "int64"
    assert frame["N"].tolist() == [1, 1, 2, 2, 3, 3]
    assert frame["Who"].tolist() == ["{p}", "{p, q}"] * 3
    assert frame["violated"].tolist() == [None, None, "Low", "Low", None, None]
    assert frame["length"].tolist() == [pd.NA, pd.NA, 1, 1, pd.NA, pd.NA]
    assert frame["length"].dtype == "Int64"
    assert frame["error"].tolist() == [None] * 4 + ["ended"] * 2
    assert frame["duration"].tolist() == [FULL.duration] * 6
    assert str(result) == ("M.tla: 6 configurations: 2 hold, 2 fail, 2 undecided")
    assert "NA" not in result._repr_html_()
    assert "None" not in result._repr_html_()
    assert "N = 1, Who = {p}" in repr(result[0])
    assert len(repr(result)) < 200


def test_a_constant_named_like_a_column_has_one_of_its_own(fake: Any) -> None:
    fake(lambda numbers, end: HOLDS)
    body = BODY.replace("Who", "Who, depth")
    source = SpecSource("M", {"M": body}, CONFIG + "depth = 1\n")
    frame = sweep_constants(source, {"depth": [7, 8]}, memory=False).frame()
    assert frame["constant depth"].tolist() == [7, 8]
    assert frame["depth"].tolist() == [3, 3]


def test_html_in_a_value_stays_text(fake: Any) -> None:
    fake(lambda numbers, end: HOLDS)
    values = {"Who": ['"<script>x</script>"']}
    assert "<script" not in sweep_constants(SOURCE, values, memory=False)._repr_html_()


def test_mixed_values_stay_what_they_are(fake: Any) -> None:
    fake(lambda numbers, end: HOLDS)
    values = {"N": [1, "2 + 1", 10**30], "Who": [True, False]}
    frame = sweep_constants(SOURCE, values, memory=False).frame()
    assert frame["N"].tolist() == [1, 1, "2 + 1", "2 + 1", 10**30, 10**30]
    assert frame["Who"].dtype == "bool"


def test_progress_tells_what_runs_and_what_ended(fake: Any) -> None:
    fake(by_sum)
    seen: list[SweepProgress] = []
    sweep_constants(SOURCE, GRID, cores=2, memory=False, on_progress=seen.append)
    assert (seen[0].done, seen[0].total, seen[0].row) == (0, 9, None)
    assert [one.done for one in seen] == list(range(10))
    assert seen[-1].generated == 9 * (FULL.generated or 0)
    assert all(len(one.running) <= 2 for one in seen)
    assert sorted(one.row.index for one in seen if one.row) == list(range(9))


# ResultCache


def test_a_second_sweep_runs_nothing(fake: Any, tmp_path: Path) -> None:
    calls = fake(by_sum)
    memory = ResultCache(tmp_path / "memory")
    first = sweep_constants(SOURCE, GRID, memory=memory)
    assert len(calls) == 9
    assert "from the cache" not in str(first)
    seen: list[SweepProgress] = []
    second = sweep_constants(SOURCE, GRID, memory=memory, cores=1, on_progress=seen.append)
    assert len(calls) == 9
    assert seen[-1].generated == 0
    assert "; 9 from the cache" in str(second)
    assert second.frame()["remembered"].notna().all()
    assert (
        second.frame().drop(columns="remembered").equals(first.frame().drop(columns="remembered"))
    )
    sweep_constants(SOURCE, {"N": [1, 2, 3, 4], "K": [1]}, memory=memory)
    assert len(calls) == 10
    sweep_constants(SOURCE, GRID, memory=memory, again=True)
    assert len(calls) == 19
    sweep_constants(SOURCE, GRID, memory=memory, deadlock=False)
    assert len(calls) == 28
    changed = SpecSource("M", {"M": BODY.replace("x < 3", "x < 4")}, CONFIG)
    sweep_constants(changed, GRID, memory=memory)
    assert len(calls) == 37


# With TLC


def same(result: SweepResult) -> list[Any]:
    """What two sweeps must agree on."""
    frame = result.frame().drop(columns=["duration", "remembered"])
    states = [row.result.counterexamples if row.result else () for row in result]
    return [*frame.astype(object).where(frame.notna(), None).to_numpy().tolist(), states]


@pytest.mark.slow
def test_a_planted_failure_is_found_and_the_smallest_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = ResultCache(tmp_path / "memory")
    grid = {"N": [1, 2, 3], "K": [1, "K0", -1]}
    body = BODY.replace("Spec ==", "K0 == 2\nSpec ==").replace("Naturals", "Integers")
    source = SpecSource("M", {"M": body}, CONFIG)
    serial = sweep_constants(source, grid, cores=1, memory=memory)
    frame = serial.frame()
    # N + K = 2 is assumed away, the remainder by 0 is an error, 3 states are few enough.
    assert frame["outcome"].tolist() == [
        "assumption", "success", "evaluation-error",
        "success", "invariant", "success",
        "invariant", "invariant", "assumption",
    ]  # fmt: skip
    assert frame["distinct"].tolist()[1] == 3
    assert frame["length"].dropna().tolist() == [4, 4, 4]
    assert frame["violated"][[4, 6, 7]].tolist() == ["Low"] * 3
    found = serial.smallest_failing()
    assert at(serial, found.rows) == [(2, "K0"), (3, 1)]
    parallel = sweep_constants(source, grid, cores=2, memory=False)
    assert same(parallel) == same(serial)
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    second = sweep_constants(source, grid, cores=2, memory=memory, timeout=60)
    assert [row.outcome for row in second if row.result and not row.result.remembered] == []
    assert same(second) == same(serial)


@pytest.mark.slow
def test_a_row_with_a_broken_constant_leaves_the_others(tmp_path: Path) -> None:
    values = [2, "{", "Nowhere + 1", "LET a == 1 IN a + 1", "99999999999"]
    result = sweep_constants(SOURCE, {"N": values}, cores=1, memory=False)
    assert outcomes(result)[:4] == ["success", "parse-error", "semantic-error", "success"]
    assert "Nowhere" in (result[2].error or "")
    assert result[4].status == "undecided"
    assert result[4].error


PRINTS = """---- MODULE M ----
EXTENDS Naturals, TLC
CONSTANTS C, D
VARIABLE x
Init == x = C
Next == UNCHANGED x
Spec == Init /\\ [][Next]_x
Never == x # x
====
"""


@pytest.mark.slow
def test_constants_reach_tlc_as_they_were_given() -> None:
    given: dict[Any, str] = {
        7: "7", -3: "-3", True: "TRUE", '"a b"': '"a b"', '"q\\"\\\\"': '"q\\"\\\\"',
        "{{m1}, {m2}}": "{{m1}, {m2}}", "[a |-> m1, b |-> D]": "[a |-> m1, b |-> d1]",
        "<<>>": "<<>>", "(m1 :> 1)": "(m1 :> 1)", "D": "d1", "C": "C",
        ModelValue("Never"): "Never", Set([1, -1]): "{-1, 1}", "Cardinality({D})": "1",
    }  # fmt: skip
    source = SpecSource("M", {"M": PRINTS}, "SPECIFICATION Spec INVARIANT Never\n"
                        "CONSTANTS C = 0 D = d1")  # fmt: skip
    result = sweep_constants(source, {"C": list(given)}, cores=2, memory=False)
    found = []
    for row in result:
        assert row.result is not None, row.error
        assert row.result.trace, row.result.log
        found.append(row.result.trace[0].variables["x"])
    assert found == [parse_value(text) for text in given.values()]


SCRIPT = """
import signal
import sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from toolkit.tlc import SpecSource
from toolkit.tlc.sweeps import sweep_constants
body = '''---- MODULE M ----
EXTENDS Naturals
CONSTANT N
VARIABLE x
Init == x = 0
Next == x' = x + 1 /\\\\ x < N
Spec == Init /\\\\ [][Next]_x
===='''
source = SpecSource("M", {"M": body}, "SPECIFICATION Spec CONSTANT N = 1")

def told(progress):
    print(progress.done, progress.running, flush=True)

values = {"N": [1, 2000000000, 2000000001, 2000000002]}
result = sweep_constants(
    source, values, cores=2, heap=300, on_progress=told, deadlock=False
)
print("ended", result.ended, [row.outcome for row in result], flush=True)
"""


@pytest.mark.slow
def test_ctrl_c_ends_all_runs_and_keeps_what_was_done(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "TOOLKIT_CACHE": str(tmp_path)},
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("1 (1, 2)"):
            break
    # A run is told of before its Java has been started.
    children: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while sum("java" in child.name() for child in children) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.05)
        children = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert err == ""
    last = out.splitlines()[-1]
    assert last == "ended interrupted ['success', 'cancelled', 'cancelled', 'not-run']"
    assert psutil.wait_procs(children, timeout=10)[1] == []
    assert not list(Path(tempfile.gettempdir()).glob(f"toolkit-tlc-{process.pid}-*"))
    assert len(list((tmp_path / "results").glob("*.result"))) == 1
