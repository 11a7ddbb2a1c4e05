"""Every model of the manifest shows what it is said to show, and each claim can fail."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from tests.specs.alter import altered, asking
from toolkit.errors import SpecError
from toolkit.protocols import get_protocol
from toolkit.resources import specs_root
from toolkit.tlc import (
    CheckResult,
    Counterexample,
    Model,
    TraceState,
    compare,
    load_manifest,
    run_model,
)
from toolkit.tlc.checker import check
from toolkit.tlc.result import action_name

MANIFEST = load_manifest()
MODELS = MANIFEST.models
PAXOS = specs_root() / "paxos"
TEMPORAL = ("EventuallyChosen", "EventuallyLearned", "EventuallyDone")
PROTOCOLS = {"paxos": "Paxos", "raft": "Raft", "multipaxos": "MultiPaxos", "zab": "Zab"}
"""Folder of a specification, which is the protocol's name, to its module."""

ORACLE = {"Lead", "FollowLeader"}
"""What stands for elections in Zab.tla."""


def protocol_of(model: Model) -> str:
    return model.spec.partition("/")[0]


def config(model: Model) -> str:
    return (MANIFEST.path.parent / model.config).read_text(encoding="utf-8")


def by_name(model: Model) -> str:
    return model.name


def test_every_configuration_belongs_to_one_model() -> None:
    named = [model.config for model in MODELS]
    there = {
        f"{folder}/{path.name}"
        for folder, module in PROTOCOLS.items()
        for path in (specs_root() / folder).glob("*.cfg")
        if path.stem != f"{module}Trace"
    }
    assert sorted(named) == sorted(there)


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_the_manifest_says_what_the_configuration_does(model: Model) -> None:
    text = config(model)
    assert model.symmetry == ("SYMMETRY" in text)
    assert model.liveness == ("Eventually" in text)


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_every_model_pins_what_can_be_pinned_and_says_what_it_leaves_out(model: Model) -> None:
    assert model.leaves_out
    if model.outcome == "success":
        assert model.violated is None
        if model.simulate is not None:
            assert None not in (model.seed, model.trace_length)
            return
        assert model.distinct
        assert model.depth
    else:
        assert model.violated
        assert model.violated in config(model)
        assert model.length
    assert model.workers == 1


def test_no_model_mixes_symmetry_and_liveness() -> None:
    assert not [model.name for model in MODELS if model.symmetry and model.liveness]


def test_a_manifest_that_mixes_them_is_refused(tmp_path: Path) -> None:
    (tmp_path / "A.tla").touch()
    (tmp_path / "A.cfg").touch()
    text = """
        [[model]]
        name = "a"
        title = "A"
        spec = "A.tla"
        config = "A.cfg"
        outcome = "success"
        size = "small"
        deadlock = false
        leaves_out = "All."
        symmetry = true
        """
    file = tmp_path / "manifest.toml"
    file.write_text(text)
    assert len(load_manifest(file).models) == 1
    file.write_text(text + "liveness = true")
    with pytest.raises(SpecError, match="symmetry with liveness"):
        load_manifest(file)


def test_models_of_one_question_differ_in_symmetry_alone() -> None:
    def constants(name: str) -> str:
        text = re.sub(r"\\\*.*", "", config(MANIFEST[name]))
        return text.replace("SYMMETRY Symmetry\n", "")

    for name in ("paxos", "paxos-2-ballots"):
        assert constants(name) == constants(f"{name}-no-symmetry")
        assert MANIFEST[name].outcome == MANIFEST[f"{name}-no-symmetry"].outcome


@pytest.mark.parametrize(
    ("protocol", "module", "operator"),
    [
        (protocol, f"{kind}{module}", operator)
        for protocol, module in PROTOCOLS.items()
        for kind, operator in (("", "Steps"), ("", "Crashes"), ("MC", "MCSteps"))
    ],
)
def test_every_step_has_a_form_that_names_its_action(
    protocol: str, module: str, operator: str
) -> None:
    text = (specs_root() / protocol / f"{module}.tla").read_text(encoding="utf-8")
    _, _, rest = text.partition(f"\n{operator} ==\n")
    disjuncts = [line.removeprefix("    \\/ ") for line in rest.split("\n\n")[0].splitlines()]
    names = [action_name(line) for line in disjuncts]
    assert names
    assert len(set(names)) == len(names)
    assert set(names) <= set(get_protocol(protocol).specification.actions)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_specification_has_the_actions_of_the_implementation(protocol: str) -> None:
    modules = {PROTOCOLS[protocol], get_protocol(protocol).specification.module}
    texts = [(specs_root() / protocol / f"{name}.tla").read_text("utf-8") for name in modules]
    blocks = [
        block
        for text in texts
        for block in re.findall(r"^(?:Election)?(?:Steps|Crashes) ==\n(.*?)\n\n", text, re.M | re.S)
    ]
    lines = [line for block in blocks for line in block.splitlines()]
    named = {action_name(line.strip().removeprefix("\\/ ")) for line in lines}
    # What a crash leaves of elections is said by an action around Crash.
    assert named - {None, "LoseAll"} == set(get_protocol(protocol).specification.actions)


def result_of(model: Model) -> CheckResult:
    """A result such as the manifest expects."""
    found = ()
    if model.outcome != "success":
        states = tuple(TraceState(n, None, None, {}) for n in range(1, (model.length or 0) + 1))
        found = (
            Counterexample(kind=model.outcome, name=model.violated, message="", states=states),
        )
    return CheckResult(
        outcome=model.outcome, name=model.violated, message="", location=None, generated=0,
        distinct=model.distinct, left_on_queue=0, depth=model.depth, complete=True, duration=0.0,
        counterexamples=found, prints="", warnings=(), log="", log_cut=False, exit_status=0,
        tlc_version="", java_version="", command=(), workers=1, fingerprint=0, seed=None,
    )  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=by_name)
def test_every_pinned_answer_that_is_wrong_is_noticed(model: Model) -> None:
    result = result_of(model)
    assert compare(model, result) == []
    wrong = {
        "outcome": "deadlock",
        "violated": "Another",
        "distinct": (model.distinct or 0) + 1,
        "depth": (model.depth or 0) + 1,
        "length": (model.length or 0) + 1,
    }
    for field, value in wrong.items():
        pinned = getattr(model, field) is not None
        if pinned:
            altered = msgspec.structs.replace(model, **{field: value})
            differences = compare(altered, result)
            assert len(differences) == 1
            assert str(value) in differences[0]


@pytest.mark.slow
@pytest.mark.parametrize("model", [m for m in MODELS if m.size != "long"], ids=by_name)
def test_the_model_shows_what_the_manifest_says(model: Model) -> None:
    result = run_model(MANIFEST, model)
    assert compare(model, result) == []
    assert result.complete == (model.outcome == "success" and model.simulate is None)
    steps = {state.action for state in result.trace[1:]}
    assert steps <= set(get_protocol(protocol_of(model)).specification.actions) | ORACLE


@pytest.mark.slow
def test_a_wrong_number_is_noticed_in_a_run() -> None:
    model = MANIFEST["paxos-2-ballots"]
    assert model.distinct is not None
    wrong = msgspec.structs.replace(model, distinct=model.distinct - 1)
    assert compare(wrong, run_model(MANIFEST, wrong)) == [
        f"distinct states: expected {model.distinct - 1}, found {model.distinct}"
    ]


# A bug that breaks the claim: in which model, what stands in Paxos.tla, what takes its place.
BUGS = {
    "TypeOK": (
        "paxos-2-ballots",
        "/\\ pVal' = [pVal EXCEPT ![p] = v]\n        /\\ promises'",
        "/\\ pVal' = [pVal EXCEPT ![p] = p]\n        /\\ promises'",
    ),
    "Agreement": (
        "paxos-2-ballots",
        "IN  IF accepted = {} THEN want[p]",
        "IN  IF TRUE THEN want[p]",
    ),
    "Validity": ("paxos-2-ballots", "requested' = requested \\cup {v}", "requested' = requested"),
    "LearnedIsChosen": ("paxos-learner", "{m \\in S : m.bal = b}", "S"),
    "OneValuePerBallot": (
        "paxos-2-ballots",
        "Emit(p, {M2a(pBal[p], v)})",
        "Emit(p, {M2a(pBal[p], w) : w \\in Values})",
    ),
    "AcceptorConsistent": (
        "paxos-2-ballots",
        "maxVal' = [maxVal EXCEPT ![a] = m.val]",
        "maxVal' = maxVal",
    ),
    "SaidIsDurable": (
        "paxos-crash",
        "durable' = [durable EXCEPT ![n] = Head(disk[n]).rec]",
        "durable' = durable",
    ),
    "PromiseKept": (
        "paxos-2-ballots",
        '/\\ m.type = "2a"\n    /\\ m.bal >= maxBal[a]',
        '/\\ m.type = "2a"',
    ),
}


@pytest.mark.parametrize("name", ["paxos", "paxos-flexible", "paxos-learner", "paxos-crash"])
def test_the_models_claim_what_the_planted_bugs_break(name: str) -> None:
    claimed = re.search(r"^INVARIANTS\n((?:  \w+\n)+)", config(MANIFEST[name]), flags=re.M)
    assert claimed is not None
    assert set(claimed[1].split()) == set(BUGS)


@pytest.mark.slow
@pytest.mark.parametrize("claim", BUGS)
def test_each_invariant_can_fail(claim: str) -> None:
    name, old, new = BUGS[claim]
    source = asking(name, f"INVARIANT {claim}")
    result = check(altered(source, "Paxos", old, new), workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("invariant", claim)


@pytest.mark.slow
def test_the_refinement_can_fail() -> None:
    _, old, new = BUGS["Agreement"]
    source = asking("paxos-refinement", "PROPERTY Refinement")
    result = check(altered(source, "Paxos", old, new), workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("refinement", "Refinement")


@pytest.mark.slow
@pytest.mark.parametrize("claim", TEMPORAL)
def test_without_fairness_nothing_need_ever_happen(claim: str) -> None:
    source = asking("paxos-liveness", f"PROPERTY {claim}", spec="MCSpec")
    result = check(source, workers=1, deadlock=False, short=True)
    assert (result.outcome, result.name) == ("temporal", claim)
    assert result.counterexamples[0].stuttering


@pytest.mark.slow
@pytest.mark.parametrize(
    ("claim", "action"),
    [
        ("EventuallyChosen", "Phase2b(a, m)"),
        ("EventuallyLearned", "Learn(l, m)"),
        ("EventuallyDone", "Chosen(n, m)"),
    ],
)
def test_progress_needs_each_step_that_leads_to_it(claim: str, action: str) -> None:
    source = asking("paxos-liveness", f"PROPERTY {claim}")
    text = source.modules["MCPaxos"]
    fair, steps = text.split("Fairness ==")[1], text.split("MCSteps ==")[1]
    assert action in fair
    assert action in steps
    unfair = re.sub(rf"WF_vars\(\\E m \\in msgs : [^:]*{re.escape(action)}\)", "TRUE", text)
    assert unfair != text
    source = msgspec.structs.replace(
        source,
        modules={**source.modules, "MCPaxos": unfair},
        config=source.config.replace("{v1, v2}", "{v1}"),
    )
    result = check(source, workers=1, deadlock=False)
    assert (result.outcome, result.name) == ("temporal", claim)


def test_figures_that_depend_on_the_number_of_workers_are_not_compared_with_others() -> None:
    model = next(one for one in MANIFEST.models if one.workers == 1 and one.length)
    result = run_model(MANIFEST, model)
    altered = msgspec.structs.replace(model, length=(model.length or 0) + 1)
    assert compare(altered, result)
    assert not compare(altered, msgspec.structs.replace(result, workers=2))
    other = msgspec.structs.replace(model, outcome="success")
    assert compare(other, msgspec.structs.replace(result, workers=2))
