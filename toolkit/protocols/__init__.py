"""Registry of protocols: look up a protocol by name, or register one.

Third-party protocols are found in the same way as bundled ones: through the entry-point group
``toolkit.protocols``.  :func:`register` adds a protocol for the running process only.
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
"""The entry-point group of protocols."""

PROTOCOLS: Registry[Protocol] = Registry(
    "protocol",
    ENTRY_POINT_GROUP,
    lambda plugin: isinstance(plugin, Protocol),
    "an object of toolkit.protocols.protocol.Protocol",
    lambda protocol: protocol.name,
)
"""Registry of all protocols, by name."""


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
    """Remove a protocol that was added by :func:`register`; unknown names are ignored.

    Parameters
    ----------
    name : str
        The protocol's name.
    """
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
    """Return the protocol with a name.

    Parameters
    ----------
    name : str
        The protocol's name, for instance ``"paxos"``.

    Returns
    -------
    Protocol

    Raises
    ------
    UnknownNameError
        If no protocol has that name.
    SettingError
        If its entry point cannot be loaded, or the object is not a :class:`Protocol`.
    """
    return PROTOCOLS.get(name)


def known_protocols() -> list[Protocol]:
    """Return all protocols that can be loaded, sorted by name."""
    return PROTOCOLS.loadable()


def find_log_view(name: str) -> LogView | None:
    """Return the log view of a protocol, for displaying its traces.

    Parameters
    ----------
    name : str
        The protocol's name, as in a trace's header.

    Returns
    -------
    LogView or None
        ``None`` if no protocol has that name, or the protocol has no log.
    """
    try:
        return get_protocol(name).log
    except (UnknownNameError, SettingError):
        return None


def replicating_protocols(machine: str) -> tuple[str, ...]:
    """Return the sorted names of protocols that can replicate a machine with a log.

    Parameters
    ----------
    machine : str
        The machine's name, for instance ``"kv"``.  A protocol with the setting ``machine`` can
        replicate any machine.

    Returns
    -------
    tuple of str
    """
    return tuple(
        protocol.name
        for protocol in known_protocols()
        if protocol.log is not None
        and protocol.implementation is not None
        and protocol.implementation.can_replicate(machine)
    )


def showcase_protocol() -> str:
    """Return the name of the protocol for a demonstration without a given protocol.

    Returns
    -------
    str
        The first protocol, by name, that is marked as a showcase; otherwise the first protocol that
        can be run.

    Raises
    ------
    SettingError
        If no protocol can be run.
    """
    runnable = [protocol for protocol in known_protocols() if protocol.implementation is not None]
    showcases = [protocol for protocol in runnable if protocol.showcase]
    if not runnable:
        raise SettingError(
            "no registered protocol can be run", hint="register a protocol with an implementation"
        )
    return (showcases or runnable)[0].name
