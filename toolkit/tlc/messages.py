"""TLC's output under ``-tool`` as a stream of messages.

A message stands between ``@!@!@STARTMSG code:severity @!@!@`` and ``@!@!@ENDMSG code @!@!@``,
each on a line of its own.  Some messages stand inside another that tells of an error, where
their start may be in the middle of a line.  Whatever a specification prints, and what the parser
says, stands between messages without any mark.  A string of a specification that looks like a
mark is printed within quotes, hence never at the beginning of a line, and is not taken for one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

import msgspec

__all__ = ["Message", "MessageParser", "Unmarked", "parse_messages"]

# Nine digits at most: a longer number is no code, whoever wrote it.  TLC has a code -1.
_START = re.compile(r"@!@!@STARTMSG (-?[0-9]{1,9}):([0-9]{1,9}) @!@!@")
_NESTED = re.compile(r"@!@!@STARTMSG (-?[0-9]{1,9}):([0-9]{1,9}) @!@!@$")
_END = re.compile(r"@!@!@ENDMSG (-?[0-9]{1,9}) @!@!@")
_ERRORS = frozenset({1, 2})


class Message(msgspec.Struct, frozen=True):
    """A message of TLC.

    Parameters
    ----------
    code : int
        What it is about; TLC's ``EC`` numbers.
    severity : int
        0 information, 1 error, 2 bug of TLC, 3 warning, 4 state.
    text : str
        Its text, without the marks.
    within : int or None
        The code of the message that it stands inside.
    cut : bool
        Whether the output ended before the message did.
    """

    code: int
    severity: int
    text: str
    within: int | None = None
    cut: bool = False


class Unmarked(msgspec.Struct, frozen=True):
    """A line between messages: printed by the specification, or said by the parser.

    Parameters
    ----------
    text : str
        The line, without its end.
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
    """Turns lines into events, one line at a time; any input at all is accepted."""

    def __init__(self) -> None:
        self._stack: list[_Open] = []

    def feed(self, line: str) -> Iterator[OutputEvent]:
        """Take one line, and yield what it completes.

        Parameters
        ----------
        line : str
            A line, with or without its end.

        Yields
        ------
        Message or Unmarked
        """
        line = line.rstrip("\r\n")
        nesting = any(open_.severity in _ERRORS for open_ in self._stack)
        # Inside an error a mark may follow other text, but then ends its line; what a
        # specification quotes is followed by the closing quote.
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
        """Yield what was still open when the output ended, marked as cut."""
        while self._stack:
            yield self._close(cut=True)

    def _close(self, *, cut: bool) -> Message:
        done = self._stack.pop()
        within = self._stack[-1].code if self._stack else None
        text = "\n".join(done.lines)
        if self._stack:
            self._stack[-1].lines.append(text)
        return Message(done.code, done.severity, text, within, cut)


def parse_messages(lines: Iterable[str]) -> Iterator[OutputEvent]:
    """Yield the events of a whole output.

    Parameters
    ----------
    lines : iterable of str
        Its lines.

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
