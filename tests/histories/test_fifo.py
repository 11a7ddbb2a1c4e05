"""The check of clients' order agrees with looking at every pair, and finds planted faults."""

from __future__ import annotations

import random

from toolkit.histories import check_fifo


def by_looking_at_every_pair(effects: list[tuple[str, int]]) -> bool:
    """The checker's twin."""
    first = list(dict.fromkeys(effects))
    return not any(
        one[0] == other[0] and one[1] > other[1]
        for at, one in enumerate(first)
        for other in first[at + 1 :]
    )


def test_the_check_agrees_with_looking_at_every_pair_of_5000_orders() -> None:
    rng = random.Random(1)
    verdicts = []
    for _ in range(5000):
        effects = [(rng.choice("ab"), rng.randint(0, 3)) for _ in range(rng.randint(0, 6))]
        verdicts.append(check_fifo(effects).ok)
        assert verdicts[-1] == by_looking_at_every_pair(effects), effects
    assert 1000 < sum(verdicts) < 4000


def test_two_requests_exchanged_are_caught_and_the_first_is_named() -> None:
    effects = [("a" if number % 2 else "b", number // 2) for number in range(1000)]
    assert check_fifo(effects).ok
    effects[500], effects[502] = effects[502], effects[500]
    found = check_fifo(effects)
    assert (found.ok, found.client, found.early, found.late, found.place) == (
        False, "b", 251, 250, 502,
    )  # fmt: skip
    assert "request 250 of b" in str(found)
