"""The command ``toolkit trace-spec``: print a generated trace specification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.output import GOOD, console, guarded
from toolkit.protocols.specification import Specification

__all__ = ["specification_at", "trace_spec", "trace_spec_command"]


def specification_at(path: Path) -> Specification:
    """Return the specification of a module's file.

    Parameters
    ----------
    path : pathlib.Path
        ``Name.tla``.  What is written by hand of its trace specification is taken from
        ``NameTrace.tla`` beside it, if there is such a file.

    Returns
    -------
    Specification
    """
    beside = f"{path.stem}Trace"
    return Specification(
        name=path.stem,
        folder=path.parent,
        module=path.stem,
        trace_module=beside if (path.parent / f"{beside}.tla").is_file() else None,
    )


def trace_spec(
    specification: Annotated[
        str, typer.Argument(metavar="PROTOCOL|FILE", help="A protocol, or a module's .tla file.")
    ],
) -> int:
    """Print the trace specification that is generated for a specification.

    It says for each action which recorded steps it may explain: what is taken for the node, for
    the message, and for parameters.  What NameTrace.tla beside Name.tla defines by hand is left
    out.
    """
    from toolkit.conformance.tracespec import TraceSpec
    from toolkit.protocols import get_protocol

    path = Path(specification)
    known = (
        specification_at(path)
        if path.suffix == ".tla"
        else get_protocol(specification).specification
    )
    spec = TraceSpec(known)
    screen = console()
    screen.print(spec.module, markup=False, highlight=False, soft_wrap=True, end="")
    for action, why in spec.unplaced.items():
        screen.print(rf"\* {action}: {why}", markup=False, highlight=False, soft_wrap=True)
    return GOOD


trace_spec_command = guarded(trace_spec)
"""The command ``toolkit trace-spec``."""
