"""The face of a check of clients' histories."""

from __future__ import annotations

from rich.console import Group
from rich.text import Text

from toolkit.display.faces.base import Face, register_face
from toolkit.histories import LinearizabilityResult, Operation

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
        operations = result.history.operations
        lines.append(
            Text(f"after {len(result.order)} operations of its part nothing fits; the last:")
        )
        lines += [Text(f"  {_operation(operations[at])}") for at in result.order[-5:]]
        lines.append(Text("no place is left for:"))
        lines += [Text(f"  {_operation(operations[at])}") for at in result.blocked]
    return Group(*lines)


def _operation(one: Operation) -> str:
    end = "never answered" if one.returned is None else f"{one.returned:.6g} s: {one.result!r}"
    return f"{one.client} {one.operation!r}, called at {one.called:.6g} s, {end}"


register_face("linearizability", Face(rich=linearizability_view))
