"""The command ``toolkit validate``: check recorded traces against their specification."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import JsonWithItf, Memory, Timeout, Workers, trace_files
from toolkit.cli.output import FAILED, FOUND, GOOD, error_note, guarded, note, show
from toolkit.cli.progress import validating
from toolkit.cli.trace_spec import specification_at
from toolkit.conformance import ValidationReport, validate as run_validation
from toolkit.display.faces.validation import MOST_NAMED, verdict_name

__all__ = ["report_status", "validate", "validate_command"]


def report_status(report: ValidationReport) -> int:
    """Return the exit status for a validation report.

    Parameters
    ----------
    report : ValidationReport

    Returns
    -------
    int
    """
    if report.count("diverged") or report.count("violates"):
        return FOUND
    return GOOD if report.ok else FAILED


def validate(
    traces: Annotated[
        list[Path],
        typer.Argument(
            metavar="TRACE...", help="Trace files (NDJSON, also .gz) or folders with trace files."
        ),
    ],
    explain: Annotated[
        int,
        typer.Option(min=0, help="Number of divergences to explain; the others are only located."),
    ] = 10,
    invariants: Annotated[
        bool,
        typer.Option(help="Also evaluate the specification's invariants in every state."),
    ] = True,
    properties: Annotated[
        list[str] | None,
        typer.Option(
            "--property",
            "--claim",
            metavar="NAME",
            help="Also evaluate this property, which the specification defines but does not "
            "guarantee; repeatable.",
        ),
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.tla",
            help="Validate against this specification, regardless of the protocol that the traces "
            "name; FILETrace.tla in the same folder may define hooks of the trace specification.",
        ),
    ] = None,
    workers: Workers = None,
    timeout: Timeout = None,
    memory: Memory = None,
    as_json: JsonWithItf = False,
) -> int:
    """Check with TLC whether the specification allows recorded traces.

    Exit status: 0 every trace is accepted, 1 at least one trace diverges or violates an
    invariant, 2 no trace does, but at least one could not be checked.
    """
    with validating() as progress:
        report = run_validation(
            trace_files(traces),
            specification=specification_at(spec) if spec is not None else None,
            explain=explain,
            invariants=invariants,
            claims=properties or (),
            workers=workers,
            timeout=timeout,
            memory=memory,
            progress=progress,
        )
    show(report, as_json=as_json)
    unchecked = [verdict for verdict in report.verdicts if verdict.status == "not checkable"]
    for verdict in unchecked[:MOST_NAMED]:
        error_note(f"{verdict_name(verdict)}: {verdict.reason}")
    if len(unchecked) > MOST_NAMED:
        note(f"{len(unchecked) - MOST_NAMED:,} more traces could not be checked; see --json")
    return report_status(report)


validate_command = guarded(validate)
"""The command ``toolkit validate``."""
