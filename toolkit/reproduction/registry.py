"""Registry of figures, from entry points of the group ``toolkit.figures`` and at run time."""

from __future__ import annotations

from typing import Any

from toolkit.errors import SettingError, UnknownNameError
from toolkit.registry import Registry
from toolkit.reproduction.framework import Figure

__all__ = [
    "FIGURES",
    "all_figures",
    "get_figure",
    "loadable_figures",
    "register_figure",
    "unregister_figure",
]


def _is_figure(plugin: Any) -> bool:
    if not isinstance(plugin, Figure):
        return False
    for name in ("id", "name", "title", "paper", "statement", "parameters", "trials"):
        if not hasattr(plugin, name):
            raise SettingError(
                f"the figure class {type(plugin).__name__} has no attribute {name!r}",
                hint="toolkit.reproduction.framework.Figure lists the attributes",
            )
    return True


FIGURES: Registry[Figure] = Registry(
    "figure",
    "toolkit.figures",
    _is_figure,
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
    if _is_figure(figure):
        for other in loadable_figures():
            if other is not figure and other.id.lower() == figure.id.lower():
                raise _letter_error(figure, other)
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
        If a figure's entry point cannot be loaded, or two figures have the same letter.

    Examples
    --------
    >>> [figure.id for figure in all_figures() if len(figure.id) == 1]
    ['A', 'B', 'C', 'D', 'F']
    """
    return _sorted(FIGURES.all())


def loadable_figures() -> tuple[Figure, ...]:
    """Return the figures that can be loaded, in the order of their letters.

    Returns
    -------
    tuple of Figure

    Raises
    ------
    SettingError
        If two figures have the same letter.
    """
    return _sorted(FIGURES.loadable())


def _sorted(figures: list[Figure]) -> tuple[Figure, ...]:
    known: dict[str, Figure] = {}
    # The toolkit's own figures come first, so that the error blames the other package.
    for figure in sorted(figures, key=lambda it: not type(it).__module__.startswith("toolkit.")):
        other = known.setdefault(figure.id.lower(), figure)
        if other is not figure:
            raise _letter_error(figure, other)
    return tuple(known[letter] for letter in sorted(known))


def _letter_error(figure: Figure, other: Figure) -> SettingError:
    return SettingError(
        f"the letter {figure.id!r} of figure {figure.name!r} is already used by {other.name!r}",
        hint="choose another id of one or more letters",
    )


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
        If the figure's entry point cannot be loaded, or two figures have the same letter.

    Examples
    --------
    >>> get_figure("split-votes").id
    'D'
    """
    figures = loadable_figures()
    if name in FIGURES.names():
        return FIGURES.get(name)
    for figure in figures:
        if name.lower() in {figure.id.lower(), figure.name.lower()}:
            return figure
    known = ", ".join(f"{figure.id} ({figure.name})" for figure in figures)
    hint = f"known: {known}"
    if broken := sorted({*FIGURES.names()} - {figure.name for figure in figures}):
        hint += f"; cannot be loaded: {', '.join(broken)}"
    raise UnknownNameError(f"unknown figure {name!r}", hint=hint)
