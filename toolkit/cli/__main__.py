"""Run the command as ``python -m toolkit.cli``."""

from __future__ import annotations

from toolkit.cli.app import main

main()
