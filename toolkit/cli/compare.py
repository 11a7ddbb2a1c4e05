"""The command ``toolkit compare``: the same clients and faults on several protocols."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.cli.common import FOUND, GOOD, console, guarded, note, parse_settings, write_json
from toolkit.cli.simulate import counting
from toolkit.comparison.aimed_faults import FAULTS
from toolkit.errors import SettingError

if TYPE_CHECKING:
    import pandas as pd

    from toolkit.comparison.compare import Comparison

__all__ = ["compare_command", "comparison_json", "comparison_view"]

_ROWS: Mapping[str, tuple[str, str]] = {
    "requests": ("requests asked", "{:,.0f}"),
    "unanswered": ("never answered", "{:,.0f}"),
    "rate": ("answers a second", "{:.1f}"),
    "median": ("latency, median (ms)", "ms"),
    "p99": ("latency, 99th percentile (ms)", "ms"),
    "slowest": ("latency, slowest (ms)", "ms"),
    "undisturbed": ("median when undisturbed (ms)", "ms"),
    "fault": ("median at a fault, with a leader (ms)", "ms"),
    "no leader": ("median without a leader (ms)", "ms"),
    "messages": ("messages a request", "{:.1f}"),
    "bytes": ("bytes a request (JSON)", "{:,.0f}"),
    "leaderless": ("seconds without a leader", "{:.3f}"),
    "recovery": ("slowest recovery from a fault (ms)", "ms"),
    "entries": ("entries committed", "{:,.0f}"),
    "wasted": ("entries stored and overwritten", "{:,.0f}"),
    "differing": ("most places where logs differed", "{:,.0f}"),
    "behind": ("entries behind, in the end", "{:,.0f}"),
}


def _shown(value: Any, form: str) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value * 1000:,.1f}" if form == "ms" else form.format(value)


def _said(value: Any, yes: str, no: str, unknown: str) -> Text:
    if value is None:
        return Text(unknown, "yellow")
    return Text(yes, "green") if value else Text(no, "bold red")


def comparison_view(found: Comparison) -> Group:
    """Return a comparison for people.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    rich.console.Group
    """
    rows = found.summary.to_dict("records")
    table = Table(title=f"The same clients and faults, seed {found.seed}", title_justify="left")
    table.add_column("")
    for row in rows:
        table.add_column(str(row["protocol"]), justify="right")
    for name, (title, form) in _ROWS.items():
        table.add_row(title, *(_shown(row[name], form) for row in rows))
    table.add_row(
        "clients see one store",
        *(_said(row["linearizable"], "linearizable", "NOT LINEARIZABLE", "not decided")
          for row in rows),
    )  # fmt: skip
    table.add_row(
        "specification",
        *(_said(row["allowed"], "allows it", "DOES NOT ALLOW IT", "not asked (--check)")
          for row in rows),
    )  # fmt: skip
    struck = Table(title="Each fault: ms to the first answer (ms without a leader)",
                   title_justify="left")  # fmt: skip
    struck.add_column("fault")
    struck.add_column("at (s)", justify="right")
    for row in rows:
        struck.add_column(str(row["protocol"]), justify="right")
    for number, begin in enumerate(found.sides[0].faults["begin"]):
        cells = []
        for side in found.sides:
            one = side.faults.iloc[number]
            aimed = str(one["target"]) if one["led"] else f"{one['target']}, nobody led"
            cells.append(
                f"{_shown(one['recovery'], 'ms')} ({_shown(one['leaderless'], 'ms')}), {aimed}"
            )
        struck.add_row(str(found.sides[0].faults["kind"].iloc[number]), f"{begin:g}", *cells)
    return Group(table, struck, Text(f"again: {found.replay}"))


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return rows as JSON has them; what is missing is null."""
    rows: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", double_precision=9))
    return rows


def comparison_json(found: Comparison) -> dict[str, Any]:
    """Return a comparison as JSON data; times are in seconds.

    Parameters
    ----------
    found : Comparison

    Returns
    -------
    dict
        ``seed``, ``replay``, ``ok``, and lists of records: ``summary``, ``faults``, ``gaps``,
        ``latency`` (quantiles by protocol and cause), ``messages``, ``throughput``.
    """
    quantiles = [0.1, 0.25, 0.5, 0.75, 0.9, 0.99, 1.0]
    groups = found.latencies.groupby(["protocol", "cause"], sort=False)["seconds"]
    latency = [
        {"protocol": protocol, "cause": cause, "requests": len(seconds)}
        | {f"q{at:g}": float(seconds.quantile(at)) for at in quantiles}
        for (protocol, cause), seconds in groups
    ]
    return {
        "seed": found.seed,
        "replay": found.replay,
        "ok": found.ok,
        "summary": _records(found.summary),
        "faults": _records(found.faults),
        "gaps": _records(found.gaps),
        "latency": latency,
        "messages": _records(found.messages),
        "throughput": _records(found.throughput),
    }


def _settings(pairs: list[str] | None) -> dict[str, dict[str, str]]:
    """Read ``PROTOCOL:KEY=VALUE`` texts."""
    found: dict[str, list[str]] = {}
    for pair in pairs or []:
        name, colon, rest = pair.partition(":")
        if not colon or "=" in name:
            raise SettingError(
                f"--set {pair!r} is not of the form PROTOCOL:KEY=VALUE",
                hint="name the protocol, then its setting: --set PROTOCOL:heartbeat=0.1",
            )
        found.setdefault(name, []).append(rest)
    return {name: parse_settings(given) for name, given in found.items()}


def _compare(
    seed: Annotated[int, typer.Option(help="What all chance is drawn from.")] = 0,
    protocol: Annotated[
        list[str] | None,
        typer.Option(help="A protocol; repeatable.  [default: all that replicate a store]"),
    ] = None,
    nodes: Annotated[int, typer.Option(min=3, help="How many servers.")] = 5,
    rate: Annotated[float, typer.Option(help="Requests a second, on average.")] = 40.0,
    fault: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A kind of fault, in order; repeatable: {', '.join(FAULTS)}.  "
            "[default: all, in an order that the seed decides]"
        ),
    ] = None,
    lasts: Annotated[float, typer.Option(help="Seconds that a fault lasts.")] = 1.0,
    rest: Annotated[float, typer.Option(help="Seconds between faults.")] = 1.0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="PROTOCOL:KEY=VALUE", help="A protocol's setting; repeatable."
        ),
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Ask TLC whether the specifications allow it.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="Write scenarios, traces, tables and charts into this folder."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> int:
    """Run the same clients and the same faults on several protocols, side by side.

    Exit status: 0, or 1 if what clients saw is not linearizable (or that is not decided), or a
    specification does not allow what was done.
    """
    from toolkit.comparison.compare import compare, write_comparison

    if out is not None and out.exists() and not out.is_dir():
        raise SettingError("the results cannot be written: this is no folder", path=out,
                           hint="name a folder, or one that is to be made")  # fmt: skip
    with counting("runs") as progress:
        found = compare(
            seed,
            protocols=tuple(protocol) if protocol else None,
            nodes=nodes,
            rate=rate,
            faults=tuple(fault) if fault else None,
            lasts=lasts,
            rest=rest,
            settings=_settings(settings),
            check=check,
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
    if as_json:
        write_json(comparison_json(found))
    else:
        console().print(comparison_view(found))
    return GOOD if found.ok else FOUND


compare_command = guarded(_compare)
"""The command ``toolkit compare``."""
