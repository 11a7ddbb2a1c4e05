"""Connections keep their promises in any order of events, compared with a small model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.sim.conftest import PUPPET
from toolkit.controlled import Choice, ControlledHost
from toolkit.hosting import Connections, NodeDriver
from toolkit.hosting.host import Host
from toolkit.hosting.mailbox import InFlight, Mailbox

NODES = ("n1", "n2", "n3")
pairs = st.permutations(NODES).map(lambda names: (names[0], names[1]))


class Wire:
    """A connection in the model: it can carry messages while it is open and whole."""

    def __init__(self) -> None:
        self.open = self.whole = True

    @property
    def carries(self) -> bool:
        return self.open and self.whole


class ConnectionMachine(RuleBasedStateMachine):
    """Lets puppets open, use and close connections, with crashes, losses and cuts between.

    The model is a list of the messages under way with their wires, the wire that each end is
    attached to, the words that each node has heard, and the sends that it holds back for its disk.
    """

    def __init__(self) -> None:
        super().__init__()
        self.host = ControlledHost(PUPPET, NODES)
        self.ends: dict[tuple[str, str], Wire] = {}
        self.under_way: dict[int, tuple[str, str, str, bool, Wire]] = {}
        self.heard: dict[str, list[str] | None] = {name: [] for name in NODES}
        self.held: dict[str, list[list[tuple[str, str, bool]]]] = {name: [] for name in NODES}
        self.cut: set[tuple[str, str]] = set()
        self.number = self.word = 0

    def ask(self, node: str, order: dict[str, Any]) -> None:
        self.host.choose(Choice.command("c", order, node))

    def up(self) -> list[str]:
        return [name for name in NODES if self.heard[name] is not None]

    # The model ----------------------------------------------------------------------------------

    def close(self, end: str, peer: str) -> None:
        self.held[end] = [[it for it in held if it[0] != peer] for held in self.held[end]]
        if (wire := self.ends.pop((end, peer), None)) is not None:
            wire.open = False

    def leave(self, sender: str, to: str, word: str, opening: bool) -> None:
        if opening:
            for ends in ((sender, to), (to, sender)):
                if ends in self.ends:
                    self.ends[ends].open = False
            self.ends[sender, to] = Wire()
        wire = self.ends.get((sender, to))
        if wire is None or not wire.open:
            return
        if (sender, to) in self.cut:
            wire.whole = False
        else:
            self.under_way[self.number] = (sender, to, word, opening, wire)
        self.number += 1

    def first(self, number: int) -> bool:
        """Return whether a message is the first of its wire and direction."""
        _, to, _, _, wire = self.under_way[number]
        return all(
            other >= number or flight[1] != to or flight[4] is not wire
            for other, flight in self.under_way.items()
        )

    # What happens -------------------------------------------------------------------------------

    @rule(pair=pairs, opening=st.booleans(), write=st.booleans())
    def send(self, pair: tuple[str, str], opening: bool, write: bool) -> None:
        sender, to = pair
        self.word += 1
        word = f"w{self.word}"
        order = {"say": word, "to": [to], "by": "opening" if opening else "connection"}
        self.ask(sender, {**order, "write": self.word} if write else order)
        if self.heard[sender] is None:
            return
        if write:
            self.held[sender].append([])
        if self.held[sender]:
            self.held[sender][-1].append((to, word, opening))
        else:
            self.leave(sender, to, word, opening)

    @precondition(lambda self: any(self.held.values()))
    @rule(data=st.data())
    def flush(self, data: st.DataObject) -> None:
        node = data.draw(st.sampled_from([name for name in NODES if self.held[name]]))
        self.host.choose(Choice("flush", node=node))
        for to, word, opening in self.held[node].pop(0):
            self.leave(node, to, word, opening)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def deliver(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(filter(self.first, self.under_way))))
        self.host.choose(Choice("deliver", number=number))
        sender, to, word, opening, wire = self.under_way.pop(number)
        heard = self.heard[to]
        if not wire.carries:
            return
        if heard is None or (sender, to) in self.cut:
            wire.whole = False
            return
        heard.append(word)
        if opening:
            self.held[to] = [[it for it in held if it[0] != sender] for held in self.held[to]]
            self.ends[to, sender] = wire

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(self.under_way)))
        self.host.choose(Choice("lose", number=number))
        self.under_way.pop(number)[4].whole = False

    @rule(pair=pairs)
    def hang_up(self, pair: tuple[str, str]) -> None:
        self.ask(pair[0], {"closes": [pair[1]]})
        if self.heard[pair[0]] is not None:
            self.close(*pair)

    @precondition(lambda self: self.ended())
    @rule(data=st.data())
    def notice(self, data: st.DataObject) -> None:
        end, peer = data.draw(st.sampled_from(sorted(self.ended())))
        self.host.choose(Choice("notice", node=end, peer=peer))
        self.close(end, peer)
        heard = self.heard[end]
        assert heard is not None
        heard.append(f"lost {peer}")

    def ended(self) -> set[tuple[str, str]]:
        return {ends for ends, wire in self.ends.items() if not wire.carries}

    @rule(node=st.sampled_from(NODES), keep=st.integers(0, 1))
    def crash_or_restart(self, node: str, keep: int) -> None:
        if self.heard[node] is None:
            self.host.choose(Choice("restart", node=node))
            self.heard[node] = []
            return
        self.host.choose(Choice("crash", node=node, keep=keep))
        for peer in NODES:
            self.close(node, peer)
        self.heard[node], self.held[node] = None, []

    @rule(pair=pairs)
    def cut_or_heal(self, pair: tuple[str, str]) -> None:
        kind = "heal" if pair in self.cut else "cut"
        self.host.choose(Choice(kind, node=pair[0], peer=pair[1]))
        self.cut ^= {pair}

    @invariant()
    def host_and_model_agree(self) -> None:
        drivers = self.host.drivers
        found = {
            name: None if driver.node is None else driver.node.heard
            for name, driver in drivers.items()
        }
        assert found == self.heard
        assert {flight.number for flight in self.host.mailbox} == set(self.under_way)
        possible = self.host.possible()
        deliveries = {one.number for one in possible if one.kind == "deliver"}
        assert deliveries == set(filter(self.first, self.under_way))
        notices = {(one.node, one.peer) for one in possible if one.kind == "notice"}
        assert notices == self.ended()


TestConnections = ConnectionMachine.TestCase
TestConnections.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


# Planted bugs -----------------------------------------------------------------------------------


def _always(*arguments: Any) -> bool:
    return True


def _never(*arguments: Any) -> None:
    return None


def _opens_beside_the_old_one(wires: Connections, end: str, peer: str) -> None:
    wires._opened += 1
    wires._attached[end, peer] = wires._opened


def _closes_its_own_end_only(wires: Connections, end: str, peer: str) -> None:
    wires._attached.pop((end, peer), None)


def _crashes_without_hanging_up(host: Host, driver: Any, keep: int) -> None:
    host.react(driver, driver.crash(keep))


def _delivers_in_any_order(mailbox: Mailbox) -> list[InFlight]:
    return list(mailbox)


@pytest.mark.parametrize(
    ("owner", "method", "bug"),
    [
        (Connections, "carries", _always),
        (Connections, "lose", _never),
        (Connections, "accept", _never),
        (Connections, "open", _opens_beside_the_old_one),
        (Connections, "close", _closes_its_own_end_only),
        (NodeDriver, "withdraw", _never),
        (Host, "crash", _crashes_without_hanging_up),
        (Mailbox, "deliverable", _delivers_in_any_order),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_a_planted_bug_of_connections_is_caught(
    monkeypatch: pytest.MonkeyPatch, owner: type, method: str, bug: Callable[..., Any]
) -> None:
    monkeypatch.setattr(owner, method, bug)
    with pytest.raises(Exception) as caught:  # noqa: PT011 - several in one group, at times
        run_state_machine_as_test(
            ConnectionMachine,
            settings=settings(
                max_examples=300,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            ),
        )
    assert "AssertionError" in repr(caught.value) or "SettingError" in repr(caught.value)
