"""The command ``toolkit compare``: run the same clients and faults on several protocols."""

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
    seed: Annotated[int, typer.Option(help="Seed of all randomness.")] = 0,
    protocol: Annotated[
        list[str] | None,
        typer.Option(
            help="A protocol; repeatable.  \\[default: all that can replicate the machine]"
        ),
    ] = None,
    nodes: Annotated[int, typer.Option(min=3, help="Number of servers.")] = 5,
    rate: Annotated[float, typer.Option(help="Average number of requests per second.")] = 40.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A kind of fault: {', '.join(OWN)}, or one of another package ('toolkit plugins "
            "aimed-fault' lists all); repeatable, in this order.  "
            "\\[default: all, in an order drawn from the seed]"
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
        bool,
        typer.Option("--check", help="Validate the traces against the specifications with TLC."),
    ] = False,
    run_check: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Also run this check ('toolkit plugins check' lists them); repeatable.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write scenarios, traces, tables and charts to this folder."),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """Run the same clients and faults on several protocols and compare them.

    Exit status: 0 no problem was found, 1 a history is not linearizable (or this was not
    decided), a trace is not accepted, or another check has a finding or could not check any run.
    """
    from toolkit.comparison.compare import compare as run_comparison, write_comparison

    if out is not None and out.exists() and not out.is_dir():
        raise SettingError("cannot write the results: not a folder", path=out,
                           hint="name an existing folder or a new one")  # fmt: skip
    with counting("runs") as progress:
        comparison = run_comparison(
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
            names = write_comparison(comparison, out)
        except OSError as error:
            raise SettingError(
                f"cannot write the results: {error.strerror}", path=out, hint="check the path"
            ) from error
        note(f"{len(names)} files in {out}: {', '.join(names)}")
    show(comparison, as_json=as_json)
    return GOOD if comparison.ok else FOUND


compare_command = guarded(compare)
"""The command ``toolkit compare``."""
