"""How results reach their faces: a mixin that lets a result show itself.

A face is how a result looks as rich text, HTML and JSON.  All faces are in
:mod:`toolkit.display.faces`, to the right of the rooms that make results; they are loaded when
a result is shown for the first time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from rich.console import RenderableType

__all__ = ["Shown"]


class Shown:
    """A result that terminals, notebooks and ``print`` show by its face.

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
