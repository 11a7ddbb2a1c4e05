"""Plan of runs with many seeds, as data that can be sent to another process."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from toolkit.invocation import Invocation
from toolkit.protocols.protocol import Protocol
from toolkit.sim.host import simulate
from toolkit.sim.random_faults import Bounds, random_scenario
from toolkit.sim.results import RunResult
from toolkit.sim.scenario import Scenario
from toolkit.trace import Sink

__all__ = ["RunPlan"]


@dataclass(frozen=True, kw_only=True)
class RunPlan:
    """A plan of runs with consecutive seeds: a fixed scenario, or a random one for each seed.

    Parameters
    ----------
    scenario : Scenario or None
        The scenario; ``None`` for random scenarios.
    nodes : tuple of str
        The nodes of random scenarios.
    bounds : Bounds
        The bounds of random scenarios.
    settings : mapping of str to str
        The protocol's settings in random scenarios.
    bug : str or None
        A seeded bug that every node has.
    parameters : mapping or None
        The parameters of the command that replays a run, except protocol, seed and bug; ``None``
        if no command can replay it.
    """

    scenario: Scenario | None
    nodes: tuple[str, ...]
    bounds: Bounds
    settings: Mapping[str, str]
    bug: str | None
    parameters: Mapping[str, object] | None

    def draw(self, protocol: Protocol, seed: int) -> Scenario:
        """Return the scenario for a seed: the fixed one, or a random one.

        Parameters
        ----------
        protocol : Protocol
            The protocol to run.
        seed : int
            The run's seed.
        """
        if self.scenario is not None:
            return self.scenario
        return random_scenario(protocol, self.nodes, seed, self.bounds, self.settings)

    def replay(self, protocol: Protocol, seed: int) -> Invocation | None:
        """Return the command that replays the run with one seed; ``None`` if there is none.

        Parameters
        ----------
        protocol : Protocol
            The protocol to run.
        seed : int
            The run's seed.
        """
        if self.parameters is None:
            return None
        remaining = dict(self.parameters)
        first = {name: remaining.pop(name, None) for name in ("scenario", "nodes")}
        return Invocation(
            "simulate",
            {
                "protocol": protocol.name,
                **first,
                "seed": seed,
                "runs": 1,
                **remaining,
                "bug": self.bug,
                "out": "trace.ndjson",
            },
        )

    def run(
        self, protocol: Protocol, scenario: Scenario, seed: int, sink: Sink | None
    ) -> RunResult:
        """Run the scenario that :meth:`draw` returned for a seed.

        Parameters
        ----------
        protocol : Protocol
            The protocol to run.
        scenario : Scenario
            The scenario for the seed.
        seed : int
            The run's seed.
        sink : Sink or None
            The receiver of the trace.

        Returns
        -------
        RunResult
            The result of the run.
        """
        replay = self.replay(protocol, seed)
        return simulate(
            protocol,
            scenario,
            seed=seed,
            sink=sink,
            bug=self.bug,
            replay=None if replay is None else str(replay),
        )
