"""The face of a check's report on runs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Group
from rich.text import Text

from toolkit.checks import CheckReport
from toolkit.display.faces.base import Face, plural, register_face

__all__ = ["report_view"]

_MOST = 20
"""Maximum number of findings, and of reasons for skipping runs, that are shown."""


def report_view(report: CheckReport, *, names: Sequence[str] | None = None) -> Group:
    """Return a check's findings, what it checked, and which runs it skipped and why.

    Parameters
    ----------
    report : CheckReport
    names : sequence of str, optional
        Names of the runs; by default ``run`` and the number, counted from 0.

    Returns
    -------
    rich.console.Group
    """

    def name(run: int) -> str:
        return f"run {run}" if names is None else names[run]

    style = "bold red" if report.findings else "green" if report.ok else "yellow"
    count = plural(len(report.findings), "finding") if report.findings else "no findings"
    lines = [Text(f"{report.check}: {count}; checked {report.looked_at}", style)]
    lines += [
        Text(
            f"  {name(finding.run)}: {finding.title}"
            + (f": {finding.detail}" if finding.detail else "")
        )
        for finding in report.findings[:_MOST]
    ]
    if len(report.findings) > _MOST:
        lines.append(Text(f"  and {plural(len(report.findings) - _MOST, 'more finding')}"))
    reasons: dict[tuple[str, bool], list[int]] = {}
    for skipped in report.skipped:
        reasons.setdefault((skipped.why, skipped.undecided), []).append(skipped.run)
    for (why, undecided), runs in list(reasons.items())[:_MOST]:
        word = "undecided" if undecided else "skipped"
        lines.append(Text(f"  {plural(len(runs), 'run')} {word}, first {name(runs[0])}: {why}"))
    return Group(*lines)


register_face("check-report", Face(rich=report_view))
