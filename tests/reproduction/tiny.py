"""A small figure, to try the framework on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.framework import (
    CriterionVerdict,
    Curve,
    Experiment,
    Figure,
    Paper,
    Parameter,
)
from toolkit.reproduction.papers.elections import election_summary, raft_of, times, value_verdict
from toolkit.sim import RunResult, Scenario, ScenarioBuilder, StepView

BREAK = "break"
"""A curve of this name fails at its fourth trial."""


class TinyTrial(Experiment):
    """Until somebody leads."""

    def __init__(self, protocol: Protocol, scenario: Scenario, *, fails: bool) -> None:
        self.protocol = protocol
        self.scenario = scenario
        self.fails = fails
        self.time: float | None = None

    def observe(self, step: StepView) -> bool:
        if self.fails:
            raise ZeroDivisionError("planted")
        self.time = step.time
        return step.action == "BecomeLeader"

    def record(self, result: RunResult) -> dict[str, Any]:
        return {"ms": None if self.time is None else self.time * 1000, "steps": result.steps}


class Tiny(Figure):
    """Time to the first leader of three servers."""

    id = "Z"
    name = "tiny"
    title = "a small figure"
    paper = Paper(authors="A", title="B", where="C", year=2000, figure="Figure 1")
    statement = "it takes a while"
    trials = 30
    parameters = (
        Parameter(name="low", value="0.1", source="assumed", help="seconds", why="", parse=float),
        Parameter(
            name="delay", value="0.01", source="calibrated", help="seconds", why="", parse=float
        ),
    )

    def __init__(self, names: Sequence[str] = ("x", "y")) -> None:
        self.names = tuple(names)

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        return [Curve(name=name, chunk=4) for name in self.names]

    def candidates(self) -> Sequence[Mapping[str, str]]:
        return [{"delay": "0.005"}, {"delay": "0.01"}, {"delay": "0.02"}]

    def fit_curves(self) -> Sequence[Curve]:
        return [Curve(name="f", chunk=4)]

    def fit_trials(self, trials: int) -> int:
        return 8

    def loss(self, samples: pd.DataFrame) -> float:
        return abs(float(times(samples, "f").mean()) - 145)

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        low = values["low"]
        builder = ScenarioBuilder("tiny", "raft", ("a", "b", "c"))
        builder.set("election", f"{low!r}-{2 * low!r}").set("heartbeat", repr(low / 2))
        scenario = builder.network(delay=f"constant({values['delay']!r})").limit(time=60).build()
        made = iter(range(10_000))

        def trial(seed: int) -> Experiment:
            fails = curve.name == BREAK and next(made) == 3
            return TinyTrial(raft_of(self.node_factory(values["bug"])), scenario, fails=fails)

        return trial

    def published(self) -> pd.DataFrame:
        return pd.DataFrame({"curve": ["x"], "quantity": ["mean"], "value": [145.0]})

    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        return election_summary(samples)

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        mean = float(times(samples, "x").mean())
        return [value_verdict("x", "mean", 145.0, mean, (mean - 1, mean + 1), 0.1)]

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        return alt.Chart(samples).mark_tick().encode(x="ms:Q")
