"""Locations of the files that are installed with the package: specs, notebooks and data."""

from __future__ import annotations

from pathlib import Path

from toolkit.errors import ToolkitError

__all__ = ["resource_root", "specs_root"]

_PACKAGE = Path(__file__).resolve().parent


def resource_root(name: str) -> Path:
    """Return the folder ``specs``, ``notebooks`` or ``data`` of this installation.

    In a checkout (or an editable install) the folder is next to the package; in an installed
    wheel it is inside the package, under ``_share``.

    Parameters
    ----------
    name : str
        ``"specs"``, ``"notebooks"`` or ``"data"``.

    Returns
    -------
    pathlib.Path
        An existing folder.

    Raises
    ------
    ToolkitError
        If the installation lacks the folder.

    Examples
    --------
    >>> (resource_root("specs") / "manifest.toml").is_file()
    True
    """
    candidates = (_PACKAGE / "_share" / name, _PACKAGE.parent / name)
    for folder in candidates:
        if folder.is_dir():
            return folder
    raise ToolkitError(
        f"the folder {name!r} of this installation is missing",
        hint=f"looked in {' and '.join(map(str, candidates))}; install the package again",
    )


def specs_root() -> Path:
    """Return the folder of the specifications (see :func:`resource_root`).

    Returns
    -------
    pathlib.Path
    """
    return resource_root("specs")
