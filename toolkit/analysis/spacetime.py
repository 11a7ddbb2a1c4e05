"""Space-time diagrams: a lane for each node, an arrow for each message."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from toolkit.trace import Step, Trace

__all__ = ["COLUMN", "LEFT", "spacetime_svg"]

COLUMN = 30
"""Pixels from one step to the next."""

LEFT = 70
"""Pixels before the first step."""

_LANE = 90
_TOP = 46
_INK, _GREY, _RED, _BLUE, _DOWN = "#222222", "#9a9a9a", "#b2182b", "#2166ac", "#e6e6e6"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: object) -> ET.Element:
    names = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, names)
    element.text = text
    return element


def _short(message: dict[str, object]) -> str:
    number = message.get("bal")
    return f"{message.get('type', '?')}" + ("" if number is None else f" {number}")


def _title(step: Step) -> str:
    parts = [f"step {step.index}, {step.time:.6f} s: {step.action or '?'} at {step.node}"]
    if step.params:
        parts.append(", ".join(f"{name}={value}" for name, value in step.params.items()))
    if step.received is not None:
        parts.append(f"received {_short(step.received.message)} from {step.received.sender}")
    return "; ".join(parts)


def spacetime_svg(trace: Trace, *, diverged: int | None = None) -> str:
    """Draw a trace.

    Time runs to the right, a column for each step, so that steps that are close in time stay
    apart; the seconds stand above.  A message is an arrow from the step in which it left to
    each step that received it; one that was lost ends in a cross, a copy is dashed, and one
    that never arrived is grey.  A grey band is a node that is down; a mark below is a fault of
    the environment.

    Parameters
    ----------
    trace : Trace
    diverged : int, optional
        A step to mark in red.

    Returns
    -------
    str
        SVG, complete in itself.  The element with class ``cursor`` can be moved to a step: its
        place is ``LEFT + COLUMN * index``.
    """
    steps = trace.steps
    lanes = {node: _TOP + _LANE * place for place, node in enumerate(trace.header.nodes)}
    bottom = _TOP + _LANE * (len(lanes) - 1) + 50
    width = LEFT + COLUMN * max(len(steps), 1) + 30
    svg = ET.Element("svg", {
        "xmlns": "http://www.w3.org/2000/svg", "width": str(width), "height": str(bottom + 26),
        "viewBox": f"0 0 {width} {bottom + 26}", "font-family": "sans-serif", "font-size": "12",
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
    for node, y in lanes.items():
        _add(svg, "line", x1=LEFT - 12, y1=y, x2=width - 10, y2=y, stroke=_GREY)
        _add(svg, "text", node, x=8, y=y + 4, font_weight="bold", fill=_INK)
    for step in steps[::5]:
        _add(svg, "text", f"{step.time:.4g} s", x=x(step.index), y=14, fill=_INK, font_size=10,
             text_anchor="middle")  # fmt: skip
    _draw_messages(svg, trace, lanes)
    for step in steps:
        red = step.index == diverged
        dot = _add(svg, "circle", cx=x(step.index), cy=lanes[step.node], r=7 if red else 4.5,
                   fill=_RED if red else _INK, data_step=step.index)  # fmt: skip
        _add(dot, "title", _title(step))
        if step.action not in {"Ignore", "Flush"}:
            _add(svg, "text", step.action, x=x(step.index), y=lanes[step.node] - 9,
                 font_size=10, fill=_RED if red else _INK,
                 transform=f"rotate(-28 {x(step.index)} {lanes[step.node] - 9})")  # fmt: skip
    _draw_faults(svg, trace, bottom, x(0))
    return ET.tostring(svg, encoding="unicode")


def _draw_messages(svg: ET.Element, trace: Trace, lanes: dict[str, int]) -> None:
    lost = {
        fault.params["id"] for fault in trace.faults
        if fault.fault == "lose" and "id" in fault.params
    }  # fmt: skip
    sent: dict[int, tuple[int, str, str, str]] = {}
    arrived: dict[int, int] = {}
    for step in trace.steps:
        got = step.received
        if got is not None and got.id in sent:
            start, node, _, label = sent[got.id]
            count = arrived[got.id] = arrived.get(got.id, 0) + 1
            x1, y1 = LEFT + COLUMN * start, lanes[node]
            x2, y2 = LEFT + COLUMN * step.index, lanes[step.node]
            useless = step.action == "Ignore"
            style = {"stroke_dasharray": "5 4"} if count > 1 else {}
            bend = -26 if y1 == y2 else 0
            middle = f"{(x1 + x2) / 2},{(y1 + y2) / 2 + bend}"
            head = "faded" if useless else "arrow"
            arrow = _add(svg, "path", d=f"M{x1},{y1} Q{middle} {x2},{y2}", fill="none",
                         stroke=_GREY if useless else _BLUE, stroke_width=1 if useless else 1.5,
                         marker_end=f"url(#{head})", **style)  # fmt: skip
            _add(arrow, "title", f"{label} from {node} to {step.node}")
            if not useless and y1 != y2 and count == 1:
                _add(svg, "text", label, x=x1 + 0.68 * (x2 - x1), y=y1 + 0.68 * (y2 - y1) - 3,
                     font_size=10, fill=_BLUE)  # fmt: skip
        for one in step.sent or ():
            if one.id is not None and one.to in lanes:
                sent[one.id] = (step.index, step.node, one.to, _short(one.message))
    for number, (start, node, to, label) in sent.items():
        if number in arrived:
            continue
        x1, y1, y2 = LEFT + COLUMN * start, lanes[node], lanes[to]
        x2, y3 = x1 + 22, y1 + 0.35 * (y2 - y1)
        colour = _RED if number in lost else _GREY
        line = _add(svg, "line", x1=x1, y1=y1, x2=x2, y2=y3, stroke=colour, stroke_dasharray="2 2")
        fate = "lost" if number in lost else "never arrived"
        _add(line, "title", f"{label} from {node} to {to}: {fate}")
        if number in lost:
            _add(svg, "path", d=f"M{x2 - 4},{y3 - 4} l8,8 m0,-8 l-8,8", stroke=_RED)


def _draw_faults(svg: ET.Element, trace: Trace, bottom: int, first: int) -> None:
    index, last = -1, -99
    for record in trace.records:
        if isinstance(record, Step):
            index = record.index
        elif record.fault not in {"lose", "duplicate", "reorder"}:
            place = first + COLUMN * index + COLUMN // 2
            mark = _add(svg, "path", d=f"M{place},{bottom - 12} l5,9 l-10,0 z", fill=_RED)
            _add(mark, "title", f"{record.time:.6f} s: {record.fault} {record.params}")
            if place - last > 60:
                _add(svg, "text", record.fault, x=place, y=bottom + 10, font_size=10, fill=_RED,
                     text_anchor="middle")  # fmt: skip
                last = place
