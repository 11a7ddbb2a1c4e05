"""Parser of TLC's output under ``-tool`` into a stream of messages.

A message is enclosed by ``@!@!@STARTMSG code:severity @!@!@`` and ``@!@!@ENDMSG code @!@!@``, each
on a line of its own.  An error message may contain other messages, which may start in the middle
of a line.  The output of a specification and of TLC's parser is between messages, without marks.
A string of a specification that looks like a mark is printed in quotes, hence never at the start
of a line, and is not treated as a mark.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

__all__ = ["Message", "MessageParser", "Unmarked", "parse_messages"]

# At most nine digits: a longer number is not a code.  TLC has a code -1.
_START = re.compile(r"@!@!@STARTMSG (-?[0-9]{1,9}):([0-9]{1,9}) @!@!@")
_NESTED = re.compile(r"@!@!@STARTMSG (-?[0-9]{1,9}):([0-9]{1,9}) @!@!@$")
_END = re.compile(r"@!@!@ENDMSG (-?[0-9]{1,9}) @!@!@")
_ERRORS = frozenset({1, 2})


class Message(msgspec.Struct, frozen=True):
    """A message of TLC.

    Parameters
    ----------
    code : int
        TLC's number of the message (class ``EC``).
    severity : int
        0 information, 1 error, 2 bug of TLC, 3 warning, 4 state.
    text : str
        The text, without the marks.
    within : int or None
        The code of the enclosing message.
    cut : bool
        Whether the output ended before the message did.
    """

    code: int
    severity: int
    text: str
    within: int | None = None
    cut: bool = False


class Unmarked(msgspec.Struct, frozen=True):
    """A line between messages, printed by the specification or by TLC's parser.

    Parameters
    ----------
    text : str
        The line, without its line terminator.
    """

    text: str


OutputEvent: TypeAlias = Message | Unmarked


class _Open:
    __slots__ = ("code", "lines", "severity")

    def __init__(self, code: int, severity: int) -> None:
        self.code = code
        self.severity = severity
        self.lines: list[str] = []


class MessageParser:
    """Parser that turns lines of output into messages; it accepts any input."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []

    def feed(self, line: str) -> Iterator[OutputEvent]:
        """Parse a line, and yield the messages that it completes.

        Parameters
        ----------
        line : str
            A line, with or without its line terminator.

        Yields
        ------
        Message or Unmarked
        """
        line = line.rstrip("\r\n")
        nesting = any(open_.severity in _ERRORS for open_ in self._stack)
        # Inside an error a mark may follow other text, but then ends the line; in a string of a
        # specification it is followed by the closing quote.
        start = _NESTED.search(line) if nesting else _START.match(line)
        if start is not None and (nesting or not self._stack):
            if before := line[: start.start()]:
                self._stack[-1].lines.append(before)
            self._stack.append(_Open(int(start[1]), int(start[2])))
            if (after := line[start.end() :]) and not nesting:
                yield from self.feed(after)
            return
        end = _END.match(line)
        if end is not None and self._stack and int(end[1]) == self._stack[-1].code:
            yield self._close(cut=False)
            if after := line[end.end() :]:
                yield from self.feed(after)
        elif self._stack:
            self._stack[-1].lines.append(line)
        else:
            yield Unmarked(line)

    def finish(self) -> Iterator[OutputEvent]:
        """Yield the messages that are incomplete at the end of the output, marked as cut."""
        while self._stack:
            yield self._close(cut=True)

    def _close(self, *, cut: bool) -> Message:
        closed = self._stack.pop()
        within = self._stack[-1].code if self._stack else None
        text = "\n".join(closed.lines)
        if self._stack:
            self._stack[-1].lines.append(text)
        return Message(closed.code, closed.severity, text, within, cut)


def parse_messages(lines: Iterable[str]) -> Iterator[OutputEvent]:
    """Parse a complete output of TLC.

    Parameters
    ----------
    lines : iterable of str
        The lines of the output.

    Yields
    ------
    Message or Unmarked

    Examples
    --------
    >>> text = ["@!@!@STARTMSG 2193:0 @!@!@", "fine", "@!@!@ENDMSG 2193 @!@!@", "hello"]
    >>> [type(event).__name__ for event in parse_messages(text)]
    ['Message', 'Unmarked']
    """
    parser = MessageParser()
    for line in lines:
        yield from parser.feed(line)
    yield from parser.finish()
