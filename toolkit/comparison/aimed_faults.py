"""The faults that several protocols are put to alike, and whom they are aimed at."""

from __future__ import annotations

from collections.abc import Sequence

from toolkit.sim import ScenarioBuilder

__all__ = ["FAULTS", "strike"]

FAULTS: dict[str, str] = {
    "crash-leader": "the leader crashes, and comes up when the fault ends",
    "crash-follower": "another server crashes, and comes up when the fault ends",
    "cut-off-leader": "the leader is cut off from all others",
    "deaf-leader": "the leader hears nobody, and is heard",
    "minority": "the leader and as many others as leave it without a quorum are cut off",
    "slow-leader": "what the leader sends takes ten times as long",
    "slow-disk": "the leader's disk takes twenty times as long",
    "crash-all": "all crash, and come up when a tenth of the fault's time has passed",
}
"""Kind of fault to what happens."""


def strike(
    plan: ScenarioBuilder, kind: str, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    """Add a fault to a plan.

    Parameters
    ----------
    plan : ScenarioBuilder
        It is changed.
    kind : str
        One of :data:`FAULTS`.
    target : str
        The node that it is aimed at.
    others : sequence of str
        All others, in the order in which they are taken where not all are.
    begin, end : float
        Seconds.
    """
    if kind in ("crash-leader", "crash-follower"):
        plan.crash(begin, target).restart(end, target)
    elif kind == "crash-all":
        for name in (target, *others):
            plan.crash(begin, name).restart(begin + (end - begin) / 10, name)
    elif kind == "cut-off-leader":
        plan.partition(begin, [target], others).heal(end)
    elif kind == "minority":
        few = len(others) // 2 - 1
        plan.partition(begin, [target, *others[:few]], others[few:]).heal(end)
    elif kind == "deaf-leader":
        for name in others:
            plan.cut(begin, name, target)
        plan.heal(end)
    elif kind == "slow-leader":
        for name in others:
            plan.slow(begin, target, name, 10.0)
        plan.heal(end)
    else:
        plan.slow_disk(begin, target, 20.0)
        plan.heal(end)
