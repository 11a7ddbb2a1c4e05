"""Conversion of behaviours to and from ITF documents, Apalache's exchange format."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from toolkit.errors import TraceError, ValueParseError
from toolkit.tlc.result import Counterexample, TraceState
from toolkit.values import from_itf, to_itf

__all__ = ["behaviour_from_itf", "behaviour_to_itf", "read_itf"]

_URL = "https://apalache.informal.systems/docs/adr/015adr-trace.html"


def behaviour_to_itf(example: Counterexample) -> dict[str, Any]:
    """Convert a behaviour to an ITF document.

    Parameters
    ----------
    example : Counterexample

    Returns
    -------
    dict
        ``vars``; ``states``, each with its variables and, under ``#meta``, ``index`` (from 0) and
        ``action``; ``loop``, the index of the state that follows the last state, if the behaviour
        is infinite (the last state itself if it ends in stuttering); under ``#meta`` the
        violation.

    Raises
    ------
    TraceError
        If TLC's text of a state could not be parsed.
    """
    names = dict.fromkeys(name for state in example.states for name in state.variables)
    states = []
    for index, state in enumerate(example.states):
        if state.unparsed is not None:
            raise TraceError(
                f"state {state.index} cannot be written in ITF because it could not be parsed",
                hint="see the attribute 'unparsed' of the state for its text",
            )
        meta = {"index": index, "action": state.action, "parameters": list(state.parameters)}
        variables = {name: to_itf(value) for name, value in state.variables.items()}
        states.append({"#meta": meta, **variables})
    document: dict[str, Any] = {
        "#meta": {
            "format": "ITF",
            "format-description": _URL,
            "description": example.message,
            "kind": example.kind,
            "name": example.name,
            "stuttering": example.stuttering,
        },
        "vars": list(names),
        "states": states,
    }
    back = [k for k, state in enumerate(example.states) if state.index == example.loop]
    if back:
        document["loop"] = back[0]
    elif example.stuttering:
        document["loop"] = len(states) - 1
    return document


def behaviour_from_itf(document: Mapping[str, Any]) -> Counterexample:
    """Convert an ITF document of the toolkit or of another tool to a behaviour.

    Parameters
    ----------
    document : mapping
        A document with ``states``; see :func:`behaviour_to_itf`.

    Returns
    -------
    Counterexample
        States are counted from 1.  A name or action that the document lacks is ``None``, a kind
        ``"violation"``.

    Raises
    ------
    TraceError
        If the document or a value in it is malformed.

    Examples
    --------
    >>> example = behaviour_from_itf({"vars": ["x"], "states": [{"x": 0}, {"x": 1}], "loop": 0})
    >>> example.loop, [state.variables["x"] for state in example.states]
    (1, [0, 1])
    """
    rows = document.get("states") if isinstance(document, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TraceError("not an ITF document", hint="it must have a list 'states'")
    states = []
    for index, row in enumerate(rows):
        meta = row.get("#meta")
        meta = meta if isinstance(meta, Mapping) else {}
        action = meta.get("action")
        parameters = meta.get("parameters")
        variables = {}
        for name, data in row.items():
            if name == "#meta":
                continue
            try:
                variables[name] = from_itf(data)
            except ValueParseError as error:
                raise TraceError(
                    f"state {index}, variable {name}: {error.message}", hint=error.hint
                ) from error
        states.append(
            TraceState(
                index=index + 1,
                action=action if isinstance(action, str) else None,
                location=None,
                variables=variables,
                parameters=tuple(map(str, parameters)) if isinstance(parameters, list) else (),
            )
        )
    back = document.get("loop")
    if back is not None and (
        not isinstance(back, int) or isinstance(back, bool) or not 0 <= back < len(states)
    ):
        raise TraceError(
            f"loop={back!r} is not the index of a state",
            hint=f"use 0 to {len(states) - 1}, or omit it",
        )
    about = document.get("#meta")
    about = about if isinstance(about, Mapping) else {}
    stuttering = about.get("stuttering") is True and back == len(states) - 1
    kind, name, message = (about.get(key) for key in ("kind", "name", "description"))
    return Counterexample(
        kind=kind if isinstance(kind, str) else "violation",
        name=name if isinstance(name, str) else None,
        message=message if isinstance(message, str) else "",
        states=tuple(states),
        loop=None if back is None or stuttering else back + 1,
        stuttering=stuttering,
    )


def read_itf(path: Path | str) -> Counterexample:
    """Read a behaviour from an ITF file.

    Parameters
    ----------
    path : path

    Returns
    -------
    Counterexample

    Raises
    ------
    TraceError
        If the file cannot be read, or is not an ITF document.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(
            f"cannot read the file: {error.strerror}", path=path, hint="check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise TraceError(f"not valid JSON: {error}", path=path) from error
    try:
        return behaviour_from_itf(document)
    except TraceError as error:
        raise TraceError(error.message, path=path, hint=error.hint) from error
