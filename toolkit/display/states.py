"""Tables and pictures of states, implementation and specification side by side."""

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
"""Default name of the states of a trace, if its header does not give another."""

_MOST = 24

States = Mapping[str, Mapping[str, Any]]

_WIDE = 80
"""Records longer than this are shown with one line per field."""


_BRACKETS = {"#tup": ("<<", ">>"), "#set": ("{", "}")}


def _text(value: Any, indent: int = 0) -> str:
    """Return a value as TLA+ text, with one line per record of a sequence or set."""
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
    """Return an HTML table of all nodes' variables.

    Parameters
    ----------
    nodes : sequence of str
        The columns.
    implementation, specification : mapping of str to mapping
        Node to variable to ITF-encoded value; if `specification` is ``None``, the table has no
        columns for it.
    changed : (str, sequence of str)
        A node, and its variables that changed in the step.
    whose : str
        Heading of the columns of `implementation`.
    without : sequence of str
        Variables to leave out.

    Returns
    -------
    str
        Changed cells have the class ``changed``, cells in which the two sides differ ``differs``.
    """
    names = dict.fromkeys(
        name for node in nodes for name in implementation.get(node, {}) if name not in without
    )
    two_sided = specification is not None
    head = "".join(f'<th colspan="{1 + two_sided}">{escape(node)}</th>' for node in nodes)
    side = f"<th>{escape(whose)}</th>" + "<th>specification</th>" * two_sided
    rows = []
    for name in names:
        cells = []
        for node in nodes:
            own = implementation.get(node, {})
            if name not in own:
                cells.append("<td></td>" * (1 + two_sided))
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
    """Return the variables that never change in the trace."""
    initial = trace.header.initial
    names = dict.fromkeys(name for state in initial.values() for name in state)
    changed = {
        name
        for step in trace.steps
        for name, value in (step.state or {}).items()
        if canonical(value) != canonical(initial.get(step.node, {}).get(name))
    }
    return [name for name in names if name not in changed]


def _caption(step: Step, *, timed: bool) -> str:
    at = f" at {step.time:.6f} s" if timed else ""
    text = f"step {step.index}{at}: {step.action or 'unnamed'} at {step.node}"
    if step.received is not None:
        sender = step.received.sender
        text += f", on {format_itf(step.received.message)}"
        text += f" from {sender}" if sender is not None else ""
    for sent in step.sent or ():
        to = "all" if sent.to is None else sent.to
        text += f"; to {to}: {format_itf(sent.message)}"
    return text


class _Album:
    """Distinct pictures of logs, and the picture of each state."""

    def __init__(self, log: LogView, nodes: Sequence[str], whose: str) -> None:
        self.log = log
        self.nodes = nodes
        self.whose = whose
        self.states: list[dict[str, dict[str, Any]]] = []
        self.reach = 1

    def skip(self) -> None:
        """Append a state without a picture."""
        self.states.append({})

    def add(self, states: States) -> None:
        """Append a state."""
        self.states.append({node: dict(state) for node, state in states.items()})
        self.reach = max(self.reach, log_reach(self.log, states))

    def shown(self) -> dict[str, Any]:
        """Return the data of the view: heading, pictures, and each state's picture number."""
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
    """Return the data of the step-by-step view.

    Parameters
    ----------
    trace : Trace
    followed : SpecReplay, optional
        Replay that gives the specification's states.
    first : int
        The first element to show; earlier elements are empty.

    Returns
    -------
    dict
        ``captions`` and ``tables`` (HTML): element 0 is the initial state, element k+1 the state
        after step k.  ``differing``: the elements in which a value differs.  ``logs``: the
        implementation's and the specification's logs, if the trace has logs, each with ``whose``,
        ``pictures`` (SVG) and ``at``, the picture number of each element.  ``resting``: variables
        that never change and are left out of the tables.  ``first``: the parameter.
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
        # Beyond the end of the replay, the specification's columns are empty.
        specification = {} if theirs is None and followed is not None else theirs
        changed = ("", ()) if step is None else (step.node, list(step.state or {}))
        tables.append(state_table(nodes, own, specification, changed, whose=whose, without=resting))
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
