"""The face of a linearizability check."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.histories import LinearizabilityResult

__all__ = ["linearizability_view"]


def linearizability_view(result: LinearizabilityResult) -> Group:
    """Return the verdict on a history, with the conflicting operations if it is not linearizable.

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
            Text(
                f"the longest valid order of the part has {len(result.order)} operations; the last:"
            )
        )
        lines += [Text(f"  {result.describe(at)}") for at in result.order[-5:]]
        lines.append(Text("operations that cannot follow:"))
        lines += [Text(f"  {result.describe(at)}") for at in result.blocked]
    return Group(*lines)


register_face("linearizability", Face(rich=linearizability_view))
