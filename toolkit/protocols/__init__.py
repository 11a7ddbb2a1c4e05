"""Protocols as plug-ins: find one by name, register one's own.

A protocol of a stranger is found exactly as ours are: through the entry-point group
``toolkit.protocols``.  :func:`register` adds one for the running process only.
"""

from __future__ import annotations

from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols.protocol import Protocol
from toolkit.registry import Registry
from toolkit.trace.logview import LogView

__all__ = [
    "ENTRY_POINT_GROUP",
    "PROTOCOLS",
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

PROTOCOLS: Registry[Protocol] = Registry(
    "protocol",
    ENTRY_POINT_GROUP,
    lambda plugin: isinstance(plugin, Protocol),
    "an object of toolkit.protocols.protocol.Protocol",
    lambda protocol: protocol.name,
)
"""All protocols, by name."""


def register(protocol: Protocol) -> None:
    """Register a protocol for this process, under its own name.

    Parameters
    ----------
    protocol : Protocol
        The protocol.

    Raises
    ------
    SettingError
        If another protocol has that name.
    """
    PROTOCOLS.register(protocol)


def unregister(name: str) -> None:
    """Forget a protocol that :func:`register` made known; unknown names are ignored."""
    PROTOCOLS.unregister(name)


def protocol_names() -> list[str]:
    """Return the names of all known protocols, sorted.

    Examples
    --------
    >>> "paxos" in protocol_names()
    True
    """
    return PROTOCOLS.names()


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
    return PROTOCOLS.get(name)


def known_protocols() -> list[Protocol]:
    """Return all known protocols, sorted by name, without those that cannot be loaded."""
    return PROTOCOLS.loadable()


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
    """Return the names of the protocols that can replicate a machine by a log, sorted.

    Parameters
    ----------
    machine : str
        The machine's name, for instance ``"kv"``.  A protocol with the setting ``machine`` can
        replicate any.
    """
    return tuple(
        protocol.name
        for protocol in known_protocols()
        if protocol.log is not None
        and protocol.implementation is not None
        and protocol.implementation.can_replicate(machine)
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
