"""Figure A: the time that Raft takes to replace a crashed leader.

The experiment: five servers whose logs differ, so that two of the four survivors cannot win an
election.  The leader sends heartbeats to all servers at once and crashes at a random moment
before the next ones.  The measured time runs from the crash until all other servers have received
the first message of a new leader.

The duration of a disk write was not published, but the curves depend on it: a candidate writes
before it requests votes, and in that time other servers become candidates too.  It is fitted on
two curves, which are not judged.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from toolkit.analysis.statistics import levels, mean_interval, quantile, quantile_interval
from toolkit.errors import SettingError
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.raft.messages import AppendEntries
from toolkit.reproduction.framework import (
    CriterionVerdict,
    Curve,
    Experiment,
    Paper,
    Parameter,
    published_table,
)
from toolkit.reproduction.papers.elections import (
    ElectionFigure,
    compared,
    distance_verdict,
    not_negative,
    positive,
    raft_of,
    ranges,
    timeouts,
    times,
    took,
    trial_timeout,
    unpublished,
    value_verdict,
)
from toolkit.reproduction.papers.staging import STEP, clear_disks, different_logs
from toolkit.reproduction.papers.timing_bugs import RAFT_TIMING_BUGS
from toolkit.sim import (
    Clock,
    Crash,
    RunResult,
    Scenario,
    ScenarioBuilder,
    StepView,
    parse_delay,
    stream,
)

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["RaftElections"]

LEADER = "n5"
OTHERS = ("n1", "n2", "n3", "n4")
RANGES = (
    "150-150", "150-151", "150-155", "150-175", "150-200", "150-300",
    "12-24", "25-50", "50-100", "100-200",
)  # fmt: skip
FITTED = ("150-200", "12-24")
TEXT = {("12-24", "mean"): 35.0, ("12-24", "worst"): 152.0, ("150-200", "worst"): 513.0}
"""Values in the paper's text besides medians, for the curves used in the fit (ms)."""

LEFT, RIGHT = "left: more randomness", "right: shorter time-outs"
PANELS = {
    **dict.fromkeys(RANGES[:5], (LEFT,)),
    **dict.fromkeys(RANGES[6:], (RIGHT,)),
    "150-300": (LEFT, RIGHT),
}


def _logs(text: str) -> tuple[int, ...]:
    lengths = {"different": (1, 2, 3, 4), "same": (1, 1, 1, 1)}
    if text not in lengths:
        raise SettingError(
            f"expected different or same logs, got {text!r}", hint="give different or same"
        )
    return lengths[text]


class _Trial(Experiment):
    """One trial, from the leader's crash to the new leader's first message."""

    def __init__(self, protocol: Protocol, scenario: Scenario, crash: float) -> None:
        self.protocol = protocol
        self.scenario = scenario
        self.crash = crash
        self.term = 1
        self.heard: set[str] = set()
        self.elections = 0
        self.end: float | None = None

    def observe(self, step: StepView) -> bool:
        if step.time < self.crash:
            return False
        self.elections += step.action == "Timeout"
        message = step.received
        if type(message) is not AppendEntries or message.term < max(self.term, 2):
            return False
        if message.term > self.term:
            self.term = message.term
            self.heard = {message.leader}
        self.heard.add(step.node)
        if len(self.heard) < len(OTHERS):
            return False
        self.end = step.time
        return True

    def record(self, result: RunResult) -> dict[str, Any]:
        return {"ms": took(result, self.crash, self.end), "elections": self.elections}


class RaftElections(ElectionFigure):
    """Figure A: time to replace a crashed Raft leader (see the module docstring)."""

    id = "A"
    name = "raft-election-time"
    title = "Raft: time to replace a crashed leader, against the range of election time-outs"
    paper = Paper(
        authors="D. Ongaro and J. Ousterhout",
        title="In Search of an Understandable Consensus Algorithm",
        where="USENIX ATC, pages 305-319",
        year=2014,
        figure="Figure 14 (Figure 16 of the extended version)",
    )
    statement = (
        "With election time-outs of 150-150 ms elections take over 10 s; 5 ms of randomness bring "
        "the median to 287 ms, 50 ms the worst of 1,000 trials to 513 ms. With time-outs of "
        "12-24 ms a leader is replaced in 35 ms on average, in 152 ms at worst."
    )
    trials = 1000
    bugs = RAFT_TIMING_BUGS
    parameters = (
        Parameter(
            name="timeouts",
            value=" ".join(RANGES),
            source="published",
            help="ranges of election time-outs, LOW-HIGH in ms, one curve each",
            why="the figure's two panels",
            parse=ranges,
        ),
        Parameter(
            name="heartbeat",
            value="0.5",
            source="published",
            help="interval of heartbeats, as a share of the least time-out",
            why="section 9.3: half of the minimum election time-out",
            parse=positive,
        ),
        Parameter(
            name="logs",
            value="different",
            source="published",
            help="different: two of the four that survive cannot win; or same",
            why="section 9.3: some candidates were not eligible; all lengths differ here",
            parse=_logs,
        ),
        Parameter(
            name="write",
            value="exponential(0.00275, 0.001)",
            source="calibrated",
            help="how long a write to a disk takes, a distribution in seconds",
            why=f"not published; fitted on {' and '.join(FITTED)}, which are not judged. Least and "
            "mean of what exceeds it, from a grid",
            parse=parse_delay,
        ),
        Parameter(
            name="network",
            value="constant(0.0001)",
            source="assumed",
            help="how long a message travels, a distribution in seconds",
            why="a gigabit network in one room; the published broadcast time of about 15 ms "
            "includes the writes",
            parse=parse_delay,
        ),
        Parameter(
            name="drift",
            value="0",
            source="assumed",
            help="clocks run fast or slow by at most so many millionths, drawn for each server",
            why="not published; a curve beside 150-150 has 20, a usual tolerance of quartz",
            parse=not_negative,
        ),
        trial_timeout(
            "200",
            "enough to see that it takes over 10 s; where time-outs are drawn, no more than 200 of "
            "the greatest",
        ),
    )

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return one curve per range of timeouts."""
        curves = []
        for name in values["timeouts"]:
            low, high = timeouts(name)
            slow = low == high
            curves.append(
                Curve(
                    name=name,
                    settings={"range": name},
                    share=0.1 if slow else 1.0,
                    chunk=5 if slow else 50,
                )
            )
            if slow and not values["drift"]:
                curves.append(
                    Curve(
                        name=f"{name}, clocks 20 ppm off",
                        settings={"range": name, "drift": "20"},
                        share=0.1,
                        chunk=5,
                    )
                )
        return curves

    def candidates(self) -> Sequence[Mapping[str, str]]:
        """Return the candidate write times."""
        return [
            {"write": str(parse_delay(f"exponential({mean / 1000!r}, {least / 1000!r})"))}
            for least in (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5)
            for mean in (2.0, 2.25, 2.5, 2.75, 3.0, 3.25, 3.5, 3.75, 4.0)
        ]

    def fit_curves(self) -> Sequence[Curve]:
        """Return the two curves to which the write time is fitted."""
        return [Curve(name=name, settings={"range": name}, stream=f"fit {name}") for name in FITTED]

    def loss(self, samples: pd.DataFrame) -> float:
        """Return the mean squared logarithm of the ratio of quantiles, from 5 to 95 %."""
        table = self._quantiles()
        squares = [
            math.log(quantile(times(samples, curve), level) / table[curve][name]) ** 2
            for curve in FITTED
            for name, level in levels(list(table[curve])).items()
            if 0.05 <= level <= 0.95
        ]
        return float(np.mean(squares))

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed (see the module docstring)."""
        low, high = timeouts(values["range"])
        beat = low * values["heartbeat"]
        names = (*OTHERS, LEADER)
        builder = (
            ScenarioBuilder("replace-a-leader", "raft", names)
            .set("election", f"{low!r}-{high!r}")
            .set("heartbeat", repr(beat))
            .network(delay=values["network"])
            .disk(values["write"])
        )
        longest = max(values["logs"]) + (values["logs"] != (1, 1, 1, 1))
        ready = different_logs(
            builder, {LEADER: longest, **dict(zip(OTHERS, values["logs"], strict=True))}
        )
        clear_disks(builder, ready, names)
        for name in names:
            for other in names:
                if other != name:
                    builder.slow(ready, name, other, 1.0)
        # Only the leader's messages arrive, so that it does not learn the others' log lengths.
        for name in OTHERS:
            builder.heal(ready, LEADER, name)
        begin = round(ready + STEP, 9)
        builder.timeout(begin, LEADER, "heartbeat")
        # With random timeouts, 200 of them without a leader can only be a bug.
        limit = values["trial-timeout"]
        wait = limit if low == high else min(limit, 200 * high)
        base = builder.limit(time=begin + beat + wait, steps=10**9).build()
        protocol = raft_of(self.node_factory(values["bug"]))
        drift = values["drift"] * 1e-6

        def trial(seed: int) -> Experiment:
            crash = round(begin + stream(seed, "crash").random() * beat, 9)
            clocks = {}
            if drift:
                rng = stream(seed, "clocks")
                clocks = {name: Clock(drift=drift * (2 * rng.random() - 1)) for name in names}
            events = (*base.events, Crash(crash, LEADER, 0))
            return _Trial(protocol, replace(base, events=events, clocks=clocks), crash)

        return trial

    # Results -------------------------------------------------------------------------------

    def _quantiles(self) -> dict[str, dict[str, float]]:
        table = published_table("raft_election_quantiles").set_index("curve_ms").drop(columns="n")
        return {
            str(curve): {str(name): float(value) for name, value in row.items()}
            for curve, row in table.iterrows()
        }

    def published(self) -> pd.DataFrame:
        """Return the published values (see ``Figure.published``)."""
        import pandas as pd

        table = published_table("raft_election_quantiles")
        long = table.drop(columns="n").melt("curve_ms", var_name="quantity", value_name="value")
        long = long.rename(columns={"curve_ms": "curve"})
        return pd.DataFrame(long.assign(unit="ms", where="quantiles of the authors' samples"))

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Judge each criterion."""
        table = self._quantiles()
        verdicts: list[CriterionVerdict] = []
        for curve in dict.fromkeys(samples["curve"]):
            if curve not in table:
                why = "nothing was published for this range"
                if "ppm" in curve:
                    why = "shown beside 150-150: how clocks differed was not published"
                median = quantile(times(samples, curve), 0.5)
                verdicts.append(unpublished(curve, "the median", median, why))
            elif curve == "150-150":
                verdicts += self._without_randomness(times(samples, curve), table[curve])
            else:
                verdicts += self._curve(curve, times(samples, curve), table[curve])
        verdicts.append(self._order(samples, table))
        return verdicts

    def _curve(
        self, curve: str, samples: pd.Series[float], table: Mapping[str, float]
    ) -> list[CriterionVerdict]:
        low, high = timeouts(curve)
        judged = ""
        if curve in FITTED:
            judged = "the write time was fitted on this curve"
        elif high - low < 0.025 - 1e-9:
            judged = (
                "so little randomness rests on how writes vary, whose distribution was not "
                "published"
            )
        quantiles = {level: table[name] for name, level in levels(list(table)).items()}
        text_verdicts = [
            value_verdict(
                curve, f"{quantity} (text)", value, float(samples.agg(kind)), interval, 0.0,
                judged=judged,
            )
            for quantity, kind, value, interval in (
                ("mean", "mean", TEXT.get((curve, "mean")), mean_interval(samples)),
                ("worst", "max", TEXT.get((curve, "worst")), (-math.inf, math.inf)),
            )
            if value is not None
        ]  # fmt: skip
        return [
            *text_verdicts,
            *compared(curve, samples, table, {"p50": 0.1, "p99": 0.25}, 1000, judged=judged),
            distance_verdict(curve, samples, quantiles, 0.12, 1000, judged=judged),
        ]

    def _without_randomness(
        self, samples: pd.Series[float], table: Mapping[str, float]
    ) -> list[CriterionVerdict]:
        least = float(samples.min())
        without = int((samples == math.inf).sum())
        common: dict[str, Any] = {
            "criterion": "every trial takes over 10 s",
            "curve": "150-150",
            "published": 10_000.0,
            "reproduced": least if math.isfinite(least) else None,
            "unit": "ms",
        }
        if least > 10_000:
            first = CriterionVerdict(**common, outcome="met")
        else:
            early = int((samples <= 10_000).sum())
            first = CriterionVerdict(**common, outcome="missed", distance=least / 10_000 - 1,
                            why=f"{early} of {len(samples)} trials took less")  # fmt: skip
        median = quantile(samples, 0.5)
        return [
            first,
            value_verdict(
                "150-150", "median", table["p50"], median, quantile_interval(samples, 0.5), 0.1,
                judged=f"{without} of {len(samples)} trials had no leader when they were given up: "
                "without randomness and with clocks that agree nobody ever wins",
            ),
        ]  # fmt: skip

    def _order(
        self, samples: pd.DataFrame, table: Mapping[str, Mapping[str, float]]
    ) -> CriterionVerdict:
        curves = [curve for curve in dict.fromkeys(samples["curve"]) if curve in table]
        if len(curves) < 2:
            return CriterionVerdict(
                criterion="the curves' medians are in the published order",
                curve="all",
                outcome="not judged",
                why="there are no two curves of which something was published",
            )
        medians = {curve: quantile(times(samples, curve), 0.5) for curve in curves}
        published_order = sorted(curves, key=lambda curve: table[curve]["p50"])
        own_order = sorted(curves, key=lambda curve: medians[curve])
        swapped = [
            f"{first} before {second}"
            for number, first in enumerate(own_order)
            for second in own_order[number + 1 :]
            if published_order.index(first) > published_order.index(second)
        ]
        return CriterionVerdict(
            criterion="the curves' medians are in the published order",
            curve="all",
            outcome="missed" if swapped else "met",
            published=0.0,
            reproduced=float(len(swapped)),
            distance=float(len(swapped)),
            tolerance=0.0,
            unit="pairs in the wrong order",
            why=", ".join(swapped),
        )

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the published and reproduced distribution functions."""
        from toolkit.display.overlay import distribution_overlay

        quantiles = {
            curve: {level: row[name] for name, level in levels(list(row)).items()}
            for curve, row in self._quantiles().items()
        }
        return distribution_overlay(
            {curve: times(samples, curve) for curve in dict.fromkeys(samples["curve"])},
            quantiles,
            panels=PANELS,
            title=f"{self.paper.figure}: time without a leader",
            axis="time without a leader (ms)",
            logarithmic=True,
        )


FIGURE = RaftElections()
"""The registered figure."""
