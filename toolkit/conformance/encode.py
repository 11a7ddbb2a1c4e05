"""Traces as a TLA+ module that TLC reads quickly.

TLC's parser needs about a kilobyte of memory for each byte of an expression, and treats a
string as one token however long it is.  So every value that occurs is written once, as an
expression; an event is a row of numbers of such values; and a trace is a string of numbers
of rows, each number as a fixed count of digits to the base 64.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from toolkit.errors import TraceError, ValueParseError
from toolkit.protocols.base import Protocol
from toolkit.resources import specs_root
from toolkit.tlc import SpecSource, load_spec
from toolkit.trace import Step, Trace
from toolkit.values import canonical, format_itf

__all__ = ["Encoder"]

_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_"
_UNCHANGED = 1


def _digits(number: int, width: int) -> str:
    text = ""
    for _ in range(width):
        number, digit = divmod(number, 64)
        text = _DIGITS[digit] + text
    return text


def _width(largest: int) -> int:
    return 2 if largest < 64**2 else 3 if largest < 64**3 else 4


class Encoder:
    """Collects traces with the same constants, nodes and initial state.

    Parameters
    ----------
    protocol : Protocol
    first : Trace
        A trace of the group; its header speaks for all.
    """

    def __init__(self, protocol: Protocol, first: Trace) -> None:
        self.protocol = protocol
        self.header = first.header
        self.traces = 0
        self.steps = 0
        self._largest = 0
        self._actions = {name: code for code, name in enumerate(protocol.actions, start=1)}
        self._fields = {name: at for at, name in enumerate(protocol.observes)}
        # Code 0 is nothing, and code 1 is "did not change": two places are left free.
        self._values: list[str] = ["0", "0"]
        self._codes: dict[bytes, int] = {}
        self._canonical: dict[str, int] = {}
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
                    name: self._value(value)
                    for name, value in variables.items()
                    if self._known(name, "the header's initial state")
                },
            )
            for node, variables in sorted(self.header.initial.items())
        ]

    def _known(self, name: str, where: str) -> bool:
        if name not in self._fields:
            raise TraceError(
                f"{where}: the specification shows no variable {name!r}",
                hint=f"variables: {', '.join(self.protocol.observes)}",
            )
        return True

    def _value(self, data: Any) -> int:
        key = self._encode(data)
        code = self._codes.get(key)
        if code is None:
            text = canonical(data)
            code = self._canonical.get(text)
            if code is None:
                self._values.append(format_itf(data))
                code = self._canonical[text] = len(self._values)
                self._measure(data)
            self._codes[key] = code
        return code

    def _measure(self, data: Any) -> None:
        if isinstance(data, int) and not isinstance(data, bool):
            self._largest = max(self._largest, data)
        elif isinstance(data, dict):
            for item in data.values():
                self._measure(item)
        elif isinstance(data, list):
            for item in data:
                self._measure(item)

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
            0 if not params else self._value(params),
            0 if received is None else self._value(received),
            0 if sent is None else self._value(sent),
            *([0] * len(self._fields)),
        ]
        for name, code in variables.items():
            row[5 + self._fields[name]] = code
        return self._rows.setdefault(tuple(row), len(self._rows) + 1)

    def add(self, trace: Trace) -> None:
        """Add a trace; nothing of it is kept if it cannot be encoded.

        Raises
        ------
        TraceError
            If it names an action or a variable that the specification does not have, or a
            value that is none.
        """
        observed = [name for name in trace.header.observed if name in self._fields]
        for name in trace.header.observed:
            self._known(name, "the header's observed variables")
        codes = []
        for step in trace.steps:
            try:
                codes.append(self._step(trace, step, observed))
            except ValueParseError as error:
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
                    f"step {step.index}: the specification has no action {step.action!r}",
                    hint=f"actions: {', '.join(self.protocol.actions)}",
                )
        state = step.state
        variables: dict[str, int] = {}
        own = trace.header.initial.get(step.node)
        if state is not None:
            for name in observed:
                if own is None or name in own:
                    variables[name] = _UNCHANGED
            for name, value in state.items():
                self._known(name, f"step {step.index}")
                variables[name] = self._value(value)
        sent = None
        if step.sent is not None:
            messages = {canonical(one.message): one.message for one in step.sent}
            sent = {"#set": [messages[key] for key in sorted(messages)]}
        received = step.received.message if step.received is not None else None
        return self._row(action, step.node, step.params, received, sent, variables)

    def source(
        self, config: str, *, only: Sequence[int] | None = None, stop: Sequence[int] | None = None
    ) -> SpecSource:
        """Return all modules for a run of TLC.

        Parameters
        ----------
        config : str
            What the configuration asks, beside the constants.
        only : sequence of int, optional
            The traces to run, counted from 0; all by default.
        stop : sequence of int, optional
            Where to leave each of them (see ``TraceStop`` in ``Trace.tla``).
        """
        chosen = range(len(self._texts)) if only is None else only
        constants = dict(self.header.constants)
        constants |= self.protocol.trace_constants(constants, self._largest)
        width, step_width = _width(len(self._values) + 1), _width(len(self._rows) + 1)
        # Short lines: TLC's parser takes time quadratic in the length of a line.
        values = ",\n".join(self._values)
        rows = ",\n".join(
            '"' + "".join(_digits(code, width) for code in row) + '"' for row in self._rows
        )
        codes = {node: self._value(node) for node in self.header.nodes}
        texts = ",\n".join(
            '"' + "".join(_digits(code, step_width) for code in self._texts[t]) + '"'
            for t in chosen
        )
        fields = ", ".join(f"{name} |-> {at + 6}" for name, at in self._fields.items())
        names = ", ".join(f'"{name}"' for name in self.protocol.actions)
        stops = stop if stop is not None else [-1] * len(chosen)
        data = "\n".join(
            [
                "---- MODULE TraceData ----",
                f"EXTENDS {self.protocol.spec_module}, Integers, Sequences, FiniteSets, TLC",
                f"Header == {format_itf(constants)}",
                f"TraceNodes == {format_itf({'#set': list(self.header.nodes)})}",
                f"NodeCodes == {format_itf(codes)}",
                f"TraceValues == <<{values}>>",
                f"TraceActions == <<{names}>>",
                f"TraceFields == [{fields}]",
                f"TraceRows == <<{rows}>>",
                f"RowCount == {len(self._rows)}",
                f"TraceInitial == {{{', '.join(map(str, self._initial))}}}",
                f"TraceText == <<{texts}>>",
                f"TraceLength == <<{', '.join(str(len(self._texts[t])) for t in chosen)}>>",
                f"TraceStop == <<{', '.join(map(str, stops))}>>",
                f"CodeWidth == {width}",
                f"StepWidth == {step_width}",
                "====",
                "",
            ]
        )
        own = self.protocol.spec_folder
        shared = specs_root() / "trace"
        cfg = own / f"{self.protocol.trace_module}.cfg"
        loaded = load_spec(
            shared / "TraceRun.tla",
            cfg,
            module_path=[own, shared],
            extra_modules={
                "TraceData": data,
                "ProtocolTrace": "---- MODULE ProtocolTrace ----\n"
                f"EXTENDS {self.protocol.trace_module}\n====\n",
            },
        )
        return SpecSource(
            "TraceRun", loaded.modules, f"{loaded.config}\n{config}\n", "trace validation"
        )
