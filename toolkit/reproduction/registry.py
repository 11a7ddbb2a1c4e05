"""Registry of figures."""

from __future__ import annotations

from toolkit.errors import UnknownNameError
from toolkit.reproduction.framework import Figure
from toolkit.reproduction.papers.catalogue import FIGURES

__all__ = ["all_figures", "get_figure"]


def all_figures() -> tuple[Figure, ...]:
    """Return all figures, in the order of their letters.

    Letters are missing where a figure is not implemented: commit costs (E), and throughput (G to
    I), which needs processors, links and disks of limited capacity.

    Examples
    --------
    >>> [figure.id for figure in all_figures()]
    ['A', 'B', 'C', 'D', 'F']
    """
    return FIGURES


def get_figure(name: str) -> Figure:
    """Return the figure with a letter or name.

    Parameters
    ----------
    name : str
        Its letter or its name.

    Raises
    ------
    UnknownNameError
        If there is no such figure.

    Examples
    --------
    >>> get_figure("split-votes").id
    'D'
    """
    for figure in FIGURES:
        if name.lower() in {figure.id.lower(), figure.name}:
            return figure
    known = ", ".join(f"{figure.id} ({figure.name})" for figure in FIGURES)
    raise UnknownNameError(f"unknown figure {name!r}", hint=f"known: {known}")
