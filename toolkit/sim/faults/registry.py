"""Registry of scenario events: installed kinds, and kinds registered in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from toolkit.errors import SettingError
from toolkit.registry import Registry
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.words import Line, unknown

__all__ = [
    "FAULTS",
    "drawn_faults",
    "event_list",
    "parse_events",
    "recorded_fault",
    "register_fault",
    "unregister_fault",
]


_KEYWORD = re.compile(r"[A-Za-z_]\w*( [A-Za-z_]\w*)?")
"""The form of a keyword: the registered name writes ``-`` between its words."""


def _is_event_class(plugin: object) -> bool:
    return isinstance(plugin, type) and issubclass(plugin, ScenarioEvent)


def _flaw(kind: Any) -> str | None:
    """Return why a class cannot be used as a kind of event; ``None`` if it can."""
    missing = sorted(getattr(kind, "__abstractmethods__", ()))
    if missing:
        return f"it lacks {' and '.join(f'{name}()' for name in missing)}"
    keyword = getattr(kind, "keyword", None)
    if not isinstance(keyword, str) or not _KEYWORD.fullmatch(keyword):
        return f"its keyword must be one word, or two words with a space between, got {keyword!r}"
    known = [field.name for field in fields(kind)]
    if isinstance(kind.nodes_in, str):
        return f"nodes_in must be a tuple of names of fields, got {kind.nodes_in!r}"
    for name in kind.nodes_in:
        if name not in known:
            return (
                f"nodes_in names {name!r}, which is not a field of the dataclass (fields: "
                f"{', '.join(known)})"
            )
    return None


FAULTS: Registry[type[ScenarioEvent]] = Registry(
    "fault",
    "toolkit.faults",
    _is_event_class,
    "a class derived from toolkit.sim.faults.ScenarioEvent",
    lambda kind: kind.keyword.replace(" ", "-"),
    lambda kind: (kind.__doc__ or "").strip().partition("\n")[0],
    _flaw,
)
"""Registry of the kinds of scenario events, by keyword."""


def register_fault(kind: type[ScenarioEvent]) -> None:
    """Register a kind of scenario event for this process.

    Parameters
    ----------
    kind : type
        A class derived from :class:`~toolkit.sim.faults.base.ScenarioEvent`.

    Raises
    ------
    SettingError
        If the class lacks a keyword or a method, ``nodes_in`` names something that is not a
        field, or another kind has the same keyword.
    """
    FAULTS.register(kind)


def unregister_fault(keyword: str) -> None:
    """Remove a kind that :func:`register_fault` registered; unknown keywords are ignored.

    Parameters
    ----------
    keyword : str
        The kind's keyword.
    """
    FAULTS.unregister(keyword.replace(" ", "-"))


def recorded_fault(fault: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Return the mark and description of a recorded fault, for diagrams.

    Parameters
    ----------
    fault : str
        The recorded kind of fault.
    params : mapping of str to JSON
        Its parameters.

    Returns
    -------
    mark : str
        The mark of the kind; empty for the default mark.
    words : str
        A description of the fault; its parameters if the kind cannot be loaded.

    Examples
    --------
    >>> recorded_fault("one-way", {"from": "n1", "to": "n2"})
    ('', 'no messages from n1 to n2')
    >>> recorded_fault("drift", {"node": "n1", "offset": 0.5})
    ('', 'drift: node=n1, offset=0.5')
    """
    mark = ""
    for name in FAULTS.names():
        try:
            kind = FAULTS.get(name)
        except SettingError:
            continue
        if fault == (kind.recorded_as or name):
            mark = kind.mark
            words = kind.describe_record(params)
            if words is not None:
                return mark, words
    values = ", ".join(f"{name}={value}" for name, value in params.items())
    return mark, f"{fault}: {values}" if values else fault


def drawn_faults() -> tuple[str, ...]:
    """Return the sorted names of the kinds that random scenarios can draw.

    Raises
    ------
    SettingError
        If a kind's entry point cannot be loaded.

    Examples
    --------
    >>> {"crash", "partition"} <= set(drawn_faults()), "heal" in drawn_faults()
    (True, False)
    """
    undrawn = ScenarioEvent.draw.__func__  # type: ignore[attr-defined]
    return tuple(
        name
        for name in FAULTS.names()
        if FAULTS.get(name).draw.__func__ is not undrawn  # type: ignore[attr-defined]
    )


def parse_events(line: Line, time: float) -> list[ScenarioEvent]:
    """Parse a statement that follows ``at TIME``.

    Parameters
    ----------
    line : Line
        The statement.
    time : float
        Seconds since the start.

    Returns
    -------
    list of ScenarioEvent
        The events of the statement.

    Raises
    ------
    ScenarioError
        If the keyword is unknown, or the rest is not valid for that kind.
    SettingError
        If the kind's entry point cannot be loaded, or its ``parse`` does not return events.

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
    kind = FAULTS.get(name)
    return event_list(kind.parse(line, time), f"{kind.__name__}.parse()")


def event_list(events: object, origin: str) -> list[ScenarioEvent]:
    """Check that a method of a kind returned events, and return them as a list.

    Parameters
    ----------
    events : object
        What the method returned.
    origin : str
        The method, for the error message.

    Returns
    -------
    list of ScenarioEvent

    Raises
    ------
    SettingError
        If it is not a sequence of events.
    """
    if not isinstance(events, Sequence) or not all(
        isinstance(event, ScenarioEvent) for event in events
    ):
        raise SettingError(
            f"{origin} must return a list of scenario events, got {events!r}",
            hint="return a list, also for a single event",
        )
    return list(events)
