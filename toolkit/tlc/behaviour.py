"""Behaviours as ITF documents, which other tools write and read (Apalache's format)."""

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
    """Return a behaviour as an ITF document.

    Parameters
    ----------
    example : Counterexample

    Returns
    -------
    dict
        ``vars``; ``states``, each with its variables and, under ``#meta``, ``index`` (from 0) and
        ``action``; ``loop``, the index of the state that the last one returns to, where there
        is one (itself, if the behaviour ends in stuttering); under ``#meta`` what is violated.

    Raises
    ------
    TraceError
        If a state could not be read.
    """
    names = dict.fromkeys(name for state in example.states for name in state.variables)
    states = []
    for index, state in enumerate(example.states):
        if state.unparsed is not None:
            raise TraceError(
                f"state {state.index} could not be read, and has no ITF form",
                hint="its text is in the state's 'unparsed'",
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
    """Return the behaviour of an ITF document, ours or another tool's.

    Parameters
    ----------
    document : mapping
        With ``states``; see :func:`behaviour_to_itf`.

    Returns
    -------
    Counterexample
        States counted from 1; what the document does not say of kind, name and actions is
        missing in it too.

    Raises
    ------
    TraceError
        If it is no such document, or a value in it is none.

    Examples
    --------
    >>> found = behaviour_from_itf({"vars": ["x"], "states": [{"x": 0}, {"x": 1}], "loop": 0})
    >>> found.loop, [state.variables["x"] for state in found.states]
    (1, [0, 1])
    """
    rows = document.get("states") if isinstance(document, Mapping) else None
    if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
        raise TraceError("this is no ITF document", hint="it has a list of states")
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
            f"loop={back!r} is the index of no state", hint=f"0 to {len(states) - 1}, or none"
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
        If it cannot be read, or is no ITF document.
    """
    try:
        document = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise TraceError(
            f"it cannot be read: {error.strerror}", path=path, hint="check the path"
        ) from error
    except (ValueError, RecursionError) as error:
        raise TraceError(f"this is no JSON: {error}", path=path) from error
    try:
        return behaviour_from_itf(document)
    except TraceError as error:
        raise TraceError(error.message, path=path, hint=error.hint) from error
