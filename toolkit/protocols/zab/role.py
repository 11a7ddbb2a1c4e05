"""Roles of a Zab server: components that each handle some of its events.

A server class lists its roles in ``components``; a server creates all of them and keeps each under
the role's name, as in ``server.election``.  The history, the machine and the variables that all
roles read (``mode``, ``phase``, ``leader``, ``epoch``) belong to the server.  A role calls another
one by its name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from toolkit.protocols.base import Effects, Message

if TYPE_CHECKING:
    from toolkit.protocols.zab.node import ZabServer

__all__ = ["Role"]


class Role:
    """A part of a Zab server.

    Parameters
    ----------
    server : ZabServer
        The server that it is a part of.

    Attributes
    ----------
    server : ZabServer
        The server that it is a part of.
    name : str
        Class attribute: the attribute of the server that holds this role.
    messages : mapping of type to str
        Class attribute: the types of message that this role handles, each with the name of the
        method.
    timers : mapping of str to str
        Class attribute: the timers of this role, each with the name of the method that handles its
        timeout.
    """

    name: ClassVar[str]
    messages: ClassVar[Mapping[type[Message], str]] = {}
    timers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, server: ZabServer) -> None:
        self.server = server

    def elected(self, effects: Effects) -> None:
        """Add to the effects of an election that has ended; the server's mode and leader are set.

        Parameters
        ----------
        effects : Effects
            The effects, changed in place.
        """

    def peers(self) -> list[str]:
        """Return the servers to which this role considers the server connected."""
        return []

    def reset(self) -> None:
        """Reset the variables that belong to one leadership, which has ended."""
