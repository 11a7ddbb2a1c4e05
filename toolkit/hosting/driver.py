"""The driver of one node: the rules between a node and its host.

A host tells the driver what happened and gets back what it has to do now, a :class:`Reaction`.
The driver keeps what the rules of :mod:`toolkit.protocols.base` need:

- *Output rule.*  What a handler sends or answers is held back until everything that the node has
  asked to write so far is durable.
- *Flush.*  Writes become durable one at a time, in order.
- *Crash.*  A crash loses the node's memory, its timers, and the writes that the disk has not
  reached.
- *Restart.*  A new node is handed what the disk held.
- *Connections.*  What waits for the disk and was to leave on a connection that has ended is
  dropped.

A driver has no clock, does no input or output and draws no random numbers.  It refuses what cannot
have happened, such as a message to a node that is down, with a
:class:`~toolkit.errors.HostError`.
"""

from __future__ import annotations

import reprlib
from collections import deque
from collections.abc import Mapping
from typing import Any, NoReturn

import msgspec

from toolkit.errors import HostError, InternalError
from toolkit.protocols.base import (
    Command,
    Disconnected,
    Effects,
    NodeFactory,
    Output,
    Receive,
    Redirect,
    Restart,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from toolkit.protocols.implementation import Implementation

__all__ = ["NodeDriver", "Reaction", "check_reaction"]


class Reaction(msgspec.Struct, gc=False):
    """Instructions of a driver for its host after an event, in the order of the fields.

    Parameters
    ----------
    action : str or None
        Name of the specification's action; ``None`` if this was no step.
    params : dict
        The action's parameters other than the node and the message, ITF-encoded.
    timers : list of SetTimer
        Timers to set or cancel.
    closes : list of str
        Nodes to which the connection is closed.
    sends : list of Send
        Messages that leave now.
    outputs : list of Output or Redirect
        Answers that leave now.
    writing : bool
        Whether the disk starts a write now; the host calls :meth:`NodeDriver.flush` when it is
        durable.
    """

    action: str | None
    params: dict[str, Any]
    timers: list[SetTimer]
    closes: list[str]
    sends: list[Send]
    outputs: list[Output | Redirect]
    writing: bool


def check_reaction(name: str, reaction: Reaction) -> None:
    """Check the types of what a node has asked for.

    A host calls it when it cannot execute a reaction, to name the cause: checking each reaction
    would take time.

    Parameters
    ----------
    name : str
        The node's name.
    reaction : Reaction
        The reaction.

    Raises
    ------
    InternalError
        If a field of the node's effects is not a list, or an element has another type.
    """
    for field, kinds in _ELEMENTS.items():
        given = getattr(reaction, field)
        wanted = " or ".join(kind.__name__ for kind in kinds)
        if not isinstance(given, list | tuple):
            _refuse_effects(name, field, given, f"give a list of {wanted}")
        for element in given:
            if not isinstance(element, kinds):
                _refuse_effects(name, field, element, f"each element must be {wanted}")


_ELEMENTS: dict[str, tuple[type, ...]] = {
    "timers": (SetTimer,),
    "closes": (str,),
    "sends": (Send,),
    "outputs": (Output, Redirect),
}


def _refuse_effects(name: str, field: str, given: Any, hint: str) -> NoReturn:
    raise InternalError(
        f"the node {name!r} returned Effects with {reprlib.repr(given)} in {field!r}", hint=hint
    )


class _Write(msgspec.Struct):
    """A write that waits for the disk, with the output that it holds back."""

    write: Mapping[str, Any]
    sends: list[Send]
    outputs: list[Output | Redirect]


class NodeDriver:
    """One node with its disk, for any host.

    Parameters
    ----------
    name : str
        The node's name.
    implementation : Implementation
        The protocol's implementation.
    config : object
        The protocol's configuration.
    make_node : callable, optional
        Another node factory than the implementation's, for seeded bugs.

    Attributes
    ----------
    node : Node or None
        The node; ``None`` while it is down.
    durable : dict
        The content of the disk.
    timers : dict of str to object
        The timers that are set, by name, with data of the host.
    life : int
        The number of crashes so far.

    Examples
    --------
    >>> from toolkit.protocols import get_protocol
    >>> raft = get_protocol("raft").runnable
    >>> config = raft.configure(("n1", "n2", "n3"), {})
    >>> driver = NodeDriver("n1", raft, config)
    >>> [timer.timer for timer in driver.start(0.0).timers]
    ['election']
    >>> election = driver.time_out("election", 0.3)
    >>> election.action, election.writing, election.sends  # held back until the vote is durable
    ('Timeout', True, [])
    >>> [(send.to, type(send.message).__name__) for send in driver.flush().sends]
    [('n2', 'RequestVote'), ('n3', 'RequestVote')]
    """

    __slots__ = (
        "_apply_write", "_config", "_factory", "_queue", "durable", "life", "name", "node",
        "timers",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        implementation: Implementation,
        config: Any,
        make_node: NodeFactory | None = None,
    ) -> None:
        self.name = name
        self.node: Any = None
        self.durable: dict[str, Any] = {}
        self.timers: dict[str, Any] = {}
        self.life = 0
        self._factory = make_node or implementation.make_node
        self._apply_write = implementation.apply_write
        self._config = config
        self._queue: deque[_Write] = deque()

    @property
    def waiting(self) -> int:
        """The number of writes that are not durable yet."""
        return len(self._queue)

    @property
    def first_write(self) -> Mapping[str, Any]:
        """The write in progress."""
        return self._queue[0].write

    def start(self, now: float) -> Reaction:
        """Start the node in its initial state.

        Parameters
        ----------
        now : float
            Seconds on the node's own clock.

        Raises
        ------
        HostError
            If it has been started before.
        InternalError
            If the node calls its start an action, sends or writes.
        """
        if self.node is not None or self.life:
            self._refuse("cannot start twice", "after a crash, call restart()")
        self.node = self._make_node()
        effects = self.node.handle(Start(), now)
        if isinstance(effects, Effects) and effects.action is not None:
            raise InternalError(
                f"the node {self.name!r} called its start {effects.action!r}",
                hint="Start is not an action: return Effects without one",
            )
        return self._react(effects)

    def receive(self, sender: str, message: Any, now: float) -> Reaction:
        """Hand the node a message that has arrived.

        Parameters
        ----------
        sender : str
            The sending node.
        message : Message
            The message.
        now : float
            Seconds on the node's own clock.
        """
        node = self.node
        if node is None:
            self._refuse_down("receive a message")
        return self._react(node.handle(Receive(sender, message), now))

    def time_out(self, timer: str, now: float) -> Reaction:
        """Pass the timeout of a timer to the node, and remove the timer from :attr:`timers`.

        Parameters
        ----------
        timer : str
            Name of the timer.
        now : float
            Seconds on the node's own clock.
        """
        if self.node is None:
            self._refuse_down("time out")
        self.timers.pop(timer, None)
        return self._react(self.node.handle(Timeout(timer), now))

    def command(self, command: Command, now: float) -> Reaction:
        """Hand the node a client's command.

        Parameters
        ----------
        command : Command
            The command.
        now : float
            Seconds on the node's own clock.
        """
        if self.node is None:
            self._refuse_down("receive a command")
        if not isinstance(command, Command):
            self._refuse(f"received {command!r} as a command", "for instance Command('c1', 1, 'x')")
        return self._react(self.node.handle(command, now))

    def disconnected(self, peer: str, now: float) -> Reaction:
        """Notify the node that its connection to a peer has ended.

        Parameters
        ----------
        peer : str
            The other end of the connection.
        now : float
            Seconds on the node's own clock.
        """
        if self.node is None:
            self._refuse_down("lose a connection")
        return self._react(self.node.handle(Disconnected(peer), now))

    def flush(self) -> Reaction:
        """Make the first waiting write durable, and release the output that it held back.

        Raises
        ------
        HostError
            If no write is waiting.
        """
        if not self._queue:
            self._refuse("has no write to flush", "call flush() once for each write")
        written = self._queue.popleft()
        self._apply_write(self.durable, written.write)
        return Reaction("Flush", {}, [], [], written.sends, written.outputs, bool(self._queue))

    def crash(self, keep: int) -> Reaction:
        """Crash the node.

        Parameters
        ----------
        keep : int
            Maximum number of waiting writes that still become durable.

        Raises
        ------
        HostError
            If the node is down, or `keep` is not a number of writes.
        """
        if self.node is None:
            self._refuse_down("crash")
        if not isinstance(keep, int) or keep < 0:
            self._refuse(f"cannot keep {keep!r} writes", "keep 0 or more")
        kept = min(keep, len(self._queue))
        for _ in range(kept):
            self._apply_write(self.durable, self._queue.popleft().write)
        self._queue.clear()
        self.timers.clear()
        self.life += 1
        self.node = None
        return Reaction("Crash", {"kept": kept}, [], [], [], [], False)

    def restart(self, now: float) -> Reaction:
        """Start a new node from the content of the disk.

        A host that is a process of its own fills :attr:`durable` from its files and restarts the
        node without having started it.

        Parameters
        ----------
        now : float
            Seconds on the node's own clock.

        Raises
        ------
        HostError
            If the node is up.
        InternalError
            If the node does not call its restart an action.
        """
        if self.node is not None:
            self._refuse("is up and cannot restart", "call crash() first")
        self.node = self._make_node()
        reaction = self._react(self.node.handle(Restart(dict(self.durable)), now))
        if reaction.action is None:
            raise InternalError(
                f"the node {self.name!r} restarted without naming an action",
                hint="return Effects(action='Restart') for the event Restart",
            )
        return reaction

    def after_restart(self, now: float) -> Any:
        """Return the node as it would restart now, with only its durable state.

        The specification resets the volatile state when a node crashes, so that a trace records
        the view of this node for the crash.

        Parameters
        ----------
        now : float
            Seconds on the node's own clock.
        """
        node = self._factory(self.name, self._config)
        node.handle(Restart(dict(self.durable)), now)
        return node

    def withdraw(self, peer: str) -> None:
        """Drop messages to a peer that wait for the disk and need a connection.

        Parameters
        ----------
        peer : str
            The other end of the connection.
        """
        for waiting in self._queue:
            waiting.sends = [
                send
                for send in waiting.sends
                if send.to != peer or send.message.transport == "datagram"
            ]

    def _refuse(self, what: str, hint: str) -> NoReturn:
        raise HostError(f"the node {self.name!r} {what}", hint=hint)

    def _refuse_down(self, what: str) -> NoReturn:
        self._refuse(f"is down and cannot {what}", "call start() or restart() first")

    def _make_node(self) -> Any:
        node = self._factory(self.name, self._config)
        if not callable(getattr(node, "handle", None)):
            raise InternalError(
                f"the node {self.name!r} has no method 'handle' (it is a {type(node).__name__})",
                hint="make_node(name, config) must return an object with handle(event, now)",
            )
        return node

    def _react(self, effects: Effects) -> Reaction:
        """Apply the output rule to a handler's effects."""
        if not isinstance(effects, Effects):
            raise InternalError(
                f"handle() of the node {self.name!r} returned {reprlib.repr(effects)}, not Effects",
                hint="return Effects() if there is nothing to do",
            )
        action, sends, outputs, write = (
            effects.action, effects.sends, effects.outputs, effects.write,
        )  # fmt: skip
        if action is None and (sends or write is not None):
            raise InternalError(
                f"the node {self.name!r} sends or writes without naming an action",
                hint="give Effects an action",
            )
        closes = effects.closes
        for peer in closes:
            self.withdraw(peer)
        queue = self._queue
        writing = False
        if write is not None:
            queue.append(_Write(write, sends, outputs))
            sends, outputs = [], []
            writing = len(queue) == 1
        elif queue:
            last = queue[-1]
            if sends:
                last.sends = [*last.sends, *sends]
            if outputs:
                last.outputs = [*last.outputs, *outputs]
            sends, outputs = [], []
        return Reaction(action, effects.params, effects.timers, closes, sends, outputs, writing)
