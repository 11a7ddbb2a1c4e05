"""The controlled host runs protocols that the toolkit does not know."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.conformance.ring_protocol import RING
from tests.controlled.test_controlled_host import comparable, replayed
from tests.sim.conftest import PUPPET, Puppet
from toolkit.controlled import Choice, ControlledHost
from toolkit.errors import InternalError, SettingError
from toolkit.protocols.base import Command, Effects
from toolkit.protocols.protocol import Protocol

NODES = ("n1", "n2", "n3")


def host_of(protocol: Protocol = PUPPET) -> ControlledHost:
    return ControlledHost(protocol, NODES, tick=0.0)


def ask(order: Any, node: str = "n1") -> Choice:
    return Choice.command("c", order, node)


def say(word: str, to: str = "n2", by: str = "connection", **more: Any) -> dict[str, Any]:
    return {"say": word, "to": [to], "by": by, **more}


def deliver(*numbers: int) -> list[Choice]:
    return [Choice("deliver", number=number) for number in numbers]


def heard(host: ControlledHost, node: str = "n2") -> list[str]:
    words: list[str] = host.drivers[node].node.heard
    return words


def random_order(rng: random.Random, number: int) -> dict[str, Any]:
    """Return an order to a puppet that may send, write, answer, close and set timers."""
    order: dict[str, Any] = {"action": "Do"}
    if rng.random() < 0.8:
        order |= say(f"w{number}", rng.choice(NODES), rng.choice(["datagram", *["connection"] * 3]))
        if rng.random() < 0.3:
            order["by"] = "opening"
    if rng.random() < 0.3:
        order["write"] = number
    if rng.random() < 0.2:
        order["answer"] = number
    if rng.random() < 0.1:
        order["closes"] = [rng.choice(NODES)]
    if rng.random() < 0.1:
        order["timers"] = [["t", 0.1, 0.2]]
    return order


def puppet_schedule(seed: int, count: int = 150) -> ControlledHost:
    """Return a host of puppets after a random schedule with all kinds of choices."""
    rng = random.Random(seed)
    host = ControlledHost(PUPPET, NODES)
    for number in range(count):
        if rng.random() < 0.35:
            order = random_order(rng, number)
            node = rng.choice(NODES)
            if order.get("to") == [node]:
                order["by"] = "datagram"
            if node in order.get("closes", ()):
                del order["closes"]
            host.choose(ask(order, node))
            continue
        possible = host.possible(duplicates=9, cuts=rng.random() < 0.1)
        if possible:
            weights = [{"crash": 0.05, "lose": 0.2}.get(one.kind, 1.0) for one in possible]
            host.choose(rng.choices(possible, weights)[0])
    return host


@pytest.mark.parametrize("seed", range(25))
def test_the_simulator_repeats_schedules_with_connections_of_puppets(seed: int) -> None:
    host = puppet_schedule(seed)
    trace, again = replayed(host)
    assert comparable(trace) == comparable(again)


def test_schedules_of_puppets_use_every_kind_of_choice() -> None:
    kinds = {choice.kind for seed in range(25) for choice in puppet_schedule(seed).history}
    assert kinds == {
        "command", "crash", "cut", "deliver", "duplicate", "flush", "heal", "lose", "notice",
        "restart", "timeout",
    }  # fmt: skip


def test_a_strangers_ring_can_be_explored_to_its_end() -> None:
    host = host_of(RING)
    host.choose(ask("go"))
    seen, queue, depth = {host.digest()}, [(host.save(), 0)], 0
    while queue:
        state, depth = queue.pop(0)
        host.restore(state)
        for choice in host.possible(crashes=0, losses=0):
            host.restore(state)
            host.choose(choice)
            if (digest := host.digest()) not in seen:
                seen.add(digest)
                queue.append((host.save(), depth + 1))
    # One token: it is passed on until its seventh hop.
    assert (len(seen), depth) == (8, 7)
    trace, again = replayed(host)
    assert comparable(trace) == comparable(again)


def test_nothing_arrives_on_a_connection_from_before_a_crash() -> None:
    host = host_of()
    host.follow([ask(say("hi", by="opening")), *deliver(0), ask(say("old"))])
    host.follow([Choice("crash", node="n1", keep=0), Choice("restart", node="n1")])
    host.follow([ask(say("again", by="opening")), *deliver(2), ask(say("new")), *deliver(1, 3)])
    assert heard(host) == ["hi", "again", "new"]


def test_a_message_on_a_connection_cannot_overtake_an_earlier_one() -> None:
    host = host_of()
    host.follow([ask(say("hi", by="opening")), ask(say("a"))])
    with pytest.raises(SettingError, match="an earlier message of its connection is under way"):
        host.choose(Choice("deliver", number=1))


# Digests --------------------------------------------------------------------------------------


def forget_times(host: ControlledHost) -> ControlledHost:
    """Let puppets forget how often they were called, which is part of their state."""
    for driver in host.drivers.values():
        driver.node.times.clear()
    return host


def test_a_message_on_a_closed_connection_is_not_one_on_an_open_connection() -> None:
    hello, close = ask(say("hi", by="opening")), ask({"closes": ["n2"]})
    closed, opened = host_of(), host_of()
    closed.follow([hello, *deliver(0), ask(say("a")), close, hello, *deliver(2), ask({})])
    opened.follow([hello, *deliver(0), ask({}), close, hello, *deliver(1), ask(say("a"))])
    assert forget_times(closed).digest() != forget_times(opened).digest()
    closed.follow(deliver(1))
    opened.follow(deliver(2))
    assert (heard(closed), heard(opened)) == (["hi", "hi"], ["hi", "hi", "a"])


def test_the_order_in_which_unrelated_connections_open_does_not_count() -> None:
    first, second = ask(say("hi", by="opening")), ask(say("ho", "n3", "opening"), "n2")
    one, other = host_of(), host_of()
    one.follow([first, second])
    other.follow([second, first])
    assert one.digest() == other.digest()


def test_two_equal_messages_and_a_duplicated_one_are_the_same_state() -> None:
    twice, duplicated = host_of(), host_of()
    word = say("a", by="datagram")
    twice.follow([ask(word), ask(word)])
    duplicated.follow([ask(word), Choice("duplicate", number=0), ask({})])
    assert twice.digest() == duplicated.digest()


def test_a_digest_counts_faults_if_it_is_asked_to() -> None:
    lossless, lossy = host_of(), host_of()
    lossless.choose(ask({}))
    lossy.follow([ask(say("a", by="datagram")), Choice("lose", number=0)])
    assert lossless.digest() == lossy.digest()
    assert lossless.digest(faults=True) != lossy.digest(faults=True)


# States ---------------------------------------------------------------------------------------


def test_a_handler_that_fails_half_way_is_undone_by_restore(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host = host_of()
    saved, digest = host.save(), host.digest()

    def fails(puppet: Puppet, command: Command) -> Effects:
        puppet.x = 99
        raise ZeroDivisionError

    monkeypatch.setattr(Puppet, "obey", fails)
    with pytest.raises(ZeroDivisionError):
        host.choose(ask({}))
    assert host.digest() != digest
    host.restore(saved)
    assert host.drivers["n1"].node.x is None
    assert (host.digest(), host.history) == (digest, [])


def test_a_state_is_restored_into_another_host_of_the_same_make() -> None:
    host, other = host_of(), host_of()
    host.follow([ask(say("hi", by="opening")), *deliver(0)])
    other.restore(host.save())
    assert other.digest() == host.digest()
    assert other.history == host.history
    other.choose(ask(say("a")))
    assert len(host.mailbox) == 0


def test_a_state_of_a_host_of_another_make_is_refused() -> None:
    with pytest.raises(SettingError, match="another protocol, nodes, settings, bug or tick"):
        ControlledHost(PUPPET, NODES[:2], tick=0.0).restore(host_of().save())


def test_a_view_that_fails_is_reported_and_gives_no_trace() -> None:
    def fails(node: Any) -> dict[str, Any]:
        if node.heard:
            raise ZeroDivisionError("no view")
        return {"heard": {"#tup": []}, "x": None}

    host = host_of(PUPPET.altered(variables=fails))
    host.follow([ask(say("a", by="datagram")), *deliver(0)])
    with pytest.raises(InternalError, match="could not be recorded: ZeroDivisionError: no view"):
        host.trace()
