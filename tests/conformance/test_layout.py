"""Cutting traces into pieces loses no step and mixes up no traces."""

from __future__ import annotations

from hypothesis import given, strategies as st

from toolkit.conformance.encode import Layout, _tree

texts = st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=6), min_size=1, max_size=12)


def read_back(layout: Layout) -> dict[int, list[int]]:
    """Follow every branch from its root, as the specification does."""
    found: dict[int, list[int]] = {}
    todo: list[tuple[int, list[int]]] = [(root, []) for root in range(1, layout.roots + 1)]
    while todo:
        number, before = todo.pop()
        piece = layout.pieces[number - 1]
        text = before + piece.codes
        for trace in piece.ends:
            assert trace not in found
            found[trace] = text
        todo += [(piece.first + child, text) for child in range(piece.children)]
    return found


@given(texts)
def test_every_trace_can_be_read_back_from_the_tree(given_texts: list[list[int]]) -> None:
    whole = dict(enumerate(given_texts))
    assert read_back(_tree(whole)) == whole


@given(texts)
def test_a_common_beginning_is_kept_once(given_texts: list[list[int]]) -> None:
    whole = dict(enumerate(given_texts))
    beginnings = {tuple(text[:end]) for text in given_texts for end in range(1, len(text) + 1)}
    assert _tree(whole).steps == len(beginnings)
