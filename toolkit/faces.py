"""A mixin that displays a result in terminals and notebooks.

A *face* renders a result as rich text, HTML and JSON.  All faces are in
:mod:`toolkit.display.faces`, a higher layer than the packages that produce results; they are
loaded when a result is shown for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Shown"]


class Shown:
    """Mixin for a result that terminals, notebooks and ``print`` show through its face.

    Attributes
    ----------
    face : str
        The name of its face, as registered with :func:`toolkit.display.faces.register_face`.
    """

    __slots__ = ()

    face: ClassVar[str]

    def __rich__(self) -> RenderableType:
        from toolkit.display.faces import to_rich

        return to_rich(self)

    def _repr_html_(self) -> str:
        from toolkit.display.faces import to_html

        return to_html(self)

    def __str__(self) -> str:
        from toolkit.display.faces import to_text

        return to_text(self)
