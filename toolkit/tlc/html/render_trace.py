"""Render a counterexample as an HTML table of states, with changes marked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from toolkit.errors import ValueParseError
from toolkit.tlc.html.markup import clean, hidden_between, text_block
from toolkit.tlc.lasso import lasso_picture
from toolkit.tlc.modules import text_at
from toolkit.tlc.result import Counterexample, TraceState
from toolkit.values import Function, Record, Set, Tuple, Value, format_value
from toolkit.values.printing import is_identifier

__all__ = ["LAID_OUT", "SHORT", "TraceTable", "shortened"]

SHORT = 72
"""Number of characters of a value that are shown before it is expanded."""

LAID_OUT = 20_000
"""Largest number of characters of a value that are shown."""

_BUDGET = 400_000
_COLUMNS = 6
_SIGN = '<span class="sign" title="changed">&ne;</span> '


class TraceTable:
    """The table of a counterexample's states.

    Parameters
    ----------
    example : Counterexample
    modules : mapping of str to str
        Map from module name to text.
    where : str
        Python expression for the example, shown where a value is cut.
    limit : int
        Largest number of states that are shown.
    """

    def __init__(
        self, example: Counterexample, modules: Mapping[str, str], where: str, limit: int = 60
    ) -> None:
        self.example = example
        self.modules = modules
        self.where = where
        self.limit = max(4, limit)
        self._left = _BUDGET
        self._texts: dict[int, str] = {}

    def html(self) -> str:
        """Return the table as HTML, below a picture if the behaviour is infinite.

        Returns
        -------
        str
        """
        example, states = self.example, self.example.states
        if not states:
            return '<p class="note">TLC reported no states.</p>'
        names = list(dict.fromkeys(name for state in states for name in state.variables))
        # Many variables are listed in a single column, those that changed first.
        columns = names if len(names) <= _COLUMNS else ["variables"]
        rows = []
        at = 0
        span = 2 + max(1, len(columns))
        for hidden, position in hidden_between(self._visible(), len(states)):
            if hidden:
                first, last = states[at], states[at + hidden - 1]
                rows.append(
                    f'<tr><td class="gap" colspan="{span}">{hidden:,} states are not shown '
                    f"({first.index} to {last.index}): <code>"
                    f"{clean(self.where)}.states[{at}:{at + hidden}]</code></td></tr>"
                )
                at += hidden
            if position is not None:
                rows.append(self._row(position, names, columns, fresh=bool(hidden)))
                at = position + 1
        if example.loop is not None:
            rows.append(_loop_row(span, f"↺ back to state {example.loop}, repeated forever"))
        elif example.stuttering:
            rows.append(
                _loop_row(span, f"↻ stuttering: nothing changes after state {states[-1].index}")
            )
        head = "".join(f"<th>{clean(name)}</th>" for name in columns or [""])
        picture = ""
        if example.loop is not None or example.stuttering:
            picture = f'<div class="scroll">{lasso_picture(example)}</div>'
        return (
            f'{picture}<div class="scroll"><table class="trace"><thead><tr>'
            f'<th class="num">#</th><th>action</th>{head}</tr></thead>'
            f"<tbody>{''.join(rows)}</tbody></table></div>"
            '<p class="note dim">&ne; marks variables that the step changed.</p>'
        )

    def _visible(self) -> list[int]:
        states = self.example.states
        total = len(states)
        if total <= self.limit:
            return list(range(total))
        tail = self.limit // 3
        shown = {*range(self.limit - tail), *range(total - tail, total)}
        for position, state in enumerate(states):
            if state.index == self.example.loop:
                shown |= {*range(max(0, position - 1), min(total, position + 2))}
        return sorted(shown)

    def _row(self, position: int, names: list[str], columns: list[str], *, fresh: bool) -> str:
        state = self.example.states[position]
        before = self.example.states[position - 1].variables if position else None
        number = str(state.index)
        if state.index == self.example.loop:
            number += ' <span class="jump">↺</span>'
        cells = f'<td class="num">{number}</td><td class="action">{self._action(state)}</td>'
        if state.unparsed is not None:
            words = text_block(state.unparsed, rest=f"{self.where}.states[{position}].unparsed")
            return (
                f'<tr>{cells}<td colspan="{max(1, len(columns))}">cannot be parsed; '
                f"TLC&rsquo;s text: {words}</td></tr>"
            )
        shown = [self._variable(state, before, name, position, fresh=fresh) for name in names]
        if columns == names:
            cells += "".join(
                f'<td class="code {kind}">{_SIGN if kind == "changed" else ""}{text}</td>'
                for kind, text in shown
            )
            return f"<tr>{cells}{'' if names else '<td></td>'}</tr>"
        lines = [
            (
                kind,
                f'<div class="one {kind}">{_SIGN if kind == "changed" else ""}'
                f"<code>{clean(name)} = </code>{text}</div>",
            )
            for name, (kind, text) in zip(names, shown, strict=True)
        ]
        same = [line for kind, line in lines if kind == "same"]
        body = "".join(line for kind, line in lines if kind != "same")
        if same and before is not None:
            word = "1 variable" if len(same) == 1 else f"{len(same)} variables"
            body += (
                f'<details><summary><span class="dim">{word} unchanged</span></summary>'
                f"{''.join(same)}</details>"
            )
        return f'<tr>{cells}<td class="code wide">{body}</td></tr>'

    def _action(self, state: TraceState) -> str:
        if state.action is None:
            first = state.index == self.example.states[0].index and state.location is None
            name = "<i>initial state</i>" if first else "<i>not reported</i>"
        else:
            arguments = f"({', '.join(state.parameters)})" if state.parameters else ""
            name = f"<code>{clean(state.action + arguments)}</code>"
        if state.location is None:
            return name
        text = shortened(text_at(state.location, self.modules) or "", 600)
        title = f' title="{clean(text)}"' if text else ""
        return f'{name}<br><span class="place"{title}>{clean(state.location)}</span>'

    def _variable(
        self,
        state: TraceState,
        before: Mapping[str, Value] | None,
        name: str,
        position: int,
        *,
        fresh: bool,
    ) -> tuple[str, str]:
        """Return the CSS class and the HTML of a variable's cell."""
        if name not in state.variables:
            return "same", "&mdash;"
        value = state.variables[name]
        if before is None:
            return "", self._value(value, name, position)
        if name in before and _same(before[name], value):
            text = self._text(value)
            if fresh or len(text) <= SHORT:
                return "same", self._value(value, name, position)
            return "same", f"<code>{clean(shortened(text))}</code>"
        lines: list[str] = []
        if name in before and len(self._text(value)) > SHORT:
            lines = _difference(before[name], value)
        return "changed", self._value(value, name, position, lines)

    def _text(self, value: Value) -> str:
        text = self._texts.get(id(value))
        if text is None:
            try:
                text = format_value(value)
            except ValueParseError as error:
                text = f"({error})"
            self._texts[id(value)] = text
        return text

    def _value(self, value: Value, name: str, position: int, difference: Sequence[str] = ()) -> str:
        text = self._text(value)
        if len(text) <= SHORT:
            return f"<code>{clean(text)}</code>"
        first = [shortened(line) for line in difference] or [shortened(text)]
        shown = "<br>".join(f"<code>{clean(line)}</code>" for line in first)
        where = f"{self.where}.states[{position}].variables[{name!r}]"
        if len(text) > LAID_OUT:
            text = text[:LAID_OUT]
            laid_out = text_block(text, limit=LAID_OUT, rest=where) + (
                f'<p class="note dim">&hellip; {len(self._text(value)) - LAID_OUT:,} more '
                f"characters are in <code>{clean(where)}</code></p>"
            )
        else:
            laid_out = f"<pre>{clean(_lay_out(value))}</pre>"
        if len(laid_out) > self._left:
            return f'{shown} <span class="dim">(cut: <code>{clean(where)}</code>)</span>'
        self._left -= len(laid_out)
        size = f"the whole value, {len(self._text(value)):,} characters"
        if difference:
            # The changes are shown before the whole value.
            summary = f'<summary><span class="dim">{size}</span></summary>'
            return f"{shown}<details>{summary}{laid_out}</details>"
        return f"<details><summary>{shown}</summary>{laid_out}</details>"


def _loop_row(span: int, words: str) -> str:
    return f'<tr><td class="gap" colspan="{span}"><span class="jump">{words}</span></td></tr>'


def shortened(text: str, limit: int = SHORT) -> str:
    """Cut a text that is longer than the limit.

    Parameters
    ----------
    text : str
    limit : int
        Largest number of characters.

    Returns
    -------
    str
    """
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _same(old: Value, new: Value) -> bool:
    try:
        return old == new
    except RecursionError:
        # Values that are nested too deeply to compare have their hashes stored.
        return hash(old) == hash(new)


def _lay_out(value: Value) -> str:
    """Format a value on several lines, with a line for each member of a long collection."""
    try:
        return "\n".join(_laid_out(value, "", ""))
    except (RecursionError, ValueParseError):
        return "the value is nested too deeply to format"


def _laid_out(value: Value, indent: str, head: str) -> Iterator[str]:
    text = format_value(value)
    if len(indent) + len(head) + len(text) <= SHORT or not isinstance(
        value, (Set, Tuple, Record, Function)
    ):
        yield f"{indent}{head}{text}"
        return
    begin, end = ("{", "}") if isinstance(value, Set) else ("<<", ">>")
    parts: list[tuple[str, Value]]
    separator = ","
    if isinstance(value, (Set, Tuple)):
        parts = [("", member) for member in value]
    elif text.startswith("["):
        begin, end = "[", "]"
        parts = [(f"{name} |-> ", item) for name, item in value.items()]
    else:
        begin, end, separator = "(", ")", " @@"
        parts = [(f"{format_value(key)} :> ", item) for key, item in value.items()]
    yield f"{indent}{head}{begin}"
    for number, (label, item) in enumerate(parts, start=1):
        lines = list(_laid_out(item, indent + "  ", label))
        if number < len(parts):
            lines[-1] += separator
        yield from lines
    yield indent + end


def _difference(old: Value, new: Value, limit: int = 6) -> list[str]:
    """Return the differences between two versions of a long value, in a few lines."""
    lines = []
    try:
        for number, line in enumerate(_differences(old, new, "")):
            if number == limit:
                lines.append("… and more")
                break
            lines.append(line)
    except (RecursionError, ValueParseError):
        return []
    return lines


def _differences(old: Value, new: Value, path: str) -> Iterator[str]:
    if isinstance(old, Set) and isinstance(new, Set):
        at = f"{path}: " if path else ""
        for member in Set(new.members - old.members):
            yield f"{at}+ {format_value(member)}"
        for member in Set(old.members - new.members):
            yield f"{at}- {format_value(member)}"
        return
    before, after = _table(old), _table(new)
    if before is None or after is None or type(old) is not type(new):
        yield f"{path}: {format_value(new)}" if path else format_value(new)
        return
    for key, item in after.items():
        field = isinstance(new, Record) and is_identifier(key)
        step = f"{path}.{key}" if field else f"{path}[{format_value(key)}]"
        if key not in before:
            yield f"{step}: + {format_value(item)}"
        elif before[key] != item:
            yield from _differences(before[key], item, step)
    for key in before:
        if key not in after:
            yield f"{path}[{format_value(key)}]: removed"


def _table(value: Value) -> dict[Any, Value] | None:
    if isinstance(value, (Tuple, Record, Function)):
        return dict(value.items())
    return None
