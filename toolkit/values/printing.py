"""Printer of TLA+ values in the text form that TLC prints."""

from __future__ import annotations

import functools
import re

from toolkit.errors import ValueParseError
from toolkit.values.model import Bool, Function, ModelValue, Record, Set, Tuple, Value

__all__ = ["ESCAPES", "STRING", "format_value", "is_identifier", "readable_text"]

STRING = r'"(?:[^"\\]|\\.)*+"'
"""Regular expression of a string with its quotation marks."""

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", '"': '"', "\\": "\\"}
"""The letter after a backslash in a string, and the character that both stand for."""

_UNESCAPES = str.maketrans({value: "\\" + key for key, value in ESCAPES.items()})
_IDENTIFIER = re.compile(r"(?!WF_|SF_)[0-9_]*[A-Za-z][A-Za-z0-9_]*\Z")

# Words that SANY does not accept as the name of a field, a constant or a model value.
_WORDS = """
ACTION ASSUME ASSUMPTION AXIOM BOOLEAN BY CASE CHOOSE CONSTANT CONSTANTS COROLLARY DEF DEFINE DEFS
DOMAIN ELSE ENABLED EXCEPT EXTENDS FALSE HAVE HIDE IF IN INSTANCE LAMBDA LEMMA LET LOCAL MODULE NEW
OBVIOUS OMITTED ONLY OTHER PICK PROOF PROPOSITION PROVE QED RECURSIVE STATE STRING SUBSET SUFFICES
TAKE TEMPORAL THEN THEOREM TRUE UNCHANGED UNION USE VARIABLE VARIABLES WITH WITNESS
"""
_RESERVED = frozenset(_WORDS.split())


@functools.lru_cache(maxsize=4096)
def is_identifier(name: str) -> bool:
    """Return True if a name is a TLA+ identifier that can be written in a module unchanged.

    Parameters
    ----------
    name : str

    Returns
    -------
    bool

    Examples
    --------
    >>> is_identifier("a1"), is_identifier("IF"), is_identifier("a b")
    (True, False, False)
    """
    return _IDENTIFIER.match(name) is not None and name not in _RESERVED


def _quote(text: str) -> str:
    return f'"{text.translate(_UNESCAPES)}"'


def format_value(value: Value, *, width: int | None = None) -> str:
    """Format a value as TLA+ text, the same in every process.

    Parameters
    ----------
    value : Value
    width : int, optional
        Number of characters after which the line is broken at the end of a part of the value;
        for modules, because the parser of TLC 2.15 takes time quadratic in the length of a line.
        By default the text is a single line.

    Returns
    -------
    str
        :func:`toolkit.values.parse_value` and TLC read it as an equal value.  For TLC this
        requires that the model values are declared, that the encoding of the module has all
        letters, and that integers are greater than -2^31 and less than 2^31.  The module must
        extend TLC for functions, and Integers for negative numbers and intervals.

    Raises
    ------
    ValueParseError
        If the value is nested too deeply, or contains an integer that is too long.

    Examples
    --------
    >>> from toolkit.values import function
    >>> format_value(Set([3, 1])), format_value(function([(0, "a")]))
    ('{1, 3}', '(0 :> "a")')
    """
    try:
        text = _format(value)
    except RecursionError:
        raise ValueParseError("the value is nested too deeply to format") from None
    except ValueError:
        raise ValueParseError("an integer in the value has too many digits") from None
    return text if width is None else _folded(text, width)


def readable_text(text: str) -> str:
    """Check that every version of TLC can read the text of a value in a module, and return it.

    Parameters
    ----------
    text : str
        A result of :func:`format_value`.

    Returns
    -------
    str
        The same text.

    Raises
    ------
    ValueParseError
        If a string in it contains a backtick, which the parser of TLC 2.15 reads as the start of
        a quotation that does not end with the string.

    Examples
    --------
    >>> readable_text('{"a", "b"}')
    '{"a", "b"}'
    """
    if "`" in text:
        raise ValueParseError(
            "a string contains a backtick (`), which TLC's parser cannot read in a module",
            hint="use another character",
        )
    return text


_PIECE = re.compile(rf"(?: {STRING} | [^\s\"] )++", re.VERBOSE | re.DOTALL)


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
