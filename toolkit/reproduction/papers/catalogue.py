"""The figures that are reproduced, in the order of their letters."""

from __future__ import annotations

from toolkit.reproduction.framework import Figure
from toolkit.reproduction.papers.raft_elections import RaftElections
from toolkit.reproduction.papers.refloated import Refloated
from toolkit.reproduction.papers.scenario_figures import ScenarioFigures
from toolkit.reproduction.papers.split_votes import SplitVotes
from toolkit.reproduction.papers.wan_elections import WanElections

__all__ = ["FIGURES"]

FIGURES: tuple[Figure, ...] = (
    RaftElections(),
    Refloated(),
    WanElections(),
    SplitVotes(),
    ScenarioFigures(),
)
"""One of each."""
