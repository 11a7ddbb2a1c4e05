"""Options of a Raft server: components with declared hooks, called in a stated order.

A server class lists its options in ``components``.  A server creates those that its configuration
switches on, in this order.  :class:`Option` declares every hook, with a default that does nothing;
the server calls a hook only on the options that override it, so an option that is off costs
nothing.

There are three kinds of hooks:

- *Deciding* hooks (``on_...``, ``leader_election_timer``, ``next_message``) return ``None`` to pass
  the decision on to the next option, and at last to the server.  The first other result counts.
- *Notified* hooks (``reset``, ``after``, ``before_heartbeat``, ``responded``, ``restarted``) return
  nothing.
- *Contributing* hooks (``answered``, ``applied``, ``shown``) return parts of one result.

Which options override which hooks depends only on the server class and the options that are on.
It is found out once, in a :class:`Wiring` that servers share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar

from toolkit.protocols.base import Command, Effects, Message, Output, Redirect, SetTimer
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.messages import AppendEntriesResponse, Entry, RequestVote

if TYPE_CHECKING:
    from toolkit.protocols.raft.core import RaftCore

__all__ = ["Hooks", "Option", "Wiring", "wiring"]


class Option:
    """A part of a Raft server that the configuration switches on.

    Parameters
    ----------
    server : RaftCore
        The server that it is a part of.

    Attributes
    ----------
    server : RaftCore
        The server that it is a part of.
    messages : mapping of type to str
        Class attribute: the types of message that this option adds, each with the name of the
        method that handles it.
    timers : mapping of str to str
        Class attribute: the timers that this option adds, each with the name of the method that
        handles its timeout.
    """

    messages: ClassVar[Mapping[type[Message], str]] = {}
    timers: ClassVar[Mapping[str, str]] = {}

    def __init__(self, server: RaftCore) -> None:
        self.server = server

    @classmethod
    def is_on(cls, config: RaftConfig) -> bool:
        """Return whether a configuration switches this option on; by default it is always on."""
        return True

    # Deciding hooks ----------------------------------------------------------------------

    def on_election_timeout(self) -> Effects | None:
        """Handle a timeout of the election timer."""
        return None

    def on_heartbeat_timeout(self) -> Effects | None:
        """Handle a timeout of a leader's heartbeat timer."""
        return None

    def on_vote_request(self, message: RequestVote) -> Effects | None:
        """Handle a request for a vote."""
        return None

    def on_command(self, event: Command) -> Effects | None:
        """Handle a client's request; also called on servers that are not the leader."""
        return None

    def leader_election_timer(self) -> SetTimer | None:
        """Return the election timer of a new leader."""
        return None

    def next_message(self, other: str) -> Message | None:
        """Return the leader's next message for another server."""
        return None

    # Notified hooks ----------------------------------------------------------------------

    def reset(self) -> None:
        """Reset the state that only a candidate or a leader uses."""

    def after(self, effects: Effects) -> None:
        """Look at the effects of an event, or add to them, before they are returned."""

    def before_heartbeat(self) -> None:
        """Prepare for the heartbeats that the leader is about to send."""

    def responded(self, sender: str) -> None:
        """Record that a server has responded to this leader in its term."""

    def restarted(self) -> None:
        """Complete a restart, after the server has read its durable state."""

    # Contributing hooks ------------------------------------------------------------------

    def answered(self, message: AppendEntriesResponse) -> list[Output | Redirect]:
        """Return the answers to clients that a server's response to this leader permits."""
        return []

    def applied(self, entry: Entry) -> list[Output | Redirect]:
        """Return answers to clients after an entry that is not a command was applied."""
        return []

    def shown(self) -> dict[str, Any]:
        """Return the specification variables that this option adds, ITF-encoded."""
        return {}


Result = TypeVar("Result")

Hooks: TypeAlias = tuple[tuple[int, Callable[..., Result]], ...]
"""The options that override a hook: each option's position, and its method as a function."""


class Wiring:
    """The handlers and hooks that servers of one class with the same options call.

    It holds functions and positions in place of bound methods, so that servers can share it.  A
    copy of a server refers to the same wiring: it is not part of a server's state.

    Parameters
    ----------
    server : type
        The server class.
    options : tuple of type
        The options that are on, in order.

    Attributes
    ----------
    messages : dict of type to callable
        The handler of each type of message, a function of the server and the message.  Messages of
        options that are off are ignored.
    timers : dict of str to callable
        The handler of each timer that an option adds, a function of the server.
    """

    def __init__(self, server: type[RaftCore], options: tuple[type[Option], ...]) -> None:
        self.server = server
        self.options = options
        self.messages: dict[type[Message], Callable[[Any, Any], Effects]] = {
            kind: server.on_unexpected for option in server.components for kind in option.messages
        }
        self.timers: dict[str, Callable[[Any], Effects]] = {}
        for kind, name in server.messages.items():
            self.messages[kind] = getattr(server, name)
        for position, option in enumerate(options):
            for kind, name in option.messages.items():
                self.messages[kind] = _on_option(position, getattr(option, name))
            for timer, name in option.timers.items():
                self.timers[timer] = _on_option(position, getattr(option, name))
        self.on_election_timeout: Hooks[Effects | None] = self._overriding("on_election_timeout")
        self.on_heartbeat_timeout: Hooks[Effects | None] = self._overriding("on_heartbeat_timeout")
        self.on_vote_request: Hooks[Effects | None] = self._overriding("on_vote_request")
        self.on_command: Hooks[Effects | None] = self._overriding("on_command")
        self.leader_election_timer: Hooks[SetTimer | None] = self._overriding(
            "leader_election_timer"
        )
        self.next_message: Hooks[Message | None] = self._overriding("next_message")
        self.reset: Hooks[None] = self._overriding("reset")
        self.after: Hooks[None] = self._overriding("after")
        self.before_heartbeat: Hooks[None] = self._overriding("before_heartbeat")
        self.responded: Hooks[None] = self._overriding("responded")
        self.restarted: Hooks[None] = self._overriding("restarted")
        self.answered: Hooks[list[Output | Redirect]] = self._overriding("answered")
        self.applied: Hooks[list[Output | Redirect]] = self._overriding("applied")
        # A trace shows the variables of the last option first.
        self.shown: Hooks[dict[str, Any]] = self._overriding("shown")[::-1]

    def _overriding(self, hook: str) -> Hooks[Any]:
        """Return the options that override a hook."""
        return tuple(
            (position, getattr(option, hook))
            for position, option in enumerate(self.options)
            if getattr(option, hook) is not getattr(Option, hook)
        )

    def __reduce__(self) -> tuple[Any, ...]:
        return wiring, (self.server, self.options)


def _on_option(position: int, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a server that calls a method of the server's option at a position."""

    def call(server: RaftCore, *arguments: Any) -> Any:
        return method(server.options[position], *arguments)

    return call


def wiring(server: type[RaftCore], options: tuple[type[Option], ...]) -> Wiring:
    """Return the wiring of a server class with certain options on.

    Parameters
    ----------
    server : type
        The server class.
    options : tuple of type
        The options that are on, in order.

    Returns
    -------
    Wiring
        The same object for the same arguments.
    """
    return _known_wiring((server, options))


@lru_cache(maxsize=256)
def _known_wiring(key: tuple[type[RaftCore], tuple[type[Option], ...]]) -> Wiring:
    return Wiring(*key)
