"""Connections: in order and once, and a loss breaks them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from toolkit.errors import InternalError
from toolkit.protocols.protocol import Protocol
from toolkit.sim import RunResult, ScenarioBuilder, simulate
from toolkit.trace import Trace

Build = Callable[[], ScenarioBuilder]
Run = Callable[..., tuple[Trace, RunResult]]


def open_to(to: str, word: str = "hello") -> dict[str, Any]:
    return {"say": word, "to": [to], "by": "opening"}


def line(word: str, to: str, **more: Any) -> dict[str, Any]:
    return {"say": word, "to": [to], "by": "connection", **more}


def heard(result: RunResult, node: str) -> list[str]:
    words: list[str] = result.nodes[node].heard
    return words


def test_nothing_leaves_where_no_connection_is(build: Build, run: Run) -> None:
    trace, result = run(build().command(0.0, "c", line("a", "n2"), "n1"))
    assert [step.sent for step in trace.steps] == [()]
    assert (result.sent, heard(result, "n2")) == (0, [])


def test_messages_arrive_once_and_in_order_where_datagrams_would_not(
    build: Build, run: Run
) -> None:
    plan = build().network(
        delay="uniform(0.0, 0.5)", duplicate=0.9, reorder=0.5, reorder_by="uniform(0.0, 1.0)"
    )
    plan.command(0.0, "c", open_to("n2"), "n1")
    for number in range(20):
        plan.command(0.001 * (number + 1), "c", line(str(number), "n2"), "n1")
    _, result = run(plan)
    assert heard(result, "n2") == ["hello", *map(str, range(20))]
    assert result.duplicated == 0


def test_the_other_end_can_send_from_the_first_message_on(build: Build, run: Run) -> None:
    _, result = run(
        build()
        .command(0.0, "c", open_to("n2"), "n1")
        .command(0.005, "c", line("early", "n1"), "n2")
        .command(0.015, "c", line("late", "n1"), "n2")
    )
    assert heard(result, "n1") == ["late"]


def test_after_a_loss_nothing_arrives_and_both_ends_hear_of_it(build: Build, run: Run) -> None:
    _, result = run(
        build()
        .command(0.0, "c", open_to("n2"), "n1")
        .cut(0.02, "n1", "n2")
        .command(0.021, "c", line("a", "n2"), "n1")
        .heal(0.022)
        .command(0.023, "c", line("b", "n2"), "n1")
        .command(0.023, "c", line("c", "n1"), "n2")
    )
    assert heard(result, "n1") == ["lost n2"]
    assert heard(result, "n2") == ["hello", "lost n1"]


def test_a_closed_connection_carries_nothing_either_way(build: Build, run: Run) -> None:
    _, result = run(
        build()
        .command(0.0, "c", open_to("n2"), "n1")
        .command(0.02, "c", line("a", "n2"), "n1")
        .command(0.02, "c", line("b", "n1"), "n2")
        .command(0.021, "c", {"closes": ["n2"]}, "n1")
    )
    assert heard(result, "n1") == []
    assert heard(result, "n2") == ["hello", "lost n1"]


def test_a_crash_breaks_all_connections_of_a_node(build: Build, run: Run) -> None:
    _, result = run(
        build()
        .command(0.0, "c", open_to("n2"), "n1")
        .command(0.0, "c", open_to("n2", "hi"), "n3")
        .crash(0.02, "n2")
        .restart(0.021, "n2")
    )
    assert (heard(result, "n1"), heard(result, "n3")) == (["lost n2"], ["lost n2"])


def test_a_new_connection_takes_the_place_of_the_old_one_without_a_word_of_it(
    build: Build, run: Run
) -> None:
    plan = build().network(delay="constant(0.001)")
    _, result = run(
        plan.command(0.0, "c", open_to("n2"), "n1")
        .command(0.02, "c", {"closes": ["n2"]}, "n1")
        .command(0.021, "c", open_to("n2", "again"), "n1")
        .command(0.021, "c", line("old", "n1"), "n2")
        .command(0.023, "c", line("new", "n1"), "n2")
    )
    assert heard(result, "n1") == ["new"]
    assert heard(result, "n2") == ["hello", "again"]


def test_what_waits_for_the_disk_is_not_sent_on_a_later_connection(build: Build, run: Run) -> None:
    plan = build().network(delay="constant(0.001)").disk("constant(0.1)")
    _, result = run(
        plan.command(0.0, "c", open_to("n2"), "n1")
        .command(0.01, "c", line("old", "n1", write=1), "n2")
        .command(0.02, "c", {"closes": ["n2"]}, "n1")
        .command(0.03, "c", open_to("n2", "again"), "n1")
        .command(0.04, "c", line("new", "n1"), "n2")
    )
    assert heard(result, "n1") == ["new"]


def test_what_leaves_before_a_new_connection_opens_does_not_travel_on_it(
    build: Build, run: Run
) -> None:
    _, result = run(
        build()
        .disk("constant(0.5)")
        .command(0.0, "c", open_to("n2"), "n1")
        .command(0.1, "c", line("old", "n2", write=1), "n1")
        .command(0.2, "c", open_to("n2", "again"), "n1")
        .command(0.3, "c", open_to("n2", "once more"), "n1")
        .command(0.4, "c", line("new", "n2"), "n1")
    )
    assert heard(result, "n2") == ["hello", "lost n1", "once more", "new"]


def test_closing_is_for_protocols_that_have_connections(build: Build, puppet: Protocol) -> None:
    plan = build().command(0.0, "c", {"closes": ["n2"]}, "n1").build()
    with pytest.raises(InternalError, match="connected"):
        simulate(puppet.altered(connected=False), plan)
