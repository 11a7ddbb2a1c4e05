"""A specification by itself is enough to validate traces: no node class, nothing registered."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from toolkit.conformance import follow, validate
from toolkit.conformance.tracespec import GENERATED, TraceSpec, trace_module
from toolkit.errors import SpecError, TraceError, UnknownNameError
from toolkit.protocols import get_protocol, protocol_names
from toolkit.protocols.specification import Specification
from toolkit.trace import Header, Step, Trace, read_traces
from toolkit.trace.model import SCHEMA_VERSION
from toolkit.values import canonical

HERE = Path(__file__).parent / "commit"
AT_MANAGER = dict.fromkeys(("TMCommit", "TMAbort", "TMRcvPrepared"), '"tm"')
COMMIT = Specification(name="commit", folder=HERE, module="TwoPhase", node_of=AT_MANAGER)
TRACES = {trace.header.trace: trace for trace in read_traces(HERE / "commit.ndjson")}


def small(tmp_path: Path, text: str, name: str = "Small", **known: Any) -> Specification:
    (tmp_path / f"{name}.tla").write_text(f"---- MODULE {name} ----\n{text}\n====\n", "utf-8")
    return Specification(name="small", folder=tmp_path, module=name, **known)


def trace_of(*steps: dict[str, Any], nodes: tuple[str, ...] = ("a", "b"), **header: Any) -> Trace:
    return Trace(
        header=Header(
            schema=SCHEMA_VERSION, protocol="small", trace="t", nodes=nodes,
            **{"constants": {"Node": {"#set": list(nodes)}}, **header},
        ),
        records=[Step(index=at, time=float(at), **step) for at, step in enumerate(steps)],
    )  # fmt: skip


COUNTING = """EXTENDS Integers
CONSTANT Node
VARIABLE x
Init == x = [n \\in Node |-> 0]
Up(n, k) == x' = [x EXCEPT ![n] = @ + k]
Next == \\E n \\in Node, k \\in Nat : Up(n, k)
"""


def test_the_script_for_two_phase_commit_has_at_most_15_lines() -> None:
    lines = (HERE / "validate.py").read_text("utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 15
    assert "commit" not in protocol_names()


def test_the_how_to_shows_the_script_as_it_is(checkout: Path) -> None:
    text = (checkout / "docs" / "validate-your-own-system.md").read_text("utf-8")
    shown = text.partition("```python\n")[2].partition("```")[0]
    assert shown == (HERE / "validate.py").read_text("utf-8")


@pytest.mark.slow
def test_the_script_for_two_phase_commit_gives_the_verdicts() -> None:
    done = subprocess.run(
        [sys.executable, str(HERE / "validate.py")], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == [
        "commits accepted",
        "aborts accepted",
        "too-early diverged",
        "alone diverged",
        "states-only accepted",
    ]


def test_actions_variables_constants_and_invariants_are_read_from_the_text() -> None:
    spec = TraceSpec(COMMIT)
    assert spec.actions == (
        "TMCommit", "TMAbort", "TMRcvPrepared", "RMPrepare", "RMChooseToAbort",
        "RMRcvCommitMsg", "RMRcvAbortMsg",
    )  # fmt: skip
    assert spec.trace_variables == ("rmState", "tmState", "tmPrepared", "up")
    assert spec.global_variables == {"tmState", "tmPrepared"}
    assert spec.required == ("RM",)
    assert spec.invariants == ("TPTypeOK", "TCConsistent")
    assert spec.unplaced == {}


def test_an_action_that_the_text_places_at_no_node_is_reported_as_such() -> None:
    assert set(TraceSpec(replace(COMMIT, node_of={})).unplaced) == set(AT_MANAGER)


def test_the_generated_module_names_the_line_that_each_action_comes_from() -> None:
    text = (HERE / "TwoPhase.tla").read_text("utf-8").splitlines()
    module = trace_module(COMMIT)
    (line,) = [one for one in module.splitlines() if '"RMPrepare"' in one]
    number = int(line.rpartition(" ")[2])
    assert "RMPrepare(r)" in text[number - 1]
    assert r"\E r \in Who(e, RM) : RMPrepare(r)" in module
    assert r'\E r \in Param(e, "r", RM) : IsAt(e, "tm") /\ TMRcvPrepared(r)' in module


@pytest.mark.slow
def test_a_commit_that_came_too_early_is_explained_in_the_specifications_own_state() -> None:
    report = validate([TRACES["too-early"], TRACES["alone"]], specification=COMMIT)
    early, alone = (verdict.divergence for verdict in report.verdicts)
    assert early is not None
    assert early.before is not None
    assert early.nearest is not None
    assert (early.step, early.before["tmPrepared"]) == (5, {"#set": ["r1", "r2"]})
    assert early.allowed == ("TMAbort(tm)", "TMRcvPrepared(tm)")
    shown = {one.variable: (one.spec, one.recorded) for one in early.nearest.differences}
    # A variable of no node is compared as well, and its cell is not taken from the record.
    assert shown["tmState"] == ("aborted", "committed")
    assert alone is not None
    assert (alone.step, alone.record and alone.record.node) == (2, "r1")


@pytest.mark.slow
def test_a_trace_is_followed_with_the_specification_alone() -> None:
    replay = follow(TRACES["commits"], specification=COMMIT)
    assert len(replay.states) == len(TRACES["commits"].steps) + 1
    assert replay.verdict.status == "accepted"
    assert replay.states[-1]["rmState"] == {f"r{i}": "committed" for i in (1, 2, 3)}


@pytest.mark.slow
def test_constants_of_all_traces_may_be_given_once_as_python_values() -> None:
    trace = TRACES["commits"]
    bare = Trace(header=replaced(trace.header, constants={}), records=trace.records)
    lacking, wrong = (
        validate([one], specification=COMMIT).verdicts[0]
        for one in (bare, Trace(
            header=replaced(trace.header, constants={"RM": ["r1"]}), records=trace.records))
    )  # fmt: skip
    assert lacking.status == wrong.status == "not checkable"
    assert "the header's constants lack RM" in str(lacking.reason)
    assert "the header's constant RM" in str(wrong.reason)
    given = replace(COMMIT, constants={"RM": {"r1", "r2", "r3"}})
    assert validate([bare], specification=given).ok


def replaced(header: Header, **changes: Any) -> Header:
    import msgspec

    return msgspec.structs.replace(header, **changes)


@pytest.mark.slow
def test_null_is_the_constant_that_the_specification_says_or_is_refused(tmp_path: Path) -> None:
    text = """CONSTANTS Node, Nil
VARIABLE owner
Init == owner = [n \\in Node |-> Nil]
Take(n) == owner[n] = Nil /\\ owner' = [owner EXCEPT ![n] = n]
Drop(n) == owner[n] # Nil /\\ owner' = [owner EXCEPT ![n] = Nil]
Next == \\E n \\in Node : Take(n) \\/ Drop(n)"""
    spec = small(tmp_path, text, null="Nil")
    trace = trace_of(
        {"node": "a", "action": "Take", "state": {"owner": "a"}},
        {"node": "a", "action": "Drop", "state": {"owner": None}},
    )
    assert validate([trace], specification=spec).ok
    (verdict,) = validate(
        [trace], specification=replace(spec, null="None", constants={"Nil": "-"})
    ).verdicts
    assert verdict.status == "not checkable"
    assert "has no constant None" in str(verdict.reason)


@pytest.mark.slow
def test_a_specification_may_use_any_name_that_the_trace_modules_use(tmp_path: Path) -> None:
    text = """EXTENDS Integers
CONSTANTS Value, Node
VARIABLES e, Row, pos
Init == e = [n \\in Node |-> 0] /\\ Row = 0 /\\ pos = 0
Is(n, row) == e' = [e EXCEPT ![n] = row] /\\ Row' = Row + 1 /\\ UNCHANGED pos
Next == \\E old \\in Node : \\E name \\in Value : Is(old, name)
Accepted == pos = 0 /\\ Row >= 0"""
    spec = small(tmp_path, text, constants={"Value": {1, 2}}, invariants=("Accepted",))
    good = trace_of(
        {"node": "a", "action": "Is", "params": {"name": 2}, "state": {"e": 2, "Row": 1}},
        {"node": "b", "action": "Is", "state": {"e": 1}},
    )
    bad = trace_of({"node": "a", "action": "Is", "state": {"e": 3}})
    report = validate([good, bad], specification=spec)
    assert [one.status for one in report.verdicts] == ["accepted", "diverged"]


@pytest.mark.slow
def test_a_parameter_without_bounds_is_recorded_or_tried_up_to_the_largest_number(
    tmp_path: Path,
) -> None:
    spec = small(tmp_path, COUNTING)
    told = trace_of({"node": "a", "action": "Up", "params": {"k": 7}, "state": {"x": 7}})
    found = trace_of({"node": "a", "action": "Up", "state": {"x": 5}})
    wrong = trace_of({"node": "a", "action": "Up", "params": {"k": 2}, "state": {"x": 3}})
    report = validate([told, found, wrong], specification=spec)
    assert [one.status for one in report.verdicts] == ["accepted", "accepted", "diverged"]


@pytest.mark.slow
def test_hooks_replace_what_is_generated_and_show_what_is_no_variable(tmp_path: Path) -> None:
    (tmp_path / "Hooks.tla").write_text(
        """---- MODULE Hooks ----
EXTENDS Trace
Param_k(e) == {Value(e, 2) = "a", FALSE} \\cap {}
Shown_x(n) == [half |-> x[n] \\div 2]
Shown_even(n) == x[n] % 2 = 0
Handle_Up(e) == \\E n \\in Who(e, Node) : Up(n, 4)
====
""",
        "utf-8",
    )
    spec = small(tmp_path, COUNTING, trace_module="Hooks")
    good = trace_of({"node": "a", "action": "Up", "state": {"x": {"half": 2}, "even": True}})
    bad = trace_of({"node": "a", "action": "Up", "state": {"even": False}})
    report = validate([good, bad], specification=spec)
    assert [one.status for one in report.verdicts] == ["accepted", "diverged"]


@pytest.mark.parametrize(
    ("hook", "said"),
    [
        ("Param_kk(e) == {}", "Hooks.tla, line 3: Param_kk is defined, but .*Param_k?"),
        ("Taken_y(e, n) == 1", "Taken_y is defined, but module Small has no variable 'y'"),
        ("Handle_Upp(e) == FALSE", "did you mean Handle_Up?"),
        ("Constant_Nodes == {}", "did you mean Constant_Node?"),
    ],
)
def test_a_hook_for_nothing_is_refused_with_its_line(tmp_path: Path, hook: str, said: str) -> None:
    (tmp_path / "Hooks.tla").write_text(
        f"---- MODULE Hooks ----\nEXTENDS Trace\n{hook}\n====\n", "utf-8"
    )
    spec = small(tmp_path, COUNTING, trace_module="Hooks", actions=())
    with pytest.raises(SpecError, match=said):
        TraceSpec(spec)


def test_what_a_specification_object_gets_wrong_is_refused_with_what_there_is(
    tmp_path: Path,
) -> None:
    with pytest.raises(SpecError, match=r"no action 'RMPrepar'.*its actions: .*RMPrepare"):
        TraceSpec(replace(COMMIT, actions=("RMPrepar",)))
    with pytest.raises(SpecError, match=r"no message variable 'mail'.*msgs"):
        TraceSpec(replace(COMMIT, messages=("mail",)))
    with pytest.raises(SpecError, match="node_of: module TwoPhase has no action 'TMCommits'"):
        TraceSpec(replace(COMMIT, node_of={"TMCommits": "r"}))
    with pytest.raises(SpecError, match=r"module TwoFace not found.*TwoPhase"):
        TraceSpec(replace(COMMIT, module="TwoFace"))
    with pytest.raises(SpecError, match="has no definition 'Go'"):
        TraceSpec(replace(COMMIT, next="Go"))
    operator = small(tmp_path, COUNTING.replace("CONSTANT Node", "CONSTANTS Node, Of(_)"))
    with pytest.raises(SpecError, match="constant Of of module Small is an operator"):
        TraceSpec(operator)


def test_an_unknown_protocol_is_still_refused_where_no_specification_is_given() -> None:
    with pytest.raises(UnknownNameError, match="commit"):
        validate([TRACES["commits"]])


@pytest.mark.slow
def test_an_error_in_the_generated_module_is_told_by_the_authors_line(tmp_path: Path) -> None:
    # The operator has two parameters and is applied to one.
    spec = small(tmp_path, COUNTING.replace(": Up(n, k)", ": Up(n)"))
    (verdict,) = validate([trace_of({"node": "a", "action": "Up"})], specification=spec).verdicts
    assert verdict.status == "not checkable"
    assert "Small" in str(verdict.reason)
    assert (
        TraceSpec(spec)
        .with_origins(f"line 14, col 3 to line 14, col 9 of module {GENERATED}")
        .endswith("generated from Small.tla, line 7)")
    )


@pytest.mark.parametrize("protocol", ["paxos", "multipaxos", "raft", "zab"])
def test_the_trace_variables_of_ours_are_those_that_nodes_show(protocol: str) -> None:
    specification = get_protocol(protocol).specification
    spec = TraceSpec(specification)
    assert spec.unplaced == {}
    assert not spec.global_variables
    assert set(specification.replayable_variables) <= set(spec.trace_variables)
    with pytest.raises(TraceError, match="constants lack"):
        spec.check_constants({})
    assert canonical(list(spec.required)) != "[]"
