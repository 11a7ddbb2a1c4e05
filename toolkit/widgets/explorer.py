"""A widget that shows a trace step by step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

from toolkit.conformance import SpecReplay
from toolkit.display import (
    COLUMN,
    EXPLORER_CSS,
    EXPLORER_JS,
    LEFT,
    explorer_data,
    spacetime_svg,
)
from toolkit.trace import Trace

__all__ = ["TraceExplorer"]

_ESM = (
    EXPLORER_JS
    + """
function render({ model, el }) {
  let show = null;
  const draw = () => {
    const data = { ...model.get("data"), step: model.get("step") };
    show = mountExplorer(el, data, (step) => {
      model.set("step", step);
      model.save_changes();
    });
  };
  model.on("change:data", draw);
  model.on("change:step", () => show(model.get("step"), false));
  draw();
}
export default { render };
"""
)


class TraceExplorer(anywidget.AnyWidget):
    """A space-time diagram with a slider and the state after each step.

    If the protocol keeps logs, the logs are drawn as well.  To show a counterexample of TLC,
    convert it with :func:`~toolkit.conformance.counterexample_trace`.

    Parameters
    ----------
    trace : Trace
    followed : SpecReplay, optional
        The specification's states, shown beside the implementation's; differences are red.
    marks : mapping of str to int, optional
        Label of a button to the step that it shows.
    first : int
        The first step whose state can be shown; earlier steps are only in the diagram.  Useful for
        long runs.

    Attributes
    ----------
    step : int
        The shown state: 0 is the initial state, k+1 the state after step k.  Can be observed
        and set.
    """

    _esm = _ESM
    _css = EXPLORER_CSS
    data = traitlets.Dict().tag(sync=True)
    step = traitlets.Int(0).tag(sync=True)

    def __init__(
        self,
        trace: Trace,
        followed: SpecReplay | None = None,
        *,
        marks: Mapping[str, int] | None = None,
        first: int = 0,
    ) -> None:
        data = self._describe(trace, followed, first)
        marked = [list(mark) for mark in (marks or {}).items()]
        super().__init__(data={**data, "marks": marked}, step=first)

    def show(self, trace: Trace, followed: SpecReplay | None = None, *, step: int = 0) -> None:
        """Show another trace.

        Parameters
        ----------
        trace : Trace
        followed : SpecReplay, optional
            The specification's states.
        step : int
            The state to show first; 0 is the initial state.
        """
        data = self._describe(trace, followed)
        with self.hold_trait_notifications(), self.hold_sync():
            self.data = data
            self.step = step

    @staticmethod
    def _describe(trace: Trace, followed: SpecReplay | None, first: int = 0) -> dict[str, Any]:
        verdict = followed.verdict if followed is not None else None
        diverged = verdict.divergence.step if verdict and verdict.divergence else None
        svg = spacetime_svg(trace, diverged=diverged)
        return {
            **explorer_data(trace, followed, first=first),
            "svg": svg,
            "left": LEFT,
            "column": COLUMN,
        }
