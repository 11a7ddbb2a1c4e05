"""Space-time diagrams of traces: one lane per node, one arrow per message."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from toolkit.display.logs import log_view
from toolkit.protocols.base import IGNORE
from toolkit.sim.faults import recorded_fault
from toolkit.trace import Step, Trace
from toolkit.trace.logview import LogView, NodeState, Standing, shown
from toolkit.values import format_itf

__all__ = ["COLUMN", "LEFT", "spacetime_svg"]

COLUMN = 30
"""Distance in pixels between two steps."""

LEFT = 70
"""Distance in pixels from the left edge to the first step."""

_LANE = 90
_TOP = 46
_INK, _GREY, _RED, _BLUE, _DOWN = "#222222", "#9a9a9a", "#b2182b", "#2166ac", "#e6e6e6"

_COLOURS: Mapping[Standing, tuple[str, str]] = {
    "leading": ("green", "#7fbf7b"),
    "seeking": ("orange", "#fdb863"),
    "asking": ("pale orange", "#fee0b6"),
}
"""Standing of a node to the name and the value of its lane's colour."""

_SHORT = 8
"""Length up to which names are shown in full without extra room."""

_SLOPE = 5.2 * 0.47
"""Height in pixels of one letter of an action's slanted name."""


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: object) -> ET.Element:
    names = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, names)
    element.text = text
    return element


def _initials(trace: Trace) -> dict[str, str]:
    """Return abbreviations of long message types: their capitals, if these are unambiguous."""
    types = dict.fromkeys(
        str(sent.message.get("type", "?")) for step in trace.steps for sent in step.sent or ()
    )
    short = {name: "".join(re.findall("[A-Z0-9]", name)) for name in types if len(name) > _SHORT}
    labels = [*short.values(), *types]
    return {
        name: letters for name, letters in short.items() if letters and labels.count(letters) < 2
    }


def _short(message: dict[str, object], initials: Mapping[str, str], log: LogView | None) -> str:
    name = str(message.get("type", "?"))
    number = None if log is None else shown(log.message_round, message)
    return initials.get(name, name) + ("" if number is None else f" {number}")


def _full(message: dict[str, object]) -> str:
    fields = [f"{name}={format_itf(value)}" for name, value in message.items() if name != "type"]
    return f"{message.get('type', '?')}({', '.join(fields)})"


def _title(step: Step, *, timed: bool) -> str:
    at = f", {step.time:.6f} s" if timed else ""
    parts = [f"step {step.index}{at}: {step.action or '?'} at {step.node}"]
    if step.params:
        parts.append(", ".join(f"{name}={value}" for name, value in step.params.items()))
    if step.received is not None:
        parts.append(f"received {_full(step.received.message)} from {step.received.sender}")
    return "; ".join(parts)


def spacetime_svg(trace: Trace, *, diverged: int | None = None) -> str:
    """Draw the space-time diagram of a trace.

    Time runs to the right.  Each step has its own column, so that steps that are close in time do
    not overlap; the time is written above, in seconds or, if the header's ``meta`` says so, in
    steps.  A message is an arrow from the step that sent it to each step that received it.  A lost
    message ends in a cross, a duplicate is dashed, and a message that never arrived is grey.  A
    grey band marks a node that is down; a mark below the lanes is a fault.

    Long message types are abbreviated to their capitals, which the legend explains.  If the
    protocol has a :class:`~toolkit.trace.logview.LogView`, each message is labelled with its
    round, and each step that changes a node's round with the new round; the lane of a leader is
    green, and that of a node that tries to become leader is orange.

    Parameters
    ----------
    trace : Trace
    diverged : int, optional
        Index of a step to mark in red.

    Returns
    -------
    str
        Self-contained SVG.  The element with class ``cursor`` can be moved to the step `index`
        by centring it at ``LEFT + COLUMN * index``.
    """
    steps = trace.steps
    initials = _initials(trace)
    longest = max((len(step.action or "") for step in steps if _named(step)), default=0)
    extra = round(max(longest - _SHORT, 0) * _SLOPE)
    lanes = {
        node: _TOP + extra + (_LANE + extra) * place
        for place, node in enumerate(trace.header.nodes)
    }
    bottom = max(lanes.values()) + 50
    width = LEFT + COLUMN * max(len(steps), 1) + 60
    log = log_view(trace)
    stretches = [] if log is None else _role_stretches(trace, log, width - 10)
    rounds = {} if log is None else dict(_round_changes(trace, log))
    legend = _legend(initials, stretches)
    if log is not None and rounds:
        legend.append(f"number below a step: {log.round_name}")
    height = bottom + (44 if legend else 26)
    legend_text = "; ".join(legend)
    full_width = max(width, 16 + round(5.6 * len(legend_text)))
    svg = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "width": str(full_width), "height": str(height),
        "viewBox": f"0 0 {full_width} {height}", "font-family": "sans-serif", "font-size": "12",
        "role": "img", "aria-label": f"space-time diagram of {trace.header.trace}",
    })  # fmt: skip
    defs = _add(svg, "defs")
    for name, colour in (("arrow", _BLUE), ("faded", _GREY)):
        marker = _add(defs, "marker", id=name, viewBox="0 0 8 8", refX=7, refY=4, markerWidth=7,
                      markerHeight=7, orient="auto")  # fmt: skip
        _add(marker, "path", d="M0,0 L8,4 L0,8 z", fill=colour)
    _add(svg, "rect", width="100%", height="100%", fill="#ffffff")
    start_at = LEFT + COLUMN * (diverged or 0) - 11
    _add(svg, "rect", class_="cursor", x=start_at, y=20, width=22, height=bottom - 26,
         fill="#fdd870", opacity=0.6)  # fmt: skip

    def x(index: int) -> int:
        return LEFT + COLUMN * index

    down: dict[str, int] = {}
    for step in steps:
        if step.action == "Crash":
            down[step.node] = step.index
        elif step.action == "Restart" and step.node in down:
            start = down.pop(step.node)
            _add(svg, "rect", x=x(start), y=lanes[step.node] - 12, width=x(step.index) - x(start),
                 height=24, fill=_DOWN)  # fmt: skip
    for node, start in down.items():
        _add(svg, "rect", x=x(start), y=lanes[node] - 12, width=width - x(start) - 10, height=24,
             fill=_DOWN)  # fmt: skip
    for stretch in stretches:
        band = _add(svg, "rect", class_="role", x=stretch.begin, y=lanes[stretch.node] - 5,
                    width=stretch.end - stretch.begin, height=10,
                    fill=_COLOURS[stretch.standing][1])  # fmt: skip
        _add(band, "title", f"{stretch.node}: {stretch.role}")
    for node, y in lanes.items():
        _add(svg, "line", x1=LEFT - 12, y1=y, x2=width - 10, y2=y, stroke=_GREY)
        _add(svg, "text", node, x=8, y=y + 4, font_weight="bold", fill=_INK)
    timed = trace.header.meta.get("clock") != "steps"
    for step in steps[::5]:
        label = f"{step.time:.4g} s" if timed else f"step {step.index}"
        _add(svg, "text", label, x=x(step.index), y=14, fill=_INK, font_size=10,
             text_anchor="middle")  # fmt: skip
    _draw_messages(svg, trace, lanes, initials, log)
    for step in steps:
        red = step.index == diverged
        dot = _add(svg, "circle", cx=x(step.index), cy=lanes[step.node], r=7 if red else 4.5,
                   fill=_RED if red else _INK, data_step=step.index)  # fmt: skip
        _add(dot, "title", _title(step, timed=timed))
        if step.index in rounds:
            _add(svg, "text", str(rounds[step.index]), x=x(step.index), y=lanes[step.node] + 17,
                 font_size=11, font_weight="bold", fill=_INK, text_anchor="middle",
                 stroke="#ffffff", stroke_width=3, paint_order="stroke")  # fmt: skip
        if _named(step):
            _add(svg, "text", step.action, x=x(step.index), y=lanes[step.node] - 9,
                 font_size=10, fill=_RED if red else _INK,
                 transform=f"rotate(-28 {x(step.index)} {lanes[step.node] - 9})")  # fmt: skip
    _draw_faults(svg, trace, bottom, x(0))
    if legend:
        _add(svg, "text", legend_text, class_="legend", x=8, y=height - 8, font_size=10,
             fill=_INK)  # fmt: skip
    return ET.tostring(svg, encoding="unicode")


def _views(trace: Trace) -> Iterator[tuple[Step, NodeState]]:
    """Yield each step that changes its node's variables, with all of them after the step."""
    for step, states in trace.states():
        if step.state:
            yield step, states[step.node]


class _Stretch(NamedTuple):
    """A part of a lane in which the node has one role that is drawn."""

    node: str
    role: str
    standing: Standing
    begin: int
    end: int


def _role_stretches(trace: Trace, log: LogView, last: int) -> list[_Stretch]:
    """Return the stretches in which nodes lead or try to; `last` is the right end of a lane."""

    def role_of(view: NodeState) -> str | None:
        return shown(log.role, view) if log.up(view) else None

    stretches: list[_Stretch] = []
    roles = {node: (role_of(view), LEFT) for node, view in trace.header.initial.items()}

    def close(node: str, end: int) -> None:
        role, begin = roles[node]
        standing = log.roles.get(role or "", "following")
        if role is not None and standing in _COLOURS:
            stretches.append(_Stretch(node, role, standing, begin, end))

    for step, view in _views(trace):
        role, place = role_of(view), LEFT + COLUMN * step.index
        if step.node not in roles:
            roles[step.node] = (role, place)
        elif role != roles[step.node][0]:
            close(step.node, place)
            roles[step.node] = (role, place)
    for node in trace.header.nodes:
        if node in roles:
            close(node, last)
    return stretches


def _round_changes(trace: Trace, log: LogView) -> Iterator[tuple[int, int]]:
    """Yield the index of each step that changes its node's round, and the new round."""
    rounds = {node: shown(log.round, view) for node, view in trace.header.initial.items()}
    for step, view in _views(trace):
        number = shown(log.round, view)
        if number is not None and number != rounds.get(step.node):
            rounds[step.node] = number
            yield step.index, number


def _legend(initials: Mapping[str, str], stretches: Iterable[_Stretch]) -> list[str]:
    """Return the legend's entries for abbreviated messages and coloured lanes."""
    roles = dict.fromkeys((stretch.standing, stretch.role) for stretch in stretches)
    return [
        *(f"{letters}: {name}" for name, letters in initials.items()),
        *(
            f"{colour}: {role}"
            for shown_as, (colour, _) in _COLOURS.items()
            for standing, role in roles
            if standing == shown_as
        ),
    ]


def _named(step: Step) -> bool:
    """Return True if the step is labelled with its action."""
    return step.action not in {IGNORE, "Flush"}


def _draw_messages(
    svg: ET.Element,
    trace: Trace,
    lanes: dict[str, int],
    initials: Mapping[str, str],
    log: LogView | None,
) -> None:
    lost = {
        fault.params["id"] for fault in trace.faults
        if fault.fault == "lose" and "id" in fault.params
    }  # fmt: skip
    sent: dict[int, tuple[int, str, str | None, str, str]] = {}
    # Counted per receiver: a broadcast message arrives at several nodes without being a duplicate.
    arrived: dict[tuple[int, str], int] = {}
    for step in trace.steps:
        received = step.received
        if received is not None and received.id in sent:
            start, node, _, label, full = sent[received.id]
            key = received.id, step.node
            count = arrived[key] = arrived.get(key, 0) + 1
            x1, y1 = LEFT + COLUMN * start, lanes[node]
            x2, y2 = LEFT + COLUMN * step.index, lanes[step.node]
            ignored = step.action == IGNORE
            style = {"stroke_dasharray": "5 4"} if count > 1 else {}
            bend = -26 if y1 == y2 else 0
            middle = f"{(x1 + x2) / 2},{(y1 + y2) / 2 + bend}"
            head = "faded" if ignored else "arrow"
            arrow = _add(svg, "path", d=f"M{x1},{y1} Q{middle} {x2},{y2}", fill="none",
                         stroke=_GREY if ignored else _BLUE, stroke_width=1 if ignored else 1.5,
                         marker_end=f"url(#{head})", **style)  # fmt: skip
            _add(arrow, "title", f"{full} from {node} to {step.node}")
            if not ignored and y1 != y2 and count == 1:
                _add(svg, "text", label, x=x1 + 0.68 * (x2 - x1), y=y1 + 0.68 * (y2 - y1) - 3,
                     font_size=10, fill=_BLUE)  # fmt: skip
        for message in step.sent or ():
            if message.id is not None:
                label = _short(message.message, initials, log)
                full = _full(message.message)
                sent[message.id] = (step.index, step.node, message.to, label, full)
    seen = {number for number, _ in arrived}
    for number, (start, node, to, _, full) in sent.items():
        if number in seen or to not in lanes:
            continue
        x1, y1, y2 = LEFT + COLUMN * start, lanes[node], lanes[to]
        x2, y3 = x1 + 22, y1 + 0.35 * (y2 - y1)
        colour = _RED if number in lost else _GREY
        line = _add(svg, "line", x1=x1, y1=y1, x2=x2, y2=y3, stroke=colour, stroke_dasharray="2 2")
        fate = "lost" if number in lost else "never arrived"
        _add(line, "title", f"{full} from {node} to {to}: {fate}")
        if number in lost:
            _add(svg, "path", d=f"M{x2 - 4},{y3 - 4} l8,8 m0,-8 l-8,8", stroke=_RED)


def _draw_faults(svg: ET.Element, trace: Trace, bottom: int, first: int) -> None:
    index, last = -1, -99
    for record in trace.records:
        if isinstance(record, Step):
            index = record.index
        elif record.fault not in {"lose", "duplicate", "reorder"}:
            place = first + COLUMN * index + COLUMN // 2
            symbol, words = recorded_fault(record.fault, record.params)
            if symbol:
                mark = _add(svg, "text", symbol, class_="fault", x=place, y=bottom - 2,
                            font_size=12, fill=_RED, text_anchor="middle")  # fmt: skip
            else:
                mark = _add(svg, "path", class_="fault", fill=_RED,
                            d=f"M{place},{bottom - 12} l5,9 l-10,0 z")  # fmt: skip
            _add(mark, "title", f"{record.time:.6f} s: {words}")
            if place - last > 60:
                _add(svg, "text", record.fault, x=place, y=bottom + 10, font_size=10, fill=_RED,
                     text_anchor="middle")  # fmt: skip
                last = place
