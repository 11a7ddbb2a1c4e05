"""Check a specification for a grid of values of its constants.

Rows are in grid order: the last constant changes fastest, as in nested loops.  Each row is a
separate model, checked in a separate process; an error in a row is reported in that row.  An order
on the grid defines the smallest failing configuration.  It compares the positions of values in the
lists of the constants, so that the order of the lists defines which values are small.
"""

from __future__ import annotations

import itertools
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import msgspec
import pandas as pd

from toolkit.errors import JavaNotFoundError, SettingError, TlcNotFoundError, ToolkitError
from toolkit.tlc.cache import ResultCache, cached_check, check_options
from toolkit.tlc.constants import check_names, constant_text, with_constants
from toolkit.tlc.locate import find_tlc
from toolkit.tlc.result import CheckProgress, CheckResult
from toolkit.tlc.run import default_memory
from toolkit.tlc.source import SpecSource, load_spec

__all__ = ["SmallestFailing", "SweepProgress", "SweepResult", "SweepRow", "sweep_constants"]

Status = Literal["holds", "fails", "outside", "undecided"]
Order = Literal["product", "sum", "grid"]

_COLUMNS = (
    "status", "outcome", "violated", "generated", "distinct", "depth", "length", "duration",
    "remembered", "error",
)  # fmt: skip
_COUNTS = ("generated", "distinct", "depth", "length")
# Concurrent runs would share a folder, or call a function from several threads.
_NOT_IN_SWEEPS = frozenset(
    {"states_folder", "recover", "on_event", "on_state", "on_print", "on_progress", "cancel"}
)
_SMALLEST_HEAP = 256
_POLL = 0.1
_SHOWN = 10


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration of a sweep and its result.

    Parameters
    ----------
    index : int
        Index in grid order, from 0.
    positions : tuple of int
        Index of each constant's value in its list, from 0.
    constants : dict of str to object
        Map from constant to the given value.
    result : CheckResult or None
        ``None`` if the configuration was not checked.
    error : str or None
        The reason why there is no result, or the error of the model.
    """

    index: int
    positions: tuple[int, ...]
    constants: dict[str, Any]
    result: CheckResult | None = None
    error: str | None = None

    @property
    def outcome(self) -> str:
        """Outcome of the check; ``"not-run"`` or ``"error"`` if there is no result."""
        if self.result is not None:
            return self.result.outcome
        return "not-run" if self.error is None else "error"

    @property
    def status(self) -> Status:
        """Conclusion about the specification with the constants of this row.

        ``"holds"``: all states were explored without a violation; ``"fails"``: something is
        violated; ``"outside"``: the constants violate an assumption of the specification;
        ``"undecided"``: anything else, such as a time limit, an error, a sample, or not run.
        """
        if self.result is None:
            return "undecided"
        if self.result.outcome == "assumption":
            return "outside"
        if self.result.violation:
            return "fails"
        return "holds" if self.result.ok and self.result.complete else "undecided"

    def __repr__(self) -> str:
        return f"<SweepRow {self.label}: {self.outcome}>"

    @property
    def label(self) -> str:
        """The constants as a single line of text."""
        texts = {name: " ".join(_text(value).split()) for name, value in self.constants.items()}
        return ", ".join(f"{name} = {text}" for name, text in texts.items())


class SweepProgress(msgspec.Struct, frozen=True):
    """Progress of a running sweep.

    Parameters
    ----------
    done, total : int
        Number of rows that are done, and of all rows.
    running : tuple of int
        The indices of the rows that are being checked.
    row : SweepRow or None
        The row that has just ended, if any.
    generated : int
        States generated so far in all rows, except rows with cached results.
    elapsed : float
        Seconds since the start of the sweep.
    """

    done: int
    total: int
    running: tuple[int, ...]
    row: SweepRow | None
    generated: int
    elapsed: float


class SmallestFailing(msgspec.Struct, frozen=True):
    """The smallest failing configurations, and undecided configurations that may be smaller.

    Parameters
    ----------
    order : str
        The order on the grid; see :meth:`SweepResult.smallest_failing`.
    rows : tuple of SweepRow
        The smallest failing configurations: several if they are equal or not comparable in the
        order; none if no configuration is known to fail.
    smaller : tuple of SweepRow
        Undecided configurations that are smaller.  If any of them fails, `rows` changes.
    others : tuple of SweepRow
        Undecided configurations that are neither smaller nor larger.  If any of them fails, it
        belongs to `rows` as well.
    outside : tuple of SweepRow
        Configurations that violate an assumption of the specification; they do not count as
        failing.
    """

    order: str
    rows: tuple[SweepRow, ...]
    smaller: tuple[SweepRow, ...]
    others: tuple[SweepRow, ...]
    outside: tuple[SweepRow, ...]

    @property
    def certain(self) -> bool:
        """Whether no undecided configuration could change the result."""
        return not self.smaller and not self.others

    def __str__(self) -> str:
        lines = []
        if not self.rows:
            lines.append("no configuration is known to fail")
        elif len(self.rows) == 1:
            lines.append(f"the smallest failing configuration: {_failure_text(self.rows[0])}")
        else:
            lines.append(f"{len(self.rows)} smallest failing configurations:")
            lines += [f"  {_failure_text(row)}" for row in self.rows]
        for rows, heading in (
            (self.smaller, "smaller and undecided"),
            (self.others, "neither smaller nor larger, and undecided"),
        ):
            if rows:
                lines.append(f"{heading}: {len(rows)}")
                lines += [f"  {row.label} ({row.outcome})" for row in rows[:_SHOWN]]
                if len(rows) > _SHOWN:
                    lines.append(f"  and {len(rows) - _SHOWN} more")
        if self.outside:
            lines.append(f"violating an assumption of the specification: {len(self.outside)}")
        return "\n".join(lines)


def _failure_text(row: SweepRow) -> str:
    assert row.result is not None
    name = row.result.name
    return f"{row.label} ({row.outcome} {name})" if name else f"{row.label} ({row.outcome})"


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a sweep.

    Parameters
    ----------
    origin : str
        Name of the specification.
    constants : dict of str to tuple
        The lists of values that span the grid.
    rows : tuple of SweepRow
        The configurations, in grid order.
    ended : str or None
        The reason why rows were not run: ``"cancelled"``, ``"interrupted"`` (Ctrl-C) or
        ``"failure"`` (with `stop_at_first_failure`); ``None`` if all were run.
    runs : int
        Largest number of concurrent runs.
    workers : int
        Number of worker threads of each run.
    duration : float
        Seconds of wall time.
    """

    origin: str
    constants: dict[str, tuple[Any, ...]]
    rows: tuple[SweepRow, ...]
    ended: Literal["cancelled", "interrupted", "failure"] | None
    runs: int
    workers: int
    duration: float

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[SweepRow]:
        return iter(self.rows)

    def __getitem__(self, index: int) -> SweepRow:
        return self.rows[index]

    @property
    def complete(self) -> bool:
        """Whether every row is decided."""
        return all(row.status != "undecided" for row in self.rows)

    def frame(self) -> pd.DataFrame:
        """Return a table with a row for each configuration.

        Returns
        -------
        pandas.DataFrame
            A column for each constant, with integers and Booleans unchanged and other values as
            TLA+ text.  The column is named ``constant N`` if another column is named ``N``.
            Further columns are ``status`` and ``outcome`` (see :class:`SweepRow`), ``violated``
            (a name), ``generated``, ``distinct`` and ``depth`` (states), ``length`` (states of
            the first counterexample), ``duration`` (seconds of the run of TLC), ``remembered``
            (the time of that run if the result is from the cache) and ``error``.
        """
        data: dict[str, Any] = {}
        for name in self.constants:
            cells = [_cell(row.constants[name]) for row in self.rows]
            column = f"constant {name}" if name in _COLUMNS else name
            kinds = {type(cell) for cell in cells}
            whole = kinds == {bool} or (
                kinds == {int} and all(-(2**63) <= cell < 2**63 for cell in cells)
            )
            data[column] = pd.Series(cells, dtype=None if whole else object)
        rows = [_facts(row) for row in self.rows]
        for name in _COLUMNS:
            dtype = {"duration": "float64", **dict.fromkeys(_COUNTS, "Int64")}.get(name, "object")
            data[name] = pd.Series([row[name] for row in rows], dtype=dtype)
        return pd.DataFrame(data)

    def smallest_failing(
        self,
        order: Order | Callable[[SweepRow], Any] = "product",
        *,
        assumptions: bool = False,
    ) -> SmallestFailing:
        """Return the smallest failing configurations.

        Parameters
        ----------
        order : str or callable
            ``"product"``: a configuration is smaller than another if no position is larger and
            at least one is smaller; some configurations are not comparable.  ``"sum"``: compare
            the sum of the positions.  ``"grid"``: compare the first constant's position, then the
            second's, and so on.  A function returns the sort key of a row.
        assumptions : bool
            Whether a false ASSUME is a failure.  By default it means that the specification does
            not apply to the constants.

        Returns
        -------
        SmallestFailing

        Raises
        ------
        SettingError
            If the order is unknown.
        """
        below = _order(order)
        failing = [r for r in self.rows if r.status in _failures(assumptions)]
        least = [row for row in failing if not any(below(other, row) for other in failing)]
        smaller, others = [], []
        for row in self.rows:
            if row.status != "undecided":
                continue
            if any(below(row, minimal) for minimal in least):
                smaller.append(row)
            elif not any(below(minimal, row) for minimal in least):
                others.append(row)
        outside = [] if assumptions else [row for row in self.rows if row.status == "outside"]
        name = order if isinstance(order, str) else getattr(order, "__name__", "a function")
        return SmallestFailing(name, tuple(least), tuple(smaller), tuple(others), tuple(outside))

    def __str__(self) -> str:
        counts = {
            status: sum(row.status == status for row in self.rows)
            for status in ("holds", "fails", "outside", "undecided")
        }
        parts = [f"{count} {_WORDS[status]}" for status, count in counts.items() if count]
        remembered = sum(
            row.result is not None and row.result.remembered is not None for row in self
        )
        text = f"{self.origin}: {len(self.rows)} configurations: {', '.join(parts)}"
        if remembered:
            text += f"; {remembered} from the cache"
        if self.ended:
            text += f"; {_ENDS[self.ended]}"
        return text

    def __repr__(self) -> str:
        return f"<SweepResult {self}>"

    def _repr_html_(self) -> str:
        from toolkit.tlc.html.render import render_table

        frame = self.frame()
        empty = [name for name in _OPTIONAL_COLUMNS if frame[name].isna().all()]
        return render_table(frame.drop(columns=empty), title=str(self), limit=100)


_OPTIONAL_COLUMNS = ["violated", "length", "remembered", "error"]
_WORDS = {
    "holds": "hold",
    "fails": "fail",
    "outside": "violate an assumption",
    "undecided": "undecided",
}
_ENDS = {
    "cancelled": "cancelled",
    "interrupted": "interrupted",
    "failure": "stopped at the first failure",
}


def _failures(assumptions: bool) -> set[str]:
    return {"fails", "outside"} if assumptions else {"fails"}


def _order(order: Order | Callable[[SweepRow], Any]) -> Callable[[SweepRow, SweepRow], bool]:
    """Return a function that compares two rows: True if the first is smaller."""
    if order == "product":

        def below(row: SweepRow, other: SweepRow) -> bool:
            pairs = zip(row.positions, other.positions, strict=True)
            return row.positions != other.positions and all(a <= b for a, b in pairs)

        return below
    keys: dict[str, Callable[[SweepRow], Any]] = {
        "sum": lambda row: sum(row.positions),
        "grid": lambda row: row.positions,
    }
    key = keys.get(order) if isinstance(order, str) else order
    if key is None:
        raise SettingError(
            f"unknown order {order!r}", hint="use 'product', 'sum', 'grid' or a function"
        )
    return lambda row, other: bool(key(row) < key(other))


def _text(value: Any) -> str:
    try:
        return constant_text(value)
    except ToolkitError:
        return repr(value)


def _cell(value: Any) -> Any:
    return value if isinstance(value, bool | int) else _text(value)


def _facts(row: SweepRow) -> dict[str, Any]:
    facts: dict[str, Any] = dict.fromkeys(_COLUMNS)
    facts.update(status=row.status, outcome=row.outcome, error=row.error)
    result = row.result
    if result is not None:
        facts.update(
            violated=result.name if row.status in {"fails", "outside"} else None,
            generated=result.generated,
            distinct=result.distinct,
            depth=result.depth,
            length=len(result.trace) if result.counterexamples else None,
            duration=result.duration,
            remembered=result.remembered,
        )
    return facts


def _grid(constants: Mapping[str, Sequence[Any]]) -> dict[str, tuple[Any, ...]]:
    if not constants:
        raise SettingError("a sweep needs a constant", hint="give a constant with its values")
    lists: dict[str, tuple[Any, ...]] = {}
    for name, values in constants.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise SettingError(
                f"the values of {name!r} must be a list",
                hint="list them in the order of their size",
            )
        if not values:
            raise SettingError(
                f"the list of values of {name!r} is empty", hint="give at least 1 value"
            )
        texts = [_text(value) for value in values]
        for text in texts:
            if texts.count(text) > 1:
                raise SettingError(
                    f"the value {text} of {name!r} occurs twice", hint="remove a duplicate"
                )
        lists[name] = tuple(values)
    return lists


def sweep_constants(
    spec: Path | str | SpecSource,
    constants: Mapping[str, Sequence[Any]],
    config: Path | str | None = None,
    *,
    cores: int | None = None,
    workers: int = 1,
    heap: int | None = None,
    memory: ResultCache | Literal[False] | None = None,
    again: bool = False,
    stop_at_first_failure: bool = False,
    on_progress: Callable[[SweepProgress], None] | None = None,
    cancel: threading.Event | None = None,
    **options: Any,
) -> SweepResult:
    """Check a specification for every combination of values of its constants.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a loaded specification.
    constants : mapping of str to sequence
        Map from constant to values, from the smallest to the largest.  A ``str`` is TLA+ text:
        ``"{a1, a2}"``, ``"1 .. N"``, the name of an operator; a TLA+ string has its own quotation
        marks.  Any other object is a TLA+ value or is converted by
        :func:`toolkit.values.from_python`.
    config : path, optional
        The configuration file on which all configurations are based; by default the file of the
        same name next to the specification.
    cores : int, optional
        Largest number of processors to use; by default all.  It limits the number of concurrent
        runs, together with their workers.
    workers : int
        Number of worker threads of each run.
    heap : int, optional
        Heap of each run in MiB; by default the runs share the default heap of a single run, with
        at least 256 MiB each.
    memory : ResultCache or False, optional
        The cache of results; see :func:`~toolkit.tlc.cached_check`.
    again : bool
        Whether to run TLC even if the result is in the cache.
    stop_at_first_failure : bool
        Whether to stop at the first failure: later rows are not started, and running later rows
        are ended.  All rows before the first failing row are checked; which later rows are
        complete may vary.
    on_progress : callable, optional
        Called in this thread with :class:`SweepProgress`: at the start, when a row ends, and when
        a run reports progress.
    cancel : threading.Event, optional
        Ends all runs when set.
    **options
        Other arguments of :func:`~toolkit.tlc.check`, used for each run.

    Returns
    -------
    SweepResult
        After Ctrl-C or a cancellation it contains the rows that are complete.

    Raises
    ------
    SpecError
        If a constant is unknown, or a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If Java or TLC is not found.
    SettingError
        If a list is empty or contains a value twice, or an option is unknown or not supported in
        a sweep.
    """
    given = check_options(options)
    for name in options:
        if name in _NOT_IN_SWEEPS:
            raise SettingError(
                f"a sweep does not support the option {name!r}",
                hint="omit it, or use check() for a single configuration",
            )
    available = os.cpu_count() or 1 if cores is None else cores
    if workers < 1 or available < 1:
        raise SettingError(f"cores={available} and workers={workers} must be at least 1")
    if workers > available:
        raise SettingError(f"{workers} workers exceed {available} cores", hint="use fewer workers")
    lists = _grid(constants)
    if isinstance(spec, SpecSource):
        if config is not None:
            raise SettingError(
                "a SpecSource contains its own configuration file",
                hint="omit 'config'",
            )
        source = spec
    else:
        source = load_spec(spec, config, module_path=given["module_path"])
    check_names(source, lists)
    find_tlc(given["jar"])
    indices = itertools.product(*(range(len(values)) for values in lists.values()))
    rows = [
        SweepRow(
            index=index,
            positions=positions,
            constants={name: lists[name][at] for name, at in zip(lists, positions, strict=True)},
        )
        for index, positions in enumerate(indices)
    ]
    runs = min(available // workers, len(rows))
    java_options = [*given["java_options"], f"-XX:ActiveProcessorCount={workers}"]
    sweep = _Sweep(
        source,
        rows,
        runs,
        {
            **options,
            "workers": workers,
            "heap": heap or max(_SMALLEST_HEAP, default_memory() // runs),
            "memory": ResultCache() if memory is None else memory,
            "again": again,
            "java_options": java_options,
        },
        stop_at_first_failure=stop_at_first_failure,
        on_progress=on_progress,
        cancel=cancel,
    )
    started = time.monotonic()
    ended = sweep.run()
    return SweepResult(
        origin=source.origin or source.root,
        constants=lists,
        rows=tuple(sweep.rows),
        ended=ended,
        runs=runs,
        workers=workers,
        duration=time.monotonic() - started,
    )


class _Sweep:
    """A running sweep: threads that run rows, and the main thread, which waits for them.

    The threads report through a queue, so that only the main thread calls callbacks and changes
    rows.
    """

    def __init__(
        self,
        source: SpecSource,
        rows: list[SweepRow],
        runs: int,
        options: dict[str, Any],
        *,
        stop_at_first_failure: bool,
        on_progress: Callable[[SweepProgress], None] | None,
        cancel: threading.Event | None,
    ) -> None:
        self.rows = rows
        self._source = source
        self._runs = runs
        self._options = options
        self._stop_at_first_failure = stop_at_first_failure
        self._on_progress = on_progress
        self._cancel = cancel
        self._ends = [threading.Event() for _ in rows]
        self._reports: queue.SimpleQueue[tuple[int, str, Any]] = queue.SimpleQueue()
        self._running: set[int] = set()
        self._generated = [0] * len(rows)
        self._done = 0
        self._started = time.monotonic()

    def run(self) -> Literal["cancelled", "interrupted", "failure"] | None:
        """Run all rows; return the reason if not all of them were run."""
        executor = ThreadPoolExecutor(self._runs, thread_name_prefix="sweep")
        reason: Literal["cancelled", "interrupted", "failure"] | None = None
        futures: list[Future[SweepRow]] = []
        try:
            self._report_progress(None)
            for row in self.rows:
                futures.append(executor.submit(self._run_row, row))
            while self._done < len(self.rows):
                if reason is None and self._cancel is not None and self._cancel.is_set():
                    reason = "cancelled"
                    self._end_from(0)
                failed = self._receive_report()
                if failed is not None and self._stop_at_first_failure:
                    self._end_from(failed + 1)
        except KeyboardInterrupt:
            reason = "interrupted"
        finally:
            self._end_from(0)
            executor.shutdown(wait=True, cancel_futures=True)
        # Rows that ended while this waited for the threads, or whose report was not read.
        for future in futures:
            if future.done() and not future.cancelled():
                row = future.result()
                self.rows[row.index] = row
        if all(row.outcome not in {"not-run", "cancelled"} for row in self.rows):
            return None
        return reason or "failure"

    def _end_from(self, index: int) -> None:
        for end in self._ends[index:]:
            end.set()

    def _run_row(self, row: SweepRow) -> SweepRow:
        end = self._ends[row.index]
        if not end.is_set():
            self._reports.put((row.index, "begin", None))
            row = self._checked(row, end)
        self._reports.put((row.index, "row", row))
        return row

    def _checked(self, row: SweepRow, end: threading.Event) -> SweepRow:
        def progress(report: CheckProgress) -> None:
            self._reports.put((row.index, "progress", report))

        try:
            source = with_constants(self._source, row.constants)
            result = cached_check(source, cancel=end, on_progress=progress, **self._options)
        except (SettingError, JavaNotFoundError, TlcNotFoundError) as error:
            # The error would be the same in every row.
            self._reports.put((row.index, "fatal", error))
            return row
        except ToolkitError as error:
            return msgspec.structs.replace(row, error=str(error))
        except Exception as error:
            return msgspec.structs.replace(row, error=f"{type(error).__name__}: {error}")
        return msgspec.structs.replace(row, result=result, error=_model_error(result))

    def _receive_report(self) -> int | None:
        """Wait for a report of a thread; return the index of the row if it failed."""
        try:
            index, kind, report = self._reports.get(timeout=_POLL)
        except queue.Empty:
            return None
        self._update(index, kind, report)
        if kind == "row":
            self._report_progress(report)
            if report.status == "fails":
                return index
        elif kind == "progress":
            self._report_progress(None)
        elif kind == "fatal":
            raise report
        return None

    def _update(self, index: int, kind: str, report: Any) -> None:
        if kind == "begin":
            self._running.add(index)
        elif kind == "progress":
            self._generated[index] = report.generated
        elif kind == "row":
            self.rows[index] = report
            self._running.discard(index)
            self._done += 1
            if report.result is not None and report.result.remembered is None:
                self._generated[index] = report.result.generated or 0

    def _report_progress(self, row: SweepRow | None) -> None:
        if self._on_progress is None:
            return
        self._on_progress(
            SweepProgress(
                self._done,
                len(self.rows),
                tuple(sorted(self._running)),
                row,
                sum(self._generated),
                time.monotonic() - self._started,
            )
        )


def _model_error(result: CheckResult) -> str | None:
    """Return TLC's message, unless the result is a success or a violation."""
    if result.ok or result.violation:
        return None
    return result.message
