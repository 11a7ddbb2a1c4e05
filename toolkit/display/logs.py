"""Pictures of replicated logs: one row per node, one box per entry, labelled with its round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from xml.etree import ElementTree as ET

from toolkit.errors import SettingError
from toolkit.protocols import find_log_view
from toolkit.trace import Trace
from toolkit.trace.logview import LogView, NodeState, shown

__all__ = ["draw_logs", "has_logs", "log_picture", "log_reach", "log_view", "recorded_view"]

_BOX, _ROW, _LEFT, _TOP, _HIGH = 46, 50, 148, 30, 36
_INK, _GREY, _PAPER, _GREEN = "#222222", "#6b6b6b", "#ffffff", "#1b7837"
_ROUNDS = ("#cfe3f5", "#fde0b2", "#d3ecd0", "#f6cfdc", "#e2d7f0", "#f7f0a8", "#cdeceb", "#e5dccf")
"""Colours of rounds, light enough for dark text."""

_CROWN = "M0,10 L0,1 L4,6 L7,0 L10,6 L14,1 L14,10 z"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: object) -> ET.Element:
    names = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, names)
    element.text = text
    return element


def log_view(trace: Trace) -> LogView | None:
    """Return the log view of a trace's protocol.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    LogView or None
        ``None`` if the protocol is not registered or has no log.
    """
    return find_log_view(trace.header.protocol)


def recorded_view(trace: Trace, log: LogView, state: NodeState) -> NodeState:
    """Return a node's variables in the form that the functions of a log view expect.

    Parameters
    ----------
    trace : Trace
        The trace of the state; its header says whether its states are the specification's.
    log : LogView
    state : NodeState
        A node's variables in that trace.

    Returns
    -------
    NodeState
        The same state, or its translation if the trace holds states of the specification, as a
        counterexample does.
    """
    if trace.header.meta.get("states") != "specification":
        return state
    return shown(log.from_specification, state) or {}


def has_logs(trace: Trace) -> bool:
    """Return True if the logs of a trace can be drawn.

    This needs a protocol with a :class:`~toolkit.trace.logview.LogView` that can read the log of
    at least one node, and of every node for which a variable of the log was recorded.

    Parameters
    ----------
    trace : Trace

    Returns
    -------
    bool
    """
    log = log_view(trace)
    if log is None:
        return False
    known = log
    seen = False

    def readable(state: NodeState) -> bool:
        nonlocal seen
        view = recorded_view(trace, known, state)
        parts = [shown(known.entries, view), shown(known.entry_rounds, view)]
        seen = seen or None not in parts
        return None not in parts or known.variables.isdisjoint(state)

    return (
        all(readable(state) for state in trace.header.initial.values())
        and all(
            readable(states[step.node])
            for step, states in trace.states()
            if not known.variables.isdisjoint(step.state or ())
        )
        and seen
    )


def _short(text: str, most: int = 7) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


class _Row:
    """A node's log as drawn; values that were not recorded have defaults."""

    def __init__(self, log: LogView, view: NodeState) -> None:
        self.entries = shown(log.entries, view) or {}
        self.rounds = shown(log.entry_rounds, view) or {}
        self.committed = shown(log.committed, view) or 0
        self.snapshot = shown(log.snapshot, view) or 0
        self.durable = shown(log.durable, view)
        self.role = shown(log.role, view) or "?"
        self.round = log.describe_round(shown(log.round, view))
        self.up = log.up(view)
        self.leads = self.up and bool(shown(log.leads, view))

    @property
    def last(self) -> int:
        """The greatest index of an entry, or of the snapshot."""
        return max(self.entries, default=self.snapshot)


def log_reach(log: LogView, views: Mapping[str, NodeState]) -> int:
    """Return the greatest index of an entry or a snapshot in the given views.

    Parameters
    ----------
    log : LogView
    views : mapping of str to NodeState
        Node to its variables.

    Returns
    -------
    int
        0 if all logs are empty.
    """
    return max((_Row(log, view).last for view in views.values()), default=0)


def _draw_name(svg: ET.Element, node: str, row: _Row, y: int) -> None:
    if row.leads:
        crown = _add(svg, "path", d=_CROWN, transform=f"translate(8 {y + 3})", fill="#d99a00",
                     stroke=_INK, class_="crown")  # fmt: skip
        _add(crown, "title", f"{node} leads {row.round}")
    colour = _INK if row.up else _GREY
    _add(svg, "text", node, x=28, y=y + 14, font_weight="bold", font_size=14, fill=colour,
         class_="server")  # fmt: skip
    role = row.role if row.up else "down"
    _add(svg, "text", f"{role}, {row.round}", x=28, y=y + 30, font_size=11, fill=colour)


def _draw_entry(
    svg: ET.Element, log: LogView, node: str, index: int, row: _Row, x: int, y: int
) -> None:
    entry, number = row.entries[index], row.rounds.get(index)
    committed = index <= row.committed
    on_disk = row.durable is None or index in row.durable
    colour = _PAPER if number is None else _ROUNDS[(number - 1) % len(_ROUNDS)]
    label = log.label(entry)
    dash = {} if on_disk else {"stroke_dasharray": "4 3"}
    marked = {} if number is None else {"data_round": str(number)}
    box = _add(svg, "rect", x=x + 2, y=y, width=_BOX - 4, height=_HIGH, fill=colour,
               stroke=_INK, stroke_width=2.4 if committed else 1, class_="entry",
               data_server=node, data_index=index, **marked,
               data_committed=str(committed).lower(), **dash)  # fmt: skip
    place = log.identity(entry) or log.describe_round(number)
    about = f"{node}, entry {index}: {place}, {label}; "
    about += (
        "known to this node as committed" if committed else "not known to this node as committed"
    )
    if not on_disk:
        about += "; not durable"
    _add(box, "title", about)
    text = "?" if number is None else str(number)
    _add(svg, "text", text, x=x + _BOX // 2, y=y + 17, font_size=15, font_weight="bold",
         text_anchor="middle", fill=_INK, pointer_events="none")  # fmt: skip
    _add(svg, "text", _short(label), x=x + _BOX // 2, y=y + 30, font_size=9.5,
         text_anchor="middle", fill=_INK, pointer_events="none")  # fmt: skip


def _legend(svg: ET.Element, y: int) -> None:
    x = 8.0
    for text, width, dash, number in (
        ("known as committed", 2.4, None, "1"),
        ("not known as committed", 1, None, "1"),
        ("not durable", 1, "3 2", "1"),
    ):
        style = {} if dash is None else {"stroke_dasharray": dash}
        _add(svg, "rect", x=x, y=y - 11, width=18, height=14, fill=_PAPER, stroke=_INK,
             stroke_width=width, **style)  # fmt: skip
        _add(svg, "text", number, x=x + 9, y=y, font_size=10, text_anchor="middle", fill=_INK)
        _add(svg, "text", text, x=x + 23, y=y, font_size=10, fill=_INK)
        x += 32 + 5.2 * len(text)


def draw_logs(
    log: LogView,
    nodes: Sequence[str],
    views: Mapping[str, NodeState],
    *,
    title: str = "logs",
    most: int = 24,
    columns: tuple[int, int] | None = None,
) -> str:
    """Draw the log of every node in one state.

    A box is an entry.  It shows the round in which the entry was proposed (``?`` if the node does
    not know it) and the content; each round has a colour.  A thick border and a bar below mark
    entries that the node knows as committed; a dashed border marks an entry that is not durable
    yet.  A crown marks a leader; a grey box stands for the entries that a snapshot replaces.

    Parameters
    ----------
    log : LogView
        The protocol's log view.
    nodes : sequence of str
        The rows, from top to bottom.
    views : mapping of str to NodeState
        Node to its recorded variables; missing values are not drawn.
    title : str
        Text alternative for screen readers.
    most : int
        Maximum number of entries per log.  The last ones are drawn, and the picture counts the
        others.
    columns : (int, int), optional
        First and last index to draw; by default they follow from the logs and `most`.

    Returns
    -------
    str
        Self-contained SVG.

    Notes
    -----
    The form follows Figures 6 to 8 of Ongaro and Ousterhout, *In Search of an Understandable
    Consensus Algorithm* (extended version of USENIX ATC 2014).

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> view = {"role": "leader", "currentTerm": 1, "commitIndex": 1,
    ...         "log": {"#tup": [{"term": 1, "kind": "noop", "val": ""}]}}
    >>> svg = draw_logs(get_protocol("raft").log, ["n1"], {"n1": view})
    >>> svg.count('class="entry"'), svg.count('class="crown"')
    (1, 1)
    """
    rows = {node: _Row(log, views.get(node, {})) for node in nodes}
    if columns is None:
        last = max([1, *(row.last for row in rows.values())])
        columns = (max(1, last - most + 1), last)
    first, last = columns
    hidden = f"entries 1 to {first - 1} are not drawn" if first > 1 else ""
    bottom = _TOP + _ROW * len(nodes)
    width = max(_LEFT + _BOX * (last - first + 1) + 16, 430)
    svg = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "width": str(width), "height": str(bottom + 22),
        "viewBox": f"0 0 {width} {bottom + 22}", "font-family": "sans-serif", "role": "img",
        "aria-label": title, "class": "logs",
    })  # fmt: skip
    _add(svg, "rect", width="100%", height="100%", fill=_PAPER)
    _add(svg, "text", hidden or "index", x=8 if hidden else _LEFT - 40, y=18, font_size=10,
         fill=_GREY)  # fmt: skip
    for index in range(first, last + 1):
        _add(svg, "text", str(index), x=_LEFT + _BOX * (index - first) + _BOX // 2, y=18,
             font_size=11, text_anchor="middle", fill=_GREY)  # fmt: skip
    for place, (node, row) in enumerate(rows.items()):
        y = _TOP + _ROW * place
        _draw_name(svg, node, row, y)
        if row.snapshot >= first:
            end = _LEFT + _BOX * (row.snapshot - first + 1)
            box = _add(svg, "rect", x=_LEFT + 2, y=y, width=end - _LEFT - 4, height=_HIGH,
                       fill="#eeeeee", stroke=_INK, stroke_width=2.4,
                       class_="snapshot")  # fmt: skip
            _add(box, "title", f"{node}: a snapshot replaces entries 1 to {row.snapshot}")
            _add(svg, "text", f"\N{HORIZONTAL ELLIPSIS}{row.snapshot}", x=(_LEFT + end) // 2,
                 y=y + 17, font_size=12, text_anchor="middle", fill=_INK)  # fmt: skip
            _add(svg, "text", _short("snapshot", 8), x=(_LEFT + end) // 2, y=y + 30,
                 font_size=9, text_anchor="middle", fill=_INK)  # fmt: skip
        for index in sorted(row.entries):
            if first <= index <= last:
                _draw_entry(svg, log, node, index, row, _LEFT + _BOX * (index - first), y)
        reached = min(row.committed, last)
        if reached >= first:
            end = _LEFT + _BOX * (reached - first + 1) - 2
            bar = _add(svg, "path", d=f"M{_LEFT + 2},{y + _HIGH + 5} H{end}", stroke=_GREEN,
                       stroke_width=4, class_="committed")  # fmt: skip
            _add(bar, "title", f"{node}: committed up to entry {row.committed}")
    _legend(svg, bottom + 14)
    return ET.tostring(svg, encoding="unicode")


def log_picture(trace: Trace, step: int) -> str:
    """Draw the logs of a trace's nodes at a step.

    Parameters
    ----------
    trace : Trace
        A trace with logs (see :func:`has_logs`).
    step : int
        0 for the initial state, k+1 for the state after step k.

    Returns
    -------
    str
        SVG (see :func:`draw_logs`).

    Raises
    ------
    SettingError
        If the trace has no such step or its logs cannot be drawn.
    """
    log = log_view(trace)
    if log is None or not has_logs(trace):
        raise SettingError(
            f"cannot draw the logs of the trace {trace.header.trace!r}",
            hint=f"register the protocol {trace.header.protocol!r} with a LogView, and record the "
            "variables that it reads",
        )
    if not 0 <= step <= len(trace.steps):
        raise SettingError(
            f"step must be between 0 and {len(trace.steps)}, got {step}",
            hint="0 is the initial state, k+1 the state after step k",
        )
    states: Mapping[str, NodeState] = trace.header.initial
    for number, (_, after) in enumerate(trace.states(), start=1):
        if number == step:
            states = after
            break
    views = {node: recorded_view(trace, log, state) for node, state in states.items()}
    texts = []
    for node in trace.header.nodes:
        entries = shown(log.entries, views.get(node, {})) or {}
        labels = [f"{index}: {log.label(entry)}" for index, entry in entries.items()]
        texts.append(f"{node} {', '.join(labels) or 'empty'}")
    title = f"logs of {trace.header.trace} after {step} steps: " + "; ".join(texts)
    return draw_logs(log, trace.header.nodes, views, title=_short(title, 400))
