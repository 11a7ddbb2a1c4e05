"""The command ``toolkit bugs``: run planted bugs and report which check finds each first."""

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
        list[str] | None, typer.Option(help="Only this planted bug; may be repeated.")
    ] = None,
    runs: Annotated[int, typer.Option(min=1, help="Runs of each bug, at least.")] = 10,
    seed: Annotated[int, typer.Option(help="Seed of each bug's first run.")] = 1,
    duration: Annotated[float, typer.Option(help="Seconds that a run simulates.")] = 5.0,
    check: Annotated[
        list[str] | None,
        typer.Option(
            help="A check; repeatable.  \\[default: all that every protocol promises to pass]"
        ),
    ] = None,
    jobs: Jobs = 1,
    workers: Workers = None,
    out: Annotated[Path | None, typer.Option(help="Also write the table here, as CSV.")] = None,
    as_json: AsJson = False,
) -> int:
    """Let planted bugs loose, and see by what each is found, and in which run first.

    Exit status: 0 each was found, 1 at least one was not.
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
                f"the table cannot be written: {error.strerror}", path=out, hint="check the path"
            ) from error
    show(reports, as_json=as_json)
    return GOOD if reports.ok else FOUND


bugs_command = guarded(bugs)
"""The command ``toolkit bugs``."""
