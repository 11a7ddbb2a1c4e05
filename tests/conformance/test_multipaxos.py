"""Multi-Paxos's runs are behaviours of its specification; planted bugs are found out."""

from __future__ import annotations

import pytest

from toolkit.checks import BugReport, client_history, find_bugs
from toolkit.conformance import validate
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols import get_protocol
from toolkit.sim import random_scenario, simulate_trace
from toolkit.trace import Trace

pytestmark = pytest.mark.slow
MULTIPAXOS = get_protocol("multipaxos")

OPTIONS: dict[str, tuple[int, dict[str, str]]] = {
    "plain": (3, {}),
    "five": (5, {"alpha": "2"}),
    "alone": (1, {}),
    "snapshots": (3, {"snapshot": "3", "batch": "2"}),
    "membership": (5, {"membership": "yes", "alpha": "2"}),
    "membership and snapshots": (5, {"membership": "yes", "alpha": "3", "snapshot": "2"}),
    "flexible": (4, {"quorum": "flexible:3,2", "alpha": "1"}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_runs_are_accepted_and_their_clients_see_one_store(option: str) -> None:
    count, settings = OPTIONS[option]
    traces: list[Trace] = []
    for seed in range(1, 9):
        servers = [f"n{k + 1}" for k in range(count)]
        scenario = random_scenario(MULTIPAXOS, servers, seed, settings=settings)
        trace, result = simulate_trace(MULTIPAXOS, scenario)
        traces.append(trace)
        assert check_linearizable(client_history(result), KEY_VALUE).ok, seed
    report = validate(traces)
    assert (report.count("accepted"), report.count("diverged")) == (8, 0)


@pytest.fixture(scope="module")
def reports() -> dict[str, BugReport]:
    return {one.bug: one for one in find_bugs(MULTIPAXOS, runs=1)}


@pytest.mark.parametrize("bug", MULTIPAXOS.bugs)
def test_a_planted_bug_is_caught(reports: dict[str, BugReport], bug: str) -> None:
    report = reports[bug]
    assert report.caught, f"{bug} was not caught in {report.runs} runs"
    assert report.undecided == 0
    assert bool(report.history) or bug != "snapshots-without-sessions"
