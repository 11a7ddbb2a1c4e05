"""Invariants are skipped only where a step cannot have changed them."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.ring_protocol import RING
from toolkit.conformance import Broken, validate, validation
from toolkit.conformance.alteration import alter
from toolkit.conformance.claims import claims_module
from toolkit.conformance.tracespec import GENERATED, TraceSpec
from toolkit.protocols import get_protocol, register, unregister
from toolkit.protocols.specification import Specification
from toolkit.sim import simulate_runs
from toolkit.tlc import SpecSource
from toolkit.trace import MemorySink, Trace, read_traces

FOLDER = Path(__file__).parent / "vault"
PROTOCOLS = ("multipaxos", "paxos", "raft", "zab")
VAULT = Specification(
    name="vault",
    folder=FOLDER,
    module="Vault",
    trace_module="VaultTrace",
    actions=(*("Chain", "Local", "Passed", "Inner", "Domain", "Limit", "Extra", "Tell", "Vow"),),
    trace_variables=("chain",),
    invariants=(
        *("ThroughChain", "ThroughLet", "ThroughArgument", "ThroughInstance", "ThroughFunction"),
        *("EachMessage", "Pairs", "Counted", "Whole", "Conjuncts"),
    ),
)

Steps = list[tuple[str, str, int]]

QUIET: Steps = [("Chain", "a", 1), ("Vow", "b", 2), ("Local", "b", 1), ("Tell", "a", 1)]
PLANTED: dict[str, tuple[Steps, set[str]]] = {
    "a chain of definitions": ([("Chain", "b", 3)], {"ThroughChain"}),
    "LET": ([("Local", "a", 3)], {"ThroughLet"}),
    "an operator as argument": ([("Passed", "b", 4)], {"ThroughArgument"}),
    "INSTANCE": ([("Inner", "a", 5)], {"ThroughInstance"}),
    "a function in LET": ([("Domain", "a", 3)], {"ThroughFunction"}),
    "a new message": ([("Tell", "b", 3)], {"EachMessage"}),
    "a limit below an old message": ([("Limit", "b", 1)], {"EachMessage"}),
    "a message above an old limit": ([("Limit", "a", 2), ("Vow", "a", 8)], {"EachMessage"}),
    "two messages of one node": ([("Vow", "b", 1)], {"Pairs"}),
    "the first conjunct": ([("Extra", "a", 3)], {"Conjuncts"}),
    "the last conjunct": ([("Limit", "a", 0)], {"Conjuncts", "EachMessage"}),
    "the number of messages": (
        [("Tell", "b", 0), ("Tell", "b", 1), ("Tell", "b", 2)],
        {"Whole", "Counted"},
    ),
    "a filter that lets more through": (
        [("Extra", "a", 2), *(("Tell", "b", v) for v in range(3)), ("Extra", "a", 0)],
        {"Whole", "Counted"},
    ),
}  # fmt: skip


def vault_trace(name: str, steps: Steps, folder: Path, *, less: bool) -> Trace:
    lines: list[dict[str, Any]] = [
        {
            "kind": "header", "schema": 1, "protocol": "vault", "trace": name,
            "nodes": ["a", "b"], "constants": {"K": 1}, "observed": [], "initial": {},
        }
    ]  # fmt: skip
    for index, (action, node, v) in enumerate(steps):
        kind = {"Tell": "tell", "Vow": "vow"}.get(action)
        sent = [{"message": {"type": kind, "from": node, "val": v}, "to": "a"}] if kind else []
        lines.append(
            {
                "kind": "step", "index": index, "time": index * 1.0, "node": node,
                "action": action, "params": {"v": v}, **({} if less else {"sent": sent}),
            }
        )  # fmt: skip
    lines.append({"kind": "end", "reason": "done", "steps": len(steps), "time": 99.0})
    path = folder / f"{len(list(folder.iterdir()))}.ndjson"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    (trace,) = read_traces(path)
    return trace


def everything(traces: list[Trace], monkeypatch: pytest.MonkeyPatch) -> tuple[Any, Any]:
    """Return the verdicts with skipping and without."""
    lean = validate(traces, workers=1)
    monkeypatch.setattr(validation, "INCREMENTAL", False)
    full = validate(traces, workers=1)
    assert lean.runs == full.runs
    return lean.verdicts, full.verdicts


@pytest.mark.slow
@pytest.mark.parametrize("less", [False, True], ids=["with messages", "without messages"])
def test_a_skipped_invariant_hides_no_violation_however_it_reads(
    less: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(replace(RING, specification=VAULT))
    try:
        traces = [
            vault_trace(name, [*QUIET, *steps, *QUIET], tmp_path, less=less)
            for name, (steps, _) in PLANTED.items()
        ]
        traces.append(vault_trace("quiet", [*QUIET, *QUIET], tmp_path, less=less))
        lean, full = everything(traces, monkeypatch)
        one_by_one = [validate([trace], workers=1).verdicts[0] for trace in traces[:2]]
    finally:
        unregister("vault")
    assert lean == full
    assert [verdict.broken for verdict in one_by_one] == [verdict.broken for verdict in full[:2]]
    for verdict, (steps, names) in zip(lean, PLANTED.values(), strict=False):
        assert verdict.status == "violates", verdict
        assert {one.invariant for one in verdict.broken} == names, verdict.trace
        assert max(one.step for one in verdict.broken) <= len(QUIET) + len(steps)
        assert min(one.step for one in verdict.broken) > len(QUIET)
    assert lean[0].broken[0] == Broken("ThroughChain", 5)
    assert lean[-1].status == "accepted"


@pytest.mark.slow
def test_an_evaluation_that_fails_behind_a_false_conjunct_gives_the_same_verdict(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Conjuncts's second part has no value once extra is 3 and its first part is false.
    register(replace(RING, specification=VAULT))
    try:
        steps: Steps = [("Extra", "a", 3), ("Limit", "a", 5), ("Extra", "a", 0)]
        trace = vault_trace("fails", [*QUIET, *steps], tmp_path, less=False)
        lean = validate([trace], workers=1)
        monkeypatch.setattr(validation, "INCREMENTAL", False)
        full = validate([trace], workers=1)
    finally:
        unregister("vault")
    assert lean.verdicts == full.verdicts
    assert lean.verdicts[0].broken == (Broken("Conjuncts", 5),)
    # It was evaluated once more, as a whole.
    assert lean.runs == full.runs + 1


@pytest.mark.slow
@pytest.mark.parametrize("name", PROTOCOLS)
def test_random_altered_and_buggy_runs_have_the_same_verdicts_without_skipping(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    protocol = get_protocol(name)
    rng = random.Random(name)
    sink = MemorySink()
    simulate_runs(protocol, runs=6, seed=5, nodes=3, bug=None, sink=sink)
    traces = [*sink.traces, *(alter(rng.choice(sink.traces), rng)[0] for _ in range(6))]
    for bug in list(protocol.bugs)[:6]:
        found = MemorySink()
        simulate_runs(protocol, runs=2, seed=1, nodes=3, bug=bug, sink=found)
        traces += found.traces
    lean, full = everything(traces, monkeypatch)
    assert lean == full
    statuses = {verdict.status for verdict in lean}
    assert {"accepted", "diverged"} <= statuses


def module(name: str, claims: tuple[str, ...]) -> str:
    specification = VAULT if name == "vault" else get_protocol(name).specification
    data = (
        f"---- MODULE TraceData ----\nEXTENDS {specification.module}, TraceCodes, Integers, "
        "Sequences, FiniteSets, TLC\n===="
    )
    source = TraceSpec(specification).source(data, claims_module(GENERATED, claims, None), "")
    return claims_module(GENERATED, claims, SpecSource(GENERATED, source.modules, source.config))


def test_a_claim_of_each_message_is_evaluated_for_new_messages() -> None:
    text = module("vault", ("EachMessage",))
    assert "ELSE (\\A traceNew \\in claimsDue.new : TraceClaim1Part1Of(traceNew))" in text
    assert "claimsDue.limit_changed" in text
    assert "limit_changed |-> limit' # limit" in text


def test_a_claim_through_a_filter_waits_for_a_message_that_passes_it() -> None:
    text = module("vault", ("Pairs",))
    assert "(\\E traceNew \\in claimsDue.new : TraceGuard1(traceNew))" in text
    assert "TraceGuard" not in module("vault", ("Counted",))
    assert "claimsDue.new # {}" in module("vault", ("Whole",))


def test_conjuncts_are_evaluated_each_for_what_it_reads() -> None:
    text = module("vault", ("Conjuncts",))
    assert "TraceClaim1Part3" in text
    assert "TraceClaim1Part4" not in text
    assert (
        "(IF claimsDue.first \\/ claimsDue.limit_changed THEN TraceClaim1Part3 ELSE TRUE)" in text
    )


def test_a_claim_that_no_module_defines_is_always_evaluated() -> None:
    assert '    /\\ (Missing) \\/ PrintT(<<"broken"' in module("vault", ("Missing",))


@pytest.mark.parametrize("name", PROTOCOLS)
def test_every_protocol_has_claims_that_few_steps_can_change(name: str) -> None:
    specification = get_protocol(name).specification
    text = module(name, specification.invariants)
    claims = text[text.index("Claims ==") :].splitlines()[1:-1]
    assert len(claims) == len(specification.invariants)
    assert all("claimsDue.first" in line for line in claims)
