"""Scenarios as text and by the builder: they say the same, and typos are named."""

from __future__ import annotations

import contextlib
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from toolkit.errors import ScenarioError, UnknownNameError
from toolkit.sim import (
    ClientCommand,
    Clock,
    Constant,
    Crash,
    Cut,
    Delay,
    DiskSettings,
    Exponential,
    Heal,
    LinkOverride,
    LinkSettings,
    LogNormal,
    Normal,
    Partition,
    Restart,
    Retry,
    Samples,
    Scenario,
    ScenarioBuilder,
    Slow,
    SlowDisk,
    Timeout,
    Uniform,
    format_scenario,
    load_scenario,
    parse_scenario,
    read_scenario,
    scenario_names,
)

EVERYTHING = """
# Every statement once.
scenario everything
protocol paxos
nodes n1 n2 n3   # and a comment
set backoff 0.05
set quorum weighted:n1=2,n2=1,n3=1
network delay uniform(0.001, 0.01) loss 0.05 duplicate 0.02 reorder 0.1 by constant(0.03)
link n1 -> n2 delay constant(0.05)
link n1 <-> n3 loss 0.5 fifo no
disk write exponential(0.002)
disk n2 write normal(0.01, 0.001)
clock n2 offset 0.5 drift 1e-4
retry 0.25 next
at 0.0 client c1 sends v1 to n1
at 0 client c2 sends {"put": ["k # 1", 2]} to n2
at 0.2 crash n2 keep 0
at 0.5 restart n2
at 0.6 partition n1 | n2 n3
at 0.7 cut n1 -> n3
at 0.8 heal n1 -> n3
at 0.9 heal
at 1.0 slow n1 <-> n2 by 10
at 1.1 slow disk n2 by 2.5
at 1.2 timeout n3 resend
limit time 5 steps 10000
seed 7
expect
  0 0 n1 Request(v="v1") | want="v1"

  quiet at 1
end
"""


def test_the_text_and_the_builder_say_the_same() -> None:
    built = (
        ScenarioBuilder("everything", "paxos", ["n1", "n2", "n3"])
        .set("backoff", 0.05)
        .set("quorum", "weighted:n1=2,n2=1,n3=1")
        .network(delay=Uniform(0.001, 0.01), loss=0.05, duplicate=0.02)
        .network(reorder=0.1, reorder_by="constant(0.03)")
        .link("n1", "n2", delay="constant(0.05)")
        .link("n1", "n3", loss=0.5, fifo=False)
        .link("n3", "n1", loss=0.5, fifo=False)
        .disk("exponential(0.002)")
        .disk(Normal(0.01, 0.001), "n2")
        .clock("n2", offset=0.5, drift=1e-4)
        .retry(0.25, next_node=True)
        .command(0.0, "c1", "v1", "n1")
        .command(0.0, "c2", {"put": ["k # 1", 2]}, "n2")
        .crash(0.2, "n2", keep=0)
        .restart(0.5, "n2")
        .partition(0.6, ["n1"], ["n2", "n3"])
        .cut(0.7, "n1", "n3")
        .heal(0.8, "n1", "n3")
        .heal(0.9)
        .slow(1.0, "n1", "n2", 10.0)
        .slow(1.0, "n2", "n1", 10.0)
        .slow_disk(1.1, "n2", 2.5)
        .timeout(1.2, "n3", "resend")
        .limit(time=5.0, steps=10000)
        .seed(7)
        .expect('0 0 n1 Request(v="v1") | want="v1"\nquiet at 1')
        .build()
    )
    assert parse_scenario(EVERYTHING) == built


def test_a_link_is_the_network_with_its_overrides_on_top() -> None:
    scenario = parse_scenario(EVERYTHING)
    assert scenario.link("n1", "n2") == replace(scenario.network, delay=Constant(0.05))
    assert scenario.link("n2", "n1") == scenario.network
    assert scenario.link("n3", "n1") == replace(scenario.network, loss=0.5, fifo=False)


# Round trips ---------------------------------------------------------------------------------

WORDS = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,8}", fullmatch=True)
TIMES = st.floats(0, 1e6)
ABOVE = st.floats(1e-9, 1e6)
CHANCES = st.floats(0, 1)
DELAYS: st.SearchStrategy[Delay] = st.one_of(
    st.builds(Constant, TIMES),
    st.builds(lambda low, more: Uniform(low, low + more), TIMES, TIMES),
    st.builds(Exponential, ABOVE, TIMES),
    st.builds(LogNormal, ABOVE, st.floats(0, 10)),
    st.builds(Normal, ABOVE, TIMES),
    st.builds(Samples, st.lists(TIMES, min_size=1, max_size=4).map(tuple)),
)
OPERATIONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | WORDS
    | st.sampled_from(["null", "true", "NaN", "Infinity", "to", "1e5", "#"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
NETWORKS = st.builds(
    lambda fifo, reorder, **rest: LinkSettings(fifo=fifo, reorder=0.0 if fifo else reorder, **rest),
    fifo=st.booleans(),
    delay=DELAYS,
    loss=CHANCES,
    duplicate=CHANCES,
    reorder=CHANCES,
    reorder_by=DELAYS,
)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    nodes = draw(st.lists(WORDS, min_size=2, max_size=4, unique=True))
    node = st.sampled_from(nodes)
    pair = st.permutations(nodes).map(lambda order: (order[0], order[1]))
    groups = st.permutations(nodes).flatmap(
        lambda order: st.integers(1, len(order) - 1).map(
            lambda at: (tuple(order[:at]), tuple(order[at:]))
        )
    )
    event: st.SearchStrategy[Any] = st.one_of(
        st.builds(ClientCommand, TIMES, WORDS, OPERATIONS, node),
        st.builds(Partition, TIMES, groups),
        st.builds(lambda time, pair: Cut(time, *pair), TIMES, pair),
        st.builds(Heal, TIMES),
        st.builds(lambda time, pair: Heal(time, *pair), TIMES, pair),
        st.builds(lambda time, pair, by: Slow(time, *pair, by), TIMES, pair, ABOVE),
        st.builds(SlowDisk, TIMES, node, ABOVE),
        st.builds(Timeout, TIMES, node, WORDS),
    )
    events = draw(st.lists(event, max_size=6))
    if draw(st.booleans()):
        name, time = draw(node), draw(st.floats(0, 1e5))
        events += [
            Crash(time, name, draw(st.none() | st.integers(0, 5))),
            Restart(time + draw(ABOVE), name),
        ]
    network = draw(NETWORKS)
    override = st.builds(
        lambda pair, by, **rest: LinkOverride(*pair, **rest, **by),
        pair,
        st.just({}) if network.fifo else st.fixed_dictionaries(
            {"reorder": CHANCES}, optional={"reorder_by": DELAYS}
        ),
        delay=st.none() | DELAYS,
        loss=CHANCES,
        duplicate=st.none() | CHANCES,
    )  # fmt: skip
    setting = st.text(st.characters(codec="utf-8", exclude_characters="\r\n#"), min_size=1)
    line = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1)
    return Scenario(
        name=draw(WORDS),
        protocol=draw(WORDS),
        nodes=tuple(nodes),
        settings=draw(st.dictionaries(WORDS, setting.map(str.strip).filter(bool), max_size=3)),
        network=network,
        links=tuple(draw(st.lists(override, max_size=3))),
        disk=DiskSettings(draw(DELAYS)),
        disks=draw(st.dictionaries(node, st.builds(DiskSettings, DELAYS), max_size=2)),
        clocks=draw(
            st.dictionaries(
                node, st.builds(Clock, st.floats(-1e6, 1e6), st.floats(-0.99, 10)), max_size=2
            )
        ),
        retry=draw(st.builds(Retry, ABOVE, st.booleans()) | st.just(Retry(None))),
        events=tuple(events),
        time_limit=draw(ABOVE),
        step_limit=draw(st.integers(1, 10**9)),
        seed=draw(st.none() | st.integers(-(10**20), 10**20)),
        expected=draw(
            st.none()
            | st.lists(line.map(str.strip).filter(lambda x: x not in {"", "end"})).map(tuple)
        ),
    )


def test_a_setting_may_begin_with_a_bracket() -> None:
    text = "scenario s\nprotocol p\nnodes n1 n2\nset key (a b)\n"
    scenario = parse_scenario(text)
    assert scenario.settings == {"key": "(a b)"}
    assert parse_scenario(format_scenario(scenario)) == scenario


@settings(max_examples=100, deadline=None)
@given(scenarios())
def test_every_scenario_survives_its_text_form(scenario: Scenario) -> None:
    assert parse_scenario(format_scenario(scenario)) == scenario


def test_everything_survives_its_text_form() -> None:
    scenario = parse_scenario(EVERYTHING)
    text = format_scenario(scenario)
    assert parse_scenario(text) == scenario
    assert format_scenario(parse_scenario(text)) == text


# Mistakes ------------------------------------------------------------------------------------

START = "scenario s\nprotocol paxos\nnodes n1 n2 n3\n"


@pytest.mark.parametrize(
    ("statement", "said", "hint"),
    [
        ("netwrok loss 0.1", "unknown statement 'netwrok'", "did you mean 'network'"),
        ("network los 0.1", "unknown word 'los'", "did you mean 'loss'"),
        ("network", "the statement sets nothing", "delay, loss"),
        ("network loss", "the probability of loss is missing", "add"),
        ("network loss 2", "loss must be a probability, got 2.0", "from 0 to 1"),
        ("network loss lots", "must be a finite number, got 'lots'", "0.05"),
        ("network loss nan", "must be a finite number, got 'nan'", "0.05"),
        ("network loss 0.1 loss 0.2", "'loss' is given twice", "remove"),
        ("network reorder 0.1 fifo yes", "a FIFO link cannot reorder", "remove"),
        ("network fifo maybe", "unknown word 'maybe'", "yes, no"),
        ("network delay unifrom(1, 2)", "unknown distribution 'unifrom'", "'uniform'"),
        ("network delay uniform(1)", "wrong number of parameters (1)", "uniform(low, high)"),
        ("network delay uniform(2, 1)", "0 <= low <= high, got uniform(2.0, 1.0)", "in seconds"),
        (
            "network delay uniform(a, 1)",
            "uniform(a, 1) must contain finite numbers, got 'a'",
            "seconds",
        ),
        ("network delay 5", "'5' is not a distribution", "known: constant(x)"),
        ("network delay constant(-1)", "at least 0 seconds, got constant(-1.0)", "constant(0.01)"),
        ("network delay constant(1e999)", "must contain finite numbers, got '1e999'", "seconds"),
        ("network delay samples()", "at least one delay", "samples(0.001, 0.002)"),
        ('network delay samples("nowhere.txt")', "cannot be read", "one number per line"),
        ("link n1 -> n4 loss 0.1", "a link names an unknown node 'n4'", "n1, n2, n3"),
        ("link n1 -> n1 loss 0.1", "two different nodes, got 'n1' twice", "remove it"),
        ("link n1 => n2 loss 0.1", "unknown word '=>'", "known: ->, <->"),
        ("disk n9x write constant(1)", "a disk names an unknown node 'n9x'", "n1, n2, n3"),
        ("clock n4 drift 0.1", "a clock names an unknown node 'n4'", "n1, n2, n3"),
        ("clock n1 drift -1", "above -1, got offset 0.0 and drift -1.0", "clock n1"),
        ("clock n1", "'offset' or 'drift' is missing", "add"),
        ("nodes n1", "'nodes' can be given only once", "remove the second"),
        ("retry 0", "above 0 seconds, got 0.0", "retry off"),
        ("limit time 0", "must be above 0", "limit time 10"),
        ("limit steps 1.5", "must be a whole number, got '1.5'", "3"),
        ("limit", "'limit' needs a time or a number of steps", "limit time"),
        ("seed x", "the seed must be a whole number, got 'x'", "3"),
        ("set backoff", "the setting 'backoff' has no value", "set backoff VALUE"),
        ("at 1 crsh n1", "unknown word 'crsh'", "did you mean 'crash'"),
        ("at 1 crash n4", "the crash at 1.0 names an unknown node 'n4'", "n1, n2, n3"),
        ("at 1 crash n1 keep -1", "a crash must keep 0 or more writes, got -1", "keep 0"),
        ("at 1 crash n1 now", "unknown word 'now'", "keep"),
        ("at 1 restart n1", "'n1' cannot restart at 1.0: it is not down", "crash it first"),
        ("at -1 heal", "at least 0 seconds, got -1.0", "at 0.5"),
        ("at 1 heal n1", "'->' or '<->' is missing", "add"),
        ("at 1 partition n1 n2", "a partition needs two or more groups", "partition n1 | n2 n3"),
        ("at 1 partition n1 | n1", "each node can be in only one group", "partition n1 | n2 n3"),
        ("at 1 partition n1 | n7x", "names an unknown node 'n7x'", "n1, n2, n3"),
        ("at 1 cut n1 -> n1", "two different nodes, got 'n1' twice", "no link to itself"),
        ("at 1 slow n1 -> n2 by 0", "a factor must be finite and above 0, got 0.0", "by 10"),
        ("at 1 timeout n1", "a timer is missing", "add"),
        ("at 1 timeout n4 resend", "the timeout at 1.0 names an unknown node 'n4'", "n1, n2, n3"),
        ("at 1 timeout n1 1st", "invalid name '1st' for a timer", "letter"),
        ("at 1 timeout n1 resend now", "unexpected 'now'", "remove"),
        ("at 1 tmeout n1 resend", "unknown word 'tmeout'", "did you mean 'timeout'"),
        ("at 1 client c1 says v1 to n1", "unknown word 'says'", "sends"),
        ("at 1 client c1 sends put a 1 to n1", "must be a single word or JSON, got 'a'", '"op"'),
        ("at 1 client c1 sends v1", "'to' is missing", "add"),
        ('at 1 client c1 sends {"a": to n1', "invalid name '{\"a\":' for an operation", "letter"),
        ("at 1 heal # twice\nat 1 heal\nat 1 heal now then", "unknown word 'then'", "known: ->"),
        ("expect\n 0 0 n1 X", "the 'expect' block has no end", "'end'"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_remedy(statement: str, said: str, hint: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_scenario(START + statement + "\n", path="my.scenario")
    error = caught.value
    assert said in error.message
    assert error.hint is not None
    assert re.search(re.escape(hint).replace("\\ ", ".*"), error.hint, re.DOTALL)
    assert error.path == "my.scenario"
    assert error.line is not None
    assert error.line >= 4


def test_an_error_of_a_part_that_does_not_fit_names_its_own_line() -> None:
    text = START + "at 1 crash n1\nat 2 restart n1\nat 3 crash n1\nat 4 crash n1\nseed 1\n"
    with pytest.raises(ScenarioError, match=r"my\.scenario:7: 'n1' cannot crash at 4\.0"):
        parse_scenario(text, path="my.scenario")


def test_what_is_missing_is_named() -> None:
    with pytest.raises(ScenarioError, match="the statement 'nodes' is missing"):
        parse_scenario("scenario s\nprotocol paxos\n")


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownNameError, match=r"did you mean 'paxos-happy'.*paxos-duelling"):
        load_scenario("paxos-hapy")


def test_a_file_that_is_no_scenario_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.scenario"
    with pytest.raises(ScenarioError, match=r"x\.scenario: the scenario cannot be read"):
        load_scenario(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ScenarioError, match="not a text file in UTF-8"):
        read_scenario(path)


def test_samples_are_read_from_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "lan.txt").write_text("# measured\n0.001\n\n0.002\n")
    path = tmp_path / "x.scenario"
    path.write_text(START + 'network delay samples("lan.txt")\n')
    scenario = load_scenario(path)
    assert scenario.network.delay == Samples((0.001, 0.002), "lan.txt")
    assert scenario.source == str(path)
    assert 'samples("lan.txt")' in format_scenario(scenario)
    (tmp_path / "lan.txt").write_text("0.001\nfast\n")
    with pytest.raises(
        ScenarioError, match=r"lan\.txt:2: the samples must contain finite numbers, got 'fast'"
    ):
        load_scenario(path)


def test_a_part_that_cannot_be_is_refused_in_python_too() -> None:
    with pytest.raises(ScenarioError, match="invalid name 'a b' for a node"):
        Scenario(name="s", protocol="p", nodes=("a b",))
    with pytest.raises(ScenarioError, match="and each node once"):
        Scenario(name="s", protocol="p", nodes=("a", "a"))
    with pytest.raises(ScenarioError, match="an operation must be JSON data"):
        ClientCommand(0.0, "c", math.nan, "n1")
    with pytest.raises(ScenarioError, match="invalid name 'a b' for a timer"):
        Timeout(0.0, "n1", "a b")
    with pytest.raises(ScenarioError, match="a delay for reordering, but no probability"):
        LinkOverride("a", "b", reorder_by=Constant(1.0))


# Garbage -------------------------------------------------------------------------------------

TOKENS = sorted({*re.findall(r"\S+", EVERYTHING), "->", "1e400", '"', "\\", "\u2028", "(", ")"})


@settings(max_examples=300, deadline=None)
@given(st.text() | st.lists(st.lists(st.sampled_from(TOKENS)).map(" ".join)).map("\n".join))
def test_garbage_gives_scenario_errors_only(text: str) -> None:
    for candidate in (text, START + text):
        with contextlib.suppress(ScenarioError):
            scenario = parse_scenario(candidate)
            assert parse_scenario(format_scenario(scenario)) == scenario


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_text_gives_scenario_errors_only(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(EVERYTHING)))
    until = data.draw(st.integers(at, min(len(EVERYTHING), at + 20)))
    middle = data.draw(st.text(max_size=5) | st.sampled_from(TOKENS))
    with contextlib.suppress(ScenarioError):
        scenario = parse_scenario(EVERYTHING[:at] + middle + EVERYTHING[until:])
        assert parse_scenario(format_scenario(scenario)) == scenario


def test_every_scenario_that_travels_along_is_named_after_its_protocol() -> None:
    assert len(scenario_names("paxos")) >= 7
    for name in scenario_names():
        scenario = load_scenario(name)
        assert name == f"{scenario.protocol}-{scenario.name}"
        assert scenario.source == name
