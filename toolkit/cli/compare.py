"""The command ``toolkit compare``: the same clients and faults on several protocols."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from toolkit.cli.options import AsJson, MachineName, parse_protocol_settings
from toolkit.cli.output import FOUND, GOOD, guarded, note, show
from toolkit.cli.progress import counting
from toolkit.comparison.aimed_faults import OWN
from toolkit.errors import SettingError

__all__ = ["compare", "compare_command"]


def compare(
    seed: Annotated[int, typer.Option(help="What all chance is drawn from.")] = 0,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="A protocol; repeatable.  \\[default: all that can replicate the machine]"
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(min=3, help="How many servers.")] = 5,
    rate: Annotated[float, typer.Option(help="Requests a second, on average.")] = 40.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A kind of fault, in order; repeatable: {', '.join(OWN)}.  "
            "\\[default: all, in an order that the seed decides]"
        ),
    ] = None,
    fault_duration: Annotated[
        float, typer.Option("--fault-duration", "--lasts", help="Seconds that a fault lasts.")
    ] = 1.0,
    fault_interval: Annotated[
        float, typer.Option("--fault-interval", "--rest", help="Seconds between faults.")
    ] = 1.0,
    machine: MachineName = None,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PROTOCOL:KEY=VALUE", help="A protocol's setting; repeatable."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Ask TLC whether the specifications allow it.")
    ] = False,
    run_check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Run this check as well, as 'toolkit plugins check' lists them; repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write scenarios, traces, tables and charts into this folder."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run the same clients and the same faults on several protocols, side by side.

    Exit status: 0, or 1 if what clients saw is not linearizable (or that is not decided), a
    specification does not allow what was done, or another check found something or could look at
    nothing.
    """
    from toolkit.comparison.compare import compare as run_comparison, write_comparison

    if out is not None and out.exists() and not out.is_dir():
        raise SettingError("the results cannot be written: this is no folder", path=out,
                           hint="name a folder, or one that is to be made")  # fmt: skip
    with counting("runs") as progress:
        found = run_comparison(
            seed,
            protocols=tuple(protocol) if protocol else None,
            nodes=nodes,
            rate=rate,
            faults=tuple(fault) if fault else None,
            fault_duration=fault_duration,
            fault_interval=fault_interval,
            machine=machine,
            settings=parse_protocol_settings(settings),
            check=check,
            checks=run_check or (),
            progress=progress,
        )
    if out is not None:
        try:
            names = write_comparison(found, out)
        except OSError as error:
            raise SettingError(
                f"the results cannot be written: {error.strerror}", path=out, hint="check the path"
            ) from error
        note(f"{len(names)} files in {out}: {', '.join(names)}")
    show(found, as_json=as_json)
    return GOOD if found.ok else FOUND


compare_command = guarded(compare)
"""The command ``toolkit compare``."""
