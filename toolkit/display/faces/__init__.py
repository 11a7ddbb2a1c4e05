"""Faces of results: one rendering of each kind as rich text, HTML and JSON.

Commands, notebooks and reports show results only through these functions.
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
