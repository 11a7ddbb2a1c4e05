"""Metrics of runs that are small enough to be looked at by hand."""

from __future__ import annotations

import pytest

from toolkit.analysis.metrics import latencies, leaderless, log_divergence, messages_by_type
from toolkit.protocols import get_protocol
from toolkit.sim import load_scenario, simulate_trace


@pytest.mark.parametrize(("protocol", "action"), [("raft", "BecomeLeader"), ("multipaxos", "Lead")])
def test_a_happy_run_has_no_leader_until_the_first_one_leads(protocol: str, action: str) -> None:
    plugin = get_protocol(protocol)
    assert plugin.log is not None
    trace, result = simulate_trace(plugin, load_scenario(f"{protocol}-happy"))
    led = next(step.time for step in trace.steps if step.action == action)
    assert leaderless(trace, plugin.log).to_numpy().tolist() == [[0.0, led]]
    assert messages_by_type(trace)["messages"].sum() == result.sent
    assert len(latencies(result.calls)) == result.requests - result.unanswered
    assert not log_divergence(trace, plugin.log)["differing"].any()


def test_without_its_leader_a_cluster_has_none_until_the_next_one_leads() -> None:
    plugin = get_protocol("multipaxos")
    assert plugin.log is not None
    trace, _ = simulate_trace(plugin, load_scenario("multipaxos-leader-crash"))
    times = {
        name: [step.time for step in trace.steps if step.action == name]
        for name in ("Lead", "Crash")
    }
    first, second = times["Lead"]
    expected = [[0.0, first], [times["Crash"][0], second]]
    assert leaderless(trace, plugin.log).to_numpy().tolist() == expected


def test_entries_that_are_overwritten_are_where_logs_differ() -> None:
    plugin = get_protocol("raft")
    assert plugin.log is not None
    trace, _ = simulate_trace(plugin, load_scenario("raft-cut-off-leader"))
    found = log_divergence(trace, plugin.log)
    assert found["differing"].max() > 0
    assert found["differing"].iloc[-1] == 0
