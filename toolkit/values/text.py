r"""Parser of TLA+ values in the text form that TLC prints.

::

    value   = number | number ".." number | string | "TRUE" | "FALSE" | name
            | "{" [value {"," value}] "}"                       set
            | "<<" [value {"," value}] ">>"                     tuple
            | "[" name "|->" value {"," name "|->" value} "]"   record
            | "(" pair {"@@" pair} ")"                          function
            | "(" value ")"
            | "SUBSET" value                                    all subsets
            | "(" value "\X" value {"\X" value} ")"             Cartesian product
            | "[" value "->" value "]"                          set of functions
            | "[" name ":" value {"," name ":" value} "]"       set of records
    pair    = value ":>" value
    state   = name "=" value | {"/\" name "=" value}

TLC prints sets that it has not enumerated in the forms from ``SUBSET`` on; the parser enumerates
them, up to a million members in a value.  It keeps its own stack, so that it can parse any depth
of nesting.  A string is a single token, so that its content is never mistaken for structure.

The grammar is parsed in two ways.  The fast way treats a bracket without inner brackets as a
single token, and caches the values of such tokens and of whole variables, because the states of a
run share most of their parts.  If it fails, the slow way parses the text again token by token, and
reports the position of the error.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from math import prod
from typing import Any

from toolkit.errors import ValueParseError
from toolkit.values.model import (
    FALSE,
    LARGEST_SET,
    LONGEST_INTERVAL,
    TRUE,
    ModelValue,
    Set,
    Tuple,
    Value,
    _function,
    function,
    interval,
)
from toolkit.values.printing import ESCAPES, STRING

__all__ = [
    "LARGEST_SET",
    "parse_state",
    "parse_value",
    "parse_values",
]

_NAME = r"[0-9]*+[^\W0-9]\w*+(?:!\w++)*+"
_SIGNS = rf"{_NAME} | -?[0-9]+ | << | >> | \|-> | -> | :> | @@ | \.\. | /\\ | \\X | \S"

# An unterminated string is a single token too; otherwise each quotation mark in it is tried.
_ANY = rf'{STRING} | ".*+ | {_SIGNS}'
_TOKEN = re.compile(_ANY, re.VERBOSE | re.DOTALL)
_WHOLESTRING = re.compile(STRING, re.DOTALL)

# A leaf contains no dots: an interval may be a part of a set too large to be cached.
_LEAF = rf"""
      [\[({{] (?: [^\[\](){{}}<".]++ | {STRING} )*+ [\])}}]
    | << (?: [^\[\](){{}}<>".]++ | {STRING} )*+ >>
"""
_COARSE_TOKEN = re.compile(rf"{_LEAF} | {_ANY}", re.VERBOSE | re.DOTALL)

# Outside strings, this sign only occurs at the start of a conjunct.
_CONJUNCT = re.compile(
    rf"""\s*+ (/\\)?+ \s*+ ({_NAME}) \s*+ = ( (?: [^"/]++ | {STRING} | /(?!\\) )*+ )""",
    re.VERBOSE | re.DOTALL,
)

_OPENING = {"{": "}", "<<": ">>", "[": "]", "(": ")"}
_OPENING_SIGNS = frozenset("{<[(")
_EMPTY_SET, _EMPTY_TUPLE = Set(), Tuple()
_MARKS = frozenset(["->", "|->", ":>", "@@", "..", "/\\", "\\X", *"{}[](),=:<>", "<<", ">>"])


class _Memo(dict[str, Any]):
    """A cache from texts to their values, bounded by the total length of the texts."""

    def __init__(self, room: int, longest: int) -> None:
        self._room = self._left = room
        self._longest = longest

    def remember(self, text: str, value: Value) -> None:
        size = len(text) + 20
        if size <= self._longest:
            if self._left < size:
                self.clear()
                self._left = self._room
            self._left -= size
            self[text] = value


# Values of short tokens and leaves, and values of whole variables.
_KNOWN = _Memo(2_000_000, 220)
_VARIABLES = _Memo(8_000_000, 4_000)

# Values nested deeper than this are hashed when they are built, so that hashing does not recurse
# deeply.
_DEEP = 50


class _SyntaxError(Exception):
    """A syntax error and the index of its token."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


class _Frame:
    r"""An open bracket, with the items that have been parsed inside it.

    ``kind`` is the bracket, or the kind of item that follows inside it: ``":>"`` a function's
    value, ``"@@"`` its next argument, ``"\X"`` a factor, ``"S->"`` and ``"->T"`` the two sides of a
    set of functions, ``"[:"`` a field's set, ``"SUBSET"`` the set itself.
    """

    __slots__ = ("items", "key", "kind")

    def __init__(self, kind: str, key: Any = None) -> None:
        self.kind = kind
        self.items: list[Any] = []
        self.key: Any = key


def _tokens(text: str) -> list[str]:
    # The empty tokens at the end let the parser look two tokens ahead.
    return [*_TOKEN.findall(text), "", "", ""]


def _error(text: str, place: int, message: str) -> ValueParseError:
    starts = (match.start() for match in _TOKEN.finditer(text))
    start = next(itertools.islice(starts, place, None), len(text))
    return ValueParseError(
        message,
        line=text.count("\n", 0, start) + 1,
        column=start - text.rfind("\n", 0, start),
        hint="write values as TLC prints them",
    )


def _describe(token: str) -> str:
    return repr(token[:20]) if token else "the end of the text"


def _unescape(token: str, place: int) -> str:
    if not _WHOLESTRING.fullmatch(token):
        raise _SyntaxError(place, "the string has no closing quotation mark")
    body = token[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\(.)", lambda m: ESCAPES.get(m[1], m[0]), body, flags=re.DOTALL)


def _is_name(token: str) -> bool:
    return bool(token) and (token[0].isalnum() or token[0] == "_") and not _is_number(token)


def _is_number(token: str) -> bool:
    digits = token[1:] if token[:1] == "-" else token
    return digits.isascii() and digits.isdecimal()


def _number(token: str, place: int) -> int:
    try:
        return int(token)
    except ValueError:
        raise _SyntaxError(place, f"a number of {len(token)} digits is too long") from None


def _atom(token: str, place: int) -> Value:
    value: Value
    if token == "TRUE":
        value = TRUE
    elif token == "FALSE":
        value = FALSE
    elif token[:1] == '"':
        value = _unescape(token, place)
    elif _is_number(token):
        value = _number(token, place)
    elif _is_name(token):
        value = ModelValue(token)
    elif token[:1] in _OPENING_SIGNS and len(token) > 1:
        value = _leaf(token)
    elif not token or token in _MARKS:
        raise _SyntaxError(place, f"expected a value, found {_describe(token)}")
    else:
        raise _SyntaxError(place, f"{token!r} cannot occur in a TLA+ value")
    _KNOWN.remember(token, value)
    return value


def _leaf(token: str) -> Value:
    # The only closing bracket of a leaf is its last character, so nothing can follow the value.
    return _Parser(_tokens(token)).value()


def _field(tokens: Sequence[str], place: int, mark: str) -> str:
    name = tokens[place]
    if name[:1] == '"':
        name = _unescape(name, place)
    elif not name.isidentifier() and not _is_name(name):
        raise _SyntaxError(place, f"expected the name of a field, found {_describe(name)}")
    if tokens[place + 1] != mark:
        raise _SyntaxError(place + 1, f"expected {mark!r}, found {_describe(tokens[place + 1])}")
    return name


def _mapping(pairs: list[tuple[Any, Value]]) -> Value:
    table = dict(pairs)
    return _function(table) if len(table) == len(pairs) else function(pairs)


class _Parser:
    """Parser of consecutive values in a list of tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.place = 0
        self.remaining = LARGEST_SET

    def expect(self, token: str) -> None:
        actual = self.tokens[self.place]
        if actual != token:
            raise _SyntaxError(self.place, f"expected {token!r}, found {_describe(actual)}")
        self.place += 1

    def value(self) -> Value:
        tokens, place = self.tokens, self.place
        self.remaining = LARGEST_SET
        stack: list[_Frame] = []
        while True:
            # Open brackets until a complete value follows.
            token = tokens[place]
            value: Any = _KNOWN.get(token)
            if value is None:
                if token in _OPENING:
                    place += 1
                    if token == "[":
                        if tokens[place + 1] in {"|->", ":"}:
                            kind = "[" if tokens[place + 1] == "|->" else "[:"
                            stack.append(_Frame(kind, _field(tokens, place, tokens[place + 1])))
                            place += 2
                            continue
                        stack.append(_Frame("S->"))
                        continue
                    if token == "(" or tokens[place] != _OPENING[token]:
                        stack.append(_Frame(token))
                        continue
                    value = _EMPTY_SET if token == "{" else _EMPTY_TUPLE
                elif token == "SUBSET":
                    stack.append(_Frame(token))
                    place += 1
                    continue
                else:
                    value = _atom(token, place)
            place += 1
            if tokens[place] == "..":
                value = self._interval(value, place)
                place += 2
            # Add the value to the innermost bracket, and close brackets that it completes.
            while stack:
                frame = stack[-1]
                kind, token = frame.kind, tokens[place]
                if kind == "{" or kind == "<<":
                    frame.items.append(value)
                    if token == ",":
                        place += 1
                        break
                    if token != _OPENING[kind]:
                        raise _unexpected(place, token, "','", _OPENING[kind])
                    value = (
                        Set._of(frozenset(frame.items))
                        if kind == "{"
                        else Tuple._of(tuple(frame.items))
                    )
                elif kind == "[" or kind == "[:":
                    frame.items.append((frame.key, value))
                    if token == ",":
                        mark = "|->" if kind == "[" else ":"
                        frame.key = _field(tokens, place + 1, mark)
                        place += 3
                        break
                    if token != "]":
                        raise _unexpected(place, token, "','", "]")
                    value = _mapping(frame.items) if kind == "[" else self._records(frame, place)
                elif kind == "SUBSET":
                    stack.pop()
                    value = self._subsets(value, place)
                    continue
                elif kind == "S->":
                    if token != "->":
                        raise _unexpected(place, token, "'->'")
                    frame.kind, frame.key = "->T", value
                    place += 1
                    break
                elif kind == "->T":
                    if token != "]":
                        raise _unexpected(place, token, "]")
                    value = self._functions(frame.key, value, place)
                elif kind == ":>":
                    frame.items.append((frame.key, value))
                    if token == "@@":
                        frame.kind = token
                        place += 1
                        break
                    if token != ")":
                        raise _unexpected(place, token, "'@@'", ")")
                    value = _mapping(frame.items)
                elif token == ":>" and kind != "\\X":
                    frame.kind, frame.key = token, value
                    place += 1
                    break
                elif kind == "@@":
                    raise _unexpected(place, token, "':>'")
                elif token == "\\X":
                    frame.kind = token
                    frame.items.append(value)
                    place += 1
                    break
                elif token != ")":
                    raise _unexpected(place, token, ")")
                elif kind == "\\X":
                    value = self._product([*frame.items, value], place)
                stack.pop()
                if len(stack) > _DEEP:
                    hash(value)
                place += 1
            else:
                self.place = place
                return value  # type: ignore[no-any-return]

    def _reserve(self, size: int, place: int) -> None:
        self.remaining -= size
        if self.remaining < 0:
            raise _SyntaxError(place, f"a set has more than {LARGEST_SET:,} members")

    def _members(self, value: Value, place: int) -> list[Value]:
        if not isinstance(value, Set):
            raise _SyntaxError(place - 1, "expected a set")
        if value.ends is not None:
            self._reserve(len(value), place)
        return list(value.members)

    def _interval(self, low: Value, place: int) -> Set:
        token = self.tokens[place + 1]
        if type(low) is not int or not _is_number(token):
            raise _SyntaxError(place + 1, "the ends of an interval must be numbers")
        high = _number(token, place + 1)
        if high - low >= LONGEST_INTERVAL:
            raise _SyntaxError(place, "an interval has more than 2^62 members")
        return interval(low, high)

    def _subsets(self, value: Value, place: int) -> Set:
        members = self._members(value, place)
        self._reserve(2 ** min(len(members), 64), place)
        sizes = range(len(members) + 1)
        subsets = (subset for size in sizes for subset in itertools.combinations(members, size))
        return Set._of(frozenset(Set._of(frozenset(subset)) for subset in subsets))

    def _product(self, factors: Sequence[Value], place: int) -> Set:
        sides = [self._members(factor, place) for factor in factors]
        self._reserve(prod(map(len, sides)), place)
        return Set._of(frozenset(map(Tuple._of, itertools.product(*sides))))

    def _functions(self, domain: Value, codomain: Value, place: int) -> Set:
        keys, targets = self._members(domain, place), self._members(codomain, place)
        if len(targets) > 1:
            self._reserve(len(targets) ** min(len(keys), 64), place)
        choices = itertools.product(targets, repeat=len(keys))
        return Set._of(frozenset(function(zip(keys, chosen, strict=True)) for chosen in choices))

    def _records(self, frame: _Frame, place: int) -> Set:
        names = [name for name, _ in frame.items]
        sides = [self._members(side, place) for _, side in frame.items]
        self._reserve(prod(map(len, sides)), place)
        choices = itertools.product(*sides)
        return Set._of(frozenset(function(zip(names, chosen, strict=True)) for chosen in choices))


def _unexpected(place: int, token: str, *expected: str) -> _SyntaxError:
    names = " or ".join(sign if sign[0] == "'" else repr(sign) for sign in expected)
    return _SyntaxError(place, f"expected {names}, found {_describe(token)}")


def parse_value(text: str) -> Value:
    """Parse a TLA+ value.

    Parameters
    ----------
    text : str
        A value as TLC prints it, on any number of lines.

    Returns
    -------
    Value

    Raises
    ------
    ValueParseError
        If the text is not a value; the message gives line and column.

    Examples
    --------
    >>> from toolkit.values import Record, Set, Tuple
    >>> parse_value('[a |-> <<1, {"x"}>>]') == Record({"a": Tuple([1, Set(["x"])])})
    True
    >>> parse_value("(0 :> m @@ 1 :> TRUE)")[0]
    <TLA+ m>
    """
    try:
        return _quick_value(text)
    except _SyntaxError:
        pass
    tokens = _tokens(text)
    parser = _Parser(tokens)
    try:
        value = parser.value()
        if tokens[parser.place] == ":>":
            # A function that is not enclosed in parentheses.
            parser = _Parser(["(", *tokens[:-3], ")", "", "", ""])
            value = parser.value()
        if (token := parser.tokens[parser.place]) != "":
            raise _SyntaxError(parser.place, f"unexpected {_describe(token)} after the value")
    except _SyntaxError as error:
        place = error.place - (len(parser.tokens) > len(tokens))
        raise _error(text, place, str(error)) from None
    return value


def _quick_value(text: str) -> Value:
    """Parse a single value in the fast way; an error has no position."""
    value: Any = _VARIABLES.get(text)
    if value is None:
        parser = _Parser([*_COARSE_TOKEN.findall(text), "", "", ""])
        value = parser.value()
        parser.expect("")
        # Values that were enumerated may be much larger than their texts; they are not cached.
        if parser.remaining == LARGEST_SET:
            _VARIABLES.remember(text, value)
    return value  # type: ignore[no-any-return]


def _quick_state(text: str) -> dict[str, Value]:
    """Parse a state in the fast way; an error has no position."""
    state: dict[str, Value] = {}
    place, alone = 0, False
    while place < len(text):
        conjunct = _CONJUNCT.match(text, place)
        if conjunct is None or alone:
            raise _SyntaxError(0, "a conjunct is missing")
        place = conjunct.end()
        sign, name, body = conjunct.groups()
        alone = sign is None
        if name in state or (alone and state):
            raise _SyntaxError(0, "a variable occurs twice")
        state[name] = _quick_value(body)
    return state


def parse_values(text: str) -> list[Value]:
    """Parse all values in a text, as ``PrintT`` prints them.

    Parameters
    ----------
    text : str
        Any number of values, separated by white space.

    Returns
    -------
    list of Value

    Raises
    ------
    ValueParseError
        If a part of the text is not a value.

    Examples
    --------
    >>> parse_values('1 "a"')
    [1, 'a']
    """
    parser = _Parser(_tokens(text))
    values = []
    try:
        while parser.tokens[parser.place]:
            values.append(parser.value())
    except _SyntaxError as error:
        raise _error(text, error.place, str(error)) from None
    return values


def parse_state(text: str) -> dict[str, Value]:
    r"""Parse a state that TLC printed.

    Parameters
    ----------
    text : str
        A conjunct such as ``/\ x = 1`` for each variable; ``/\`` may be omitted if there is a
        single variable.

    Returns
    -------
    dict of str to Value
        The variables, in the order of the text.

    Raises
    ------
    ValueParseError
        If the text is not a state.

    Examples
    --------
    >>> parse_state('/\\ x = 1\n/\\ y = "/\\ x = 3"')
    {'x': 1, 'y': '/\\ x = 3'}
    """
    try:
        return _quick_state(text)
    except _SyntaxError:
        pass
    tokens = _tokens(text)
    parser = _Parser(tokens)
    state: dict[str, Value] = {}
    conjunction = tokens[0] == "/\\"
    try:
        while token := tokens[parser.place]:
            if conjunction:
                parser.expect("/\\")
                token = tokens[parser.place]
            elif state:
                raise _SyntaxError(parser.place, f"unexpected {_describe(token)} after the state")
            if not _is_name(token):
                raise _SyntaxError(
                    parser.place, f"expected the name of a variable, found {_describe(token)}"
                )
            if token in state:
                raise _SyntaxError(parser.place, f"the variable {token!r} occurs twice")
            parser.place += 1
            parser.expect("=")
            state[token] = parser.value()
    except _SyntaxError as error:
        raise _error(text, error.place, str(error)) from None
    return state
