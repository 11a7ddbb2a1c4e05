"""Arguments and options that several commands have, declared once, and how they are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, TypeAlias

import typer

from toolkit.errors import SettingError

__all__ = [
    "AsJson",
    "Jobs",
    "JsonWithItf",
    "MachineName",
    "Memory",
    "ProtocolName",
    "Settings",
    "Timeout",
    "Workers",
    "parse_protocol_settings",
    "parse_settings",
    "trace_files",
]

AsJson: TypeAlias = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
JsonWithItf: TypeAlias = Annotated[
    bool, typer.Option("--json", help="Print one JSON document, values in ITF encoding.")
]
ProtocolName: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROTOCOL", help="A name that 'toolkit protocols' lists.")
]
Settings: TypeAlias = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="A setting of the protocol; repeatable."),
]
MachineName: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--machine",
        metavar="NAME",
        help="The machine that is replicated, as 'toolkit plugins' lists them.  \\[default: kv]",
    ),
]
Jobs: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Processes that simulate; 0: one for each core.")
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option(help="TLC's worker threads; otherwise one per processor.")
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option(help="End a run of TLC after so many seconds.")
]
Memory: TypeAlias = Annotated[
    int | None, typer.Option(help="TLC's heap in MB; otherwise half the machine's.")
]


def parse_settings(pairs: Iterable[str] | None) -> dict[str, str]:
    """Read ``KEY=VALUE`` texts.

    Parameters
    ----------
    pairs : iterable of str or None
        As given on the command line.

    Returns
    -------
    dict of str to str

    Raises
    ------
    SettingError
        If a text has no ``=`` or no key, or a key is given twice.

    Examples
    --------
    >>> parse_settings(["timeout=0.2", "quorum=weighted:n1=2,n2=1"])
    {'timeout': '0.2', 'quorum': 'weighted:n1=2,n2=1'}
    """
    settings: dict[str, str] = {}
    for pair in pairs or []:
        key, equals, value = pair.partition("=")
        key = key.strip()
        if not equals or not key:
            raise SettingError(f"--set {pair!r} is not of the form KEY=VALUE")
        if key in settings:
            raise SettingError(f"--set gives {key!r} twice", hint="give each setting once")
        settings[key] = value.strip()
    return settings


def parse_protocol_settings(pairs: Iterable[str] | None) -> dict[str, dict[str, str]]:
    """Read ``PROTOCOL:KEY=VALUE`` texts.

    Parameters
    ----------
    pairs : iterable of str or None
        As given on the command line.

    Returns
    -------
    dict of str to dict
        Protocol to its settings.

    Raises
    ------
    SettingError
        If a text is not of this form, or a key is given twice.

    Examples
    --------
    >>> parse_protocol_settings(["raft:check-quorum=yes"])
    {'raft': {'check-quorum': 'yes'}}
    """
    found: dict[str, list[str]] = {}
    for pair in pairs or []:
        name, colon, rest = pair.partition(":")
        if not colon or "=" in name:
            raise SettingError(
                f"--set {pair!r} is not of the form PROTOCOL:KEY=VALUE",
                hint="for instance --set PROTOCOL:snapshot=50",
            )
        found.setdefault(name, []).append(rest)
    return {name: parse_settings(given) for name, given in found.items()}


def trace_files(paths: Iterable[Path]) -> list[Path]:
    """Return the trace files that paths name; a folder stands for the traces in it.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files and folders.

    Returns
    -------
    list of pathlib.Path
        In the order given; those of a folder are sorted by name.

    Raises
    ------
    SettingError
        If a folder holds no trace.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(
            file
            for file in path.iterdir()
            if file.name.endswith((".ndjson", ".ndjson.gz")) and not file.name.startswith(".")
        )
        if not found:
            raise SettingError("there is no .ndjson file in this folder", path=path)
        files += found
    return files
