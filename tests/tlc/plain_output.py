"""What TLC's output for people says, read without any of the bridge.

This reader shares nothing with :mod:`toolkit.tlc`: it knows neither the marks of ``-tool`` nor
the values.  Whatever a specification prints begins with a quote, a bracket, a number or a
word of a value, hence never like the lines that are looked for here.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

__all__ = ["Plain", "PlainTrace", "disagreements", "read_plain"]

_LINES = {
    "success": r"^Model checking completed\. No error has been found\.$",
    "invariant": r"^Error: Invariant .* is violated\.$",
    "initial-invariant": r"^Error: Invariant .* is violated by the initial state:$",
    "initial-property": r"^Error: Property .* is violated by the initial state:$",
    "action-property": r"^Error: Action property .* is violated\.$",
    "temporal": r"^Error: Temporal properties were violated\.$",
    "deadlock": r"^Error: Deadlock reached\.$",
    "assumption": r"^Error: Assumption .* is false\.$",
    "assert": r"^(?:Error: |: )?The first argument of Assert evaluated to FALSE;",
    "semantic-error": r"^\*\*\* Errors: \d+$",
    "parse-error": r"^Error: Parsing or semantic analysis failed\.",
    "out-of-memory": r"^The exception was a java\.lang\.OutOfMemoryError$",
    "stack-overflow": r"^The exception was a java\.lang\.StackOverflowError$",
    "set-too-large": r"^(?:Error: |: )?(?:Overflow when computing the number of elements in:"
    r"|Attempted to construct a set with too many elements)",
    "config-error": r"^The exception was a tlc2\.tool\.ConfigFileException$"
    r"|^Error: No next state actions defined|^Error: The invariant .* is not a state predicate",
    "failure": r"^Error: ",
}
_SAME = {"evaluation-error": "failure", "error": "failure"}
_BOTH = {"refinement": {"action-property", "initial-property"}}
_SHOWN = {
    "invariant", "initial-invariant", "initial-property", "action-property", "temporal", "deadlock",
}  # fmt: skip

_COUNTS = re.compile(
    r"^(?:Progress\(\d+\) at .*?: )?(\d+) states generated, (\d+) distinct states found"
    r"(?:, (\d+) states left on queue)?\.$",
    re.MULTILINE,
)
_SIMULATED = re.compile(r"^CheckProgress: (\d+) states checked\.$", re.MULTILINE)
_DEPTH = re.compile(
    r"^The depth of the complete state graph search is (\d+)\.$|^Progress\((\d+)\) at ",
    re.MULTILINE,
)
_POSITION = re.compile(r"^\d+\. Line (\d+), column (\d+) to line \d+, column \d+ in (\w+)$", re.M)
_STEP = re.compile(
    r"^State (?P<state>\d+):(?P<stuttering> Stuttering)?"
    r"|^Back to state:? (?P<loop>\d+)"
    r"|^(?:Error: .* is violated by the initial state:|While working on the initial state:)"
    r"(?P<initial>)$",
    re.MULTILINE,
)


class PlainTrace(msgspec.Struct):
    """How long a trace is, and how it ends."""

    length: int
    loop: int | None = None
    stuttering: bool = False


class Plain(msgspec.Struct):
    """What the output says."""

    status: int
    verdicts: set[str]
    generated: int | None
    distinct: int | None
    queue: int | None
    depth: int | None
    traces: list[PlainTrace]
    positions: list[str]


def _verdicts(text: str, status: int) -> set[str]:
    found = {name for name, line in _LINES.items() if re.search(line, text, re.MULTILINE)}
    if status == 151:
        found.add("config-error")
    if "semantic-error" in found:
        found.discard("parse-error")
    if found - {"success", "failure"}:
        found -= {"success", "failure"}
    # Neither a simulation nor a depth-first search that comes to its bound says how it went.
    return found or ({"success"} if status == 0 else {"failure"})


def _traces(text: str) -> list[PlainTrace]:
    traces: list[PlainTrace] = []
    for match in _STEP.finditer(text):
        if match["initial"] is not None or match["state"] == "1":
            traces.append(PlainTrace(1))
        elif match["loop"]:
            traces[-1].loop = int(match["loop"])
        elif match["stuttering"]:
            traces[-1].stuttering = True
        else:
            traces[-1].length = int(match["state"])
    return traces


def read_plain(text: str, status: int) -> Plain:
    """Read TLC's output for people.

    Parameters
    ----------
    text : str
        What it wrote without ``-tool``.
    status : int
        Its exit status.
    """
    generated = distinct = queue = depth = None
    for counts in _COUNTS.finditer(text):
        generated, distinct = int(counts[1]), int(counts[2])
        queue = int(counts[3]) if counts[3] else None
    for simulated in _SIMULATED.finditer(text):
        generated = int(simulated[1])
    for deep in _DEPTH.finditer(text):
        depth = int(deep[1] or deep[2])
    return Plain(
        status=status,
        verdicts=_verdicts(text, status),
        generated=generated,
        distinct=distinct,
        queue=queue,
        depth=depth,
        traces=_traces(text),
        positions=[f"{place[3]}:{place[1]}:{place[2]}" for place in _POSITION.finditer(text)],
    )


def _place(data: dict[str, Any]) -> str:
    return f"{data['module']}:{data['line']}:{data['column']}"


def disagreements(plain: Plain, document: dict[str, Any], exit_status: int) -> list[str]:
    """Say in what a JSON document differs from TLC's own words.

    Parameters
    ----------
    plain : Plain
        TLC's words.
    document : dict
        What ``toolkit check --json`` prints.
    exit_status : int
        Of that command.
    """
    found = []

    def compare(what: str, ours: object, theirs: object) -> None:
        if ours != theirs:
            found.append(f"{what}: we say {ours!r}, TLC says {theirs!r}")

    compare("exit status", document["exit_status"], plain.status)
    compare("states generated", document["generated"], plain.generated)
    compare("distinct states", document["distinct"], plain.distinct)
    compare("states left on queue", document["left_on_queue"], plain.queue)
    if plain.depth is not None:
        compare("depth", document["depth"], plain.depth)
    outcome = str(document["outcome"])
    meant = _BOTH.get(outcome, {_SAME.get(outcome, outcome)})
    if not meant & plain.verdicts:
        found.append(f"outcome: we say {outcome}, TLC says {sorted(plain.verdicts)}")
    examples = [example for example in document["counterexamples"] if example["states"]]
    kinds: set[str] = set()
    for example in examples:
        kind = str(example["kind"])
        kinds |= _BOTH.get(kind, {kind}) & plain.verdicts or {kind}
    compare("kinds of counterexamples", kinds & _SHOWN, plain.verdicts & _SHOWN)
    compare(
        "counterexamples (length, loop, stuttering)",
        [(len(one["states"]), one["loop"], one["stuttering"]) for one in examples],
        [(one.length, one.loop, one.stuttering) for one in plain.traces],
    )
    positions = [_place(place) for place in document["positions"]]
    # TLC evaluates a second time to find the positions. That may overflow too, in one run and not
    # in the next, and then none are told.
    if plain.verdicts != {"stack-overflow"} or (positions and plain.positions):
        compare("positions", positions, plain.positions)
    fine = plain.verdicts == {"success"}
    compare("whether nothing is wrong", document["ok"], fine)
    compare("whether our exit status is 0", exit_status == 0, fine)
    return found
