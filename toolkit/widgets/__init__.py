"""Widgets for notebooks: thin views; nothing they show is loaded from a network."""

from __future__ import annotations

from toolkit.widgets.checking import CheckView
from toolkit.widgets.explorer import TraceExplorer
from toolkit.widgets.playground import Playground

__all__ = ["CheckView", "Playground", "TraceExplorer"]
