"""The command ``toolkit trace-spec``: print a generated trace specification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.output import GOOD, console, guarded
from toolkit.protocols.specification import Specification

__all__ = ["specification_at", "trace_spec", "trace_spec_command"]


def specification_at(path: Path) -> Specification:
    """Return the specification that a TLA+ file contains.

    Parameters
    ----------
    path : pathlib.Path
        ``Name.tla``.  Hand-written hooks of its trace specification are read from
        ``NameTrace.tla`` in the same folder, if that file exists.

    Returns
    -------
    Specification
    """
    trace_module = f"{path.stem}Trace"
    return Specification(
        name=path.stem,
        folder=path.parent,
        module=path.stem,
        trace_module=trace_module if (path.parent / f"{trace_module}.tla").is_file() else None,
    )


def trace_spec(
    specification: Annotated[
        str, typer.Argument(metavar="PROTOCOL|FILE", help="A protocol or a .tla file.")
    ],
) -> int:
    """Print the trace specification that is generated from a specification.

    For each action it defines which recorded steps the action may explain, and what of a step is
    the action's node, message and parameters. Hooks that NameTrace.tla defines by hand are left
    out.
    """
    from toolkit.conformance.tracespec import TraceSpec
    from toolkit.protocols import get_protocol

    path = Path(specification)
    source = (
        specification_at(path)
        if path.suffix == ".tla"
        else get_protocol(specification).specification
    )
    spec = TraceSpec(source)
    screen = console()
    screen.print(spec.module, markup=False, highlight=False, soft_wrap=True, end="")
    for action, why in spec.unplaced.items():
        screen.print(rf"\* {action}: {why}", markup=False, highlight=False, soft_wrap=True)
    return GOOD


trace_spec_command = guarded(trace_spec)
"""The command ``toolkit trace-spec``."""
