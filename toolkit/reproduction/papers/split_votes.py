"""Figure D: the probability of a split vote, by formula and by simulation.

All servers that are up have the same log and wait with uniformly distributed timeouts.  A message
takes a share `l` of the width of that distribution.  A server whose timer runs out before the first
candidate's request arrives becomes a candidate too; if there are so many candidates that the first
one cannot get a majority, the vote is split.  With s servers up, of n:

    P(split) = P(c-th timeout - 1st timeout <= l),  c = s - floor(n / 2) + 1
             = sum over k from c - 1 to s of C(s, k) l^k (1 - l)^(s - k)

(the difference of two of s uniform order statistics has a beta distribution), and the mean of the
first timeout is 1 / (s + 1) of the width.  The formula is computed, and real servers are simulated.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from toolkit.analysis.statistics import binomial_error, mean_interval, share_interval
from toolkit.errors import SettingError
from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.framework import (
    CriterionVerdict,
    Curve,
    Experiment,
    Figure,
    Paper,
    Parameter,
)
from toolkit.reproduction.papers.elections import over, positive, raft_of
from toolkit.reproduction.papers.timing_bugs import RAFT_TIMING_BUGS
from toolkit.sim import Delay, RunResult, Scenario, ScenarioBuilder, StepView, Uniform, parse_delay

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["SplitVotes", "split_probability"]

LATENCIES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)
CLUSTERS = ((5, 0), (5, 1), (5, 2), (9, 2), (9, 4))
FORMULA: Mapping[tuple[int, int, float], tuple[float, float, str]] = {
    (5, 1, 0.01): (0.06, 0.005, "0.06 %"),
    (5, 1, 0.1): (5.2, 0.05, "5.2 %"),
    (5, 1, 0.2): (18.1, 0.05, "18.1 %"),
    (5, 2, 0.2): (50.0, 2.5, "about 50 %"),
    (9, 2, 0.2): (15.0, 0.5, "about 15 %"),
    (9, 4, 0.2): (70.0, 5.0, "about 70 %"),
}
"""(servers, failed, latency) to the published percentage, half its last digit, and its text."""

VARYING: Mapping[tuple[int, int], tuple[float, float, str]] = {
    (5, 1): (16.0, 0.5, "about 16 %"),
    (5, 2): (40.0, 5.0, "nearly 40 %"),
}
"""(servers, failed) to the same, for latencies uniform on 0.1 to 0.2 of the timeout range."""


def split_probability(servers: int, failed: int, latency: float) -> float:
    """Return the probability of a split vote in the first election.

    Parameters
    ----------
    servers : int
        Number of servers.
    failed : int
        Number of servers that are down.
    latency : float
        Message delay, as a share of the width of the timeouts' range.

    Returns
    -------
    float
        Between 0 and 1.

    Notes
    -----
    Ongaro, *Consensus: Bridging Theory and Practice*, chapter 9.

    Examples
    --------
    >>> [round(100 * split_probability(5, 1, latency), 2) for latency in (0.01, 0.1, 0.2)]
    [0.06, 5.23, 18.08]
    """
    up = servers - failed
    if 2 * up <= servers:
        return 1.0
    candidates = up - servers // 2 + 1
    return math.fsum(
        math.comb(up, k) * latency**k * (1 - latency) ** (up - k)
        for k in range(candidates - 1, up + 1)
    )


def _shares(text: str) -> tuple[float, ...]:
    shares = tuple(float(part) for part in text.replace(",", " ").split())
    if not shares or not all(0 < share <= 0.5 for share in shares):
        raise SettingError(
            f"expected latencies, got {text!r}", hint="give shares above 0 and at most 0.5"
        )
    return shares


def _clusters(text: str) -> tuple[tuple[int, int], ...]:
    clusters = []
    for part in text.replace(",", " ").split():
        servers, _, failed = part.partition("-")
        if not (servers.isdecimal() and failed.isdecimal()) or 2 * int(failed) >= int(servers):
            raise SettingError(
                f"expected SERVERS-FAILED, got {part!r}", hint="fewer than half may fail: 5-1"
            )
        clusters.append((int(servers), int(failed)))
    if not clusters:
        raise SettingError("no cluster was given", hint="give SERVERS-FAILED, for example 5-1")
    return tuple(clusters)


def _curve(servers: int, failed: int, latency: float | str) -> str:
    return f"{servers} servers, {failed} failed, l={latency}"


class _Trial(Experiment):
    """One trial: whether the vote of the first election is split, and when it started."""

    def __init__(self, protocol: Protocol, scenario: Scenario, low: float, spread: float) -> None:
        self.protocol = protocol
        self.scenario = scenario
        self.low = low
        self.spread = spread
        self.first: float | None = None
        self.candidates = 0
        self.split: bool | None = None

    def observe(self, step: StepView) -> bool:
        if step.action == "Timeout":
            if step.state.currentTerm > 1:
                self.split = True
                return True
            self.candidates += 1
            if self.first is None:
                self.first = (step.time - self.low) / self.spread
        elif step.action == "BecomeLeader":
            self.split = False
            return True
        return False

    def record(self, result: RunResult) -> dict[str, Any]:
        over(result)
        return {
            "split": self.split,
            "first": None if self.first is None else round(self.first, 9),
            "candidates": self.candidates,
        }


class SplitVotes(Figure):
    """Figure D: probability of a split vote (see the module docstring)."""

    id = "D"
    name = "split-votes"
    title = "Raft: how often votes are split, by formula and by simulation"
    paper = Paper(
        authors="D. Ongaro",
        title="Consensus: Bridging Theory and Practice",
        where="PhD thesis, Stanford University, chapter 9",
        year=2014,
        figure="probability of split votes",
    )
    statement = (
        "If a message takes a tenth of the range that time-outs are drawn from, four servers split "
        "their vote in 5.2 % of elections, and in 18.1 % if it takes a fifth; the fewer of a "
        "cluster's servers are up, the more often."
    )
    trials = 4000
    bugs = RAFT_TIMING_BUGS
    parameters = (
        Parameter(
            name="clusters",
            value=" ".join(f"{servers}-{failed}" for servers, failed in CLUSTERS),
            source="published",
            help="SERVERS-FAILED, one line of the chart each",
            why="the sizes that the chapter speaks of",
            parse=_clusters,
        ),
        Parameter(
            name="latency",
            value=" ".join(map(str, LATENCIES)),
            source="published",
            help="how long a message takes, as shares of the spread of time-outs",
            why="the chapter's values (0.01, 0.1, 0.2), and some between",
            parse=_shares,
        ),
        Parameter(
            name="varying",
            value="uniform(0.1, 0.2)",
            source="published",
            help="a distribution of latencies, as shares of the spread",
            why="the chapter's other case, for which there is no formula",
            parse=parse_delay,
        ),
        Parameter(
            name="spread",
            value="0.15",
            source="assumed",
            help="spread of the time-outs in seconds: they are drawn from once to twice of it",
            why="only its ratio to the latency matters",
            parse=positive,
        ),
    )

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return one curve per cluster and latency."""
        curves = [
            Curve(
                name=_curve(servers, failed, latency),
                settings={"servers": servers, "failed": failed, "l": latency},
                chunk=500,
            )
            for servers, failed in values["clusters"]
            for latency in values["latency"]
        ]
        curves += [
            Curve(
                name=_curve(servers, failed, str(values["varying"])),
                settings={"servers": servers, "failed": failed, "l": None},
                chunk=500,
            )
            for servers, failed in values["clusters"]
            if (servers, failed) in VARYING
        ]
        return curves

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed (see the module docstring)."""
        spread = values["spread"]
        names = tuple(f"n{number}" for number in range(1, values["servers"] + 1))
        delay = _scaled(values["varying"], spread) if values["l"] is None else None
        builder = (
            ScenarioBuilder("split-vote", "raft", names)
            .set("election", f"{spread!r}-{2 * spread!r}")
            .set("heartbeat", repr(spread / 2))
            .network(delay=delay or f"constant({values['l'] * spread!r})")
        )
        for name in names[: values["failed"]]:
            builder.crash(0.0, name, keep=0)
        scenario = builder.limit(time=100 * spread, steps=10**9).build()
        protocol = raft_of(self.node_factory(values["bug"]))

        def trial(seed: int) -> Experiment:
            return _Trial(protocol, scenario, spread, spread)

        return trial

    # Results -------------------------------------------------------------------------------

    def published(self) -> pd.DataFrame:
        """Return the published values (see ``Figure.published``)."""
        import pandas as pd

        rows = [
            {"curve": _curve(*key), "quantity": "split", "value": value, "unit": "%",
             "where": f"text: {text}"}
            for key, (value, _, text) in FORMULA.items()
        ]  # fmt: skip
        rows += [
            {"curve": _curve(*key, "uniform(0.1, 0.2)"), "quantity": "split", "value": value,
             "unit": "%", "where": f"text: {text}"}
            for key, (value, _, text) in VARYING.items()
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a summary with one row per curve.

        Returns
        -------
        pandas.DataFrame
            ``curve``, ``servers``, ``failed``, ``latency`` (share of the spread; missing if it
            varies), ``trials``, ``split`` with ``split_low`` and ``split_high`` (per cent, 95 %
            confidence), ``formula`` (per cent), ``first`` with ``_low`` and ``_high`` (the first
            timeout, share of the spread), ``expected_first``.
        """
        import pandas as pd

        rows = []
        for curve, group in samples.groupby("curve", sort=False):
            servers, failed, latency = _parts(str(curve))
            count, split = len(group), int(group["split"].astype(bool).sum())
            low, high = share_interval(split, count)
            first_low, first_high = mean_interval(group["first"])
            rows.append(
                {
                    "curve": str(curve),
                    "servers": servers,
                    "failed": failed,
                    "latency": latency,
                    "trials": count,
                    "split": 100 * split / count,
                    "split_low": 100 * low,
                    "split_high": 100 * high,
                    "formula": None
                    if latency is None
                    else 100 * split_probability(servers, failed, latency),
                    "first": float(group["first"].mean()),
                    "first_low": first_low,
                    "first_high": first_high,
                    "expected_first": 1 / (servers - failed + 1),
                }
            )
        return pd.DataFrame(rows)

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Judge each criterion."""
        verdicts = [self._formula(*key) for key in FORMULA]
        for row in self.summarise(samples).to_dict("records"):
            servers, failed = int(row["servers"]), int(row["failed"])
            common: dict[str, Any] = {
                "curve": row["curve"],
                "reproduced": row["split"],
                "low": row["split_low"],
                "high": row["split_high"],
                "unit": "%",
            }
            if row["latency"] is not None and not math.isnan(row["latency"]):
                expected = row["formula"]
                error = 100 * binomial_error(expected / 100, int(row["trials"]))
                verdicts.append(
                    self._within(
                        "simulation within three standard errors of the formula",
                        expected, 3 * error, common,
                    )
                )  # fmt: skip
            elif (servers, failed) in VARYING and str(values["varying"]) == "uniform(0.1, 0.2)":
                value, half, text = VARYING[servers, failed]
                error = 100 * binomial_error(value / 100, int(row["trials"]))
                verdicts.append(
                    self._within(
                        f"simulation within three standard errors of {text} (half a digit more)",
                        value, half + 3 * error, common,
                    )
                )  # fmt: skip
            else:
                verdicts.append(
                    CriterionVerdict(
                        criterion="the simulation beside a published value",
                        outcome="not comparable",
                        why="nothing was published for this distribution of latencies",
                        **common,
                    )
                )
        return verdicts + self._first(samples)

    def _formula(self, servers: int, failed: int, latency: float) -> CriterionVerdict:
        value, half, text = FORMULA[servers, failed, latency]
        computed = 100 * split_probability(servers, failed, latency)
        distance = abs(computed - value)
        return CriterionVerdict(
            criterion=f"the formula gives {text}, to rounding",
            curve=_curve(servers, failed, latency),
            outcome="met" if distance <= half + 1e-9 else "missed",
            published=value,
            reproduced=computed,
            distance=distance,
            tolerance=half,
            unit="%",
            why="" if distance <= half + 1e-9 else f"{distance:.3f} points off",
        )

    @staticmethod
    def _within(
        criterion: str, value: float, tolerance: float, common: Mapping[str, Any]
    ) -> CriterionVerdict:
        distance = abs(common["reproduced"] - value)
        met = distance <= tolerance + 1e-9
        return CriterionVerdict(
            criterion=criterion,
            outcome="met" if met else "missed",
            published=value,
            distance=distance,
            tolerance=tolerance,
            why="" if met else f"{distance:.2f} points off, {tolerance:.2f} allowed",
            **common,
        )

    def _first(self, samples: pd.DataFrame) -> list[CriterionVerdict]:
        """Judge the mean of the first timeout: 1 / (s + 1) of the width."""
        verdicts = []
        rows = self.summarise(samples)
        fixed = samples.merge(rows[["curve", "servers", "failed"]], on="curve")
        clusters = dict.fromkeys(zip(rows["servers"], rows["failed"], strict=True))
        for servers, failed in clusters:
            group = fixed[(fixed["servers"] == servers) & (fixed["failed"] == failed)]
            up = servers - failed
            value, mean = 1 / (up + 1), float(group["first"].mean())
            # Standard error from the variance of the minimum of s uniform variables.
            error = math.sqrt(up / ((up + 1) ** 2 * (up + 2)) / len(group))
            low, high = mean_interval(group["first"])
            verdicts.append(
                self._within(
                    "the first time-out, within three standard errors of 1/(s+1) of the spread",
                    value, 3 * error,
                    {"curve": f"{servers} servers, {failed} failed, all latencies",
                     "reproduced": mean, "low": low, "high": high, "unit": "of the spread"},
                )
            )  # fmt: skip
        return verdicts

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the shares by formula and by simulation, with contours."""
        import pandas as pd

        from toolkit.display.overlay import split_chart

        published = [
            {"servers": servers, "failed": failed, "latency": latency, "split": value, "said": text}
            for (servers, failed, latency), (value, _, text) in FORMULA.items()
        ]
        # A varying latency is drawn at the middle of its range.
        published += [
            {"servers": servers, "failed": failed, "latency": 0.15, "split": value,
             "said": f"{text} (latency varies)"}
            for (servers, failed), (value, _, text) in VARYING.items()
        ]  # fmt: skip
        return split_chart(self.summarise(samples), pd.DataFrame(published), split_probability)


def _scaled(delay: Delay, factor: float) -> Delay:
    """Convert a distribution of shares to seconds."""
    if isinstance(delay, Uniform):
        return Uniform(delay.low * factor, delay.high * factor)
    raise SettingError(
        f"expected a uniform distribution of latencies, got {delay}",
        hint="give uniform(LOW, HIGH), as shares of the timeout range",
    )


def _parts(curve: str) -> tuple[int, int, float | None]:
    """Return servers, failed servers and latency of a curve; ``None`` if the latency varies."""
    servers, failed, latency = curve.split(", ", 2)
    text = latency.removeprefix("l=")
    share = None if text.startswith("uniform") else float(text)
    return int(servers.split()[0]), int(failed.split()[0]), share


FIGURE = SplitVotes()
"""The registered figure."""
