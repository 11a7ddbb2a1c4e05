"""Each claim about Raft can fail."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.specs.alter import altered, asking
from toolkit.resources import specs_root
from toolkit.tlc import check, load_manifest, load_spec
from toolkit.tlc.config import config_sections

RAFT = specs_root() / "raft"
MANIFEST = load_manifest()

# A bug that breaks the claim: in which model, what stands in Raft.tla, what takes its place.
INVARIANTS = {
    "TypeOK": ("raft-split-votes", "Max(@, Min(m.leaderCommit, last))", "last + 1"),
    "ElectionSafety": (
        "raft-split-votes", "votedFor[s] \\in {None, m.cand}", "votedFor[s] # s",
    ),
    "VotesOnce": ("raft-split-votes", "votedFor[s] \\in {None, m.cand}", "votedFor[s] # s"),
    "LogMatching": (
        "raft-2-elections",
        "    /\\ TermAt(log[s], m.prevLogIndex) = m.prevLogTerm\n", "",
    ),
    "StateMachineSafety": (
        "raft-2-elections",
        "    /\\ IsQuorumOf(ConfigOf(L), {s} \\cup {p \\in Others(s) : match[p] >= i})\n",
        "",
    ),
    "LeaderCompleteness": (
        "raft-2-elections", "    \\/ lastTerm > LastTerm(L)\n", "    \\/ TRUE\n",
    ),
    "CommittedIsDurable": (
        "raft-2-elections",
        "    /\\ IsQuorumOf(ConfigOf(L), {s} \\cup {p \\in Others(s) : match[p] >= i})\n",
        "",
    ),
    "SaidIsDurable": (
        "raft-crash", "durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]", "durable' = durable",
    ),
}  # fmt: skip
PROPERTIES = {
    "LeaderAppendOnly": (
        "raft-2-elections", "    LET L == Append(log[s], entry)\n", "    LET L == <<entry>>\n",
    ),
    "ReadsAreFresh": (
        "raft-reads", "        /\\ KnowsCommitted(s)\n        /\\ round' =", "        /\\ round' =",
    ),
    "Monotone": (
        "raft-2-elections", "Max(@, Min(m.leaderCommit, last))", "Min(m.leaderCommit, last)",
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["raft-1-election", "raft-split-votes", "raft-2-elections", "raft-3-elections",
     "raft-late-requests", "raft-way-back", "raft-crash", "raft-5-servers", "raft-pre-vote",
     "raft-handing-over", "raft-reads", "raft-snapshots", "raft-joint", "raft-random"],
)  # fmt: skip
def test_the_models_claim_what_the_planted_bugs_break(name: str) -> None:
    sections = config_sections((RAFT / f"{name}.cfg").read_text())
    assert set(sections["INVARIANT"]) == set(INVARIANTS)
    properties = {claim for claim, (model, _, _) in PROPERTIES.items() if model == name}
    assert properties <= set(sections.get("PROPERTY", ()))


@pytest.mark.slow
@pytest.mark.parametrize("claim", INVARIANTS)
def test_each_invariant_can_fail(claim: str) -> None:
    name, old, new = INVARIANTS[claim]
    result = check(
        altered(asking(name, f"INVARIANT {claim}"), "Raft", old, new),
        workers=1,
        deadlock=False,
        short=True,
    )
    assert (result.outcome, result.name) == ("invariant", claim), result.message


@pytest.mark.slow
@pytest.mark.parametrize("claim", PROPERTIES)
def test_each_property_of_steps_can_fail(claim: str) -> None:
    name, old, new = PROPERTIES[claim]
    result = check(
        altered(asking(name, f"PROPERTY {claim}"), "Raft", old, new),
        workers=1,
        deadlock=False,
        short=True,
    )
    assert (result.outcome, result.name) == ("action-property", claim), result.message


@pytest.mark.slow
@pytest.mark.parametrize("claim", ["EventuallyLeads", "EventuallyCommitted"])
def test_without_fairness_nothing_need_ever_happen(claim: str) -> None:
    source = asking("raft-liveness", f"PROPERTY {claim}", spec="MCSpec")
    result = check(source, workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("temporal", claim)
    assert result.counterexamples[0].stuttering


@pytest.mark.slow
def test_the_planted_models_hold_without_their_bug() -> None:
    # But for by-counting, whose four terms are too many to exhaust: there the situation comes
    # about (raft-can-figure-8), and the rule of section 5.4.2 is what the bug takes away.
    for name in ("raft-old-logs", "raft-forgets-vote", "raft-cuts-off"):
        source = load_spec(RAFT / "MCRaft.tla", RAFT / f"{name}.cfg")
        config = re.sub(r"^  (?:UpToDate|Volatile|Merged) <- \w+\n", "", source.config, flags=re.M)
        assert config != source.config
        result = check(msgspec.structs.replace(source, config=config), workers=1, deadlock=False)
        assert result.outcome == "success", name


@pytest.mark.slow
@pytest.mark.parametrize(
    "claim", ["NeverCommitted", "NeverTwoLeaders", "NeverFigure8", "NeverInstalled"]
)
def test_random_behaviours_get_as_far_as_what_is_hard_to_reach(claim: str) -> None:
    source = load_spec(RAFT / "MCRaft.tla", RAFT / "raft-random.cfg")
    head = re.split(r"^INVARIANTS\b", source.config, flags=re.M)[0]
    source = msgspec.structs.replace(source, config=f"{head}INVARIANT {claim}\n")
    model = MANIFEST["raft-random"]
    result = check(
        source, workers=1, deadlock=False, simulate=model.simulate, depth=model.trace_length,
        seed=model.seed,
    )  # fmt: skip
    assert (result.outcome, result.name) == ("invariant", claim)
