"""Validation accepts what the specification allows, and nothing else."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from tests.conformance.ring_protocol import RING
from toolkit.conformance import Broken, follow, validate
from toolkit.conformance.alteration import Alteration, alter
from toolkit.errors import UnknownNameError
from toolkit.protocols import get_protocol, register, unregister
from toolkit.sim import ScenarioBuilder, simulate_runs, simulate_trace
from toolkit.tlc import check
from toolkit.trace import MemorySink, Step, Trace, TraceWriter

pytestmark = pytest.mark.slow


def paxos_runs(runs: int, *, seed: int = 1, bug: str | None = None, nodes: int = 3) -> list[Trace]:
    sink = MemorySink()
    simulate_runs(get_protocol("paxos"), runs=runs, seed=seed, nodes=nodes, bug=bug, sink=sink)
    return sink.traces


def with_steps(trace: Trace, change: object) -> Trace:
    assert callable(change)
    records = [change(one) if isinstance(one, Step) else one for one in trace.records]
    return Trace(header=trace.header, records=records, end=trace.end)


@pytest.fixture(scope="module")
def traces() -> list[Trace]:
    return paxos_runs(20)


@pytest.mark.parametrize("nodes", [3, 5, 7])
def test_runs_with_every_fault_are_accepted_for_any_number_of_nodes(nodes: int) -> None:
    report = validate(paxos_runs(12, nodes=nodes))
    assert report.ok
    assert report.count("accepted") == 12
    assert report.runs == 1


def test_the_report_says_how_much_was_compared(traces: list[Trace]) -> None:
    report = validate(traces)
    steps = sum(len(trace.steps) for trace in traces)
    assert sum(verdict.checked.steps for verdict in report.verdicts) == steps
    assert sum(verdict.checked.actions for verdict in report.verdicts) == steps
    assert sum(verdict.checked.variables for verdict in report.verdicts) == 12 * steps
    assert report.unseen == ()


@pytest.mark.parametrize(
    "left_out", [("action", "params"), ("state",), ("sent",), ("received",), ("action", "state")]
)
def test_a_producer_that_records_less_is_checked_for_what_it_says(
    traces: list[Trace], left_out: tuple[str, ...]
) -> None:
    less = dict.fromkeys(left_out)
    partial = [
        with_steps(trace, lambda step: msgspec.structs.replace(step, **less))
        for trace in traces[:2]
    ]
    report = validate(partial)
    assert report.ok, report.verdicts[0].reason
    counted = report.verdicts[0].checked
    assert (counted.actions == 0) == ("action" in left_out)
    assert (counted.variables == 0) == ("state" in left_out)


def test_a_trace_that_says_nothing_is_not_accepted(traces: list[Trace]) -> None:
    bare = with_steps(traces[0], lambda s: Step(index=s.index, time=s.time, node=s.node))
    empty = Trace(header=traces[0].header, records=[])
    report = validate([bare, empty])
    assert [verdict.status for verdict in report.verdicts] == ["not checkable"] * 2
    assert not report.ok


def why_allowed(step: Step, alteration: Alteration) -> str:
    """Return why the specification allows an altered step; empty if there is no reason."""
    changed = step.state or {}
    if alteration.field.startswith("received.") and step.action == "Ignore":
        return "the message named instead had been sent as well, and is as useless"
    if alteration.field.startswith("received.") and step.action == "Nack":
        return "the same rejection answers another message of that ballot"
    if alteration.field == "params.v" and "want" not in changed:
        return "a client asks again: its first wish counts"
    if alteration.field == "node" and not changed:
        return "the step changes nothing, and another node could do the same"
    if alteration.field == "action" and not changed:
        return "the step changes nothing, sends nothing new, and neither would the other action"
    return ""


def test_each_of_200_altered_fields_is_noticed_or_is_allowed_for_a_known_reason(
    traces: list[Trace],
) -> None:
    rng = random.Random(1)
    altered = [alter(rng.choice(traces), rng) for _ in range(200)]
    report = validate([trace for trace, _ in altered], explain=0)
    kinds: Counter[str] = Counter()
    for verdict, (trace, alteration) in zip(report.verdicts, altered, strict=True):
        step = trace.steps[alteration.step]
        if verdict.status == "accepted":
            reason = why_allowed(step, alteration)
            assert reason, (alteration, step)
            kinds[reason] += 1
            continue
        assert verdict.status == "diverged", verdict.reason
        assert verdict.divergence is not None
        assert verdict.divergence.step >= alteration.step
        if verdict.divergence.step == alteration.step:
            kinds["at the step"] += 1
        else:
            # Another node could have taken the step, or the value is one that no later step
            # shows before: it is missed where it is used.
            assert alteration.field == "node" or alteration.field.startswith(("params", "sent")), (
                alteration, step)  # fmt: skip
            kinds["later"] += 1
    assert kinds["at the step"] >= 160, kinds


@pytest.mark.parametrize("bug", sorted(get_protocol("paxos").bugs))
def test_a_planted_bug_is_caught_within_200_seeds(bug: str) -> None:
    for first in range(1, 200, 20):
        report = validate(paxos_runs(20, seed=first, bug=bug), explain=1)
        if report.count("diverged"):
            break
    caught = [verdict for verdict in report.verdicts if verdict.divergence is not None]
    assert caught, f"{bug} was not caught in 200 seeds"
    explained = caught[0].divergence
    assert explained is not None
    assert explained.before is not None
    assert explained.allowed
    assert explained.nearest is not None
    assert "--bug" in (caught[0].replay or "")


def test_a_run_is_followed_state_by_state_and_agrees_everywhere(traces: list[Trace]) -> None:
    followed = follow(traces[0])
    assert len(followed.states) == len(traces[0].steps) + 1
    assert not followed.ambiguous
    for index, (step, state) in enumerate(traces[0].states(), start=1):
        theirs = followed.at(step.node, index)
        assert theirs is not None
        for name in ("maxBal", "phase", "up"):
            assert theirs[name] == state[step.node][name]


def test_a_wrong_initial_state_diverges_before_the_first_step(traces: list[Trace]) -> None:
    header = traces[0].header
    initial = {**header.initial, "n1": {**header.initial["n1"], "maxBal": 3}}
    wrong = Trace(
        header=msgspec.structs.replace(header, initial=initial), records=traces[0].records
    )
    verdict = validate([wrong]).verdicts[0]
    assert verdict.status == "diverged"
    assert verdict.divergence is not None
    assert verdict.divergence.step == -1


def test_one_trace_that_cannot_be_compared_does_not_cost_the_others_their_verdicts(
    traces: list[Trace],
) -> None:
    def spoil(step: Step) -> Step:
        return msgspec.structs.replace(step, state={"maxBal": "high"}) if step.index == 5 else step

    report = validate([traces[0], with_steps(traces[1], spoil), traces[2]])
    assert [verdict.status for verdict in report.verdicts][::2] == ["accepted", "accepted"]
    assert report.verdicts[1].status != "accepted"


def test_a_text_that_tlcs_parser_cannot_read_is_told_and_costs_no_other_trace(
    traces: list[Trace],
) -> None:
    def spoil(step: Step) -> Step:
        return msgspec.structs.replace(step, state={"maxVal": "a`b"}) if step.index == 5 else step

    report = validate([with_steps(traces[1], spoil), traces[0]])
    assert report.verdicts[0].status == "not checkable"
    assert "backtick" in str(report.verdicts[0])
    assert report.verdicts[1].status == "accepted"


@pytest.fixture
def ring() -> Iterator[None]:
    register(RING)
    yield
    unregister("ring")


@pytest.fixture
def claiming() -> Iterator[None]:
    checked = replace(RING.specification, invariants=("Bounded", "Early"))
    register(replace(RING, specification=checked))
    yield
    unregister("ring")


def turn(*, commands: int = 1) -> Trace:
    builder = ScenarioBuilder("turn", "ring", ["a", "b", "c"]).retry(None)
    for number in range(commands):
        builder = builder.command(float(number), "c", "go", "a")
    return simulate_trace(get_protocol("ring"), builder.build(), seed=1)[0]


@pytest.mark.usefixtures("claiming")
def test_an_invariant_that_fails_in_a_state_of_an_allowed_trace_is_found() -> None:
    # A token that has been passed on 5 times is no longer early; before, it is.
    whole = turn()
    early = Trace(header=whole.header, records=whole.records[:4])
    again = turn(commands=2)
    report = validate([whole, early, again])
    assert [verdict.status for verdict in report.verdicts] == ["violates", "accepted", "violates"]
    for verdict in (report.verdicts[0], report.verdicts[2]):
        assert verdict.broken == (Broken("Early", 6),)
    assert report.invariants == ("Bounded", "Early")
    assert not report.ok
    assert report.to_json()["violates"] == 2
    unasked = validate([whole], invariants=False)
    assert (unasked.ok, unasked.invariants) == (True, ())


@pytest.mark.usefixtures("claiming")
def test_a_trace_that_diverges_still_tells_which_invariant_failed_before() -> None:
    late = with_steps(
        turn(),
        lambda step: msgspec.structs.replace(step, state={"seen": 0}) if step.index == 7 else step,
    )
    (verdict,) = validate([late]).verdicts
    assert (verdict.status, verdict.broken) == ("diverged", (Broken("Early", 6),))


def cut_short(trace: Trace) -> Trace:
    """Spoil the last step, so that a trace diverges there and nowhere else."""
    last = trace.steps[-1]
    other = "Crash" if last.action == "Restart" else "Restart"
    return with_steps(
        trace,
        lambda step: msgspec.structs.replace(step, action=other) if step is last else step,
    )


def test_states_that_were_recorded_are_the_specifications_own(traces: list[Trace]) -> None:
    for verdict in validate([cut_short(trace) for trace in traces], explain=0).verdicts:
        assert verdict.divergence is not None
        assert (verdict.divergence.step, verdict.broken) == (verdict.steps - 1, ())
        assert verdict.all_states


def test_two_chosen_values_are_seen_behind_the_step_that_diverges() -> None:
    report = validate(paxos_runs(20, bug="ignores-accepted"), explain=0)
    broken = [one for one in report.verdicts if one.broken]
    assert {one.invariant for verdict in broken for one in verdict.broken} == {"Agreement"}
    for verdict in broken:
        assert verdict.status == "diverged"
        assert verdict.divergence is not None
        assert verdict.broken[0].step > verdict.divergence.step


def test_of_a_trace_that_says_less_the_states_behind_the_divergence_are_not_judged() -> None:
    for trace in paxos_runs(20, bug="ignores-accepted"):
        less = with_steps(trace, lambda step: msgspec.structs.replace(step, sent=None))
        (verdict,) = validate([less], explain=0).verdicts
        if verdict.divergence is not None:
            assert not verdict.broken
            assert not verdict.all_states
            return
    pytest.fail("the bug was not caught")


@pytest.mark.usefixtures("ring")
def test_a_strangers_protocol_is_simulated_checked_and_validated_like_ours(tmp_path: Path) -> None:
    scenario = (
        ScenarioBuilder("turn", "ring", ["a", "b", "c"])
        .retry(None)
        .command(0.0, "c", "go", "a")
        .build()
    )
    trace, result = simulate_trace(get_protocol("ring"), scenario, seed=1)
    assert result.actions == {"Begin": 1, "Pass": 6, "Stop": 1}
    with TraceWriter(tmp_path / "ring.ndjson") as writer:
        writer.write(trace)
    assert validate([tmp_path / "ring.ndjson"]).ok
    assert check(RING.specification.folder / "Ring.tla", workers=1).ok
    hasty, _ = simulate_trace(get_protocol("ring"), scenario, seed=1, bug="hasty")
    verdict = validate([hasty]).verdicts[0]
    assert verdict.divergence is not None
    assert verdict.divergence.step == 1
    assert verdict.divergence.nearest is not None
    assert [one.variable for one in verdict.divergence.nearest.differences] == ["sent"]


@pytest.mark.usefixtures("ring")
def test_a_claim_that_the_specification_does_not_promise_is_judged_when_asked_for() -> None:
    plan = ScenarioBuilder("turn", "ring", ["a", "b", "c"]).retry(None).command(0.0, "c", "go", "a")
    trace, _ = simulate_trace(RING, plan.build(), seed=1)
    assert validate([trace]).ok
    report = validate([trace], claims=["Early"])
    assert report.invariants == ("Early",)
    assert report.verdicts[0].status == "violates"
    # The token sets out, and with five hops more it has gone far: six steps.
    assert report.verdicts[0].broken == (Broken("Early", 6),)
    with pytest.raises(UnknownNameError, match="unknown property 'Late'"):
        validate([trace], claims=["Late"])


def test_traces_that_begin_alike_are_decided_each_by_itself(traces: list[Trace]) -> None:
    whole = traces[0]
    half = Trace(header=whole.header, records=whole.records[: len(whole.records) // 2])
    wrong_end = with_steps(
        whole,
        lambda step: (
            msgspec.structs.replace(step, action="Restart")
            if step.index == whole.steps[-1].index
            else step
        ),
    )
    report = validate([whole, wrong_end, half, whole])
    assert [verdict.status for verdict in report.verdicts] == [
        "accepted", "diverged", "accepted", "accepted",
    ]  # fmt: skip
    divergence = report.verdicts[1].divergence
    assert divergence is not None
    assert divergence.step == len(whole.steps) - 1
    assert report.distinct_steps == len(whole.steps) + 1
