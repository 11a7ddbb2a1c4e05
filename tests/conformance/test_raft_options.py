"""Raft's options: runs are accepted, planted bugs are found out, clients see one store."""

from __future__ import annotations

import msgspec
import pytest

from toolkit.checks import client_history
from toolkit.conformance import validate
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols import get_protocol
from toolkit.resources import specs_root
from toolkit.sim import (
    ClientCommand,
    Clock,
    Heal,
    Partition,
    RunResult,
    Scenario,
    ScenarioBuilder,
    load_scenario,
    random_scenario,
    simulate,
    simulate_trace,
)
from toolkit.trace import Trace

RAFT = get_protocol("raft")
THREE = "n1,n2,n3"

# Each option by itself, and pairs that meddle with each other; with how many servers.
OPTIONS: dict[str, tuple[int, dict[str, str]]] = {
    "pre-vote": (3, {"pre-vote": "yes"}),
    "check-quorum": (3, {"check-quorum": "yes"}),
    "transfer": (3, {"transfer": "yes"}),
    "snapshots": (3, {"snapshot": "3", "chunk": "60"}),
    "single": (5, {"membership": "single", "voters": THREE}),
    "joint": (5, {"membership": "joint", "voters": THREE}),
    "learners": (5, {"learners": "yes", "voters": THREE}),
    "read-index": (3, {"reads": "index"}),
    "lease": (3, {"reads": "lease", "check-quorum": "yes"}),
    "window": (3, {"window": "1", "batch": "1"}),
    "pre-vote and check-quorum": (3, {"pre-vote": "yes", "check-quorum": "yes"}),
    "transfer and pre-vote": (3, {"transfer": "yes", "pre-vote": "yes"}),
    "single and snapshots": (
        5,
        {"membership": "single", "learners": "yes", "snapshot": "3", "voters": THREE},
    ),
    "joint and snapshots": (4, {"membership": "joint", "snapshot": "3", "voters": THREE}),
    "lease and transfer": (3, {"reads": "lease", "check-quorum": "yes", "transfer": "yes"}),
}


def servers(count: int) -> list[str]:
    return [f"n{number}" for number in range(1, count + 1)]


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
def test_runs_with_an_option_are_accepted_and_their_clients_see_one_store(option: str) -> None:
    count, settings = OPTIONS[option]
    traces = []
    for seed in range(1, 9):
        scenario = random_scenario(RAFT, servers(count), seed, settings=settings)
        trace, result = simulate_trace(RAFT, scenario)
        traces.append(trace)
        assert check_linearizable(client_history(result), KEY_VALUE).ok, seed
    report = validate(traces)
    assert (report.count("accepted"), len(traces)) == (8, 8), str(report.verdicts)
    steps = sum(len(trace.steps) for trace in traces)
    assert sum(verdict.checked.steps for verdict in report.verdicts) == steps
    left_open = {step.action for trace in traces for step in trace.steps} & set(
        RAFT.specification.unchecked
    )
    assert report.unchecked.keys() == left_open


@pytest.mark.slow
@pytest.mark.parametrize("option", ["snapshots", "joint and snapshots", "read-index"])
def test_states_that_were_recorded_are_the_specifications_own(option: str) -> None:
    count, settings = OPTIONS[option]
    spoilt = []
    for seed in range(1, 5):
        scenario = random_scenario(RAFT, servers(count), seed, settings=settings)
        trace, _ = simulate_trace(RAFT, scenario)
        last = trace.steps[-1].index
        records = [
            msgspec.structs.replace(one, action="LeaseRead") if getattr(one, "index", -1) == last
            else one
            for one in trace.records
        ]  # fmt: skip
        spoilt.append(Trace(header=trace.header, records=records, end=trace.end))
    for verdict in validate(spoilt, explain=0).verdicts:
        assert verdict.divergence is not None
        assert (verdict.divergence.step, verdict.broken) == (verdict.steps - 1, ())
        assert verdict.all_states


def stranded_leader(
    settings: dict[str, str], *, bug: str | None = None, at: float = 2.0
) -> RunResult:
    """Cut the leader off, write where the others lead, and read from the one cut off."""
    names = servers(3)

    def plan(*events: object) -> Scenario:
        first = ClientCommand(1.0, "c1", {"op": "put", "key": "k", "value": "old"}, "n1")
        return Scenario(
            name="stranded",
            protocol="raft",
            nodes=tuple(names),
            settings=settings,
            events=(first, *events),  # type: ignore[arg-type]
            time_limit=5.0,
            seed=1,
        )

    before = simulate(RAFT, plan(), bug=bug)
    (leader,) = (name for name in names if before.nodes[name].role == "leader")
    others = tuple(name for name in names if name != leader)
    return simulate(
        RAFT,
        plan(
            Partition(at, ((leader,), others)),
            ClientCommand(at + 0.4, "c2", {"op": "put", "key": "k", "value": "new"}, others[0]),
            ClientCommand(at + 0.5, "c3", {"op": "get", "key": "k"}, leader),
            Heal(4.0),
        ),
        bug=bug,
    )


INDEX = {"reads": "index"}
LEASE = {"reads": "lease", "check-quorum": "yes", "election": "0.15-0.3"}


@pytest.mark.parametrize("settings", [{}, INDEX, LEASE], ids=["log", "index", "lease"])
def test_6_4_a_stranded_leader_does_not_answer_a_read_with_what_is_old(
    settings: dict[str, str],
) -> None:
    result = stranded_leader(settings)
    assert check_linearizable(client_history(result), KEY_VALUE).ok
    asked = {call.client: call for call in result.calls}
    assert asked["c2"].result == {"ok": True}
    assert asked["c3"].result == {"value": "new"}
    assert asked["c3"].returned is not None
    assert asked["c3"].returned > 4.0


@pytest.mark.parametrize(
    ("settings", "bug"), [(INDEX, "reads-without-asking"), (LEASE, "lease-for-ever")]
)
def test_a_planted_bug_of_reads_is_caught_by_the_clients_history(
    settings: dict[str, str], bug: str
) -> None:
    # When the leader gives up depends on when it last looked whether a quorum answers.
    times = [2.0, 2.1, 2.2]
    for which, wrong in ((None, False), (bug, True)):
        verdicts = [
            check_linearizable(
                client_history(stranded_leader(settings, bug=which, at=at)), KEY_VALUE
            ).verdict
            for at in times
        ]
        assert ("not linearizable" in verdicts) == wrong, (which, verdicts)


def drifting_leader(drift: float) -> RunResult:
    """Hand over to a server with a slow clock, cut it off, write elsewhere, and read there."""
    scenario = Scenario(
        name="drifting",
        protocol="raft",
        nodes=("n1", "n2", "n3"),
        settings=LEASE | {"heartbeat": "0.005", "drift-bound": "0.05", "transfer": "yes"},
        clocks={"n1": Clock(0.0, drift)},
        events=(
            ClientCommand(1.0, "c0", {"op": "transfer", "to": "n1"}, "n2"),
            ClientCommand(1.5, "c1", {"op": "put", "key": "k", "value": "old"}, "n1"),
            Partition(2.0, (("n1",), ("n2", "n3"))),
            ClientCommand(2.5, "c2", {"op": "put", "key": "k", "value": "new"}, "n2"),
            ClientCommand(2.8, "c3", {"op": "get", "key": "k"}, "n1"),
            Heal(4.0),
        ),
        time_limit=6.0,
        seed=1,
    )
    return simulate(RAFT, scenario)


@pytest.mark.parametrize(("drift", "stale"), [(0.0, False), (-0.05, False), (-0.9, True)])
def test_6_4_1_a_lease_answers_with_what_is_old_only_beyond_the_bound_on_drift(
    drift: float, stale: bool
) -> None:
    # Stale reads beyond it are expected, and why the bound is stated.
    result = drifting_leader(drift)
    told = {call.client: call.result for call in result.calls}
    assert told["c3"] == {"value": "old" if stale else "new"}
    verdict = check_linearizable(client_history(result), KEY_VALUE)
    assert verdict.verdict == ("not linearizable" if stale else "linearizable"), str(verdict)


def test_6_3_snapshots_without_sessions_let_a_command_happen_twice() -> None:
    for bug, seen in ((None, 2), ("snapshots-without-sessions", 1)):
        result = simulate(RAFT, load_scenario("raft-asked-again"), bug=bug)
        told = {call.client: call.result for call in result.calls}
        assert told["c2"] == {"value": 1}
        assert told["c3"] == {"ok": True}
        assert told["c4"] == {"value": seen}
        verdict = check_linearizable(client_history(result), KEY_VALUE)
        assert verdict.ok == (bug is None), str(verdict)


def test_the_manifest_lists_what_validation_leaves_open() -> None:
    text = (specs_root() / "manifest.toml").read_text(encoding="utf-8")
    assert [name for name in RAFT.specification.unchecked if name not in text] == []


def test_what_makes_no_sense_to_the_store_is_no_part_of_its_history() -> None:
    builder = ScenarioBuilder("odd", "raft", servers(3))
    odd = [{"op": "get"}, {"op": "put", "key": 1, "value": 2}, {"op": ["get"]}, "get", None]
    for number, operation in enumerate([*odd, {"op": "get", "key": "k"}]):
        builder = builder.command(1.0 + number / 10, f"c{number}", operation, "n1")
    result = simulate(RAFT, builder.limit(time=5.0).build())
    history = client_history(result)
    assert [one.operation for one in history.operations] == [{"op": "get", "key": "k"}]
    assert check_linearizable(history, KEY_VALUE).ok
