"""Checkpoints, from which TLC can continue a long run.

TLC does not verify that a checkpoint belongs to the given specification.  A violation that was
found before the checkpoint is not found again, because the violating states count as seen.  The
toolkit therefore writes a note into each checkpoint and reads it before it continues a run.
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
    """The note about a run that is stored in its checkpoint.

    Parameters
    ----------
    digest : str
        Digest of the specification (:meth:`SpecSource.digest`).
    fingerprint : int
        Index of the fingerprint polynomial; the stored fingerprints are only valid for this
        polynomial.
    outcome : str
        Outcome of the run.
    violation : bool
        Whether the run found a violation.
    """

    digest: str
    fingerprint: int
    outcome: str
    violation: bool


def checkpoints(folder: Path | str | None) -> set[Path]:
    """List the checkpoints in a folder of states; the folder is created if it does not exist.

    Parameters
    ----------
    folder : path or None
        With ``None`` the result is empty.

    Returns
    -------
    set of pathlib.Path

    Raises
    ------
    SettingError
        If the folder cannot be created or read.
    """
    if folder is None:
        return set()
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        return {path for path in Path(folder).iterdir() if (path / _QUEUE).is_file()}
    except OSError as error:
        raise SettingError(
            f"cannot store states in this folder: {error.strerror}",
            path=Path(folder),
            hint="use a writable folder",
        ) from error


def leave_note(
    folder: Path | str | None,
    before: set[Path],
    recovered: Path | str | None,
    note: CheckpointNote,
) -> str | None:
    """Write a note into the checkpoint of a run.

    Parameters
    ----------
    folder : path or None
        The folder in which the run stored its states.
    before : set of pathlib.Path
        The checkpoints that existed before the run.
    recovered : path or None
        The checkpoint from which the run continued.  TLC continues in that folder, and removes
        it on success.
    note : CheckpointNote

    Returns
    -------
    str or None
        The path of the checkpoint; ``None`` if the run left none.

    Raises
    ------
    SettingError
        If the folder cannot be read.
    """
    new = sorted(checkpoints(folder) - before, key=lambda path: path.stat().st_mtime)
    if not new and recovered is not None and (Path(recovered) / _QUEUE).is_file():
        new = [Path(recovered).absolute()]
    if not new:
        return None
    part = new[-1] / f"{_NOTE}.{os.getpid()}"
    part.write_bytes(msgspec.json.encode(note))
    part.replace(new[-1] / _NOTE)
    return str(new[-1])


def continue_from(checkpoint: Path, source: SpecSource, fingerprint: int) -> tuple[list[str], bool]:
    """Check that a run can continue from a checkpoint.

    Parameters
    ----------
    checkpoint : pathlib.Path
    source : SpecSource
        The specification to check.
    fingerprint : int
        Index of the fingerprint polynomial.

    Returns
    -------
    caveats : list of str
        Limits of the result.
    known : bool
        Whether the checkpoint contains a note.

    Raises
    ------
    SettingError
        If there is no checkpoint, or it belongs to another specification or polynomial, or the run
        that wrote it had found a violation, which would not be found again.
    """
    if not (checkpoint / _QUEUE).is_file():
        raise SettingError(
            "no checkpoint in this folder", path=checkpoint, hint="use a checkpoint folder of TLC"
        )
    caveats = ["continued from a checkpoint: time and depth are counted from there"]
    try:
        note = msgspec.json.decode((checkpoint / _NOTE).read_bytes(), type=CheckpointNote)
    except (OSError, msgspec.MsgspecError):
        caveats.append(
            "the checkpoint contains no note of the toolkit: its specification was not compared "
            "with this one, and a violation found before the checkpoint is not found again"
        )
        return caveats, False
    for item, same in (
        ("specification", note.digest == source.digest()),
        ("fingerprint polynomial", note.fingerprint == fingerprint),
    ):
        if not same:
            raise SettingError(
                f"the checkpoint belongs to another {item}",
                path=checkpoint,
                hint=f"check from the beginning, or use the {item} of the checkpoint",
            )
    if note.violation:
        raise SettingError(
            f"the run had found a violation ({note.outcome}) before this checkpoint, which would "
            "not be found again",
            path=checkpoint,
            hint="check from the beginning; keep_going finds further violations",
        )
    return caveats, True
