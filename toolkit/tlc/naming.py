r"""Find the property that a counterexample violates if TLC does not report it.

TLC checks the conjunction of all temporal properties, and does not report which property a
behaviour violates.  To find it, a specification whose only behaviour is the counterexample is
generated and checked against each property separately.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from toolkit.errors import ValueParseError
from toolkit.tlc.config import config_sections
from toolkit.tlc.constants import assignments, declared_constants, free_name, model_values
from toolkit.tlc.modules import definitions, text_at
from toolkit.tlc.result import CheckResult, Counterexample
from toolkit.tlc.source import SpecSource
from toolkit.values import format_value, readable_text
from toolkit.values.printing import is_identifier

__all__ = ["only_behaviour", "with_names"]

_MOST_STATES = 1000
_WIDTH = 80


def only_behaviour(source: SpecSource, example: Counterexample) -> SpecSource | None:
    """Generate a specification whose only behaviour is that of a counterexample.

    Parameters
    ----------
    source : SpecSource
        The specification that was checked.
    example : Counterexample
        A lasso, or a behaviour that ends in stuttering.

    Returns
    -------
    SpecSource or None
        A specification whose configuration file contains the constants and no property.  ``None``
        if the behaviour cannot be written in TLA+: a value could not be parsed, a variable has no
        value, there are more than 1,000 states, or the states are representatives (SYMMETRY, VIEW)
        or transformed (ALIAS).
    """
    states = example.states
    sections = config_sections(source.config)
    if not states or len(states) > _MOST_STATES or sections.keys() & {"SYMMETRY", "VIEW", "ALIAS"}:
        return None
    names = list(states[0].variables)
    if not names or any(
        state.unparsed is not None or state.variables.keys() != set(names) for state in states
    ):
        return None
    used: set[str] = set()
    rows = []
    try:
        for state in states:
            fields = []
            for name, value in state.variables.items():
                used |= model_values(value)
                fields.append(f"{name} |->\n{readable_text(format_value(value, width=_WIDTH))}")
            rows.append("[" + ",\n ".join(fields) + "]")
    except ValueParseError:
        return None
    if not all(map(is_identifier, used)):
        return None
    declared = set(declared_constants(source))
    taken = declared | definitions(source.modules).keys() | set(names) | used
    at, table, init, step, spec = (
        free_name(f"Only_{word}", taken) for word in ("at", "states", "init", "next", "spec")
    )
    new = sorted(used - declared)
    back = next(
        (k for k, state in enumerate(states, 1) if state.index == example.loop), len(states)
    )
    root = free_name(f"Only_{source.root}", source.modules)
    lines = [
        f"---- MODULE {root} ----",
        f"EXTENDS {source.root}, Integers, TLC",
        *([f"CONSTANTS {', '.join(new)}"] if new else []),
        f"VARIABLE {at}",
        f"{table} == <<",
        ",\n".join(rows),
        ">>",
        f"{init} ==",
        f"  /\\ {at} = 1",
        *(f"  /\\ {name} = {table}[1].{name}" for name in names),
        f"{step} ==",
        f"  /\\ {at}' = IF {at} = {len(states)} THEN {back} ELSE {at} + 1",
        *(f"  /\\ {name}' = {table}[{at}'].{name}" for name in names),
        f"{spec} ==",
        f"  /\\ {init}",
        f"  /\\ [][{step}]_<<{at}, {', '.join(names)}>>",
        f"  /\\ WF_<<{at}, {', '.join(names)}>>({step})",
        "====",
    ]
    config = "".join(
        f"CONSTANT {source.config[assignment.start : assignment.end]}\n"
        for assignment in assignments(source.config)
    )
    config += "".join(f"CONSTANT {name} = {name}\n" for name in new)
    return SpecSource(
        root,
        {root: "\n".join(lines) + "\n", **source.modules},
        config + f"SPECIFICATION {spec}\n",
    )


def with_names(
    result: CheckResult, source: SpecSource, ask: Callable[[SpecSource], CheckResult]
) -> CheckResult:
    """Add the names of violated properties to the counterexamples of a result.

    Parameters
    ----------
    result : CheckResult
    source : SpecSource
        The specification that was checked.
    ask : callable
        Checks a specification, and returns its result.

    Returns
    -------
    CheckResult
        `result` itself if all names are known, or cannot be found.
    """
    named: dict[int, Counterexample] = {}
    for number, example in enumerate(result.counterexamples):
        if example.name is None and len(example.candidates) > 1:
            violated = _violated_properties(example, source, ask)
            if violated:
                named[number] = _named(example, violated, result)
    if not named:
        return result
    examples = tuple(named.get(n, example) for n, example in enumerate(result.counterexamples))
    first = next(
        (
            example
            for example in named.values()
            if result.name is None and example.kind == result.outcome
        ),
        None,
    )
    checked = dict.fromkeys(name for n in named for name in result.counterexamples[n].candidates)
    result = msgspec.structs.replace(
        result,
        counterexamples=examples,
        warnings=(
            *result.warnings,
            "TLC does not report which property failed; the behaviour was checked separately "
            f"against each of {', '.join(checked)}",
        ),
    )
    if first is None:
        return result
    return msgspec.structs.replace(
        result,
        name=first.name,
        candidates=first.candidates,
        location=result.location or first.location,
        source=result.source or first.source,
    )


def _violated_properties(
    example: Counterexample, source: SpecSource, ask: Callable[[SpecSource], CheckResult]
) -> Sequence[str]:
    single = only_behaviour(source, example)
    if single is None:
        return ()
    violated = []
    for name in example.candidates:
        result = ask(msgspec.structs.replace(single, config=f"{single.config}PROPERTY {name}\n"))
        if not result.ok and not result.violation:
            # The check was stopped, or cannot evaluate the property: the result is unknown.
            return ()
        if result.violation:
            violated.append(name)
    return violated


def _named(example: Counterexample, violated: Sequence[str], result: CheckResult) -> Counterexample:
    location = example.location
    places = definitions(result.modules).get(violated[0], [])
    if location is None and places:
        location = places[0][0]
    return msgspec.structs.replace(
        example,
        name=violated[0],
        candidates=tuple(violated) if len(violated) > 1 else (),
        location=location,
        source=example.source or (text_at(location, result.modules) if location else None),
    )
