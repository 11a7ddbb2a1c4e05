"""Planted bugs: servers that break one rule each, for tests and lessons."""

from __future__ import annotations

from toolkit.protocols.base import NodeFactory, Stage

__all__ = ["PLANTED", "STAGES"]

PLANTED: dict[str, NodeFactory] = {}
STAGES: dict[str, Stage] = {}
