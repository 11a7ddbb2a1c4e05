"""Builder of scenarios in Python, with a method for each statement of the text form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from toolkit.sim.delays import Delay, parse_delay
from toolkit.sim.faults import (
    ClientCommand,
    Crash,
    Cut,
    Heal,
    Partition,
    Restart,
    ScenarioEvent,
    Slow,
    SlowDisk,
    Timeout,
)
from toolkit.sim.network import DiskSettings, LinkOverride, LinkSettings
from toolkit.sim.scenario import Clock, Retry, Scenario

__all__ = ["ScenarioBuilder"]


def _delay(delay: Delay | str | None) -> Delay | None:
    return parse_delay(delay) if isinstance(delay, str) else delay


class ScenarioBuilder:
    """Builder of a scenario; every method except :meth:`build` returns the builder.

    Parameters
    ----------
    name : str
        The scenario's name.
    protocol : str
        Registered name of the protocol.
    nodes : sequence of str
        All nodes.

    Examples
    --------
    >>> scenario = (
    ...     ScenarioBuilder("lost", "paxos", ["n1", "n2", "n3"])
    ...     .network(delay="constant(0.01)", loss=0.1)
    ...     .command(0.0, "c1", "v1", "n1")
    ...     .crash(0.2, "n2", keep=0)
    ...     .build()
    ... )
    >>> scenario.network.loss, len(scenario.events)
    (0.1, 2)
    """

    def __init__(self, name: str, protocol: str, nodes: Sequence[str]) -> None:
        self._scenario = Scenario(name=name, protocol=protocol, nodes=tuple(nodes))
        self._events: list[ScenarioEvent] = []

    def _with(self, **changes: Any) -> ScenarioBuilder:
        self._scenario = replace(self._scenario, **changes)
        return self

    def set(self, key: str, value: object) -> ScenarioBuilder:
        """Set a setting of the protocol.

        Parameters
        ----------
        key : str
            Name of the setting.
        value : object
            Its value; ``str(value)`` is used.
        """
        return self._with(settings={**self._scenario.settings, key: str(value)})

    def network(
        self,
        *,
        delay: Delay | str | None = None,
        loss: float | None = None,
        duplicate: float | None = None,
        reorder: float | None = None,
        reorder_by: Delay | str | None = None,
        fifo: bool | None = None,
    ) -> ScenarioBuilder:
        """Set the behaviour of all links (see :class:`~toolkit.sim.LinkSettings`).

        Parameters
        ----------
        delay : Delay or str, optional
            Distribution of message delays, or its text form.
        loss : float, optional
            Probability that a message is lost.
        duplicate : float, optional
            Probability that a message arrives twice.
        reorder : float, optional
            Probability that a message has a further delay.
        reorder_by : Delay or str, optional
            Distribution of the further delay.
        fifo : bool, optional
            Whether messages arrive in the order in which they were sent.
        """
        override = LinkOverride(
            "", "", _delay(delay), loss, duplicate, reorder, _delay(reorder_by), fifo
        )
        return self._with(network=override.apply(self._scenario.network))

    def network_as(self, settings: LinkSettings) -> ScenarioBuilder:
        """Set the behaviour of all links with a settings object, also of a subclass.

        Parameters
        ----------
        settings : LinkSettings
            The settings.
        """
        return self._with(network=settings)

    def link(
        self,
        sender: str,
        receiver: str,
        *,
        delay: Delay | str | None = None,
        loss: float | None = None,
        duplicate: float | None = None,
        reorder: float | None = None,
        reorder_by: Delay | str | None = None,
        fifo: bool | None = None,
    ) -> ScenarioBuilder:
        """Set the behaviour of one direction of a link, where it differs from other links.

        Parameters
        ----------
        sender : str
            The sending end of the link.
        receiver : str
            The receiving end of the link.
        delay : Delay or str, optional
            Distribution of message delays, or its text form.
        loss : float, optional
            Probability that a message is lost.
        duplicate : float, optional
            Probability that a message arrives twice.
        reorder : float, optional
            Probability that a message has a further delay.
        reorder_by : Delay or str, optional
            Distribution of the further delay.
        fifo : bool, optional
            Whether messages arrive in the order in which they were sent.
        """
        override = LinkOverride(
            sender, receiver, _delay(delay), loss, duplicate, reorder, _delay(reorder_by), fifo
        )
        return self._with(links=(*self._scenario.links, override))

    def disk(self, write: Delay | str, node: str | None = None) -> ScenarioBuilder:
        """Set the time of a write at one node, or at all nodes without their own setting.

        Parameters
        ----------
        write : Delay or str
            Distribution of the time of a write, or its text form.
        node : str, optional
            The node; by default all nodes.
        """
        delay = _delay(write)
        assert delay is not None
        if node is None:
            return self._with(disk=DiskSettings(delay))
        return self._with(disks={**self._scenario.disks, node: DiskSettings(delay)})

    def clock(self, node: str, *, offset: float = 0.0, drift: float = 0.0) -> ScenarioBuilder:
        """Set the offset (seconds) and drift of a node's clock.

        Parameters
        ----------
        node : str
            The node.
        offset : float
            Seconds by which the clock is ahead at the start.
        drift : float
            Seconds that the clock gains per second.
        """
        return self._with(clocks={**self._scenario.clocks, node: Clock(offset, drift)})

    def retry(self, every: float | None, *, next_node: bool = False) -> ScenarioBuilder:
        """Set the seconds between retries of a client (``None``: no retries).

        Parameters
        ----------
        every : float or None
            Seconds between retries.
        next_node : bool
            Whether the client retries at the next node.
        """
        return self._with(retry=Retry(every, next_node))

    def event(self, event: ScenarioEvent) -> ScenarioBuilder:
        """Add an event of any kind.

        Parameters
        ----------
        event : ScenarioEvent
            The event.
        """
        self._events.append(event)
        return self

    def command(self, time: float, client: str, operation: Any, node: str) -> ScenarioBuilder:
        """Add a client's command to a node.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        client : str
            The client.
        operation : JSON
            The requested operation.
        node : str
            The node.
        """
        return self.event(ClientCommand(time, client, operation, node))

    def crash(self, time: float, node: str, *, keep: int | None = None) -> ScenarioBuilder:
        """Add a crash of a node.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        node : str
            The node.
        keep : int, optional
            Maximum number of waiting writes that still become durable.
        """
        return self.event(Crash(time, node, keep))

    def restart(self, time: float, node: str) -> ScenarioBuilder:
        """Add a restart of a node.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        node : str
            The node.
        """
        return self.event(Restart(time, node))

    def partition(self, time: float, *groups: Iterable[str]) -> ScenarioBuilder:
        """Add a partition of the network into groups.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        *groups : iterable of str
            The nodes of each group.
        """
        return self.event(Partition(time, tuple(tuple(group) for group in groups)))

    def cut(self, time: float, sender: str, receiver: str) -> ScenarioBuilder:
        """Add a cut of one direction of a link.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        sender : str
            The sending end of the link.
        receiver : str
            The receiving end of the link.
        """
        return self.event(Cut(time, sender, receiver))

    def heal(
        self, time: float, sender: str | None = None, receiver: str | None = None
    ) -> ScenarioBuilder:
        """Add the end of all faults, or of those of one direction of a link.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        sender, receiver : str, optional
            The ends of the link; by default everything is healed.
        """
        return self.event(Heal(time, sender, receiver))

    def slow(self, time: float, sender: str, receiver: str, factor: float) -> ScenarioBuilder:
        """Add a slowdown of one direction of a link by a factor.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        sender : str
            The sending end of the link.
        receiver : str
            The receiving end of the link.
        factor : float
            Factor by which delays are multiplied.
        """
        return self.event(Slow(time, sender, receiver, factor))

    def slow_disk(self, time: float, node: str, factor: float) -> ScenarioBuilder:
        """Add a slowdown of a node's disk by a factor.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        node : str
            The node.
        factor : float
            Factor by which the times of writes are multiplied.
        """
        return self.event(SlowDisk(time, node, factor))

    def timeout(self, time: float, node: str, timer: str) -> ScenarioBuilder:
        """Add a timeout of a node's timer.

        Parameters
        ----------
        time : float
            Time of the event, in seconds since the start.
        node : str
            The node.
        timer : str
            The protocol's name of the timer.
        """
        return self.event(Timeout(time, node, timer))

    def limit(self, *, time: float | None = None, steps: int | None = None) -> ScenarioBuilder:
        """Set the limits of the run: simulated seconds and steps.

        Parameters
        ----------
        time : float, optional
            Maximum simulated time, in seconds.
        steps : int, optional
            Maximum number of steps.
        """
        if time is not None:
            self._with(time_limit=time)
        return self if steps is None else self._with(step_limit=steps)

    def seed(self, seed: int) -> ScenarioBuilder:
        """Set the default seed of the run.

        Parameters
        ----------
        seed : int
            The seed.
        """
        return self._with(seed=seed)

    def expect(self, steps: str) -> ScenarioBuilder:
        """Set the expected steps, in the form of :func:`~toolkit.sim.format_steps`.

        Parameters
        ----------
        steps : str
            The expected steps, one per line.
        """
        lines = (line.strip() for line in steps.splitlines())
        return self._with(expected=tuple(line for line in lines if line))

    def build(self) -> Scenario:
        """Return the scenario.

        Raises
        ------
        ScenarioError
            If the parts of the scenario contradict each other.
        """
        return replace(self._scenario, events=tuple(self._events))
