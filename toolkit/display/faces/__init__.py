"""One face for each result: how it looks as rich text, as HTML and as JSON.

Commands, notebooks and reports show results through these functions and nothing else.
"""

from __future__ import annotations

from toolkit.display.faces.base import (
    Face,
    face_of,
    register_face,
    to_html,
    to_json,
    to_rich,
    to_text,
)

__all__ = ["Face", "face_of", "register_face", "to_html", "to_json", "to_rich", "to_text"]
