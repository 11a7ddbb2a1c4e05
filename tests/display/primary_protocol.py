"""A stranger's replicated log: a primary copies its journal to backups and never changes.

Nothing of it is known to the toolkit, and none of its words is one of our protocols'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from toolkit.machines import Sessions, get_machine
from toolkit.protocols.base import (
    IGNORE,
    Command,
    Effects,
    Event,
    Message,
    Output,
    Receive,
    Redirect,
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
from toolkit.trace import LogView, Request

AGAIN = "again"


class Page(msgspec.Struct, frozen=True):
    reign: int
    client: str
    number: int
    asked: str


class Pages(msgspec.Struct, frozen=True):
    all: tuple[Page, ...] = msgspec.field(name="#tup", default=())


class Copy(Message, frozen=True, tag="copy"):
    reign: int
    pages: Pages
    sealed: int


class Copied(Message, frozen=True, tag="copied"):
    reign: int
    until: int
    backup: str


class Server:
    """Of a cluster of nodes the first is the primary; each restart of it begins a new reign."""

    def __init__(self, name: str, nodes: Sequence[str]) -> None:
        self.name, self.nodes = name, tuple(nodes)
        self.primary = self.nodes[0]
        self.backups = [node for node in self.nodes if node != self.primary]
        self.duty = "waits"
        self.reign = 1
        self.pages: tuple[Page, ...] = ()
        self.sealed = 0
        self.has: dict[str, int] = {}
        self.store = Sessions(get_machine("kv").factory())

    def handle(self, event: Event, now: float) -> Effects:
        if isinstance(event, Restart):
            self.pages = tuple(event.durable.get("pages", ()))
            self.reign = event.durable.get("reign", 1)
            return Effects(action="Restart", timers=self._timer())
        if isinstance(event, Start):
            return Effects(timers=self._timer())
        if isinstance(event, Timeout):
            return self._again()
        if isinstance(event, Command):
            return self._command(event)
        assert isinstance(event, Receive)
        if isinstance(event.message, Copy):
            return self._copy(event.message)
        assert isinstance(event.message, Copied)
        return self._copied(event.message)

    def _timer(self) -> list[SetTimer]:
        return [SetTimer(AGAIN, 0.04, 0.06)] if self.name == self.primary else []

    def _copies(self) -> list[Send]:
        return [
            Send(node, Copy(self.reign, Pages(self.pages), self.sealed)) for node in self.backups
        ]

    def _again(self) -> Effects:
        if self.duty == "waits":
            self.duty = "reigns"
            self.reign += 1
            mine = Send(self.name, Copied(self.reign, len(self.pages), self.name))
            return Effects(
                action="Ascend", write={"reign": self.reign}, sends=[*self._copies(), mine],
                timers=self._timer(),
            )  # fmt: skip
        return Effects(action="Again", sends=self._copies(), timers=self._timer())

    def _command(self, event: Command) -> Effects:
        if self.duty != "reigns":
            return Effects(
                action="SendAway", outputs=[Redirect(event.client, event.request, self.primary)]
            )
        if (event.client, event.request) in [(one.client, one.number) for one in self.pages]:
            return Effects(action=IGNORE)
        asked = msgspec.json.encode(event.operation).decode()
        self.pages += (Page(self.reign, event.client, event.request, asked),)
        # It leaves when the page is durable, and only then the primary counts itself.
        mine = Send(self.name, Copied(self.reign, len(self.pages), self.name))
        return Effects(action="Write", write={"pages": self.pages}, sends=[*self._copies(), mine])

    def _copy(self, message: Copy) -> Effects:
        if (message.reign, len(message.pages.all)) < (self.reign, len(self.pages)):
            return Effects(action=IGNORE)
        self.reign, self.pages = message.reign, message.pages.all
        self.sealed = max(self.sealed, message.sealed)
        answer = Copied(self.reign, len(self.pages), self.name)
        return Effects(
            action="Store",
            write={"pages": self.pages, "reign": self.reign},
            sends=[Send(self.primary, answer)],
        )

    def _copied(self, message: Copied) -> Effects:
        if message.reign != self.reign or self.duty != "reigns":
            return Effects(action=IGNORE)
        self.has[message.backup] = max(message.until, self.has.get(message.backup, 0))
        counts = sorted(self.has.values(), reverse=True)
        needed = len(self.nodes) // 2
        new = counts[needed] if len(counts) > needed else 0
        if new <= self.sealed:
            return Effects(action=IGNORE)
        outputs: list[Output | Redirect] = []
        for page in self.pages[self.sealed : new]:
            result = self.store.apply(page.client, page.number, msgspec.json.decode(page.asked))
            outputs.append(Output(page.client, page.number, result))
        self.sealed = new
        return Effects(action="Seal", outputs=outputs)


def _view(node: Server) -> dict[str, Any]:
    return {
        "duty": node.duty,
        "reign": node.reign,
        "pages": _shown(node.pages),
        "sealed": node.sealed,
    }


def _shown(pages: Sequence[Page]) -> dict[str, Any]:
    return {"#tup": [msgspec.to_builtins(page) for page in pages]}


def _entries(view: Mapping[str, Any]) -> dict[int, Any]:
    return dict(enumerate(view["pages"]["#tup"], 1))


def _kept(view: Mapping[str, Any]) -> frozenset[int]:
    kept = view["kept"]["#tup"]
    return frozenset(
        index for index, page in _entries(view).items() if kept[index - 1 : index] == [page]
    )


PRIMARY = Protocol(
    title="A primary with backups",
    specification=Specification(
        name="primary-backup",
        actions=(
            "Ascend",
            "Again",
            "Write",
            "SendAway",
            "Store",
            "Seal",
            IGNORE,
            "Flush",
            "Crash",
            "Restart",
        ),
        trace_variables=("duty", "reign", "pages", "sealed", "kept", "up"),
        folder=Path(__file__).parent,
        module="Primary",
        trace_module="PrimaryTrace",
    ),
    implementation=Implementation(
        configure=lambda nodes, settings: tuple(nodes),
        settings={},
        make_node=Server,
        variables=_view,
        durable_variables=lambda durable: {"kept": _shown(durable.get("pages", ()))},
        constants=lambda nodes: {},
        messages=MessageCodec("primary-backup", Copy | Copied),
        random_operation=lambda nodes, rng, node: get_machine("kv").factory().random_operation(rng),
        timers=(AGAIN,),
        replicates="kv",
        typed_operation=lambda text: {"op": "put", "key": "mine", "value": text},
        typed_prompt="mine",
    ),
    log=LogView(
        role=lambda view: str(view["duty"]),
        roles={"waits": "following", "reigns": "leading"},
        leads=lambda view: view["duty"] == "reigns",
        round=lambda view: int(view["reign"]),
        round_name="reign",
        entries=_entries,
        entry_rounds=lambda view: {at: page["reign"] for at, page in _entries(view).items()},
        committed=lambda view: int(view["sealed"]),
        durable=_kept,
        variables=frozenset({"pages", "sealed"}),
        label=lambda page: f"{page['client']}!",
        requests=lambda page: [Request(page["client"], page["number"], page["asked"])],
        message_round=lambda message: message["reign"],
    ),
)
