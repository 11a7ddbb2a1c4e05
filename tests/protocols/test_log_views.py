"""Every protocol's view of its log keeps its contract on random runs, and a wrong one is caught."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from toolkit.protocols import find_log_view, get_protocol, protocol_names
from toolkit.sim import simulate_runs
from toolkit.trace import LogView, MemorySink, Trace, check_log_view, current_leader
from toolkit.trace.logview import shown

OPTIONS: Mapping[str, Mapping[str, str]] = {
    "raft": {"pre-vote": "yes", "snapshot": "5", "membership": "single"},
    "multipaxos": {"snapshot": "5", "membership": "yes"},
    "zab": {"snapshot": "5", "reads": "sync"},
    "paxos": {"proposers": "n1,n2", "learners": "n4,n5"},
}


def runs(name: str, settings: Mapping[str, str], count: int = 4) -> list[Trace]:
    sink = MemorySink()
    simulate_runs(get_protocol(name), runs=count, seed=1, nodes=5, settings=settings, sink=sink)
    return sink.traces


def view_of(name: str) -> LogView:
    log = get_protocol(name).log
    assert log is not None
    return log


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    return runs("raft", {"snapshot": "5"})


@pytest.mark.parametrize("name", protocol_names())
@pytest.mark.parametrize("options", [False, True])
def test_every_view_keeps_its_contract_on_random_runs(name: str, options: bool) -> None:
    recorded = runs(name, OPTIONS[name] if options else {})
    log = view_of(name)
    assert check_log_view(log, recorded) == []
    # It is not vacuous: there are leaders, rounds, and committed, durable entries.
    seen = [dict(states[step.node]) for trace in recorded for step, states in trace.states()]
    assert any(map(log.leads, seen))
    assert max(map(log.round, seen)) > min(map(log.round, seen))
    assert any(map(log.committed, seen))
    assert any(map(log.durable, seen))
    assert any(map(log.entry_rounds, seen))
    if options and name != "paxos":
        assert any(map(log.snapshot, seen))


def _forgetful(entries: dict[int, Any]) -> dict[int, Any]:
    return {index: entry for index, entry in entries.items() if index != 2}


def _spoils(view: Any) -> str:
    view["votedFor"] = "n9"
    return str(view["role"])


WRONG: Mapping[str, tuple[str, Any]] = {
    "the role is not declared in roles": ("roles", {"leader": "leading"}),
    "a leader's role must be a leading one": (
        "roles",
        dict.fromkeys(("leader", "follower", "candidate"), "following"),
    ),
    "the round decreased without a crash": ("round", lambda view: -view["currentTerm"]),
    "two nodes lead in one round": ("leads", lambda view: True),
    "the snapshot covers more than is committed": (
        "snapshot",
        lambda view: view["commitIndex"] + 1,
    ),
    "a committed entry is missing": ("entries", lambda view: _forgetful(RAFT.entries(view))),
    "an entry has an index that the snapshot covers": (
        "entries",
        lambda view: {0: "", **RAFT.entries(view)},
    ),
    "the committed index decreased without a crash": (
        "committed",
        lambda view: RAFT.committed(view) if view["role"] == "leader" else RAFT.snapshot(view),
    ),
    "a round belongs to a missing entry": ("entry_rounds", lambda view: {0: 1}),
    "a durable index belongs to a missing entry": (
        "durable",
        lambda view: frozenset({10_000}),
    ),
    "entries or committed changed, but none of variables did": ("variables", frozenset({"role"})),
    "nodes have different committed entries": (
        "entries",
        lambda view: {at: [entry, view["votedFor"]] for at, entry in RAFT.entries(view).items()},
    ),
    "the view lacks a variable": ("round", lambda view: view["ballot"]),
    "a function changed its argument": ("role", _spoils),
}
"""Rule to a field of Raft's view with which it is broken."""

RAFT = view_of("raft")


@pytest.mark.parametrize("rule", WRONG)
def test_a_planted_wrong_view_is_caught_by_its_rule(rule: str, traces: list[Trace]) -> None:
    assert check_log_view(RAFT, traces) == []
    field, value = WRONG[rule]
    found = check_log_view(replace(RAFT, **{field: value}), traces)
    assert any(rule in line for line in found), found


def test_of_several_leaders_the_one_in_the_highest_round_that_is_up_is_current() -> None:
    views = {
        "a": {"role": "leader", "currentTerm": 2},
        "b": {"role": "leader", "currentTerm": 3},
        "c": {"role": "leader", "currentTerm": 4, "up": False},
        "d": {"role": "candidate", "currentTerm": 5},
    }
    assert current_leader(RAFT, views) == "b"
    assert current_leader(RAFT, {"d": views["d"]}) is None


def test_what_was_not_recorded_is_left_out_and_not_an_error() -> None:
    assert shown(RAFT.round, {"role": "leader"}) is None
    assert shown(RAFT.entries, {"log": 3}) is None
    assert find_log_view("no-such-protocol") is None


def test_a_state_of_a_specification_is_read_like_a_recorded_one() -> None:
    log = view_of("multipaxos")
    value = {"kind": "command", "val": "v", "bal": 0, "slot": 1}
    vote = {"bal": 3, "val": value}
    state = {
        "maxBal": 3, "phase": "idle", "snapshot": 1,
        "votes": {"#map": [[2, vote]]}, "early": {"#map": []},
        "log": {"#tup": [value, value]},
        "durable": {"maxBal": 3, "votes": {"#tup": [vote, vote]}, "snapshot": 1},
    }  # fmt: skip
    view = log.from_specification(state)
    assert log.entries(view) == {2: value}
    assert (log.committed(view), log.entry_rounds(view), log.durable(view)) == (2, {2: 3}, {2})
