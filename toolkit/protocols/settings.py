"""Checks that the settings of several protocols share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from toolkit.errors import SettingError

__all__ = ["Settings"]


class Settings:
    """The settings of a run, taken one by one.

    Parameters
    ----------
    protocol : str
        Whose they are, for messages.
    given : mapping of str to str
        The settings that were given.
    known : mapping of str to str
        Those that there are, name to a line of help.

    Raises
    ------
    SettingError
        If one is given that there is not; so do all methods if a setting cannot be.

    Examples
    --------
    >>> settings = Settings("raft", {"batch": "8"}, {"batch": "most entries", "reads": "how"})
    >>> settings.whole("batch", "16", 1), settings.choice("reads", ("log", "index"))
    (8, 'log')
    """

    def __init__(self, protocol: str, given: Mapping[str, str], known: Mapping[str, str]) -> None:
        self._given = given
        self._known = known
        for name in given:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                raise SettingError(
                    f"unknown setting {name!r} of {protocol}",
                    hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}",
                )

    def text(self, name: str, default: str) -> str:
        """Return a setting as it was given, or its default."""
        return self._given.get(name, default)

    def number(self, name: str, default: str) -> float:
        """Return a setting that is a number above 0."""
        return self._above(name, self.text(name, default))

    def _above(self, name: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            raise SettingError(
                f"setting {name}={text!r} is no number above 0", hint=self._known[name]
            )
        return number

    def span(self, name: str, default: str) -> tuple[float, float]:
        """Return a setting that is two numbers above 0, ``LOW-HIGH``, or one for both."""
        text = self.text(name, default)
        low, dash, high = text.partition("-")
        span = (self._above(name, low), self._above(name, high if dash else low))
        if span[0] > span[1]:
            raise SettingError(f"setting {name}={text!r} is upside down", hint=self._known[name])
        return span

    def whole(self, name: str, default: str, least: int) -> int:
        """Return a setting that is a whole number from ``least`` on."""
        text = self.text(name, default)
        if not text.isdecimal() or int(text) < least:
            raise SettingError(
                f"setting {name}={text!r} is no whole number from {least} on",
                hint=self._known[name],
            )
        return int(text)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return a setting that is one of several words, of which the first is the default."""
        text = self.text(name, choices[0])
        if text not in choices:
            raise SettingError(f"setting {name}={text!r} cannot be", hint=self._known[name])
        return text

    def some(
        self, name: str, nodes: Sequence[str], *, all_by_default: bool = True
    ) -> tuple[str, ...]:
        """Return a setting that is some of the nodes, ``NAME,NAME,...``, in the nodes' order.

        By default it is all of them, or none.
        """
        text = self._given.get(name)
        if text is None:
            return tuple(nodes) if all_by_default else ()
        names = text.split(",")
        strange = [one for one in names if one not in nodes]
        if strange or len(set(names)) < len(names):
            raise SettingError(
                f"setting {name}={text!r} names {strange[0]!r}, which is no node"
                if strange
                else f"setting {name}={text!r} names a node twice",
                hint=f"nodes: {', '.join(nodes)}",
            )
        return tuple(one for one in nodes if one in names)
