"""Registry of figures, from entry points of the group ``toolkit.figures`` and at run time."""

from __future__ import annotations

from toolkit.errors import SettingError, UnknownNameError
from toolkit.registry import Registry
from toolkit.reproduction.framework import Figure

__all__ = ["FIGURES", "all_figures", "get_figure", "register_figure", "unregister_figure"]

FIGURES: Registry[Figure] = Registry(
    "figure",
    "toolkit.figures",
    lambda plugin: isinstance(plugin, Figure),
    "an object of a subclass of toolkit.reproduction.framework.Figure",
    lambda figure: figure.name,
)
"""All figures, by name."""


def register_figure(figure: Figure) -> None:
    """Register a figure for this process.

    Parameters
    ----------
    figure : Figure
        An object of a subclass of :class:`~toolkit.reproduction.framework.Figure`.

    Raises
    ------
    SettingError
        If another figure has the same name or letter.
    """
    if isinstance(figure, Figure):
        for other in all_figures():
            if other is not figure and other.id.lower() == figure.id.lower():
                raise SettingError(
                    f"the letter {figure.id!r} of figure {figure.name!r} is already used by "
                    f"{other.name!r}",
                    hint="choose another id of one or more letters",
                )
    FIGURES.register(figure)


def unregister_figure(name: str) -> None:
    """Remove a figure registered with :func:`register_figure`; ignore unknown names.

    Parameters
    ----------
    name : str
    """
    FIGURES.unregister(name)


def all_figures() -> tuple[Figure, ...]:
    """Return all figures, in the order of their letters.

    Some letters of the toolkit's own figures are missing, because those figures are not
    implemented: commit costs (E), and throughput (G to I), which needs processors, links and disks
    of limited capacity.

    Returns
    -------
    tuple of Figure

    Raises
    ------
    SettingError
        If a figure's entry point cannot be loaded.

    Examples
    --------
    >>> [figure.id for figure in all_figures() if len(figure.id) == 1]
    ['A', 'B', 'C', 'D', 'F']
    """
    return tuple(sorted(FIGURES.all(), key=lambda figure: (figure.id.lower(), figure.name)))


def get_figure(name: str) -> Figure:
    """Return a figure by letter or name.

    Parameters
    ----------
    name : str
        Letter or name of the figure.

    Returns
    -------
    Figure

    Raises
    ------
    UnknownNameError
        If the figure is unknown.
    SettingError
        If a figure's entry point cannot be loaded.

    Examples
    --------
    >>> get_figure("split-votes").id
    'D'
    """
    if name in FIGURES.names():
        return FIGURES.get(name)
    figures = all_figures()
    for figure in figures:
        if name.lower() in {figure.id.lower(), figure.name.lower()}:
            return figure
    known = ", ".join(f"{figure.id} ({figure.name})" for figure in figures)
    raise UnknownNameError(f"unknown figure {name!r}", hint=f"known: {known}")
