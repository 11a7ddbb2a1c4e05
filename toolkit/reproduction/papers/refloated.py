"""Figure B: election times and message counts of *Raft Refloated*, in four variants.

Howard and others simulated Ongaro's experiment with two changes: candidates that wait for a
shorter time than followers before the next election (*fixed*), and candidates that back off
exponentially when a majority has denied them its votes (*expo*).  *combo* has both changes, *org*
none.

Their simulator deviates from Raft, and from the experiment, in ways that its published code and
results show.  Each deviation is a switch here; the published curves are met only with all of them:

- ``alive``: no server has crashed; five servers start as followers with newly set timers.
- ``eligible``: four servers can win an election, where three were intended.
- ``denies``: a candidate that learns of a higher term from a request for its vote steps down but
  does not grant the vote, although it has not voted in that term.
- ``redraws``: a candidate that steps down sets its timer again.  (Raft does so when a vote is
  granted or a leader is heard.)

Times end when a candidate has won.  Half a heartbeat interval times a random number is
subtracted, for a crash between two heartbeats, and times are truncated to whole milliseconds.
The message count ends then too, without the new leader's first messages.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from toolkit.analysis.statistics import levels, mean_interval, quantile
from toolkit.errors import SettingError
from toolkit.protocols.base import Effects, NodeFactory, SetTimer
from toolkit.protocols.protocol import Protocol
from toolkit.protocols.raft import RaftNode
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.core import Answer
from toolkit.protocols.raft.messages import RequestVote, RequestVoteResponse
from toolkit.protocols.raft.node import ELECTION_TIMER
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
    raft_of,
    ranges,
    switch,
    timeouts,
    times,
    took,
    trial_timeout,
    unpublished,
    value_verdict,
)
from toolkit.reproduction.papers.staging import different_logs, restarted
from toolkit.sim import RunResult, Scenario, ScenarioBuilder, StepView, parse_delay, stream

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["Refloated", "RefloatedServer"]

SERVERS = ("n1", "n2", "n3", "n4", "n5")
RANGES = (
    "12-24", "25-50", "50-100", "100-200", "150-151", "150-155", "150-175", "150-200", "150-300",
)  # fmt: skip
VARIANTS: Mapping[str, str] = {
    "org": "as Ongaro's: candidates wait as long as followers",
    "fixed": "candidates wait for 23-46 ms before they try again",
    "expo": "candidates refused by a majority back off exponentially",
    "combo": "both",
}
CORRECT = "Raft"
"""The curve of the protocol as it is specified, with the same servers."""


class RefloatedServer(RaftNode):
    """A Raft server with the deviations of that simulator.

    Parameters
    ----------
    name : str
    config : RaftConfig
    retry : (float, float) or None
        Range of seconds that a candidate waits before its next election; by default a
        follower's range.
    backs_off : bool
        Whether a candidate doubles this range after each election in which a majority of the
        other servers denied it.
    denies, redraws : bool
        See the module docstring.
    """

    def __init__(
        self,
        name: str,
        config: RaftConfig,
        *,
        retry: tuple[float, float] | None = None,
        backs_off: bool = False,
        denies: bool = True,
        redraws: bool = True,
    ) -> None:
        super().__init__(name, config)
        self.retry = retry or config.election
        self.backs_off = backs_off
        self.denies = denies
        self.redraws = redraws
        self.refusals = 0
        self.backoff = 0

    def start_election(self, action: str, *, transfer: bool = False) -> Effects:
        """Start an election with the timer of the variant."""
        is_retry = self.role == "candidate"
        if is_retry and self.backs_off and 2 * self.refusals >= len(self.others):
            self.backoff += 1
        if not is_retry:
            self.backoff = 0
        self.refusals = 0
        effects = super().start_election(action, transfer=transfer)
        low, high = self.retry
        factor: int = 2**self.backoff
        effects.timers = [SetTimer(ELECTION_TIMER, low * factor, high * factor)]
        return effects

    def on_vote_response(self, message: RequestVoteResponse) -> Effects:
        """Count refusals, which lengthen the next timer in the back-off variants."""
        if message.term == self.currentTerm and not message.granted:
            self.refusals += 1
        return super().on_vote_response(message)

    def on_vote_request(self, message: RequestVote) -> Effects:
        """Deny the vote as a candidate, if that switch is on."""
        is_candidate = self.role == "candidate" and message.term > self.currentTerm
        if is_candidate and self.denies:
            effects = self.deny_vote(message)
        else:
            effects = super().on_vote_request(message)
        if is_candidate and self.redraws:
            effects.timers = [self.election_timer()]
        return effects

    def step_down(self, message: Answer) -> Effects:
        """Adopt the answer's term, and set the timer again if that switch is on."""
        effects = super().step_down(message)
        if self.redraws:
            effects.timers = [*effects.timers, self.election_timer()]
        return effects


def _count(least: int, most: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise SettingError(
                f"expected a number from {least} to {most}, got {text!r}",
                hint="give a whole number",
            )
        return int(text)

    return parse


def _variants(text: str) -> tuple[str, ...]:
    names = tuple(text.replace(",", " ").split())
    unknown = [name for name in names if name not in VARIANTS]
    if unknown or not names:
        raise SettingError(
            f"expected names of variants, got {text!r}", hint=f"known: {', '.join(VARIANTS)}"
        )
    return names


def _lengths(eligible: int) -> dict[str, int]:
    """Return log lengths with which exactly `eligible` servers can win an election.

    The logs of the other servers are shorter.
    """
    return {
        name: 2 if number >= len(SERVERS) - eligible else 1 for number, name in enumerate(SERVERS)
    }


class _Trial(Experiment):
    """One trial, from the start of all timers until a candidate has won."""

    def __init__(
        self, protocol: Protocol, scenario: Scenario, begin: float, subtracted: float
    ) -> None:
        self.protocol = protocol
        self.scenario = scenario
        self.begin = begin
        self.subtracted = subtracted
        self.before = 0
        self.elections = 0
        self.won: float | None = None
        self.messages = 0

    def observe(self, step: StepView) -> bool:
        if step.time <= self.begin:
            self.before = step.sent
            return False
        self.elections += step.action == "Timeout"
        if step.action != "BecomeLeader":
            return False
        # The new leader's first messages wait for the disk, so step.sent does not count them.
        self.won = step.time
        self.messages = step.sent - self.before
        return True

    def record(self, result: RunResult) -> dict[str, Any]:
        return {
            "ms": took(result, self.begin + self.subtracted, self.won),
            "messages": result.sent - self.before if self.won is None else self.messages,
            "elections": self.elections,
        }


class Refloated(ElectionFigure):
    """Figure B: election times and messages of *Raft Refloated* (see the module docstring)."""

    id = "B"
    name = "raft-refloated"
    title = "Raft Refloated: election times and messages of four variants"
    paper = Paper(
        authors="H. Howard, M. Schwarzkopf, A. Madhavapeddy and J. Crowcroft",
        title="Raft Refloated: Do We Have Consensus?",
        where="ACM SIGOPS Operating Systems Review 49(1), pages 12-21",
        year=2015,
        figure="election times of the original and of three variants",
    )
    statement = (
        "With time-outs of 150-155 ms the median time to elect a leader is 460 ms in the original "
        "set-up, 166 ms if candidates retry after 23-46 ms, 457 ms with exponential back-off, and "
        "175 ms with both; elections take 113, 52, 85 and 51 messages on average."
    )
    trials = 4000
    parameters = (
        Parameter(
            name="timeouts",
            value=" ".join(RANGES),
            source="read off",
            help="ranges of election time-outs, LOW-HIGH in ms",
            why="the configuration in the published code",
            parse=ranges,
        ),
        Parameter(
            name="variants",
            value=" ".join(VARIANTS),
            source="published",
            help=f"which variants: {', '.join(VARIANTS)}",
            why="the figure's four panels",
            parse=_variants,
        ),
        Parameter(
            name="network",
            value="normal(0.005, 0.003)",
            source="read off",
            help="how long a message travels, a distribution in seconds",
            why="the configuration in the published code: drawn again if it is not positive",
            parse=parse_delay,
        ),
        Parameter(
            name="retry",
            value="23-46",
            source="read off",
            help="time-outs of candidates in the variants fixed and combo, LOW-HIGH in ms",
            why="the configuration in the published code",
            parse=timeouts,
        ),
        Parameter(
            name="alive",
            value="5",
            source="read off",
            help="how many of the five servers are up",
            why="quirk: nobody has crashed (4 would be the experiment that was repeated)",
            parse=_count(3, 5),
        ),
        Parameter(
            name="eligible",
            value="4",
            source="read off",
            help="how many of the five servers have the longest log",
            why="quirk: 3 were meant, and the code counts from 0",
            parse=_count(1, 5),
        ),
        Parameter(
            name="denies",
            value="yes",
            source="read off",
            help="yes or no: a candidate that steps down does not give that vote",
            why="quirk: the code looks at what the server was before it stepped down",
            parse=switch,
        ),
        Parameter(
            name="redraws",
            value="yes",
            source="read off",
            help="yes or no: a server that steps down draws its timer anew",
            why="quirk: the code begins to follow anew",
            parse=switch,
        ),
        Parameter(
            name="correct",
            value="yes",
            source="assumed",
            help="yes or no: show Raft as it is specified beside the variants",
            why="what the original would have been without quirks of the protocol",
            parse=switch,
        ),
        trial_timeout("100", "far more than any trial takes"),
    )

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return one curve per variant and range of timeouts."""
        curves = [
            Curve(
                name=f"{variant} {name}",
                settings={"range": name, "variant": variant},
                chunk=100,
            )
            for variant in values["variants"]
            for name in values["timeouts"]
        ]
        if values["correct"]:
            curves += [
                Curve(
                    name=f"{CORRECT} {name}",
                    settings={"range": name, "variant": CORRECT},
                )
                for name in values["timeouts"]
            ]
        return curves

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed (see the module docstring)."""
        low, high = timeouts(values["range"])
        variant = values["variant"]
        factory: NodeFactory | None = None
        if variant != CORRECT:
            factory = partial(
                RefloatedServer,
                retry=values["retry"] if variant in {"fixed", "combo"} else None,
                backs_off=variant in {"expo", "combo"},
                denies=values["denies"],
                redraws=values["redraws"],
            )
        builder = (
            ScenarioBuilder("refloated", "raft", SERVERS)
            .set("election", f"{low!r}-{high!r}")
            .set("heartbeat", repr(low / 2))
            .network(delay=values["network"])
        )
        ready = different_logs(builder, _lengths(values["eligible"]))
        down = SERVERS[values["alive"] :]
        begin = restarted(builder, ready, SERVERS, down)
        scenario = builder.limit(time=begin + values["trial-timeout"], steps=10**9).build()
        protocol = raft_of(factory)

        def trial(seed: int) -> Experiment:
            return _Trial(protocol, scenario, begin, stream(seed, "crash").random() * low / 2)

        return trial

    # Results -------------------------------------------------------------------------------

    def _table(self) -> dict[str, dict[str, float]]:
        table = published_table("refloated_quantiles")
        return {
            f"{row['variant']} {row['curve_ms']}": {
                str(name): float(value)
                for name, value in row.items()
                if name not in {"variant", "curve_ms", "n"}
            }
            for row in table.to_dict("records")
        }

    def published(self) -> pd.DataFrame:
        """Return the published values (see ``Figure.published``)."""
        import pandas as pd

        rows = [
            {
                "curve": curve,
                "quantity": name,
                "value": value,
                "unit": "messages" if name == "mean_packets" else "ms",
                "where": "raw results in the published repository",
            }
            for curve, row in self._table().items()
            for name, value in row.items()
        ]
        return pd.DataFrame(rows)

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Judge each criterion."""
        table = self._table()
        verdicts: list[CriterionVerdict] = []
        for curve in dict.fromkeys(samples["curve"]):
            elapsed = times(samples, curve)
            if curve not in table:
                why = "nothing was published for this range"
                if curve.startswith(CORRECT):
                    why = "the paper did not run the correct protocol; shown beside the original"
                median = quantile(elapsed, 0.5)
                verdicts.append(unpublished(curve, "the median", median, why))
                continue
            # The published times are truncated to whole milliseconds.
            whole = elapsed.map(lambda value: math.floor(value) if value < math.inf else value)
            verdicts += compared(curve, whole, table[curve], {"p50": 0.05}, 1000)
            messages = samples.loc[samples["curve"] == curve, "messages"]
            verdicts.append(
                value_verdict(
                    curve,
                    "mean number of messages",
                    table[curve]["mean_packets"],
                    float(messages.mean()),
                    mean_interval(messages),
                    0.05,
                    unit="messages",
                    trials=(len(messages), 1000),
                )
            )
        return verdicts

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the published and reproduced distribution functions."""
        from toolkit.display.overlay import distribution_overlay

        table = self._table()
        curves = list(dict.fromkeys(samples["curve"]))
        titles = {variant: f"{variant}: {text}" for variant, text in VARIANTS.items()}
        titles[CORRECT] = "Raft as it is specified, with the same servers"
        return distribution_overlay(
            {curve: times(samples, curve) for curve in curves},
            {
                curve: {level: row[name] for name, level in levels(list(row)).items()}
                for curve, row in table.items()
            },
            panels={curve: (titles[curve.split(" ")[0]],) for curve in curves},
            title="Raft Refloated: time to elect a leader",
            axis="time to elect a leader (ms)",
            logarithmic=True,
        )


FIGURE = Refloated()
"""The registered figure."""
