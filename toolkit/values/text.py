"""TLA+ values as text: the grammar of what TLC prints, and a printer.

The parser keeps its own stack, so that no nesting is too deep for it, and a string is one
token, so that nothing inside it is mistaken for structure.
"""

from __future__ import annotations

import re
from typing import Any

from toolkit.errors import ValueParseError
from toolkit.values.model import (
    FALSE,
    TRUE,
    Bool,
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    function,
)

__all__ = ["format_value", "parse_state", "parse_value", "parse_values"]

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>-?\d+)
    | (?P<string>"(?:[^"\\]|\\.)*")
    | (?P<name>[^\W\d]\w*(?:!\w+)*)
    | (?P<mark><<|>>|\|->|:>|@@|\.\.|/\\|[{}\[\](),=])
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", '"': '"', "\\": "\\"}
_UNESCAPES = {value: "\\" + key for key, value in _ESCAPES.items()}
_CLOSING = {"{": "}", "<<": ">>", "[": "]", "(": ")"}


class _Reader:
    """A text with a place in it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.kind = ""
        self.token = ""
        self.start = 0
        self.next()

    def next(self) -> None:
        match = _TOKEN.match(self.text, self.place)
        if match is None:
            rest = self.text[self.place :].lstrip()
            self.start = len(self.text) - len(rest)
            raise self.error(f"{rest[:20]!r} is no part of a TLA+ value")
        self.kind = match.lastgroup or ""
        self.token = match[self.kind]
        self.start = match.start(self.kind)
        self.place = match.end()

    def expect(self, mark: str) -> None:
        if self.kind != "mark" or self.token != mark:
            raise self.error(f"expected {mark!r}, found {self.token[:20]!r}")
        self.next()

    def at(self, mark: str) -> bool:
        return self.kind == "mark" and self.token == mark

    def error(self, message: str) -> ValueParseError:
        line = self.text.count("\n", 0, self.start) + 1
        column = self.start - self.text.rfind("\n", 0, self.start)
        return ValueParseError(
            message, line=line, column=column, hint="give a value as TLC prints it"
        )


class _Frame:
    """An open bracket, with what has been read inside it."""

    __slots__ = ("items", "key", "opening")

    def __init__(self, opening: str) -> None:
        self.opening = opening
        self.items: list[Any] = []
        self.key: Any = None


def _unescape(token: str) -> str:
    body = token[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), body, flags=re.DOTALL)


def _atom(reader: _Reader) -> Value:
    kind, token = reader.kind, reader.token
    reader.next()
    if kind == "number":
        low = int(token)
        if not reader.at(".."):
            return low
        reader.next()
        if reader.kind != "number":
            raise reader.error("expected the upper end of an interval")
        high = int(reader.token)
        reader.next()
        return Set(range(low, high + 1))
    if kind == "string":
        return _unescape(token)
    if token == "TRUE":
        return TRUE
    if token == "FALSE":
        return FALSE
    return ModelValue(token)


def _field(reader: _Reader, frame: _Frame) -> None:
    if reader.kind not in {"name", "string"}:
        raise reader.error("expected the name of a field")
    frame.key = reader.token if reader.kind == "name" else _unescape(reader.token)
    reader.next()
    reader.expect("|->")


def _close(frame: _Frame) -> Value:
    if frame.opening == "{":
        return Set(frame.items)
    if frame.opening == "<<":
        return Tuple(frame.items)
    if frame.opening == "[":
        return function(frame.items)
    return function(frame.items) if frame.key is None else frame.key


def _value(reader: _Reader) -> Value:
    stack: list[_Frame] = []
    while True:
        # Open brackets until something stands for itself.
        value: Value
        if reader.kind == "mark" and reader.token in _CLOSING:
            frame = _Frame(reader.token)
            reader.next()
            if frame.opening != "(" and reader.at(_CLOSING[frame.opening]):
                reader.next()
                value = _close(frame)
            else:
                stack.append(frame)
                if frame.opening == "[":
                    _field(reader, frame)
                continue
        elif reader.kind in {"number", "string", "name"}:
            value = _atom(reader)
        else:
            found = "the end of the text" if reader.kind == "end" else repr(reader.token)
            raise reader.error(f"expected a value, found {found}")
        # Put it where it belongs, and close what it completes.
        while stack:
            frame = stack[-1]
            closing = _CLOSING[frame.opening]
            if frame.opening == "(":
                if frame.key is None and reader.at(":>"):
                    frame.key = value
                    reader.next()
                    break
                if frame.key is None and not frame.items:
                    frame.key = value
                else:
                    if frame.key is None:
                        raise reader.error("expected ':>'")
                    frame.items.append((frame.key, value))
                    frame.key = None
                if frame.items and reader.at("@@"):
                    reader.next()
                    break
            else:
                frame.items.append((frame.key, value) if frame.opening == "[" else value)
                if reader.at(","):
                    reader.next()
                    if frame.opening == "[":
                        _field(reader, frame)
                    break
            reader.expect(closing)
            stack.pop()
            value = _close(frame)
        else:
            return value


def parse_value(text: str) -> Value:
    """Return the value that a text denotes.

    Parameters
    ----------
    text : str
        A value as TLC prints it, on one or many lines.

    Returns
    -------
    Value

    Raises
    ------
    ValueParseError
        If the text is no such value; with line and column.

    Examples
    --------
    >>> parse_value('[a |-> <<1, {"x"}>>]') == Record({"a": Tuple([1, Set(["x"])])})
    True
    >>> parse_value("(0 :> m @@ 1 :> TRUE)")[0]
    <TLA+ m>
    """
    reader = _Reader(text)
    value = _value(reader)
    if reader.at(":>"):
        # A function that stands outside all brackets.
        return parse_value(f"({text})")
    if reader.kind != "end":
        raise reader.error(f"the value ends before {reader.token[:20]!r}")
    return value


def parse_values(text: str) -> list[Value]:
    """Return all values that follow one another in a text, as ``PrintT`` leaves them.

    Parameters
    ----------
    text : str
        Any number of values with white space between them.

    Raises
    ------
    ValueParseError
        If something in it is no value.

    Examples
    --------
    >>> parse_values('1 "a"')
    [1, 'a']
    """
    reader = _Reader(text)
    values = []
    while reader.kind != "end":
        values.append(_value(reader))
    return values


def parse_state(text: str) -> dict[str, Value]:
    r"""Return the variables of a state that TLC printed.

    Parameters
    ----------
    text : str
        ``/\ x = 1`` and so on, one conjunct per variable; a single variable may stand
        without ``/\``.

    Returns
    -------
    dict of str to Value
        In the order of the text.

    Raises
    ------
    ValueParseError
        If the text is no such state.

    Examples
    --------
    >>> parse_state('/\\ x = 1\n/\\ y = "/\\ x = 3"')
    {'x': 1, 'y': '/\\ x = 3'}
    """
    reader = _Reader(text)
    state: dict[str, Value] = {}
    if reader.kind == "end":
        return state
    conjunction = reader.at("/\\")
    while True:
        if conjunction:
            reader.expect("/\\")
        if reader.kind != "name":
            raise reader.error("expected the name of a variable")
        name = reader.token
        reader.next()
        reader.expect("=")
        state[name] = _value(reader)
        if reader.kind == "end":
            return state
        if not conjunction:
            raise reader.error("expected the end of the state")


def _quote(text: str) -> str:
    return '"' + "".join(_UNESCAPES.get(char, char) for char in text) + '"'


_NAME = re.compile(r"[^\W\d]\w*\Z")


def format_value(value: Value) -> str:
    """Return a value as TLA+ text, on one line, the same in every process.

    Parameters
    ----------
    value : Value

    Returns
    -------
    str
        :func:`parse_value` returns an equal value for it.

    Examples
    --------
    >>> format_value(Set([3, 1])), format_value(function([(0, "a")]))
    ('{1, 3}', '(0 :> "a")')
    """
    if isinstance(value, Bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, ModelValue):
        return value.name
    if isinstance(value, Set):
        return "{" + ", ".join(map(format_value, value)) + "}"
    if isinstance(value, Tuple):
        return "<<" + ", ".join(map(format_value, value)) + ">>"
    if isinstance(value, Record) and all(_NAME.match(name) for name, _ in value.items()):
        return "[" + ", ".join(f"{name} |-> {format_value(v)}" for name, v in value.items()) + "]"
    assert isinstance(value, (Record, Function))
    pairs = (f"{format_value(key)} :> {format_value(item)}" for key, item in value.items())
    return "(" + " @@ ".join(pairs) + ")"
