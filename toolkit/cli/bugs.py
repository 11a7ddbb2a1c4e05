"""The command ``toolkit bugs``: run seeded bugs and report which check finds each first."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.checks import find_bugs
from toolkit.cli.options import AsJson, Jobs, ProtocolName, Workers
from toolkit.cli.output import FOUND, GOOD, guarded, show
from toolkit.cli.progress import counting
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol

__all__ = ["bugs", "bugs_command"]


def bugs(
    protocol: ProtocolName,
    bug: Annotated[
        list[str] | None, typer.Option(help="Run only this seeded bug; repeatable.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Minimum number of runs for each bug.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of the first run of each bug.")] = 1,
    duration: Annotated[float, typer.Option(help="Simulated seconds per run.")] = 5.0,
    check: Annotated[
        list[str] | None,
        typer.Option(
            help="Run this check; repeatable.  "
            "\\[default: all checks that every protocol must pass]"
        ),
    ] = None,
    jobs: Jobs = 1,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table to this CSV file.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run seeded bugs and report which check finds each first.

    Exit status: 0 if every bug was found, 1 if at least one was not.
    """
    plugin = get_protocol(protocol)
    with counting("bugs") as progress:
        reports = find_bugs(
            plugin,
            bug,
            runs=runs,
            seed=seed,
            duration=duration,
            checks=check,
            jobs=jobs,
            workers=workers,
            progress=progress,
        )
    if out is not None:
        try:
            reports.to_frame().to_csv(out, index=False, lineterminator="\n")
        except OSError as error:
            raise SettingError(
                f"cannot write the table: {error.strerror}", path=out, hint="check the path"
            ) from error
    show(reports, as_json=as_json)
    return GOOD if reports.ok else FOUND


bugs_command = guarded(bugs)
"""The command ``toolkit bugs``."""
