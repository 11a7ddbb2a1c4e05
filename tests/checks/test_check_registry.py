"""Each check finds what it is there for, and says what it looked at and what it skipped."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import msgspec
import pytest

from toolkit.checks import (
    CHECKS,
    Check,
    CheckedRun,
    CheckReport,
    Finding,
    find_bugs,
    register_check,
    run_check,
    unregister_check,
)
from toolkit.display.faces import to_text
from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import Command, Effects, Event
from toolkit.protocols.raft.node import RaftNode
from toolkit.sim import Call, ScenarioBuilder, load_scenario, random_scenario, simulate_trace

NODES = ("n1", "n2", "n3")
RAFT = get_protocol("raft")


def put(value: int) -> dict[str, object]:
    return {"op": "put", "key": "k", "value": value}


@pytest.fixture(scope="module")
def run() -> CheckedRun:
    """Two puts and a get, one after the other, each answered."""
    plan = ScenarioBuilder("three", "raft", NODES).retry(0.1, next_node=True).limit(time=3)
    plan.command(1.0, "c", put(1), "n1").command(1.5, "c", put(2), "n1")
    plan.command(2.0, "d", {"op": "get", "key": "k"}, "n1")
    return CheckedRun(RAFT, *simulate_trace(RAFT, plan.build(), seed=1))


@pytest.fixture(scope="module")
def without_log() -> CheckedRun:
    paxos = get_protocol("paxos")
    checked = CheckedRun(paxos, *simulate_trace(paxos, random_scenario(paxos, NODES, 1)))
    return replace(checked, protocol=replace(paxos, log=None))


def altered(run: CheckedRun, **changes: object) -> CheckedRun:
    return replace(run, result=replace(run.result, **changes))  # type: ignore[arg-type]


def test_every_check_says_what_it_does_and_passes_a_good_run(run: CheckedRun) -> None:
    assert CHECKS.names() == ["conformance", "fifo", "linearizability", "progress"]
    for name in CHECKS.names():
        assert CHECKS.get(name).title
        if name != "conformance":
            report = run_check(name, [run])
            assert report.ok, str(report)
            assert "3 " in report.looked_at
            assert "1 runs" in report.looked_at


def test_linearizability_finds_a_read_of_an_old_value(
    run: CheckedRun, without_log: CheckedRun
) -> None:
    calls = list(run.result.calls)
    read = calls[2]
    calls[2] = Call(read.client, read.request, read.operation, read.called, read.returned,
                    {"value": 1})  # fmt: skip
    report = run_check("linearizability", [run, altered(run, calls=tuple(calls)), without_log])
    assert [(one.run, one.title) for one in report.findings] == [(1, "not linearizable")]
    assert [(one.run, one.undecided) for one in report.skipped] == [(2, False)]
    assert "does not replicate a machine" in str(report)
    assert not report.ok


def test_fifo_finds_requests_of_a_client_out_of_order(
    run: CheckedRun, without_log: CheckedRun
) -> None:
    assert RAFT.log is not None
    numbers = {0: 1, 1: 0}

    def swapped(entry: object) -> list[object]:
        return [
            one._replace(number=numbers[one.number]) if one.client == "c" else one
            for one in RAFT.log.requests(entry)  # type: ignore[union-attr]
        ]

    log = replace(RAFT.log, requests=swapped)
    wrong = replace(run, protocol=replace(RAFT, log=log))
    report = run_check("fifo", [wrong, run, without_log])
    assert [(one.run, one.title) for one in report.findings] == [(0, "out of order")]
    assert [one.run for one in report.skipped] == [2]


def test_progress_finds_a_run_that_answers_nobody(run: CheckedRun) -> None:
    plan = ScenarioBuilder("alone", "raft", NODES).crash(0.1, "n2").crash(0.1, "n3")
    plan.command(1.0, "c", put(1), "n1").limit(time=3)
    stuck = CheckedRun(RAFT, *simulate_trace(RAFT, plan.build(), seed=1))
    report = run_check("progress", [stuck, run, altered(run, reason="stopped")])
    assert [(one.run, one.title) for one in report.findings] == [(0, "no progress")]
    assert [one.run for one in report.skipped] == [2]
    assert not run_check("progress", [altered(run, reason="stopped")]).ok


class Mute(RaftNode):
    """Answers no client."""

    def handle(self, event: Event, now: float) -> Effects:
        return msgspec.structs.replace(super().handle(event, now), outputs=())


class Renumbers(Mute):
    """Takes a client's first request for its second, and the second for the first; answers none."""

    def handle(self, event: Event, now: float) -> Effects:
        if isinstance(event, Command):
            event = msgspec.structs.replace(event, request=event.request ^ 1)
        return super().handle(event, now)


@pytest.mark.parametrize(
    ("check", "bug", "title"),
    [("fifo", Renumbers, "out of order"), ("progress", Mute, "no progress")],
)
def test_a_planted_bug_makes_a_check_fail(
    run: CheckedRun, check: str, bug: type[RaftNode], title: str
) -> None:
    planted = replace(RAFT, bugs={"bug": bug}, bug_setups={})
    plan = ScenarioBuilder("two", "raft", NODES).retry(0.1, next_node=True).limit(time=3)
    plan.command(1.0, "c", put(1), "n1").command(1.2, "c", put(2), "n1")
    good, bad = (
        CheckedRun(planted, *simulate_trace(planted, plan.build(), seed=1, bug=name))
        for name in (None, "bug")
    )
    report = run_check(check, [good, bad])
    assert [(one.run, one.title) for one in report.findings] == [(1, title)]
    assert [report.of_run(0), report.of_run(1)] == ["passed", title]


def test_a_planted_bug_makes_linearizability_fail() -> None:
    plan = load_scenario("raft-stale-reads-lease")
    good, bad = (
        CheckedRun(RAFT, *simulate_trace(RAFT, plan, seed=1, bug=name))
        for name in (None, "lease-for-ever")
    )
    report = run_check("linearizability", [good, bad])
    assert [(one.run, one.title) for one in report.findings] == [(1, "not linearizable")]


def test_a_report_says_what_it_looked_at_found_and_skipped(
    run: CheckedRun, without_log: CheckedRun
) -> None:
    report = run_check("fifo", [run, without_log, without_log])
    assert to_text(report).splitlines() == [
        "fifo: no findings; checked 3 committed requests of 1 runs",
        "  2 runs skipped, first run 1: paxos does not keep a log",
    ]
    assert to_text(run_check("fifo", [without_log])).startswith("fifo: no findings; checked 0")


def test_a_table_of_bugs_has_a_column_of_further_checks_only_if_there_were_some() -> None:
    plain = replace(RAFT, bugs={"none": RAFT.runnable.make_node}, bug_setups={})
    columns = [
        list(find_bugs(plain, runs=1, duration=0.5, checks=checks).to_frame().columns)
        for checks in (["linearizability"], ["linearizability", "progress"])
    ]
    assert columns[1] == [*columns[0], "others"]


@pytest.mark.slow
def test_conformance_finds_a_step_that_the_specification_forbids(run: CheckedRun) -> None:
    plan = random_scenario(RAFT, NODES, 1)
    bad = [
        CheckedRun(RAFT, *simulate_trace(RAFT, plan, seed=seed, bug="votes-twice"))
        for seed in range(1, 5)
    ]
    report = run_check("conformance", [run, *bad])
    assert report.findings
    assert all(one.run > 0 for one in report.findings)
    assert {one.title for one in report.findings} >= {"not allowed by the specification"}
    assert "steps of 5 runs" in report.looked_at


@pytest.fixture
def odd_seed() -> Iterator[None]:
    def look(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
        found = [Finding(at, "odd seed") for at, run in enumerate(runs) if run.result.seed % 2]
        return CheckReport(
            check="odd-seed", runs=len(runs), looked_at=f"{len(runs)} seeds", findings=tuple(found)
        )

    register_check(Check(name="odd-seed", title="no seed is odd", look=look))
    yield
    unregister_check("odd-seed")


@pytest.mark.usefixtures("odd_seed")
def test_a_hunt_for_bugs_makes_a_registered_check() -> None:
    plain = replace(RAFT, bugs={"none": RAFT.runnable.make_node}, bug_setups={})
    table = find_bugs(plain, runs=3, seed=2, duration=0.5, checks=["odd-seed"])
    (report,) = table
    assert report.others["odd-seed"] == (2,)
    assert report.caught == 2
    assert "--seed 3" in (report.replay or "")
    assert list(table.to_json()["bugs"][0]["others"]["odd-seed"]) == [2]
    assert "odd-seed 2" in table.to_frame()["others"][0]


def test_an_unknown_check_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"unknown check 'fifoo' .*'fifo'"):
        find_bugs(RAFT, checks=["fifoo"])


@pytest.mark.parametrize(
    ("report", "message"),
    [
        (None, "must return a CheckReport; 'wrong' returned None"),
        (CheckReport(check="right", runs=1, looked_at="a run"), "check 'right'"),
        (CheckReport(check="wrong", runs=2, looked_at="two runs"), "on 2 runs"),
        (
            CheckReport(check="wrong", runs=1, looked_at="a run", findings=(Finding(1, "odd"),)),
            "names run 1 of 1 runs",
        ),
    ],
)
def test_a_check_that_does_not_report_on_the_runs_is_refused(
    run: CheckedRun, report: CheckReport, message: str
) -> None:
    wrong = Check(name="wrong", title="wrong", look=lambda runs, workers: report)
    with pytest.raises(SettingError, match=message):
        run_check(wrong, [run])


@pytest.mark.parametrize("field", ["findings", "skipped"])
def test_a_report_with_something_else_than_findings_is_refused(run: CheckedRun, field: str) -> None:
    def look(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
        report = CheckReport(check="odd", runs=len(runs), looked_at="nothing")
        return msgspec.structs.replace(report, **{field: ("slow",)})

    with pytest.raises(SettingError, match=r"'odd' has 'slow' in place of a (Finding|Skipped)"):
        run_check(Check(name="odd", title="is odd", look=look), [run])


def test_a_check_that_cannot_be_called_is_refused() -> None:
    with pytest.raises(SettingError, match="'odd' cannot be registered as a check: look is not"):
        register_check(Check(name="odd", title="is odd", look=None))  # type: ignore[arg-type]
