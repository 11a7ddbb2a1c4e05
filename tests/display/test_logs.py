"""Pictures of logs show what the state says: entries, terms, who leads, what is committed."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from toolkit.display import draw_logs, explorer_data, has_logs, log_picture
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol
from toolkit.reproduction.papers.raft_histories import FIGURES, figure_run
from toolkit.sim import load_scenario, simulate_trace
from toolkit.trace import Trace

RAFT = get_protocol("raft").log
assert RAFT is not None

SVG = "{http://www.w3.org/2000/svg}"


def parts(svg: str, kind: str) -> list[ET.Element]:
    return [one for one in ET.fromstring(svg).iter() if one.get("class") == kind]


def entries(svg: str) -> list[tuple[str, int, int, bool]]:
    """Return what is drawn: server, index, round, whether it is committed."""
    return [
        (
            str(one.get("data-server")), int(one.get("data-index", 0)),
            int(one.get("data-round", 0)), one.get("data-committed") == "true",
        )
        for one in parts(svg, "entry")
    ]  # fmt: skip


def state(terms: list[int], commit: int = 0, **more: Any) -> dict[str, Any]:
    log = [{"term": term, "kind": "noop", "val": ""} for term in terms]
    return {"role": "follower", "currentTerm": 3, "commitIndex": commit,
            "log": {"#tup": log}, **more}  # fmt: skip


@pytest.fixture(scope="module")
def trace() -> Trace:
    return simulate_trace(get_protocol("raft"), load_scenario("raft-overwritten"))[0]


def test_every_entry_is_drawn_with_its_term_at_its_index() -> None:
    svg = draw_logs(RAFT, ["a", "b"], {"a": state([1, 1, 2], 2), "b": state([1, 3])})
    assert entries(svg) == [
        ("a", 1, 1, True), ("a", 2, 1, True), ("a", 3, 2, False),
        ("b", 1, 1, False), ("b", 2, 3, False),
    ]  # fmt: skip
    places = {(one.get("data-server"), one.get("data-index")): one for one in parts(svg, "entry")}
    assert places["a", "2"].get("x") == places["b", "2"].get("x")
    assert len({places["a", "1"].get("fill"), places["a", "3"].get("fill")}) == 2


def test_what_is_committed_can_be_told_without_colour() -> None:
    svg = draw_logs(RAFT, ["a"], {"a": state([1, 1], 1)})
    first, second = parts(svg, "entry")
    assert float(first.get("stroke-width", 0)) > float(second.get("stroke-width", 0))
    assert len(parts(svg, "committed")) == 1
    assert parts(draw_logs(RAFT, ["a"], {"a": state([1, 1])}), "committed") == []


def test_the_leader_has_a_crown_unless_it_is_down() -> None:
    states = {"a": state([], role="leader"), "b": state([], role="leader", up=False)}
    (crown,) = parts(draw_logs(RAFT, ["a", "b"], states), "crown")
    assert crown[0].text == "a leads term 3"
    said = [one.text for one in ET.fromstring(draw_logs(RAFT, ["b"], states)).iter(f"{SVG}text")]
    assert "down, term 3" in said


def test_what_is_not_on_the_disk_is_dashed() -> None:
    svg = draw_logs(RAFT, ["a"], {"a": state([1, 2], durable=state([1]))})
    assert [one.get("stroke-dasharray") for one in parts(svg, "entry")] == [None, "4 3"]
    # Another entry at the same index is not this one.
    svg = draw_logs(RAFT, ["a"], {"a": state([1, 2], durable=state([1, 1]))})
    assert [one.get("stroke-dasharray") for one in parts(svg, "entry")] == [None, "4 3"]


def test_a_snapshot_stands_for_its_entries_in_both_forms_of_a_log() -> None:
    snapshot = {"index": 2, "parts": 1}
    specified = RAFT.from_specification(state([1, 1, 2], 2, snapshot=snapshot))
    for view in (state([2], 2, snapshot=snapshot), specified):
        svg = draw_logs(RAFT, ["a"], {"a": view})
        assert entries(svg) == [("a", 3, 2, False)]
        (box,) = parts(svg, "snapshot")
        assert box[0].text == "a: a snapshot replaces entries 1 to 2"


def test_a_long_log_says_what_is_not_drawn() -> None:
    svg = draw_logs(RAFT, ["a"], {"a": state([1] * 40)}, most=10)
    assert [entry[1] for entry in entries(svg)] == list(range(31, 41))
    assert "entries 1 to 30 are not drawn" in svg
    assert "not drawn" not in draw_logs(RAFT, ["a"], {"a": state([1] * 4)}, most=10)


def test_text_of_clients_is_escaped_and_shown() -> None:
    put = '["c",0,{"op":"put","key":"<b>","value":1}]'
    kinds = [("command", put), ("command", "<i>"), ("config", "")]
    log = {"#tup": [{"term": 1, "kind": kind, "val": val} for kind, val in kinds]}
    svg = draw_logs(RAFT, ["<n>"], {"<n>": {"log": log}})
    assert "<b>" not in svg
    said = [one.text for one in ET.fromstring(svg).iter(f"{SVG}text")]
    assert {"<b>=1", "<i>", "config", "<n>"} <= set(said)


def test_a_step_of_a_trace_is_drawn_as_it_was(trace: Trace) -> None:
    assert entries(log_picture(trace, 0)) == []
    after = [{node: dict(own) for node, own in view.items()} for _, view in trace.states()]
    for step in range(1, len(trace.steps) + 1, 11):
        drawn = [(node, index, term) for node, index, term, _ in entries(log_picture(trace, step))]
        assert drawn == [
            (node, index, entry["term"])
            for node in trace.header.nodes
            for index, entry in enumerate(after[step - 1][node]["log"]["#tup"], start=1)
        ]
    with pytest.raises(SettingError, match="step must be between"):
        log_picture(trace, len(trace.steps) + 1)


def test_the_explorer_has_a_picture_for_each_state_if_there_is_a_log(trace: Trace) -> None:
    (album,) = explorer_data(trace)["logs"]
    assert album["whose"] == "implementation"
    assert len(album["at"]) == len(trace.steps) + 1
    for step in (0, 20, len(trace.steps)):
        assert entries(album["pictures"][album["at"][step]]) == entries(log_picture(trace, step))
    header = msgspec.structs.replace(trace.header, protocol="unknown")
    other = Trace(header=header, records=trace.records, end=trace.end)
    assert not has_logs(other)
    assert explorer_data(other)["logs"] == []
    with pytest.raises(SettingError, match="cannot draw the logs"):
        log_picture(other, 0)


def test_an_explorer_that_begins_late_shows_the_same_from_there_on(trace: Trace) -> None:
    whole, late = explorer_data(trace), explorer_data(trace, first=60)
    assert late["captions"][60:] == whole["captions"][60:]
    assert late["tables"][60:] == whole["tables"][60:]
    assert set(late["tables"][:60]) == {""}
    for step in (60, len(trace.steps)):
        pictures = [one["logs"][0]["pictures"][one["logs"][0]["at"][step]] for one in (whole, late)]
        assert pictures[0] == pictures[1]


def test_variables_that_never_change_are_named_and_not_shown(trace: Trace) -> None:
    data = explorer_data(trace)
    assert data["resting"] == ["up"]
    assert "<th>up</th>" not in data["tables"][0]
    assert "<th>role</th>" in data["tables"][0]


@pytest.mark.parametrize("name", FIGURES)
def test_the_marks_of_a_figure_are_where_its_logs_are(name: str) -> None:
    run = figure_run(name)

    def terms(mark: str) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {node: [] for node in run.trace.header.nodes}
        for node, _, term, _ in entries(log_picture(run.trace, run.marks[mark])):
            found[node].append(term)
        return found

    if name == "raft-figure-7":
        assert terms("the figure")["f"] == [1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3]
        assert len({tuple(one) for one in terms("agreement").values()}) == 1
        return
    old = {"n1": [1, 2], "n2": [1, 2], "n3": [1], "n4": [1]}
    assert terms("(a)") == {**old, "n5": [1]}
    assert terms("(b)") == {**old, "n5": [1, 3]}
    assert [node for node, own in terms("(c)").items() if own[:2] == [1, 2]] == ["n1", "n2", "n3"]
    last = terms("(d)" if "(d)" in run.marks else "(e)")
    assert last["n3"][1] == (3 if "(d)" in run.marks else 2)


def test_the_histories_of_zab_are_drawn_with_epochs_and_what_is_delivered() -> None:
    trace, _ = simulate_trace(get_protocol("zab"), load_scenario("zab-snapshot"))
    assert has_logs(trace)
    svg = log_picture(trace, len(trace.steps))
    assert "following, epoch 1" in svg
    assert svg.count('class="crown"') == 1
    assert svg.count('class="snapshot"') == 3
    trace, _ = simulate_trace(get_protocol("zab"), load_scenario("zab-figure-1"))
    assert "n3, entry 2: zxid (3, 1), k=D" in log_picture(trace, len(trace.steps))
