"""Words of scenarios: names, the tokens of a line, and errors about them."""

from __future__ import annotations

import json
import math
import re
from difflib import get_close_matches
from typing import Any

from toolkit.errors import ScenarioError

__all__ = ["NAME", "Line", "MisfitError", "check_word", "format_operation", "unknown"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""What names of scenarios, nodes, clients and settings look like."""

_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_TOKEN = re.compile(r"[A-Za-z_]+\s*\([^)]*\)|<->|->|\||[^\s|]+")
_WORD = re.compile(r"<->|->|\||[^\s|]+")
_DECODER = json.JSONDecoder()


def check_word(what: str, word: str) -> None:
    """Check that a word can be a name.

    Parameters
    ----------
    what : str
        What it names, for messages: ``"a node"``.
    word : str
        The word.

    Raises
    ------
    ScenarioError
        If it cannot.
    """
    if not NAME.fullmatch(word):
        raise ScenarioError(
            f"{word!r} is no name for {what}",
            hint="names begin with a letter; then letters, digits and _ . -",
        )


class MisfitError(ScenarioError):
    """A part of a scenario does not fit the rest of it.

    Parameters
    ----------
    message : str
        What was wrong.
    part : object
        The part; a reader of text knows the line that it came from.
    hint : str
        What to do about it.
    """

    def __init__(self, message: str, part: object, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.part = part


def _error(message: str, hint: str) -> ScenarioError:
    return ScenarioError(message, hint=hint)


class Line:
    """The tokens of one line of a scenario, taken from left to right.

    Every method that takes a token raises :class:`~toolkit.errors.ScenarioError` if the line ends
    there, or the token is not what is asked for.

    Parameters
    ----------
    text : str
        The line, without its comment.

    Examples
    --------
    >>> line = Line("n1 -> n2 by 2.5")
    >>> line.pairs(), line.keyword("by"), line.number("a factor")
    ([('n1', 'n2')], 'by', 2.5)
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0

    def _skip(self) -> None:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1

    def peek(self, tokens: re.Pattern[str] = _TOKEN) -> str | None:
        """Return the next token without taking it, or ``None`` at the end of the line."""
        self._skip()
        match = tokens.match(self.text, self.place)
        return match[0] if match else None

    def take(self, what: str, tokens: re.Pattern[str] = _TOKEN) -> str:
        """Take the next token; `what` names it in messages."""
        token = self.peek(tokens)
        if token is None:
            raise _error(f"{what} is missing at the end of the line", f"write {what}")
        self.place += len(token)
        return token

    def keyword(self, *words: str) -> str:
        """Take a token that must be one of some words."""
        token = self.take(" or ".join(repr(word) for word in words))
        if token not in words:
            raise unknown("word", token, words)
        return token

    def maybe(self, word: str) -> bool:
        """Take the next token if it is a word, and return whether it was."""
        if self.peek() == word:
            self.take(word)
            return True
        return False

    def name(self, what: str) -> str:
        """Take a name: a letter or _, then letters, digits and _ . -"""
        # A bracket after a name belongs to what comes next.
        token = self.take(what, _WORD)
        if not NAME.fullmatch(token):
            raise _error(
                f"{token!r} is no name for {what}",
                "names begin with a letter; then letters, digits and _ . -",
            )
        return token

    def number(self, what: str) -> float:
        """Take a finite number."""
        token = self.take(what)
        try:
            number = float(token)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or "_" in token:
            raise _error(f"{token!r} is no number for {what}", "for instance 0.05")
        return number

    def whole(self, what: str) -> int:
        """Take a whole number."""
        token = self.take(what)
        if not re.fullmatch(r"-?[0-9]{1,30}", token):
            raise _error(f"{token!r} is no whole number for {what}", "for instance 3")
        return int(token)

    def pairs(self) -> list[tuple[str, str]]:
        """Take a link, ``n1 -> n2``, or both directions of it, ``n1 <-> n2``."""
        one = self.name("a node")
        arrow = self.keyword("->", "<->")
        other = self.name("a node")
        return [(one, other)] if arrow == "->" else [(one, other), (other, one)]

    def operation(self) -> Any:
        """Take the operation of a command: a word, or JSON."""
        self._skip()
        try:
            value, end = _DECODER.raw_decode(self.text, self.place)
        except (ValueError, RecursionError):
            return self.name("an operation")
        following = self.text[end : end + 1]
        if isinstance(value, float) and not math.isfinite(value):
            raise _error("an operation cannot be infinite or no number", "use a word")
        if following and not following.isspace():
            return self.name("an operation")
        self.place = end
        return value

    def finish(self) -> None:
        """Check that nothing is left of the line."""
        if (token := self.peek()) is not None:
            raise _error(f"unexpected {token!r}", "remove it, or begin a new line")


def unknown(what: str, token: str, known: tuple[str, ...]) -> ScenarioError:
    """Return the error about a word that is not known here, with the nearest that is."""
    close = get_close_matches(token, known, n=1)
    return ScenarioError(
        f"unknown {what} {token!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}",
    )


def format_operation(operation: Any) -> str:
    """Return an operation as :meth:`Line.operation` reads it: a word, or else JSON.

    Examples
    --------
    >>> format_operation("v1"), format_operation({"op": "get"})
    ('v1', '{"op": "get"}')
    """
    if isinstance(operation, str) and NAME.fullmatch(operation) and operation not in _LITERALS:
        return operation
    return json.dumps(operation)
