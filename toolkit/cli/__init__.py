"""The command ``toolkit``: one module a command, and what they share in :mod:`.common`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from toolkit.cli.entry import main

if TYPE_CHECKING:
    import typer

    app: typer.Typer

__all__ = ["app", "main"]


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from toolkit.cli.commands import make_app

    globals()["app"] = found = make_app()
    return found
