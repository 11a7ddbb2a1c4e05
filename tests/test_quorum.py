"""Quorum systems, held against a deliberately dumb twin."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, strategies as st

from toolkit.errors import QuorumError
from toolkit.quorum import QuorumPair, QuorumSystem, flexible, grid, majority, weighted

members = st.sets(st.sampled_from("abcdef"), min_size=1)


def subsets(names: str) -> list[set[str]]:
    return [set(c) for size in range(len(names) + 1) for c in combinations(names, size)]


@given(st.lists(members, min_size=1, max_size=5))
def test_a_set_is_a_quorum_when_it_contains_one(quorums: list[set[str]]) -> None:
    system = QuorumSystem("abcdef", quorums)
    for chosen in subsets("abcdef"):
        assert system.is_quorum(chosen) == any(quorum <= chosen for quorum in quorums)


@given(st.lists(members, min_size=1, max_size=4), st.lists(members, min_size=1, max_size=4))
def test_a_pair_is_made_exactly_when_all_its_quorums_meet(
    first: list[set[str]], second: list[set[str]]
) -> None:
    one, two = QuorumSystem("abcdef", first), QuorumSystem("abcdef", second)
    if all(a & b for a in first for b in second):
        QuorumPair(one, two)
    else:
        with pytest.raises(QuorumError, match="do not intersect"):
            QuorumPair(one, two)


@given(st.dictionaries(st.sampled_from("abcde"), st.integers(0, 4), min_size=1))
def test_more_than_half_of_the_weight_is_a_quorum(weights: dict[str, int]) -> None:
    if not any(weights.values()):
        with pytest.raises(QuorumError):
            weighted(weights)
        return
    system = weighted(weights)
    for chosen in subsets("".join(weights)):
        heavy = sum(weights[name] for name in chosen) * 2 > sum(weights.values())
        assert system.is_quorum(chosen) == heavy


def test_majorities_meet_and_rows_meet_columns() -> None:
    assert majority("abcde").meets(majority("abcde")) is None
    pair = grid(list("abcdef"), 2, 3)
    assert pair.phase1.meets(pair.phase1) is not None
    with pytest.raises(QuorumError):
        flexible("abcd", 2, 2)
    assert flexible("abcd", 2, 2, checked=False).phase1.is_quorum("ab")
