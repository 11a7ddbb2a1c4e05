"""The scenarios that travel with the package."""

from __future__ import annotations

from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from toolkit.errors import UnknownNameError
from toolkit.sim.scenario import Scenario
from toolkit.sim.text import read_scenario

__all__ = ["load_scenario", "scenario_names", "scenario_path"]

_FOLDER = Path(__file__).resolve().parent / "scenarios"


def scenario_names(protocol: str | None = None) -> list[str]:
    """Return the names of the scenarios that travel with the package, sorted.

    Parameters
    ----------
    protocol : str, optional
        Only those for this protocol.

    Examples
    --------
    >>> "paxos-duelling" in scenario_names("paxos")
    True
    """
    names = sorted(path.stem for path in _FOLDER.glob("*.scenario"))
    return [name for name in names if protocol is None or name.startswith(f"{protocol}-")]


def scenario_path(name: str) -> Path:
    """Return the file of a scenario that travels with the package.

    Parameters
    ----------
    name : str
        One of :func:`scenario_names`.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    if name in scenario_names():
        return _FOLDER / f"{name}.scenario"
    close = get_close_matches(name, scenario_names(), n=1)
    raise UnknownNameError(
        f"unknown scenario {name!r}",
        hint=(f"did you mean {close[0]!r}? " if close else "")
        + f"known: {', '.join(scenario_names())}; a file is named by its path",
    )


def load_scenario(name: str | Path) -> Scenario:
    """Return a scenario by its name, or read it from a file.

    Parameters
    ----------
    name : str or pathlib.Path
        The name of a scenario that travels with the package, or the path of a file: whatever
        has a folder in it, ends in ``.scenario``, or is there.

    Returns
    -------
    Scenario
        Its ``source`` is `name`.

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
    if text in scenario_names():
        return replace(read_scenario(scenario_path(text)), source=text)
    if Path(text).suffix == ".scenario" or len(Path(text).parts) > 1 or Path(text).is_file():
        return read_scenario(text)
    return read_scenario(scenario_path(text))
