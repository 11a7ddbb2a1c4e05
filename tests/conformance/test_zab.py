"""Zab's runs are behaviours of its specification; planted bugs are found out."""

from __future__ import annotations

import pytest

from toolkit.checks import BugReport, client_history, find_bugs
from toolkit.conformance import validate
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols import get_protocol
from toolkit.sim import random_scenario, simulate_trace
from toolkit.trace import Trace

pytestmark = pytest.mark.slow
ZAB = get_protocol("zab")

OPTIONS: dict[str, tuple[int, dict[str, str]]] = {
    "plain": (3, {}),
    "five": (5, {}),
    "two": (2, {}),
    "observers": (5, {"observers": "n1,n5"}),
    "snapshots": (3, {"snapshot": "3", "window": "0"}),
    "snapshots for observers": (4, {"snapshot": "2", "window": "1", "observers": "n4"}),
    "weighted": (4, {"quorum": "weighted:n1=2"}),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_runs_are_accepted_and_their_clients_see_one_store(option: str) -> None:
    count, settings = OPTIONS[option]
    traces: list[Trace] = []
    for seed in range(1, 9):
        servers = [f"n{k + 1}" for k in range(count)]
        scenario = random_scenario(ZAB, servers, seed, settings=settings)
        trace, result = simulate_trace(ZAB, scenario)
        traces.append(trace)
        assert check_linearizable(client_history(result), KEY_VALUE).ok, seed
    report = validate(traces, claims=["PrimaryOrder"])
    assert (report.count("accepted"), report.count("diverged")) == (8, 0)
    assert not [one for one in report.verdicts if one.broken]


@pytest.mark.parametrize("reads", ["sync", "local"])
def test_reads_at_any_server_are_accepted_too(reads: str) -> None:
    traces = []
    for seed in range(1, 5):
        settings = {"reads": reads, "observers": "n4"}
        scenario = random_scenario(ZAB, ["n1", "n2", "n3", "n4"], seed, settings=settings)
        traces.append(simulate_trace(ZAB, scenario)[0])
    assert validate(traces).count("accepted") == 4


@pytest.fixture(scope="module")
def reports() -> dict[str, BugReport]:
    return {one.bug: one for one in find_bugs(ZAB, runs=1)}


@pytest.mark.parametrize("bug", ZAB.bugs)
def test_a_planted_bug_is_caught(reports: dict[str, BugReport], bug: str) -> None:
    report = reports[bug]
    assert report.caught, f"{bug} was not caught in {report.runs} runs"
    assert report.undecided == 0
    assert bool(report.history) or bug != "snapshots-without-sessions"
