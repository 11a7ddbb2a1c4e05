"""A protocol registered by a stranger gets every picture, metric and playground that ours get."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree import ElementTree as ET

import pytest

from tests.display.primary_protocol import PRIMARY
from toolkit.analysis.metrics import entries_stored, leaderless, log_divergence
from toolkit.comparison.compare import compare
from toolkit.display import explorer_data, has_logs, log_picture, spacetime_svg
from toolkit.histories import check_fifo
from toolkit.protocols import register, replicating_protocols, unregister
from toolkit.sim import ScenarioBuilder, simulate_runs, simulate_trace
from toolkit.sim.leaders import who_leads
from toolkit.trace import MemorySink, Trace, check_log_view
from toolkit.trace.logview import committed_requests
from toolkit.widgets import LogPlayground, Playground

NODES = ("n1", "n2", "n3")
LOG = PRIMARY.log
assert LOG is not None


@pytest.fixture(autouse=True)
def registered() -> Iterator[None]:
    register(PRIMARY)
    yield
    unregister(PRIMARY.name)


@pytest.fixture(scope="module")
def trace() -> Trace:
    builder = ScenarioBuilder("stranger", PRIMARY.name, NODES).retry(0.25)
    for number in range(1, 5):
        put = {"op": "put", "key": "k", "value": number}
        builder.command(number / 10, f"c{number}", put, "n1")
    builder.crash(0.3, "n3", keep=0).limit(time=0.6)
    return simulate_trace(PRIMARY, builder.build(), seed=1)[0]


def test_its_view_keeps_the_contract_on_random_runs() -> None:
    sink = MemorySink()
    simulate_runs(PRIMARY, runs=10, seed=1, nodes=3, sink=sink)
    assert check_log_view(LOG, sink.traces) == []


def test_its_logs_are_drawn_with_crown_rounds_and_what_is_committed(trace: Trace) -> None:
    assert has_logs(trace)
    svg = log_picture(trace, len(trace.steps))
    assert "n1 leads reign 2" in svg
    assert svg.count('class="entry"') > 8
    assert svg.count('class="committed"') == 2
    assert "n1, entry 1: reign 2, c1!; known to this node as committed" in svg
    assert "down, reign 2" in svg


def test_its_lanes_messages_and_rounds_are_drawn(trace: Trace) -> None:
    svg = ET.fromstring(spacetime_svg(trace))
    text = [one.text or "" for one in svg.iter("{http://www.w3.org/2000/svg}text")]
    assert "copy 2" in text
    assert "green: reigns; number below a step: reign" in text
    bands = [one for one in svg.iter() if one.get("class") == "role"]
    assert [band.findtext("{*}title") for band in bands] == ["n1: reigns"]


def test_the_explorer_shows_its_logs_at_each_step(trace: Trace) -> None:
    (album,) = explorer_data(trace)["logs"]
    assert len(album["at"]) == len(trace.steps) + 1
    assert len(album["pictures"]) > 5


def test_metrics_read_its_log(trace: Trace) -> None:
    assert entries_stored(trace, LOG) == {"stored": 4, "committed": 4, "wasted": 0}
    assert committed_requests(trace, LOG) == [(f"c{number}", 0) for number in range(1, 5)]
    assert check_fifo(committed_requests(trace, LOG)).ok
    assert len(leaderless(trace, LOG)) == 1
    assert log_divergence(trace, LOG)["behind"].iloc[-1] == 4


def test_its_leader_is_aimed_at_and_it_is_compared_with_ours() -> None:
    scenario = ScenarioBuilder("led", PRIMARY.name, NODES).limit(time=0.5).build()
    assert who_leads(PRIMARY, scenario, seed=1) == "n1"
    assert PRIMARY.name in replicating_protocols("kv")
    names = [PRIMARY.name, *replicating_protocols("kv")[:1]]
    found = compare(
        3, protocols=names, nodes=3, rate=20, faults=["crash-leader"], fault_duration=0.6
    )
    assert found.sides[0].faults["target"][0] == "n1"
    assert found.sides[0].entries["committed"] > 10


def test_it_can_be_played_with_in_both_playgrounds() -> None:
    ground = LogPlayground(PRIMARY.name, seed=1)
    assert ground.timeouts.disabled
    assert ground.text.description == "mine"
    ground.explorer.step = len(ground.trace.steps)
    assert ground.leader == "n1"
    ground.explorer.step = 5
    ground.server.value = "n1"
    ground.send()
    assert "to reign 2, elections won: 1; commands answered: 1" in ground.report.value
    ground.kill_leader()
    ground.server.value = "n1"
    ground.restart()
    ground.explorer.step = len(ground.trace.steps)
    assert "to reign 3, elections won: 2" in ground.report.value
    other = Playground(PRIMARY.name, seed=1)
    assert "no command was answered" not in other.report.value
