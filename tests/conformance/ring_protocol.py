"""A stranger's protocol: nothing of it is known to the toolkit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from toolkit.protocols.base import Command, Effects, Event, Message, Receive, Send
from toolkit.protocols.codec import MessageCodec
from toolkit.protocols.implementation import Implementation
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.specification import Specification

LIMIT = 7


class Token(Message, frozen=True, tag="token"):
    hops: int


class Member:
    hop = 1

    def __init__(self, name: str, nodes: Sequence[str]) -> None:
        self.name, self.nodes, self.seen = name, list(nodes), 0

    def handle(self, event: Event, now: float) -> Effects:
        following = self.nodes[(self.nodes.index(self.name) + 1) % len(self.nodes)]
        if isinstance(event, Command):
            return Effects(action="Begin", sends=[Send(following, Token(1))])
        if isinstance(event, Receive):
            assert isinstance(event.message, Token)
            self.seen = event.message.hops
            if self.seen >= LIMIT:
                return Effects(action="Stop")
            return Effects(action="Pass", sends=[Send(following, Token(self.seen + self.hop))])
        return Effects()


class Hasty(Member):
    hop = 2


RING = Protocol(
    title="A token in a ring",
    specification=Specification(
        name="ring",
        folder=Path(__file__).parent / "ring",
        module="Ring",
        node_of={"Begin": "n"},
        invariants=(),
        claims={"Early": "holds until the token has gone far"},
    ),
    implementation=Implementation(
        configure=lambda nodes, settings: tuple(nodes),
        settings={},
        make_node=Member,
        variables=lambda node: {"seen": node.seen},
        durable_variables=lambda durable: {},
        constants=lambda nodes: {"Limit": LIMIT},
        messages=MessageCodec("ring", Token),
        random_operation=lambda nodes, rng, node: "go",
    ),
    bugs={"hasty": Hasty},
)
