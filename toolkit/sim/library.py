"""Library of the scenarios that come with protocols."""

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
    """Return the scenario files that come with protocols, by the scenario's name."""
    folders = [
        protocol.implementation.scenarios
        for protocol in protocols
        if protocol.implementation is not None
    ]
    return {
        path.stem: path
        for folder in folders
        if folder is not None
        for path in folder.glob("*.scenario")
    }


def _find(name: str) -> Path | None:
    """Find the file of a scenario; the protocol that its name begins with is searched first."""
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
        Return only the scenarios of this protocol.

    Returns
    -------
    list of str
        The names.

    Raises
    ------
    UnknownNameError
        If there is no such protocol.

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
        A name from :func:`scenario_names`.

    Raises
    ------
    UnknownNameError
        If there is no scenario with that name.
    """
    path = _find(name)
    if path is not None:
        return path
    close = get_close_matches(name, scenario_names(), n=1)
    raise UnknownNameError(
        f"unknown scenario {name!r}",
        hint=(f"did you mean {close[0]!r}? " if close else "")
        + f"known: {', '.join(scenario_names())}; for a file, give its path",
    )


def load_scenario(name: str | Path) -> Scenario:
    """Load a scenario by name, or read it from a file or from its text.

    Parameters
    ----------
    name : str or pathlib.Path
        One of: the text of a scenario (a string with several lines); the name of a scenario that
        comes with a protocol; the path of a file (it contains a folder, ends in ``.scenario``, or
        exists).

    Returns
    -------
    Scenario
        The scenario; its ``source`` is `name`, unless `name` is a text.

    Raises
    ------
    UnknownNameError
        If there is no scenario with that name.
    ScenarioError
        If the file cannot be read or is not a valid scenario.

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
