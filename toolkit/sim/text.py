"""The text form of scenarios: one statement per line; ``#`` begins a comment.

::

    scenario duelling
    protocol NAME
    nodes n1 n2 n3
    set backoff 0.05
    network delay uniform(0.001, 0.01) loss 0.05 duplicate 0.02
    network reorder 0.1 by uniform(0.0, 0.05) fifo no
    link n1 -> n2 delay constant(0.05)
    disk write exponential(0.002)
    disk n2 write constant(0.01)
    clock n2 offset 0.5 drift 0.0001
    retry 0.5 next
    at 0.0 client c1 sends v1 to n1
    at 0.2 crash n2 keep 0
    at 0.5 restart n2
    at 0.6 partition n1 | n2 n3
    at 0.7 cut n1 -> n3
    at 0.8 heal n1 -> n3
    at 0.9 heal
    at 1.0 slow n1 -> n2 by 10
    at 1.1 slow disk n2 by 10
    at 1.2 timeout n1 resend
    limit time 5 steps 10000
    seed 7
    expect
      ...
    end

A *manual* scenario chooses the fate of each message, timer and write::

    manual
    retry off
    at 0.1 timeout n1 election
    at 0.2 flush n1
    at 0.3 deliver 0
    at 0.4 duplicate 1
    at 0.5 lose 1
    at 0.6 notice n1 of n2

``<->`` names both directions of a link.  An operation is a word, or JSON.  With ``retry off``,
clients send each request only once; with ``retry 0.5 next``, they retry at the next node.
``timeout`` lets a timer of a node run out, under the protocol's name of the timer.  Messages are
numbered from 0, in the order in which they are sent.  ``notice`` tells a node that its connection
to another node has ended.

The statements after ``at TIME`` are extensible: each keyword there belongs to a class in the
registry of :mod:`toolkit.sim.faults`, which parses the rest of the line.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from toolkit.errors import ScenarioError
from toolkit.invocation import Invocation
from toolkit.sim.delays import Delay, parse_delay
from toolkit.sim.faults.base import ScenarioEvent
from toolkit.sim.faults.registry import parse_events
from toolkit.sim.network import DiskSettings, LinkOverride, LinkSettings
from toolkit.sim.scenario import Clock, Retry, Scenario
from toolkit.sim.words import Line, MisfitError, unknown

__all__ = ["format_scenario", "parse_scenario", "read_scenario"]

_LINK_WORDS = ("delay", "loss", "duplicate", "reorder", "fifo")


class _Parser:
    """Parser of a scenario's text."""

    def __init__(self, path: Path | str | None) -> None:
        self.path = path
        self.folder = Path(path).parent if path is not None else None
        self.line = 0
        self.once: dict[str, Any] = {}
        self.settings: dict[str, str] = {}
        self.network: dict[str, Any] = {}
        self.links: list[LinkOverride] = []
        self.disks: dict[str, DiskSettings] = {}
        self.clocks: dict[str, Clock] = {}
        self.events: list[ScenarioEvent] = []
        self.lines: list[tuple[object, int]] = []
        self.statements: dict[str, Callable[[Line], None]] = {
            "scenario": self.scenario,
            "protocol": self.protocol,
            "nodes": self.nodes,
            "set": self.set,
            "network": self.network_line,
            "link": self.link,
            "disk": self.disk,
            "clock": self.clock,
            "retry": self.retry,
            "at": self.at,
            "manual": self.manual,
            "limit": self.limit,
            "seed": self.seed,
        }

    def parse(self, text: str) -> Scenario:
        try:
            return self._parse(text)
        except ScenarioError as error:
            if error.line is not None and error.path is not None:
                raise
            line = self.line
            if isinstance(error, MisfitError):
                line = next((n for part, n in self.lines if part is error.part), line)
            raise ScenarioError(
                error.message,
                path=error.path or self.path,
                line=line if error.line is None else error.line,
                hint=error.hint,
            ) from error

    def _parse(self, text: str) -> Scenario:
        expected: list[str] | None = None
        inside = False
        for self.line, raw in enumerate(re.split(r"\r\n|\n|\r", text), 1):
            stripped = raw.strip()
            if inside:
                assert expected is not None
                if stripped == "end":
                    inside = False
                elif stripped:
                    expected.append(stripped)
                continue
            line = Line(raw.split("#", 1)[0] if '"' not in raw else _uncomment(raw))
            word = line.peek()
            if word is None:
                continue
            if word == "expect":
                if expected is not None:
                    raise ScenarioError(
                        "a scenario can have only one 'expect' block", hint="remove the second"
                    )
                line.take("expect")
                line.finish()
                inside, expected = True, []
                continue
            if word not in self.statements:
                raise unknown("statement", word, (*self.statements, "expect"))
            line.take("a statement")
            self.statements[word](line)
            line.finish()
        if inside:
            raise ScenarioError("the 'expect' block has no end", hint="add a line 'end'")
        for word in ("scenario", "protocol", "nodes"):
            if word not in self.once:
                hint = f"for instance: {_EXAMPLES[word]}"
                if word == "protocol":
                    hint += f", as '{Invocation('protocols')}' lists them"
                raise ScenarioError(f"the statement {word!r} is missing", hint=hint)
        values = dict(self.once)
        return Scenario(
            name=values.pop("scenario"),
            settings=self.settings,
            network=LinkSettings(**self.network),
            links=tuple(self.links),
            disks=self.disks,
            clocks=self.clocks,
            events=tuple(self.events),
            expected=None if expected is None else tuple(expected),
            source=None if self.path is None else str(self.path),
            **values,
        )

    def _once(self, word: str, value: Any, *, statement: str | None = None) -> None:
        if word in self.once:
            raise ScenarioError(
                f"the statement {statement or word!r} can be given only once",
                hint="remove the second",
            )
        self.once[word] = value

    def scenario(self, line: Line) -> None:
        self._once("scenario", line.name("the scenario"))

    def protocol(self, line: Line) -> None:
        self._once("protocol", line.name("the protocol"))

    def nodes(self, line: Line) -> None:
        names = [line.name("a node")]
        while line.peek() is not None:
            names.append(line.name("a node"))
        if len(set(names)) < len(names):
            raise ScenarioError("a node is listed twice", hint="list each node once")
        self._once("nodes", tuple(names))

    def set(self, line: Line) -> None:
        key = line.name("a setting")
        if key in self.settings:
            raise ScenarioError(f"the setting {key!r} is given twice", hint="remove one")
        value = line.text[line.place :].strip()
        if not value:
            raise ScenarioError(f"the setting {key!r} has no value", hint=f"write set {key} VALUE")
        line.place = len(line.text)
        self.settings[key] = value

    def _link_words(self, line: Line, into: dict[str, Any]) -> None:
        if line.peek() is None:
            raise ScenarioError(
                "the statement sets nothing", hint=f"add one of {', '.join(_LINK_WORDS)}"
            )
        while line.peek() is not None:
            word = line.keyword(*_LINK_WORDS)
            if word in into:
                raise ScenarioError(f"{word!r} is given twice", hint="remove one")
            if word == "delay":
                into[word] = self._delay(line)
            elif word == "fifo":
                into[word] = line.keyword("yes", "no") == "yes"
            else:
                into[word] = line.number(f"the probability of {word}")
                if word == "reorder" and line.maybe("by"):
                    into["reorder_by"] = self._delay(line)

    def _delay(self, line: Line) -> Delay:
        return parse_delay(line.take("a distribution such as constant(0.01)"), folder=self.folder)

    def network_line(self, line: Line) -> None:
        self._link_words(line, self.network)
        LinkSettings(**self.network)

    def link(self, line: Line) -> None:
        pairs = line.pairs()
        words: dict[str, Any] = {}
        self._link_words(line, words)
        for sender, receiver in pairs:
            override = LinkOverride(sender, receiver, **words)
            override.apply(LinkSettings())
            self.lines.append((override, self.line))
            self.links.append(override)

    def disk(self, line: Line) -> None:
        node = None if line.peek() == "write" else line.name("a node")
        line.keyword("write")
        disk = DiskSettings(self._delay(line))
        if node is None:
            self._once("disk", disk)
        elif node in self.disks:
            raise ScenarioError(
                f"the disk of {node!r} can be set only once", hint="remove the second statement"
            )
        else:
            self.lines.append((disk, self.line))
            self.disks[node] = disk

    def clock(self, line: Line) -> None:
        node = line.name("a node")
        words: dict[str, float] = {}
        while not words or line.peek() is not None:
            word = line.keyword("offset", "drift")
            if word in words:
                raise ScenarioError(f"{word!r} is given twice", hint="remove one")
            words[word] = line.number(word)
        if node in self.clocks:
            raise ScenarioError(
                f"the clock of {node!r} can be set only once", hint="remove the second statement"
            )
        self.clocks[node] = Clock(**words)
        self.lines.append((self.clocks[node], self.line))

    def retry(self, line: Line) -> None:
        if line.maybe("off"):
            self._once("retry", Retry(None))
            return
        every = line.number("seconds, or 'off'")
        next_node = line.peek() is not None and line.keyword("next", "same") == "next"
        self._once("retry", Retry(every, next_node))

    def limit(self, line: Line) -> None:
        if line.peek() is None:
            raise ScenarioError(
                "'limit' needs a time or a number of steps",
                hint="for instance: limit time 10 steps 100000",
            )
        while line.peek() is not None:
            if line.keyword("time", "steps") == "time":
                seconds = line.number("seconds")
                if seconds <= 0:
                    raise ScenarioError(
                        f"a time limit must be above 0, got {seconds}",
                        hint="for instance: limit time 10",
                    )
                self._once("time_limit", seconds, statement="limit time")
            else:
                steps = line.whole("steps")
                if steps <= 0:
                    raise ScenarioError(
                        f"a step limit must be above 0, got {steps}",
                        hint="for instance: limit steps 100000",
                    )
                self._once("step_limit", steps, statement="limit steps")

    def manual(self, line: Line) -> None:
        self._once("manual", True)

    def seed(self, line: Line) -> None:
        self._once("seed", line.whole("the seed"))

    def at(self, line: Line) -> None:
        time = line.number("a time")
        for event in parse_events(line, time):
            self.lines.append((event, self.line))
            self.events.append(event)


_EXAMPLES = {
    "scenario": "scenario my-first",
    "protocol": "protocol NAME",
    "nodes": "nodes n1 n2 n3",
}


def _uncomment(raw: str) -> str:
    # A '#' inside a JSON string does not begin a comment.
    quoted = False
    place = 0
    while place < len(raw):
        character = raw[place]
        if character == "\\" and quoted:
            place += 1
        elif character == '"':
            quoted = not quoted
        elif character == "#" and not quoted:
            return raw[:place]
        place += 1
    return raw


def parse_scenario(text: str, *, path: Path | str | None = None) -> Scenario:
    r"""Parse the text form of a scenario, described at the top of this module.

    Parameters
    ----------
    text : str
        The whole text.
    path : pathlib.Path or str, optional
        The file of the text, for error messages and for files that the scenario names.

    Returns
    -------
    Scenario
        The scenario.

    Raises
    ------
    ScenarioError
        If the text is not a valid scenario; with the line, and the closest known word for a typo.

    Examples
    --------
    >>> text = '''
    ... scenario lonely
    ... protocol paxos
    ... nodes n1
    ... at 0 client c1 sends v1 to n1
    ... '''
    >>> parse_scenario(text).events
    (ClientCommand(time=0.0, client='c1', operation='v1', node='n1'),)
    >>> parse_scenario("scenario s\nprotocl paxos")
    Traceback (most recent call last):
    toolkit.errors.ScenarioError: line 2: unknown statement 'protocl' (did you mean 'protocol'?)
    """
    return _Parser(path).parse(text)


def read_scenario(path: Path | str) -> Scenario:
    """Read a scenario from a file.

    Parameters
    ----------
    path : pathlib.Path or str
        A text file in UTF-8.

    Returns
    -------
    Scenario
        The scenario.

    Raises
    ------
    ScenarioError
        If the file cannot be read or is not a valid scenario.
    """
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise ScenarioError(
            f"the scenario cannot be read: {error.strerror}", path=path, hint="check the path"
        ) from error
    except (UnicodeDecodeError, ValueError) as error:
        raise ScenarioError(
            "the scenario is not a text file in UTF-8",
            path=path,
            hint="check that it is the right file",
        ) from error
    return parse_scenario(text, path=path)


def _link_text(settings: LinkSettings | LinkOverride, default: LinkSettings | None) -> list[str]:
    words = []
    for name in ("delay", "loss", "duplicate", "reorder", "fifo"):
        value = getattr(settings, name)
        by = settings.reorder_by if name == "reorder" else None
        if default is not None and value == getattr(default, name):
            if by is None or by == default.reorder_by:
                continue
        elif value is None:
            continue
        shown = ("no", "yes")[value] if isinstance(value, bool) else str(value)
        words.append(f"{name} {shown}" + (f" by {by}" if by is not None else ""))
    return words


def format_scenario(scenario: Scenario, *, expected: bool = True) -> str:
    """Return the text form of a scenario, which reads back as an equal scenario.

    Parameters
    ----------
    scenario : Scenario
        The scenario.
    expected : bool
        Whether to include the expected steps.

    Returns
    -------
    str
        The text, without default values.  Link and disk settings of other classes have no text
        form; a comment names the class instead.

    Examples
    --------
    >>> print(format_scenario(Scenario(name="s", protocol="paxos", nodes=("n1",))), end="")
    scenario s
    protocol paxos
    nodes n1
    """
    lines = [
        f"scenario {scenario.name}",
        f"protocol {scenario.protocol}",
        f"nodes {' '.join(scenario.nodes)}",
    ]
    for what, part, plain in (
        ("network", scenario.network, LinkSettings),
        *(("disk", disk, DiskSettings) for disk in (scenario.disk, *scenario.disks.values())),
    ):
        if type(part) is not plain:
            lines.append(f"# the {what} is of the class {type(part).__name__}: text cannot say it")
    lines += [f"set {key} {value}" for key, value in scenario.settings.items()]
    if words := _link_text(scenario.network, LinkSettings()):
        lines.append(f"network {' '.join(words)}")
    lines += [
        f"link {link.sender} -> {link.receiver} {' '.join(words)}"
        for link in scenario.links
        if (words := _link_text(link, None))
    ]
    if scenario.disk != DiskSettings():
        lines.append(f"disk write {scenario.disk.write}")
    lines += [f"disk {node} write {disk.write}" for node, disk in scenario.disks.items()]
    lines += [
        f"clock {node} offset {clock.offset!r} drift {clock.drift!r}"
        for node, clock in scenario.clocks.items()
    ]
    if scenario.retry.every is None:
        lines.append("retry off")
    elif scenario.retry != Retry():
        lines.append(f"retry {scenario.retry.every!r}{' next' * scenario.retry.next_node}")
    if scenario.manual:
        lines.append("manual")
    lines += [f"at {event.time!r} {event.format()}" for event in scenario.events]
    limits = []
    if scenario.time_limit != 10.0:
        limits.append(f"time {scenario.time_limit!r}")
    if scenario.step_limit != 100_000:
        limits.append(f"steps {scenario.step_limit}")
    if limits:
        lines.append(f"limit {' '.join(limits)}")
    if scenario.seed is not None:
        lines.append(f"seed {scenario.seed}")
    if expected and scenario.expected is not None:
        lines += ["expect", *(f"  {line}" for line in scenario.expected), "end"]
    return "\n".join(lines) + "\n"
