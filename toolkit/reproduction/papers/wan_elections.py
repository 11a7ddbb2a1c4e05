"""Figure C: election times in a wide-area network with failed servers.

The experiment follows Ongaro's election simulator: all servers that are up start as followers with
newly set timers.  With *different* logs no two logs have the same length.  The measurement ends
with the first stable leader, which is a leader that sends 17 heartbeats; earlier leaders do not
count.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.analysis.statistics import levels, mean_interval, share_interval
from toolkit.errors import SettingError
from toolkit.protocols.protocol import Protocol
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
    positive,
    raft_of,
    timeouts,
    times,
    took,
    trial_timeout,
    unpublished,
    value_verdict,
)
from toolkit.reproduction.papers.staging import different_logs, restarted
from toolkit.reproduction.papers.timing_bugs import RAFT_TIMING_BUGS
from toolkit.sim import RunResult, Scenario, ScenarioBuilder, StepView, parse_delay

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["WanElections"]

MEANS = {
    "same logs, f=0": 430.0,
    "same logs, f=1": 468.7,
    "same logs, f=2": 631.6,
    "different logs, f=0": 492.6,
    "different logs, f=1": 550.5,
    "different logs, f=2": 714.7,
}
CLAIMS = {"same logs, f=1": (475.0, 1500.0), "same logs, f=2": (650.0, 3000.0)}
"""Values in the paper's text: mean and 99.9th percentile (ms)."""


def _whole(text: str) -> int:
    if not text.isdecimal() or not 3 <= int(text) <= 15:
        raise SettingError(f"expected 3 to 15 servers, got {text!r}", hint="give a whole number")
    return int(text)


def _failures(text: str) -> tuple[int, ...]:
    parts = text.replace(",", " ").split()
    if not parts or not all(part.isdecimal() for part in parts):
        raise SettingError(f"expected numbers of servers, got {text!r}", hint="for example 0 1 2")
    return tuple(int(part) for part in parts)


def _beats(text: str) -> int:
    if not text.isdecimal():
        raise SettingError(
            f"expected a number of heartbeats, got {text!r}", hint="give a whole number"
        )
    return int(text)


class _Trial(Experiment):
    """One trial, from the start of all timers until a stable leader."""

    def __init__(
        self, protocol: Protocol, scenario: Scenario, begin: float, heartbeats: int
    ) -> None:
        self.protocol = protocol
        self.scenario = scenario
        self.begin = begin
        self.heartbeats = heartbeats
        self.led: dict[str, tuple[float, int]] = {}
        self.leaders = 0
        self.elections = 0
        self.won: float | None = None

    def observe(self, step: StepView) -> bool:
        if step.time < self.begin:
            return False
        if step.action == "BecomeLeader":
            self.led[step.node] = (step.time, 0)
            self.leaders += 1
            if not self.heartbeats:
                self.won = step.time
                return True
        elif step.action == "Timeout":
            self.elections += 1
        elif step.action == "Heartbeat":
            since, sent = self.led[step.node]
            self.led[step.node] = (since, sent + 1)
            if sent + 1 >= self.heartbeats:
                self.won = since
                return True
        return False

    def record(self, result: RunResult) -> dict[str, Any]:
        return {
            "ms": took(result, self.begin, self.won),
            "elections": self.elections,
            "leaders": self.leaders,
        }


class WanElections(ElectionFigure):
    """Figure C: election times in a wide-area network (see the module docstring)."""

    id = "C"
    name = "wan-elections"
    title = "Raft: election time in a wide-area network, with failed servers"
    paper = Paper(
        authors="D. Ongaro",
        title="Consensus: Bridging Theory and Practice",
        where="PhD thesis, Stanford University, chapter 9",
        year=2014,
        figure="simulated election times in a WAN",
    )
    statement = (
        "Five servers, latencies of 30-40 ms, election time-outs of 300-600 ms: with one failed "
        "server elections take about 475 ms on average and 99.9 % are over within 1.5 s, with two "
        "about 650 ms and 3 s; with different logs somewhat longer."
    )
    trials = 10_000
    bugs = RAFT_TIMING_BUGS
    parameters = (
        Parameter(
            name="servers",
            value="5",
            source="published",
            help="how many servers there are",
            why="the figure's caption",
            parse=_whole,
        ),
        Parameter(
            name="failed",
            value="0 1 2",
            source="published",
            help="how many of them have failed, one curve each",
            why="the figure's caption",
            parse=_failures,
        ),
        Parameter(
            name="timeouts",
            value="300-600",
            source="published",
            help="election time-outs, LOW-HIGH in ms",
            why="the text beside the figure",
            parse=timeouts,
        ),
        Parameter(
            name="network",
            value="uniform(0.03, 0.04)",
            source="published",
            help="how long a message travels, a distribution in seconds",
            why="the text beside the figure: one way",
            parse=parse_delay,
        ),
        Parameter(
            name="heartbeat",
            value="0.5",
            source="read off",
            help="interval of heartbeats, as a share of the least time-out",
            why="the simulator's published code",
            parse=positive,
        ),
        Parameter(
            name="stable",
            value="17",
            source="read off",
            help="a leader counts if it sends so many heartbeats; with 0 it counts at once",
            why="the simulator's published code and results: more than 16",
            parse=_beats,
        ),
        Parameter(
            name="write",
            value="constant(0)",
            source="read off",
            help="how long a write to a disk takes, a distribution in seconds",
            why="the simulator has no disks",
            parse=parse_delay,
        ),
        trial_timeout("100", "far more than any trial takes"),
    )

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return one curve per number of failures, for equal and for different logs."""
        for failed in values["failed"]:
            if 2 * failed >= values["servers"]:
                raise SettingError(
                    f"no leader can be elected with {failed} of {values['servers']} servers failed",
                    hint="fewer than half of the servers may fail",
                )
        return [
            Curve(
                name=f"{logs} logs, f={failed}", settings={"logs": logs, "failed": failed},
                chunk=250,
            )
            for logs in ("same", "different")
            for failed in values["failed"]
        ]  # fmt: skip

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed (see the module docstring)."""
        low, high = values["timeouts"]
        names = tuple(f"n{number}" for number in range(1, values["servers"] + 1))
        builder = (
            ScenarioBuilder("wan", "raft", names)
            .set("election", f"{low!r}-{high!r}")
            .set("heartbeat", repr(low * values["heartbeat"]))
            .network(delay=values["network"])
            .disk(values["write"])
        )
        same = values["logs"] == "same"
        lengths = {name: 1 if same else number for number, name in enumerate(names, 1)}
        ready = different_logs(builder, lengths)
        begin = restarted(builder, ready, names, names[: values["failed"]])
        scenario = builder.limit(time=begin + values["trial-timeout"], steps=10**9).build()
        protocol = raft_of(self.node_factory(values["bug"]))

        def trial(seed: int) -> Experiment:
            return _Trial(protocol, scenario, begin, values["stable"])

        return trial

    # Results -------------------------------------------------------------------------------

    def _table(self) -> dict[str, dict[str, float]]:
        values = {}
        for logs in ("same", "different"):
            table = published_table(f"wan_election_{logs}_logs").set_index("curve")
            for name, row in table.iterrows():
                values[f"{logs} logs, {name}"] = {
                    str(column): float(value) for column, value in row.items()
                }
        return values

    def published(self) -> pd.DataFrame:
        """Return the published values (see ``Figure.published``)."""
        import pandas as pd

        rows = [
            {"curve": curve, "quantity": name, "value": value, "unit": "ms",
             "where": "the figure, digitised"}
            for curve, row in self._table().items()
            for name, value in row.items()
        ]  # fmt: skip
        rows += [
            {"curve": curve, "quantity": "mean", "value": value, "unit": "ms",
             "where": "the figure, digitised"}
            for curve, value in MEANS.items()
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Judge each criterion."""
        table = self._table()
        verdicts: list[CriterionVerdict] = []
        for curve in dict.fromkeys(samples["curve"]):
            elapsed = times(samples, curve)
            if curve not in table:
                why = "nothing was published for so many failures"
                verdicts.append(unpublished(curve, "the mean", float(elapsed.mean()), why))
                continue
            verdicts += compared(
                curve,
                elapsed,
                {"mean": MEANS[curve], "p99.9": table[curve]["q0.999"]},
                {"mean": 0.03, "p99.9": 0.15},
                10_000,
            )
            if curve in CLAIMS:
                verdicts += self._claims(curve, elapsed)
        return verdicts

    def _claims(self, curve: str, elapsed: pd.Series[float]) -> list[CriterionVerdict]:
        """Report the values in the paper's text, which gives no tolerance, without judging them."""
        mean, limit = CLAIMS[curve]
        within = int((elapsed <= limit).sum())
        low, high = share_interval(within, len(elapsed))
        return [
            value_verdict(
                curve, "mean (the text: about)", mean, float(elapsed.mean()),
                mean_interval(elapsed), 0.0,
                judged="the text says about; the figure's own mean is judged",
            ),
            CriterionVerdict(
                criterion=f"99.9 % are over within {limit / 1000:g} s (text)",
                curve=curve,
                outcome="not judged",
                published=99.9,
                reproduced=100 * within / len(elapsed),
                low=100 * low,
                high=100 * high,
                unit="%",
                why="the text rounds; the figure's own 99.9th percentile is judged",
            ),
        ]  # fmt: skip

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the published and reproduced distribution functions."""
        from toolkit.display.overlay import distribution_overlay

        curves = list(dict.fromkeys(samples["curve"]))
        return distribution_overlay(
            {curve: times(samples, curve) for curve in curves},
            {
                curve: {level: row[name] for name, level in levels(list(row)).items()}
                for curve, row in self._table().items()
            },
            panels={curve: (curve.split(",")[0],) for curve in curves},
            title="Time until a stable leader, in a wide-area network",
            axis="time until a stable leader (ms)",
            logarithmic=True,
        )


FIGURE = WanElections()
"""The registered figure."""
