"""Each claim about Zab can fail."""

from __future__ import annotations

import re

import msgspec
import pytest

from tests.specs.alter import altered, asking
from toolkit.resources import specs_root
from toolkit.tlc import check, load_manifest
from toolkit.tlc.config import config_sections

ZAB = specs_root() / "zab"
MANIFEST = load_manifest()

# A bug that breaks the claim: in which model, in which module, what stands there, what takes its
# place.
INVARIANTS = {
    "TypeOK": ("zab", "Zab", "/\\ snapshot[s] <= committed[s]", "/\\ committed[s] < 1"),
    "EpochsInOrder": (
        "zab", "Zab", "        /\\ acceptedEpoch' = [acceptedEpoch EXCEPT ![s] = e]\n",
        "        /\\ UNCHANGED acceptedEpoch\n",
    ),
    "HistoryInOrder": ("zab", "Zab", "Last(s).counter + 1 ELSE 1", "Last(s).counter + 2 ELSE 1"),
    "SameZxidSamePrefix": (
        "zab-figure-1", "Zab",
        "                ELSE SubSeq(history[s], 1, IndexOf(history[s], m.zxid))",
        "                ELSE history[s]",
    ),
    "DeliveredIsDurable": (
        "zab-disk", "Zab", "/\\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]",
        "/\\ durable' = durable",
    ),
    "SaidIsDurable": (
        "zab-disk", "Zab", "/\\ durable' = [durable EXCEPT ![s] = Head(disk[s]).rec]",
        "/\\ durable' = durable",
    ),
    "Integrity": (
        "zab", "Zab", "/\\ broadcast' = broadcast \\cup {t}", "/\\ broadcast' = broadcast",
    ),
    "TotalOrder": (
        "zab", "Zab", "/\\ history' = [history EXCEPT ![s] = Append(@, m.txn)]",
        "/\\ history' = [history EXCEPT ![s] = <<m.txn>>]",
    ),
    "Agreement": (
        "zab", "Zab", "/\\ history' = [history EXCEPT ![s] = Append(@, m.txn)]",
        "/\\ history' = [history EXCEPT ![s] = <<m.txn>>]",
    ),
    "LocalPrimaryOrder": (
        "zab", "Zab", "/\\ history' = [history EXCEPT ![s] = Append(@, m.txn)]",
        "/\\ history' = [history EXCEPT ![s] = <<m.txn>>]",
    ),
    "GlobalPrimaryOrder": (
        "zab", "Zab", "kept \\o m.txns]", "m.txns \\o history[s]]",
    ),
    "PrimaryIntegrity": (
        "zab", "Zab", "leader |-> s, history |-> history[s]]}", "leader |-> s, history |-> <<>>]}",
    ),
}  # fmt: skip
ELECTIONS = {
    "ElectionTypeOK": ("ELSE round[s] + 1\n", "ELSE round[s] - 1\n"),
    "HasHighestVote": ("IF higher THEN m.vote ELSE vote[s], tally", "vote[s], tally"),
    "VotesForward": ("IF higher THEN m.vote ELSE vote[s], tally", "m.vote, tally"),
    "LeaderIsAhead": (
        "    \\/ Behind(w.epoch, w.zxid, v.epoch, v.zxid)\n",
        "    \\/ Rank(v.leader) > Rank(w.leader)\n",
    ),
}


SAFE = [
    model.name
    for model in MANIFEST.models
    if model.spec == "zab/MCZab.tla" and model.outcome == "success"
]


@pytest.mark.parametrize("name", [name for name in SAFE if name != "zab-figure-1"])
def test_the_models_claim_what_the_planted_bugs_break(name: str) -> None:
    sections = config_sections((ZAB / f"{name}.cfg").read_text())
    # The manifest has a model in which the last one fails, and as small as it can be.
    assert set(sections["INVARIANT"]) == {*INVARIANTS, "OneLeaderPerEpoch"}
    assert MANIFEST["zab-counts-twice"].violated == "OneLeaderPerEpoch"


@pytest.mark.slow
@pytest.mark.parametrize("claim", INVARIANTS)
def test_each_invariant_can_fail(claim: str) -> None:
    name, module, old, new = INVARIANTS[claim]
    source = altered(asking(name, f"INVARIANT {claim}"), module, old, new)
    result = check(source, workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("invariant", claim), result.message


@pytest.mark.slow
@pytest.mark.parametrize("claim", ELECTIONS)
def test_each_invariant_of_elections_can_fail(claim: str) -> None:
    old, new = ELECTIONS[claim]
    source = asking("zab-election", f"INVARIANT {claim}")
    result = check(
        altered(source, "FastLeaderElection", old, new), workers=1, deadlock=False, short=True
    )
    assert (result.outcome, result.name) == ("invariant", claim), result.message


@pytest.mark.slow
def test_what_no_step_may_do_can_be_done() -> None:
    source = altered(
        asking("zab-2", "PROPERTY Monotone"), "Zab",
        "![s] = Max(@, IndexOf(history[s], m.zxid))]\n    /\\ UNCHANGED <<durVars, mode",
        "![s] = 0]\n    /\\ UNCHANGED <<durVars, mode",
    )  # fmt: skip
    result = check(source, workers=1, deadlock=False)
    assert (result.outcome, result.name) == ("action-property", "Monotone"), result.message


@pytest.mark.slow
@pytest.mark.parametrize("name", ["zab-leads-behind", "zab-cuts-nothing"])
def test_the_planted_models_hold_without_their_bug(name: str) -> None:
    model = MANIFEST[name]
    source = asking(name, f"INVARIANT {model.violated}")
    config = re.sub(r"^  (?:IsAhead|Synchronize) <- \w+\n", "", source.config, flags=re.M)
    assert config != source.config
    config = config.replace("INVARIANT", "SYMMETRY Symmetry\nINVARIANT")
    result = check(msgspec.structs.replace(source, config=config), workers=1, deadlock=False)
    assert result.outcome == "success", name
