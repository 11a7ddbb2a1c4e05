"""Data frames and statistics of what happened; how they are shown is :mod:`toolkit.display`'s."""
