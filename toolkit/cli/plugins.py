"""The command ``toolkit plugins``: list everything that packages can add, and who added it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from toolkit.checks import CHECKS
from toolkit.cli.options import AsJson
from toolkit.cli.output import FOUND, GOOD, console, guarded, write_json
from toolkit.comparison.aimed_faults import AIMED_FAULTS
from toolkit.errors import UnknownNameError
from toolkit.machines import MACHINES
from toolkit.protocols import PROTOCOLS
from toolkit.registry import Registry
from toolkit.reproduction.registry import FIGURES
from toolkit.sim.faults import FAULTS

__all__ = ["REGISTRIES", "plugins", "plugins_command"]

REGISTRIES: tuple[Registry[Any], ...] = (
    PROTOCOLS,
    MACHINES,
    FAULTS,
    AIMED_FAULTS,
    CHECKS,
    FIGURES,
)
"""All registries, in the order in which they are listed."""


def plugins(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]",
            help="Only these: " + ", ".join(registry.kind for registry in REGISTRIES) + ".",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List protocols, machines, faults, checks and figures, with the package of each.

    Other packages add to them with entry points. A plug-in that cannot be loaded is listed with
    the reason.

    Exit status: 0 all can be loaded, 1 at least one cannot.
    """
    kinds = {registry.kind: registry for registry in REGISTRIES}
    if kind is not None and kind not in kinds:
        raise UnknownNameError(
            f"unknown kind of plug-in {kind!r}", hint=f"known: {', '.join(kinds)}"
        )
    chosen = list(kinds.values()) if kind is None else [kinds[kind]]
    entries = {registry: registry.entries() for registry in chosen}
    broken = any(one.problem for some in entries.values() for one in some)
    if as_json:
        write_json({"plugins": [asdict(one) for some in entries.values() for one in some]})
        return FOUND if broken else GOOD
    screen = console()
    for registry, some in entries.items():
        table = Table(title=f"{registry.kind} ({registry.group})", title_justify="left")
        table.add_column("name")
        table.add_column("what it is", overflow="fold")
        table.add_column("package", overflow="fold")
        for one in some:
            text = Text(one.title) if one.problem is None else Text(one.problem, "bold red")
            table.add_row(Text(one.name), text, Text(one.origin))
        screen.print(table)
    return FOUND if broken else GOOD


plugins_command = guarded(plugins)
"""The command ``toolkit plugins``."""
