"""What is run with many seeds, as data that another process understands."""

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
    """What is run with one seed after the other: one scenario, or a random one for each seed.

    Parameters
    ----------
    scenario : Scenario or None
        The scenario; ``None`` for random ones.
    nodes : tuple of str
        The nodes of random scenarios.
    bounds : Bounds
        Within what these are drawn.
    settings : mapping of str to str
        The protocol's settings in random scenarios.
    bug : str or None
        A planted bug that every node is to have.
    parameters : mapping or None
        The parameters of the command that repeats a run, besides protocol, seed and bug;
        ``None`` if no command can.
    """

    scenario: Scenario | None
    nodes: tuple[str, ...]
    bounds: Bounds
    settings: Mapping[str, str]
    bug: str | None
    parameters: Mapping[str, object] | None

    def draw(self, protocol: Protocol, seed: int) -> Scenario:
        """Return the scenario that is run with a seed."""
        if self.scenario is not None:
            return self.scenario
        return random_scenario(protocol, self.nodes, seed, self.bounds, self.settings)

    def replay(self, protocol: Protocol, seed: int) -> Invocation | None:
        """Return what repeats the run with a seed alone; ``None`` if no command can."""
        if self.parameters is None:
            return None
        given = dict(self.parameters)
        first = {name: given.pop(name, None) for name in ("scenario", "nodes")}
        return Invocation(
            "simulate",
            {
                "protocol": protocol.name,
                **first,
                "seed": seed,
                "runs": 1,
                **given,
                "bug": self.bug,
                "out": "trace.ndjson",
            },
        )

    def run(
        self, protocol: Protocol, scenario: Scenario, seed: int, sink: Sink | None
    ) -> RunResult:
        """Run the scenario that :meth:`draw` returned for a seed."""
        replay = self.replay(protocol, seed)
        return simulate(
            protocol,
            scenario,
            seed=seed,
            sink=sink,
            bug=self.bug,
            replay=None if replay is None else str(replay),
        )
