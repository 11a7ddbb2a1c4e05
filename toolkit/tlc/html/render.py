"""Render results of TLC as HTML for notebooks and reports.

The HTML is self-contained: it has a scoped style and no scripts, loads nothing, and never relies
on colour alone.  Long content is cut, with a note on how to get the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from toolkit.tlc.coverage import Coverage
from toolkit.tlc.html.markup import (
    block,
    clean,
    count,
    extract,
    hidden_between,
    listing,
    note,
    source_lines,
    text_block,
)
from toolkit.tlc.html.render_trace import LAID_OUT, SHORT, TraceTable, shortened
from toolkit.tlc.modules import Location, text_at
from toolkit.tlc.result import VIOLATIONS, CheckResult, Counterexample, gist
from toolkit.values import Function, Record, Set, Tuple, format_value

__all__ = [
    "headline",
    "render_counterexample",
    "render_coverage",
    "render_result",
    "render_source",
    "render_source_error",
    "render_table",
    "which_property",
]

_EXAMPLES = 10
_OPEN_EXAMPLES = 3

_HEADLINES = {
    "success": "No error was found",
    "invariant": "Invariant {} is violated",
    "initial-invariant": "Invariant {} is violated by an initial state",
    "initial-property": "Property {} is violated by an initial state",
    "action-property": "Action property {} is violated",
    "refinement": "Refinement {} is violated",
    "temporal": "Temporal property {} is violated",
    "deadlock": "Deadlock: a state has no successor",
    "assumption": "Assumption {} is false",
    "postcondition": "Postcondition {} is false",
    "assert": "An Assert is violated",
    "violation": "A violation that TLC does not name",
    "evaluation-error": "An expression cannot be evaluated",
    "set-too-large": "A set is too large",
    "parse-error": "The specification cannot be parsed",
    "semantic-error": "The specification has a semantic error",
    "config-error": "The configuration file is invalid",
    "out-of-memory": "TLC ran out of memory",
    "stack-overflow": "TLC ran out of stack",
    "time-limit": "The time limit was reached before TLC had a result",
    "cancelled": "The check was cancelled before TLC had a result",
    "error": "TLC ended without a result",
}
_DEFINED = {"invariant", "initial-invariant", "initial-property", "action-property", "refinement",
            "temporal"}  # fmt: skip


def headline(kind: str, name: str | None = None) -> str:
    """Return a sentence that describes an outcome.

    Parameters
    ----------
    kind : str
        A :data:`~toolkit.tlc.result.CheckOutcome`.
    name : str, optional
        The violated invariant or property.

    Returns
    -------
    str

    Examples
    --------
    >>> headline("invariant", "TypeOK")
    'Invariant TypeOK is violated'
    >>> headline("temporal")
    'Temporal property is violated'
    """
    words = _HEADLINES.get(kind, kind)
    return " ".join(words.replace("{}", name or "").split())


def which_property(name: str | None, candidates: Sequence[str]) -> str:
    """Describe which properties failed, or may have failed.

    Parameters
    ----------
    name : str or None
        The violated property; ``None`` if TLC does not report it.
    candidates : sequence of str
        Properties that may be violated or, with a name, that are violated.

    Returns
    -------
    str

    Examples
    --------
    >>> which_property(None, ["Live", "Fair"])
    'TLC does not report which property failed: Live or Fair'
    >>> which_property("Live", ["Live", "Fair"])
    'the behaviour violates Live and Fair'
    """
    if name is None:
        return f"TLC does not report which property failed: {' or '.join(candidates)}"
    return f"the behaviour violates {' and '.join(candidates)}"


def render_result(result: CheckResult) -> str:
    """Render a result: outcome, numbers, caveats, source and counterexamples.

    Parameters
    ----------
    result : CheckResult

    Returns
    -------
    str
        HTML with at most 10 counterexamples.
    """
    parts = [_banner(result), _facts(result)]
    if result.remembered is not None:
        parts.append(note("From the cache", f"computed {clean(result.remembered)}", "warn"))
    reasons = _incomplete(result)
    if not result.complete:
        parts.append(note("Not complete", listing(reasons), "warn"))
    elif reasons:
        parts.append(note("Only within these bounds", listing(reasons), "warn"))
    if result.warnings:
        parts.append(note("Warnings", listing(result.warnings), "warn"))
    parts.append(_message(result))
    examples = result.counterexamples
    for number, example in enumerate(examples[:_EXAMPLES]):
        where = f"result.counterexamples[{number}]"
        body = TraceTable(example, result.modules, where).html()
        heading = f"<h4>{_example_heading(example, number, len(examples))}</h4>"
        if number >= _OPEN_EXAMPLES:
            body = f"<details><summary>show</summary>{body}</details>"
        parts.append(heading + body)
    if len(examples) > _EXAMPLES:
        parts.append(
            f'<p class="note">{len(examples) - _EXAMPLES:,} more counterexamples are in '
            f"<code>result.counterexamples[{_EXAMPLES}:]</code></p>"
        )
    parts += _appendices(result)
    return block("".join(parts))


def _banner(result: CheckResult) -> str:
    if result.ok and not result.violation:
        tone, sign = ("ok", "✓") if result.complete else ("warn", "✓ incomplete:")
    elif result.outcome in {"time-limit", "cancelled"} and not result.violation:
        tone, sign = "warn", "■"
    else:
        tone, sign = "bad", "✗"
    words = clean(headline(result.outcome, result.name))
    more = []
    if result.candidates:
        more.append(which_property(result.name, result.candidates))
    if (examples := len(result.counterexamples)) > 1:
        more.append(f"{examples:,} counterexamples")
    if result.violation and result.outcome not in VIOLATIONS:
        kinds = dict.fromkeys(
            headline(example.kind, example.name) for example in result.counterexamples
        )
        more.append("before that: " + "; ".join(kinds))
    tail = f'<br><span class="more">{clean("; ".join(more))}</span>' if more else ""
    return (
        f'<div class="verdict {tone}"><span class="word">{sign} {clean(result.outcome)}</span> '
        f"&mdash; {words}{tail}</div>"
    )


def _facts(result: CheckResult) -> str:
    numbers = [
        (result.generated, "states generated"),
        (result.distinct, "distinct"),
        (result.left_on_queue, "left to explore"),
        (result.depth, "depth"),
    ]
    facts = [(count(number), unit) for number, unit in numbers if number is not None]
    facts = facts or [("no states", "were reported")]
    facts.append((f"{result.duration:,.1f} s", ""))
    facts.append((count(result.workers), "worker" if result.workers == 1 else "workers"))
    items = "".join(f"<li><b>{clean(number)}</b> {clean(unit)}</li>" for number, unit in facts)
    return f'<ul class="facts">{items}</ul>'


def _incomplete(result: CheckResult) -> list[str]:
    """List the limits of a result."""
    reasons: list[str] = []
    continued = "-continue" in result.command
    if result.outcome in {"time-limit", "cancelled"}:
        reasons.append("the run was ended: the numbers are the last that TLC reported")
    elif result.generated is None and not result.ok:
        reasons.append("TLC ended before it explored states")
    elif result.violation and not continued:
        reasons.append("TLC stopped at the first violation; there may be others")
    elif not result.ok and not result.violation:
        reasons.append("TLC ended with an error; states that it had not reached are not checked")
    if result.left_on_queue:
        left = result.left_on_queue
        states = "state" if left == 1 else "states"
        reasons.append(f"the successors of {left:,} {states} were not explored")
    reasons += result.caveats
    if not reasons and not result.complete:
        reasons.append(
            "TLC continued after violations and does not report that it explored every state"
            if continued
            else "TLC does not report that it explored every state"
        )
    return reasons


def _message(result: CheckResult) -> str:
    """Return TLC's message with the source that it refers to."""
    if result.ok:
        return ""
    parts = []
    if result.outcome in _DEFINED:
        if result.location is not None:
            shown = _source(result.location, result.modules, context=0, mark=False)
            where = clean(str(result.location))
            if shown:
                parts.append(f"<details><summary>defined at {where}</summary>{shown}</details>")
            else:
                parts.append(f'<p class="note dim">defined at {where}</p>')
        return "".join(parts)
    # For these outcomes the message repeats the headline.
    if result.message and result.outcome not in {"deadlock", "time-limit", "cancelled"}:
        parts.append(text_block(result.message, rest="result.message"))
    if result.location is not None:
        parts.append(_source_or_place(result.location, result.modules))
    if len(result.positions) > 1:
        places = [
            f"{place}  {shortened(' '.join((text_at(place, result.modules) or '').split()))}"
            for place in result.positions[:20]
        ]
        if len(result.positions) > 20:
            places.append(f"{len(result.positions) - 20} more expressions are in result.positions")
        parts.append(
            "<details><summary>nested expressions during the error, outermost "
            f"first</summary>{listing(places)}</details>"
        )
    return "".join(parts)


def _appendices(result: CheckResult) -> Iterator[str]:
    if result.coverage is not None:
        yield f"<details><summary>{_coverage_words(result.coverage)}</summary>"
        yield _coverage(result.coverage, result.modules) + "</details>"
    if result.prints:
        lines = result.prints.count("\n") + 1
        cut = " or more; the rest was dropped" if result.prints_cut else ""
        yield f"<details><summary>the specification printed {lines:,} lines{cut}</summary>"
        yield text_block(result.prints, rest="result.prints") + "</details>"
    details = [
        ("TLC", result.tlc_version),
        ("Java", result.java_version),
        ("fingerprint polynomial", result.fingerprint),
        ("seed", "none" if result.seed is None else result.seed),
        ("command", " ".join(result.command)),
        *((f"SHA-256 of {name}", digest) for name, digest in result.digests.items()),
    ]
    rows = "".join(f"<tr><th>{clean(k)}</th><td>{clean(v)}</td></tr>" for k, v in details)
    yield "<details><summary>how to repeat the run</summary>"
    yield f'<div class="scroll"><table><tbody>{rows}</tbody></table></div></details>'


def _example_heading(example: Counterexample, number: int, total: int) -> str:
    which = f" {number + 1} of {total}" if total > 1 else ""
    states = len(example.states)
    length = f"{states:,} state{'' if states == 1 else 's'}"
    if example.kind not in VIOLATIONS:
        return clean(f"The behaviour before the error{which} ({length})")
    return clean(f"Counterexample{which}: {headline(example.kind, example.name)} ({length})")


def render_counterexample(
    example: Counterexample,
    modules: Mapping[str, str] | None = None,
    *,
    limit: int = 60,
) -> str:
    """Render a counterexample: a row for each state, with changes marked.

    Parameters
    ----------
    example : Counterexample
    modules : mapping of str to str, optional
        Map from module name to text, to show the text of the actions.
    limit : int
        Largest number of states that are shown.  Of a longer behaviour the beginning, the end and
        the state to which a lasso returns are shown.

    Returns
    -------
    str
        HTML.
    """
    heading = f"<h4>{_example_heading(example, 0, 1)}</h4>"
    if example.candidates:
        words = which_property(example.name, example.candidates)
        heading += f'<p class="note">{clean(words)}</p>'
    return block(heading + TraceTable(example, modules or {}, "counterexample", limit).html())


def render_source_error(location: Location | None, modules: Mapping[str, str], message: str) -> str:
    """Render an error with its source, in which the location is underlined.

    Parameters
    ----------
    location : Location or None
        Location of the error.
    modules : mapping of str to str
        Map from module name to text.
    message : str
        The error message.

    Returns
    -------
    str
        HTML with the lines of the location and 2 lines before and after, with line numbers and
        syntax highlighting; only the location if the module's text is not available.
    """
    where = f"{clean(location)}: " if location is not None else ""
    first = gist(message)
    body = (
        f'<div class="verdict bad"><span class="word">✗ {where}</span>'
        f"{clean(shortened(first, 400))}</div>"
    )
    if "\n" in message.strip() or len(first) > 400:
        body += text_block(message.strip(), rest="the error's message")
    if location is not None:
        body += _source_or_place(location, modules)
    return block(body)


def _source_or_place(location: Location, modules: Mapping[str, str]) -> str:
    shown = _source(location, modules, context=2, mark=True)
    head = f'<p class="note dim">{clean(location)}</p>'
    return head + (shown or '<p class="note dim">(source not available)</p>')


def _source(
    location: Location, modules: Mapping[str, str], *, context: int, mark: bool, most: int = 12
) -> str:
    """Return the lines of a location; empty if they are not available."""
    text = modules.get(location.module or "")
    if text is None and location.module is None and len(modules) == 1:
        text = next(iter(modules.values()))
    if text is None or location.line > len(source_lines(text)):
        return ""
    end = location.end_line or location.line
    last = min(end, location.line + most - 1)
    shown = extract(
        text,
        first=location.line - context,
        last=last + (context if last == end else 0),
        wrong=location if mark else None,
    )
    if last < end:
        shown += f'<p class="note dim">&hellip; and {end - last:,} more lines</p>'
    return shown


def render_source(text: str, title: str = "", *, limit: int = 400) -> str:
    """Render a module with syntax highlighting.

    Parameters
    ----------
    text : str
        TLA+ text.
    title : str
        Heading.
    limit : int
        Largest number of lines that are shown.

    Returns
    -------
    str
        HTML.
    """
    body = f"<h4>{clean(title)}</h4>" if title else ""
    total = len(source_lines(text.rstrip("\r\n")))
    body += extract(text, last=min(limit, total))
    if total > limit:
        body += f'<p class="note dim">&hellip; {total - limit:,} more lines are not shown</p>'
    return block(body)


def _coverage_words(coverage: Coverage) -> str:
    never = ", ".join(action.name for action in coverage.never)
    words = f"coverage: {len(coverage.actions):,} actions"
    words += f"; never taken: {never}" if never else ", all of them taken"
    return clean(words if coverage.final else f"{words}; not the final report")


def _coverage(coverage: Coverage, modules: Mapping[str, str]) -> str:
    parts = [_table_html(coverage.action_frame(), 200, "coverage.action_frame()")]
    for name, text in modules.items():
        if not any(item.location.module == name for item in coverage.expressions):
            continue
        notes = {
            line: f"{number:,}" if number else "never"
            for line, number in coverage.line_counts(name).items()
        }
        parts.append(
            f"<details><summary>{clean(name)}, how often each line was evaluated</summary>"
            f"{extract(text, notes=notes)}</details>"
        )
    return "".join(parts)


def render_coverage(coverage: Coverage, modules: Mapping[str, str] | None = None) -> str:
    """Render coverage: a table of actions, and the modules with counts.

    Parameters
    ----------
    coverage : Coverage
    modules : mapping of str to str, optional
        Map from module name to text.

    Returns
    -------
    str
        HTML.
    """
    words = f"<h4>{_coverage_words(coverage)}</h4>"
    return block(words + _coverage(coverage, modules or {}))


def render_table(frame: pd.DataFrame, *, title: str = "", limit: int = 60) -> str:
    """Render a data frame as a table.

    Parameters
    ----------
    frame : pandas.DataFrame
        The index is shown if it has a name or is not a range.
    title : str
        Heading.
    limit : int
        Largest number of rows that are shown.  Of a longer frame the beginning and the end are
        shown.

    Returns
    -------
    str
        HTML.
    """
    heading = f"<h4>{clean(title)}</h4>" if title else ""
    return block(heading + _table_html(frame, limit, "the frame"))


def _table_html(frame: pd.DataFrame, limit: int, where: str) -> str:
    plain = isinstance(frame.index, pd.RangeIndex) and frame.index.name is None
    if not plain:
        frame = frame.reset_index(allow_duplicates=True)
    total, wide = frame.shape
    columns = range(min(wide, 40))
    kinds = [
        "num"
        if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_bool_dtype(dtype)
        else ""
        for dtype in frame.dtypes
    ]
    head = "".join(f'<th class="{kinds[i]}">{clean(frame.columns[i])}</th>' for i in columns)
    half = max(1, limit // 2)
    visible = list(range(total))
    if total > limit:
        visible = [*range(half), *range(total - half, total)]
    rows = []
    for hidden, position in hidden_between(visible, total):
        if hidden:
            first = position - hidden if position is not None else total - hidden
            rows.append(
                f'<tr><td class="gap" colspan="{len(columns)}">{hidden:,} rows are not shown '
                f"({first:,} to {first + hidden - 1:,}, counted from 0)</td></tr>"
            )
        if position is not None:
            cells = "".join(
                f'<td class="{kinds[i]}">{_cell(frame.iat[position, i])}</td>' for i in columns
            )
            rows.append(f"<tr>{cells}</tr>")
    more = ""
    if wide > len(columns):
        more = f'<p class="note dim">&hellip; {wide - len(columns)} more columns</p>'
    if not total:
        more += f'<p class="note dim">no rows in {clean(where)}</p>'
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>{more}"
    )


def _cell(value: Any) -> str:
    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return '<span class="dim">&mdash;</span>'
    if isinstance(value, (Set, Tuple, Record, Function)):
        value = format_value(value)
    elif pd.api.types.is_integer(value):
        return clean(f"{value:,}")
    elif pd.api.types.is_float(value):
        return clean(f"{value:,.4g}")
    text = str(value)
    if len(text) <= 2 * SHORT:
        return clean(text)
    more = f"{len(text):,} characters"
    return (
        f"<details><summary>{clean(shortened(text))}</summary><pre class='words'>"
        f"{clean(text[:LAID_OUT])}</pre>{more if len(text) > LAID_OUT else ''}</details>"
    )
