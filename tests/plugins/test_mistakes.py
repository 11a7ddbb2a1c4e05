"""Mistakes in plug-ins are named, with what to do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.reproduction.tiny import Tiny
from toolkit.conformance import validate
from toolkit.conformance.encode import Encoder
from toolkit.conformance.tracespec import TraceSpec
from toolkit.controlled import ControlledHost
from toolkit.display.charts import draw
from toolkit.errors import FigureError, InternalError, SettingError, SpecError, TraceError
from toolkit.front import simulate
from toolkit.protocols import get_protocol, register, unregister
from toolkit.protocols.base import Command, Effects, Message, Restart, Send, SetTimer, Start
from toolkit.protocols.codec import MessageCodec, SequenceOf
from toolkit.protocols.protocol import BugSetup, Protocol
from toolkit.protocols.specification import Specification
from toolkit.reproduction import registry
from toolkit.reproduction.framework import CriterionVerdict, Parameter
from toolkit.reproduction.reproduce import Reproduction, reproduce
from toolkit.trace import Trace
from toolkit.trace.model import SCHEMA_VERSION, End, Header, Received, Sent, Step
from toolkit.widgets import FigurePanel

PAXOS = get_protocol("paxos")


def protocol(**changes: Any) -> Protocol:
    """Paxos under another name, with changes of its implementation."""
    specification = replace(PAXOS.specification, name="mistaken")
    return replace(PAXOS, specification=specification, bugs={}, bug_setups={}).altered(**changes)


def run(changed: Protocol) -> Any:
    register(changed)
    try:
        return simulate("mistaken", seed=5)
    finally:
        unregister("mistaken")


def answering(answer: Any, kind: type = object) -> Callable[[str, Any], Any]:
    """Make nodes that handle events as Paxos does, except that events of a kind get this answer."""

    class Wrapped(PAXOS.runnable.make_node):  # type: ignore[misc, name-defined]
        def handle(self, event: Any, now: float) -> Any:
            effects = super().handle(event, now)
            return answer if isinstance(event, kind) else effects

    return Wrapped


class Word(Message, frozen=True, tag="word"):
    text: str


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (None, r"handle\(\) of the node 'n1' returned None, not Effects"),
        ([], r"returned \[\], not Effects"),
        (Effects(timers=[("ballot", 1, 2)]), "in 'timers' .each element must be SetTimer"),  # type: ignore[list-item]
        (Effects(action="A", sends=Send("n2", Word("a"))), "in 'sends' .give a list of Send"),  # type: ignore[arg-type]
        (Effects(outputs=["done"]), "each element must be Output or Redirect"),  # type: ignore[list-item]
    ],
)
def test_a_handler_that_returns_something_else_is_named(answer: Any, words: str) -> None:
    kind = Command if isinstance(answer, Effects) and answer.action else Start
    with pytest.raises(InternalError, match=words):
        run(protocol(make_node=answering(answer, kind)))


def test_a_node_without_a_handler_and_a_restart_without_an_action_are_named() -> None:
    with pytest.raises(InternalError, match="the node 'n1' has no method 'handle'"):
        run(protocol(make_node=lambda name, config: object()))
    host = ControlledHost(protocol(make_node=answering(Effects(), Restart)), ["n1", "n2", "n3"])
    host.choose(next(one for one in host.possible() if str(one) == "crash n1 keep 0"))
    with pytest.raises(InternalError, match="'n1' restarted without naming an action"):
        host.choose(next(one for one in host.possible() if str(one) == "restart n1"))


@pytest.mark.parametrize(("low", "high"), [(0.1, None), (None, 0.1), (0.2, 0.1)])
def test_a_timer_has_two_limits_in_order(low: Any, high: Any) -> None:
    with pytest.raises(InternalError, match="with low at most high"):
        SetTimer("wake", low, high)
    assert SetTimer("wake").low is None
    assert SetTimer("wake", 0.1, 0.1).high == 0.1


def test_a_codec_takes_message_classes_with_fields_in_the_itf_encoding() -> None:
    class Trail(Message, frozen=True, tag="path"):
        nodes: tuple[str, ...]

    class Told(Message, frozen=True, tag="told"):
        unrecorded = ("nodes",)
        words: SequenceOf[str]
        nodes: tuple[str, ...] = ()

    with pytest.raises(InternalError, match=r"the field 'nodes' .* is a tuple.*SequenceOf"):
        MessageCodec("mistaken", Word | Trail)
    with pytest.raises(InternalError, match=r"is not a message class.*joined by"):
        MessageCodec("mistaken", [Word, Told])
    assert MessageCodec("mistaken", Word | Told).classes == (Word, Told)


def test_a_python_set_is_refused_when_the_run_is_recorded() -> None:
    variables = PAXOS.runnable.variables
    with pytest.raises(InternalError, match="the variables of n1 contain a Python set"):
        run(protocol(variables=lambda node: dict(variables(node)) | {"want": {"a"}}))
    with pytest.raises(InternalError, match="constants contain a Python set"):
        run(protocol(constants=lambda config: {"Values": {"#set": [frozenset("a")]}}))


def test_a_protocol_refuses_setups_of_unknown_bugs_and_a_log_view_unknown_standings() -> None:
    with pytest.raises(SettingError, match=r"unknown seeded bug 'vein' \(known: vain"):
        replace(PAXOS, bugs={"vain": PAXOS.runnable.make_node}, bug_setups={"vein": BugSetup()})
    log = get_protocol("raft").log
    assert log is not None
    with pytest.raises(SettingError, match="unknown standing 'follower' of the role 'backup'"):
        replace(log, roles={"backup": "follower"})  # type: ignore[dict-item]


LEASE = """---- MODULE Lease ----
EXTENDS Naturals
CONSTANTS Clients, Nobody
VARIABLES owner, held, wire
Start == owner = Nobody /\\ held = [c \\in Clients |-> FALSE] /\\ wire = {}
Ask(c) == wire' = wire \\cup {[who |-> c, was |-> owner]} /\\ UNCHANGED <<owner, held>>
Take(c) == owner = Nobody /\\ owner' = c /\\ held' = [held EXCEPT ![c] = TRUE] /\\ UNCHANGED wire
Drop(c) == owner = c /\\ owner' = Nobody /\\ held' = [held EXCEPT ![c] = FALSE] /\\ UNCHANGED wire
Step == \\E c \\in Clients : Ask(c) \\/ Take(c) \\/ Drop(c)
Free == owner = Nobody
Behave == Start /\\ [][Step]_<<owner, held, wire>>
====
"""
CLIENTS = {"#set": ["a", "b"]}


@pytest.fixture
def lease(tmp_path: Path) -> Specification:
    (tmp_path / "Lease.tla").write_text(LEASE)
    return Specification(
        name="lease", folder=tmp_path, module="Lease", messages=("wire",), null="Nobody"
    )


def trace(*steps: dict[str, Any], constants: dict[str, Any] | None = None) -> Trace:
    header = Header(
        schema=SCHEMA_VERSION,
        protocol="lease",
        trace="t",
        nodes=("a", "b"),
        constants={"Clients": CLIENTS} if constants is None else constants,
    )
    records = [Step(index=at, time=0.0, **step) for at, step in enumerate(steps)]
    end = End(reason="stopped", steps=len(records), time=0.0)
    return Trace(header=header, records=records, end=end)


TAKEN: tuple[dict[str, Any], ...] = (
    {"node": "a", "action": "Take", "state": {"owner": "a", "held": True}},
    {"node": "a", "action": "Drop", "state": {"owner": None}},
)


@pytest.mark.slow
def test_the_null_constant_may_also_be_in_the_header_or_be_given(lease: Specification) -> None:
    constants = {"Clients": CLIENTS, "Nobody": None}
    assert validate([trace(*TAKEN, constants=constants)], specification=lease).ok
    given = replace(lease, constants={"Nobody": None})
    assert validate([trace(*TAKEN)], specification=given).ok


@pytest.mark.slow
def test_a_difference_in_messages_is_shown_whatever_the_variable_is_called(
    lease: Specification,
) -> None:
    sent = (Sent({"who": "a", "was": "b"}, "b"),)
    (verdict,) = validate(
        [trace({"node": "a", "action": "Ask", "sent": sent})], specification=lease
    ).verdicts
    assert verdict.status == "diverged"
    text = str(verdict)
    assert "sent at a" in text
    assert "Nobody" in text.partition("sent at a")[2]


@pytest.mark.slow
def test_a_crash_is_explained_if_the_specification_has_no_variable_up(
    lease: Specification,
) -> None:
    (verdict,) = validate(
        [trace({"node": "a", "action": "Take", "state": {"up": False}})], specification=lease
    ).verdicts
    assert verdict.status == "diverged"
    assert "! │ up" in str(verdict)
    (lease.folder / "LeaseTrace.tla").write_text(
        "---- MODULE LeaseTrace ----\nEXTENDS Trace\nShown_up(n) == n # owner\n====\n"
    )
    known = replace(lease, trace_module="LeaseTrace")
    down = trace({"node": "a", "action": "Take", "state": {"up": False}})
    assert validate([down], specification=known).ok


def reason(specification: Specification, *steps: dict[str, Any], **header: Any) -> str:
    one = trace(*steps, **header)
    with pytest.raises(TraceError) as caught:
        Encoder(TraceSpec(specification), one).add(one)
    return str(caught.value)


def test_a_value_that_cannot_be_encoded_is_named(lease: Specification) -> None:
    take = {"node": "a", "action": "Take"}
    assert reason(lease, take | {"state": {"owner": ["a"]}}).startswith(
        "step 0: the variable owner: ['a'] is not a value in the ITF encoding"
    )
    assert "step 0: the parameters: 1.5 is not" in reason(lease, take | {"params": {"k": 1.5}})
    assert "step 0: the variable owner is not JSON" in reason(
        lease, take | {"state": {"owner": {1}}}
    )
    assert "the header's constant Clients: ['a'] is not" in reason(
        lease, constants={"Clients": ["a"]}
    )
    assert "the variable owner: the trace contains null" in reason(
        replace(lease, null="None"),
        take | {"state": {"owner": None}},
        constants={"Clients": CLIENTS, "Nobody": "-"},
    )
    assert "set null= of the Specification" in reason(replace(lease, null="None"), take)


def test_messages_need_a_variable_of_messages(lease: Specification) -> None:
    bare = replace(lease, messages=())
    message = {"who": "a", "was": None}
    ask = {"node": "a", "action": "Ask"}
    text = reason(bare, ask | {"sent": (Sent(message),)})
    assert "step 0 sends a message, but module Lease has no variable 'msgs'" in text
    assert "set messages= of the Specification" in text
    assert "receives a message" in reason(bare, ask | {"received": Received(message)})
    nothing_sent = trace(ask | {"sent": ()})
    Encoder(TraceSpec(bare), nothing_sent).add(nothing_sent)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"action_names": {"LoseAll": "Crash"}}, "no definition 'LoseAll'"),
        ({"constants": {"Client": {"a"}}}, "no constant 'Client' .its constants: Clients, Nobody"),
        ({"invariants": ("Fre",)}, "no definition 'Fre'"),
    ],
)
def test_a_name_that_the_specification_lacks_is_refused(
    lease: Specification, changes: dict[str, Any], words: str
) -> None:
    with pytest.raises(SpecError, match=words):
        TraceSpec(replace(lease, **changes))


def test_a_specification_takes_a_folder_as_text_but_no_text_for_a_tuple(
    lease: Specification,
) -> None:
    assert replace(lease, folder=str(lease.folder)) == lease  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"must be a tuple of names.*messages=\('wire',\)"):
        replace(lease, messages="wire")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="must be a Specification, not 'Lease"):
        validate([trace(*TAKEN)], specification="Lease.tla")  # type: ignore[arg-type]


def test_the_controlled_host_names_wrong_arguments() -> None:
    with pytest.raises(SettingError, match="must be a Protocol, not 'paxos'"):
        ControlledHost("paxos", ["n1"])  # type: ignore[arg-type]
    for nodes in ("n1", ["n1", "n1"]):
        with pytest.raises(SettingError, match="different names"):
            ControlledHost(PAXOS, nodes)
    host = ControlledHost(PAXOS, ["n1", "n2", "n3"])
    with pytest.raises(SettingError, match="'crash n1' is not a Choice"):
        host.choose("crash n1")  # type: ignore[arg-type]


def test_a_figure_with_a_missing_attribute_or_a_wrong_result_is_named() -> None:
    class Nameless(Tiny):
        @property
        def id(self) -> str:  # type: ignore[override]
            raise AttributeError

    with pytest.raises(SettingError, match="the figure class Nameless has no attribute 'id'"):
        registry.register_figure(Nameless())

    class Silent(Tiny):
        def judge(self, samples: Any, values: Any) -> Any:
            return None

        def chart(self, samples: Any) -> Any:
            return None

    found: Reproduction = reproduce(Silent(), trials=1, refit=False)
    with pytest.raises(FigureError, match=r"judge\(\) of figure Z returned None"):
        _ = found.verdicts
    with pytest.raises(FigureError, match=r"chart\(\) of figure Z returned None"):
        found.chart()
    with pytest.raises(SettingError, match="int is not an Altair chart"):
        draw(3)  # type: ignore[arg-type]


def test_outcomes_and_sources_have_known_names_and_a_miss_has_a_reason() -> None:
    with pytest.raises(SettingError, match="unknown outcome 'ok'"):
        CriterionVerdict(criterion="c", curve="x", outcome="ok")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="is missed, but the reason is missing"):
        CriterionVerdict(criterion="c", curve="x", outcome="missed")
    with pytest.raises(SettingError, match="unknown source 'guessed'"):
        Parameter(name="p", value="1", source="guessed", help="", why="")  # type: ignore[arg-type]


def test_a_figure_without_a_recorded_run_has_a_panel() -> None:
    figure = Tiny()
    registry.register_figure(figure)
    try:
        panel = FigurePanel("tiny", trials=1)
        assert panel.found is None
        assert panel.message.value == "no recorded full run: press Run"
        assert panel.run() is panel.found is not None
    finally:
        registry.unregister_figure("tiny")


def test_one_broken_figure_does_not_hide_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [*registry.FIGURES.names(), "gone"]
    get = registry.FIGURES.get

    def fails(name: str) -> Any:
        if name == "gone":
            raise SettingError("the figure 'gone' cannot be loaded")
        return get(name)

    monkeypatch.setattr(registry.FIGURES, "names", lambda: names)
    monkeypatch.setattr(registry.FIGURES, "get", fails)
    assert registry.get_figure("A").name == "raft-election-time"
    with pytest.raises(SettingError, match="cannot be loaded"):
        registry.get_figure("gone")
    with pytest.raises(Exception, match="; cannot be loaded: gone"):
        registry.get_figure("Q")
