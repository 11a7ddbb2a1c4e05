"""Conversion of TLC's counterexamples to traces, to inspect them like recorded runs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from toolkit.conformance.tracespec import TraceSpec
from toolkit.errors import TraceError
from toolkit.protocols.specification import Specification
from toolkit.tlc import CheckResult, Counterexample, SpecSource, TraceState, check
from toolkit.tlc.constants import assignments, declared_constants, free_name, model_values
from toolkit.trace import End, Header, Received, Sent, Step, Trace
from toolkit.trace.model import SCHEMA_VERSION
from toolkit.values import (
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    canonical,
    format_value,
    parse_values,
    to_itf,
)

__all__ = ["counterexample_trace"]

_MESSAGES = "msgs"
_DEFINED = re.compile(r"^(\w+)\(([\w\s,]+)\)\s*==", re.MULTILINE)

Move = tuple[str, Any]
"""A node and the message that it handled, or None if it handled no message."""


def counterexample_trace(
    result: CheckResult,
    specification: Specification,
    *,
    example: int = 0,
    name: str | None = None,
    **options: Any,
) -> Trace:
    """Convert a counterexample to a trace that contains the specification's states.

    TLC reports the action of each step, but neither its node nor its message.  Therefore TLC runs
    again: it evaluates the action with every node and every message in the step's two states, and
    the combination that is true is recorded.  If an action has parameters other than the node and
    the message, the step is recorded at the node whose variables changed, without a message.

    Parameters
    ----------
    result : CheckResult
        A check of a model of `specification`, with a counterexample.
    specification : Specification
        The specification that was checked.  Its variables must be functions of the nodes; messages
        must be in ``msgs`` and never be removed; an action's parameters must be the node and, with
        the name ``m``, the message that it handles.
    example : int
        Index of the counterexample in `result`.
    name : str, optional
        Name of the trace; by default the name of the violated invariant or property.
    **options
        Options for TLC, as for :func:`toolkit.tlc.check`: ``timeout``, ``memory``, ``java``,
        ``jar``, ``cancel``.

    Returns
    -------
    Trace
        Its times are step numbers, as ``meta["clock"]`` says, and its states are the
        specification's, as ``meta["states"]`` says.  If several nodes or messages explain a step,
        the first is recorded and ``meta["ambiguous"]`` contains the step's index.  If TLC could
        not determine the messages, no step has a message and ``meta["messages"]`` says why.  The
        step of a lasso back to an earlier state is not in the trace; ``meta["loop"]`` is the index
        of that state.

    Raises
    ------
    TraceError
        If there is no such counterexample, a state could not be read, or a step changes several
        nodes.
    """
    if not 0 <= example < len(result.counterexamples):
        raise TraceError(
            f"the check has no counterexample {example} (it has {len(result.counterexamples)})",
            hint="counterexamples are counted from 0",
        )
    counterexample = result.counterexamples[example]
    for state in counterexample.states:
        if state.unparsed is not None:
            raise TraceError(f"state {state.index} could not be read", hint=state.unparsed[:200])
    if not counterexample.states:
        raise TraceError("the counterexample has no states", hint="look at TLC's output")
    spec = TraceSpec(specification)
    states = [_by_node(state, spec) for state in counterexample.states]
    nodes = tuple(states[0])
    changes = [_changes(*pair) for pair in pairwise(states)]
    moves, reason = _moves(result, counterexample, nodes, changes, options)
    steps, ambiguous = _steps(counterexample, changes, moves, nodes)
    title = name or counterexample.name or counterexample.kind
    header = Header(
        schema=SCHEMA_VERSION,
        protocol=specification.name,
        trace=title,
        nodes=nodes,
        observed=tuple(dict.fromkeys(name for state in states[0].values() for name in state)),
        initial=states[0],
        origin=result.tlc_version,
        meta={
            "clock": "steps",
            "states": "specification",
            "violated": counterexample.name,
            "ambiguous": ambiguous,
            "loop": counterexample.loop,
            "messages": reason or "as TLC explains them",
        },
    )
    end = End(reason=f"{counterexample.kind} of {title}", steps=len(steps), time=float(len(steps)))
    return Trace(header=header, records=list(steps), end=end)


def _plain(data: Any) -> Any:
    """Convert ITF data to the form used in traces: model values to names, None to null."""
    if isinstance(data, list):
        return [_plain(item) for item in data]
    if isinstance(data, dict):
        if "#model" in data:
            return None if data["#model"] == "None" else data["#model"]
        return {key: _plain(item) for key, item in data.items()}
    return data


def _name(key: Value) -> str | None:
    if isinstance(key, ModelValue):
        return key.name
    return key if isinstance(key, str) else None


def _by_node(state: TraceState, spec: TraceSpec) -> dict[str, dict[str, Any]]:
    """Return a state's variables by node; leave out those that are not functions of nodes."""
    functions = {
        name: {_name(key): value for key, value in function.items()}
        for name, function in state.variables.items()
        if isinstance(function, Record | Function)
    }
    nodes = sorted(
        {
            node
            for name, function in functions.items()
            if name in spec.trace_variables
            for node in function
            if node is not None
        }
    )
    if not nodes:
        raise TraceError(
            f"state {state.index} has no variable of {spec.specification.name}",
            hint=f"at least one of these must be a function of the nodes: "
            f"{', '.join(spec.trace_variables)}",
        )
    own = {name: of for name, of in functions.items() if set(of) <= set(nodes)}
    order = [name for name in (*spec.trace_variables, *own) if name in own]
    return {
        node: {
            name: _plain(to_itf(own[name][node]))
            for name in dict.fromkeys(order)
            if node in own[name]
        }
        for node in nodes
    }


def _messages(state: TraceState) -> dict[str, Any]:
    """Return the messages of a state, keyed by their canonical text."""
    messages = state.variables.get(_MESSAGES)
    members = messages if isinstance(messages, Set) else ()
    encoded = [_plain(to_itf(message)) for message in members]
    return {canonical(message): message for message in encoded}


def _sender(message: Mapping[str, Any], nodes: Sequence[str]) -> str | None:
    """Return the sender of a message: the only node that it names outside its field ``to``."""
    named = [
        value for field, value in message.items()
        if field != "to" and isinstance(value, str) and value in nodes
    ]  # fmt: skip
    return named[0] if len(set(named)) == 1 else None


def _changes(
    before: Mapping[str, dict[str, Any]], after: Mapping[str, dict[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Return the changed variables, grouped by node."""
    changed = {
        node: {
            name: value for name, value in own.items()
            if canonical(value) != canonical(before[node].get(name))
        }
        for node, own in after.items()
    }  # fmt: skip
    return {node: own for node, own in changed.items() if own}


def _steps(
    counterexample: Counterexample,
    changes: Sequence[Mapping[str, dict[str, Any]]],
    moves: Mapping[int, list[Move]],
    nodes: Sequence[str],
) -> tuple[list[Step], list[int]]:
    numbers: dict[str, int] = {}
    senders: dict[int, str] = {}
    steps: list[Step] = []
    ambiguous = []
    for index, changed in enumerate(changes):
        possible = moves.get(index, [])
        if len(possible) > 1:
            ambiguous.append(index)
        who = possible[0][0] if possible else next(iter(changed), None)
        if who is None or set(changed) - {who}:
            raise TraceError(
                f"step {index} ({counterexample.states[index + 1].action}) does not belong to one "
                f"node: it changes {', '.join(changed) or 'no node'}",
                hint="use the counterexample's states instead of a trace",
            )
        old, new = (
            _messages(counterexample.states[index]),
            _messages(counterexample.states[index + 1]),
        )
        sent = []
        for text, message in new.items():
            if text not in old:
                numbers[text] = len(numbers)
                senders[numbers[text]] = who
                to = message.get("to")
                sent.append(Sent(message, to if to in nodes else None, numbers[text]))
        received = None
        if possible and possible[0][1] is not None:
            message = possible[0][1]
            number = numbers.get(canonical(message))
            sender = _sender(message, nodes) if number is None else senders[number]
            received = Received(message, sender, number)
        steps.append(
            Step(
                index=index,
                time=float(index),
                node=who,
                action=counterexample.states[index + 1].action,
                received=received,
                sent=tuple(sent),
                state=changed.get(who, {}),
            )
        )
    return steps, ambiguous


def _moves(
    result: CheckResult,
    counterexample: Counterexample,
    nodes: Sequence[str],
    changes: Sequence[Mapping[str, Any]],
    options: Mapping[str, Any],
) -> tuple[dict[int, list[Move]], str | None]:
    """Run TLC to find the possible nodes and messages of each step; say why if it fails."""
    root = next(iter(result.modules), None)
    if root is None:
        return {}, "the check's modules are not known"
    source = SpecSource(root, dict(result.modules), result.config)
    # An action is defined only for nodes with its role: test only the node that changed.
    who = [list(changed) if len(changed) == 1 else list(nodes) for changed in changes]
    witness = check(
        _witness(source, counterexample, who), deadlock=False, workers=1, short=True, **options
    )
    if not witness.ok:
        return {}, f"TLC could not tell: {witness.outcome}: {witness.message}"
    moves: dict[int, dict[str, Move]] = {}
    for value in parse_values(witness.prints):
        if isinstance(value, Tuple) and len(value) in {2, 3}:
            parts = list(value)
            node = _name(parts[1])
            message = _plain(to_itf(parts[2])) if len(parts) == 3 else None
            if isinstance(parts[0], int) and node is not None:
                moves.setdefault(parts[0] - 1, {})[canonical([node, message])] = (node, message)
    return {index: [by[key] for key in sorted(by)] for index, by in moves.items()}, None


def _witness(
    source: SpecSource, counterexample: Counterexample, who: Sequence[Sequence[str]]
) -> SpecSource:
    """Return a specification whose only behaviour is the counterexample, and that prints moves."""
    nodes = {node for candidates in who for node in candidates}
    arguments = {
        name: [word.strip() for word in words.split(",")]
        for text in source.modules.values()
        for name, words in _DEFINED.findall(text)
    }
    variables = list(counterexample.states[0].variables)
    taken = {*variables, *arguments, *source.modules, *nodes}
    at, states, root = (free_name(word, taken) for word in ("at", "States", "Witness"))
    known = [item.name for item in assignments(source.config)]
    declared = declared_constants(source)
    own = sorted(
        {name for state in counterexample.states for value in state.variables.values()
         for name in model_values(value)} - {*declared, *known}
    )  # fmt: skip
    names = {
        name
        for value in counterexample.states[0].variables.values()
        for name in model_values(value)
    }
    rows = ",\n".join(
        "[" + ", ".join(f"{name} |-> {format_value(state.variables[name])}" for name in variables)
        + "]" for state in counterexample.states
    )  # fmt: skip
    ways = []
    for index, state in enumerate(counterexample.states[1:], start=1):
        candidates = ", ".join(node if node in names else f'"{node}"' for node in who[index - 1])
        way = f"{at} = {index} /\\ Step"
        # A step that no action explains must not hide the steps after it.
        ways.append(f"  \\/ {way}")
        words = arguments.get(state.action or "", [])
        if len(words) == 1:
            way += (
                f" /\\ \\E n \\in {{{candidates}}} : {state.action}(n) /\\ PrintT(<<{index}, n>>)"
            )
        elif len(words) == 2 and words[1] == "m":
            way += (
                f" /\\ \\E n \\in {{{candidates}}} : \\E m \\in {_MESSAGES} : "
                f"{state.action}(n, m) /\\ PrintT(<<{index}, n, m>>)"
            )
        else:
            continue
        ways.append(f"  \\/ {way}")
    first = " /\\ ".join([f"{at} = 1", *(f"{name} = {states}[1].{name}" for name in variables)])
    later = " /\\ ".join(
        [f"{at}' = {at} + 1", *(f"{name}' = {states}[{at} + 1].{name}" for name in variables)]
    )
    text = "\n".join([
        f"---- MODULE {root} ----",
        f"EXTENDS {source.root}, TLC, Integers, Sequences",
        *([f"CONSTANTS {', '.join(own)}"] if own else []),
        f"VARIABLE {at}",
        f"{states} == <<{rows}>>",
        f"Start == {first}",
        f"Step == {later}",
        "Go ==",
        *ways,
        "====",
        "",
    ])  # fmt: skip
    constants = [f"{item.name} {item.sign} {item.value}" for item in assignments(source.config)]
    config = "\n".join(
        ["INIT Start", "NEXT Go", "CONSTANTS", *constants, *(f"{name} = {name}" for name in own)]
    )
    return SpecSource(root, {root: text, **source.modules}, config, "replay of the counterexample")
