"""Coverage: how often TLC took each action and evaluated each expression."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

import msgspec

from toolkit.tlc.messages import Message
from toolkit.tlc.modules import Location, find_location, text_at

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ActionCoverage", "Coverage", "CoverageReader", "ExpressionCoverage"]

Kind = Literal["init", "next", "property", "constraint"]

# TLC 2.15 does not report the coverage of constraints.
_KINDS: dict[int, Kind] = {
    2773: "init",
    2772: "next",
    2774: "property",
    2778: "constraint",
}
_HEAD = re.compile(r"\s*<(?P<head>.*)>(?::\s*(?P<distinct>\d+):(?P<generated>\d+))?\s*", re.DOTALL)
_INNER = re.compile(r"\((\d+) (\d+) (\d+) (\d+)\)\s*$")
_EXPRESSION = re.compile(
    r"\s*(?P<bars>\|*)(?P<place>line .*?): (?P<count>\d+)(?::(?P<cost>\d+))?\s*"
)


class ActionCoverage(msgspec.Struct, frozen=True):
    """How often an action was taken.

    Parameters
    ----------
    name : str
        The definition's name, or TLC's description if it has no name.
    kind : str
        ``init``, ``next``, ``property`` or ``constraint``.
    location : Location or None
        Position of the action's definition.
    inner : Location or None
        The part of the definition that is the action, if it is not the whole definition.
    distinct, generated : int or None
        Number of new states found by the action, and of all states that it generated; ``None``
        for a property.
    """

    name: str
    kind: Kind
    location: Location | None
    inner: Location | None
    distinct: int | None
    generated: int | None


class ExpressionCoverage(msgspec.Struct, frozen=True):
    """How often an expression was evaluated.

    Parameters
    ----------
    action : int
        The index of its action in :attr:`Coverage.actions`.
    level : int
        Depth of nesting, from 0.
    location : Location
    count : int
        Number of evaluations.
    cost : int or None
        Number of values constructed by the evaluations, if TLC reports it.
    """

    action: int
    level: int
    location: Location
    count: int
    cost: int | None


class Coverage(msgspec.Struct, frozen=True):
    """Coverage of actions and expressions, from TLC's last report.

    Parameters
    ----------
    actions : tuple of ActionCoverage
        In TLC's order.
    expressions : tuple of ExpressionCoverage
        In TLC's order.
    final : bool
        Whether TLC made the report at its end; otherwise states were explored after it.
    """

    actions: tuple[ActionCoverage, ...]
    expressions: tuple[ExpressionCoverage, ...]
    final: bool = True

    @property
    def never(self) -> tuple[ActionCoverage, ...]:
        """The actions of the next-state relation that were never taken."""
        return tuple(a for a in self.actions if a.kind == "next" and not a.generated)

    def _repr_html_(self) -> str:
        from toolkit.tlc.html.render import render_coverage

        return render_coverage(self)

    def action_frame(self) -> pd.DataFrame:
        """Return a table with a row for each action.

        Returns
        -------
        pandas.DataFrame
            Columns ``action``, ``kind``, ``module``, ``line``, ``column``, ``distinct`` and
            ``generated`` (missing for a property).
        """
        import pandas as pd

        rows = [
            {
                "action": action.name,
                "kind": action.kind,
                "module": place.module if (place := action.inner or action.location) else None,
                "line": place.line if place else None,
                "column": place.column if place else None,
                "distinct": action.distinct,
                "generated": action.generated,
            }
            for action in self.actions
        ]
        columns = ["action", "kind", "module", "line", "column", "distinct", "generated"]
        integers = dict.fromkeys(("line", "column", "distinct", "generated"), "Int64")
        return pd.DataFrame(rows, columns=columns).astype(integers)

    def expression_frame(self, modules: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Return a table with a row for each expression.

        Parameters
        ----------
        modules : mapping of str to str, optional
            Map from module name to text, to show the text of the expressions.

        Returns
        -------
        pandas.DataFrame
            Columns ``action``, ``level``, ``module``, ``line``, ``column``, ``end_line``,
            ``end_column``, ``count``, ``cost`` (missing if TLC does not report it) and ``text``.
        """
        import pandas as pd

        rows = [
            {
                "action": self.actions[item.action].name if item.action >= 0 else None,
                "level": item.level,
                "module": item.location.module,
                "line": item.location.line,
                "column": item.location.column,
                "end_line": item.location.end_line,
                "end_column": item.location.end_column,
                "count": item.count,
                "cost": item.cost,
                "text": text_at(item.location, modules or {}),
            }
            for item in self.expressions
        ]
        columns = ["action", "level", "module", "line", "column", "end_line", "end_column"]
        columns += ["count", "cost", "text"]
        integers = dict.fromkeys([*columns[3:8], "level", "cost"], "Int64")
        return pd.DataFrame(rows, columns=columns).astype(integers)

    def line_counts(self, module: str) -> dict[int, int]:
        """Return how often each line of a module was evaluated.

        Parameters
        ----------
        module : str
            The module's name.

        Returns
        -------
        dict of int to int
            Map from a line, from 1, to the greatest count of an expression that starts in it.
            Lines that TLC does not report are missing.
        """
        counts: dict[int, int] = {}
        for expression in self.expressions:
            if expression.location.module == module:
                line = expression.location.line
                counts[line] = max(counts.get(line, 0), expression.count)
        return counts

    def annotated(self, module: str, text: str) -> str:
        """Return the text of a module with the counts in the margin.

        Parameters
        ----------
        module : str
            The module's name.
        text : str
            The module's text.

        Returns
        -------
        str
            For each line of the text, its count and its text.  The count is ``never`` for 0 and
            empty for a line that TLC does not report.
        """
        counts = self.line_counts(module)
        notes = {line: f"{count:,}" if count else "never" for line, count in counts.items()}
        for action in self.actions:
            place = action.inner or action.location
            if place is not None and place.module == module and action.generated is not None:
                note = f"{action.generated:,}" if action.generated else "never"
                notes.setdefault(place.line, note)
        width = max((len(note) for note in notes.values()), default=0)
        return "\n".join(
            f"{notes.get(number, ''):>{width}} | {line}".rstrip()
            for number, line in enumerate(text.splitlines(), 1)
        )


class CoverageReader:
    """Collector of TLC's messages about coverage; each report replaces the previous report."""

    codes = frozenset({2201, 2202, 2221, 2772, 2773, 2774, 2775, 2776, 2777, 2778})

    def __init__(self) -> None:
        self._actions: list[ActionCoverage] = []
        self._expressions: list[ExpressionCoverage] = []
        self._report: Coverage | None = None
        self._open = False

    def take(self, message: Message) -> None:
        """Process a message whose code is in :attr:`codes`.

        Parameters
        ----------
        message : Message
        """
        if message.code == 2201:
            self._actions, self._expressions, self._open = [], [], True
        elif message.code == 2202:
            self._report = Coverage(tuple(self._actions), tuple(self._expressions))
            self._open = False
        elif message.code in _KINDS:
            self._action(_KINDS[message.code], message.text)
        elif message.code in {2221, 2775}:
            self._expression(message.text)

    def _action(self, kind: Kind, text: str) -> None:
        match = _HEAD.fullmatch(text)
        if match is None:
            return
        head = match["head"]
        location = find_location(head)
        inner = None
        if location is not None and (part := _INNER.search(head)):
            line, column, end_line, end_column = map(int, part.groups())
            inner = Location(location.module, line, column, end_line, end_column)
        name = head.partition(" line ")[0].strip()
        numbers = [
            None if match[key] is None else int(match[key]) for key in ("distinct", "generated")
        ]
        self._actions.append(ActionCoverage(name, kind, location, inner, numbers[0], numbers[1]))

    def _expression(self, text: str) -> None:
        match = _EXPRESSION.fullmatch(text)
        location = find_location(match["place"]) if match else None
        if match is None or location is None:
            return
        cost = None if match["cost"] is None else int(match["cost"])
        level = len(match["bars"])
        self._expressions.append(
            ExpressionCoverage(len(self._actions) - 1, level, location, int(match["count"]), cost)
        )

    def result(self, *, ended: bool) -> Coverage | None:
        """Return the last report, or ``None`` if there was none.

        Parameters
        ----------
        ended : bool
            Whether TLC finished, so that the last report is final.

        Returns
        -------
        Coverage or None
        """
        if self._report is None or (ended and not self._open):
            return self._report
        return msgspec.structs.replace(self._report, final=False)
