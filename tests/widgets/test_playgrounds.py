"""The playgrounds: what is made to happen is what the simulator runs, and nothing before it."""

from __future__ import annotations

import html
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from toolkit.cli import app
from toolkit.errors import SettingError, UnknownNameError
from toolkit.machines import (
    KeyValueStore,
    MachineSpec,
    OperationSpec,
    register_machine,
    unregister_machine,
)
from toolkit.protocols import get_protocol, register, unregister
from toolkit.sim import format_scenario, parse_scenario
from toolkit.trace import Step, read_traces
from toolkit.widgets import LogPlayground, Playground

RENAMED = replace(get_protocol("raft").specification, name="nameless")


class Parrot(KeyValueStore):
    """Returns what it is told."""

    def apply(self, operation: Any) -> Any:
        if isinstance(operation, dict) and operation.get("op") == "say":
            return {"word": operation["word"]}
        return {"error": "op is say"}


def buttons(widget: Any) -> Iterator[Any]:
    """Yield all buttons in a widget."""
    for child in getattr(widget, "children", ()):
        if type(child).__name__ == "Button":
            yield child
        yield from buttons(child)


def led(seed: int = 1) -> LogPlayground:
    """Return a playground at the first step at which somebody leads."""
    ground = LogPlayground("raft", seed=seed)
    while ground.leader is None:
        ground.explorer.step += 1
    return ground


def shown(ground: LogPlayground) -> Step:
    return ground.trace.steps[ground.explorer.step - 1]


def test_the_leader_is_killed_at_the_step_shown_and_another_is_elected() -> None:
    ground = led()
    leader, before = ground.leader, ground.trace.steps[: ground.explorer.step]
    ground.kill_leader()
    assert (shown(ground).node, shown(ground).action) == (leader, "Crash")
    assert ground.trace.steps[: len(before)] == before
    assert ground.leader is None
    ground.explorer.step = len(ground.trace.steps)
    assert ground.leader not in {None, leader}
    assert "elections won: 2" in ground.report.value


def test_nobody_is_killed_where_nobody_leads() -> None:
    ground = LogPlayground("raft", seed=1)
    ground.kill_leader()
    assert ground.events == []
    assert "There is no leader" in ground.report.value


def test_a_command_goes_to_the_chosen_server_and_is_answered() -> None:
    ground = led()
    ground.server.value = ground.leader
    ground.send()
    assert shown(ground).action == "ClientRequest"
    assert "commands answered: 1" in ground.report.value
    assert ground.text.value == "2"


def test_without_its_links_a_leader_does_not_hear_of_the_next_until_they_are_healed() -> None:
    ground = led()
    first = ground.leader
    assert first is not None
    ground.server.value = first
    ground.isolate()
    ground.explorer.step = len(ground.trace.steps)
    state = list(ground.trace.states())[-1][1]
    assert [state[node]["role"] for node in state].count("leader") == 2
    ground.heal()
    ground.explorer.step = len(ground.trace.steps)
    state = list(ground.trace.states())[-1][1]
    assert state[first]["role"] == "follower"
    assert ground.leader not in {None, first}


def test_a_link_is_cut_in_both_directions_or_in_one() -> None:
    ground = led()
    ground.server.value, ground.other.value = "n1", "n3"
    ground.cut()
    ground.cut(both=False)
    assert [len(some) for some in ground.events] == [2, 1]
    text = format_scenario(ground.scenario)
    assert text.count("cut n1 -> n3") == 2
    assert text.count("cut n3 -> n1") == 1
    ground.other.value = "n1"
    ground.cut()
    assert len(ground.events) == 2
    assert "two ends" in ground.report.value


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    ground = led()
    ground.server.value = "n2"
    ground.restart()
    assert "Not possible" in ground.report.value
    ground.crash()
    ground.crash()
    assert "it is already down" in html.unescape(ground.report.value)
    assert len(ground.events) == 1
    ground.restart()
    assert shown(ground).action == "Restart"
    assert len(ground.events) == 2


def test_undo_takes_back_the_last_thing_and_start_over_everything() -> None:
    ground = led()
    first = ground.trace
    ground.send()
    second = ground.trace
    ground.kill_leader()
    ground.undo()
    assert ground.trace.steps == second.steps
    ground.send()
    ground.start_over()
    assert (ground.events, ground.trace.steps) == ([], first.steps)
    assert "no events were added" in ground.made.value
    ground.undo()
    assert ground.events == []


def test_knobs_make_another_cluster() -> None:
    ground = led()
    ground.kill_leader()
    ground.servers.value = 5
    assert ground.events == []
    assert ground.server.options == ("n1", "n2", "n3", "n4", "n5")
    assert set(ground.trace.header.nodes) == {"n1", "n2", "n3", "n4", "n5"}
    ground.timeouts.value = (500, 700)
    assert ground.trace.steps[0].time >= 0.5
    ground.loss.value = 0.5
    assert any(fault.fault == "lose" for fault in ground.trace.faults)


def test_the_text_that_is_shown_is_the_run_that_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = led(seed=3)
    ground.send()
    ground.kill_leader()
    assert parse_scenario(format_scenario(ground.scenario)) == ground.scenario
    assert html.escape(format_scenario(ground.scenario)) in ground.text_form.value
    monkeypatch.chdir(tmp_path)
    Path("playground.scenario").write_text(format_scenario(ground.scenario))
    command = ground.text_form.value.rpartition("<code>")[2].partition("<")[0]
    assert CliRunner().invoke(app, command.split()[1:]).exit_code == 0
    (trace,) = read_traces("trace.ndjson")
    assert trace.steps == ground.trace.steps


@pytest.mark.slow
def test_tlc_follows_what_was_made_to_happen() -> None:
    ground = led()
    ground.send()
    ground.kill_leader()
    step = ground.explorer.step
    followed = ground.ask()
    assert followed.verdict.status == "accepted"
    assert ground.explorer.step == step
    assert len(ground.explorer.data["logs"]) == 2
    assert ground.explorer.data["differing"] == []
    assert "TLC: accepted" in ground.report.value
    ground.undo()
    assert ground.followed is None


@pytest.mark.parametrize(("protocol", "round_"), [("multipaxos", "ballot"), ("zab", "epoch")])
def test_other_logs_are_played_with_in_the_same_way(protocol: str, round_: str) -> None:
    ground = LogPlayground(protocol, seed=1)
    ground.explorer.step = len(ground.trace.steps)
    first = ground.leader
    assert first is not None
    assert f"to {round_} 1" in ground.report.value or f"to {round_} 0" in ground.report.value
    ground.kill_leader()
    ground.explorer.step = len(ground.trace.steps)
    assert ground.leader not in (None, first)
    assert f"toolkit simulate {protocol}" in ground.text_form.value


def test_there_is_no_playground_of_logs_for_a_protocol_without_one() -> None:
    without = replace(get_protocol("raft"), specification=RENAMED, log=None)
    register(without)
    try:
        with pytest.raises(UnknownNameError, match="has no log"):
            LogPlayground(without.name)
        ground = Playground(without.name)
        ground.clients.value = 2
        assert "no command was answered" not in ground.report.value
    finally:
        unregister(without.name)


def test_a_single_decree_is_played_with_as_a_log_of_one_slot() -> None:
    ground = LogPlayground("paxos", seed=1)
    ground.send()
    ground.explorer.step = len(ground.trace.steps)
    assert "to ballot 0, elections won: 1; commands answered: 1" in ground.report.value
    ground.text.value = "of nobody"
    ground.send()
    assert "Not possible" in ground.report.value
    assert len(ground.events) == 1
    (album,) = ground.explorer.data["logs"]
    assert album["pictures"][album["at"][-1]].count('class="committed"') == 3


def test_a_playground_replicates_the_machine_that_is_named() -> None:
    register_machine(
        MachineSpec(
            name="parrot",
            title="says what it is told",
            factory=Parrot,
            operations={"say": OperationSpec("say a word", {"word": "a text"})},
        )
    )
    try:
        ground = LogPlayground("raft", machine="parrot")
        assert ground.text.value == "say word"
        ground.explorer.step = len(ground.trace.steps)
        ground.server.value = ground.leader
        ground.text.value = "say hello"
        ground.send()
        assert [answer.result for answer in ground.result.answers] == [{"word": "hello"}]
        ground.text.value = "say"
        ground.send()
        assert "needs 1 values, got 0" in ground.report.value
    finally:
        unregister_machine("parrot")
    with pytest.raises(SettingError, match="it defines its own operations"):
        LogPlayground("paxos", machine="kv")


def test_any_event_of_a_scenario_can_be_typed_into_the_playground() -> None:
    ground = led()
    button = next(one for one in buttons(ground) if one.description == "Do it")
    ground.statement.value = "slow disk n1 by 10"
    button.click()
    assert "the disk of n1 takes 10 times as long" in ground.made.value
    ground.statement.value = "slow disc n1 by 10"
    button.click()
    assert "Not possible" in ground.report.value
    assert len(ground.events) == 1
