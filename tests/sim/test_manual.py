"""Manual scenarios: messages, timers and writes wait until the scenario chooses them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sim.conftest import PUPPET
from toolkit.errors import ScenarioError
from toolkit.sim import RunResult, format_scenario, parse_scenario, simulate_trace
from toolkit.trace import Fault, Trace

HEADER = "scenario test\nprotocol puppet\nnodes n1 n2 n3\nretry off\nmanual\n"
SAY = 'at 0 client c sends {"say": "a", "to": ["n2"]} to n1\n'
HELLO = 'at 0 client c sends {"say": "hi", "to": ["n2"], "by": "opening"} to n1\n'
LINE = 'at 1 client c sends {"say": "a", "to": ["n2"], "by": "connection"} to n1\n'
WRITE = 'at 0 client c sends {"say": "a", "to": ["n2"], "write": 1, "answer": 2} to n1\n'


def run(events: str) -> tuple[Trace, RunResult]:
    return simulate_trace(PUPPET, parse_scenario(HEADER + events), seed=0)


def heard(result: RunResult, node: str = "n2") -> list[str]:
    words: list[str] = result.nodes[node].heard
    return words


def faults(trace: Trace) -> list[tuple[str, dict[str, Any]]]:
    return [(record.fault, record.params) for record in trace.records if isinstance(record, Fault)]


def test_a_message_waits_until_it_is_delivered() -> None:
    _, waiting = run(SAY)
    assert (heard(waiting), waiting.reason) == ([], "end of schedule")
    trace, delivered = run(SAY + "at 3 deliver 0")
    assert heard(delivered) == ["a"]
    assert [step.time for step in trace.steps] == [0.0, 3.0]


def test_messages_arrive_in_the_order_of_the_scenario() -> None:
    later = SAY.replace('"a"', '"b"')
    assert heard(run(SAY + later + "at 1 deliver 1\nat 1 deliver 0")[1]) == ["b", "a"]


def test_a_lost_message_cannot_arrive_and_a_duplicated_one_arrives_twice() -> None:
    trace, lost = run(SAY + "at 1 lose 0\nat 2 deliver 0")
    assert (heard(lost), lost.lost) == ([], 1)
    assert faults(trace) == [
        ("lose", {"id": 0, "to": "n2", "why": "chosen"}),
        ("skipped", {"choice": "deliver", "number": 0}),
    ]
    _, twice = run(SAY + "at 1 duplicate 0\nat 2 deliver 0\nat 3 deliver 0")
    assert (heard(twice), twice.duplicated) == (["a", "a"], 1)


def test_a_write_waits_for_its_flush_and_holds_back_what_it_must() -> None:
    trace, result = run(WRITE + "at 1 deliver 0\nat 2 flush n1\nat 3 deliver 0\nat 4 flush n1")
    assert [step.action for step in trace.steps] == ["Do", "Flush", "HandleHeartbeat"]
    assert [(answer.time, answer.result) for answer in result.answers] == [(2.0, 2)]
    assert [params for kind, params in faults(trace) if kind == "skipped"] == [
        {"choice": "deliver", "number": 0},
        {"choice": "flush", "node": "n1"},
    ]


def test_a_timer_runs_out_when_the_scenario_says_so_and_not_before() -> None:
    timer = 'at 0 client c sends {"say": "", "timers": [["t", 0.1, 0.2]]} to n1\n'
    assert heard(run(timer)[1], "n1") == []
    assert heard(run(timer + "at 9 timeout n1 t")[1], "n1") == ["timer t"]


def test_messages_of_a_connection_arrive_in_order_or_not_at_all() -> None:
    trace, result = run(HELLO + LINE + "at 2 deliver 1\nat 3 deliver 0\nat 4 deliver 1")
    assert heard(result) == ["hi", "a"]
    assert faults(trace) == [("skipped", {"choice": "deliver", "number": 1})]
    _, broken = run(HELLO + "at 0.5 deliver 0\n" + LINE + LINE + "at 2 lose 1\nat 3 deliver 2")
    assert heard(broken) == ["hi"]


def test_a_message_of_a_connection_is_not_duplicated() -> None:
    trace, _ = run(HELLO + "at 1 duplicate 0")
    assert faults(trace) == [("skipped", {"choice": "duplicate", "number": 0})]


def test_each_end_is_told_of_a_broken_connection_once() -> None:
    events = HELLO + "at 0.5 deliver 0\n" + LINE + "at 2 lose 1\n"
    told = "at 3 notice n1 of n2\nat 3 notice n2 of n1\n"
    trace, result = run(events + told + "at 4 notice n1 of n2")
    assert (heard(result, "n1"), heard(result)) == (["lost n2"], ["hi", "lost n1"])
    assert faults(trace)[-1] == ("skipped", {"choice": "notice", "node": "n1", "peer": "n2"})


def test_a_cut_link_loses_what_is_sent_and_what_arrives() -> None:
    _, result = run(SAY + "at 1 cut n1 -> n2\nat 2 deliver 0\nat 3 heal\nat 4 deliver 0")
    assert (heard(result), result.lost) == ([], 1)


def test_a_manual_scenario_survives_its_text_form() -> None:
    text = (
        HEADER
        + SAY
        + (
            "at 1 deliver 0\nat 2 lose 1\nat 3 duplicate 2\nat 4 flush n1\nat 5 notice n1 of n2\n"
            "at 6 timeout n1 t\nat 7 crash n1 keep 1\nat 8 restart n1\n"
        )
    )
    scenario = parse_scenario(text)
    assert scenario.manual
    assert parse_scenario(format_scenario(scenario)) == scenario
    assert len(scenario.events) == 9


@pytest.mark.parametrize(
    "choice", ["deliver 0", "lose 0", "duplicate 0", "flush n1", "notice n1 of n2"]
)
def test_a_choice_needs_a_manual_scenario(choice: str) -> None:
    text = HEADER.replace("manual\n", "") + f"at 1 {choice}"
    with pytest.raises(ScenarioError, match="needs a manual scenario") as caught:
        parse_scenario(text)
    assert "'manual'" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("statement", "why"),
    [
        ("at 1 deliver x", "a message's number"),
        ("at 1 deliver -1", "a message's number"),
        ("at 1 flush n9", "'n9'"),
        ("at 1 notice n1 of n9", "'n9'"),
        ("at 1 notice n1 n2", "of"),
        ("network loss 0.1", "cannot draw delays, losses"),
        ("link n1 -> n2 delay constant(1.0)", "cannot draw delays, losses"),
        ("disk write constant(1.0)", "cannot draw delays, losses"),
        ("disk n1 write constant(1.0)", "cannot draw delays, losses"),
        ("at 1 slow n1 -> n2 by 2.0", "has no effect in a manual scenario"),
        ("at 1 slow disk n1 by 2.0", "has no effect in a manual scenario"),
        ("at 1 crash n1", "must say how many writes become durable"),
        ("manual", "manual"),
    ],
)
def test_a_mistake_in_a_manual_scenario_is_named(statement: str, why: str) -> None:
    with pytest.raises(ScenarioError, match=why):
        parse_scenario(HEADER + statement)


def test_clients_of_a_manual_scenario_do_not_ask_again() -> None:
    with pytest.raises(ScenarioError, match="cannot retry"):
        parse_scenario(HEADER.replace("retry off\n", ""))
