"""Faults that are aimed at the leader or at another node, for comparisons of protocols.

Each kind is an :class:`AimedFault`, registered by an entry point of the group
``toolkit.aimed_faults``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from toolkit.registry import Registry
from toolkit.sim import ScenarioBuilder

__all__ = [
    "AIMED_FAULTS",
    "OWN",
    "AimedFault",
    "aimed_fault_names",
    "register_aimed_fault",
    "unregister_aimed_fault",
]

Strike: TypeAlias = Callable[[ScenarioBuilder, str, Sequence[str], float, float], object]


@dataclass(frozen=True, kw_only=True)
class AimedFault:
    """A kind of fault whose target is the leader or another node.

    Parameters
    ----------
    name : str
        Name on the command line.
    description : str
        One-line description.
    strike : callable
        ``strike(plan, target, others, begin, end)`` adds the fault's events to a scenario builder.
        `target` is the node that the fault is aimed at.  `others` are all other nodes; a fault
        that affects only some of them takes the first ones.  `begin` and `end` are in seconds.
    at_leader : bool
        Whether the target is the leader; otherwise it is another node.
    """

    name: str
    description: str
    strike: Strike
    at_leader: bool = True


AIMED_FAULTS: Registry[AimedFault] = Registry(
    "aimed fault",
    "toolkit.aimed_faults",
    lambda plugin: isinstance(plugin, AimedFault),
    "an object of toolkit.comparison.aimed_faults.AimedFault",
    lambda fault: fault.name,
    lambda fault: fault.description,
    lambda fault: None if callable(fault.strike) else f"strike is not callable: {fault.strike!r}",
)
"""All aimed faults, by name."""


def register_aimed_fault(fault: AimedFault) -> None:
    """Register an aimed fault for this process.

    Parameters
    ----------
    fault : AimedFault

    Raises
    ------
    SettingError
        If another aimed fault has this name.
    """
    AIMED_FAULTS.register(fault)


def unregister_aimed_fault(name: str) -> None:
    """Remove a fault registered with :func:`register_aimed_fault`; ignore unknown names.

    Parameters
    ----------
    name : str
    """
    AIMED_FAULTS.unregister(name)


def aimed_fault_names() -> list[str]:
    """Return the names of all aimed faults: the built-in ones, then the others, sorted.

    Returns
    -------
    list of str

    Examples
    --------
    >>> aimed_fault_names()[0]
    'crash-leader'
    """
    known = AIMED_FAULTS.names()
    built_in = [name for name in OWN if name in known]
    return built_in + [name for name in known if name not in OWN]


def _crash(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    plan.crash(begin, target).restart(end, target)


def _crash_all(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    for name in (target, *others):
        plan.crash(begin, name).restart(begin + (end - begin) / 10, name)


def _cut_off(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    plan.partition(begin, [target], others).heal(end)


def _minority(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    count = len(others) // 2 - 1
    plan.partition(begin, [target, *others[:count]], others[count:]).heal(end)


def _deaf(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    for name in others:
        plan.cut(begin, name, target)
    plan.heal(end)


def _slow_sender(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    for name in others:
        plan.slow(begin, target, name, 10.0)
    plan.heal(end)


def _slow_disk(
    plan: ScenarioBuilder, target: str, others: Sequence[str], begin: float, end: float
) -> None:
    plan.slow_disk(begin, target, 20.0)
    plan.heal(end)


CRASH_LEADER = AimedFault(
    name="crash-leader",
    description="the leader crashes and restarts when the fault ends",
    strike=_crash,
)
CRASH_FOLLOWER = AimedFault(
    name="crash-follower",
    description="another server crashes and restarts when the fault ends",
    strike=_crash,
    at_leader=False,
)
CUT_OFF_LEADER = AimedFault(
    name="cut-off-leader",
    description="the leader is partitioned from all other servers",
    strike=_cut_off,
)
DEAF_LEADER = AimedFault(
    name="deaf-leader",
    description="the leader receives no messages, but its own messages arrive",
    strike=_deaf,
)
MINORITY = AimedFault(
    name="minority",
    description="the leader is in a partition that is just too small for a quorum",
    strike=_minority,
)
SLOW_LEADER = AimedFault(
    name="slow-leader",
    description="the leader's messages take ten times as long",
    strike=_slow_sender,
)
SLOW_DISK = AimedFault(
    name="slow-disk",
    description="the leader's disk writes take twenty times as long",
    strike=_slow_disk,
)
CRASH_ALL = AimedFault(
    name="crash-all",
    description="all servers crash and restart after a tenth of the fault's duration",
    strike=_crash_all,
)

OWN: tuple[str, ...] = tuple(
    fault.name
    for fault in (
        CRASH_LEADER,
        CRASH_FOLLOWER,
        CUT_OFF_LEADER,
        DEAF_LEADER,
        MINORITY,
        SLOW_LEADER,
        SLOW_DISK,
        CRASH_ALL,
    )
)
"""Names of the built-in aimed faults, in the order of lists."""
