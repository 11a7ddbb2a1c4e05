"""The comparison asks all protocols for the same, and its figures are those of their runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from tests.cli.conftest import Process, Toolkit, process, toolkit
from toolkit.analysis.metrics import at_faults, entries_stored, latencies, throughput
from toolkit.checks import (
    Check,
    CheckedRun,
    CheckReport,
    Finding,
    register_check,
    unregister_check,
)
from toolkit.comparison.aimed_faults import OWN
from toolkit.comparison.compare import Comparison, compare, write_comparison
from toolkit.display.charts import chart_svg
from toolkit.display.faces import to_text
from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.sim import ClientCommand, Crash, Restart, load_scenario, read_scenario, simulate_trace
from toolkit.sim.results import Call
from toolkit.trace import read_traces

__all__ = ["process", "toolkit"]

TWO_FAULTS = ["crash-leader", "cut-off-leader"]


def call(number: int, called: float, returned: float | None) -> Call:
    return Call(f"c{number}", 0, {"op": "get", "key": "k"}, called, returned, None)


CALLS = [call(1, 0.1, 0.2), call(2, 1.1, 1.9), call(3, 1.2, None), call(4, 2.5, 2.6)]
FAULT = pd.DataFrame({"kind": ["crash"], "begin": [1.0], "end": [2.0]})
GAP = pd.DataFrame({"begin": [1.0], "end": [1.5]})


def test_a_latency_counts_under_what_came_in_its_way() -> None:
    assert latencies(CALLS, FAULT, GAP)["cause"].tolist() == [
        "undisturbed", "no leader", "undisturbed",
    ]  # fmt: skip
    assert latencies(CALLS, FAULT)["cause"].tolist() == ["undisturbed", "fault", "undisturbed"]
    assert latencies(CALLS)["seconds"].round(6).tolist() == [0.1, 0.8, 0.1]


def test_throughput_counts_answers_where_they_were_given() -> None:
    found = throughput(CALLS, 3.0, 1.0)
    assert found["answers"].tolist() == [1, 1, 1]
    assert found["rate"].tolist() == [1.0, 1.0, 1.0]


def test_what_happened_at_a_fault_is_counted_until_the_next() -> None:
    two = pd.DataFrame({"begin": [1.0, 2.0]})
    found = at_faults(CALLS, two, GAP, 3.0)
    assert found["leaderless"].tolist() == [0.5, 0.0]
    assert found["recovery"].round(6).tolist() == [0.9, 0.6]
    assert found["stalled"].round(6).tolist() == [0.9, 0.6]
    assert found["asked"].tolist() == [2, 1]
    assert found["unanswered"].tolist() == [1, 0]


def test_a_fault_that_nothing_follows_has_no_recovery() -> None:
    found = at_faults(CALLS[:1], FAULT, GAP, 3.0)
    assert found["recovery"].isna().tolist() == [True]
    assert found["stalled"].tolist() == [2.0]


@pytest.mark.parametrize(
    ("scenario", "stored", "committed", "wasted"),
    [
        ("raft-cut-off-leader", None, None, None),
        ("zab-figure-1", 4, 2, 2),
        ("multipaxos-figure-1", 4, 3, 1),
    ],
)
def test_entries_that_lost_their_place_are_wasted(
    scenario: str, stored: int | None, committed: int | None, wasted: int | None
) -> None:
    protocol = get_protocol(scenario.partition("-")[0])
    assert protocol.log is not None
    found = entries_stored(simulate_trace(protocol, load_scenario(scenario))[0], protocol.log)
    assert found["wasted"] > 0
    if stored is not None:
        assert found == {"stored": stored, "committed": committed, "wasted": wasted}


@pytest.fixture(scope="module")
def found() -> Comparison:
    return compare(3, nodes=3, rate=20, faults=TWO_FAULTS, fault_duration=0.6)


def test_all_get_the_same_requests_and_faults_at_the_same_times(found: Comparison) -> None:
    asked = [
        [event for event in side.scenario.events if isinstance(event, ClientCommand)]
        for side in found.sides
    ]
    assert asked[0] == asked[1] == asked[2]
    assert len(asked[0]) > 20
    plans = [side.faults[["kind", "begin", "end"]].to_numpy().tolist() for side in found.sides]
    assert plans[0] == plans[1] == plans[2]
    for side in found.sides:
        (crash,) = [event for event in side.scenario.events if isinstance(event, Crash)]
        (again,) = [event for event in side.scenario.events if isinstance(event, Restart)]
        assert crash.node == again.node == side.faults["target"][0]


def test_faults_are_aimed_at_who_leads_then(found: Comparison) -> None:
    for side in found.sides:
        protocol = get_protocol(side.protocol)
        assert protocol.log is not None
        for one in side.faults.itertuples():
            last = {node: dict(view) for node, view in side.trace.header.initial.items()}
            for step in side.trace.steps:
                if step.time is not None and step.time < one.begin:
                    last[step.node] |= step.state or {}
            leads = {node for node, view in last.items() if protocol.log.leads(view)}
            assert one.led
            assert one.target in leads


def test_the_summary_is_that_of_the_runs(found: Comparison) -> None:
    for row, side in zip(found.summary.itertuples(), found.sides, strict=True):
        answered = row.requests - row.unanswered
        assert row.requests == side.result.requests
        assert round(row.messages * answered) == side.result.sent
        assert row.entries == side.entries["committed"] > 20
        assert row.linearizable is True
        assert row.allowed is None
    assert found.ok


def test_the_same_seed_gives_the_same_and_another_one_does_not(found: Comparison) -> None:
    again = compare(3, nodes=3, rate=20, faults=TWO_FAULTS, fault_duration=0.6)
    assert again.summary.equals(found.summary)
    assert again.faults.equals(found.faults)
    other = compare(4, nodes=3, rate=20, faults=TWO_FAULTS, fault_duration=0.6)
    assert not other.summary.equals(found.summary)


def test_settings_change_one_protocol_alone() -> None:
    faults = ["deaf-leader"]
    plain = compare(7, protocols=["raft", "zab"], faults=faults)
    settings = {"raft": {"check-quorum": "yes"}}
    changed = compare(7, protocols=["raft", "zab"], faults=faults, settings=settings)
    assert changed.sides[1].faults.equals(plain.sides[1].faults)
    # A leader that hears nobody keeps the others quiet, unless it looks after its quorum.
    before, after = (one.sides[0].faults["recovery"][0] for one in (plain, changed))
    assert after < before
    assert before > 1.0


@pytest.mark.parametrize("kind", OWN)
def test_every_kind_of_fault_can_be_chosen_and_clients_are_served_after_it(kind: str) -> None:
    one = compare(2, nodes=5, rate=20, faults=[kind], fault_duration=0.5)
    assert one.ok
    assert one.faults["recovery"].notna().all()


def test_charts_are_drawn_and_files_are_written(found: Comparison, tmp_path: Path) -> None:
    for name, chart in found.charts().items():
        svg = chart_svg(chart)
        assert "raft" in svg or name == "recovery"
        assert svg.startswith("<svg")
    names = write_comparison(found, tmp_path / "out")
    assert sorted(names) == sorted(path.name for path in (tmp_path / "out").iterdir())
    side = found.sides[2]
    assert list(read_traces(tmp_path / "out" / "zab.ndjson")) == [side.trace]
    scenario = read_scenario(tmp_path / "out" / "zab.scenario")
    trace, _ = simulate_trace(get_protocol("zab"), scenario)
    assert trace.steps == side.trace.steps


@pytest.mark.slow
def test_tlc_is_asked_and_what_it_does_not_allow_is_not_hidden(found: Comparison) -> None:
    asked = compare(
        3,
        nodes=3,
        rate=10,
        faults=["crash-leader"],
        fault_duration=0.4,
        fault_interval=0.2,
        check=True,
    )
    assert asked.summary["allowed"].tolist() == [True, True, True]
    assert asked.validation is not None
    refused = Comparison(
        seed=3, replay="", sides=found.sides,
        validation=tuple(type(one)(**{**{f: getattr(one, f) for f in one.__struct_fields__},
                                      "verdicts": ()}) for one in asked.validation),
    )  # fmt: skip
    assert not refused.ok


def test_what_cannot_be_compared_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="cannot replicate the machine 'kv'"):
        compare(protocols=["paxos"])
    with pytest.raises(UnknownNameError, match="unknown aimed fault"):
        compare(faults=["meteor"])
    with pytest.raises(SettingError, match="nodes=2"):
        compare(nodes=2)
    with pytest.raises(SettingError, match="which is not compared"):
        compare(protocols=["raft"], settings={"zab": {}})


SMALL = ("compare", "--seed", "7", "--fault", "crash-leader", "--lasts", "0.5", "--rate", "10")


def test_the_command_gives_the_same_bytes_twice(process: Process) -> None:
    one, other = (
        process(*SMALL, "--json", environment={"PYTHONHASHSEED": hashing}) for hashing in "12"
    )
    assert one.returncode == 0
    assert one.stdout == other.stdout
    told = json.loads(one.stdout)
    assert [row["protocol"] for row in told["summary"]] == ["multipaxos", "raft", "zab"]
    assert told["ok"] is True


def test_the_command_shows_tables_and_writes_files(toolkit: Toolkit, tmp_path: Path) -> None:
    result = toolkit(*SMALL, "--protocol", "zab", "--out", "out")
    assert result.exit_code == 0
    assert "client history" in result.stdout
    assert "not checked" in result.stdout
    assert (tmp_path / "out" / "timeline.svg").exists()
    assert toolkit(*SMALL, "--out", tmp_path / "out" / "zab.ndjson").exit_code == 2
    assert toolkit(*SMALL, "--set", "zab=1").exit_code == 2


def test_the_findings_of_checks_are_shown_and_the_command_repeats_them() -> None:
    def look(runs: Sequence[CheckedRun], workers: int | None) -> CheckReport:
        finding = Finding(1, "is odd", "for a reason")
        return CheckReport(check="odd", runs=len(runs), looked_at="all", findings=(finding,))

    register_check(Check(name="odd", title="is odd", look=look, promised=False))
    try:
        found = compare(7, protocols=("raft", "zab"), faults=("crash-leader",), checks=("odd",))
    finally:
        unregister_check("odd")
    assert not found.ok
    shown = to_text(found)
    assert "odd: 1 finding; checked all" in shown
    assert "zab: is odd: for a reason" in shown
    assert "--run-check odd" in str(found.replay)
    assert found.sides[0].trace.header.replay is not None
    assert "odd" not in found.sides[0].trace.header.replay
