"""The command ``toolkit models``: list the models of the manifest."""

from __future__ import annotations

import msgspec
from rich.table import Table

from toolkit.cli.options import AsJson
from toolkit.cli.output import GOOD, console, guarded, write_json
from toolkit.tlc import load_manifest

__all__ = ["models", "models_command"]


def models(
    as_json: AsJson = False,
) -> int:
    """List the models of the manifest with their expected results."""
    manifest = load_manifest()
    if as_json:
        write_json({"models": [msgspec.to_builtins(model) for model in manifest.models]})
        return GOOD
    table = Table(title=f"Models in {manifest.path}", title_justify="left")
    for column in ("name", "expected", "states", "size", "question"):
        table.add_column(column, overflow="fold", no_wrap=column == "name")
    for model in manifest.models:
        expected = model.outcome + (f" of {model.violated}" if model.violated else "")
        states = "" if model.distinct is None else f"{model.distinct:,}"
        table.add_row(model.name, expected, states, model.size, model.title)
    console().print(table)
    return GOOD


models_command = guarded(models)
"""The command ``toolkit models``."""
