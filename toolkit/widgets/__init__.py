"""Widgets and cell magics for notebooks, which work without network access.

``%load_ext toolkit.widgets`` registers the cell magics ``%%tla`` and ``%%tlc``.
"""

from __future__ import annotations

from toolkit.widgets.checking import CheckView
from toolkit.widgets.explorer import TraceExplorer
from toolkit.widgets.figure_panel import FigurePanel
from toolkit.widgets.log_playground import LogPlayground
from toolkit.widgets.magics import ModuleView, TlaMagics, load_ipython_extension
from toolkit.widgets.playground import Playground

__all__ = [
    "CheckView",
    "FigurePanel",
    "LogPlayground",
    "ModuleView",
    "Playground",
    "TlaMagics",
    "TraceExplorer",
    "load_ipython_extension",
]
