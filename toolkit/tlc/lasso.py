"""SVG picture of an infinite behaviour: a chain of states and an arc back."""

from __future__ import annotations

from toolkit.tlc.html.markup import clean, hidden_between
from toolkit.tlc.result import Counterexample

__all__ = ["lasso_picture"]

_STEP = 96
_RADIUS = 15
_MOST_SHOWN = 10
_GAP = 36


def lasso_picture(example: Counterexample) -> str:
    """Draw a lasso, or a behaviour that ends in stuttering, as SVG.

    Parameters
    ----------
    example : Counterexample
        The behaviour.  Of a long behaviour only the beginning, the states around the start of
        the loop, and the end are drawn.

    Returns
    -------
    str
        SVG with a description for screen readers.
    """
    states = example.states
    total = len(states)
    last = total - 1
    loop = next((p for p, state in enumerate(states) if state.index == example.loop), None)
    target = last if loop is None else loop
    shown = set(range(total))
    if total > _MOST_SHOWN:
        near = {*range(3), *range(target - 1, target + 2), *range(last - 1, total)}
        shown = {position for position in near if 0 <= position < total}
    places: dict[int, int] = {}
    x = 24
    gaps: list[tuple[int, int]] = []
    for hidden, position in hidden_between(sorted(shown), total):
        if hidden:
            gaps.append((x, hidden))
            x += _STEP
        if position is not None:
            places[position] = x
            x += _STEP
    width = x - _STEP + 40
    span = places[last] - places[target]
    rise = 34 + min(50, span // 6)
    y = rise + _RADIUS + 22
    parts = []
    for position, place in places.items():
        state = states[position]
        if position:
            name = state.action or ""
            before = place - _STEP
            aside = _RADIUS if position - 1 in places else _GAP
            parts.append(_arrow(before + aside, place - _RADIUS, y))
            short = name if len(name) <= 11 else name[:10] + "…"
            middle = before + _STEP // 2
            parts.append(
                f'<text x="{middle}" y="{y + 27}" text-anchor="middle">{clean(short)}'
                f"<title>{clean(name)}</title></text>"
            )
        inside = "loop" if position >= target else "stem"
        parts.append(
            f'<g class="{inside}"><circle cx="{place}" cy="{y}" r="{_RADIUS}" fill="none" '
            f'stroke="currentColor" stroke-width="{1.6 if inside == "loop" else 1.1}"/>'
            f'<text x="{place}" y="{y + 4}" text-anchor="middle">{state.index}</text></g>'
        )
    for place, hidden in gaps:
        parts.append(_arrow(place - _STEP + _RADIUS, place - _GAP, y))
        parts.append(
            f'<text x="{place}" y="{y + 4}" text-anchor="middle">… {hidden:,} …'
            f"<title>{hidden:,} states are not drawn</title></text>"
        )
    parts.append(_back(places[last], places[target], y, rise))
    words = (
        f"stuttering: state {states[last].index} for ever"
        if loop is None
        else f"back to state {states[loop].index}"
    )
    # The text is above the arc, or next to the small arc from a state to itself.
    where, height, anchor = (places[last] + places[target]) // 2, 12, "middle"
    if not span:
        where, height, anchor = places[last] + 22, y - _RADIUS - 14, "start"
        width += 150
    parts.append(
        f'<text class="back" x="{where}" y="{height}" text-anchor="{anchor}">{clean(words)}</text>'
    )
    label = f"{total:,} states, then {words}"
    return (
        f'<svg class="lasso" role="img" aria-label="{clean(label)}" width="{width}" '
        f'height="{y + 36}" viewBox="0 0 {width} {y + 36}">{"".join(parts)}</svg>'
    )


def _arrow(start: int, end: int, y: int) -> str:
    return (
        f'<path d="M{start} {y}H{end - 6}" fill="none" stroke="currentColor"/>'
        f'<path d="M{end} {y}l-8 -4v8z" fill="currentColor"/>'
    )


def _back(start: int, end: int, y: int, rise: int) -> str:
    """Return the arc with an arrowhead from the last state to the start of the loop."""
    top = y - _RADIUS
    # An arc from a state to itself starts on the right and ends on the left.
    aside = 0 if start != end else 9
    lean = 0 if start != end else 16
    return (
        f'<path class="back" d="M{start + aside} {top + (3 if aside else 0)}'
        f"C{start + aside + lean} {top - rise} {end - aside - lean} {top - rise} "
        f'{end - aside} {top - 5}" fill="none" stroke="currentColor" stroke-width="1.6"/>'
        f'<path class="back head" d="M{end - aside} {top}l-4.5 -9h9z" fill="currentColor"/>'
    )
