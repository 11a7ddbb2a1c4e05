"""Registry of scenario events: entry points of the group ``toolkit.faults``, and this process's."""

from __future__ import annotations

from toolkit.registry import Registry
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.words import Line, unknown

__all__ = ["FAULTS", "parse_events", "register_fault", "unregister_fault"]


def _fits(plugin: object) -> bool:
    return (
        isinstance(plugin, type)
        and issubclass(plugin, ScenarioEvent)
        and isinstance(getattr(plugin, "keyword", None), str)
        and not getattr(plugin, "__abstractmethods__", None)
    )


FAULTS: Registry[type[ScenarioEvent]] = Registry(
    "fault",
    "toolkit.faults",
    _fits,
    "a class derived from toolkit.sim.faults.ScenarioEvent, with a keyword and all its methods",
    lambda kind: kind.keyword.replace(" ", "-"),
    lambda kind: (kind.__doc__ or "").strip().partition("\n")[0],
)
"""All kinds of scenario events, by keyword."""


def register_fault(kind: type[ScenarioEvent]) -> None:
    """Register a kind of scenario event for this process.

    Parameters
    ----------
    kind : type
        A class derived from :class:`~toolkit.sim.faults.base.ScenarioEvent`.

    Raises
    ------
    SettingError
        If it lacks a keyword or a method, or another kind has its keyword.
    """
    FAULTS.register(kind)


def unregister_fault(keyword: str) -> None:
    """Forget a kind that :func:`register_fault` made known; unknown keywords are ignored."""
    FAULTS.unregister(keyword.replace(" ", "-"))


def parse_events(line: Line, time: float) -> list[ScenarioEvent]:
    """Read a statement that follows ``at TIME``.

    Parameters
    ----------
    line : Line
        The statement.
    time : float
        Seconds since the start.

    Returns
    -------
    list of ScenarioEvent

    Raises
    ------
    ScenarioError
        If no kind has its keyword, or the rest does not follow that kind's rules.
    SettingError
        If the kind's entry point cannot be loaded.

    Examples
    --------
    >>> parse_events(Line("slow disk n1 by 10"), 0.5)
    [SlowDisk(time=0.5, node='n1', factor=10.0)]
    """
    names = FAULTS.names()
    name = line.take("an event")
    following = line.peek()
    if following is not None and f"{name}-{following}" in names:
        name = f"{name}-{line.take('an event')}"
    elif name not in names:
        raise unknown("word", name, tuple(known.replace("-", " ") for known in names))
    return list(FAULTS.get(name).parse(line, time))
