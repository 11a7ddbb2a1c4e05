"""The driver of a node keeps its rules, compared with a small model of them."""

from __future__ import annotations

from collections import deque
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.sim.conftest import PUPPET, TRANSPORTS, Text
from toolkit.errors import HostError
from toolkit.hosting import NodeDriver, Reaction
from toolkit.protocols.base import Command, Output

PEERS = ("n2", "n3")
peers = st.sampled_from(PEERS)


class DriverMachine(RuleBasedStateMachine):
    """Does to a driver and to a model what a host may do, and compares.

    The model is a list of waiting writes, each with the output that it holds back, and what the
    disk holds.
    """

    driver_class: ClassVar[type[NodeDriver]] = NodeDriver

    def __init__(self) -> None:
        super().__init__()
        config = PUPPET.runnable.configure(("n1", *PEERS), {})
        self.driver = self.driver_class("n1", PUPPET.runnable, config)
        self.waiting: list[tuple[int, list[tuple[str, str, str]]]] = []
        self.disk: int | None = None
        self.timers: set[str] = set()
        self.heard: list[str] = []
        self.up = False
        self.number = 0

    def react(self, reaction: Reaction, **expected: Any) -> None:
        """Compare a reaction with what is expected of it, and set timers as a host does."""
        for timer in reaction.timers:
            if timer.low is None:
                self.driver.timers.pop(timer.timer, None)
            else:
                self.driver.timers[timer.timer] = object()
        left: list[tuple[str, str, str]] = [
            (send.message.transport, send.to, getattr(send.message, "word", ""))
            for send in reaction.sends
        ]
        left += [
            ("answer", output.client, str(output.result))
            for output in reaction.outputs
            if isinstance(output, Output)
        ]
        found = {"action": reaction.action, "left": left, "writing": reaction.writing}
        assert found == {"left": [], "writing": False, **expected}

    @initialize()
    def start(self) -> None:
        self.react(self.driver.start(0.0), action=None)
        self.up = True

    @precondition(lambda self: self.up)
    @rule(
        to=st.lists(peers, max_size=2),
        by=st.sampled_from(list(TRANSPORTS)),
        write=st.booleans(),
        answer=st.booleans(),
        closes=st.lists(peers, max_size=1),
        timer=st.none() | st.tuples(st.sampled_from("tu"), st.booleans()),
    )
    def command(
        self, to: list[str], by: str, write: bool, answer: bool, closes: list[str], timer: Any
    ) -> None:
        self.number += 1
        word = f"w{self.number}"
        order: dict[str, Any] = {"say": word, "to": to, "by": by, "closes": closes}
        output = [(by, peer, word) for peer in to]
        if write:
            order["write"] = self.number
        if answer:
            order["answer"] = word
            output.append(("answer", "c", word))
        if timer is not None:
            name, is_set = timer
            order["timers"] = [[name, 0.1, 0.2] if is_set else [name]]
            (self.timers.add if is_set else self.timers.discard)(name)
        for peer in closes:
            self.drop(peer)
        writing = write and not self.waiting
        if write:
            self.waiting.append((self.number, []))
        if self.waiting:
            # Messages leave before answers, whichever handler they are from.
            self.waiting[-1][1].extend(output)
            self.waiting[-1][1].sort(key=lambda it: it[0] == "answer")
            output = []
        reaction = self.driver.command(Command("c", self.number, order), 1.0)
        self.react(reaction, action="Do", left=output, writing=writing)
        assert reaction.closes == closes

    def drop(self, peer: str) -> None:
        """Drop from the model what was to leave on a connection to a peer."""
        for _, held in self.waiting:
            held[:] = [it for it in held if it[0] in ("datagram", "answer") or it[1] != peer]

    @precondition(lambda self: self.up)
    @rule(peer=peers)
    def withdraw(self, peer: str) -> None:
        self.drop(peer)
        self.driver.withdraw(peer)

    @precondition(lambda self: self.up)
    @rule(peer=peers)
    def receive(self, peer: str) -> None:
        self.react(self.driver.receive(peer, Text("hi"), 1.0), action="HandleHeartbeat")
        self.heard.append("hi")

    @precondition(lambda self: self.up)
    @rule(peer=peers)
    def disconnected(self, peer: str) -> None:
        self.react(self.driver.disconnected(peer, 1.0), action="Tick")
        self.heard.append(f"lost {peer}")

    @precondition(lambda self: self.timers)
    @rule(data=st.data())
    def time_out(self, data: st.DataObject) -> None:
        timer = data.draw(st.sampled_from(sorted(self.timers)))
        self.timers.discard(timer)
        self.react(self.driver.time_out(timer, 1.0), action="Tick")
        self.heard.append(f"timer {timer}")

    @precondition(lambda self: self.waiting)
    @rule()
    def flush(self) -> None:
        self.disk, held = self.waiting.pop(0)
        self.react(self.driver.flush(), action="Flush", left=held, writing=bool(self.waiting))

    @precondition(lambda self: self.up)
    @rule(keep=st.integers(0, 3))
    def crash(self, keep: int) -> None:
        kept = self.waiting[:keep]
        if kept:
            self.disk = kept[-1][0]
        reaction = self.driver.crash(keep)
        self.react(reaction, action="Crash")
        assert reaction.params == {"kept": len(kept)}
        self.waiting, self.timers, self.heard, self.up = [], set(), [], False

    @precondition(lambda self: not self.up and self.number)
    @rule()
    def restart(self) -> None:
        assert self.driver.after_restart(1.0).x == self.disk
        self.react(self.driver.restart(1.0), action="Restart")
        assert self.driver.node.x == self.disk
        self.up = True

    @precondition(lambda self: not self.up)
    @rule()
    def what_cannot_happen_to_a_node_that_is_down(self) -> None:
        driver = self.driver
        for event in (
            lambda: driver.receive("n2", Text("hi"), 1.0),
            lambda: driver.time_out("t", 1.0),
            lambda: driver.command(Command("c", 0, {}), 1.0),
            lambda: driver.disconnected("n2", 1.0),
            lambda: driver.crash(0),
            driver.flush,
        ):
            with pytest.raises(HostError):
                event()

    @precondition(lambda self: self.up)
    @rule()
    def what_cannot_happen_to_a_node_that_is_up(self) -> None:
        for event in (
            lambda: self.driver.start(1.0),
            lambda: self.driver.restart(1.0),
            lambda: self.driver.crash(-1),
        ):
            with pytest.raises(HostError):
                event()

    @invariant()
    def driver_and_model_agree(self) -> None:
        driver = self.driver
        assert driver.durable == ({} if self.disk is None else {"x": self.disk})
        assert driver.waiting == len(self.waiting)
        assert set(driver.timers) == self.timers
        assert (driver.node is not None) == self.up
        if self.up:
            assert driver.node.heard == self.heard
        if self.waiting:
            assert driver.first_write == {"x": self.waiting[0][0]}


TestDriver = DriverMachine.TestCase
TestDriver.settings = settings(max_examples=50, stateful_step_count=30, deadline=None)


# Planted bugs -----------------------------------------------------------------------------------


class SendsAtOnce(NodeDriver):
    def _react(self, effects: Any) -> Reaction:
        reaction = super()._react(effects)
        reaction.sends = effects.sends
        return reaction


class AnswersAtOnce(NodeDriver):
    def _react(self, effects: Any) -> Reaction:
        reaction = super()._react(effects)
        reaction.outputs = effects.outputs
        return reaction


class HoldsBackForItsOwnWriteOnly(NodeDriver):
    def _react(self, effects: Any) -> Reaction:
        if effects.write is None and self._queue:
            return Reaction(
                effects.action, {}, effects.timers, effects.closes, effects.sends, [], False
            )
        return super()._react(effects)


class FlushesTheLastWriteFirst(NodeDriver):
    def flush(self) -> Reaction:
        self._queue.rotate(1)
        return super().flush()


class ForgetsToWrite(NodeDriver):
    def flush(self) -> Reaction:
        before = dict(self.durable)
        reaction = super().flush()
        self.durable = before
        return reaction


class StopsTheDiskAfterOneWrite(NodeDriver):
    def flush(self) -> Reaction:
        reaction = super().flush()
        reaction.writing = False
        return reaction


class KeepsTimersOverACrash(NodeDriver):
    def crash(self, keep: int) -> Reaction:
        timers = dict(self.timers)
        reaction = super().crash(keep)
        self.timers.update(timers)
        return reaction


class KeepsAllWritesInACrash(NodeDriver):
    def crash(self, keep: int) -> Reaction:
        reaction = super().crash(self.waiting if keep >= 0 else keep)
        reaction.params = {"kept": min(keep, reaction.params["kept"])}
        return reaction


class KeepsTheQueueOverACrash(NodeDriver):
    def crash(self, keep: int) -> Reaction:
        queue = deque(self._queue)
        reaction = super().crash(keep)
        self._queue = queue
        return reaction


class SendsInACrash(NodeDriver):
    def crash(self, keep: int) -> Reaction:
        held = [send for write in self._queue for send in write.sends]
        reaction = super().crash(keep)
        reaction.sends = held
        return reaction


class LosesTheDisk(NodeDriver):
    def crash(self, keep: int) -> Reaction:
        reaction = super().crash(keep)
        self.durable.clear()
        return reaction


class RestartsWithItsMemory(NodeDriver):
    memory: Any = None

    def crash(self, keep: int) -> Reaction:
        RestartsWithItsMemory.memory = self.node
        return super().crash(keep)

    def restart(self, now: float) -> Reaction:
        reaction = super().restart(now)
        self.node = self.memory
        return reaction


class WithdrawsNothing(NodeDriver):
    def withdraw(self, peer: str) -> None: ...


class WithdrawsDatagramsToo(NodeDriver):
    def withdraw(self, peer: str) -> None:
        for waiting in self._queue:
            waiting.sends = [send for send in waiting.sends if send.to != peer]


class ForgetsWhichTimerRanOut(NodeDriver):
    def time_out(self, timer: str, now: float) -> Reaction:
        reaction = super().time_out(timer, now)
        self.timers[timer] = object()
        return reaction


BUGS: tuple[type[NodeDriver], ...] = (
    SendsAtOnce,
    AnswersAtOnce,
    HoldsBackForItsOwnWriteOnly,
    FlushesTheLastWriteFirst,
    ForgetsToWrite,
    StopsTheDiskAfterOneWrite,
    KeepsTimersOverACrash,
    KeepsAllWritesInACrash,
    KeepsTheQueueOverACrash,
    SendsInACrash,
    LosesTheDisk,
    RestartsWithItsMemory,
    WithdrawsNothing,
    WithdrawsDatagramsToo,
    ForgetsWhichTimerRanOut,
)


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.__name__)
def test_a_planted_bug_of_the_driver_is_caught(bug: type[NodeDriver]) -> None:
    class Planted(DriverMachine):
        driver_class = bug

    with pytest.raises(Exception) as caught:  # noqa: PT011 - several in one group, at times
        run_state_machine_as_test(
            Planted,
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
    assert {type(one) for one in _leaves(caught.value)} <= {AssertionError}


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for one in error.exceptions for leaf in _leaves(one)]
    return [error]


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (lambda driver: driver.receive("n2", Text("hi"), 0.0), "is down and cannot receive"),
        (lambda driver: driver.crash(0), "is down and cannot crash"),
        (lambda driver: driver.flush(), "has no write to flush"),
    ],
)
def test_a_refusal_says_what_was_wrong_and_what_to_do(event: Any, why: str) -> None:
    driver = NodeDriver("n1", PUPPET.runnable, ("n1",))
    with pytest.raises(HostError, match=f"the node 'n1' {why}") as caught:
        event(driver)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("event", "why"),
    [
        (lambda driver: driver.command(("c1", 1, "x"), 0.0), "received .* as a command"),
        (lambda driver: driver.crash(None), "cannot keep None writes"),
        (lambda driver: driver.crash(-1), "cannot keep -1 writes"),
    ],
)
def test_an_event_of_the_wrong_type_is_refused(event: Any, why: str) -> None:
    driver = NodeDriver("n1", PUPPET.runnable, ("n1",))
    driver.start(0.0)
    with pytest.raises(HostError, match=f"the node 'n1' {why}"):
        event(driver)


def test_a_process_of_its_own_restarts_from_its_files() -> None:
    driver = NodeDriver("n1", PUPPET.runnable, ("n1",))
    driver.durable = {"x": 7}
    assert driver.restart(0.0).action == "Restart"
    assert driver.node.x == 7
