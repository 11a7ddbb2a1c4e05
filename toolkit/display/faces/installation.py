"""The face of a diagnosis of the installation."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.installation import Diagnosis

__all__ = ["installation_view"]


def installation_view(diagnosis: Diagnosis) -> Group:
    """Return the findings on the installation and how to fix missing or broken parts.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    rich.console.Group
    """
    table = Table(show_header=True)
    table.add_column("component", no_wrap=True)
    table.add_column("status", no_wrap=True)
    table.add_column("details", overflow="fold")
    for finding in diagnosis.findings:
        style = "bold red" if finding.essential else "yellow"
        need = "" if finding.essential else " (optional)"
        state = (
            Text("ok", "green") if finding.status == "ok" else Text(finding.status + need, style)
        )
        detail = f"{finding.detail}\n-> {finding.mend}" if finding.mend else finding.detail
        table.add_row(finding.name, state, detail)
    if diagnosis.ok:
        end = Text("Everything essential works.", "green")
    else:
        end = Text(
            "Something essential is missing or broken; the arrows show how to fix it.", "bold red"
        )
    return Group(table, end)


register_face("installation", Face(rich=installation_view))
