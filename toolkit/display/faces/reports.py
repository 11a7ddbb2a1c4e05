"""The face of a check of runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from toolkit.checks import CheckReport
from toolkit.display.faces.base import Face, plural, register_face

__all__ = ["report_view"]

_MOST = 20
"""The most findings, and reasons for a run to be skipped, that are shown."""


def report_view(report: CheckReport, *, names: Sequence[str] | None = None) -> Group:
    """Return what a check looked at, what it found, and what it skipped and why.

    Parameters
    ----------
    report : CheckReport
    names : sequence of str, optional
        What the runs are called; by default ``run`` and their place, counted from 0.

    Returns
    -------
    rich.console.Group
    """

    def name(run: int) -> str:
        return f"run {run}" if names is None else names[run]

    style = "bold red" if report.findings else "green" if report.ok else "yellow"
    found = plural(len(report.findings), "finding") if report.findings else "nothing found"
    lines = [Text(f"{report.check}: {found}; looked at {report.looked_at}", style)]
    lines += [
        Text(f"  {name(one.run)}: {one.title}" + (f": {one.detail}" if one.detail else ""))
        for one in report.findings[:_MOST]
    ]
    if len(report.findings) > _MOST:
        lines.append(Text(f"  and {plural(len(report.findings) - _MOST, 'more finding')}"))
    reasons: dict[tuple[str, bool], list[int]] = {}
    for one in report.skipped:
        reasons.setdefault((one.why, one.undecided), []).append(one.run)
    for (why, undecided), runs in list(reasons.items())[:_MOST]:
        word = "undecided" if undecided else "skipped"
        lines.append(Text(f"  {plural(len(runs), 'run')} {word}, first {name(runs[0])}: {why}"))
    return Group(*lines)


register_face("check-report", Face(rich=report_view))
