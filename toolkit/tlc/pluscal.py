"""PlusCal, translated to TLA+ by the translator that comes with TLC."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal, TypeAlias, get_args

import msgspec

from toolkit.errors import SettingError, SpecError, TlcError
from toolkit.invocation import Invocation
from toolkit.tlc.locate import find_java, find_tlc
from toolkit.tlc.modules import find_location, has_algorithm, untranslated
from toolkit.tlc.run import TlcRun
from toolkit.tlc.source import SpecSource, module_name

__all__ = ["Fairness", "Translation", "translate_pluscal", "translate_spec"]

Fairness: TypeAlias = Literal["none", "wf", "sf", "wfNext"]
"""What the formula ``Spec`` of the translation assumes.

Nothing; weak or strong fairness of each process; weak fairness of the whole next-state action.
"""

_FAILED = re.compile(r"Unrecoverable error:\s*(.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\s+at)?\s+line \d+, column \d+\.?\s*\Z")
_VERSION = re.compile(r"pcal\.trans Version (.*)")
_QUIET = ("pcal.trans Version", "Parsing completed", "Translation completed", "New file")
_MEMORY = 512


class Translation(msgspec.Struct, frozen=True):
    """A module with the translation of its algorithm.

    Parameters
    ----------
    text : str
        The whole module; a former translation has been replaced.
    version : str
        The translator's.
    notes : tuple of str
        What the translator said besides, for instance the labels that it added.
    """

    text: str
    version: str
    notes: tuple[str, ...] = ()


def translate_pluscal(
    text: str,
    *,
    fairness: Fairness = "none",
    label: bool = False,
    timeout: float = 120.0,
    java: Path | str | None = None,
    jar: Path | str | None = None,
) -> Translation:
    """Translate the PlusCal algorithm of a module.

    The text is not changed in place, and no file of yours is written: the translator works in
    a folder of its own.

    Parameters
    ----------
    text : str
        A module with an algorithm in a comment.
    fairness : str
        See :data:`Fairness`; what the algorithm says itself (``--fair algorithm``, ``fair
        process``) counts as well.
    label : bool
        Whether to add the labels that are missing, which the notes then name; otherwise a
        missing label is an error where the algorithm has processes.
    timeout : float
        Seconds.
    java, jar : path, optional
        See :func:`~toolkit.tlc.find_java` and :func:`~toolkit.tlc.find_tlc`.

    Returns
    -------
    Translation

    Raises
    ------
    SpecError
        If there is no algorithm, or something is wrong with it: with line and column, where the
        translator gives them.
    TlcError
        If the translator ended otherwise, or not in time.
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run.
    SettingError
        If there is no such fairness.
    """
    if fairness not in get_args(Fairness):
        raise SettingError(f"fairness={fairness!r}", hint=f"one of {', '.join(get_args(Fairness))}")
    name = module_name(text)
    if not has_algorithm(text):
        raise SpecError(
            f"module {name} has no PlusCal algorithm", hint="it begins with (* --algorithm name"
        )
    options = ["-nocfg", "-unixEOL"]
    if fairness != "none":
        options.append(f"-{fairness}")
    if label:
        options += ["-label", "-reportLabels"]
    with TlcRun(
        SpecSource(name, {name: text}, ""),
        arguments=["pcal.trans", *options, f"{name}.tla"],
        memory=_MEMORY,
        java=find_java(java),
        jar=find_tlc(jar),
        short=True,
        timeout=timeout,
    ) as run:
        said = "".join(run.lines())
        if run.interrupted is not None:
            raise TlcError(f"the translation of {name} took more than {timeout:g} s")
        if failed := _FAILED.search(said):
            raise _error(failed[1])
        if run.exit_status != 0:
            raise TlcError(
                f"the translator ended with status {run.exit_status}: "
                f"{(said + run.stderr()).strip()[-400:]}",
                hint=f"run '{Invocation('doctor')}'",
            )
        translated = (run.folder / "spec" / f"{name}.tla").read_text(encoding="utf-8")
    version = _VERSION.search(said)
    notes = [line.strip() for line in said.splitlines() if line.strip()]
    return Translation(
        translated,
        version[1].strip() if version else "unknown",
        tuple(line for line in notes if not line.startswith(_QUIET)),
    )


def _error(said: str) -> SpecError:
    """Return the translator's complaint, its place taken out of its words."""
    place = find_location(said)
    words = " ".join(_PLACE.sub("", said.strip()).removeprefix("--").split())
    return SpecError(
        f"PlusCal: {words.rstrip('.')}",
        line=place.line if place else None,
        column=place.column if place else None,
    )


def translate_spec(source: SpecSource, *, fairness: Fairness = "none") -> SpecSource:
    """Return a specification whose root module has a fresh translation of its algorithm.

    Parameters
    ----------
    source : SpecSource
    fairness : str
        See :data:`Fairness`.

    Returns
    -------
    SpecSource
        With a note where the translation that stood there was another one.

    Raises
    ------
    SpecError, TlcError, JavaNotFoundError, TlcNotFoundError, SettingError
        See :func:`translate_pluscal`.
    """
    before = source.modules[source.root]
    translation = translate_pluscal(before, fairness=fairness)
    notes = [note for note in source.notes if not note.startswith(f"{source.root} has a PlusCal")]
    if not untranslated(before) and _plain(before) != _plain(translation.text):
        notes.append(
            f"the translation that stood in {source.root} was not that of its algorithm, or of "
            "another version of the translator: it was replaced for this run"
        )
    notes += [f"PlusCal: {note}" for note in translation.notes]
    return msgspec.structs.replace(
        source,
        modules={**source.modules, source.root: translation.text},
        notes=tuple(notes),
    )


def _plain(text: str) -> list[str]:
    """Return the lines without spaces at their ends, and without the translator's own marks."""
    return [line.rstrip() for line in text.splitlines() if "TRANSLATION" not in line]
