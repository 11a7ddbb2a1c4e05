"""Storage of trials: a Parquet file for a finished run, a journal for an unfinished one.

During a run each finished piece is appended to ``NAME.unfinished.ndjson``: one line that
identifies the run, and one line a piece.  An interruption loses only the piece in progress; the
same command resumes from there.  At the end the samples are written to ``NAME.parquet`` in one
step and the journal is removed.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

import msgspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

import toolkit
from toolkit.errors import FigureError
from toolkit.reproduction.framework import Curve, Piece

__all__ = ["Store", "code_digest", "fingerprint", "missing", "samples_frame"]

Rows = list[dict[str, Any]]

_MARK = b"toolkit.fingerprint"


class _Head(msgspec.Struct, frozen=True):
    """The first line of a journal."""

    fingerprint: str
    command: str


def code_digest() -> str:
    """Return a digest of the code that samples depend on; samples of other code are not reused.

    Returns
    -------
    str
        Hexadecimal SHA-256.
    """
    package = Path(toolkit.__file__).parent
    digest = hashlib.sha256()
    for folder in ("hosting", "sim", "protocols", "machines", "reproduction"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(path.relative_to(package).as_posix().encode())
            digest.update(path.read_bytes())
    for path in sorted((package / "protocols").rglob("*.scenario")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def fingerprint(figure: str, seed: int, settings: Mapping[str, str], bug: str | None) -> str:
    """Return a fingerprint that differs between runs whose samples must not be mixed.

    Parameters
    ----------
    figure : str
        The figure's letter.
    seed : int
    settings : mapping of str to str
        The parameters, defaults included.
    bug : str or None

    Returns
    -------
    str
    """
    identity = [figure, seed, dict(sorted(settings.items())), bug, code_digest()]
    return hashlib.sha256(msgspec.json.encode(identity, order="sorted")).hexdigest()


def samples_frame(
    curves: Sequence[Curve], counts: Mapping[str, int], done: Mapping[tuple[str, int], Rows]
) -> pd.DataFrame:
    """Return finished trials as a table, in the order of curves and trials.

    Parameters
    ----------
    curves : sequence of Curve
    counts : mapping of str to int
        Number of trials of each curve.
    done : mapping
        Curve and trial to the measured values.

    Returns
    -------
    pandas.DataFrame
        ``curve``, ``trial`` and the measured values.
    """
    rows = [
        {"curve": curve.name, "trial": trial, **row}
        for curve in curves
        for trial in range(counts[curve.name])
        for row in done[curve.name, trial]
    ]
    return pd.DataFrame(rows)


class Store:
    """The samples of a run in a folder.

    Parameters
    ----------
    folder : pathlib.Path
        Created if it does not exist.
    name : str
        Common name of the files.
    mark : str
        The run's fingerprint.
    command : str
        The command that resumes the run.
    fresh : bool
        Whether earlier files are discarded.

    Attributes
    ----------
    done : dict
        Curve and trial to the measured values found in the folder.
    torn : bool
        Whether the journal's last line was incomplete; its trials are run again.

    Raises
    ------
    FigureError
        If the folder holds an unfinished run with other settings, or an unreadable journal.
    """

    def __init__(
        self, folder: Path, name: str, mark: str, command: str, *, fresh: bool = False
    ) -> None:
        self.folder = folder
        self.samples = folder / f"{name}.parquet"
        self.journal = folder / f"{name}.unfinished.ndjson"
        self.mark = mark
        self.command = command
        self.done: dict[tuple[str, int], Rows] = {}
        self.torn = False
        self._file: BinaryIO | None = None
        folder.mkdir(parents=True, exist_ok=True)
        if fresh:
            self.journal.unlink(missing_ok=True)
        else:
            self._read_samples()
        valid = self._read_journal()
        # Opened before the trials, so that a folder that is not writable is reported at once.
        self._file = self.journal.open("r+b" if valid else "wb")
        self._file.truncate(valid)
        self._file.seek(valid)
        if not valid:
            self._append(msgspec.json.encode(_Head(mark, command)))

    def _read_samples(self) -> None:
        """Read the samples of a finished run with the same fingerprint."""
        try:
            metadata = pq.read_schema(self.samples).metadata or {}
            if metadata.get(_MARK) != self.mark.encode():
                return
            frame = pd.read_parquet(self.samples)
        except FileNotFoundError:
            return
        except (OSError, pa.ArrowInvalid):
            # The file was not written by this class; it is overwritten with new samples.
            return
        for row in frame.to_dict("records"):
            values = {str(name): value for name, value in row.items()}
            curve, trial = str(values.pop("curve")), int(values.pop("trial"))
            self.done.setdefault((curve, trial), []).append(values)

    def _read_journal(self) -> int:
        """Read an unfinished run's journal and return the length of its valid part in bytes."""
        try:
            lines = self.journal.read_bytes().splitlines(keepends=True)
        except FileNotFoundError:
            return 0
        if lines and not lines[-1].endswith(b"\n"):
            self.torn = True
            lines.pop()
        if not lines:
            return 0
        try:
            head = msgspec.json.decode(lines[0], type=_Head)
            pieces = [msgspec.json.decode(line, type=Piece) for line in lines[1:]]
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            raise FigureError(
                f"cannot read the journal of an unfinished run: {error}",
                path=self.journal,
                hint="remove it or give --fresh; its trials are then run again",
            ) from error
        if head.fingerprint != self.mark:
            raise FigureError(
                "this folder holds an unfinished run with other settings or other code",
                path=self.journal,
                hint=f"finish it: {head.command}; or name another folder; or discard it "
                "with --fresh",
            )
        for piece in pieces:
            self._add_trials(piece)
        return sum(map(len, lines))

    def _add_trials(self, piece: Piece) -> None:
        for number, rows in enumerate(piece.trials, piece.first):
            self.done[piece.curve, number] = rows

    def _append(self, line: bytes) -> None:
        if self._file is None:
            raise FigureError("the store is closed", path=self.journal, hint="open a new one")
        self._file.write(line + b"\n")
        self._file.flush()

    def add(self, piece: Piece) -> None:
        """Append a finished piece to the journal.

        Parameters
        ----------
        piece : Piece
        """
        self._append(msgspec.json.encode(piece))
        self._add_trials(piece)

    def finish(self, frame: pd.DataFrame) -> None:
        """Write the samples and remove the journal.

        Parameters
        ----------
        frame : pandas.DataFrame
            All samples of the run.
        """
        written = self.samples.with_suffix(".tmp")
        table = pa.Table.from_pandas(frame, preserve_index=False)
        table = table.replace_schema_metadata({**table.schema.metadata, _MARK: self.mark})
        pq.write_table(table, written, compression="zstd")
        os.replace(written, self.samples)
        self.close()
        self.journal.unlink()

    def close(self) -> None:
        """Close the journal and keep its content."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
        # A journal without pieces is removed.
        if self.journal.exists() and len(self.journal.read_bytes().splitlines()) <= 1:
            self.journal.unlink()


def missing(
    curves: Iterable[Curve], counts: Mapping[str, int], done: Mapping[tuple[str, int], Rows]
) -> list[tuple[Curve, int, int]]:
    """Return the missing trials in chunks: curve, first trial and number of trials.

    Parameters
    ----------
    curves : iterable of Curve
    counts : mapping of str to int
        Number of trials of each curve.
    done : mapping
        Curve and trial to the measured values of finished trials.

    Returns
    -------
    list of (Curve, int, int)

    Examples
    --------
    >>> curve = Curve(name="x", chunk=2)
    >>> [(first, count) for _, first, count in missing([curve], {"x": 5}, {("x", 1): []})]
    [(0, 1), (2, 2), (4, 1)]
    """
    tasks: list[tuple[Curve, int, int]] = []
    for curve in curves:
        first, count = 0, 0
        for trial in range(counts[curve.name] + 1):
            wanted = trial < counts[curve.name] and (curve.name, trial) not in done
            if wanted:
                first, count = (first, count + 1) if count else (trial, 1)
            if count and (
                not wanted or count == curve.chunk or trial % curve.chunk == curve.chunk - 1
            ):
                tasks.append((curve, first, count))
                count = 0
    return tasks
