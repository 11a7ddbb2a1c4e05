"""Tables, diagrams and charts of runs, and the faces of results.

The names in ``__all__`` are loaded from their modules on first use, so that showing a result of
one kind does not load the code for others.  Modules that need pandas or Altair are not among them
and must be imported explicitly.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from toolkit.display.logs import draw_logs, has_logs, log_picture
    from toolkit.display.spacetime import COLUMN, LEFT, spacetime_svg
    from toolkit.display.states import explorer_data, state_table

    EXPLORER_CSS: str
    EXPLORER_JS: str

__all__ = [
    "COLUMN",
    "EXPLORER_CSS",
    "EXPLORER_JS",
    "LEFT",
    "draw_logs",
    "explorer_data",
    "has_logs",
    "log_picture",
    "spacetime_svg",
    "state_table",
]

_FILES = {"EXPLORER_CSS": "explorer.css", "EXPLORER_JS": "explorer.js"}
"""Style sheet and script of the step-by-step view: ``mountExplorer(element, data, onStep)``."""

_MODULES = {
    "COLUMN": "spacetime",
    "LEFT": "spacetime",
    "draw_logs": "logs",
    "explorer_data": "states",
    "has_logs": "logs",
    "log_picture": "logs",
    "spacetime_svg": "spacetime",
    "state_table": "states",
}


def __getattr__(name: str) -> Any:
    if name in _FILES:
        value: Any = (Path(__file__).parent / _FILES[name]).read_text(encoding="utf-8")
    elif name in _MODULES:
        value = getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value
