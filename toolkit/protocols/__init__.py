"""Protocols as plug-ins: find one by name, register one's own.

A protocol of a stranger is found exactly as ours are: through the entry-point group
``toolkit.protocols``.  :func:`register` adds one for the running process only.
"""

from __future__ import annotations

from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache
from importlib.metadata import entry_points

from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols.protocol import Protocol
from toolkit.trace.logview import LogView

__all__ = [
    "ENTRY_POINT_GROUP",
    "find_log_view",
    "get_protocol",
    "known_protocols",
    "protocol_names",
    "register",
    "replicating_protocols",
    "showcase_protocol",
    "unregister",
]

ENTRY_POINT_GROUP = "toolkit.protocols"
"""The entry-point group that protocols are looked up in."""

_registered: dict[str, Protocol] = {}


def register(protocol: Protocol) -> None:
    """Make a protocol known to this process.

    Parameters
    ----------
    protocol : Protocol
        What to register, under its own name.

    Raises
    ------
    SettingError
        If another protocol goes by that name.
    """
    known = _registered.get(protocol.name)
    if (known is not None and known is not protocol) or (
        known is None and protocol.name in _entry_names()
    ):
        raise SettingError(
            f"a protocol named {protocol.name!r} is registered already",
            hint="choose another name, or unregister() the first",
        )
    _registered[protocol.name] = protocol


def unregister(name: str) -> None:
    """Forget a protocol that :func:`register` made known; unknown names are ignored."""
    _registered.pop(name, None)


def _entry_names() -> set[str]:
    return {point.name for point in entry_points(group=ENTRY_POINT_GROUP)}


@lru_cache(maxsize=64)
def _load(name: str) -> Protocol | None:
    for point in entry_points(group=ENTRY_POINT_GROUP):
        if point.name == name:
            try:
                loaded = point.load()
            except Exception as error:
                raise SettingError(
                    f"the protocol {name!r} cannot be loaded: {error}",
                    hint=f"look at its entry point {point.value!r}",
                ) from error
            if not isinstance(loaded, Protocol):
                raise SettingError(
                    f"the entry point {point.value!r} of protocol {name!r} is not a Protocol",
                    hint="it must name an object of toolkit.protocols.protocol.Protocol",
                )
            return loaded
    return None


def protocol_names() -> list[str]:
    """Return the names of all known protocols, sorted.

    Examples
    --------
    >>> "paxos" in protocol_names()
    True
    """
    return sorted(_entry_names() | set(_registered))


def get_protocol(name: str) -> Protocol:
    """Return the protocol of that name.

    Parameters
    ----------
    name : str
        For instance ``"paxos"``.

    Returns
    -------
    Protocol

    Raises
    ------
    UnknownNameError
        If no protocol of that name is known.
    SettingError
        If its entry point cannot be loaded or is not a :class:`Protocol`.
    """
    if name in _registered:
        return _registered[name]
    loaded = _load(name)
    if loaded is not None:
        return loaded
    close = get_close_matches(name, protocol_names(), n=1)
    raise UnknownNameError(
        f"unknown protocol {name!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(protocol_names())}",
    )


def known_protocols() -> list[Protocol]:
    """Return all known protocols, sorted by name, without those that cannot be loaded."""
    found = []
    for name in protocol_names():
        with suppress(SettingError):
            found.append(get_protocol(name))
    return found


def find_log_view(name: str) -> LogView | None:
    """Return a protocol's view of its log, for pictures of a trace that names the protocol.

    Parameters
    ----------
    name : str
        As a trace's header gives it.

    Returns
    -------
    LogView or None
        ``None`` if no protocol of that name is known, or it keeps no log.
    """
    try:
        return get_protocol(name).log
    except (UnknownNameError, SettingError):
        return None


def replicating_protocols(machine: str) -> tuple[str, ...]:
    """Return the names of the protocols that replicate a machine by a log, sorted.

    Parameters
    ----------
    machine : str
        The machine's name, for instance ``"kv"``.
    """
    return tuple(
        protocol.name
        for protocol in known_protocols()
        if protocol.log is not None
        and protocol.implementation is not None
        and protocol.implementation.replicates == machine
    )


def showcase_protocol() -> str:
    """Return the name of the protocol that a demonstration takes where none is named.

    Returns
    -------
    str
        The first, by name, of those that are marked as a showcase; if there is none, the first
        that can be run.

    Raises
    ------
    SettingError
        If no protocol can be run.
    """
    runnable = [one for one in known_protocols() if one.implementation is not None]
    marked = [one for one in runnable if one.showcase]
    if not runnable:
        raise SettingError("no registered protocol can be run", hint="register one")
    return (marked or runnable)[0].name
