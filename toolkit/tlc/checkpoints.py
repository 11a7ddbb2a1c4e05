"""Checkpoints: what TLC leaves behind so that a long run can be continued.

TLC does not look whether a checkpoint is that of the specification that it is given, and what a
run had found before it was left is not found again: the states that violate something count as
seen.  A run of ours therefore leaves a note in the checkpoint that says whose it is, and a run
that continues from it reads the note.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from toolkit.errors import SettingError
from toolkit.tlc.source import SpecSource

__all__ = ["CheckpointNote", "checkpoints", "continue_from", "leave_note"]

_NOTE = "toolkit.json"
_QUEUE = "queue.chkpt"


class CheckpointNote(msgspec.Struct, frozen=True):
    """What a run says of the checkpoint that it left.

    Parameters
    ----------
    digest : str
        Of the specification (:meth:`SpecSource.digest`).
    fingerprint : int
        Index of the fingerprint polynomial: the fingerprints that were kept are of no use
        under another one.
    outcome : str
        How the run ended.
    violation : bool
        Whether it had found one.
    """

    digest: str
    fingerprint: int
    outcome: str
    violation: bool


def checkpoints(folder: Path | str | None) -> set[Path]:
    """Return the checkpoints in a folder of states; the folder is made if it is not there.

    Parameters
    ----------
    folder : path or None
        ``None`` for none.

    Raises
    ------
    SettingError
        If the folder cannot be made or read.
    """
    if folder is None:
        return set()
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return {one for one in Path(folder).iterdir() if (one / _QUEUE).is_file()}
    except OSError as error:
        raise SettingError(
            f"states cannot be kept there: {error.strerror}",
            path=Path(folder),
            hint="name a folder that can be written to",
        ) from error


def leave_note(
    folder: Path | str | None,
    before: set[Path],
    recovered: Path | str | None,
    note: CheckpointNote,
) -> str | None:
    """Find the checkpoint that a run left, and put a note into it.

    Parameters
    ----------
    folder : path or None
        Where the run kept its states.
    before : set of pathlib.Path
        The checkpoints that were there before it.
    recovered : path or None
        What it continued from: TLC goes on in that folder, and removes it when it succeeds.
    note : CheckpointNote

    Returns
    -------
    str or None
        The checkpoint, if there is one.
    """
    new = sorted(checkpoints(folder) - before, key=lambda one: one.stat().st_mtime)
    if not new and recovered is not None and (Path(recovered) / _QUEUE).is_file():
        new = [Path(recovered).absolute()]
    if not new:
        return None
    part = new[-1] / f"{_NOTE}.{os.getpid()}"
    part.write_bytes(msgspec.json.encode(note))
    part.replace(new[-1] / _NOTE)
    return str(new[-1])


def continue_from(checkpoint: Path, source: SpecSource, fingerprint: int) -> tuple[list[str], bool]:
    """Look whether a run may continue from a checkpoint.

    Parameters
    ----------
    checkpoint : pathlib.Path
    source : SpecSource
        What is to be checked.
    fingerprint : int
        Index of the fingerprint polynomial.

    Returns
    -------
    caveats : list of str
        In what the answer will say less than it seems to.
    known : bool
        Whether the run that left it said what it was about.

    Raises
    ------
    SettingError
        If it is no checkpoint, or that of another specification or polynomial, or the run that
        left it had found a violation, which would not be found again.
    """
    if not (checkpoint / _QUEUE).is_file():
        raise SettingError(
            "there is no such checkpoint", path=checkpoint, hint="name a folder that TLC left"
        )
    caveats = ["continued from a checkpoint: time and depth count from there"]
    try:
        note = msgspec.json.decode((checkpoint / _NOTE).read_bytes(), type=CheckpointNote)
    except (OSError, msgspec.MsgspecError):
        caveats.append(
            "nothing says what the run that left the checkpoint was about: a violation that it "
            "had found is not found again, and whether its specification was this one was not "
            "looked at"
        )
        return caveats, False
    for what, same in (
        ("specification", note.digest == source.digest()),
        ("fingerprint polynomial", note.fingerprint == fingerprint),
    ):
        if not same:
            raise SettingError(
                f"the checkpoint is that of another {what}",
                path=checkpoint,
                hint="check from the beginning, or name what it was made with",
            )
    if note.violation:
        raise SettingError(
            f"the run that left the checkpoint had found a violation ({note.outcome}), which "
            "would not be found again from there",
            path=checkpoint,
            hint="check from the beginning, with keep_going to find more",
        )
    return caveats, True
