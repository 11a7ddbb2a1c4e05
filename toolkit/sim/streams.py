"""Independent random streams, each derived from a run's seed and a name."""

from __future__ import annotations

import hashlib
import random

__all__ = ["stream"]


def stream(seed: int, name: str) -> random.Random:
    """Return the random generator for one purpose, derived from a seed and a name.

    Streams with different names are independent: drawing more numbers from one does not change
    another.  For instance, a slower disk does not change the delays of the network.

    Parameters
    ----------
    seed : int
        The run's seed.
    name : str
        Purpose of the stream, for instance ``"network"``.

    Returns
    -------
    random.Random
        A generator that is equal for equal arguments in every process.

    Examples
    --------
    >>> stream(1, "network").random() == stream(1, "network").random()
    True
    >>> stream(1, "network").random() == stream(1, "disk").random()
    False
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return random.Random(int.from_bytes(digest[:16], "big"))
