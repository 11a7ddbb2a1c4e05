"""A trace, step by step."""

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
    """A space-time diagram with a slider, and the state after each step; logs, if there are any.

    A counterexample of TLC is looked at in the same way, as what
    :func:`~toolkit.conformance.counterexample_trace` makes of it.

    Parameters
    ----------
    trace : Trace
    followed : SpecReplay, optional
        The specification's states, shown beside the implementation's; differences are red.
    marks : mapping of str to int, optional
        Steps that a button leads to, by what is written on it.
    first : int
        The first step that can be shown, for long runs of which only the end is of interest: what
        went before stands in the diagram alone.

    Attributes
    ----------
    step : int
        What is shown: 0 is the initial state, k+1 the state after step k.  Can be observed
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
        """Show another trace, from its beginning or from a step."""
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
