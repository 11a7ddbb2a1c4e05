"""A protocol whose nodes do what each command says, to see what the host makes of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from toolkit.protocols.base import (
    Command,
    Disconnected,
    Effects,
    Event,
    Message,
    Output,
    Receive,
    Restart,
    Send,
    SetTimer,
    Start,
    Timeout,
)
from toolkit.protocols.codec import MessageCodec
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.specification import Specification
from toolkit.sim import RunResult, ScenarioBuilder, simulate_trace
from toolkit.trace import Trace


class Text(Message, frozen=True, tag="text"):
    """A word."""

    word: str


class Line(Message, frozen=True, tag="line"):
    """A word on a connection."""

    transport = "connection"

    word: str


class Hello(Message, frozen=True, tag="hello"):
    """The first word on a connection."""

    transport = "opening"

    word: str


TRANSPORTS = {"datagram": Text, "connection": Line, "opening": Hello}


class Puppet:
    """Does what it is told, and remembers what it heard."""

    def __init__(self, name: str, config: tuple[str, ...]) -> None:
        self.name = name
        self.heard: list[str] = []
        self.times: list[float] = []
        self.x: Any = None

    def handle(self, event: Event, now: float) -> Effects:
        self.times.append(now)
        if isinstance(event, Start):
            return Effects()
        if isinstance(event, Receive):
            assert isinstance(event.message, Text | Line | Hello)
            self.heard.append(event.message.word)
            return Effects(action="HandleHeartbeat")
        if isinstance(event, Disconnected):
            self.heard.append(f"lost {event.peer}")
            return Effects(action="Tick")
        if isinstance(event, Timeout):
            self.heard.append(f"timer {event.timer}")
            if event.timer == "endless":
                return Effects(timers=[SetTimer("endless", 0.0, 0.0)])
            return Effects(action="Tick")
        if isinstance(event, Restart):
            self.x = event.durable.get("x")
            return Effects(action="Restart")
        return self.obey(event)

    def obey(self, command: Command) -> Effects:
        order = command.operation
        effects = Effects(action=order.get("action", "Do"))
        kind = TRANSPORTS[order.get("by", "datagram")]
        effects.sends = [Send(to, kind(order["say"])) for to in order.get("to", ())]
        effects.closes = list(order.get("closes", ()))
        effects.timers = [SetTimer(*timer) for timer in order.get("timers", ())]
        if "write" in order:
            self.x = order["write"]
            effects.write = {"x": self.x}
        if "answer" in order:
            client = order.get("client", command.client)
            effects.outputs = [Output(client, command.request, order["answer"])]
        return effects


def _variables(node: Puppet) -> dict[str, Any]:
    return {"heard": {"#tup": list(node.heard)}, "x": node.x}


PUPPET = Protocol(
    title="Does what it is told",
    specification=Specification(
        name="puppet",
        actions=("Do", "HandleHeartbeat", "Tick", "Flush", "Crash", "Restart"),
        trace_variables=("durable", "heard", "up", "x"),
        folder=Path("nowhere"),
        module="Puppet",
        trace_module="PuppetTrace",
    ),
    implementation=Implementation(
        configure=lambda nodes, settings: tuple(nodes),
        settings={},
        make_node=Puppet,
        variables=_variables,
        durable_variables=lambda durable: {"durable": durable.get("x")},
        constants=lambda config: {},
        messages=MessageCodec("puppet", Text),
        random_operation=lambda config, rng, node: None if node == "n3" else {},
        final_value=lambda node: node.x,
        timers=("t", "u", "tick"),
        connected=True,
    ),
)


@pytest.fixture
def puppet() -> Protocol:
    """The protocol."""
    return PUPPET


@pytest.fixture
def build() -> Callable[[], ScenarioBuilder]:
    """Return a builder of scenarios of three puppets, with links that take 0.01 s."""
    return lambda: (
        ScenarioBuilder("test", "puppet", ["n1", "n2", "n3"])
        .network(delay="constant(0.01)")
        .retry(None)
    )


@pytest.fixture
def run() -> Callable[..., tuple[Trace, RunResult]]:
    """Return a function that runs a builder's scenario and records it."""
    return lambda builder, seed=0: simulate_trace(PUPPET, builder.build(), seed=seed)
