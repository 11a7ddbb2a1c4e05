"""Runs in several processes: the same bytes, results and errors, and no process left behind."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from toolkit.errors import InternalError, SettingError, UnknownNameError
from toolkit.protocols import get_protocol, protocol_names, register, unregister
from toolkit.sim import Bounds, RunResult, Summary, load_scenario, simulate_runs
from toolkit.sim.plan import RunPlan
from toolkit.sim.processes import NodesElsewhere, _execute, count_jobs, run_in_processes
from toolkit.trace import MemorySink, Sink, TraceWriter

PAXOS = get_protocol("paxos")

pytestmark = pytest.mark.slow


def recorded(name: str, jobs: int, runs: int = 11) -> tuple[bytes, Summary, list[RunResult]]:
    stream = io.BytesIO()
    results: list[RunResult] = []
    summary = simulate_runs(
        name, runs=runs, seed=5, jobs=jobs, sink=TraceWriter(stream), on_result=results.append
    )
    return stream.getvalue(), summary, [replace(one, nodes={}) for one in results]


@pytest.mark.parametrize("name", protocol_names())
def test_several_processes_give_the_same_bytes_summary_and_results(name: str) -> None:
    one, several = recorded(name, 1), recorded(name, 3)
    assert one[0] == several[0]
    assert one[1] == several[1]
    assert one[2] == several[2]


def test_traces_in_memory_and_in_files_of_their_own_are_the_same(tmp_path: Path) -> None:
    memory = {}
    for jobs in (1, 2):
        sink = MemorySink()
        simulate_runs(PAXOS, runs=5, seed=2, jobs=jobs, sink=sink)
        memory[jobs] = sink.traces
        folder = tmp_path / str(jobs)
        folder.mkdir()
        simulate_runs(
            PAXOS, runs=5, seed=2, jobs=jobs,
            sink_factory=lambda trace, folder=folder: TraceWriter(folder / f"{trace}.ndjson.gz"),
        )  # fmt: skip
    assert memory[1] == memory[2]
    names = sorted(path.name for path in (tmp_path / "1").iterdir())
    assert len(names) == 5
    for name in names:
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "2" / name).read_bytes()


def test_a_scenario_is_run_with_each_seed_in_order_and_progress_is_told() -> None:
    told: list[tuple[int, int]] = []
    scenario = replace(load_scenario("paxos-duelling"), source=None)
    one, two = (
        simulate_runs(
            PAXOS, scenario=scenario, runs=6, seed=3, jobs=jobs, settings={"backoff": "0.1"},
            progress=lambda done, total: told.append((done, total)),
        )
        for jobs in (1, 2)
    )  # fmt: skip
    assert one == two
    assert [outcome.seed for outcome in two.outcomes] == [3, 4, 5, 6, 7, 8]
    assert told == [(done, 6) for done in range(1, 7)] * 2


def test_the_error_of_a_run_is_the_one_that_it_is_without_jobs() -> None:
    said = []
    for jobs in (1, 2):
        with pytest.raises(UnknownNameError) as caught:
            simulate_runs(PAXOS, runs=4, jobs=jobs, bounds=Bounds(faults=("meteor",)))
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_runs_before_a_failing_one_are_kept_and_an_odd_error_says_where_it_was() -> None:
    class Odd(RunPlan):
        def draw(self, protocol: object, seed: int) -> object:  # type: ignore[override]
            if seed == 3:
                raise ZeroDivisionError("odd")
            return super().draw(PAXOS, seed)

    plan = Odd(scenario=None, nodes=("n1", "n2", "n3"), bounds=Bounds(), settings={}, bug=None,
               parameters=None)  # fmt: skip
    made, error = _execute(PAXOS, plan, [1, 2, 3, 4], True)
    assert [one.result.seed for one in made] == [1, 2]
    assert isinstance(error, ZeroDivisionError)
    assert "in draw" in error.__notes__[0]


class Full:
    """A sink that is full after some records."""

    enabled = True

    def __init__(self, room: int) -> None:
        self.room = room

    def take(self, record: object) -> None:
        """Take a record."""
        if self.room == 0:
            raise OSError(28, "No space left on device")
        self.room -= 1

    begin = step = fault = end = take


def test_a_sink_that_fails_ends_recording_in_the_same_run_and_nothing_else() -> None:
    one, two = (simulate_runs(PAXOS, runs=5, seed=1, jobs=jobs, sink=Full(250)) for jobs in (1, 2))
    assert one == two
    assert two.sink_error == "OSError: [Errno 28] No space left on device"
    assert 0 < two.recorded < 5


def test_a_sink_of_its_own_keeps_no_half_trace_with_several_processes() -> None:
    kept: list[str] = []

    @contextmanager
    def factory(trace: str) -> Iterator[Sink]:
        yield Full(100 if trace.endswith("-3") else 10_000)
        kept.append(trace)

    summary = simulate_runs(PAXOS, runs=4, seed=1, jobs=2, sink_factory=factory)
    assert kept == [outcome.trace for outcome in summary.outcomes[:2]]
    assert summary.recorded == 2


def test_a_protocol_of_this_process_alone_is_run_here_after_a_warning() -> None:
    own = replace(PAXOS, specification=replace(PAXOS.specification, name="paxos-of-mine"))
    register(own)
    try:
        with pytest.warns(UserWarning, match="is registered only in this process"):
            several = simulate_runs(own, runs=3, seed=1, jobs=2)
        assert several == simulate_runs(own, runs=3, seed=1)
    finally:
        unregister(own.name)
    altered = replace(PAXOS, title="altered")
    with pytest.warns(UserWarning, match="is registered only in this process"):
        simulate_runs(altered, runs=2, jobs=2)


def test_nodes_that_stayed_elsewhere_are_not_taken_for_none() -> None:
    results: list[RunResult] = []
    simulate_runs(PAXOS, runs=2, jobs=2, on_result=results.append)
    for ask in (
        len,
        list,
        lambda nodes: nodes.items(),
        lambda nodes: nodes["n1"],
        lambda nodes: "n1" in nodes,
    ):
        with pytest.raises(SettingError, match="in another process are not available"):
            ask(results[0].nodes)  # type: ignore[operator]
    assert isinstance(results[0].nodes, NodesElsewhere)


def test_no_jobs_are_all_cores_and_fewer_are_refused() -> None:
    assert count_jobs(0) >= 1
    assert count_jobs(3) == 3
    with pytest.raises(SettingError, match="at least 0"):
        simulate_runs(PAXOS, jobs=-1)


def children() -> list[psutil.Process]:
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if "spawn_main" in " ".join(one.cmdline())
    ]


def test_a_process_that_dies_is_an_error_and_the_others_are_ended() -> None:
    plan = RunPlan(scenario=None, nodes=("n1", "n2", "n3"), bounds=Bounds(), settings={}, bug=None,
                   parameters=None)  # fmt: skip
    runs = run_in_processes(PAXOS, plan, range(1000), jobs=2, record=False)
    next(runs)
    for one in children():
        one.kill()
    with pytest.raises(InternalError, match="a worker process ended"):
        list(runs)
    assert children() == []


def test_runs_that_nobody_waits_for_are_ended() -> None:
    plan = RunPlan(scenario=None, nodes=("n1", "n2", "n3"), bounds=Bounds(), settings={}, bug=None,
                   parameters=None)  # fmt: skip
    runs = run_in_processes(PAXOS, plan, range(10_000), jobs=2, record=True)
    next(runs)
    assert len(children()) == 2
    runs.close()
    assert children() == []


@pytest.mark.parametrize(("sign", "status"), [(signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_process_outlives_the_command(tmp_path: Path, sign: int, status: int) -> None:
    command = subprocess.Popen(
        [sys.executable, "-m", "toolkit.cli", "simulate", "raft", "--runs", "100000", "--jobs", "2",
         "--out", "out.ndjson"],
        cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    below = psutil.Process(command.pid)
    deadline = time.monotonic() + 60
    started: list[psutil.Process] = []
    while time.monotonic() < deadline:
        started = [one for one in below.children() if "spawn_main" in " ".join(one.cmdline())]
        parts = list(tmp_path.glob(".out*"))
        if len(started) == 2 and parts and parts[0].stat().st_size > 0:
            break
        time.sleep(0.1)
    assert len(started) == 2
    os.kill(command.pid, sign)
    _, err = command.communicate(timeout=60)
    assert command.returncode == status
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(started, timeout=30)
    assert alive == []
    if sign == signal.SIGINT:
        assert list(tmp_path.iterdir()) == []


def test_the_command_gives_the_same_bytes_and_summary_with_jobs(tmp_path: Path) -> None:
    said = []
    for jobs in ("1", "2", "0"):
        done = subprocess.run(
            [sys.executable, "-m", "toolkit.cli", "simulate", "zab", "--runs", "9", "--jobs", jobs,
             "--seed", "2", "--out", f"{jobs}.ndjson", "--json"],
            cwd=tmp_path, capture_output=True, text=True, timeout=120, check=True,
        )  # fmt: skip
        said.append({**json.loads(done.stdout), "out": ""})
    assert said[0] == said[1] == said[2]
    traces = {(tmp_path / f"{jobs}.ndjson").read_bytes() for jobs in (0, 1, 2)}
    assert len(traces) == 1
