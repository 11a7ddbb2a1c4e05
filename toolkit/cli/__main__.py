"""Run the command as ``python -m toolkit.cli``."""

from __future__ import annotations

from toolkit.cli.entry import main

if __name__ == "__main__":
    main()
