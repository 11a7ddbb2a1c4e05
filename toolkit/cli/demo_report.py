"""The HTML report of a demonstration: one self-contained page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

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
from toolkit.display.charts import chart_svg, counts_chart
from toolkit.display.faces import to_html
from toolkit.errors import ToolkitError
from toolkit.protocols.protocol import Protocol
from toolkit.reproduction.papers.experiments import experiment_charts
from toolkit.sim import Summary
from toolkit.tlc import CheckResult, Model
from toolkit.trace import Trace

__all__ = ["write_report"]


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
    """Write the HTML report of a demonstration.

    Parameters
    ----------
    path : pathlib.Path
        The file to write.
    protocol : Protocol
    trace : Trace
        The trace that is drawn.
    followed : SpecReplay
        The specification's states that are shown beside it.
    check_results : sequence of (Model, CheckResult)
    validation : ValidationReport
    run_summary : Summary
    planted : (str, Trace, Verdict), optional
        Name of a seeded bug, a trace with it, and the verdict that caught it.

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
    charts += [chart_svg(chart) for chart in experiment_charts(protocol.name)]
    planted_svg = ""
    if planted is not None and planted[2].divergence is not None:
        planted_svg = spacetime_svg(planted[1], diverged=planted[2].divergence.step)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
    )
    html = environment.get_template("report.html.j2").render(
        title=f"{protocol.title}: runs and results of TLC",
        summary=run_summary,
        validation=validation,
        checks=check_results,
        trace=trace,
        followed=followed,
        planted=planted,
        planted_svg=Markup(planted_svg),
        charts=[Markup(chart) for chart in charts],
        data=data,
        face=lambda result: Markup(to_html(result)),
        css=Markup(EXPLORER_CSS),
        js=Markup(EXPLORER_JS),
        # "<" is escaped: the text "</script>" would end the script element.
        json=Markup(json.dumps(shown).replace("<", "\\u003c")),
    )
    try:
        path.write_text(html, encoding="utf-8")
    except OSError as error:
        raise ToolkitError(f"cannot write the report: {error.strerror}", path=path) from error
    return path
