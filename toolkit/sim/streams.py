"""Separate random streams, each derived from a run's seed by name."""

from __future__ import annotations

import hashlib
import random

__all__ = ["stream"]


def stream(seed: int, name: str) -> random.Random:
    """Return the random generator that a seed gives to one purpose.

    Streams of different names are independent: drawing more from one does not shift another,
    so that for instance a slower disk leaves the network's delays as they were.

    Parameters
    ----------
    seed : int
        The run's seed.
    name : str
        What the stream is for, for instance ``"network"``.

    Returns
    -------
    random.Random
        The same for the same arguments in every process.

    Examples
    --------
    >>> stream(1, "network").random() == stream(1, "network").random()
    True
    >>> stream(1, "network").random() == stream(1, "disk").random()
    False
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))
