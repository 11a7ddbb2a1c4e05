r"""TLA+ values as text: the grammar of what TLC prints, and a printer.

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

The forms from ``SUBSET`` on are how TLC prints sets that it has not written out; they are
written out here, up to a million members in a value.  The parser keeps its own stack, so that
no nesting is too deep for it, and a string is one token, so that nothing inside it is mistaken
for structure.

There are two ways through the same grammar.  The quick one takes a bracket that holds no other
bracket for one token, and remembers what such tokens, and whole variables, stood for: the
states of a run share most of their parts.  Where it finds anything amiss the careful one reads
the text again, token by token, and says what is wrong where.
"""

from __future__ import annotations

import functools
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
    Bool,
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    _function,
    function,
    interval,
)

__all__ = [
    "LARGEST_SET",
    "format_value",
    "is_identifier",
    "parse_state",
    "parse_value",
    "parse_values",
]

_NAME = r"[0-9]*+[^\W0-9]\w*+(?:!\w++)*+"
_STRING = r'"(?:[^"\\]|\\.)*+"'
_SIGNS = rf"{_NAME} | -?[0-9]+ | << | >> | \|-> | -> | :> | @@ | \.\. | /\\ | \\X | \S"

# A string that does not end is one token too, or each quotation mark in it would be tried.
_ANY = rf'{_STRING} | ".*+ | {_SIGNS}'
_TOKEN = re.compile(_ANY, re.VERBOSE | re.DOTALL)
_WHOLE_STRING = re.compile(_STRING, re.DOTALL)

# Dots stay out of leaves: an interval may be a part of a set too large to be remembered.
_LEAF = rf"""
      [\[({{] (?: [^\[\](){{}}<".]++ | {_STRING} )*+ [\])}}]
    | << (?: [^\[\](){{}}<>".]++ | {_STRING} )*+ >>
"""
_COARSE_TOKEN = re.compile(rf"{_LEAF} | {_ANY}", re.VERBOSE | re.DOTALL)

# Outside strings, only the next conjunct begins with this sign.
_CONJUNCT = re.compile(
    rf"""\s*+ (/\\)?+ \s*+ ({_NAME}) \s*+ = ( (?: [^"/]++ | {_STRING} | /(?!\\) )*+ )""",
    re.VERBOSE | re.DOTALL,
)

_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", '"': '"', "\\": "\\"}
_UNESCAPES = str.maketrans({value: "\\" + key for key, value in _ESCAPES.items()})
_OPENING = {"{": "}", "<<": ">>", "[": "]", "(": ")"}
_OPENING_SIGNS = frozenset("{<[(")
_EMPTY_SET, _EMPTY_TUPLE = Set(), Tuple()
_MARKS = frozenset(["->", "|->", ":>", "@@", "..", "/\\", "\\X", *"{}[](),=:<>", "<<", ">>"])


class _Memo(dict[str, Any]):
    """Values by the texts that stand for them; bounded by the length of these texts."""

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


# What short tokens and leaves, and what whole variables stood for.
_KNOWN = _Memo(2_000_000, 220)
_VARIABLES = _Memo(8_000_000, 4_000)

# From this depth on values are hashed as they are made, so that no hash has far to go down.
_DEEP = 50


class _SyntaxError(Exception):
    """What is wrong at which token."""

    def __init__(self, place: int, message: str) -> None:
        super().__init__(message)
        self.place = place


class _Frame:
    r"""An open bracket, with what has been read inside it.

    ``kind`` is the bracket, or says what follows inside it: ``":>"`` a function's value,
    ``"@@"`` its next argument, ``"\X"`` a factor, ``"S->"`` and ``"->T"`` the two sides of a
    set of functions, ``"[:"`` a field's set, ``"SUBSET"`` the set itself.
    """

    __slots__ = ("items", "key", "kind")

    def __init__(self, kind: str, key: Any = None) -> None:
        self.kind = kind
        self.items: list[Any] = []
        self.key: Any = key


def _tokens(text: str) -> list[str]:
    # The ends let the parser look two tokens ahead.
    return [*_TOKEN.findall(text), "", "", ""]


def _error(text: str, place: int, message: str) -> ValueParseError:
    starts = (match.start() for match in _TOKEN.finditer(text))
    start = next(itertools.islice(starts, place, None), len(text))
    return ValueParseError(
        message,
        line=text.count("\n", 0, start) + 1,
        column=start - text.rfind("\n", 0, start),
        hint="give a value as TLC prints it",
    )


def _named(token: str) -> str:
    return repr(token[:20]) if token else "the end of the text"


def _unescape(token: str, place: int) -> str:
    if not _WHOLE_STRING.fullmatch(token):
        raise _SyntaxError(place, "a string without its closing quotation mark")
    body = token[1:-1]
    if "\\" not in body:
        return body
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), body, flags=re.DOTALL)


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
        raise _SyntaxError(place, f"expected a value, found {_named(token)}")
    else:
        raise _SyntaxError(place, f"{token!r} is no part of a TLA+ value")
    _KNOWN.remember(token, value)
    return value


def _leaf(token: str) -> Value:
    # A leaf's only closing bracket is its last sign: nothing can follow the value.
    return _Parser(_tokens(token)).value()


def _field(tokens: Sequence[str], place: int, mark: str) -> str:
    name = tokens[place]
    if name[:1] == '"':
        name = _unescape(name, place)
    elif not name.isidentifier() and not _is_name(name):
        raise _SyntaxError(place, f"expected the name of a field, found {_named(name)}")
    if tokens[place + 1] != mark:
        raise _SyntaxError(place + 1, f"expected {mark!r}, found {_named(tokens[place + 1])}")
    return name


def _mapping(pairs: list[tuple[Any, Value]]) -> Value:
    table = dict(pairs)
    return _function(table) if len(table) == len(pairs) else function(pairs)


class _Parser:
    """Reads one value after another from a list of tokens."""

    def __init__(self, tokens: Sequence[str]) -> None:
        self.tokens = tokens
        self.place = 0
        self.room = LARGEST_SET

    def expect(self, token: str) -> None:
        found = self.tokens[self.place]
        if found != token:
            raise _SyntaxError(self.place, f"expected {token!r}, found {_named(found)}")
        self.place += 1

    def value(self) -> Value:
        tokens, place = self.tokens, self.place
        self.room = LARGEST_SET
        stack: list[_Frame] = []
        while True:
            # Open brackets until something stands for itself.
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
            # Put it where it belongs, and close what it completes.
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

    def _take(self, size: int, place: int) -> None:
        self.room -= size
        if self.room < 0:
            raise _SyntaxError(place, f"a set of more than {LARGEST_SET:,} members")

    def _members(self, value: Value, place: int) -> list[Value]:
        if not isinstance(value, Set):
            raise _SyntaxError(place - 1, "expected a set")
        if value.ends is not None:
            self._take(len(value), place)
        return list(value.members)

    def _interval(self, low: Value, place: int) -> Set:
        token = self.tokens[place + 1]
        if type(low) is not int or not _is_number(token):
            raise _SyntaxError(place + 1, "expected an interval's ends to be numbers")
        high = _number(token, place + 1)
        if high - low >= LONGEST_INTERVAL:
            raise _SyntaxError(place, "an interval of more than 2^62 members")
        return interval(low, high)

    def _subsets(self, value: Value, place: int) -> Set:
        members = self._members(value, place)
        self._take(2 ** min(len(members), 64), place)
        sizes = range(len(members) + 1)
        subsets = (some for size in sizes for some in itertools.combinations(members, size))
        return Set._of(frozenset(Set._of(frozenset(some)) for some in subsets))

    def _product(self, factors: Sequence[Value], place: int) -> Set:
        sides = [self._members(factor, place) for factor in factors]
        self._take(prod(map(len, sides)), place)
        return Set._of(frozenset(map(Tuple._of, itertools.product(*sides))))

    def _functions(self, domain: Value, codomain: Value, place: int) -> Set:
        keys, targets = self._members(domain, place), self._members(codomain, place)
        if len(targets) > 1:
            self._take(len(targets) ** min(len(keys), 64), place)
        choices = itertools.product(targets, repeat=len(keys))
        return Set._of(frozenset(function(zip(keys, chosen, strict=True)) for chosen in choices))

    def _records(self, frame: _Frame, place: int) -> Set:
        names = [name for name, _ in frame.items]
        sides = [self._members(side, place) for _, side in frame.items]
        self._take(prod(map(len, sides)), place)
        choices = itertools.product(*sides)
        return Set._of(frozenset(function(zip(names, chosen, strict=True)) for chosen in choices))


def _unexpected(place: int, token: str, *wanted: str) -> _SyntaxError:
    names = " or ".join(one if one[0] == "'" else repr(one) for one in wanted)
    return _SyntaxError(place, f"expected {names}, found {_named(token)}")


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
    try:
        return _quick_value(text)
    except _SyntaxError:
        pass
    tokens = _tokens(text)
    parser = _Parser(tokens)
    try:
        value = parser.value()
        if tokens[parser.place] == ":>":
            # A function that stands outside all brackets.
            parser = _Parser(["(", *tokens[:-3], ")", "", "", ""])
            value = parser.value()
        if (token := parser.tokens[parser.place]) != "":
            raise _SyntaxError(parser.place, f"the value ends before {_named(token)}")
    except _SyntaxError as error:
        place = error.place - (len(parser.tokens) > len(tokens))
        raise _error(text, place, str(error)) from None
    return value


def _quick_value(text: str) -> Value:
    """Return the value of a text that is nothing but a value, or raise an error without place."""
    value: Any = _VARIABLES.get(text)
    if value is None:
        parser = _Parser([*_COARSE_TOKEN.findall(text), "", "", ""])
        value = parser.value()
        parser.expect("")
        # What is larger than its text is not kept.
        if parser.room == LARGEST_SET:
            _VARIABLES.remember(text, value)
    return value  # type: ignore[no-any-return]


def _quick_state(text: str) -> dict[str, Value]:
    """Return the variables of a state, or raise an error without place."""
    state: dict[str, Value] = {}
    place, alone = 0, False
    while place < len(text):
        found = _CONJUNCT.match(text, place)
        if found is None or alone:
            raise _SyntaxError(0, "no conjunct")
        place = found.end()
        sign, name, body = found.groups()
        alone = sign is None
        if name in state or (alone and state):
            raise _SyntaxError(0, "no further conjunct")
        state[name] = _quick_value(body)
    return state


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
    parser = _Parser(_tokens(text))
    values = []
    try:
        while parser.tokens[parser.place]:
            values.append(parser.value())
    except _SyntaxError as error:
        raise _error(text, error.place, str(error)) from None
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
                raise _SyntaxError(parser.place, f"the state ends before {_named(token)}")
            if not _is_name(token):
                raise _SyntaxError(
                    parser.place, f"expected the name of a variable, found {_named(token)}"
                )
            if token in state:
                raise _SyntaxError(parser.place, f"the variable {token!r} stands there twice")
            parser.place += 1
            parser.expect("=")
            state[token] = parser.value()
    except _SyntaxError as error:
        raise _error(text, error.place, str(error)) from None
    return state


_IDENTIFIER = re.compile(r"(?!WF_|SF_)[0-9_]*[A-Za-z][A-Za-z0-9_]*\Z")

# Words that SANY does not take for the name of a field, a constant or a model value.
_WORDS = """
ACTION ASSUME ASSUMPTION AXIOM BOOLEAN BY CASE CHOOSE CONSTANT CONSTANTS COROLLARY DEF DEFINE DEFS
DOMAIN ELSE ENABLED EXCEPT EXTENDS FALSE HAVE HIDE IF IN INSTANCE LAMBDA LEMMA LET LOCAL MODULE NEW
OBVIOUS OMITTED ONLY OTHER PICK PROOF PROPOSITION PROVE QED RECURSIVE STATE STRING SUBSET SUFFICES
TAKE TEMPORAL THEN THEOREM TRUE UNCHANGED UNION USE VARIABLE VARIABLES WITH WITNESS
"""
_RESERVED = frozenset(_WORDS.split())


@functools.lru_cache(maxsize=4096)
def is_identifier(name: str) -> bool:
    """Return whether a name may stand in a module as it is.

    Parameters
    ----------
    name : str

    Examples
    --------
    >>> is_identifier("a1"), is_identifier("IF"), is_identifier("a b")
    (True, False, False)
    """
    return _IDENTIFIER.match(name) is not None and name not in _RESERVED


def _quote(text: str) -> str:
    return f'"{text.translate(_UNESCAPES)}"'


def format_value(value: Value, *, width: int | None = None) -> str:
    """Return a value as TLA+ text, the same in every process.

    Parameters
    ----------
    value : Value
    width : int, optional
        Characters after which a new line begins, as soon as a part of the value ends; for
        modules, since TLC 2.15 takes time in the square of a line's length.  By default all
        stands on one line.

    Returns
    -------
    str
        :func:`parse_value` returns an equal value for it, and so does TLC, given the model
        values, the letters that the encoding of a module knows, and integers greater than
        -2^31 and less than 2^31.  A module needs to extend TLC for functions, and Integers
        for negative numbers and intervals.

    Raises
    ------
    ValueParseError
        If the value is nested too deeply, or an integer in it is too long.

    Examples
    --------
    >>> format_value(Set([3, 1])), format_value(function([(0, "a")]))
    ('{1, 3}', '(0 :> "a")')
    """
    try:
        text = _format(value)
    except RecursionError:
        raise ValueParseError("the value is nested too deeply to be written") from None
    except ValueError:
        raise ValueParseError("an integer in the value has too many digits to be written") from None
    return text if width is None else _folded(text, width)


def readable_text(text: str) -> str:
    """Return the text of a value, if every version of TLC can read it in a module.

    Parameters
    ----------
    text : str
        What :func:`format_value` returned.

    Raises
    ------
    ValueParseError
        If a string in it has a backtick: to the parser of TLC 2.15 a quotation begins there
        that does not end with the string.

    Examples
    --------
    >>> readable_text('{"a", "b"}')
    '{"a", "b"}'
    """
    if "`" in text:
        raise ValueParseError(
            "a string has a backtick (`), which TLC's parser does not read in a module",
            hint="put another character in its place",
        )
    return text


_PIECE = re.compile(rf"(?: {_STRING} | [^\s\"] )++", re.VERBOSE | re.DOTALL)


def _folded(text: str, width: int) -> str:
    lines: list[str] = []
    line = ""
    for piece in _PIECE.findall(text):
        if line and len(line) + len(piece) >= width:
            lines.append(line)
            line = piece
        else:
            line = f"{line} {piece}" if line else piece
    return "\n".join([*lines, line])


def _format(value: Value) -> str:
    kind = type(value)
    if kind is int:
        return str(value)
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, ModelValue):
        return value.name
    if isinstance(value, Bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Set):
        if (ends := value.ends) is not None:
            return f"{ends[0]}..{ends[1]}"
        return "{" + ", ".join([_format(member) for member in value]) + "}"
    if isinstance(value, Tuple):
        return "<<" + ", ".join([_format(element) for element in value]) + ">>"
    if isinstance(value, Record) and all(is_identifier(name) for name in value):
        return "[" + ", ".join([f"{name} |-> {_format(v)}" for name, v in value.items()]) + "]"
    assert isinstance(value, (Record, Function))
    pairs = [f"{_format(key)} :> {_format(item)}" for key, item in value.items()]
    return "(" + " @@ ".join(pairs) + ")"
