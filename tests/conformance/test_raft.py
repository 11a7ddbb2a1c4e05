"""Raft's runs are behaviours of its specification."""

from __future__ import annotations

import msgspec
import pytest

from toolkit.conformance import ValidationReport, follow, validate
from toolkit.display.states import explorer_data
from toolkit.protocols import get_protocol
from toolkit.sim import load_scenario, simulate_runs, simulate_trace
from toolkit.trace import MemorySink, Trace

pytestmark = pytest.mark.slow
RAFT = get_protocol("raft")


def raft_runs(
    runs: int, *, seed: int = 1, bug: str | None = None, nodes: int = 3, batch: int = 16
) -> list[Trace]:
    sink = MemorySink()
    simulate_runs(
        RAFT, runs=runs, seed=seed, nodes=nodes, bug=bug, sink=sink, settings={"batch": str(batch)}
    )
    return sink.traces


def judged(report: ValidationReport) -> tuple[int, int]:
    return report.count("accepted"), report.count("diverged")


@pytest.mark.parametrize(("nodes", "batch"), [(3, 16), (5, 16), (3, 1), (1, 16)])
def test_runs_with_every_fault_are_accepted(nodes: int, batch: int) -> None:
    traces = raft_runs(8, nodes=nodes, batch=batch)
    report = validate(traces)
    assert judged(report) == (8, 0)
    steps = sum(len(trace.steps) for trace in traces)
    assert sum(verdict.checked.steps for verdict in report.verdicts) == steps
    assert sum(verdict.checked.variables for verdict in report.verdicts) == 10 * steps
    if nodes == 5:
        assert report.unseen == ()


def test_a_trace_that_says_less_is_checked_for_what_it_says() -> None:
    (trace,) = raft_runs(1)
    records = [
        msgspec.structs.replace(one, state=None, sent=None) if hasattr(one, "state") else one
        for one in trace.records
    ]
    report = validate([Trace(header=trace.header, records=records, end=trace.end)])
    assert judged(report) == (1, 0)
    assert report.verdicts[0].checked.variables == 0


@pytest.mark.parametrize("name", ["raft-asked-again", "raft-stale-reads", "raft-stale-tail"])
def test_the_specifications_states_are_shown_as_the_implementation_shows_its_own(name: str) -> None:
    trace, _ = simulate_trace(RAFT, load_scenario(name))
    followed = follow(trace)
    assert followed.verdict.status == "accepted"
    assert len(followed.states) == len(trace.steps) + 1
    assert explorer_data(trace, followed)["differing"] == []
