"""States as tables: implementation and specification side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from toolkit.conformance import Followed
from toolkit.trace import Trace
from toolkit.values import canonical, format_itf

__all__ = ["explorer_data", "state_table"]


_WIDE = 80
"""A record of more letters is shown with a line for each field."""


def _text(value: Any, indent: int = 0) -> str:
    """Return a value as TLA+ text, sequences of records with a line for each."""
    flat = format_itf(value)
    if not isinstance(value, dict):
        return flat
    if "#tup" in value:
        items = value["#tup"]
        if len(items) < 2 or not all(isinstance(item, dict) for item in items):
            return flat
        inside = indent + 2
        return f"<<{_lines([_text(item, inside) for item in items], inside)}>>"
    if any(name.startswith("#") for name in value):
        return flat
    inside = indent + 1
    fields = [f"{name} |-> {_text(value[name], inside)}" for name in sorted(value)]
    if len(flat) <= _WIDE and not any("\n" in field for field in fields):
        return flat
    return f"[{_lines(fields, inside)}]"


def _lines(parts: list[str], indent: int) -> str:
    return (",\n" + " " * indent).join(parts)


def state_table(
    nodes: Sequence[str],
    implementation: Mapping[str, Mapping[str, Any]],
    specification: Mapping[str, Mapping[str, Any]] | None = None,
    changed: tuple[str, Sequence[str]] = ("", ()),
) -> str:
    """Return a table of all nodes' variables as HTML.

    Parameters
    ----------
    nodes : sequence of str
        The columns.
    implementation, specification : mapping of str to mapping
        Node to variable to ITF-encoded value; without a specification its columns say so.
    changed : (str, sequence of str)
        A node, and those of its variables that changed in the step.

    Returns
    -------
    str
        A cell that changed has class ``changed``, one in which the two sides differ ``differs``.
    """
    names = dict.fromkeys(name for node in nodes for name in implementation.get(node, {}))
    head = "".join(f'<th colspan="2">{escape(node)}</th>' for node in nodes)
    sides = "<th>implementation</th><th>specification</th>" * len(nodes)
    rows = []
    for name in names:
        cells = []
        for node in nodes:
            own = implementation.get(node, {})
            if name not in own:
                cells.append("<td></td><td></td>")
                continue
            theirs = None if specification is None else specification.get(node, {})
            marks = "changed" if node == changed[0] and name in changed[1] else ""
            shown = "&mdash;"
            if theirs is not None and name in theirs:
                shown = escape(_text(theirs[name]))
                if canonical(theirs[name]) != canonical(own[name]):
                    marks += " differs"
            cells.append(
                f'<td class="{marks}">{escape(_text(own[name]))}</td>'
                f'<td class="{marks}">{shown}</td>'
            )
        rows.append(f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>")
    return (
        f'<table class="states"><thead><tr><th></th>{head}</tr><tr><th></th>{sides}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def explorer_data(trace: Trace, followed: Followed | None = None) -> dict[str, Any]:
    """Return what the step-by-step view shows.

    Parameters
    ----------
    trace : Trace
    followed : Followed, optional
        The specification's states.

    Returns
    -------
    dict
        ``captions`` and ``tables`` (HTML): element 0 is the initial state, element k+1 the one
        after step k.  ``differing``: the elements in which a value differs.
    """
    nodes = trace.header.nodes

    def specified(index: int) -> dict[str, dict[str, Any]] | None:
        if followed is None or not 0 <= index < len(followed.states):
            return None
        return {node: followed.at(node, index) or {} for node in nodes}

    captions = ["initial state"]
    tables = [state_table(nodes, trace.header.initial, specified(0))]
    for index, (step, state) in enumerate(trace.states(), start=1):
        received = step.received
        what = f"step {step.index} at {step.time:.6f} s: {step.action or 'unnamed'} at {step.node}"
        if received is not None:
            what += f", on {format_itf(received.message)} from {received.sender}"
        for one in step.sent or ():
            what += f"; to {one.to}: {format_itf(one.message)}"
        captions.append(what)
        tables.append(
            state_table(nodes, state, specified(index), (step.node, list(step.state or {})))
        )
    differing = [index for index, table in enumerate(tables) if " differs" in table]
    return {"captions": captions, "tables": tables, "differing": differing}
