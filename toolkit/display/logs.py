"""Pictures of replicated logs, as the Raft paper draws them: boxes by index, terms in them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from toolkit.errors import SettingError
from toolkit.trace import Trace
from toolkit.values import format_itf

__all__ = ["draw_logs", "has_logs", "log_picture", "log_reach"]

_BOX, _ROW, _LEFT, _TOP, _HIGH = 46, 50, 148, 30, 36
_INK, _GREY, _PAPER, _GREEN = "#222222", "#6b6b6b", "#ffffff", "#1b7837"
_TERMS = ("#cfe3f5", "#fde0b2", "#d3ecd0", "#f6cfdc", "#e2d7f0", "#f7f0a8", "#cdeceb", "#e5dccf")
"""Light enough for dark text; the term stands in the box, the colour only helps."""

_CROWN = "M0,10 L0,1 L4,6 L7,0 L10,6 L14,1 L14,10 z"


def _add(parent: ET.Element, tag: str, text: str | None = None, **attributes: object) -> ET.Element:
    names = {name.rstrip("_").replace("_", "-"): str(value) for name, value in attributes.items()}
    element = ET.SubElement(parent, tag, names)
    element.text = text
    return element


def _has_log(state: Mapping[str, Any]) -> bool | None:
    """Return whether a state's log, or history, can be drawn; ``None`` if it has none."""
    for name, mark in (("log", "term"), ("history", "zxid")):
        if name in state:
            listed = state[name].get("#tup") if isinstance(state[name], dict) else None
            return isinstance(listed, list) and all(
                isinstance(entry, dict) and mark in entry for entry in listed
            )
    return None


def has_logs(trace: Trace) -> bool:
    """Return whether a trace shows logs that can be drawn.

    Parameters
    ----------
    trace : Trace
        It does if some node's ``log`` is a sequence of entries, each with its ``term``, or its
        ``history`` one of transactions, each with its ``zxid``.
    """
    states = [*trace.header.initial.values(), *(step.state or {} for step in trace.steps)]
    drawn = [one for state in states if (one := _has_log(state)) is not None]
    return bool(drawn) and all(drawn)


_MODES = {"leading": "leader"}
"""What Zab calls a role that has another name in Raft."""


def _like_raft(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a state of Zab in Raft's words, and any other as it is.

    A transaction is an entry, its epoch the term, and a history a log behind its snapshot.
    """
    if "history" not in state:
        return state
    history = state["history"].get("#tup", []) if isinstance(state["history"], dict) else []
    entries = [
        {"term": txn["zxid"]["epoch"], "kind": "command", "val": txn["val"], "zxid": txn["zxid"]}
        for txn in history
    ]
    shown = dict(state) | {
        "log": {"#tup": entries},
        "snapshot": {"index": _number(state, "snapshot")},
        "commitIndex": _number(state, "committed"),
        "currentTerm": state.get("currentEpoch", "?"),
        "role": _MODES.get(str(state.get("mode")), state.get("mode", "?")),
        "behind": True,
        "words": "epoch",
    }
    if isinstance(state.get("durable"), dict):
        shown["durable"] = _like_raft(state["durable"])
    return shown


def _operation(operation: Any) -> str:
    """Return a few characters for what a client asked."""
    if not isinstance(operation, dict):
        return str(operation)
    key, value = operation.get("key", "?"), operation.get("value")
    shown = {
        "put": f"{key}={value}",
        "get": f"{key}?",
        "delete": f"{key}=\N{EMPTY SET}",
        "cas": f"{key}:={value}",
    }
    return shown.get(str(operation.get("op")), str(operation.get("op", "?")))


def _label(entry: Mapping[str, Any]) -> str:
    kind = entry.get("kind", "command")
    if kind == "noop":
        return "no-op"
    if kind != "command":
        return str(kind)
    try:
        asked = json.loads(str(entry.get("val", "")))
    except ValueError:
        return str(entry.get("val", ""))
    return _operation(asked[2] if isinstance(asked, list) and len(asked) == 3 else asked)


def _short(text: str, most: int = 7) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}\N{HORIZONTAL ELLIPSIS}"


def _number(state: Mapping[str, Any], name: str) -> int:
    value = state.get(name, 0)
    return value if isinstance(value, int) else 0


def _gone(state: Mapping[str, Any]) -> int:
    """Return up to where a node's log is compacted."""
    snapshot = state.get("snapshot")
    return _number(snapshot, "index") if isinstance(snapshot, dict) else 0


def _entries(state: Mapping[str, Any], *, whole: bool) -> dict[int, dict[str, Any]]:
    """Return a node's entries by index, without those that a snapshot stands for."""
    whole = whole and not state.get("behind", False)
    log = state.get("log")
    listed = log.get("#tup", []) if isinstance(log, dict) else []
    gone = _gone(state)
    first = 1 if whole else gone + 1
    return {index: entry for index, entry in enumerate(listed, first) if index > gone}


def log_reach(states: Mapping[str, Mapping[str, Any]], *, whole: bool = False) -> int:
    """Return the greatest index that a log or a snapshot of these nodes' states reaches."""
    shown = [_like_raft(state) for state in states.values()]
    ends = [max(_entries(state, whole=whole), default=_gone(state)) for state in shown]
    return max(ends, default=0)


def _on_disk(state: Mapping[str, Any], *, whole: bool) -> dict[int, dict[str, Any]] | None:
    durable = state.get("durable")
    return _entries(durable, whole=whole) if isinstance(durable, dict) else None


def _draw_name(svg: ET.Element, node: str, state: Mapping[str, Any], y: int) -> None:
    role = str(state.get("role", "?"))
    words = state.get("words", "term")
    down = state.get("up") is False
    if role == "leader" and not down:
        crown = _add(svg, "path", d=_CROWN, transform=f"translate(8 {y + 3})", fill="#d99a00",
                     stroke=_INK, class_="crown")  # fmt: skip
        _add(crown, "title", f"{node} leads {words} {state.get('currentTerm')}")
    _add(svg, "text", node, x=28, y=y + 14, font_weight="bold", font_size=14,
         fill=_GREY if down else _INK, class_="server")  # fmt: skip
    said = "down" if down else role
    _add(svg, "text", f"{said}, {words} {state.get('currentTerm', '?')}", x=28, y=y + 30,
         font_size=11, fill=_GREY if down else _INK)  # fmt: skip


def _draw_entry(
    svg: ET.Element, node: str, index: int, entry: Mapping[str, Any], x: int, y: int,
    *, committed: bool, on_disk: bool,
) -> None:  # fmt: skip
    term = entry.get("term", 0)
    colour = _TERMS[(term - 1) % len(_TERMS)] if isinstance(term, int) else _PAPER
    label = _label(entry)
    dash = {} if on_disk else {"stroke_dasharray": "4 3"}
    box = _add(svg, "rect", x=x + 2, y=y, width=_BOX - 4, height=_HIGH, fill=colour,
               stroke=_INK, stroke_width=2.4 if committed else 1, class_="entry",
               data_server=node, data_index=index, data_term=term,
               data_committed=str(committed).lower(), **dash)  # fmt: skip
    number = f"term {term}"
    if "zxid" in entry:
        number = f"zxid ({term}, {entry['zxid']['counter']})"
    about = f"{node}, entry {index}: {number}, {label}; "
    about += "known here to be committed" if committed else "not known here to be committed"
    if not on_disk:
        about += "; not yet on its disk"
    _add(box, "title", about)
    _add(svg, "text", str(term), x=x + _BOX // 2, y=y + 17, font_size=15, font_weight="bold",
         text_anchor="middle", fill=_INK, pointer_events="none")  # fmt: skip
    _add(svg, "text", _short(label), x=x + _BOX // 2, y=y + 30, font_size=9.5,
         text_anchor="middle", fill=_INK, pointer_events="none")  # fmt: skip


def _legend(svg: ET.Element, y: int) -> None:
    x = 8.0
    for text, width, dash, term in (
        ("committed, as it knows", 2.4, None, "1"),
        ("not known to be", 1, None, "1"),
        ("not on its disk yet", 1, "3 2", "1"),
    ):
        style = {} if dash is None else {"stroke_dasharray": dash}
        _add(svg, "rect", x=x, y=y - 11, width=18, height=14, fill=_PAPER, stroke=_INK,
             stroke_width=width, **style)  # fmt: skip
        _add(svg, "text", term, x=x + 9, y=y, font_size=10, text_anchor="middle", fill=_INK)
        _add(svg, "text", text, x=x + 23, y=y, font_size=10, fill=_INK)
        x += 32 + 5.2 * len(text)


def draw_logs(
    nodes: Sequence[str],
    states: Mapping[str, Mapping[str, Any]],
    *,
    whole: bool = False,
    title: str = "logs",
    most: int = 24,
    columns: tuple[int, int] | None = None,
) -> str:
    """Draw the log of every node in one state.

    A box is an entry: its term in large, what it is below, a colour for each term.  A thick rim
    with a bar below is what the node knows to be committed, a dashed one is not yet on its disk.
    A crown is a leader; a grey box stands for what a snapshot holds.

    Parameters
    ----------
    nodes : sequence of str
        The rows.
    states : mapping of str to mapping
        Node to variable to ITF-encoded value; of the variables ``log``, ``commitIndex``,
        ``currentTerm``, ``role``, ``up``, ``snapshot`` and ``durable`` those that are there; or
        Zab's in their place: ``history``, ``committed``, ``currentEpoch``, ``mode``.
    whole : bool
        Whether ``log`` is the whole log, from index 1, as in a specification, and not what a
        snapshot has left of it.
    title : str
        For those who cannot see it.
    most : int
        At most so many entries are drawn, the last ones; the picture says how many are not.
    columns : (int, int), optional
        The first and the last index that are drawn, whatever the logs hold.

    Returns
    -------
    str
        SVG, complete in itself.

    Notes
    -----
    After Figures 6 to 8 of Ongaro and Ousterhout, *In Search of an Understandable Consensus
    Algorithm* (extended version of USENIX ATC 2014).

    Examples
    --------
    >>> state = {"role": "leader", "currentTerm": 1, "commitIndex": 1,
    ...          "log": {"#tup": [{"term": 1, "kind": "noop", "val": ""}]}}
    >>> svg = draw_logs(["n1"], {"n1": state})
    >>> svg.count('class="entry"'), svg.count('class="crown"')
    (1, 1)
    """
    states = {node: _like_raft(states.get(node, {})) for node in nodes}
    logs = {node: _entries(states[node], whole=whole) for node in nodes}
    gone = {node: _gone(states[node]) for node in nodes}
    if columns is None:
        last = max(log_reach(states, whole=whole), 1)
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
    for place, node in enumerate(nodes):
        y = _TOP + _ROW * place
        state = states[node]
        _draw_name(svg, node, state, y)
        commit = _number(state, "commitIndex")
        disk = _on_disk(state, whole=whole)
        if gone[node] >= first:
            end = _LEFT + _BOX * (gone[node] - first + 1)
            box = _add(svg, "rect", x=_LEFT + 2, y=y, width=end - _LEFT - 4, height=_HIGH,
                       fill="#eeeeee", stroke=_INK, stroke_width=2.4,
                       class_="snapshot")  # fmt: skip
            _add(box, "title", f"{node}: a snapshot stands for entries 1 to {gone[node]}")
            _add(svg, "text", f"\N{HORIZONTAL ELLIPSIS}{gone[node]}", x=(_LEFT + end) // 2,
                 y=y + 17, font_size=12, text_anchor="middle", fill=_INK)  # fmt: skip
            _add(svg, "text", _short("snapshot", 8), x=(_LEFT + end) // 2, y=y + 30,
                 font_size=9, text_anchor="middle", fill=_INK)  # fmt: skip
        for index, entry in logs[node].items():
            if first <= index <= last:
                _draw_entry(
                    svg, node, index, entry, _LEFT + _BOX * (index - first), y,
                    committed=index <= commit,
                    on_disk=disk is None or disk.get(index) == entry,
                )  # fmt: skip
        reached = min(commit, last)
        if reached >= first:
            end = _LEFT + _BOX * (reached - first + 1) - 2
            bar = _add(svg, "path", d=f"M{_LEFT + 2},{y + _HIGH + 5} H{end}", stroke=_GREEN,
                       stroke_width=4, class_="committed")  # fmt: skip
            _add(bar, "title", f"{node}: commitIndex {commit}")
    _legend(svg, bottom + 14)
    return ET.tostring(svg, encoding="unicode")


def log_picture(trace: Trace, step: int) -> str:
    """Draw the logs of a trace's nodes at a step.

    Parameters
    ----------
    trace : Trace
        Whose states have logs (see :func:`has_logs`).
    step : int
        0 for the initial state, k+1 for the one after step k.

    Returns
    -------
    str
        SVG (see :func:`draw_logs`).

    Raises
    ------
    SettingError
        If the trace has no such step, or shows no logs.
    """
    if not has_logs(trace):
        raise SettingError(
            f"the trace {trace.header.trace!r} shows no logs",
            hint="a node's 'log' is a sequence of entries with a 'term', or its 'history' one with "
            "a 'zxid' each",
        )
    if not 0 <= step <= len(trace.steps):
        raise SettingError(
            f"step {step} is none of the trace", hint=f"0 to {len(trace.steps)}, 0 at the start"
        )
    state: Mapping[str, Mapping[str, Any]] = trace.header.initial
    for at, (_, after) in enumerate(trace.states(), start=1):
        if at == step:
            state = after
            break
    what = f"logs of {trace.header.trace} after {step} steps: " + "; ".join(
        f"{node} {format_itf(_like_raft(state.get(node, {})).get('log'))}"
        for node in trace.header.nodes
    )
    return draw_logs(trace.header.nodes, state, title=_short(what, 400))
