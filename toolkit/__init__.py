"""A toolkit to run, model-check, compare and understand consensus protocols."""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.1.0"
