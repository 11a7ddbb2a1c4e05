"""Every notebook runs from top to bottom."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from toolkit.resources import resource_root

NOTEBOOKS = sorted(resource_root("notebooks").glob("*.ipynb"))


def test_there_are_notebooks() -> None:
    assert NOTEBOOKS


FIGURES = {
    "10-raft-election-time": (
        "toolkit figure run A --trials 1000 --seed 1",
        "full run: {'met': 17, 'missed': 0, 'not judged': 16, 'not comparable': 1}",
        "fitted: {'write': 'exponential(0.00275, 0.001)'}",
        "few trials:",
        "150-150: 3 of 3 trials without a leader after 100 s",
        "seeded bug sends-first: {'met': 4, 'missed': 12,",
    ),
    "11-raft-refloated": (
        "full run: {'met': 71, 'missed': 1, 'not judged': 0, 'not comparable': 9}",
        "fixed 150-155: median 165 ms, 52.4 messages",
        "{'denies': 'no'}: median",
    ),
    "12-wan-elections": (
        "full run: {'met': 12, 'missed': 0, 'not judged': 4, 'not comparable': 0}",
        "600-1200 ms: mean",
        "stable= 0:",
    ),
    "13-split-votes": (
        "l=0.2: 18.08 %",
        "full run: {'met': 53, 'missed': 0, 'not judged': 0, 'not comparable': 0}",
        "seeded bug votes-always: {'met': 7, 'missed': 3,",
    ),
    "14-scenario-figures": (
        "full run: {'met': 21, 'missed': 3, 'not judged': 0, 'not comparable': 0}",
        "Zab Figure 1, on Paxos: TLC: the order of primaries is broken: met",
        "Raft Figure 8 (d): steps and messages are as the scenario lists them: missed, 16 lines",
    ),
}
"""What the notebooks of figures print: few trials of their own, beside the full run."""


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.filterwarnings("default")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs_and_says_what_it_promises(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Nothing is remembered from before: every check is made.
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    notebook = nbformat.read(path, as_version=4)
    assert all(not cell.get("outputs") for cell in notebook.cells), "commit it without outputs"
    client = NotebookClient(notebook, timeout=1500, resources={"metadata": {"path": str(tmp_path)}})
    client.execute()
    said = "".join(
        output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", [])
    )
    if path.stem == "01-paxos":
        assert "accepted by TLC" in said
        assert "success: 1,235 distinct states" in said
        assert "DIVERGED at step" in said
        assert "Phase2b" in said
    if path.stem == "03-raft":
        for promise in (
            "accepted by TLC",
            "Figure 7: accepted by TLC, 276 steps",
            "Figure 8 (d): accepted by TLC, 125 steps",
            "Figure 8 (e): accepted by TLC, 93 steps",
            "invariant of LeaderCompleteness: 9 states, 414 distinct seen",
            "DIVERGED at step",
        ):
            assert promise in said, promise
    if path.stem == "04-three-protocols":
        for promise in (
            "again: toolkit compare --seed 7 --nodes 5",
            "Multi-Paxos breaks LocalPrimaryOrder at step 38",
            "Multi-Paxos breaks GlobalPrimaryOrder at step 38",
            "Zab: accepted by TLC; broken: []",
            "Multi-Paxos: invariant GlobalPrimaryOrder, 18 states long",
            "Zab: success, 76,413 distinct states",
        ):
            assert promise in said, promise
    if path.stem == "05-zab":
        for promise in (
            "accepted by TLC",
            "invariant of NeverTwoLeaders: 10 states",
            "zab-stale-read: {'value': None}",
            "zab-sync: {'value': 1}",
            "invariant of TypeOK: 28 states",
            "DIVERGED at step",
        ):
            assert promise in said, promise
    for promise in FIGURES.get(path.stem, ()):
        assert promise in said, promise
    if path.stem == "02-tlc-bridge":
        for promise in (
            "invariant of Mutex: 7 states, 16 distinct",
            "initial state -> Come -> Look -> Come -> Look -> Shut -> Shut",
            "success, complete: True",
            "never taken: Look, Shut",
            "temporal of Served: 6 states, then back to state 4",
            "<Graph of 22 states and 42 steps>; two are inside in 1 of them, the first after 6",
            "the smallest failing configuration: Procs = {p1, p2}, Atomic = FALSE",
            "success: 131,072 distinct states",
            "at once: [8, 20, 48]",
        ):
            assert promise in said, promise
        shown = "".join(
            str(output.get("data", {}).get("text/plain", ""))
            for cell in notebook.cells for output in cell.get("outputs", [])
        )  # fmt: skip
        assert "Unknown operator: `step'" in shown
        assert "<CheckResult, invariant of AllCount" in shown
        assert "From the cache" not in shown
