"""Arguments and options that several commands share, and their parsers."""

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
    bool, typer.Option("--json", help="Print one JSON document with values in ITF encoding.")
]
ProtocolName: TypeAlias = Annotated[
    str, typer.Argument(metavar="PROTOCOL", help="A name listed by 'toolkit protocols'.")
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
        help="The replicated machine ('toolkit plugins machine' lists them).  \\[default: kv]",
    ),
]
Jobs: TypeAlias = Annotated[
    int, typer.Option(min=0, help="Number of simulating processes; 0: one per core.")
]
Workers: TypeAlias = Annotated[
    int | None, typer.Option(help="TLC's worker threads.  \\[default: one per processor]")
]
Timeout: TypeAlias = Annotated[
    float | None, typer.Option(help="Stop each TLC run after this many seconds.")
]
Memory: TypeAlias = Annotated[
    int | None, typer.Option(help="TLC's heap in MB.  \\[default: half the machine's memory]")
]


def parse_settings(pairs: Iterable[str] | None) -> dict[str, str]:
    """Parse ``KEY=VALUE`` texts.

    Parameters
    ----------
    pairs : iterable of str or None
        Values of ``--set`` on the command line.

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
            raise SettingError(
                f"--set must have the form KEY=VALUE, got {pair!r}",
                hint="for example --set timeout=0.2",
            )
        if key in settings:
            raise SettingError(f"setting {key!r} is given twice", hint="give each setting once")
        settings[key] = value.strip()
    return settings


def parse_protocol_settings(pairs: Iterable[str] | None) -> dict[str, dict[str, str]]:
    """Parse ``PROTOCOL:KEY=VALUE`` texts.

    Parameters
    ----------
    pairs : iterable of str or None
        Values of ``--set`` on the command line.

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
    texts: dict[str, list[str]] = {}
    for pair in pairs or []:
        name, colon, rest = pair.partition(":")
        if not colon or "=" in name:
            raise SettingError(
                f"--set must have the form PROTOCOL:KEY=VALUE, got {pair!r}",
                hint="for example --set PROTOCOL:snapshot=50",
            )
        texts.setdefault(name, []).append(rest)
    return {name: parse_settings(given) for name, given in texts.items()}


def trace_files(paths: Iterable[Path]) -> list[Path]:
    """Return the given trace files, with each folder replaced by the trace files in it.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files and folders.

    Returns
    -------
    list of pathlib.Path
        In the given order; the files of a folder are sorted by name.

    Raises
    ------
    SettingError
        If a folder has no trace file.
    """
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        traces = sorted(
            file
            for file in path.iterdir()
            if file.name.endswith((".ndjson", ".ndjson.gz")) and not file.name.startswith(".")
        )
        if not traces:
            raise SettingError(
                "the folder has no .ndjson file", path=path, hint="name a file or another folder"
            )
        files += traces
    return files
