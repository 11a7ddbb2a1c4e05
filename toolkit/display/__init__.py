"""Tables, diagrams and charts of what happened.

The modules that need pandas and Altair are imported by their own names.
"""

from __future__ import annotations

from pathlib import Path

from toolkit.display.logs import draw_logs, has_logs, log_picture
from toolkit.display.spacetime import COLUMN, LEFT, spacetime_svg
from toolkit.display.states import explorer_data, state_table

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

_HERE = Path(__file__).parent

EXPLORER_JS = (_HERE / "explorer.js").read_text(encoding="utf-8")
"""The script of the step-by-step view: ``mountExplorer(element, data, onStep)``."""

EXPLORER_CSS = (_HERE / "explorer.css").read_text(encoding="utf-8")
"""Its style."""
