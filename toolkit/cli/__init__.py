"""The command ``toolkit``: one module a command, and what they share in :mod:`.common`."""

from __future__ import annotations

from toolkit.cli.app import app, main

__all__ = ["app", "main"]
