"""One HTML page of a demonstration, complete in itself: it loads nothing from anywhere."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import altair as alt
import jinja2
from markupsafe import Markup

from toolkit.conformance import SpecReplay, ValidationReport, Verdict
from toolkit.display import (
    COLUMN,
    EXPLORER_CSS,
    EXPLORER_JS,
    LEFT,
    explorer_data,
    spacetime_svg,
)
from toolkit.display.charts import chart_svg, counts_chart, duel_chart, leader_chart
from toolkit.errors import ToolkitError
from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.papers.duel import duel
from toolkit.reproduction.papers.raft_histories import time_to_leader
from toolkit.sim import Summary
from toolkit.tlc import CheckResult, Model
from toolkit.trace import Trace
from toolkit.values import format_itf

__all__ = ["BACKOFFS", "TIMEOUTS", "write_report"]

BACKOFFS = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)
"""The back-offs that the chart of duelling proposers compares, in seconds."""

TIMEOUTS = ((0.15, 0.175), (0.15, 0.2), (0.15, 0.3), (0.3, 0.6))
"""The election time-outs that the chart of times to a new leader compares, in seconds."""


def _experiments(protocol: str) -> list[alt.LayerChart]:
    """Return the charts of experiments with this protocol."""
    if protocol == "paxos":
        return [duel_chart(duel(BACKOFFS))]
    if protocol == "raft":
        return [leader_chart(time_to_leader(TIMEOUTS, seeds=range(20)))]
    return []


def write_report(
    path: Path,
    *,
    protocol: Protocol,
    trace: Trace,
    followed: SpecReplay,
    check_results: Sequence[tuple[Model, CheckResult]],
    validation: ValidationReport,
    run_summary: Summary,
    planted: tuple[str, Trace, Verdict] | None = None,
) -> Path:
    """Write the page.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    protocol : Protocol
    trace : Trace
        The run that is drawn.
    followed : SpecReplay
        The specification's states beside it.
    check_results : sequence of (Model, CheckResult)
    validation : ValidationReport
    run_summary : Summary
    planted : (str, Trace, Verdict), optional
        A planted bug's name, a run with it, and the verdict that caught it.

    Returns
    -------
    pathlib.Path
        The same path.

    Raises
    ------
    ToolkitError
        If the file cannot be written.
    """
    data = explorer_data(trace, followed)
    shown = {**data, "svg": spacetime_svg(trace), "left": LEFT, "column": COLUMN}
    charts = [
        chart_svg(counts_chart(run_summary.actions, "Actions in all runs")),
        chart_svg(counts_chart(run_summary.faults, "Faults in all runs")),
    ]
    charts += [chart_svg(chart) for chart in _experiments(protocol.name)]
    planted_svg = ""
    if planted is not None and planted[2].divergence is not None:
        planted_svg = spacetime_svg(planted[1], diverged=planted[2].divergence.step)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template("report.html.j2").render(
        title=f"{protocol.title}: what was run, and what TLC says",
        summary=run_summary,
        validation=validation,
        checks=check_results,
        trace=trace,
        followed=followed,
        planted=planted,
        planted_svg=Markup(planted_svg),
        charts=[Markup(chart) for chart in charts],
        data=data,
        text=format_itf,
        css=Markup(EXPLORER_CSS),
        js=Markup(EXPLORER_JS),
        # Inside a script element nothing may look like its end.
        json=Markup(json.dumps(shown).replace("<", "\\u003c")),
    )
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ToolkitError(f"the report cannot be written: {error.strerror}", path=path) from error
    return path
