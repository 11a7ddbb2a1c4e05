"""The command ``toolkit plugins``: list all plug-ins with their packages."""

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
"""All registries of plug-ins, in the order of the list."""


def plugins(
    kind: Annotated[
        str | None,
        typer.Argument(
            metavar="[KIND]",
            help="List only this kind: "
            + ", ".join(registry.kind.replace(" ", "-") for registry in REGISTRIES)
            + ".",
        ),
    ] = None,
    as_json: AsJson = False,
) -> int:
    """List all protocols, machines, faults, checks and figures with their packages.

    Other packages add plug-ins with entry points. A plug-in that cannot be loaded is listed with
    the reason.

    Exit status: 0 all plug-ins can be loaded, 1 at least one cannot.
    """
    kinds = {registry.kind.replace(" ", "-"): registry for registry in REGISTRIES}
    kind = None if kind is None else kind.replace(" ", "-")
    if kind is not None and kind not in kinds:
        raise UnknownNameError(
            f"unknown kind of plug-in {kind!r}", hint=f"known: {', '.join(kinds)}"
        )
    chosen = list(kinds.values()) if kind is None else [kinds[kind]]
    entries = {registry: registry.entries() for registry in chosen}
    broken = any(plugin.problem for listed in entries.values() for plugin in listed)
    if as_json:
        write_json(
            {"plugins": [asdict(plugin) for listed in entries.values() for plugin in listed]}
        )
        return FOUND if broken else GOOD
    screen = console()
    for registry, listed in entries.items():
        table = Table(title=f"{registry.kind} ({registry.group})", title_justify="left")
        table.add_column("name")
        table.add_column("description", overflow="fold")
        table.add_column("package", overflow="fold")
        for plugin in listed:
            text = Text(plugin.title)
            if plugin.problem is not None:
                text = Text(plugin.problem, "bold red")
            table.add_row(Text(plugin.name), text, Text(plugin.origin))
        screen.print(table)
    return FOUND if broken else GOOD


plugins_command = guarded(plugins)
"""The command ``toolkit plugins``."""
