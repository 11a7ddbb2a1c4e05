"""Kinds of scenario events: a registered one is read, drawn, applied and described as ours are."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest

from toolkit.display import spacetime_svg
from toolkit.errors import HostError, ScenarioError, SettingError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.sim import (
    Crash,
    ScenarioEvent,
    format_scenario,
    host,
    load_scenario,
    parse_scenario,
    random_scenario,
    register_fault,
    simulate,
    simulate_runs,
    simulate_trace,
    unregister_fault,
)
from toolkit.sim.faults import FAULTS, Heal, drawn_faults, parse_events, recorded_fault
from toolkit.sim.random_faults import Bounds, Draw
from toolkit.sim.words import Line
from toolkit.trace import MemorySink, Trace

if TYPE_CHECKING:
    from toolkit.protocols.protocol import Protocol
    from toolkit.sim.host import Simulation

NODES = ("n1", "n2", "n3")


@dataclass(frozen=True)
class Isolate(ScenarioEvent):
    """Cut all links of a node, in both directions."""

    keyword = "isolate"
    nodes_in = ("node",)
    mark = "I"

    node: str

    @classmethod
    def parse(cls, line: Line, time: float) -> list[ScenarioEvent]:
        return [cls(time, line.name("a node"))]

    def format(self) -> str:
        return f"isolate {self.node}"

    def suits(self, protocol: Protocol) -> None:
        if protocol.name == "zab":
            raise ScenarioError("zab is never isolated", hint="run another protocol")

    def apply(self, run: Simulation) -> None:
        run.fault("isolate", {"node": self.node})
        run.partition(((self.node,), tuple(name for name in run.drivers if name != self.node)))
        run.schedule(Heal(run.now + 0.1))

    def describe(self) -> str:
        return f"{self.node} is isolated"

    @classmethod
    def draw(cls, draw: Draw) -> list[ScenarioEvent]:
        count = draw.rng.randint(0, 3 * draw.bounds.others)
        return [cls(draw.time(), draw.rng.choice(draw.nodes)) for _ in range(count)]


@pytest.fixture
def isolate() -> Iterator[None]:
    register_fault(Isolate)
    yield
    unregister_fault("isolate")


EXAMPLES = {
    "client": "client c1 sends v1 to n1",
    "crash": "crash n1 keep 2",
    "restart": "restart n1",
    "partition": "partition n1 | n2 n3",
    "cut": "cut n1 -> n2",
    "heal": "heal n1 -> n2",
    "slow": "slow n1 -> n2 by 2.0",
    "slow-disk": "slow disk n1 by 2.0",
    "timeout": "timeout n1 resend",
    "deliver": "deliver 3",
    "lose": "lose 3",
    "duplicate": "duplicate 3",
    "flush": "flush n1",
    "notice": "notice n1 of n2",
}


def test_every_kind_reads_its_own_text_and_describes_itself() -> None:
    assert FAULTS.names() == sorted(EXAMPLES)
    descriptions = set()
    for name, text in EXAMPLES.items():
        (event,) = parse_events(Line(text), 0.5)
        assert type(event) is FAULTS.get(name)
        assert event.format() == text
        assert event.time == 0.5
        descriptions.add(event.describe())
    assert len(descriptions) == len(EXAMPLES)


def test_two_words_of_a_keyword_are_told_from_one() -> None:
    assert [type(event).__name__ for event in parse_events(Line("slow n1 <-> n2 by 3"), 0)] == [
        "Slow",
        "Slow",
    ]
    assert type(parse_events(Line("slow disk n1 by 3"), 0)[0]).__name__ == "SlowDisk"


@pytest.mark.usefixtures("isolate")
def test_a_registered_kind_is_read_and_written_and_happens() -> None:
    plan = load_scenario("paxos-happy")
    text = format_scenario(plan, expected=False) + "at 0.0001 isolate n1\n"
    scenario = parse_scenario(text)
    assert parse_scenario(format_scenario(scenario)) == scenario
    _, result = simulate_trace(get_protocol("paxos"), scenario, seed=1)
    assert (result.faults["partition"], result.faults["heal"]) == (1, 1)
    with pytest.raises(ScenarioError, match=r"the isolate at 1\.0 names an unknown node 'n9'"):
        replace(scenario, events=(Isolate(1.0, "n9"),))


@pytest.mark.usefixtures("isolate")
def test_a_kind_can_refuse_a_protocol() -> None:
    scenario = parse_scenario("scenario s\nprotocol zab\nnodes n1 n2\nat 1 isolate n1\n")
    with pytest.raises(ScenarioError, match="never isolated"):
        simulate_trace(get_protocol("zab"), scenario)


def test_an_unregistered_kind_is_not_read() -> None:
    with pytest.raises(ScenarioError, match="unknown word 'isolate'"):
        parse_events(Line("isolate n1"), 0)


def test_random_scenarios_draw_a_registered_kind_and_keep_the_rest() -> None:
    paxos = get_protocol("paxos")
    before = [random_scenario(paxos, NODES, seed) for seed in range(20)]
    register_fault(Isolate)
    try:
        after = [random_scenario(paxos, NODES, seed) for seed in range(20)]
        none = random_scenario(paxos, NODES, 3, Bounds(others=0))
    finally:
        unregister_fault("isolate")
    drawn = [[event for event in one.events if isinstance(event, Isolate)] for one in after]
    assert sum(map(len, drawn)) > 10
    assert none == before[3]
    for old, new in zip(before, after, strict=True):
        kept = tuple(event for event in new.events if not isinstance(event, Isolate))
        assert replace(new, events=kept) == old


def test_a_kind_without_keyword_or_methods_is_refused() -> None:
    class Nameless(Isolate):
        keyword = None  # type: ignore[assignment]

    @dataclass(frozen=True)
    class Idle(ScenarioEvent):
        keyword = "idle"

    for kind in (Nameless, Idle, int):
        with pytest.raises(SettingError, match="cannot be registered as a fault"):
            register_fault(kind)  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="a fault named 'crash' is already registered"):
        register_fault(type("Other", (Isolate,), {"keyword": "crash"}))


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"keyword": "cut-off"}, "its keyword must be one word, or two .* got 'cut-off'"),
        ({"nodes_in": "node"}, "nodes_in must be a tuple of names of fields, got 'node'"),
        ({"nodes_in": ("nod",)}, r"nodes_in names 'nod', .* \(fields: time, node\)"),
        ({"format": abstractmethod(Isolate.format)}, r"it lacks format\(\)"),
    ],
)
def test_the_reason_why_a_kind_is_refused_is_given(
    attributes: dict[str, object], message: str
) -> None:
    with pytest.raises(SettingError, match=f"'Odd' cannot be registered as a fault: {message}"):
        register_fault(type("Odd", (Isolate,), attributes))


@pytest.mark.parametrize(
    ("method", "use"),
    [
        ("parse", lambda: parse_events(Line("isolate n1"), 0.5)),
        ("draw", lambda: random_scenario(get_protocol("paxos"), NODES, 1)),
    ],
)
def test_a_method_that_returns_no_list_of_events_is_named(
    method: str, use: Callable[[], object]
) -> None:
    def single(cls: type[Isolate], *args: object) -> Isolate:
        return cls(0.5, "n1")

    kind = type("Odd", (Isolate,), {method: classmethod(single)})
    register_fault(kind)
    try:
        with pytest.raises(SettingError, match=rf"Odd.{method}\(\) must return a list .* got Odd"):
            use()
    finally:
        unregister_fault("isolate")


def _applied(apply: Callable[[Isolate, Simulation], None], extra: str = "") -> dict[str, int]:
    """Run a scenario in which `apply` is what a fault at 0.5 s does; return its faults."""
    kind = type("Odd", (Isolate,), {"apply": apply})
    register_fault(kind)
    try:
        text = f"scenario s\nprotocol raft\nnodes n1 n2 n3\nat 0.5 isolate n1\n{extra}"
        scenario = parse_scenario(f"{text}limit time 2\n")
        return simulate(get_protocol("raft"), scenario, seed=4).faults
    finally:
        unregister_fault("isolate")


@pytest.mark.parametrize(
    ("apply", "message"),
    [
        (lambda event, run: run.crash_node("n9"), r"unknown node 'n9' \(known: n1, n2, n3\)"),
        (lambda event, run: run.cut_link("n1", "n9"), "unknown node 'n9'"),
        (lambda event, run: run.partition((("n1",), ("n9",))), "unknown node 'n9'"),
        (lambda event, run: run.slow_link("n1", "n9", 2.0), "unknown node 'n9'"),
        (lambda event, run: run.slow_link("n1", "n1", 2.0), "'n1' has no link to itself"),
        (
            lambda event, run: run.schedule(Crash(0.1, "n2")),
            "'crash n2' cannot be scheduled at 0.1",
        ),
        (lambda event, run: run.schedule("heal"), "only a scenario event can be .* got 'heal'"),
    ],
)
def test_a_fault_that_asks_for_the_impossible_is_named_with_time_and_seed(
    apply: Callable[[Isolate, Simulation], None], message: str
) -> None:
    with pytest.raises(SettingError, match=f"'isolate n1' at 0.5 s, .* seed 4: .*{message}"):
        _applied(apply)


def test_a_fault_cannot_crash_a_node_that_is_down() -> None:
    with pytest.raises(HostError, match=r"seed 4: the node 'n2' is down .* is None while it is"):
        _applied(lambda event, run: run.crash_node("n2"), "at 0.4 crash n2\n")


def test_crashes_and_restarts_that_another_fault_has_done_are_skipped() -> None:
    faults = _applied(
        lambda event, run: run.crash_node("n2"), "at 0.6 crash n2\nat 0.7 restart n2\n"
    )
    assert (faults["crash"], faults["skipped"], faults["restart"]) == (1, 1, 1)
    faults = _applied(
        lambda event, run: run.restart(run.drivers["n2"]), "at 0.4 crash n2\nat 0.7 restart n2\n"
    )
    assert (faults["crash"], faults["skipped"], faults["restart"]) == (1, 1, 1)


def test_a_fault_that_schedules_itself_again_and_again_is_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "IDLE_LIMIT", 1000)
    with pytest.raises(SettingError, match=r"1,000 events in a row .* 'isolate n1' at 0.5 s"):
        _applied(lambda event, run: run.schedule(event))


@pytest.mark.usefixtures("isolate")
def test_pictures_show_the_mark_and_the_words_of_a_registered_kind() -> None:
    text = format_scenario(load_scenario("paxos-happy"), expected=False) + "at 0.005 isolate n1\n"
    trace, _ = simulate_trace(get_protocol("paxos"), parse_scenario(text), seed=1)
    picture = spacetime_svg(trace)
    assert ">I<title>0.005000 s: n1 is isolated</title>" in picture
    assert "<title>0.005000 s: n1 | n2 n3 are apart</title>" in picture
    unregister_fault("isolate")
    assert "<title>0.005000 s: isolate: node=n1</title>" in spacetime_svg(trace)


def test_what_each_of_the_toolkits_faults_records_is_described_in_its_words() -> None:
    plan = "scenario s\nprotocol paxos\nnodes n1 n2 n3\nlimit time 1\n"
    described = {
        "partition n1 | n2 n3": "n1 | n2 n3 are apart",
        "cut n1 -> n2": "no messages from n1 to n2",
        "slow n1 -> n2 by 2.0": "messages from n1 to n2 take 2 times as long",
        "slow disk n1 by 2.0": "the disk of n1 takes 2 times as long",
        "heal n1 -> n2": "messages from n1 to n2 get through again",
        "heal": "all links work again",
        "timeout n1 resend": "the timer resend of n1 runs out; it was not set",
    }
    for statement, words in described.items():
        scenario = parse_scenario(plan + f"at 0.5 {statement}\n")
        trace, _ = simulate_trace(get_protocol("paxos"), scenario, seed=1)
        (fault,) = trace.faults
        assert recorded_fault(fault.fault, fault.params) == ("", words)


@pytest.mark.usefixtures("isolate")
def test_random_scenarios_draw_only_the_kinds_that_are_named() -> None:
    paxos = get_protocol("paxos")
    assert set(drawn_faults()) == {"crash", "cut", "isolate", "partition", "slow", "slow-disk"}
    for names in (("isolate",), ("isolate", "crash"), ()):
        drawn = {
            type(event)
            for seed in range(20)
            for event in random_scenario(paxos, NODES, seed, Bounds(faults=names)).events
        }
        named = {FAULTS.get(name) for name in names} | {FAULTS.get("client"), Heal}
        assert drawn - {FAULTS.get("restart")} == named
    with pytest.raises(UnknownNameError, match=r"unknown fault 'isolat'.*'isolate'"):
        random_scenario(paxos, NODES, 1, Bounds(faults=("isolat",)))
    with pytest.raises(SettingError, match=r"draw the kind 'heal' .*: crash, cut"):
        random_scenario(paxos, NODES, 1, Bounds(faults=("heal",)))


@pytest.mark.usefixtures("isolate")
def test_all_kinds_by_name_draw_what_no_name_draws_and_runs_can_be_repeated() -> None:
    paxos = get_protocol("paxos")
    for seed in range(10):
        named = random_scenario(paxos, NODES, seed, Bounds(faults=drawn_faults()))
        assert named == random_scenario(paxos, NODES, seed)
    lines = [
        trace.header.replay
        for faults in (("isolate", "cut"), ())
        for trace in _recorded(Bounds(faults=faults))
    ]
    assert lines == [
        "toolkit simulate paxos --nodes 3 --seed 0 --runs 1 --fault isolate --fault cut "
        "--out trace.ndjson",
        None,
    ]


def _recorded(bounds: Bounds) -> list[Trace]:
    sink = MemorySink()
    simulate_runs(get_protocol("paxos"), bounds=bounds, sink=sink)
    return sink.traces


@pytest.mark.usefixtures("isolate")
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("isolate n1 now", "'isolate n1 now', but parse\\(\\) refuses it: unexpected 'now'"),
        ("isolat n1", "'isolat n1', but parse\\(\\) refuses it: unknown word 'isolat'"),
        ("partition n1 | n2  n3", "reads it as .*Partition"),
    ],
)
def test_a_kind_whose_text_is_not_read_back_is_refused_before_it_runs(
    text: str, message: str
) -> None:
    class Misspelt(Isolate):
        def format(self) -> str:
            return text

    plain = parse_scenario("scenario s\nprotocol paxos\nnodes n1 n2 n3\nlimit time 1\n")
    scenario = replace(plain, events=(Misspelt(0.5, "n1"),))
    with pytest.raises(ScenarioError, match=message):
        simulate_trace(get_protocol("paxos"), scenario, seed=1)
