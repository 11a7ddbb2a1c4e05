"""The same specification over a grid of constants.

Rows stand in grid order: the last constant changes fastest, as in nested loops.  Each row is a
model of its own, checked by a process of its own, and what goes wrong in one is told in that
row.  An order on the grid says which failing configuration is the smallest: a position in each
constant's list, so that the lists themselves say what is small.
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

from toolkit.errors import (
    JavaNotFoundError,
    SettingError,
    TlcNotFoundError,
    ToolkitError,
)
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
# Runs at once would use one folder, or call one function from several threads.
_NOT_IN_SWEEPS = frozenset(
    {"states_folder", "recover", "on_event", "on_state", "on_print", "on_progress", "cancel"}
)
_SMALLEST_HEAP = 256
_POLL = 0.1
_SHOWN = 10


class SweepRow(msgspec.Struct, frozen=True, kw_only=True):
    """One configuration of a sweep, and what came out of it.

    Parameters
    ----------
    index : int
        Place in grid order, from 0.
    positions : tuple of int
        Place of each constant's value in its list, from 0.
    constants : dict of str to object
        Constant to value, as given.
    result : CheckResult or None
        ``None`` if it was not run, or could not be.
    error : str or None
        Why there is no result, or what was wrong with the model.
    """

    index: int
    positions: tuple[int, ...]
    constants: dict[str, Any]
    result: CheckResult | None = None
    error: str | None = None

    @property
    def outcome(self) -> str:
        """What :attr:`CheckResult.outcome` says; ``"not-run"``; ``"error"`` without a result."""
        if self.result is not None:
            return self.result.outcome
        return "not-run" if self.error is None else "error"

    @property
    def status(self) -> Status:
        """What the row says about the specification.

        ``"holds"``: all states were explored, and nothing is wrong; ``"fails"``: something is
        violated; ``"outside"``: the constants are against one of the specification's
        assumptions; ``"undecided"``: anything else, such as a time limit, an error, a
        sample, or not run.
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
        """The constants, on one line."""
        texts = {name: " ".join(_text(value).split()) for name, value in self.constants.items()}
        return ", ".join(f"{name} = {text}" for name, text in texts.items())


class SweepProgress(msgspec.Struct, frozen=True):
    """How far a running sweep has come.

    Parameters
    ----------
    done, total : int
        Rows.
    running : tuple of int
        The indices of the rows that are being checked.
    row : SweepRow or None
        The row that has just ended, if one has.
    generated : int
        States generated so far, in all rows; those that were remembered are not counted.
    elapsed : float
        Seconds since the sweep began.
    """

    done: int
    total: int
    running: tuple[int, ...]
    row: SweepRow | None
    generated: int
    elapsed: float


class SmallestFailing(msgspec.Struct, frozen=True):
    """The smallest configurations that fail, and what is not known about smaller ones.

    Parameters
    ----------
    order : str
        The order on the grid; see :meth:`SweepResult.smallest_failing`.
    rows : tuple of SweepRow
        The smallest ones: several if they are equal in the order, or not comparable by it;
        none if no configuration is known to fail.
    smaller : tuple of SweepRow
        Undecided ones that are smaller: if one of them fails, the answer is another one.
    others : tuple of SweepRow
        Undecided ones that are neither smaller nor larger: if one of them fails, it belongs
        to the answer too.
    outside : tuple of SweepRow
        Those that are against the specification's assumptions, and count as not failing.
    """

    order: str
    rows: tuple[SweepRow, ...]
    smaller: tuple[SweepRow, ...]
    others: tuple[SweepRow, ...]
    outside: tuple[SweepRow, ...]

    @property
    def certain(self) -> bool:
        """Whether no undecided configuration could change the answer."""
        return not self.smaller and not self.others

    def __str__(self) -> str:
        lines = []
        if not self.rows:
            lines.append("no configuration is known to fail")
        elif len(self.rows) == 1:
            lines.append(f"the smallest failing configuration: {_failing(self.rows[0])}")
        else:
            lines.append(f"{len(self.rows)} smallest failing configurations:")
            lines += [f"  {_failing(row)}" for row in self.rows]
        for rows, what in (
            (self.smaller, "smaller, and not decided"),
            (self.others, "neither smaller nor larger, and not decided"),
        ):
            if rows:
                lines.append(f"{what}: {len(rows)}")
                lines += [f"  {row.label} ({row.outcome})" for row in rows[:_SHOWN]]
                if len(rows) > _SHOWN:
                    lines.append(f"  and {len(rows) - _SHOWN} more")
        if self.outside:
            lines.append(f"against an assumption of the specification: {len(self.outside)}")
        return "\n".join(lines)


def _failing(row: SweepRow) -> str:
    assert row.result is not None
    name = row.result.name
    return f"{row.label} ({row.outcome} {name})" if name else f"{row.label} ({row.outcome})"


class SweepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a sweep.

    Parameters
    ----------
    origin : str
        What was checked.
    constants : dict of str to tuple
        The lists that span the grid.
    rows : tuple of SweepRow
        One for each configuration, in grid order.
    ended : str or None
        ``"cancelled"``, ``"interrupted"`` (Ctrl-C) or ``"failure"`` (the first one, if that
        was asked for), if that left rows out.
    runs : int
        How many were run at once at most.
    workers : int
        Worker threads of each.
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
        """Return one row for each configuration.

        Returns
        -------
        pandas.DataFrame
            A column for each constant: whole numbers and Booleans as they are, all else as
            TLA+ text; ``constant N`` where the name is that of another column.  Then
            ``status`` and ``outcome`` (see :class:`SweepRow`), ``violated`` (a name),
            ``generated``, ``distinct`` and ``depth`` (states), ``length`` (states of the first
            counterexample), ``duration`` (seconds, of the run that gave the answer),
            ``remembered`` (when that was, if not now) and ``error``.
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
        """Return the smallest configurations that fail.

        Parameters
        ----------
        order : str or callable
            ``"product"``: one is smaller than another if each of its values stands no later
            in its list, and one stands earlier; some are not comparable.  ``"sum"``: by the
            sum of the positions.  ``"grid"``: by the first constant's position, then the
            second's, and so on.  A function returns what a row is sorted by.
        assumptions : bool
            Whether a false ASSUME is a failure; by default it means that the constants are
            none that the specification is about.

        Returns
        -------
        SmallestFailing
            All that are smallest, and the undecided ones that may be smaller.

        Raises
        ------
        SettingError
            If there is no such order.
        """
        below = _order(order)
        failing = [r for r in self.rows if r.status in _failures(assumptions)]
        least = [row for row in failing if not any(below(other, row) for other in failing)]
        smaller, others = [], []
        for row in self.rows:
            if row.status != "undecided":
                continue
            if any(below(row, one) for one in least):
                smaller.append(row)
            elif not any(below(one, row) for one in least):
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
            text += f"; {remembered} remembered"
        if self.ended:
            text += f"; {_ENDS[self.ended]}"
        return text

    def __repr__(self) -> str:
        return f"<SweepResult {self}>"

    def _repr_html_(self) -> str:
        from toolkit.tlc.html.render import render_table

        frame = self.frame()
        empty = [name for name in _SELDOM if frame[name].isna().all()]
        return render_table(frame.drop(columns=empty), title=str(self), limit=100)


_SELDOM = ["violated", "length", "remembered", "error"]
_WORDS = {
    "holds": "hold",
    "fails": "fail",
    "outside": "against an assumption",
    "undecided": "not decided",
}
_ENDS = {
    "cancelled": "cancelled",
    "interrupted": "interrupted",
    "failure": "ended at a failure, as asked",
}


def _failures(assumptions: bool) -> set[str]:
    return {"fails", "outside"} if assumptions else {"fails"}


def _order(order: Order | Callable[[SweepRow], Any]) -> Callable[[SweepRow, SweepRow], bool]:
    """Return whether one row is smaller than another."""
    if order == "product":

        def below(one: SweepRow, other: SweepRow) -> bool:
            pairs = zip(one.positions, other.positions, strict=True)
            return one.positions != other.positions and all(a <= b for a, b in pairs)

        return below
    keys: dict[str, Callable[[SweepRow], Any]] = {
        "sum": lambda row: sum(row.positions),
        "grid": lambda row: row.positions,
    }
    key = keys.get(order) if isinstance(order, str) else order
    if key is None:
        raise SettingError(
            f"there is no order {order!r}", hint="'product', 'sum', 'grid' or a function"
        )
    return lambda one, other: bool(key(one) < key(other))


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
        raise SettingError("there is no constant to sweep", hint="name one, with its values")
    lists: dict[str, tuple[Any, ...]] = {}
    for name, values in constants.items():
        if isinstance(values, str) or not isinstance(values, Sequence):
            raise SettingError(
                f"the values of {name!r} are no list", hint="give them in the order of their size"
            )
        if not values:
            raise SettingError(f"there is no value for {name!r}", hint="give at least one")
        texts = [_text(value) for value in values]
        for text in texts:
            if texts.count(text) > 1:
                raise SettingError(
                    f"the value {text} of {name!r} is given twice", hint="leave one of them out"
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
    """Check a specification for every combination of values of some of its constants.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a specification gathered already.
    constants : mapping of str to sequence
        Constant to values, from the smallest to the largest.  A ``str`` is TLA+ text:
        ``"{a1, a2}"``, ``"1 .. N"``, the name of an operator; a string of TLA+ has its own
        quotation marks.  Anything else is a TLA+ value, or becomes one by
        :func:`toolkit.values.from_python`.
    config : path, optional
        The configuration that the others are made from; by default the one beside the
        specification.
    cores : int, optional
        Processors to use at most; by default all.  So many runs go on at once as have room in
        them with their workers.
    workers : int
        Worker threads of each run.
    heap : int, optional
        Heap of each run, in MiB; by default the runs share what one alone would get, with 256
        at least.
    memory : ResultCache or False, optional
        Where results are kept; see :func:`~toolkit.tlc.cached_check`.
    again : bool
        Run what is remembered too.
    stop_at_first_failure : bool
        Begin no row after one that fails, and end those that run.  All rows before the first
        that fails are checked; which of the later ones were finished by then may differ
        from time to time.
    on_progress : callable, optional
        Called in this thread with :class:`SweepProgress`: at the beginning, when a row ends, and
        when a run reports how far it is.
    cancel : threading.Event, optional
        Ends all runs when set.
    **options
        All other arguments of :func:`~toolkit.tlc.check`; those hold for each run.

    Returns
    -------
    SweepResult
        Also after Ctrl-C or a cancellation: with what was done by then.

    Raises
    ------
    SpecError
        If the specification has no such constant, or a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run.
    SettingError
        If a list is empty or has a value twice, or an option is unknown or makes no sense here.
    """
    given = check_options(options)
    for name in options:
        if name in _NOT_IN_SWEEPS:
            raise SettingError(
                f"{name!r} makes no sense for several runs at once",
                hint="leave it out, or check one configuration",
            )
    available = os.cpu_count() or 1 if cores is None else cores
    if workers < 1 or available < 1:
        raise SettingError(f"cores={available}, workers={workers}", hint="at least one of each")
    if workers > available:
        raise SettingError(
            f"{workers} workers do not fit into {available} cores", hint="give it fewer workers"
        )
    lists = _grid(constants)
    if isinstance(spec, SpecSource):
        if config is not None:
            raise SettingError(
                "a specification that was gathered has its own configuration",
                hint="leave 'config' out",
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
    """A sweep while it goes on: threads that run rows, and one that waits for them.

    What threads have to say comes through a queue, so that all callbacks are called, and all
    rows are changed, by the one that waits.
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
        self._said: queue.SimpleQueue[tuple[int, str, Any]] = queue.SimpleQueue()
        self._running: set[int] = set()
        self._generated = [0] * len(rows)
        self._done = 0
        self._started = time.monotonic()

    def run(self) -> Literal["cancelled", "interrupted", "failure"] | None:
        """Run all rows, and return what ended them before their time, if anything did."""
        executor = ThreadPoolExecutor(self._runs, thread_name_prefix="sweep")
        left_out: Literal["cancelled", "interrupted", "failure"] | None = None
        futures: list[Future[SweepRow]] = []
        try:
            self._tell(None)
            for row in self.rows:
                futures.append(executor.submit(self._run_row, row))
            while self._done < len(self.rows):
                if left_out is None and self._cancel is not None and self._cancel.is_set():
                    left_out = "cancelled"
                    self._end_from(0)
                failed = self._listen()
                if failed is not None and self._stop_at_first_failure:
                    self._end_from(failed + 1)
        except KeyboardInterrupt:
            left_out = "interrupted"
        finally:
            self._end_from(0)
            executor.shutdown(wait=True, cancel_futures=True)
        # What ended while the threads were being waited for, or was not listened to any more.
        for future in futures:
            if future.done() and not future.cancelled():
                row = future.result()
                self.rows[row.index] = row
        if all(row.outcome not in {"not-run", "cancelled"} for row in self.rows):
            return None
        return left_out or "failure"

    def _end_from(self, index: int) -> None:
        for end in self._ends[index:]:
            end.set()

    def _run_row(self, row: SweepRow) -> SweepRow:
        end = self._ends[row.index]
        if not end.is_set():
            self._said.put((row.index, "begin", None))
            row = self._checked(row, end)
        self._said.put((row.index, "row", row))
        return row

    def _checked(self, row: SweepRow, end: threading.Event) -> SweepRow:
        def progress(so_far: CheckProgress) -> None:
            self._said.put((row.index, "progress", so_far))

        try:
            source = with_constants(self._source, row.constants)
            result = cached_check(source, cancel=end, on_progress=progress, **self._options)
        except (SettingError, JavaNotFoundError, TlcNotFoundError) as error:
            # It would be the same in every row.
            self._said.put((row.index, "fatal", error))
            return row
        except ToolkitError as error:
            return msgspec.structs.replace(row, error=str(error))
        except Exception as error:
            return msgspec.structs.replace(row, error=f"{type(error).__name__}: {error}")
        return msgspec.structs.replace(row, result=result, error=_model_error(result))

    def _listen(self) -> int | None:
        """Wait for what a thread says; return the index of a row that failed."""
        try:
            index, kind, what = self._said.get(timeout=_POLL)
        except queue.Empty:
            return None
        self._take(index, kind, what)
        if kind == "row":
            self._tell(what)
            if what.status == "fails":
                return index
        elif kind == "progress":
            self._tell(None)
        elif kind == "fatal":
            raise what
        return None

    def _take(self, index: int, kind: str, what: Any) -> None:
        if kind == "begin":
            self._running.add(index)
        elif kind == "progress":
            self._generated[index] = what.generated
        elif kind == "row":
            self.rows[index] = what
            self._running.discard(index)
            self._done += 1
            if what.result is not None and what.result.remembered is None:
                self._generated[index] = what.result.generated or 0

    def _tell(self, row: SweepRow | None) -> None:
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
    """Return what TLC said, where it says nothing about the specification's behaviours."""
    if result.ok or result.violation:
        return None
    return result.message
