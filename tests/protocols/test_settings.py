"""Settings that several protocols share, and their older names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from toolkit.controlled import Choice, ControlledHost
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol
from toolkit.protocols.settings import ALIASES, Settings, current_name
from toolkit.sim import (
    load_scenario,
    parse_scenario,
    scenario_path,
    simulate,
    simulate_trace,
)
from toolkit.trace import Fault, Trace

NAMES = ["election-timeout", "election", "patience"]


def test_a_protocol_has_at_most_one_name_of_each_group_of_aliases() -> None:
    for name in ("paxos", "multipaxos", "raft", "zab"):
        runnable = get_protocol(name).runnable
        for group in ALIASES:
            assert len(set(group) & set(runnable.settings)) <= 1
            assert len(set(group) & set(runnable.timers)) <= 1


@pytest.mark.parametrize("protocol", ["multipaxos", "raft", "zab"])
@pytest.mark.parametrize("alias", NAMES)
def test_every_alias_of_a_setting_is_accepted(protocol: str, alias: str) -> None:
    runnable = get_protocol(protocol).runnable
    config = runnable.configure(["n1", "n2", "n3"], {alias: "7-9"})
    name = current_name(alias, runnable.settings).replace("-", "_")
    assert getattr(config, name) == (7, 9)
    with pytest.raises(SettingError, match="low exceeds high"):
        runnable.configure(["n1", "n2", "n3"], {alias: "9-7"})


def test_of_several_aliases_the_last_one_counts() -> None:
    known = {"election-timeout": "seconds"}
    given = {"election-timeout": "1-2", "patience": "3-4"}
    assert Settings("zab", given, known).span("election-timeout", "5") == (3, 4)


def test_an_alias_of_no_known_setting_is_unknown() -> None:
    with pytest.raises(SettingError, match="unknown setting 'patience' of paxos"):
        get_protocol("paxos").runnable.configure(["n1"], {"patience": "1"})


@pytest.mark.parametrize("name", ["multipaxos-duelling", "zab-figure-1"])
def test_a_scenario_file_with_older_names_runs_as_before(name: str) -> None:
    text = scenario_path(name).read_text("utf-8")
    older = text.replace("set election-timeout ", "set patience ")
    older = older.replace(" election\n", " patience\n")
    assert older.count("patience") >= 2

    def run(content: str) -> Trace:
        scenario = parse_scenario(content)
        return simulate_trace(get_protocol(scenario.protocol), scenario)[0]

    now, before = run(text), run(older)
    assert before.steps == now.steps
    # The trace keeps the scenario's name of the timer: older traces are replayed byte by byte.
    timers = {
        record.params["timer"]
        for record in before.records
        if isinstance(record, Fault) and record.fault == "timeout"
    }
    assert "patience" in timers
    assert "election" not in timers


def test_an_alias_in_a_command_replaces_the_setting_of_a_scenario() -> None:
    scenario = load_scenario("zab-happy")
    changed = replace(scenario, settings={**scenario.settings, "patience": "50-90"})
    result = simulate(get_protocol("zab"), changed)
    assert result.nodes["n1"].config.election_timeout == (50, 90)


def test_a_chosen_timeout_accepts_an_older_name() -> None:
    host = ControlledHost(get_protocol("multipaxos"), ["n1", "n2", "n3"])
    (step,) = host.choose(Choice("timeout", node="n1", timer="patience"))
    assert step.action == "Prepare"
