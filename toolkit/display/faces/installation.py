"""The face of what an installation has and lacks."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.installation import Diagnosis

__all__ = ["installation_view"]


def installation_view(diagnosis: Diagnosis) -> Group:
    """Return what was found, and how to repair what is missing or broken.

    Parameters
    ----------
    diagnosis : Diagnosis

    Returns
    -------
    rich.console.Group
    """
    table = Table(show_header=True)
    table.add_column("what", no_wrap=True)
    table.add_column("how it is", no_wrap=True)
    table.add_column("details", overflow="fold")
    for found in diagnosis.findings:
        style = "bold red" if found.essential else "yellow"
        need = "" if found.essential else " (optional)"
        state = Text("ok", "green") if found.status == "ok" else Text(found.status + need, style)
        detail = f"{found.detail}\n-> {found.mend}" if found.mend else found.detail
        table.add_row(found.name, state, detail)
    if diagnosis.ok:
        end = Text("Everything that is essential is there.", "green")
    else:
        end = Text("Something essential is missing; the arrows say how to mend it.", "bold red")
    return Group(table, end)


register_face("installation", Face(rich=installation_view))
