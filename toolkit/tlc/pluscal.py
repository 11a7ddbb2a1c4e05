"""Translate PlusCal to TLA+ with the translator that is part of TLC."""

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
"""Fairness assumption of the formula ``Spec`` of a translation.

``"none"``; ``"wf"`` or ``"sf"``, weak or strong fairness of each process; ``"wfNext"``, weak
fairness of the next-state relation.
"""

_FAILED = re.compile(r"Unrecoverable error:\s*(.*)", re.DOTALL)
_PLACE = re.compile(r"(?:\s+at)?\s+line \d+, column \d+\.?\s*\Z")
_VERSION = re.compile(r"pcal\.trans Version (.*)")
_QUIET = ("pcal.trans Version", "Parsing completed", "Translation completed", "New file")
_MEMORY = 512


class Translation(msgspec.Struct, frozen=True):
    """A module with the translation of its PlusCal algorithm.

    Parameters
    ----------
    text : str
        Text of the module, in which an earlier translation is replaced.
    version : str
        Version of the translator.
    notes : tuple of str
        Further messages of the translator, for instance the labels that it added.
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

    The translator works in a temporary folder; no other file is written.

    Parameters
    ----------
    text : str
        A module with an algorithm in a comment.
    fairness : str
        See :data:`Fairness`.  Fairness that the algorithm declares (``--fair algorithm``, ``fair
        process``) applies in addition.
    label : bool
        Whether to add missing labels, which are listed in the notes.  Otherwise a missing label
        is an error if the algorithm has processes.
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
        If there is no algorithm, or it has an error; with line and column if the translator
        reports them.
    TlcError
        If the translator failed in another way, or exceeded the time limit.
    JavaNotFoundError, TlcNotFoundError
        If Java or TLC is not found.
    SettingError
        If the fairness is unknown.
    """
    if fairness not in get_args(Fairness):
        raise SettingError(
            f"unknown fairness {fairness!r}", hint=f"known: {', '.join(get_args(Fairness))}"
        )
    name = module_name(text)
    if not has_algorithm(text):
        raise SpecError(
            f"module {name} has no PlusCal algorithm",
            hint="an algorithm starts with (* --algorithm name",
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
        output = "".join(run.lines())
        if run.interrupted is not None:
            raise TlcError(f"the translation of {name} took more than {timeout:g} s")
        if failed := _FAILED.search(output):
            raise _error(failed[1])
        if run.exit_status != 0:
            raise TlcError(
                f"the translator ended with status {run.exit_status}: "
                f"{(output + run.stderr()).strip()[-400:]}",
                hint=f"run '{Invocation('doctor')}'",
            )
        translated = (run.folder / "spec" / f"{name}.tla").read_text(encoding="utf-8")
    version = _VERSION.search(output)
    notes = [line.strip() for line in output.splitlines() if line.strip()]
    return Translation(
        translated,
        version[1].strip() if version else "unknown",
        tuple(line for line in notes if not line.startswith(_QUIET)),
    )


def _error(output: str) -> SpecError:
    """Convert an error of the translator; its location moves from the text to the fields."""
    place = find_location(output)
    words = " ".join(_PLACE.sub("", output.strip()).removeprefix("--").split())
    return SpecError(
        f"PlusCal: {words.rstrip('.')}",
        line=place.line if place else None,
        column=place.column if place else None,
    )


def translate_spec(source: SpecSource, *, fairness: Fairness = "none") -> SpecSource:
    """Translate the PlusCal algorithm in the root module of a specification again.

    Parameters
    ----------
    source : SpecSource
    fairness : str
        See :data:`Fairness`.

    Returns
    -------
    SpecSource
        The specification with the new translation, and with a note if it differs from the old.

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
            f"the translation in {source.root} does not match its algorithm or this version of the "
            "translator; it was replaced for this run"
        )
    notes += [f"PlusCal: {note}" for note in translation.notes]
    return msgspec.structs.replace(
        source,
        modules={**source.modules, source.root: translation.text},
        notes=tuple(notes),
    )


def _plain(text: str) -> list[str]:
    """Return the lines without trailing spaces and without the translator's marks."""
    return [line.rstrip() for line in text.splitlines() if "TRANSLATION" not in line]
