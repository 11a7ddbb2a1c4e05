"""How often TLC evaluated what: coverage per action and per expression."""

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

# TLC 2.15 has no account of constraints.
_KINDS: dict[int, Kind] = {
    2773: "init",
    2772: "next",
    2774: "property",
    2778: "constraint",
}
_HEAD = re.compile(r"\s*<(?P<what>.*)>(?::\s*(?P<distinct>\d+):(?P<generated>\d+))?\s*", re.DOTALL)
_INNER = re.compile(r"\((\d+) (\d+) (\d+) (\d+)\)\s*$")
_EXPRESSION = re.compile(
    r"\s*(?P<bars>\|*)(?P<place>line .*?): (?P<count>\d+)(?::(?P<cost>\d+))?\s*"
)


class ActionCoverage(msgspec.Struct, frozen=True):
    """How often an action was taken.

    Parameters
    ----------
    name : str
        The definition's name, or TLC's own words where it has none.
    kind : str
        ``init``, ``next``, ``property`` or ``constraint``.
    location : Location or None
        Where the action is defined.
    inner : Location or None
        The part of the definition that is meant, where it is not the whole.
    distinct, generated : int or None
        New states found by it, and states it led to at all; a property has neither.
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
        The index of its action among :attr:`Coverage.actions`.
    level : int
        How deep it is nested, from 0.
    location : Location
    count : int
        Evaluations.
    cost : int or None
        Values that were constructed on the way, where TLC says.
    """

    action: int
    level: int
    location: Location
    count: int
    cost: int | None


class Coverage(msgspec.Struct, frozen=True):
    """How often TLC evaluated what; the last account that it gave.

    Parameters
    ----------
    actions : tuple of ActionCoverage
        In TLC's order.
    expressions : tuple of ExpressionCoverage
        In TLC's order.
    final : bool
        Whether TLC gave the account at its end; otherwise states were explored after it.
    """

    actions: tuple[ActionCoverage, ...]
    expressions: tuple[ExpressionCoverage, ...]
    final: bool = True

    @property
    def never(self) -> tuple[ActionCoverage, ...]:
        """The actions of the next-state relation that never happened."""
        return tuple(a for a in self.actions if a.kind == "next" and not a.generated)

    def _repr_html_(self) -> str:
        from toolkit.tlc.html.render import render_coverage

        return render_coverage(self)

    def action_frame(self) -> pd.DataFrame:
        """Return one row for each action.

        Returns
        -------
        pandas.DataFrame
            Columns ``action``, ``kind``, ``module``, ``line``, ``column``, ``distinct`` and
            ``generated`` (missing for a property).
        """
        import pandas as pd

        rows = [
            {
                "action": one.name,
                "kind": one.kind,
                "module": place.module if (place := one.inner or one.location) else None,
                "line": place.line if place else None,
                "column": place.column if place else None,
                "distinct": one.distinct,
                "generated": one.generated,
            }
            for one in self.actions
        ]
        columns = ["action", "kind", "module", "line", "column", "distinct", "generated"]
        whole = dict.fromkeys(("line", "column", "distinct", "generated"), "Int64")
        return pd.DataFrame(rows, columns=columns).astype(whole)

    def expression_frame(self, modules: Mapping[str, str] | None = None) -> pd.DataFrame:
        """Return one row for each expression.

        Parameters
        ----------
        modules : mapping of str to str, optional
            Module name to text, to show the expressions themselves.

        Returns
        -------
        pandas.DataFrame
            Columns ``action``, ``level``, ``module``, ``line``, ``column``, ``end_line``,
            ``end_column``, ``count``, ``cost`` (missing where TLC does not say) and ``text``.
        """
        import pandas as pd

        rows = [
            {
                "action": self.actions[one.action].name if one.action >= 0 else None,
                "level": one.level,
                "module": one.location.module,
                "line": one.location.line,
                "column": one.location.column,
                "end_line": one.location.end_line,
                "end_column": one.location.end_column,
                "count": one.count,
                "cost": one.cost,
                "text": text_at(one.location, modules or {}),
            }
            for one in self.expressions
        ]
        columns = ["action", "level", "module", "line", "column", "end_line", "end_column"]
        columns += ["count", "cost", "text"]
        whole = dict.fromkeys([*columns[3:8], "level", "cost"], "Int64")
        return pd.DataFrame(rows, columns=columns).astype(whole)

    def line_counts(self, module: str) -> dict[int, int]:
        """Return how often each line of a module was evaluated, as far as TLC says.

        Parameters
        ----------
        module : str
            The module's name.

        Returns
        -------
        dict of int to int
            Line, from 1, to the greatest count of an expression that begins there.
        """
        counts: dict[int, int] = {}
        for one in self.expressions:
            if one.location.module == module:
                line = one.location.line
                counts[line] = max(counts.get(line, 0), one.count)
        return counts

    def annotated(self, module: str, text: str) -> str:
        """Return a module's source with the counts in its margin.

        Parameters
        ----------
        module : str
            The module's name.
        text : str
            Its text.

        Returns
        -------
        str
            A line for each line of the text: the count, or ``never`` where TLC could have
            evaluated something and never did, and the line.
        """
        counts = self.line_counts(module)
        notes = {line: f"{count:,}" if count else "never" for line, count in counts.items()}
        for one in self.actions:
            place = one.inner or one.location
            if place is not None and place.module == module and one.generated is not None:
                notes.setdefault(place.line, f"{one.generated:,}" if one.generated else "never")
        width = max((len(note) for note in notes.values()), default=0)
        return "\n".join(
            f"{notes.get(number, ''):>{width}} | {line}".rstrip()
            for number, line in enumerate(text.splitlines(), 1)
        )


class CoverageReader:
    """Gathers TLC's messages on coverage; each account replaces the one before."""

    codes = frozenset({2201, 2202, 2221, 2772, 2773, 2774, 2775, 2776, 2777, 2778})

    def __init__(self) -> None:
        self._actions: list[ActionCoverage] = []
        self._expressions: list[ExpressionCoverage] = []
        self._done: Coverage | None = None
        self._open = False

    def take(self, message: Message) -> None:
        """Take a message with one of :attr:`codes`."""
        if message.code == 2201:
            self._actions, self._expressions, self._open = [], [], True
        elif message.code == 2202:
            self._done = Coverage(tuple(self._actions), tuple(self._expressions))
            self._open = False
        elif message.code in _KINDS:
            self._action(_KINDS[message.code], message.text)
        elif message.code in {2221, 2775}:
            self._expression(message.text)

    def _action(self, kind: Kind, text: str) -> None:
        match = _HEAD.fullmatch(text)
        if match is None:
            return
        what = match["what"]
        location = find_location(what)
        inner = None
        if location is not None and (part := _INNER.search(what)):
            line, column, end_line, end_column = map(int, part.groups())
            inner = Location(location.module, line, column, end_line, end_column)
        name = what.partition(" line ")[0].strip()
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
        """Return the last account, or ``None`` if there was none.

        Parameters
        ----------
        ended : bool
            Whether TLC came to its end, and the last account is thus the final one.
        """
        if self._done is None or (ended and not self._open):
            return self._done
        return msgspec.structs.replace(self._done, final=False)
