"""Views that know what changed, against views written plainly and computed anew at every step."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import Phase, given, settings as hypothesis_settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from toolkit.errors import InternalError
from toolkit.protocols import Protocol, get_protocol
from toolkit.protocols.base import Effects
from toolkit.protocols.components import replace_component
from toolkit.protocols.multipaxos.messages import Value, Vote
from toolkit.protocols.multipaxos.node import MultiPaxosNode
from toolkit.protocols.raft.log import Log
from toolkit.protocols.views import (
    Attribute,
    Encoded,
    Growing,
    RecordView,
    SharedLists,
    StaleViewError,
    View,
    checked,
    track,
)
from toolkit.protocols.zab.learner import Learning
from toolkit.protocols.zab.messages import Commit
from toolkit.protocols.zab.node import ZabNode
from toolkit.sim import Bounds, random_scenario, simulate
from toolkit.trace import MemorySink, Trace

# Views written plainly -----------------------------------------------------------------------


def builtins(value: Any) -> Any:
    """Return a value in JSON's types, with lists for tuples, and nothing shared."""
    return msgspec.json.decode(msgspec.json.encode(value))


def ordered(values: Mapping[Any, Any], key: str, name: str, encode: Callable[[Any], Any]) -> Any:
    """Return a mapping as a set of records of a key and a value."""
    return {"#set": [{key: each, name: encode(values[each])} for each in sorted(values)]}


def plain_value(value: Value) -> Any:
    if value.names is None:
        return builtins(value)
    return builtins(value) | {"members": {"#set": list(value.members)}}


def plain_votes(votes: Mapping[int, Vote]) -> Any:
    return {
        "#set": [
            {"slot": slot, "bal": votes[slot].bal, "val": plain_value(votes[slot].val)}
            for slot in sorted(votes)
        ]
    }


def plain_multipaxos(node: Any) -> dict[str, Any]:
    return {
        "maxBal": node.maxBal,
        "votes": plain_votes(node.votes),
        "log": {"#tup": [plain_value(value) for value in node.log]},
        "early": ordered(node.early, "slot", "val", plain_value),
        "snapshot": node.snapshot.index,
        "phase": node.phase,
        "bal": node.bal,
        "promised": {"#set": sorted(node.promised)},
        "told": plain_votes(node.told),
        "proposed": ordered(node.proposed, "slot", "val", plain_value),
        "acks": ordered(node.acks, "slot", "acks", lambda acks: {"#set": sorted(acks)}),
    }


def plain_multipaxos_disk(disk: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "durable": {
            "maxBal": disk.get("maxBal", -1),
            "votes": plain_votes(disk.get("votes", {})),
            "snapshot": disk["snapshot"].index if "snapshot" in disk else 0,
        }
    }


def plain_zab(node: Any) -> dict[str, Any]:
    def by_name(known: Mapping[str, Any], name: str) -> Any:
        return {"#set": [{name: each} | builtins(known[each]) for each in sorted(known)]}

    return {
        "acceptedEpoch": node.acceptedEpoch,
        "currentEpoch": node.currentEpoch,
        "history": {"#tup": [builtins(txn) for txn in node.history]},
        "snapshot": node.snapshot.index,
        "committed": node.committed,
        "mode": node.mode,
        "phase": node.phase,
        "leader": node.leader,
        "epoch": node.epoch,
        "learners": by_name(node.leading.learners, "name"),
        "round": node.election.round,
        "vote": builtins(node.election.vote),
        "tally": ordered(node.election.tally, "from", "vote", builtins),
        "outside": by_name(node.election.outside, "from"),
    }


def plain_zab_disk(disk: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "durable": {
            "acceptedEpoch": disk.get("acceptedEpoch", 0),
            "currentEpoch": disk.get("currentEpoch", 0),
            "history": {"#tup": [builtins(txn) for txn in disk.get("history", ())]},
            "snapshot": disk["snapshot"].index if "snapshot" in disk else 0,
        }
    }


def plain_entries(log: Log) -> Any:
    found = [builtins(entry) for entry in log]
    for entry in found:
        if entry.get("config") is not None:
            entry["config"] = {n: {"#set": of["#set"]} for n, of in entry["config"].items()}
    return {"#tup": found}


def plain_raft(node: Any) -> dict[str, Any]:
    def counts(of: Mapping[str, int]) -> Any:
        return {"#map": [[other, of[other]] for other in sorted(node.others)]}

    return {
        "role": node.role,
        "currentTerm": node.currentTerm,
        "votedFor": node.votedFor,
        "log": plain_entries(node.log),
        "commitIndex": node.commitIndex,
        "votesGranted": {"#set": sorted(node.votesGranted)},
        "nextIndex": counts(node.nextIndex),
        "matchIndex": counts(node.matchIndex),
        **copy.deepcopy(node.shown()),
    }


def plain_raft_disk(disk: Mapping[str, Any]) -> dict[str, Any]:
    log = disk.get("log", Log())
    return {
        "durable": {
            "currentTerm": disk.get("currentTerm", 0),
            "votedFor": disk.get("votedFor"),
            "log": plain_entries(log),
            "snapshot": {"index": log.snapshot.index, "parts": len(log.snapshot.chunks)},
        }
    }


def plain_paxos(node: Any) -> dict[str, Any]:
    return copy.deepcopy(get_protocol("paxos").runnable.variables(node))


PLAIN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "multipaxos": (plain_multipaxos, plain_multipaxos_disk),
    "zab": (plain_zab, plain_zab_disk),
    "raft": (plain_raft, plain_raft_disk),
    "paxos": (plain_paxos, get_protocol("paxos").runnable.durable_variables),
}

OPTIONS: dict[str, list[dict[str, str]]] = {
    "multipaxos": [{}, {"snapshot": "3"}, {"membership": "yes", "alpha": "2"}],
    "zab": [{}, {"snapshot": "4", "window": "2"}, {"observers": "n4", "reads": "sync"}],
    "raft": [
        {},
        {"snapshot": "3", "chunk": "40"},
        {"membership": "joint", "pre-vote": "yes", "check-quorum": "yes", "transfer": "yes"},
        {"membership": "single", "reads": "index", "snapshot": "4"},
    ],
    "paxos": [{}],
}

CASES = [(name, options) for name, cases in OPTIONS.items() for options in cases]


def record(
    protocol: Protocol, seed: int, options: Mapping[str, str], bug: str | None = None
) -> tuple[Trace, str | None]:
    """Record a run with random faults; return its trace, and why recording stopped."""
    sink = MemorySink()
    nodes = [f"n{number}" for number in range(1, 6 if bug else 5)]
    bounds = Bounds(duration=3.0)
    scenario = replace(
        random_scenario(protocol, nodes, seed, bounds, settings=options), step_limit=500
    )
    result = simulate(protocol, scenario, seed=seed, sink=sink, bug=bug)
    return sink.traces[0], result.sink_error


# What is recorded ----------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "options"), CASES)
@given(seed=st.integers(1, 10**6))
@hypothesis_settings(max_examples=5, phases=[Phase.generate])
def test_a_trace_is_the_one_that_a_plain_view_gives(
    name: str, options: dict[str, str], seed: int
) -> None:
    protocol, (variables, disk) = get_protocol(name), PLAIN[name]
    plainly = protocol.altered(variables=variables, durable_variables=disk)
    trace, error = record(protocol, seed, options)
    expected, plain_error = record(plainly, seed, options)
    assert (error, plain_error) == (None, None)
    assert msgspec.json.encode(trace) == msgspec.json.encode(expected)


@pytest.mark.parametrize("name", ["multipaxos", "zab", "raft"])
def test_a_view_misses_no_change_of_a_node_with_a_bug(name: str) -> None:
    protocol = watched(get_protocol(name))
    for bug in protocol.bugs:
        setup = protocol.bug_setups.get(bug)
        options = {} if setup is None else setup.settings
        if "observers" in options:
            options = {**options, "observers": "n5"}
        _, error = record(protocol, 7, options, bug)
        assert error is None, bug


def test_nodes_that_hold_the_same_share_one_value_in_a_trace() -> None:
    trace, _ = record(get_protocol("zab"), 1, {})
    states = [step.state for step in trace.steps if step.state is not None]
    values = [state["history"] for state in states if "history" in state]
    assert len(values) > 20
    assert len({id(value) for value in values}) == len({msgspec.json.encode(v) for v in values})


# Stale views are caught ----------------------------------------------------------------------


def watched(protocol: Protocol) -> Protocol:
    """Return a protocol whose views are compared with views computed from nothing."""
    return protocol.altered(
        variables=checked(protocol.runnable.variables),
        durable_variables=checked(protocol.runnable.durable_variables),
    )


class VotesInPlace(MultiPaxosNode):
    """Changes a vote where it is, though its view relies on another mapping."""

    def _vote(self, ballot: int, slot: int, value: Value) -> None:
        self.votes[slot] = self._new_votes[slot] = Vote(slot, ballot, value)


class Rewriting(Learning):
    def deliver(self, message: Commit) -> Effects:
        history = self.server.history
        if history:
            history[0] = msgspec.structs.replace(history[0], val=f"{history[0].val} ")
        return super().deliver(message)


class RewritesHistory(ZabNode):
    """Changes a transaction within the list that its view has seen."""

    components = replace_component(ZabNode.components, Learning, Rewriting)


def votes_in_place(disk: dict[str, Any], write: Mapping[str, Any]) -> None:
    """Bring a disk up to date without replacing the mapping of votes."""
    disk.setdefault("votes", {}).update(write.get("votes", {}))
    disk |= {name: value for name, value in write.items() if name != "votes"}


@pytest.mark.parametrize(
    ("name", "planted"),
    [
        ("multipaxos", {"make_node": VotesInPlace}),
        ("multipaxos", {"apply_write": votes_in_place}),
        ("zab", {"make_node": RewritesHistory}),
    ],
)
def test_a_change_that_a_view_misses_stops_a_checked_recording(
    name: str, planted: dict[str, Any]
) -> None:
    protocol = watched(get_protocol(name).altered(**planted))
    errors = (record(protocol, seed, {})[1] for seed in range(1, 60))
    error = next((error for error in errors if error is not None), None)
    assert error is not None
    assert error.startswith("StaleViewError: the view shows")


@pytest.mark.parametrize(
    "change",
    [
        lambda node: node.log.__setitem__(0, "z"),
        lambda node: node.votes.__setitem__(2, "z"),
        lambda node: node.tags.append("z"),
    ],
)
def test_a_checked_view_tells_the_variable_that_it_missed(change: Callable[[Any], None]) -> None:
    node = SimpleNamespace(log=["a"], votes={2: "b"}, tags=["c"])
    view = View(
        Growing("log", str.upper),
        Growing("votes", str.upper),
        # A view that forgets to copy: its source gives the same tuple although its list changes.
        Encoded("tags", list, lambda node: Alias(node.tags)),
    )
    tracker = checked(view).track()
    tracker.changes(node)
    change(node)
    with pytest.raises(StaleViewError, match=r"the view shows (log|votes|tags) = "):
        tracker.changes(node)


class Alias:
    """A value that hides its changes from comparisons and copies."""

    def __init__(self, items: list[str]) -> None:
        self.items = items

    def __iter__(self) -> Any:
        return iter(self.items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Alias)

    __hash__ = None  # type: ignore[assignment]


def test_a_container_is_no_attribute() -> None:
    with pytest.raises(
        InternalError, match="must be a number, string, boolean or None, but the variable 'log'"
    ):
        View(Attribute("log"))(SimpleNamespace(log=[]))


# Parts of a view -----------------------------------------------------------------------------


def test_only_what_changed_is_encoded_again() -> None:
    calls: list[str] = []

    def encode(item: str) -> str:
        calls.append(item)
        return item.upper()

    node = SimpleNamespace(log=["a", "b"], names={"x"}, round=1)
    view = View(
        Attribute("round"),
        Encoded("names", lambda names: calls.append("names")),
        Growing("log", encode),
    )
    tracker = view.track()
    tracker.changes(node)
    calls.clear()
    node.log.append("c")
    assert tracker.changes(node) == {"log": {"#tup": ["A", "B", "C"]}}
    node.round = 2
    assert tracker.changes(node) == {"round": 2}
    assert calls == ["c"]


def test_what_a_container_holds_is_copied_before_it_is_compared() -> None:
    node = SimpleNamespace(acks={1: {"n1"}}, paths=[["a"]])
    view = View(
        Encoded("acks", lambda acks: {str(slot): sorted(of) for slot, of in acks.items()}),
        Encoded("paths", copy.deepcopy),
    )
    tracker = view.track()
    tracker.changes(node)
    node.acks[1].add("n2")
    assert tracker.changes(node) == {"acks": {"1": ["n1", "n2"]}}
    node.paths[0].append("b")
    assert tracker.changes(node) == {"paths": [["a", "b"]]}


def test_a_record_is_shown_whole_and_an_earlier_one_stays() -> None:
    view = RecordView("durable", Attribute("term"), Growing("log", str.upper))
    node, tracker = SimpleNamespace(term=1, log=["a"]), view.track()
    first = tracker.changes(node)
    node.log.append("b")
    assert tracker.changes(node) == {"durable": {"term": 1, "log": {"#tup": ["A", "B"]}}}
    assert first == {"durable": {"term": 1, "log": {"#tup": ["A"]}}}
    assert tracker.changes(node) == {}


class GrowingContainers(RuleBasedStateMachine):
    """A list and a dict that grow or are replaced at two nodes with one set of shared lists."""

    def __init__(self) -> None:
        super().__init__()
        view = View(Growing("log", LETTERS.__getitem__), Growing("votes", LETTERS.__getitem__))
        shared = SharedLists()
        self.nodes = [SimpleNamespace(log=[], votes={}) for _ in range(2)]
        self.trackers = [track(checked(view), shared) for _ in range(2)]

    @rule(at=st.integers(0, 1), items=st.lists(st.integers(0, 3), min_size=1, max_size=3))
    def append(self, at: int, items: list[int]) -> None:
        self.nodes[at].log += items

    @rule(at=st.integers(0, 1), keep=st.integers(0, 5), item=st.integers(0, 3))
    def cut(self, at: int, keep: int, item: int) -> None:
        self.nodes[at].log = [*self.nodes[at].log[:keep], item]

    @rule(at=st.integers(0, 1), slot=st.integers(1, 9), item=st.integers(0, 3))
    def vote(self, at: int, slot: int, item: int) -> None:
        node = self.nodes[at]
        if slot in node.votes:
            node.votes = node.votes.copy()
        node.votes[slot] = item

    @rule(at=st.integers(0, 1), gone=st.integers(0, 9))
    def forget(self, at: int, gone: int) -> None:
        node = self.nodes[at]
        node.votes = {slot: vote for slot, vote in node.votes.items() if slot > gone}

    @invariant()
    def nothing_is_missed(self) -> None:
        for node, tracker in zip(self.nodes, self.trackers, strict=True):
            tracker.changes(node)


LETTERS = [{"letter": letter} for letter in "abcd"]

GrowingContainers.TestCase.settings = hypothesis_settings(max_examples=30)
TestGrowingContainers = GrowingContainers.TestCase
