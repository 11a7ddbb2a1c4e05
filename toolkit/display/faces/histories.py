"""The face of a check of clients' histories."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.histories import LinearizabilityResult

__all__ = ["linearizability_view"]


def linearizability_view(result: LinearizabilityResult) -> Group:
    """Return whether a history is linearizable, and where it stops being so.

    Parameters
    ----------
    result : LinearizabilityResult

    Returns
    -------
    rich.console.Group
    """
    head = (
        f"{result.verdict}: {result.operations:,} operations in {result.parts:,} parts, "
        f"{result.steps:,} steps"
    )
    style = "green" if result.ok else "bold red" if result.blocked else "yellow"
    lines = [Text(head, style)]
    if result.blocked:
        lines.append(
            Text(f"after {len(result.order)} operations of its part nothing fits; the last:")
        )
        lines += [Text(f"  {result.describe(at)}") for at in result.order[-5:]]
        lines.append(Text("no place is left for:"))
        lines += [Text(f"  {result.describe(at)}") for at in result.blocked]
    return Group(*lines)


register_face("linearizability", Face(rich=linearizability_view))
