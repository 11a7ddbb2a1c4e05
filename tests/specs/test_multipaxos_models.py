"""Each claim about Multi-Paxos can fail."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.specs.alter import altered, asking
from toolkit.resources import specs_root
from toolkit.tlc import check, load_manifest
from toolkit.tlc.config import config_sections

MULTIPAXOS = specs_root() / "multipaxos"
MANIFEST = load_manifest()

# A bug that breaks the claim: in which model, what stands in MultiPaxos.tla, what takes its place.
INVARIANTS = {
    "TypeOK": ("multipaxos-both-ask", "        /\\ j <= Len(log[s]) + Alpha\n", ""),
    "Agreement": ("multipaxos-both-ask", "IF j \\in DOMAIN T THEN T[j].val ELSE Noop(b, j)",
                  "Noop(b, j)"),
    "VotesBelowPromise": (
        "multipaxos-both-ask",
        "        /\\ maxBal' = [maxBal EXCEPT ![s] = b]\n        /\\ phase'",
        "        /\\ maxBal' = maxBal\n        /\\ phase'",
    ),
    "OneValuePerBallot": (
        "multipaxos",
        "    1 + MaxOf({Len(log[s])} \\cup DOMAIN early[s] \\cup DOMAIN told[s] "
        "\\cup DOMAIN proposed[s])",
        "    1 + Len(log[s])",
    ),
    "SaidIsDurable": (
        "multipaxos-crash", "durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]",
        "durable' = durable",
    ),
    "ChosenByQuorum": (
        "multipaxos-both-ask", "[j \\in {m.slot} |-> proposed[s][m.slot]]",
        "[j \\in {m.slot} |-> Noop(bal[s], j)]",
    ),
}  # fmt: skip
PROPERTIES = {
    "Monotone": (
        "multipaxos-learning",
        "Knows(s, log[s], Over(early[s], [j \\in news |-> m.vals[j - m.first + 1]]))",
        "Knows(s, <<>>, Over(early[s], [j \\in news |-> m.vals[j - m.first + 1]]))",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    [model.name for model in MANIFEST.models
     if model.spec == "multipaxos/MCMultiPaxos.tla"
     and model.outcome == "success" and not model.liveness],
)  # fmt: skip
def test_the_models_claim_what_the_planted_bugs_break(name: str) -> None:
    sections = config_sections((MULTIPAXOS / f"{name}.cfg").read_text())
    assert set(sections["INVARIANT"]) == set(INVARIANTS)
    # TLC looks at no steps of symmetric states.
    if "SYMMETRY" not in sections:
        assert set(sections["PROPERTY"]) == set(PROPERTIES)


@pytest.mark.slow
@pytest.mark.parametrize("claim", INVARIANTS)
def test_each_invariant_can_fail(claim: str) -> None:
    name, old, new = INVARIANTS[claim]
    result = check(
        altered(asking(name, f"INVARIANT {claim}"), "MultiPaxos", old, new),
        workers=1,
        deadlock=False,
    )
    assert (result.outcome, result.name) == ("invariant", claim), result.message


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROPERTIES)
def test_each_property_of_steps_can_fail(claim: str) -> None:
    name, old, new = PROPERTIES[claim]
    result = check(
        altered(asking(name, f"PROPERTY {claim}"), "MultiPaxos", old, new),
        workers=1,
        deadlock=False,
    )
    assert (result.outcome, result.name) == ("action-property", claim), result.message


@pytest.mark.slow
def test_the_refinement_can_fail() -> None:
    _, old, new = INVARIANTS["Agreement"]
    source = asking("multipaxos-refinement", "PROPERTY EachSlotIsConsensus")
    result = check(altered(source, "MultiPaxos", old, new), workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("refinement", "EachSlotIsConsensus"), result.message


@pytest.mark.slow
@pytest.mark.parametrize("claim", ["EventuallyLeads", "EventuallyLearned"])
def test_without_fairness_nothing_need_ever_happen(claim: str) -> None:
    source = asking("multipaxos-liveness", f"PROPERTY {claim}", spec="MCSpec")
    result = check(source, workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("temporal", claim)
    assert result.counterexamples[0].stuttering


@pytest.mark.slow
def test_the_planted_models_hold_without_their_bug() -> None:
    for name in ("multipaxos-ignores-votes", "multipaxos-replies-early", "multipaxos-at-once"):
        source = asking(name, "INVARIANT Agreement")
        config = re.sub(r"^  (?:Pick|Volatile|ConfigAt) <- \w+\n", "", source.config, flags=re.M)
        assert config != source.config
        result = check(msgspec.structs.replace(source, config=config), workers=1, deadlock=False)
        assert result.outcome == "success", name


@pytest.mark.slow
@pytest.mark.parametrize(
    "claim", ["NeverChosen", "NeverRecovered", "NeverChanged", "NeverInstalled"]
)
def test_random_behaviours_get_as_far_as_what_is_hard_to_reach(claim: str) -> None:
    model = MANIFEST["multipaxos-random"]
    result = check(
        asking("multipaxos-random", f"INVARIANT {claim}"), workers=1, deadlock=False,
        simulate=model.simulate, depth=model.trace_length, seed=model.seed,
    )  # fmt: skip
    assert (result.outcome, result.name) == ("invariant", claim)
