"""The scenarios that come with protocols."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from toolkit.errors import SettingError, UnknownNameError
from toolkit.protocols import get_protocol, known_protocols
from toolkit.protocols.protocol import Protocol
from toolkit.sim.scenario import Scenario
from toolkit.sim.text import parse_scenario, read_scenario

__all__ = ["load_scenario", "scenario_names", "scenario_path"]


def _paths(protocols: Iterable[Protocol]) -> dict[str, Path]:
    """Return the scenarios that come with protocols: name to file."""
    folders = [one.implementation.scenarios for one in protocols if one.implementation is not None]
    return {
        path.stem: path
        for folder in folders
        if folder is not None
        for path in folder.glob("*.scenario")
    }


def _find(name: str) -> Path | None:
    """Return the file of a scenario, looking first at the protocol that the name begins with."""
    with suppress(UnknownNameError, SettingError):
        likely = _paths([get_protocol(name.partition("-")[0])])
        if name in likely:
            return likely[name]
    return _paths(known_protocols()).get(name)


def scenario_names(protocol: str | None = None) -> list[str]:
    """Return the names of the scenarios that come with protocols, sorted.

    Parameters
    ----------
    protocol : str, optional
        Only those for this protocol.

    Examples
    --------
    >>> "paxos-duelling" in scenario_names("paxos")
    True
    """
    return sorted(_paths(known_protocols() if protocol is None else [get_protocol(protocol)]))


def scenario_path(name: str) -> Path:
    """Return the file of a scenario that comes with a protocol.

    Parameters
    ----------
    name : str
        One of :func:`scenario_names`.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    path = _find(name)
    if path is not None:
        return path
    close = get_close_matches(name, scenario_names(), n=1)
    raise UnknownNameError(
        f"unknown scenario {name!r}",
        hint=(f"did you mean {close[0]!r}? " if close else "")
        + f"known: {', '.join(scenario_names())}; a file is named by its path",
    )


def load_scenario(name: str | Path) -> Scenario:
    """Return a scenario by its name, or read it from a file or a text.

    Parameters
    ----------
    name : str or pathlib.Path
        The name of a scenario that comes with a protocol; the path of a file: whatever
        has a folder in it, ends in ``.scenario``, or is there; or the text of a scenario:
        whatever has several lines.

    Returns
    -------
    Scenario
        Its ``source`` is `name`, except for a text.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    ScenarioError
        If the file cannot be read, or is no scenario.

    Examples
    --------
    >>> load_scenario("paxos-happy").nodes
    ('n1', 'n2', 'n3')
    """
    text = str(name)
    if "\n" in text:
        return parse_scenario(text)
    path = _find(text)
    if path is not None:
        return replace(read_scenario(path), source=text)
    if Path(text).suffix == ".scenario" or len(Path(text).parts) > 1 or Path(text).is_file():
        return read_scenario(text)
    return read_scenario(scenario_path(text))
