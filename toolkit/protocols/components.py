"""Components: parts of a node that each handle some of its events, with state of their own.

A node class lists the classes of its components in an attribute ``components``, in the order in
which they are asked.  The handlers of components declare actions as those of the node do
(:mod:`toolkit.protocols.actions`).
"""

from __future__ import annotations

from typing import TypeVar

from toolkit.errors import UnknownNameError

__all__ = ["replace_component"]

Kind = TypeVar("Kind", bound=type)


def replace_component(components: tuple[Kind, ...], old: Kind, new: Kind) -> tuple[Kind, ...]:
    """Return the components of a node class with one replaced, in the same order.

    Parameters
    ----------
    components : tuple of type
        The components of a node class.
    old : type
        The component to replace.
    new : type
        The component to put in its place, usually a subclass of it.

    Returns
    -------
    tuple of type

    Raises
    ------
    UnknownNameError
        If `old` is not one of the components.
    """
    if old not in components:
        known = ", ".join(component.__name__ for component in components)
        raise UnknownNameError(
            f"unknown component {old.__name__!r}", hint=f"known components: {known}"
        )
    return tuple(new if component is old else component for component in components)
