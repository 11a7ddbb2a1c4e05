"""A widget to change the parameters of a run and view it step by step."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets

from toolkit.conformance import SpecReplay, follow
from toolkit.protocols import get_protocol
from toolkit.sim import ScenarioBuilder, simulate_trace
from toolkit.trace import Trace
from toolkit.widgets.explorer import TraceExplorer

__all__ = ["Playground"]

_NODES = ("n1", "n2", "n3")


class Playground(widgets.VBox):  # type: ignore[misc]
    """Sliders for loss, delay, clients and seed over a :class:`TraceExplorer`.

    At the start each client sends a command to a different node.  Every change runs the
    simulation again.  *Ask TLC* validates the run and shows the specification's states.

    Parameters
    ----------
    protocol : str
        Name of a registered protocol that has an implementation.
    seed : int
        Seed of the first run.

    Attributes
    ----------
    trace : Trace
        The trace that is shown.
    followed : SpecReplay or None
        The specification's states; ``None`` until :meth:`ask` is called.

    Raises
    ------
    UnknownNameError
        If the protocol is unknown.
    SettingError
        If the protocol has no implementation.
    """

    def __init__(self, protocol: str, *, seed: int = 1) -> None:
        self._protocol = get_protocol(protocol)
        self._runnable = self._protocol.runnable

        def slider(kind: Any, **options: Any) -> Any:
            return kind(continuous_update=False, style={"description_width": "90px"}, **options)

        self.loss = slider(widgets.FloatSlider, value=0.0, min=0, max=0.5, step=0.05,
                           description="loss")  # fmt: skip
        self.delay = slider(widgets.IntSlider, value=10, min=1, max=100, description="delay (ms)")
        self.clients = slider(widgets.IntSlider, value=1, min=1, max=3, description="clients")
        self.seed = slider(widgets.IntSlider, value=seed, min=0, max=50, description="seed")
        self.report = widgets.HTML()
        self._ask = widgets.Button(description="Ask TLC", icon="check")
        self._ask.on_click(lambda _: self.ask())
        self.trace: Trace = self._simulate()
        self.followed: SpecReplay | None = None
        self.explorer = TraceExplorer(self.trace)
        knobs = [self.loss, self.delay, self.clients, self.seed]
        for knob in knobs:
            knob.observe(self._rerun, names="value")
        self._report()
        super().__init__([widgets.HBox(knobs[:2]), widgets.HBox(knobs[2:]),
                          widgets.HBox([self._ask, self.report]), self.explorer])  # fmt: skip

    def _simulate(self) -> Trace:
        milliseconds = self.delay.value
        low, high = milliseconds / 2000, milliseconds / 667
        builder = ScenarioBuilder("playground", self._protocol.name, _NODES)
        builder = builder.network(delay=f"uniform({low:.6f}, {high:.6f})", loss=self.loss.value)
        timeout = max(0.05, milliseconds / 200)
        for key, value in self._runnable.timing(timeout, 2 * timeout).items():
            builder.set(key, value)
        builder.limit(time=60.0, steps=400)
        for number in range(1, self.clients.value + 1):
            operation = self._runnable.typing({})[0](f"v{number}")
            builder.command(0.0, f"c{number}", operation, f"n{number}")
        trace, self.result = simulate_trace(self._protocol, builder.build(), seed=self.seed.value)
        return trace

    def _rerun(self, change: object) -> None:
        self.trace = self._simulate()
        self.followed = None
        self.explorer.show(self.trace)
        self._report()

    def _report(self, more: str = "") -> None:
        answers = self.result.answers
        answered = (
            f"first answer after {min(answer.time for answer in answers):.3f} s: "
            f"{', '.join(sorted({str(answer.result) for answer in answers}))}"
            if answers
            else "no command was answered"
        )
        self.report.value = html.escape(
            f"{len(self.trace.steps)} steps; end: {self.result.reason}; {answered}. {more}"
        )

    def ask(self) -> SpecReplay:
        """Validate the run with TLC and show the specification's states.

        Returns
        -------
        SpecReplay
        """
        step = self.explorer.step
        self.followed = follow(self.trace)
        self.explorer.show(self.trace, self.followed)
        self.explorer.step = step
        self._report(f"TLC: {self.followed.verdict.status}.")
        return self.followed
