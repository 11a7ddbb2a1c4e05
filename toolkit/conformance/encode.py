"""Encoding of traces as a TLA+ module that TLC reads quickly.

TLC's parser needs about a kilobyte of memory for each byte of an expression, but treats a string
as one token, whatever its length.  Therefore each value is written only once: an atomic value as
an expression; a sequence, set or record as a row of the numbers of its parts.  An event is a row
of numbers of values, in which only the variables that differ from the majority (unchanged, or not
recorded) are listed.  A trace is a string of numbers of rows, each number as a fixed count of
digits in base 64.  A common prefix of several traces is written, and checked, once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import msgspec

from toolkit.conformance.claims import claims_module
from toolkit.conformance.tracespec import GENERATED, TraceSpec
from toolkit.errors import TraceError, ValueParseError
from toolkit.tlc import SpecSource
from toolkit.trace import Step, Trace
from toolkit.values import Value, canonical, format_itf, from_itf, readable_text

__all__ = ["Encoder", "Layout", "Piece", "as_itf", "recorded_value"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_FIELD = re.compile(r"[A-Za-z]\w*")
_UNCHANGED = 1
_FIRST_FIELD = 6
_TAPE_STEPS, _TAPE_PIECES = 500, 100


def as_itf(data: Any) -> Any:
    """Return Python data with sets and tuples in ITF's encoding; encoded parts stay as they are.

    Parameters
    ----------
    data : Any
        Numbers, strings, and sets, tuples, lists and dicts of them.

    Examples
    --------
    >>> as_itf({"RM": {"r2", "r1"}, "Limit": 3})
    {'RM': {'#set': ['r1', 'r2']}, 'Limit': 3}
    """
    if isinstance(data, Mapping):
        return {key: as_itf(value) for key, value in data.items()}
    if isinstance(data, set | frozenset):
        return {"#set": sorted((as_itf(item) for item in data), key=canonical)}
    if isinstance(data, tuple):
        return {"#tup": [as_itf(item) for item in data]}
    return [as_itf(item) for item in data] if isinstance(data, list) else data


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 64)
        text = _DIGITS[digit] + text
    return text


def _width(largest: int) -> int:
    return 2 if largest < 64**2 else 3 if largest < 64**3 else 4


def _chunks(items: Sequence[str], size: int) -> Iterator[str]:
    for start in range(0, len(items), size):
        yield "".join(items[start : start + size])


def _strings(texts: Iterable[str]) -> str:
    return ",\n".join(f'"{text}"' for text in texts)


def _text(data: Any) -> str:
    return readable_text(format_itf(data))


def recorded_value(spec: TraceSpec, data: Any) -> Value:
    """Decode a recorded value; null is the specification's constant for it.

    Parameters
    ----------
    spec : TraceSpec
        The specification.
    data : JSON
        The value, ITF-encoded.

    Returns
    -------
    Value
    """
    null = spec.specification.null
    return from_itf(data if null == "None" else _with_null(data, {"#model": null}))


def _with_null(data: Any, null: dict[str, str]) -> Any:
    if isinstance(data, dict):
        return {name: _with_null(item, null) for name, item in data.items()}
    if isinstance(data, list):
        return [_with_null(item, null) for item in data]
    return null if data is None else data


class NullError(TraceError):
    """A trace contains null, but the specification has no constant for it."""


class ValueTraceError(TraceError):
    """A value of a trace cannot be encoded; the message says which value."""


def _value_error(what: str, error: ValueParseError | NullError) -> ValueTraceError:
    return ValueTraceError(f"{what}: {error.message.removeprefix('at $: ')}", hint=error.hint)


def _python_error(what: str, error: TypeError) -> ValueTraceError:
    return ValueTraceError(
        f"{what} is not JSON: {error}",
        hint='write a set as {"#set": [...]} and a tuple or list as {"#tup": [...]}',
    )


class Piece(msgspec.Struct, frozen=True):
    """A sequence of steps without a branch.

    Parameters
    ----------
    codes : list of int
        The steps: numbers of rows.
    first, children : int
        The number of the first child piece, and the number of children.
    ends : tuple of int
        The traces that end with this piece.
    """

    codes: list[int]
    first: int
    children: int
    ends: tuple[int, ...]


class Layout(msgspec.Struct, frozen=True):
    """Traces that are cut into pieces.

    Parameters
    ----------
    pieces : list of Piece
        Numbered from 1.
    roots : int
        The number of pieces that begin a trace; they come first.
    """

    pieces: list[Piece]
    roots: int

    @property
    def steps(self) -> int:
        """The number of steps of all pieces."""
        return sum(len(piece.codes) for piece in self.pieces)

    def ends(self, piece: int) -> tuple[int, ...]:
        """Return the traces that end with a piece, given by its number.

        Parameters
        ----------
        piece : int
            The piece's number, from 1.
        """
        return self.pieces[piece - 1].ends

    def through(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return for each piece its first position in its traces, and these traces."""
        begins = [0] * len(self.pieces)
        members = [piece.ends for piece in self.pieces]
        for at, piece in enumerate(self.pieces):
            for child in range(piece.first - 1, piece.first - 1 + piece.children):
                begins[child] = begins[at] + len(piece.codes)
        # Children have higher numbers than their parents.
        for at in range(len(self.pieces) - 1, -1, -1):
            piece = self.pieces[at]
            for child in range(piece.first - 1, piece.first - 1 + piece.children):
                members[at] += members[child]
        return list(zip(begins, members, strict=True))


def _common_prefix(left: Sequence[int], right: Sequence[int], start: int) -> int:
    """Return the length of the common prefix of two sequences that agree up to `start`."""
    length = min(len(left), len(right))
    while start < length and left[start] == right[start]:
        start += 1
    return start


def _tree(texts: Mapping[int, list[int]]) -> Layout:
    """Return traces as a tree in which a common prefix of several traces occurs once."""
    order = sorted(texts, key=texts.__getitem__)

    def split(low: int, high: int, depth: int) -> Iterator[tuple[int, int, int]]:
        for _, group in groupby(range(low, high), key=lambda at: texts[order[at]][depth]):
            members = list(group)
            yield members[0], members[-1] + 1, depth

    todo = list(split(0, len(order), 0))
    roots = len(todo)
    pieces = []
    # Numbered level by level, so that the children of a piece follow each other.
    for low, high, depth in todo:
        text = texts[order[low]]
        end = _common_prefix(text, texts[order[high - 1]], depth)
        after = low
        while after < high and len(texts[order[after]]) == end:
            after += 1
        children = list(split(after, high, end))
        pieces.append(Piece(text[depth:end], len(todo) + 1, len(children), tuple(order[low:after])))
        todo.extend(children)
    return Layout(pieces, roots)


class _Values:
    """Table of the distinct values; a value's code is its number, from 1."""

    def __init__(self) -> None:
        # Code 0 means "not recorded" and code 1 "did not change": two places are reserved.
        self._shapes: dict[str | tuple[str, ...], int] = {"#tup": 0, "#set": 1}
        self._entries: list[str | tuple[int, ...]] = ["0", "0"]
        self._depths = [0, 0]
        self._codes: dict[str | tuple[int, ...], int] = {}
        self._encoded: dict[bytes, int] = {}
        self._encode = msgspec.json.Encoder().encode

    def __len__(self) -> int:
        return len(self._entries)

    def code(self, data: Any) -> int:
        """Return the code of a value in the canonical ITF encoding."""
        key = self._encode(data)
        code = self._encoded.get(key)
        if code is None:
            shape, parts = self._split_value(data)
            entry: str | tuple[int, ...]
            if shape is None:
                entry, depth = _text(data), 0
            else:
                codes = [self.code(part) for part in parts]
                entry = (self._shapes.setdefault(shape, len(self._shapes)), *codes)
                depth = 1 + max(self._depths[code - 1] for code in codes)
            code = self._codes.get(entry)
            if code is None:
                self._entries.append(entry)
                self._depths.append(depth)
                code = self._codes[entry] = len(self._entries)
            self._encoded[key] = code
        return code

    def _split_value(self, data: Any) -> tuple[str | tuple[str, ...] | None, list[Any]]:
        if not isinstance(data, dict):
            return None, []
        names = tuple(data)
        if names in {("#tup",), ("#set",)} and data[names[0]]:
            return names[0], data[names[0]]
        if names and all(map(_FIELD.fullmatch, names)):
            return names, list(data.values())
        return None, []

    def order(self) -> list[int]:
        """Return for each code its value's number in the module, where parts come first."""
        ranked = sorted(range(len(self._entries)), key=self._depths.__getitem__)
        places = [0] * (len(ranked) + 1)
        for place, at in enumerate(ranked, start=1):
            places[at + 1] = place
        return places

    def text(self, places: Sequence[int], width: int) -> str:
        """Return the definitions of ``TraceValues`` and of its parts."""
        levels: list[list[str | tuple[int, ...]]] = [[] for _ in range(max(self._depths) + 1)]
        for entry, depth in zip(self._entries, self._depths, strict=True):
            levels[depth].append(entry)
        digits = {place: _digits(place, width) for place in places}
        for number in self._shapes.values():
            digits.setdefault(number, _digits(number, width))
        records = [
            f"[] trShape = {number} -> ["
            + ", ".join(
                f"{name} |-> TracePart(trV, trRow, {at})" for at, name in enumerate(shape, 1)
            )
            + "]"
            for shape, number in self._shapes.items()
            if not isinstance(shape, str)
        ]
        lines = [
            "TraceShape(trRow) == Number(trRow, 1, CodeWidth)",
            "TraceParts(trRow) == (Len(trRow) \\div CodeWidth) - 1",
            "TracePart(trV, trRow, tri) == trV[Number(trRow, tri * CodeWidth + 1, CodeWidth)]",
            "TraceCompose(trV, trRow) ==",
            # TLC evaluates what LET defines once.
            "LET trShape == TraceShape(trRow) IN CASE trShape = 0 -> "
            "SubSeq([tri \\in 1 .. TraceParts(trRow) |-> TracePart(trV, trRow, tri)], 1, "
            "TraceParts(trRow))",
            "[] trShape = 1 -> {TracePart(trV, trRow, tri) : tri \\in 1 .. TraceParts(trRow)}",
            *records,
            # Short lines: TLC's parser takes time quadratic in the length of a line.
            "TraceValues0 == <<" + ",\n".join(str(text) for text in levels[0]) + ">>",
        ]
        for level, entries in enumerate(levels[1:], start=1):
            rows = _strings(
                digits[entry[0]] + "".join([digits[places[code]] for code in entry[1:]])
                for entry in entries
                if isinstance(entry, tuple)
            )
            lines += [
                f"TraceParts{level} == <<{rows}>>",
                f"TraceValues{level} == TLCEval(TraceValues{level - 1} \\o "
                f"[trk \\in 1 .. {len(entries)} |-> "
                f"TLCEval(TraceCompose(TraceValues{level - 1}, TraceParts{level}[trk]))])",
            ]
        return "\n".join([*lines, f"TraceValues == TraceValues{len(levels) - 1}"])


class Encoder:
    """Encoder of traces with the same constants, nodes and initial state.

    Parameters
    ----------
    spec : TraceSpec
        The specification.
    first : Trace
        A trace of the group; all others have the same header.
    claims : sequence of str, optional
        The state properties to evaluate; by default the specification's invariants.

    Raises
    ------
    TraceError
        If the header lacks a constant, or a constant cannot be encoded.
    """

    def __init__(self, spec: TraceSpec, first: Trace, claims: Sequence[str] | None = None) -> None:
        self.spec = spec
        self.claims = spec.invariants if claims is None else claims
        self.header = first.header
        constants = {**as_itf(spec.specification.constants), **first.header.constants}
        spec.check_constants(constants)
        self._constants = {name: self._constant(name, value) for name, value in constants.items()}
        self.traces = 0
        self.steps = 0
        self._largest = 0
        self._has_null = spec.has_null
        self._compares_sends = spec.compares_sends
        self._compares_received = spec.compares_received
        self._actions = {name: code for code, name in enumerate(spec.actions, start=1)}
        self._fields = {name: at for at, name in enumerate(spec.trace_variables)}
        self._values = _Values()
        self._codes: dict[bytes, int] = {}
        self._rows: dict[tuple[int, ...], int] = {}
        self._texts: list[list[int]] = []
        self._encode = msgspec.json.Encoder().encode
        for node in self.header.nodes:
            self._value(node)
        self._initial = [
            self._row(
                0,
                node,
                None,
                None,
                None,
                {
                    name: self._named(value, f"the header's initial {name} of {node}")
                    for name, value in variables.items()
                    if self._require_variable(name, "the header's initial state")
                },
            )
            for node, variables in sorted(self.header.initial.items())
        ]

    def _constant(self, name: str, data: Any) -> str:
        where = f"the header's constant {name}"
        try:
            return _text(data)
        except ValueParseError as error:
            raise _value_error(where, error) from error

    def _require_variable(self, name: str, where: str) -> bool:
        if name not in self._fields:
            raise TraceError(
                f"{where}: unknown variable {name!r}",
                hint=f"the specification's variables: {', '.join(self.spec.trace_variables)}",
            )
        return True

    def _named(self, data: Any, what: str) -> int:
        """Return the code of a value; an error says what the value is."""
        try:
            return self._value(data)
        except (ValueParseError, NullError) as error:
            raise _value_error(what, error) from error
        except TypeError as error:
            raise _python_error(what, error) from error

    def _value(self, data: Any) -> int:
        key = self._encode(data)
        code = self._codes.get(key)
        if code is None:
            self._check_value(data)
            code = self._codes[key] = self._values.code(msgspec.json.decode(canonical(data)))
        return code

    def _check_value(self, data: Any) -> None:
        if data is None and not self._has_null:
            raise NullError(
                f"the trace contains null, but module {self.spec.specification.module} has no "
                f"constant {self.spec.specification.null} for it",
                hint="set null= of the Specification to the constant that null stands for",
            )
        if isinstance(data, int) and not isinstance(data, bool):
            self._largest = max(self._largest, data)
        elif isinstance(data, dict):
            for item in data.values():
                self._check_value(item)
        elif isinstance(data, list):
            for item in data:
                self._check_value(item)

    def _row(
        self,
        action: int,
        node: str,
        params: Any,
        received: Any,
        sent: Any,
        variables: dict[str, int],
    ) -> int:
        row = [
            action,
            self._value(node),
            0 if not params else self._named(params, "the parameters"),
            0 if received is None else self._named(received, "the received message"),
            0 if sent is None else self._named(sent, "the sent messages"),
            *([0] * len(self._fields)),
        ]
        for name, code in variables.items():
            row[_FIRST_FIELD - 1 + self._fields[name]] = code
        return self._rows.setdefault(tuple(row), len(self._rows) + 1)

    def _row_text(self, row: Sequence[int], width: int, code_digits: Sequence[str]) -> str:
        """Return a row as digits: ``Row`` in ``Trace.tla`` is the inverse."""
        variables = row[_FIRST_FIELD - 1 :]
        most = _UNCHANGED if variables.count(_UNCHANGED) > variables.count(0) else 0
        others = [
            _digits(at, width) + code_digits[code]
            for at, code in enumerate(variables, start=_FIRST_FIELD)
            if code != most
        ]
        codes = [code_digits[code] for code in row[1 : _FIRST_FIELD - 1]]
        return "".join([_digits(row[0], width), *codes, code_digits[most], *others])

    def add(self, trace: Trace) -> None:
        """Add a trace.

        Parameters
        ----------
        trace : Trace
            A trace with the group's header.

        Raises
        ------
        TraceError
            If it names an action or a variable that the specification does not have, or contains
            a value that cannot be encoded.  Then nothing of the trace is kept.
        """
        observed = [name for name in trace.header.observed if name in self._fields]
        for name in trace.header.observed:
            self._require_variable(name, "the header's observed variables")
        codes = []
        for step in trace.steps:
            try:
                codes.append(self._step(trace, step, observed))
            except ValueTraceError as error:
                raise TraceError(f"step {step.index}: {error.message}", hint=error.hint) from error
        self._texts.append(codes)
        self.traces += 1
        self.steps += len(codes)

    def _step(self, trace: Trace, step: Step, observed: Sequence[str]) -> int:
        action = 0
        if step.action is not None:
            action = self._actions.get(step.action, 0)
            if not action:
                raise TraceError(
                    f"step {step.index}: unknown action {step.action!r}",
                    hint=f"the specification's actions: {', '.join(self.spec.actions)}",
                )
        state = step.state
        variables: dict[str, int] = {}
        own = trace.header.initial.get(step.node)
        if state is not None:
            for name in observed:
                if own is None or name in own:
                    variables[name] = _UNCHANGED
            for name, value in state.items():
                self._require_variable(name, f"step {step.index}")
                variables[name] = self._named(value, f"the variable {name}")
        sent = None
        if step.sent is not None and (step.sent or self._compares_sends):
            if not self._compares_sends:
                raise self._messages_error(step, "sends")
            # The order of the set's elements becomes canonical, as for every value.
            sent = {"#set": [sent.message for sent in step.sent]}
        received = step.received.message if step.received is not None else None
        if received is not None and not self._compares_received:
            raise self._messages_error(step, "receives")
        return self._row(action, step.node, step.params, received, sent, variables)

    def _messages_error(self, step: Step, verb: str) -> TraceError:
        module = self.spec.specification.module
        return TraceError(
            f"step {step.index} {verb} a message, but module {module} has no variable 'msgs' or "
            "'messages'",
            hint="set messages= of the Specification to the variable that holds the messages "
            f"(the variables of {module}: {', '.join(self.spec.text.variables)})",
        )

    def layout(self, only: Sequence[int] | None = None, *, shared: bool) -> Layout:
        """Return traces, cut into pieces.

        Parameters
        ----------
        only : sequence of int, optional
            The traces, counted from 0; all by default.
        shared : bool
            Whether a common prefix of several traces is one piece; otherwise each trace is a
            piece, in the order of `only`.
        """
        chosen = range(len(self._texts)) if only is None else only
        if not shared:
            pieces = [Piece(self._texts[t], 0, 0, (t,)) for t in chosen]
            return Layout(pieces, len(pieces))
        return _tree({t: self._texts[t] for t in chosen})

    def source(
        self,
        config: str,
        layout: Layout,
        *,
        stop: Sequence[int] | None = None,
        incremental: bool = False,
    ) -> SpecSource:
        """Return all modules for a run of TLC.

        Parameters
        ----------
        config : str
            The TLC configuration except the constants.
        layout : Layout
            The traces to check.
        stop : sequence of int, optional
            The step at which to leave each piece (see ``TraceStop`` in ``Trace.tla``).
        incremental : bool
            Whether TLC evaluates after a step only the properties that the step can have changed.
            The configuration must then have a view without ``claimsDue``.
        """
        width, step_width = _width(len(self._values) + 1), _width(len(self._rows) + 1)
        places = self._values.order()
        code_digits = [_digits(place, width) for place in places]
        rows = _strings(self._row_text(row, width, code_digits) for row in self._rows)
        codes = {node: places[self._value(node)] for node in self.header.nodes}
        steps = {code: _digits(code, step_width) for code in self._rows.values()}
        tape = [steps[code] for piece in layout.pieces for code in piece.codes]
        table, start = [], 0
        for piece in layout.pieces:
            row = (start, len(piece.codes), piece.first, piece.children, int(bool(piece.ends)))
            table.append("".join(_digits(number, 4) for number in row))
            start += len(piece.codes)
        fields = ", ".join(f"{name} |-> {at + _FIRST_FIELD}" for name, at in self._fields.items())
        names = ", ".join(f'"{name}"' for name in self.spec.actions)
        constants = ", ".join(f"{name} |-> {text}" for name, text in self._constants.items())
        stops = stop if stop is not None else []
        null = self.spec.specification.null
        renamed = self._has_null and null != "None"
        data = "\n".join(
            [
                "---- MODULE TraceData ----",
                f"EXTENDS {self.spec.specification.module}, TraceCodes, Integers, Sequences, "
                "FiniteSets, TLC",
                f"CodeWidth == {width}",
                # A constant in the header can be null.
                *([f"None == {null}"] if renamed else []),
                f"Header == {f'[{constants}]' if constants else '<<>>'}",
                f"LargestNumber == {self._largest}",
                f"TraceNodes == {_text({'#set': list(self.header.nodes)})}",
                f"NodeCodes == {_text(codes)}",
                self._values.text(places, width),
                f"TraceActions == <<{names}>>",
                f"TraceFields == [{fields}]",
                f"TraceRows == <<{rows}>>",
                f"RowCount == {len(self._rows)}",
                f"TraceInitial == {{{', '.join(map(str, self._initial))}}}",
                f"TraceTape == <<{_strings(_chunks(tape, _TAPE_STEPS))}>>",
                f"TapeSteps == {_TAPE_STEPS}",
                f"TracePieces == <<{_strings(_chunks(table, _TAPE_PIECES))}>>",
                f"TapePieces == {_TAPE_PIECES}",
                f"PieceCount == {len(layout.pieces)}",
                f"RootCount == {layout.roots}",
                f"TraceStop == <<{', '.join(map(str, stops))}>>",
                f"StepWidth == {step_width}",
                "====",
                "",
            ]
        )
        plain = claims_module(GENERATED, self.claims, None)
        source = self.spec.source(data, plain, config, self.claims)
        if incremental and not self.spec.renamed:
            # The data module is long and declares no variables: only its EXTENDS is read.
            read = {**source.modules, "TraceData": data[: data.index("CodeWidth ==")] + "===="}
            source.modules["ProtocolTrace"] = claims_module(
                GENERATED, self.claims, SpecSource(GENERATED, read, source.config)
            )
        return source
