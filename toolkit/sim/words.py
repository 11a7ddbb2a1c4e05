"""Tokens of scenario texts: names, numbers and operations, with errors about them."""

from __future__ import annotations

import json
import math
import re
from difflib import get_close_matches
from typing import Any

from toolkit.errors import ScenarioError

__all__ = ["NAME", "Line", "MisfitError", "check_word", "format_operation", "unknown"]

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
"""Pattern of the names of scenarios, nodes, clients and settings."""

_LITERALS = ("true", "false", "null", "NaN", "Infinity", "-Infinity")
_TOKEN = re.compile(r"[A-Za-z_]+\s*\([^)]*\)|<->|->|\||[^\s|]+")
_WORD = re.compile(r"<->|->|\||[^\s|]+")
_DECODER = json.JSONDecoder()


def check_word(what: str, word: str) -> None:
    """Check that a word can be a name.

    Parameters
    ----------
    what : str
        Kind of the named thing, for messages: ``"a node"``.
    word : str
        The word.

    Raises
    ------
    ScenarioError
        If the word is not a valid name.
    """
    if not NAME.fullmatch(word):
        raise ScenarioError(
            f"invalid name {word!r} for {what}",
            hint="names begin with a letter; then letters, digits and _ . -",
        )


class MisfitError(ScenarioError):
    """A part of a scenario contradicts the rest of it.

    Parameters
    ----------
    message : str
        The error message.
    part : object
        The part of the scenario; a parser finds its line with it.
    hint : str
        How to correct it.
    """

    def __init__(self, message: str, part: object, *, hint: str) -> None:
        super().__init__(message, hint=hint)
        self.part = part


def _error(message: str, hint: str) -> ScenarioError:
    return ScenarioError(message, hint=hint)


class Line:
    """The tokens of one line of a scenario, read from left to right.

    Every method that takes a token raises :class:`~toolkit.errors.ScenarioError` if the line has
    no further token, or if the token is of another kind.

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
        """Return the next token without consuming it, or ``None`` at the end of the line.

        Parameters
        ----------
        tokens : re.Pattern
            Pattern of a token.
        """
        self._skip()
        match = tokens.match(self.text, self.place)
        return match[0] if match else None

    def take(self, what: str, tokens: re.Pattern[str] = _TOKEN) -> str:
        """Consume the next token; `what` names it in error messages.

        Parameters
        ----------
        what : str
            Description of the token, for error messages: ``"a node"``.
        tokens : re.Pattern
            Pattern of a token.
        """
        token = self.peek(tokens)
        if token is None:
            raise _error(f"{what} is missing at the end of the line", f"add {what}")
        self.place += len(token)
        return token

    def keyword(self, *words: str) -> str:
        """Consume a token that must be one of the given words.

        Parameters
        ----------
        *words : str
            The allowed words.
        """
        token = self.take(" or ".join(repr(word) for word in words))
        if token not in words:
            raise unknown("word", token, words)
        return token

    def maybe(self, word: str) -> bool:
        """Consume the next token if it equals a word; return whether it did.

        Parameters
        ----------
        word : str
            The word.
        """
        if self.peek() == word:
            self.take(word)
            return True
        return False

    def name(self, what: str) -> str:
        """Consume a name: a letter or _, then letters, digits and _ . -

        Parameters
        ----------
        what : str
            Description of the token, for error messages: ``"a node"``.
        """
        # A bracket after a name belongs to the next token.
        token = self.take(what, _WORD)
        if not NAME.fullmatch(token):
            raise _error(
                f"invalid name {token!r} for {what}",
                "names begin with a letter; then letters, digits and _ . -",
            )
        return token

    def number(self, what: str) -> float:
        """Consume a finite number.

        Parameters
        ----------
        what : str
            Description of the token, for error messages: ``"a node"``.
        """
        token = self.take(what)
        try:
            number = float(token)
        except ValueError:
            number = math.nan
        if not math.isfinite(number) or "_" in token:
            raise _error(
                f"{what} must be a finite number, got {token!r}", "write for instance 0.05"
            )
        return number

    def whole(self, what: str) -> int:
        """Consume a whole number.

        Parameters
        ----------
        what : str
            Description of the token, for error messages: ``"a node"``.
        """
        token = self.take(what)
        if not re.fullmatch(r"-?[0-9]{1,30}", token):
            raise _error(f"{what} must be a whole number, got {token!r}", "write for instance 3")
        return int(token)

    def pairs(self) -> list[tuple[str, str]]:
        """Consume a link, ``n1 -> n2``, or both directions of it, ``n1 <-> n2``."""
        first = self.name("a node")
        arrow = self.keyword("->", "<->")
        second = self.name("a node")
        return [(first, second)] if arrow == "->" else [(first, second), (second, first)]

    def operation(self) -> Any:
        """Consume the operation of a command: a word, or JSON."""
        self._skip()
        try:
            value, end = _DECODER.raw_decode(self.text, self.place)
        except (ValueError, RecursionError):
            return self.name("an operation")
        following = self.text[end : end + 1]
        if isinstance(value, float) and not math.isfinite(value):
            raise _error("an operation cannot be Infinity or NaN", "use a word or finite number")
        if following and not following.isspace():
            return self.name("an operation")
        self.place = end
        return value

    def finish(self) -> None:
        """Check that all tokens of the line are consumed."""
        if (token := self.peek()) is not None:
            raise _error(f"unexpected {token!r}", "remove it, or put it on a new line")


def unknown(what: str, token: str, known: tuple[str, ...]) -> ScenarioError:
    """Return the error for an unknown word, with the closest known word as a hint.

    Parameters
    ----------
    what : str
        Kind of the word, for the message: ``"statement"``.
    token : str
        The word.
    known : tuple of str
        The known words.
    """
    close = get_close_matches(token, known, n=1)
    return ScenarioError(
        f"unknown {what} {token!r}",
        hint=f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}",
    )


def format_operation(operation: Any) -> str:
    """Return the text of an operation, which :meth:`Line.operation` reads: a word, or JSON.

    Parameters
    ----------
    operation : JSON
        The operation.

    Examples
    --------
    >>> format_operation("v1"), format_operation({"op": "get"})
    ('v1', '{"op": "get"}')
    """
    if isinstance(operation, str) and NAME.fullmatch(operation) and operation not in _LITERALS:
        return operation
    return json.dumps(operation)
