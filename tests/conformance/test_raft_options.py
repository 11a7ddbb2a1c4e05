"""Raft's options: runs are accepted, planted bugs are found out, clients see one store."""

from __future__ import annotations

import pytest

from toolkit.conformance import client_history, validate
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.protocols import get_protocol
from toolkit.protocols.raft.planted import PLANTED
from toolkit.sim import (
    ClientCommand,
    Clock,
    Heal,
    Partition,
    RunResult,
    Scenario,
    random_scenario,
    simulate,
    simulate_trace,
)

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
    assert (report.count("accepted"), report.count("diverged")) == (8, 0), str(report.verdicts)
    steps = sum(len(trace.steps) for trace in traces)
    assert sum(verdict.checked.steps for verdict in report.verdicts) == steps


# With what each bug shows, and in how many runs at most.
CAUGHT: dict[str, tuple[int, dict[str, str], int]] = {
    "pre-votes-with-the-term": (3, {"pre-vote": "yes"}, 2),
    "reads-without-asking": (3, {"reads": "index"}, 4),
    "keeps-its-tail": (3, {"snapshot": "2", "batch": "1"}, 40),
    "changes-too-early": (5, {"membership": "single", "voters": THREE}, 40),
    "changes-twice-at-once": (5, {"membership": "single", "voters": THREE}, 40),
    "learners-vote": (5, {"learners": "yes", "voters": THREE}, 20),
    "new-majority-alone": (5, {"membership": "joint", "voters": THREE}, 20),
}


@pytest.mark.slow
@pytest.mark.parametrize("bug", CAUGHT)
def test_a_planted_bug_of_an_option_is_caught_by_validation(bug: str) -> None:
    count, settings, runs = CAUGHT[bug]
    traces = [
        simulate_trace(
            RAFT, random_scenario(RAFT, servers(count), seed, settings=settings), bug=bug
        )[0]
        for seed in range(1, runs + 1)
    ]
    report = validate(traces, explain=1)
    assert report.count("diverged") > 0, f"{bug} was not caught in {runs} runs"


def stranded_leader(
    settings: dict[str, str], *, bug: str | None = None, slow: float = 0.0
) -> RunResult:
    """Cut the leader off, write where the others lead, and read from the one cut off."""
    names = servers(3)

    def plan(clocks: dict[str, Clock], *events: object) -> Scenario:
        first = ClientCommand(1.0, "c1", {"op": "put", "key": "k", "value": "old"}, "n1")
        return Scenario(
            name="stranded",
            protocol="raft",
            nodes=tuple(names),
            settings=settings,
            clocks=clocks,
            events=(first, *events),  # type: ignore[arg-type]
            time_limit=5.0,
            seed=1,
        )

    # The same seed makes the same leader; a clock that is slow does not make another one.
    before = simulate(RAFT, plan({}), bug=bug)
    (leader,) = (name for name in names if before.nodes[name].role == "leader")
    others = tuple(name for name in names if name != leader)
    clocks = {leader: Clock(0.0, slow)} if slow else {}
    after = simulate(RAFT, plan(clocks), bug=bug)
    assert after.nodes[leader].role == "leader"
    return simulate(
        RAFT,
        plan(
            clocks,
            Partition(2.0, ((leader,), others)),
            ClientCommand(2.6, "c2", {"op": "put", "key": "k", "value": "new"}, others[0]),
            ClientCommand(2.9, "c3", {"op": "get", "key": "k"}, leader),
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
    settings = settings | {"check-quorum": "no"} if settings is INDEX else settings
    result = stranded_leader(settings, bug=bug)
    verdict = check_linearizable(client_history(result), KEY_VALUE)
    assert verdict.verdict == "not linearizable", str(verdict)
    assert "'c3'" in repr([result.calls[at] for at in verdict.blocked]) or verdict.blocked


def test_6_4_1_a_lease_under_clocks_beyond_the_bound_answers_with_what_is_old() -> None:
    # Expected, and why the bound is stated: the leader's clock goes at a tenth of the speed.
    settings = LEASE | {"heartbeat": "0.005", "drift-bound": "0.05"}
    result = stranded_leader(settings, slow=-0.9)
    verdict = check_linearizable(client_history(result), KEY_VALUE)
    assert verdict.verdict == "not linearizable", str(verdict)


def test_6_3_snapshots_without_sessions_let_a_command_happen_twice() -> None:
    settings = {"snapshot": "2", "chunk": "60"}
    caught = []
    for bug in (None, "snapshots-without-sessions"):
        wrong = 0
        for seed in range(1, 301):
            scenario = random_scenario(RAFT, servers(3), seed, settings=settings)
            result = simulate(RAFT, scenario, bug=bug)
            wrong += not check_linearizable(client_history(result), KEY_VALUE).ok
        caught.append(wrong)
    assert caught[0] == 0
    assert caught[1] > 0


def test_every_planted_bug_of_an_option_is_caught_somewhere_here() -> None:
    others = {"lease-for-ever", "snapshots-without-sessions"}
    assert {*CAUGHT, *others} <= PLANTED.keys()
