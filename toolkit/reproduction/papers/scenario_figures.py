"""Figure F: histories drawn in papers, run as scenarios and checked by TLC.

Figures 7 and 8 of the Raft paper and Figure 1 of the Zab paper show servers' logs at certain
moments.  Each is a scenario of this toolkit.  Its run is compared with the figure cell by cell, its
steps are compared with the scenario's own list, and TLC decides whether the specification allows
it and whether the paper's statements about it hold.

If the run has more entries than the figure, the criterion is missed and the reason is given.
Leaders of this Raft start their term with a no-op entry (section 8), which the figures leave out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

from toolkit.conformance import validate
from toolkit.errors import FigureError
from toolkit.invocation import Invocation
from toolkit.protocols import get_protocol
from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.framework import (
    CriterionVerdict,
    Curve,
    Experiment,
    Figure,
    Paper,
    Parameter,
    Piece,
)
from toolkit.reproduction.papers.elections import switch
from toolkit.sim import (
    RunResult,
    Scenario,
    StepView,
    compare_expected,
    load_scenario,
    simulate_trace,
)
from toolkit.trace import Trace
from toolkit.trace.logview import LogView, NodeState

if TYPE_CHECKING:
    import altair as alt
    import pandas as pd

__all__ = ["PANELS", "Panel", "Said", "ScenarioFigures"]

Cells = Mapping[str, Sequence[str]]
Cell = Callable[[LogView, Any, int], str]


def _round_alone(log: LogView, entry: Any, number: int) -> str:
    return str(number)


def _client_and_ballot(log: LogView, entry: Any, number: int) -> str:
    """Return the client of the entry's first request and the ballot, counted from 1."""
    return f"{log.requests(entry)[0].client.upper()} ({number + 1})"


@dataclass(frozen=True, kw_only=True)
class Said:
    """A paper's statement about a history, as a question to TLC.

    Parameters
    ----------
    text : str
        The statement.
    status : str
        The expected verdict: ``"accepted"``, ``"violates"`` or ``"diverged"``.
    claims : tuple of str
        Properties to check in each state, besides the protocol's invariants.
    broken : tuple of str
        The properties of `claims` that must be violated.
    bug : str, optional
        The seeded bug of the run.
    """

    text: str
    status: str = "accepted"
    claims: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    bug: str | None = None


@dataclass(frozen=True, kw_only=True)
class Panel:
    """A history drawn in a figure.

    Parameters
    ----------
    scenario : str
        Name of the scenario.
    paper : Paper
    moments : mapping of str to (float, mapping)
        Moment, named as in the figure, to its time (s) and each server's entries from index 1.
    said : tuple of Said
        The paper's statements about the history.
    named : mapping of str to str
        Server in the scenario to server in the figure.
    known : mapping of str to str
        Moment to the reason why the run has more entries there than the figure.
    cell : callable
        Returns an entry in the figure's notation, from the log view, the entry and its round.
    """

    scenario: str
    paper: Paper
    moments: Mapping[str, tuple[float, Cells]]
    said: tuple[Said, ...]
    named: Mapping[str, str] = field(default_factory=dict)
    known: Mapping[str, str] = field(default_factory=dict)
    cell: Cell = _round_alone


def _raft(figure: str) -> Paper:
    return Paper(
        authors="D. Ongaro and J. Ousterhout",
        title="In Search of an Understandable Consensus Algorithm",
        where="USENIX ATC, pages 305-319",
        year=2014,
        figure=figure,
    )


_ZAB = Paper(
    authors="F. P. Junqueira, B. C. Reed and M. Serafini",
    title="Zab: High-performance broadcast for primary-backup systems",
    where="DSN, pages 245-256",
    year=2011,
    figure="Figure 1",
)


def _terms(rows: Mapping[str, str]) -> dict[str, list[str]]:
    return {server: list(row.replace(" ", "")) for server, row in rows.items()}


_SERVERS = {f"n{number}": f"S{number}" for number in range(1, 6)}
_A = _terms({"S1": "12", "S2": "12", "S3": "1", "S4": "1", "S5": "1"})
_B = _terms({"S1": "12", "S2": "12", "S3": "1", "S4": "1", "S5": "13"})
_C = _terms({"S1": "124", "S2": "12", "S3": "12", "S4": "1", "S5": "13"})
_C_KNOWN = (
    "S2 has the entry of term 4 as well: a leader sends its first entry at once, and learns only "
    "from the answer to it that S2 has the one before"
)

PANELS: Mapping[str, Panel] = {
    "Raft Figure 7": Panel(
        scenario="raft-figure-7",
        paper=_raft("Figure 7"),
        moments={
            "the figure": (
                0.79,
                _terms(
                    {
                        "top": "111 44 55 666",
                        "a": "111 44 55 66",
                        "b": "111 4",
                        "c": "111 44 55 6666",
                        "d": "111 44 55 666 77",
                        "e": "111 4444",
                        "f": "111 222 33333",
                    }
                ),
            ),
        },
        said=(Said(text="any of (a) to (f) may occur when the leader at the top comes to power"),),
    ),
    "Raft Figure 8 (d)": Panel(
        scenario="raft-figure-8-d",
        paper=_raft("Figure 8, (a) to (d)"),
        named=_SERVERS,
        moments={
            "(a)": (0.19, _A),
            "(b)": (0.231, _B),
            "(c)": (0.395, _C),
            "(d)": (0.6, {server: ["1", "3"] for server in _SERVERS.values()}),
        },
        known={
            "(c)": _C_KNOWN,
            "(d)": "S5 begins its term 5 with an entry of its own (section 8), which the figure "
            "leaves out",
        },
        said=(
            Said(text="an entry on a majority is overwritten, and was not committed: no harm"),
            Said(
                text="committing the entry of term 2 because a majority has it is not allowed",
                bug="commits-by-counting",
                status="diverged",
            ),
        ),
    ),
    "Raft Figure 8 (e)": Panel(
        scenario="raft-figure-8-e",
        paper=_raft("Figure 8, (a) to (c) and (e)"),
        named=_SERVERS,
        moments={
            "(a)": (0.19, _A),
            "(b)": (0.231, _B),
            "(c)": (0.395, _C),
            "(e)": (
                0.42,
                _terms({"S1": "124", "S2": "124", "S3": "124", "S4": "1", "S5": "13"}),
            ),
        },
        known={"(c)": _C_KNOWN},
        said=(Said(text="the entry of term 4 commits all before it, and S5 cannot win"),),
    ),
    "Zab Figure 1, on Paxos": Panel(
        scenario="multipaxos-figure-1",
        paper=_ZAB,
        named={"n1": "A1", "n2": "A2", "n3": "A3"},
        cell=_client_and_ballot,
        moments={
            "after P1": (0.19, {"A1": ["A (1)", "B (1)"], "A2": [], "A3": []}),
            "after P2": (0.39, {"A1": ["A (1)", "B (1)"], "A2": ["C (2)"], "A3": ["C (2)"]}),
            "after P3": (0.64, {"A1": ["C (3)", "B (3)", "D (3)"], "A2": ["C (2)"],
                                "A3": ["C (3)", "B (3)", "D (3)"]}),
        },
        said=(
            Said(text="Paxos allows it: agreement holds"),
            Said(
                text="the order of primaries is broken",
                status="violates",
                claims=("LocalPrimaryOrder", "GlobalPrimaryOrder"),
                broken=("LocalPrimaryOrder", "GlobalPrimaryOrder"),
            ),
        ),
    ),
    "Zab Figure 1, on Zab": Panel(
        scenario="zab-figure-1",
        paper=_ZAB,
        moments={},
        said=(
            Said(
                text="under the same schedule Zab keeps the order of primaries",
                claims=("PrimaryOrder", "PrimaryIntegrity"),
            ),
        ),
    ),
}  # fmt: skip
"""The histories, by name; numbers in parentheses are ballots, counted from 1 as in the figure."""


def _cells(log: LogView, view: NodeState, cell: Cell) -> list[str]:
    """Return the entries whose rounds a node knows in a figure's notation, by index."""
    entries, rounds = log.entries(view), log.entry_rounds(view)
    return [cell(log, entries[index], rounds[index]) for index in sorted(rounds)]


def _logs_at(trace: Trace, protocol: Protocol, panel: Panel, time: float) -> dict[str, list[str]]:
    """Return each server's entries at a time, in the figure's notation."""
    if protocol.log is None:
        raise FigureError(f"the protocol {protocol.name!r} has no log view")
    views = {node: dict(view) for node, view in trace.header.initial.items()}
    for step in trace.steps:
        if step.time is not None and step.time <= time:
            views[step.node] |= step.state or {}
    return {
        panel.named.get(node, node): _cells(protocol.log, view, panel.cell)
        for node, view in views.items()
    }


class _Replay(Experiment):
    """An unchanged scenario, run for its trace."""

    def __init__(self, protocol: Protocol, scenario: Scenario) -> None:
        self.protocol = protocol
        self.scenario = scenario

    def observe(self, step: StepView) -> bool:
        return False

    def record(self, result: RunResult) -> NoReturn:
        raise FigureError(
            "trials of a scenario figure have no record", hint="use its trace instead"
        )


class ScenarioFigures(Figure):
    """Figure F: histories of the Raft and Zab papers (see the module docstring)."""

    id = "F"
    name = "scenario-figures"
    title = "Raft Figures 7 and 8, Zab Figure 1: histories as scenarios, with TLC's verdict"
    paper = Paper(
        authors="D. Ongaro and J. Ousterhout; F. P. Junqueira, B. C. Reed and M. Serafini",
        title="the Raft and the Zab paper",
        where="USENIX ATC 2014; DSN",
        year=2011,
        figure="Figures 7 and 8; Figure 1",
    )
    statement = (
        "Figure 7: what followers' logs may look like when a leader comes to power. Figure 8: why "
        "a leader must not commit an entry of an earlier term by counting. Figure 1: with Paxos, "
        "what a primary proposes may be chosen without what it rests on."
    )
    trials = 1
    bugs = get_protocol("raft").bugs
    parameters = (
        Parameter(
            name="tlc",
            value="yes",
            source="assumed",
            help="yes or no: ask TLC (without it those criteria are not judged)",
            why="it takes some seconds for each",
            parse=switch,
        ),
    )

    def curves(self, values: Mapping[str, Any]) -> Sequence[Curve]:
        """Return one curve per history."""
        return [Curve(name=name, share=0.0, chunk=1) for name in PANELS]

    def prepare(self, curve: Curve, values: Mapping[str, Any]) -> Callable[[int], Experiment]:
        """Return a factory that builds a trial from a seed (see the module docstring)."""
        scenario = load_scenario(PANELS[curve.name].scenario)
        return lambda seed: _Replay(get_protocol(scenario.protocol), scenario)

    def piece(
        self,
        curve: Curve,
        first: int,
        count: int,
        *,
        settings: Mapping[str, str],
        bug: str | None,
        seed: int,
    ) -> Piece:
        """Run the scenario once, compare it with the figure and check it with TLC.

        The result is the same for every trial and seed.
        """
        self.node_factory(bug)
        values = self.values(settings)
        panel = PANELS[curve.name]
        rows = _compare_run(panel, bug)
        rows += [_check_statement(panel, said, bug if said.bug is None else said.bug)
                 if values["tlc"] else _unchecked(said) for said in panel.said]  # fmt: skip
        return Piece(curve.name, first, [rows] * count)

    # Results -------------------------------------------------------------------------------

    def published(self) -> pd.DataFrame:
        """Return the published values (see ``Figure.published``)."""
        import pandas as pd

        rows = [
            {"curve": name, "quantity": f"{moment}, {server}", "value": " ".join(cells),
             "unit": "entries", "where": str(panel.paper)}
            for name, panel in PANELS.items()
            for moment, (_, servers) in panel.moments.items()
            for server, cells in servers.items()
        ]  # fmt: skip
        return pd.DataFrame(rows)

    def summarise(self, samples: pd.DataFrame) -> pd.DataFrame:
        """Return a summary with one row per history.

        Returns
        -------
        pandas.DataFrame
            ``curve``, ``cells`` (number), ``differ`` (number), ``steps`` (whether they equal the
            scenario's list of steps), ``tlc`` (TLC's verdicts, in order).
        """
        import pandas as pd

        rows = []
        for curve, group in samples.groupby("curve", sort=False):
            cells = group[group["kind"] == "cell"]
            answers = group[group["kind"] == "tlc"]
            rows.append(
                {
                    "curve": curve,
                    "cells": len(cells),
                    "differ": int((cells["published"] != cells["reproduced"]).sum()),
                    "steps": "yes" if (group.loc[group["kind"] == "steps", "reproduced"] == "0")
                    .all() else "no",
                    "tlc": "; ".join(map(str, answers["reproduced"])),
                }
            )  # fmt: skip
        return pd.DataFrame(rows)

    def judge(self, samples: pd.DataFrame, values: Mapping[str, Any]) -> list[CriterionVerdict]:
        """Judge each criterion."""
        verdicts: list[CriterionVerdict] = []
        for name, panel in PANELS.items():
            rows = samples[samples["curve"] == name]
            for moment in panel.moments:
                verdicts.append(_judge_moment(name, panel, moment, rows[rows["moment"] == moment]))
            (differing,) = rows.loc[rows["kind"] == "steps", "reproduced"]
            verdicts.append(
                CriterionVerdict(
                    criterion="steps and messages are as the scenario lists them",
                    curve=name,
                    outcome="met" if differing == "0" else "missed",
                    published=0.0,
                    reproduced=float(differing),
                    distance=float(differing),
                    tolerance=0.0,
                    unit="lines that differ",
                    why=""
                    if differing == "0"
                    else f"see {Invocation('simulate', {'scenario': True})}",
                )
            )
            for row in rows[rows["kind"] == "tlc"].to_dict("records"):
                asked = row["reproduced"] != "not asked"
                same = row["published"] == row["reproduced"]
                verdicts.append(
                    CriterionVerdict(
                        criterion=f"TLC: {row['moment']}",
                        curve=name,
                        outcome=("met" if same else "missed") if asked else "not judged",
                        why="" if same else f"expected {row['published']!r}, TLC's verdict is "
                        f"{row['reproduced']!r}" if asked else "TLC was not run (tlc=no)",
                    )
                )  # fmt: skip
        return verdicts

    def chart(self, samples: pd.DataFrame) -> alt.TopLevelMixin:
        """Return a chart of the logs in the figure and in the run."""
        from toolkit.display.overlay import cells_chart

        answers = samples[samples["kind"] == "tlc"]
        captions = {
            curve: [
                f"{row['moment']}. TLC: {row['reproduced']}"
                for row in answers[answers["curve"] == curve].to_dict("records")
            ]
            for curve in dict.fromkeys(samples["curve"])
        }
        return cells_chart(samples[samples["kind"] == "cell"], captions)


def _trace(panel: Panel, bug: str | None) -> tuple[Trace, Scenario]:
    scenario = load_scenario(panel.scenario)
    protocol = get_protocol(scenario.protocol)
    # The figure's bugs are those of Raft; other protocols have different bugs of the same names.
    own_bug = bug if protocol.name == "raft" else None
    return simulate_trace(protocol, scenario, bug=own_bug)[0], scenario


def _row(
    kind: str, moment: str, server: str, index: int, published: str, reproduced: str
) -> dict[str, Any]:
    return {
        "kind": kind,
        "moment": moment,
        "server": server,
        "index": index,
        "published": published,
        "reproduced": reproduced,
    }


def _compare_run(panel: Panel, bug: str | None) -> list[dict[str, Any]]:
    """Compare a run with the figure and with its scenario's list of steps."""
    trace, scenario = _trace(panel, bug)
    protocol = get_protocol(scenario.protocol)
    rows = []
    for moment, (time, published) in panel.moments.items():
        reproduced = _logs_at(trace, protocol, panel, time)
        for server in published:
            theirs, ours = published[server], reproduced[server]
            # A server without entries has one row too.
            for index in range(max(1, len(theirs), len(ours))):
                rows.append(
                    _row(
                        "cell", moment, server, index + 1,
                        theirs[index] if index < len(theirs) else "",
                        ours[index] if index < len(ours) else "",
                    )
                )  # fmt: skip
    changed = [
        line for line in compare_expected(trace, scenario)
        if line[:1] in "+-" and line[:3] not in {"+++", "---"}
    ]  # fmt: skip
    rows.append(_row("steps", "", "", 0, "0", str(len(changed))))
    return rows


def _expected(said: Said) -> str:
    return said.status + (f": {', '.join(said.broken)}" if said.broken else "")


def _check_statement(panel: Panel, said: Said, bug: str | None) -> dict[str, Any]:
    """Validate the run and check the paper's statements with TLC."""
    trace, _ = _trace(panel, bug)
    (verdict,) = validate([trace], explain=0, claims=said.claims).verdicts
    names = list(dict.fromkeys(violation.invariant for violation in verdict.broken))
    # Expected names come first, in their order; unexpected violations must be visible as well.
    broken = [name for name in said.broken if name in names]
    broken += [name for name in names if name not in said.broken]
    answer = verdict.status + (f": {', '.join(broken)}" if broken else "")
    return _row("tlc", said.text, "", 0, _expected(said), answer)


def _unchecked(said: Said) -> dict[str, Any]:
    return _row("tlc", said.text, "", 0, _expected(said), "not asked")


def _judge_moment(name: str, panel: Panel, moment: str, rows: pd.DataFrame) -> CriterionVerdict:
    """Judge the logs at one moment."""
    different = rows[rows["published"] != rows["reproduced"]]
    why = ""
    if len(different):
        # The known reason explains only additional entries.
        only_additional = bool((different["published"] == "").all())
        why = panel.known[moment] if only_additional and moment in panel.known else "; ".join(
            f"{row['server']} at {row['index']}: {row['published'] or 'nothing'} in the figure, "
            f"{row['reproduced'] or 'nothing'} here"
            for row in different.to_dict("records")
        )  # fmt: skip
    return CriterionVerdict(
        criterion=f"{moment}: logs as in the figure",
        curve=name,
        outcome="missed" if len(different) else "met",
        published=float(len(rows)),
        reproduced=float(len(rows) - len(different)),
        distance=float(len(different)),
        tolerance=0.0,
        unit="cells",
        why=why,
    )


FIGURE = ScenarioFigures()
"""The registered figure."""
