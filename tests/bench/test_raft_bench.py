"""The benchmarks of replicated logs and figures measure what they say, in the small."""

from __future__ import annotations

import pytest
from rich.table import Table

from tests.bench.figures import bench_figures
from tests.bench.logs import bench_logs
from tests.bench.pysyncobj_cluster import pysyncobj_rate
from tests.bench.raft import RAFT, Load, bench_growth, bench_messages, commands_rate, scenario
from toolkit.sim import simulate
from toolkit.trace import MemorySink


def test_clients_that_ask_again_are_answered_once_for_each_request() -> None:
    result = simulate(RAFT, scenario(3, 4, 0.3), seed=1, follow_up=Load())
    asked = [(answer.client, answer.request) for answer in result.answers]
    assert len(asked) > 20
    assert len(set(asked)) == len(asked)
    for client in ("c0", "c3"):
        numbers = [request for name, request in asked if name == client]
        assert numbers == list(range(len(numbers)))
    assert result.unanswered <= 4


def test_the_same_load_gives_the_same_trace_which_says_that_there_was_one() -> None:
    one, other = MemorySink(), MemorySink()
    for sink in (one, other):
        simulate(RAFT, scenario(3, 2, 0.1), seed=1, sink=sink, follow_up=Load())
    assert one.traces == other.traces
    assert "follow-up" in one.traces[0].header.meta


def test_commands_are_committed_with_many_outstanding() -> None:
    wall, cpu = commands_rate(50, 200, {"window": "1", "batch": "100"})
    assert wall > 0
    assert cpu > 0


def test_pysyncobj_commits_commands() -> None:
    wall, cpu = pysyncobj_rate(50, 100, 20.0, batch=False)
    assert wall > 0
    assert cpu > 0


def test_messages_and_growth_make_rows() -> None:
    table = Table("what", "how", "figure")
    bench_messages(table, seconds=0.1, repeats=1)
    bench_growth(table, clusters=(3,), seconds=0.1, lengths=(0.1,), snapshot=10)
    assert table.row_count == 3 + 1 + 2


@pytest.mark.slow
def test_all_three_logs_are_measured_alike() -> None:
    table = Table("what", "how", "figure")
    bench_logs(table, seconds=0.1, repeats=1, outstanding=10, commands=50, traces=3, steps=20)
    assert table.row_count == 3 * 4


@pytest.mark.slow
def test_trials_of_figures_are_counted_for_each_curve_and_for_all_cores() -> None:
    table = Table("what", "how", "figure")
    bench_figures(table, trials=5, full=False)
    assert table.row_count == 9
