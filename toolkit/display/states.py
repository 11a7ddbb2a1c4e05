"""States as tables and pictures: implementation and specification side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from toolkit.conformance import SpecReplay
from toolkit.display.logs import draw_logs, has_logs, log_reach, log_view, recorded_view
from toolkit.trace import Step, Trace
from toolkit.trace.logview import LogView, NodeState
from toolkit.values import canonical, format_itf

__all__ = ["IMPLEMENTATION", "explorer_data", "state_table"]

IMPLEMENTATION = "implementation"
"""What the states of a trace are called, unless its header says whose they are."""

_MOST = 24

States = Mapping[str, Mapping[str, Any]]

_WIDE = 80
"""A record of more letters is shown with a line for each field."""


_BRACKETS = {"#tup": ("<<", ">>"), "#set": ("{", "}")}


def _text(value: Any, indent: int = 0) -> str:
    """Return a value as TLA+ text, sequences and sets of records with a line for each."""
    flat = format_itf(value)
    if not isinstance(value, dict):
        return flat
    for tag, (opening, closing) in _BRACKETS.items():
        if tag in value:
            items = value[tag]
            if len(items) < 2 or not all(isinstance(item, dict) for item in items):
                return flat
            inside = indent + len(opening)
            return opening + _lines([_text(item, inside) for item in items], inside) + closing
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
    implementation: States,
    specification: States | None = None,
    changed: tuple[str, Sequence[str]] = ("", ()),
    *,
    whose: str = IMPLEMENTATION,
    without: Sequence[str] = (),
) -> str:
    """Return a table of all nodes' variables as HTML.

    Parameters
    ----------
    nodes : sequence of str
        The columns.
    implementation, specification : mapping of str to mapping
        Node to variable to ITF-encoded value; without a specification it has no columns.
    changed : (str, sequence of str)
        A node, and those of its variables that changed in the step.
    whose : str
        What `implementation` is called.
    without : sequence of str
        Variables that are not shown.

    Returns
    -------
    str
        A cell that changed has class ``changed``, one in which the two sides differ ``differs``.
    """
    names = dict.fromkeys(
        name for node in nodes for name in implementation.get(node, {}) if name not in without
    )
    beside = specification is not None
    head = "".join(f'<th colspan="{1 + beside}">{escape(node)}</th>' for node in nodes)
    side = f"<th>{escape(whose)}</th>" + "<th>specification</th>" * beside
    rows = []
    for name in names:
        cells = []
        for node in nodes:
            own = implementation.get(node, {})
            if name not in own:
                cells.append("<td></td>" * (1 + beside))
                continue
            marks = "changed" if node == changed[0] and name in changed[1] else ""
            other = ""
            if specification is not None:
                theirs = specification.get(node, {})
                shown = "&mdash;"
                if name in theirs:
                    shown = escape(_text(theirs[name]))
                    if canonical(theirs[name]) != canonical(own[name]):
                        marks += " differs"
                other = f'<td class="{marks}">{shown}</td>'
            cells.append(f'<td class="{marks}">{escape(_text(own[name]))}</td>{other}')
        rows.append(f"<tr><th>{escape(name)}</th>{''.join(cells)}</tr>")
    return (
        f'<table class="states"><thead><tr><th></th>{head}</tr>'
        f"<tr><th></th>{side * len(nodes)}</tr></thead><tbody>{''.join(rows)}</tbody></table>"
    )


def _resting(trace: Trace) -> list[str]:
    """Return the variables that are the same at all times, as far as the trace says."""
    initial = trace.header.initial
    names = dict.fromkeys(name for state in initial.values() for name in state)
    moved = {
        name
        for step in trace.steps
        for name, value in (step.state or {}).items()
        if canonical(value) != canonical(initial.get(step.node, {}).get(name))
    }
    return [name for name in names if name not in moved]


def _caption(step: Step, *, timed: bool) -> str:
    at = f" at {step.time:.6f} s" if timed else ""
    what = f"step {step.index}{at}: {step.action or 'unnamed'} at {step.node}"
    if step.received is not None:
        sender = step.received.sender
        what += f", on {format_itf(step.received.message)}"
        what += f" from {sender}" if sender is not None else ""
    for one in step.sent or ():
        to = "all" if one.to is None else one.to
        what += f"; to {to}: {format_itf(one.message)}"
    return what


class _Album:
    """Pictures of logs, each kept once, and which of them belongs to which state."""

    def __init__(self, log: LogView, nodes: Sequence[str], whose: str) -> None:
        self.log = log
        self.nodes = nodes
        self.whose = whose
        self.states: list[dict[str, dict[str, Any]]] = []
        self.reach = 1

    def skip(self) -> None:
        """Take no picture of the next state."""
        self.states.append({})

    def add(self, states: States) -> None:
        """Take the next state."""
        self.states.append({node: dict(state) for node, state in states.items()})
        self.reach = max(self.reach, log_reach(self.log, states))

    def shown(self) -> dict[str, Any]:
        """Return what the view needs: a heading, the pictures, and for each state its picture."""
        columns = (1, self.reach) if self.reach <= _MOST else None
        pictures: dict[str, int] = {}
        at = []
        for state in self.states:
            svg = draw_logs(
                self.log, self.nodes, state, columns=columns, most=_MOST,
                title=f"logs of the {self.whose}",
            )  # fmt: skip
            at.append(pictures.setdefault(svg, len(pictures)))
        return {"whose": self.whose, "pictures": list(pictures), "at": at}


def explorer_data(
    trace: Trace, followed: SpecReplay | None = None, *, first: int = 0
) -> dict[str, Any]:
    """Return what the step-by-step view shows.

    Parameters
    ----------
    trace : Trace
    followed : SpecReplay, optional
        The specification's states.
    first : int
        The first element that is shown: before it, there are only empty ones.

    Returns
    -------
    dict
        ``captions`` and ``tables`` (HTML): element 0 is the initial state, element k+1 the one
        after step k.  ``differing``: the elements in which a value differs.  ``logs``: where the
        trace has logs, the implementation's and the specification's, each with ``whose``,
        ``pictures`` (SVG) and, for each element, ``at``, its picture's number.  ``resting``:
        variables that never change and are left out of the tables; ``first``.
    """
    header = trace.header
    nodes = header.nodes
    whose = str(header.meta.get("states", IMPLEMENTATION))
    timed = header.meta.get("clock") != "steps"

    def specified(index: int) -> dict[str, dict[str, Any]] | None:
        if followed is None or not 0 <= index < len(followed.states):
            return None
        return {node: followed.at(node, index) or {} for node in nodes}

    resting = _resting(trace)
    for index in range(0 if followed is None else len(followed.states)):
        theirs = specified(index) or {}
        resting = [
            name
            for name in resting
            if all(
                canonical(theirs[node][name]) == canonical(own[name])
                for node, own in header.initial.items()
                if name in own and name in theirs.get(node, {})
            )
        ]
    albums = []
    log = log_view(trace)
    if log is not None and has_logs(trace):
        albums.append(_Album(log, nodes, whose))
        if followed is not None and followed.states:
            albums.append(_Album(log, nodes, "specification"))

    def recorded(states: States) -> Mapping[str, NodeState]:
        if log is None:
            return states
        return {node: recorded_view(trace, log, state) for node, state in states.items()}

    captions: list[str] = []
    tables: list[str] = []

    def page(caption: str, own: States, step: Step | None) -> None:
        if len(captions) < first:
            captions.append("")
            tables.append("")
            for album in albums:
                album.skip()
            return
        theirs = specified(len(captions))
        # Where it could not follow, the specification's columns are there, and empty.
        beside = {} if theirs is None and followed is not None else theirs
        changed = ("", ()) if step is None else (step.node, list(step.state or {}))
        tables.append(state_table(nodes, own, beside, changed, whose=whose, without=resting))
        captions.append(caption)
        for album, states in zip(albums, (recorded(own), theirs), strict=False):
            if states is not None:
                album.add(states)

    page("initial state", header.initial, None)
    for step, state in trace.states():
        page(_caption(step, timed=timed), state, step)
    return {
        "captions": captions,
        "tables": tables,
        "differing": [index for index, table in enumerate(tables) if " differs" in table],
        "logs": [album.shown() for album in albums],
        "resting": resting,
        "first": first,
    }
