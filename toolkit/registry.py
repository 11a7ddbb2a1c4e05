"""Registries of plug-ins: find a plug-in by name, register one for this process.

Plug-ins are found through entry-point groups, those of other packages in the same way as the
toolkit's own.  :meth:`Registry.register` adds a plug-in for the running process only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from traceback import walk_tb
from typing import Any, Generic, TypeVar

from toolkit.errors import SettingError, UnknownNameError

__all__ = ["Entry", "Registry", "failed_plugin"]

T = TypeVar("T")

_NAME = re.compile(r"[\w.-]+")
"""The form of a plug-in's name, which can be typed without quotes."""


@cache
def _installed(group: str) -> dict[str, EntryPoint]:
    """Return the entry points of a group by name; the first on the path wins a clash of names."""
    points: dict[str, EntryPoint] = {}
    for point in entry_points(group=group):
        points.setdefault(point.name, point)
    return points


@cache
def _packages() -> dict[str, str]:
    """Map each top-level module that provides plug-ins to the name of its distribution."""
    points = entry_points()
    return {
        point.module.partition(".")[0]: point.module if point.dist is None else point.dist.name
        for group in points.groups
        if group.startswith("toolkit.")
        for point in points.select(group=group)
        if point.module.partition(".")[0] != "toolkit"
    }


def failed_plugin(error: BaseException) -> str | None:
    """Return the installed plug-in whose code was running when an exception was raised.

    Parameters
    ----------
    error : BaseException
        The exception, with its traceback.

    Returns
    -------
    str or None
        Package, file and line of the innermost call that belongs to a package with plug-ins;
        ``None`` if there is none.
    """
    for frame, line in reversed(list(walk_tb(error.__traceback__))):
        module = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if module in _packages():
            return f"{_packages()[module]} ({frame.f_code.co_filename}, line {line})"
    return None


@dataclass(frozen=True)
class Entry:
    """A line of the list of plug-ins.

    Parameters
    ----------
    kind : str
        The kind of plug-in, for instance ``"protocol"``.
    name : str
        The plug-in's name.
    title : str
        Description in one line; empty if the plug-in cannot be loaded.
    origin : str
        The distribution that provides the plug-in, or ``"this process"`` if it was registered at
        run time.
    problem : str or None
        The reason why the plug-in cannot be loaded; ``None`` if it can.
    """

    kind: str
    name: str
    title: str
    origin: str
    problem: str | None = None


def _title(plugin: Any) -> str:
    return str(getattr(plugin, "title", ""))


def _no_flaw(plugin: Any) -> str | None:
    return None


class Registry(Generic[T]):
    """Plug-ins of one kind, by name.

    Parameters
    ----------
    kind : str
        The noun for a plug-in in messages, for instance ``"protocol"``.
    group : str
        The entry-point group, for instance ``"toolkit.protocols"``.
    fits : callable
        ``fits(object) -> bool``: whether an object is a plug-in of this kind.
    expected : str
        Description of a valid plug-in for messages, for instance ``"a Figure object"``.
    name_of : callable
        ``name_of(plugin) -> str``: the plug-in's name.
    title_of : callable
        ``title_of(plugin) -> str``: its description in one line; by default its ``title``.
    flaw_of : callable
        ``flaw_of(plugin) -> str or None``: why a plug-in of this kind cannot be used; ``None`` if
        it can.

    Examples
    --------
    >>> colours = Registry("colour", "example.none", lambda it: isinstance(it, str), "a str", str)
    >>> colours.register("green")
    >>> colours.get("green"), colours.names()
    ('green', ['green'])
    >>> colours.get("gren")
    Traceback (most recent call last):
    toolkit.errors.UnknownNameError: unknown colour 'gren' (did you mean 'green'?)
    """

    def __init__(
        self,
        kind: str,
        group: str,
        fits: Callable[[Any], bool],
        expected: str,
        name_of: Callable[[T], str],
        title_of: Callable[[T], str] = _title,
        flaw_of: Callable[[T], str | None] = _no_flaw,
    ) -> None:
        self.kind = kind
        self.group = group
        self._fits = fits
        self._expected = expected
        self._name_of = name_of
        self._title_of = title_of
        self._flaw_of = flaw_of
        self._registered: dict[str, T] = {}
        self._loaded: dict[str, T] = {}

    def register(self, plugin: T) -> None:
        """Register a plug-in for this process under its own name.

        Parameters
        ----------
        plugin : object
            The plug-in.

        Raises
        ------
        SettingError
            If the object is not a plug-in of this kind or cannot be used, or its name is already
            taken.
        """
        article = "an" if self.kind[0] in "aeiou" else "a"
        if not self._fits(plugin):
            raise SettingError(
                f"{plugin!r} cannot be registered as {article} {self.kind}",
                hint=f"register {self._expected}",
            )
        flaw = self._flaw(plugin)
        if flaw is not None:
            label = getattr(plugin, "__name__", None) or self._name_of(plugin)
            raise SettingError(f"{label!r} cannot be registered as {article} {self.kind}: {flaw}")
        name = self._name_of(plugin)
        known = self._registered.get(name)
        if (known is not None and known is not plugin) or (
            known is None and name in _installed(self.group)
        ):
            raise SettingError(
                f"{article} {self.kind} named {name!r} is already registered",
                hint="choose another name, or unregister the registered plug-in",
            )
        self._registered[name] = plugin

    def unregister(self, name: str) -> None:
        """Remove a plug-in that was registered in this process; unknown names are ignored.

        Parameters
        ----------
        name : str
        """
        self._registered.pop(name, None)

    def is_local(self, name: str) -> bool:
        """Return True if a plug-in was registered in this process, so that no other finds it.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        return name in self._registered

    def has_local(self) -> bool:
        """Return True if any plug-in was registered in this process.

        Returns
        -------
        bool
        """
        return bool(self._registered)

    def names(self) -> list[str]:
        """Return the names of all known plug-ins, sorted.

        Returns
        -------
        list of str
        """
        return sorted({*_installed(self.group), *self._registered})

    def get(self, name: str) -> T:
        """Return the plug-in with the given name.

        Parameters
        ----------
        name : str
            The name.

        Returns
        -------
        object

        Raises
        ------
        UnknownNameError
            If no plug-in has the name.
        SettingError
            If its entry point cannot be loaded, or refers to something else.
        """
        if name in self._registered:
            return self._registered[name]
        if name in self._loaded:
            return self._loaded[name]
        point = _installed(self.group).get(name)
        if point is None:
            raise self.unknown(name)
        plugin = self._loaded[name] = self._load(point)
        return plugin

    def unknown(self, name: str) -> UnknownNameError:
        """Return the error for an unknown name, with the most similar known name as a hint.

        Parameters
        ----------
        name : str

        Returns
        -------
        UnknownNameError
        """
        names = self.names()
        close = get_close_matches(name, names, n=1)
        return UnknownNameError(
            f"unknown {self.kind} {name!r}",
            hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(names)}",
        )

    def _flaw(self, plugin: T) -> str | None:
        """Return why a plug-in of this kind cannot be used; ``None`` if it can."""
        flaw = self._flaw_of(plugin)
        if flaw is not None:
            return flaw
        name = self._name_of(plugin)
        if isinstance(name, str) and _NAME.fullmatch(name):
            return None
        return f"its name must consist of letters, digits and _ . -, got {name!r}"

    def _load(self, point: EntryPoint) -> T:
        try:
            plugin = point.load()
        except Exception as error:
            raise SettingError(
                f"the {self.kind} {point.name!r} cannot be loaded: {error}",
                hint=f"check its entry point {point.value!r}",
            ) from error
        if not self._fits(plugin):
            raise SettingError(
                f"the entry point {point.value!r} of the {self.kind} {point.name!r} refers to "
                f"{plugin!r}",
                hint=f"the entry point must refer to {self._expected}",
            )
        checked: T = plugin
        flaw = self._flaw(checked)
        if flaw is not None:
            raise SettingError(
                f"the {self.kind} {point.name!r} of the entry point {point.value!r} cannot be "
                f"used: {flaw}"
            )
        if self._name_of(checked) != point.name:
            raise SettingError(
                f"the entry point {point.name!r} refers to the {self.kind} "
                f"{self._name_of(checked)!r}",
                hint="give the entry point the name of the plug-in",
            )
        return checked

    def all(self) -> list[T]:
        """Return all known plug-ins, sorted by name.

        Returns
        -------
        list

        Raises
        ------
        SettingError
            If a plug-in cannot be loaded.
        """
        return [self.get(name) for name in self.names()]

    def loadable(self) -> list[T]:
        """Return the plug-ins that can be loaded, sorted by name.

        Returns
        -------
        list
        """
        plugins = []
        for name in self.names():
            with suppress(SettingError):
                plugins.append(self.get(name))
        return plugins

    def entries(self) -> list[Entry]:
        """List all known plug-ins, sorted by name, including those that cannot be loaded.

        Returns
        -------
        list of Entry
        """
        entries = []
        for name in self.names():
            origin = "this process"
            if name not in self._registered:
                distribution = _installed(self.group)[name].dist
                origin = "unknown" if distribution is None else distribution.name
            try:
                entries.append(Entry(self.kind, name, self._title_of(self.get(name)), origin))
            except SettingError as error:
                entries.append(Entry(self.kind, name, "", origin, str(error)))
        return entries
