r"""Which of several properties a behaviour violates, where TLC does not say.

TLC finds *a* violation of the conjunction of all temporal properties and does not say whose.
The behaviour itself decides: a specification that has it as its only behaviour is checked
against each property alone.
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
from toolkit.values.text import is_identifier

__all__ = ["only_behaviour", "with_names"]

_LONGEST = 1000
_WIDTH = 80


def only_behaviour(source: SpecSource, example: Counterexample) -> SpecSource | None:
    """Return a specification whose only behaviour is that of a counterexample.

    Parameters
    ----------
    source : SpecSource
        What was checked.
    example : Counterexample
        A behaviour that returns to a state or ends in stuttering.

    Returns
    -------
    SpecSource or None
        Its configuration has the constants and no property.  ``None`` if the behaviour cannot
        be written down: a value that could not be read, a variable without a value, more than
        1,000 states, or states that stand for others (SYMMETRY, VIEW) or are shown
        otherwise (ALIAS).
    """
    states = example.states
    sections = config_sections(source.config)
    if not states or len(states) > _LONGEST or sections.keys() & {"SYMMETRY", "VIEW", "ALIAS"}:
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
    back = next((k for k, one in enumerate(states, 1) if one.index == example.loop), len(states))
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
        f"CONSTANT {source.config[one.start : one.end]}\n" for one in assignments(source.config)
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
    """Return a result that says which of several properties its behaviours violate.

    Parameters
    ----------
    result : CheckResult
    source : SpecSource
        What was checked.
    ask : callable
        Checks a specification.

    Returns
    -------
    CheckResult
        The same one where nothing was to be found out, or could not be.
    """
    named: dict[int, Counterexample] = {}
    for number, example in enumerate(result.counterexamples):
        if example.name is None and len(example.candidates) > 1:
            violated = _violated(example, source, ask)
            if violated:
                named[number] = _named(example, violated, result)
    if not named:
        return result
    examples = tuple(named.get(n, one) for n, one in enumerate(result.counterexamples))
    first = next(
        (one for one in named.values() if result.name is None and one.kind == result.outcome), None
    )
    asked = dict.fromkeys(name for n in named for name in result.counterexamples[n].candidates)
    result = msgspec.structs.replace(
        result,
        counterexamples=examples,
        warnings=(
            *result.warnings,
            "TLC does not say which property failed: the behaviour was checked by itself against "
            f"each of {', '.join(asked)}",
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


def _violated(
    example: Counterexample, source: SpecSource, ask: Callable[[SpecSource], CheckResult]
) -> Sequence[str]:
    alone = only_behaviour(source, example)
    if alone is None:
        return ()
    found = []
    for name in example.candidates:
        result = ask(msgspec.structs.replace(alone, config=f"{alone.config}PROPERTY {name}\n"))
        if not result.ok and not result.violation:
            # Stopped, or not to be evaluated in this form: then nothing is known of it.
            return ()
        if result.violation:
            found.append(name)
    return found


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
