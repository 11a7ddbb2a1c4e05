"""The command ``toolkit``, with one module per command.

Code that commands share is in :mod:`~toolkit.cli.options` (parsing), :mod:`~toolkit.cli.output`
(output, errors and exit status), :mod:`~toolkit.cli.progress` (progress bars) and
:mod:`~toolkit.cli.lines` (command lines).
"""

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

    globals()["app"] = app = make_app()
    return app
