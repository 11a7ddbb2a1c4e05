"""Diagrams, tables and charts are tested by what they are made of."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pandas as pd
import pytest

from toolkit.display import explorer_data, spacetime_svg, state_table
from toolkit.display.charts import chart_bundle, duel_chart
from toolkit.display.spacetime import COLUMN, LEFT
from toolkit.protocols import get_protocol
from toolkit.reproduction.papers.duel import duel
from toolkit.sim import load_scenario, random_scenario, scenario_names, simulate_trace
from toolkit.trace import Header, Received, Sent, Step, Trace


@pytest.fixture(scope="module")
def trace() -> Trace:
    protocol = get_protocol("paxos")
    return simulate_trace(protocol, random_scenario(protocol, ["n1", "n2", "n3"], 1), seed=1)[0]


def test_the_diagram_has_a_dot_for_each_step_and_marks_the_divergence(trace: Trace) -> None:
    svg = ET.fromstring(spacetime_svg(trace, diverged=4))
    dots = [one for one in svg.iter() if one.tag.endswith("circle")]
    assert [dot.get("data-step") for dot in dots] == [str(step.index) for step in trace.steps]
    assert [dot.get("data-step") for dot in dots if dot.get("fill") == "#b2182b"] == ["4"]


def drawn(name: str) -> tuple[Trace, ET.Element]:
    scenario = load_scenario(name)
    trace, _ = simulate_trace(get_protocol(scenario.protocol), scenario)
    return trace, ET.fromstring(spacetime_svg(trace))


def parts(svg: ET.Element, tag: str, **attributes: str) -> list[ET.Element]:
    return [
        one
        for one in svg.iter()
        if one.tag.endswith(f"}}{tag}")
        and all(one.get(name.rstrip("_")) == value for name, value in attributes.items())
    ]


@pytest.mark.parametrize("name", scenario_names())
def test_every_scenario_that_travels_along_can_be_drawn(name: str) -> None:
    trace, svg = drawn(name)
    assert len(parts(svg, "circle")) == len(trace.steps)
    heads = [one.get("marker-end") for one in parts(svg, "path")]
    got = [step for step in trace.steps if step.received is not None]
    assert heads.count("url(#arrow)") == sum(step.action != "Ignore" for step in got)
    assert heads.count("url(#faded)") == sum(step.action == "Ignore" for step in got)
    names = [str(step.action) for step in trace.steps if step.action not in {"Ignore", "Flush"}]
    words = [text.text for text in parts(svg, "text")]
    assert all(words.count(action) >= names.count(action) for action in set(names))
    # Nothing is written above the picture: a name climbs half as far as it is long.
    for text in parts(svg, "text"):
        if text.get("transform"):
            assert float(text.get("y", 0)) - 2.4 * len(text.text or "") > 0


def test_long_names_of_messages_are_shown_by_capitals_that_are_explained() -> None:
    _, svg = drawn("raft-figure-8-d")
    words = [text.text for text in parts(svg, "text")]
    assert {"RV 3", "AER 5"} <= set(words)
    (legend,) = parts(svg, "text", class_="legend")
    assert "AER: AppendEntriesResponse" in (legend.text or "")
    titles = [title.text or "" for title in parts(svg, "title")]
    assert any('RequestVote(term=3, cand="n5"' in title for title in titles)
    # Short names need no explanation.
    (legend,) = parts(drawn("paxos-happy")[1], "text", class_="legend")
    assert legend.text == "green: proposing; orange: preparing; number below a step: ballot"


def test_names_with_the_same_capitals_are_shown_whole() -> None:
    message = {"type": "AppendEntries", "term": 1}
    sent = tuple(
        Sent({**message, "type": name}, "n2", number)
        for number, name in enumerate(["AppendEntries", "AcceptEverything", "RequestVote"])
    )
    header = Header(schema=1, protocol="raft", trace="t", nodes=("n1", "n2"))
    steps = [Step(index=0, time=0.0, node="n1", action="A", sent=sent)] + [
        Step(index=one, time=1.0, node="n2", action="B",
             received=Received(sent[one - 1].message, "n1", one - 1))
        for one in (1, 2, 3)
    ]  # fmt: skip
    svg = ET.fromstring(spacetime_svg(Trace(header=header, records=[*steps])))
    words = {text.text for text in parts(svg, "text")}
    assert {"AppendEntries 1", "AcceptEverything 1", "RV 1"} <= words
    assert "AE 1" not in words


def test_lanes_show_who_leads_and_numbers_the_terms() -> None:
    trace, svg = drawn("raft-figure-8-d")
    bands = [title.text for band in parts(svg, "rect", class_="role") for title in band]
    assert [band for band in bands if band and band.endswith(": leader")] == [
        "n2: leader", "n1: leader", "n5: leader", "n1: leader", "n5: leader",
    ]  # fmt: skip
    numbers = [text.text for text in parts(svg, "text") if text.get("font-size") == "11"]
    changed = [str(step.state["currentTerm"]) for step in trace.steps
               if step.state and "currentTerm" in step.state]  # fmt: skip
    assert numbers == changed


def test_a_log_has_a_line_for_each_entry_and_short_values_have_one() -> None:
    entry = {"kind": "noop", "term": 1, "val": ""}
    log = {"#tup": [entry, entry]}
    view = {"log": log, "durable": {"log": log, "currentTerm": 1}, "ballot": {"bal": 1, "val": "v"}}
    table = ET.fromstring(state_table(["n"], {"n": view}).replace("&mdash;", "-"))
    cells = {row[0].text: row[1].text for row in table.iter("tr") if row[0].text in view}
    one = '[kind |-> "noop", term |-> 1, val |-> ""]'
    assert cells == {
        "log": f"<<{one},\n  {one}>>",
        "durable": f"[currentTerm |-> 1,\n log |-> <<{one},\n   {one}>>]",
        "ballot": '[bal |-> 1, val |-> "v"]',
    }


def test_a_difference_is_marked_and_text_is_escaped() -> None:
    table = state_table(["<n>"], {"<n>": {"x": "<b>"}}, {"<n>": {"x": "other"}}, ("<n>", ["x"]))
    assert "changed differs" in table
    assert "<b>" not in table
    assert "differs" not in state_table(["n"], {"n": {"x": 1}}, {"n": {"x": 1}})


def test_the_explorer_has_a_table_for_each_state(trace: Trace) -> None:
    data = explorer_data(trace)
    assert len(data["tables"]) == len(data["captions"]) == len(trace.steps) + 1


def test_the_duel_is_decided_sooner_with_back_off_and_repeats_exactly() -> None:
    frame = duel([0.0, 0.1], seeds=range(20))
    pd.testing.assert_frame_equal(frame, duel([0.0, 0.1], seeds=range(20)))
    median = frame.groupby("backoff")["seconds"].median()
    assert median[0.1] < median[0.0]
    spec = duel_chart(frame).to_dict()
    assert len(spec["layer"]) == 3
    bundle = chart_bundle(duel_chart(frame))
    assert bundle["application/vnd.vegalite.v5+json"]["$schema"].endswith("v5.json")
    assert "<svg" in bundle["image/svg+xml"]


def test_who_is_down_neither_leads_nor_looks() -> None:
    trace, _ = simulate_trace(get_protocol("zab"), load_scenario("zab-leader-crash"))
    root = ET.fromstring(spacetime_svg(trace))
    (crash,) = [step.index for step in trace.steps if step.action == "Crash"]
    titles = [
        (band.findtext("{*}title"), float(band.get("x", "0")), float(band.get("width", "0")))
        for band in root.iter("{http://www.w3.org/2000/svg}rect")
        if band.get("class") == "role"
    ]
    ((_, begin, width),) = [one for one in titles if one[0] == "n3: leading"]
    assert begin + width == LEFT + COLUMN * crash
    looks = [one for one in titles if one[0] == "n3: looking"]
    assert [begin for _, begin, _ in looks] == [LEFT]
