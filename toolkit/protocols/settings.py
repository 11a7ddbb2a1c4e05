"""Checks that the settings of several protocols share, and the older names of settings."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches

from toolkit.errors import SettingError

__all__ = ["ALIASES", "Settings", "current_name"]

ALIASES: tuple[tuple[str, ...], ...] = (("election-timeout", "election", "patience"),)
"""Groups of names that mean the same setting or timer.

Every protocol uses one name of a group and accepts the others, so that older traces, scenario
files and commands still work.
"""


def current_name(name: str, known: Collection[str]) -> str:
    """Return the name that a protocol uses for a setting or timer.

    Parameters
    ----------
    name : str
        The name that was given, possibly an alias.
    known : collection of str
        The names that the protocol uses.

    Returns
    -------
    str
        `name` itself if it is known or has no known alias.

    Examples
    --------
    >>> current_name("patience", ["election-timeout", "heartbeat"])
    'election-timeout'
    >>> current_name("patience", ["election", "heartbeat"]), current_name("batch", ["window"])
    ('election', 'batch')
    """
    if name in known:
        return name
    for group in ALIASES:
        if name in group:
            return next((alias for alias in group if alias in known), name)
    return name


class Settings:
    """Checked access to the settings of a run.

    Parameters
    ----------
    protocol : str
        The protocol's name, for error messages.
    given : mapping of str to str
        The settings that were given.  Aliases are accepted (:data:`ALIASES`); if a setting is
        given under several names, the last one counts.
    known : mapping of str to str
        The protocol's settings, name to a line of help.

    Raises
    ------
    SettingError
        If a setting is unknown.  All methods raise it if a value is not allowed.

    Examples
    --------
    >>> settings = Settings("raft", {"batch": "8"}, {"batch": "most entries", "reads": "how"})
    >>> settings.whole("batch", "16", 1), settings.choice("reads", ("log", "index"))
    (8, 'log')
    """

    def __init__(self, protocol: str, given: Mapping[str, str], known: Mapping[str, str]) -> None:
        self._given = {current_name(name, known): value for name, value in given.items()}
        self._known = known
        for name in self._given:
            if name not in known:
                close = get_close_matches(name, known, n=1)
                raise SettingError(
                    f"unknown setting {name!r} of {protocol}",
                    hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}",
                )

    def text(self, name: str, default: str) -> str:
        """Return a setting as text.

        Parameters
        ----------
        name : str
            The setting.
        default : str
            The value if the setting was not given.
        """
        return self._given.get(name, default)

    def number(self, name: str, default: str) -> float:
        """Return a setting that is a number above 0.

        Parameters
        ----------
        name : str
            The setting.
        default : str
            The value if the setting was not given.
        """
        return self._positive(name, self.text(name, default))

    def _positive(self, name: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 < number < float("inf"):
            raise SettingError(
                f"setting {name} must be a number above 0, not {text!r}", hint=self._known[name]
            )
        return number

    def span(self, name: str, default: str) -> tuple[float, float]:
        """Return a setting that is a range of positive numbers, ``LOW-HIGH`` or a single number.

        Parameters
        ----------
        name : str
            The setting.
        default : str
            The value if the setting was not given.
        """
        text = self.text(name, default)
        low, dash, high = text.partition("-")
        span = (self._positive(name, low), self._positive(name, high if dash else low))
        if span[0] > span[1]:
            raise SettingError(f"setting {name}={text!r}: low exceeds high", hint=self._known[name])
        return span

    def whole(self, name: str, default: str, least: int) -> int:
        """Return a setting that is a whole number.

        Parameters
        ----------
        name : str
            The setting.
        default : str
            The value if the setting was not given.
        least : int
            The lowest value that is allowed.
        """
        text = self.text(name, default)
        if not text.isdecimal() or int(text) < least:
            raise SettingError(
                f"setting {name} must be a whole number of at least {least}, not {text!r}",
                hint=self._known[name],
            )
        return int(text)

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """Return a setting that is one of several words.

        Parameters
        ----------
        name : str
            The setting.
        choices : tuple of str
            The words; the first word is the default.
        """
        text = self.text(name, choices[0])
        if text not in choices:
            raise SettingError(
                f"setting {name} must be {_either(choices)}, not {text!r}", hint=self._known[name]
            )
        return text

    def some(
        self, name: str, nodes: Sequence[str], *, all_by_default: bool = True
    ) -> tuple[str, ...]:
        """Return a setting that lists nodes, ``NAME,NAME,...``, in the order of `nodes`.

        Parameters
        ----------
        name : str
            The setting.
        nodes : sequence of str
            All nodes of the run.
        all_by_default : bool
            Whether the default is all nodes; otherwise the default is an empty tuple.
        """
        text = self._given.get(name)
        if text is None:
            return tuple(nodes) if all_by_default else ()
        names = text.split(",")
        unknown = [node for node in names if node not in nodes]
        if unknown or len(set(names)) < len(names):
            raise SettingError(
                f"setting {name}={text!r}: unknown node {unknown[0]!r}"
                if unknown
                else f"setting {name}={text!r} lists a node twice",
                hint=f"nodes: {', '.join(nodes)}",
            )
        return tuple(node for node in nodes if node in names)


def _either(choices: Sequence[str]) -> str:
    return f"{', '.join(choices[:-1])} or {choices[-1]}"
