"""The command ``toolkit protocols``: list protocols, settings, scenarios and seeded bugs."""

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
    """List the protocols with their settings, scenarios and seeded bugs."""
    known = [get_protocol(name) for name in protocol_names()]
    if as_json:
        write_json(
            {
                "protocols": [
                    {
                        "name": protocol.name,
                        "title": protocol.title,
                        "settings": dict(protocol.runnable.settings),
                        "scenarios": scenario_names(protocol.name),
                        "bugs": sorted(protocol.bugs),
                        "specification": str(
                            protocol.specification.folder / f"{protocol.specification.module}.tla"
                        ),
                    }
                    for protocol in known
                ]
            }
        )
        return GOOD
    screen = console()
    for protocol in known:
        screen.print(Text.assemble((protocol.name, "bold"), f": {protocol.title}"))
        grid = Table.grid(padding=(0, 2))
        for key, text in protocol.runnable.settings.items():
            grid.add_row(f"  --set {key}=", text)
        grid.add_row("  --scenario", ", ".join(scenario_names(protocol.name)) or "none")
        grid.add_row("  --bug", ", ".join(sorted(protocol.bugs)) or "none")
        grid.add_row(
            "  specification",
            str(protocol.specification.folder / f"{protocol.specification.module}.tla"),
        )
        screen.print(grid)
    return GOOD


protocols_command = guarded(protocols)
"""The command ``toolkit protocols``."""
