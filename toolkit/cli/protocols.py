"""The command ``toolkit protocols``: list protocols, settings, scenarios and planted bugs."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from toolkit.cli.options import AsJson
from toolkit.cli.output import GOOD, console, guarded, write_json
from toolkit.protocols import get_protocol, protocol_names
from toolkit.sim import scenario_names

__all__ = ["protocols", "protocols_command"]


def protocols(
    as_json: AsJson = False,
) -> int:
    """List the protocols, with their settings, scenarios and planted bugs."""
    known = [get_protocol(name) for name in protocol_names()]
    if as_json:
        write_json(
            {
                "protocols": [
                    {
                        "name": one.name,
                        "title": one.title,
                        "settings": dict(one.runnable.settings),
                        "scenarios": scenario_names(one.name),
                        "bugs": sorted(one.bugs),
                        "specification": str(
                            one.specification.folder / f"{one.specification.module}.tla"
                        ),
                    }
                    for one in known
                ]
            }
        )
        return GOOD
    screen = console()
    for one in known:
        screen.print(Text.assemble((one.name, "bold"), f": {one.title}"))
        grid = Table.grid(padding=(0, 2))
        for key, text in one.runnable.settings.items():
            grid.add_row(f"  --set {key}=", text)
        grid.add_row("  --scenario", ", ".join(scenario_names(one.name)) or "none")
        grid.add_row("  --bug", ", ".join(sorted(one.bugs)) or "none")
        grid.add_row(
            "  specification", str(one.specification.folder / f"{one.specification.module}.tla")
        )
        screen.print(grid)
    return GOOD


protocols_command = guarded(protocols)
"""The command ``toolkit protocols``."""
