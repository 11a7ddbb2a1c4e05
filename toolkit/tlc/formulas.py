r"""Parser of TLA+ formulas: tokens, conjunctions and disjunctions, quantifiers, arguments.

It knows just enough of the grammar to find the parts of a formula: aligned lists of conjuncts and
disjuncts, infix conjunctions and disjunctions, and the variables that a quantifier binds.  Nothing
is evaluated.  Text that cannot be parsed stays a single part.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import msgspec

from toolkit.errors import SpecError
from toolkit.tlc.definitions import Definition, tokens_of

__all__ = [
    "Formula",
    "SpecToken",
    "arguments_at",
    "find_token",
    "formula_of",
    "junction",
    "laid_out",
    "matching_bracket",
    "on_one_line",
    "quantified",
    "unwrapped",
]

_OPENING, _CLOSING = {"(", "[", "{", "<<"}, {")", "]", "}", ">>"}
_SCOPES = {"\\E", "\\A", "\\EE", "\\AA", "LET", "IF", "CASE", "CHOOSE", "LAMBDA"}
_JUNCTIONS = {"\\/": "\\/", "\\lor": "\\/", "/\\": "/\\", "\\land": "/\\"}


class SpecToken(msgspec.Struct, frozen=True):
    """A token of a formula.

    Parameters
    ----------
    text : str
        The characters of the token.
    start : int
        Position in the definition's text.
    line, column : int
        Position in the module, counted from 1.
    """

    text: str
    start: int
    line: int
    column: int

    @property
    def end(self) -> int:
        """Position after the token in the definition's text."""
        return self.start + len(self.text)


class Formula(msgspec.Struct, frozen=True):
    """The body of a definition, or any other TLA+ text, with its tokens.

    Parameters
    ----------
    name : str
        The definition's name.
    parameters : tuple of str
        The definition's parameters.
    module : str or None
        The module that contains the formula.
    text : str
        The text without comments, indented as in the module.
    body : tuple of SpecToken
        The tokens of the text.
    """

    name: str
    parameters: tuple[str, ...]
    module: str | None
    text: str
    body: tuple[SpecToken, ...]


@lru_cache(maxsize=2048)
def formula_of(text: str, definition: Definition | None = None) -> Formula:
    """Split TLA+ text into a formula with tokens.

    Parameters
    ----------
    text : str
        TLA+ text without comments.
    definition : Definition, optional
        The definition that has this body.

    Returns
    -------
    Formula
    """
    padded = " " * (definition.column if definition else 0) + text
    first = definition.line if definition else 1
    tokens = []
    line, line_start = first, 0
    for token in tokens_of(padded):
        newlines = padded.count("\n", line_start, token.start)
        if newlines:
            line += newlines
            line_start = padded.rindex("\n", 0, token.start) + 1
        tokens.append(SpecToken(token.text, token.start, line, token.start - line_start + 1))
    return Formula(
        name=definition.name if definition else "",
        parameters=definition.parameters if definition else (),
        module=definition.module if definition else None,
        text=padded,
        body=tuple(tokens),
    )


def find_token(tokens: Sequence[SpecToken], start: int, wanted: Collection[str]) -> int | None:
    """Return the index of the first wanted token from `start` on that is not inside brackets.

    Parameters
    ----------
    tokens : sequence of SpecToken
    start : int
    wanted : collection of str
        Texts of tokens.

    Returns
    -------
    int or None
    """
    depth = 0
    for at in range(start, len(tokens)):
        text = tokens[at].text
        if depth == 0 and text in wanted:
            return at
        depth += (text in _OPENING) - (text in _CLOSING)
        if depth < 0:
            return None
    return None


def matching_bracket(tokens: Sequence[SpecToken], start: int) -> int | None:
    """Return the index of the closing bracket for the opening bracket at `start`.

    Parameters
    ----------
    tokens : sequence of SpecToken
    start : int

    Returns
    -------
    int or None
        ``None`` if the bracket is not closed.
    """
    depth = 0
    for at in range(start, len(tokens)):
        depth += (tokens[at].text in _OPENING) - (tokens[at].text in _CLOSING)
        if depth == 0:
            return at
    return None


def arguments_at(tokens: Sequence[SpecToken], start: int) -> list[Sequence[SpecToken]]:
    """Return the arguments in the brackets that open at an index.

    Parameters
    ----------
    tokens : sequence of SpecToken
    start : int
        Index of the opening bracket.

    Returns
    -------
    list of sequence of SpecToken
        The tokens of each argument; empty if the bracket is not closed.
    """
    end = matching_bracket(tokens, start)
    if end is None:
        return []
    arguments: list[Sequence[SpecToken]] = []
    at = start + 1
    while at <= end:
        comma = find_token(tokens[:end], at, {","})
        stop = end if comma is None else comma
        arguments.append(tokens[at:stop])
        at = stop + 1
    return arguments


def unwrapped(tokens: Sequence[SpecToken]) -> Sequence[SpecToken]:
    """Remove the parentheses that enclose a whole formula.

    Parameters
    ----------
    tokens : sequence of SpecToken

    Returns
    -------
    sequence of SpecToken
    """
    while tokens and tokens[0].text == "(" and matching_bracket(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def junction(tokens: Sequence[SpecToken]) -> tuple[str | None, list[Sequence[SpecToken]]]:
    r"""Return the outermost operator ``\/`` or ``/\`` of a formula, and its operands.

    The operator may form an aligned list or be written between its operands.

    Parameters
    ----------
    tokens : sequence of SpecToken

    Returns
    -------
    str or None
        The operator; ``None`` if the formula is neither a disjunction nor a conjunction.
    list of sequence of SpecToken
        The operands; the whole formula if there is no operator.
    """
    if not tokens:
        return None, []
    sign = _JUNCTIONS.get(tokens[0].text)
    if sign is not None:
        return _listed(tokens, sign)
    depth = 0
    places = []
    signs = set()
    for at, token in enumerate(tokens):
        if depth == 0 and token.text in _JUNCTIONS:
            if at and tokens[at - 1].text in _JUNCTIONS:
                break
            signs.add(_JUNCTIONS[token.text])
            places.append(at)
        elif depth == 0 and token.text in _SCOPES:
            # The scope of a quantifier or choice extends to the end.
            break
        elif depth == 0 and token.text in {"=>", "<=>", "~>", "-+->"}:
            return None, [tokens]
        depth += (token.text in _OPENING) - (token.text in _CLOSING)
    if len(signs) != 1:
        return None, [tokens]
    starts = [0, *(at + 1 for at in places)]
    ends = [*places, len(tokens)]
    return signs.pop(), [tokens[start:end] for start, end in zip(starts, ends, strict=True)]


def _listed(tokens: Sequence[SpecToken], sign: str) -> tuple[str | None, list[Sequence[SpecToken]]]:
    column, line = tokens[0].column, tokens[0].line
    starts = [0]
    for at, token in enumerate(tokens[1:], start=1):
        if token.line > line and token.column <= column:
            if token.column == column and _JUNCTIONS.get(token.text) == sign:
                starts.append(at)
                line = token.line
            else:
                return None, [tokens]
    ends = [*starts[1:], len(tokens)]
    return sign, [tokens[start + 1 : end] for start, end in zip(starts, ends, strict=True)]


def quantified(
    tokens: Sequence[SpecToken], definition: Formula | None
) -> tuple[list[tuple[str, Sequence[SpecToken]]], Sequence[SpecToken]]:
    """Return the bound variables of an existential quantifier with their sets, and its body.

    Parameters
    ----------
    tokens : sequence of SpecToken
        A formula that starts with the quantifier.
    definition : Formula or None
        The formula that contains the quantifier, for the message of an error.

    Returns
    -------
    list of (str, sequence of SpecToken)
        Each bound variable with its set.
    sequence of SpecToken
        The body.

    Raises
    ------
    SpecError
        If the quantifier has no set.
    """
    colon = find_token(tokens, 1, {":"})
    bound: list[tuple[str, Sequence[SpecToken]]] = []
    at = 1
    while colon is not None and at < colon:
        within = find_token(tokens[:colon], at, {"\\in"})
        if within is None:
            break
        names = [token.text for token in tokens[at:within] if token.text != ","]
        # The set ends at a comma that is followed by further names and \in.
        end = within + 1
        while True:
            comma = find_token(tokens[:colon], end, {","})
            stop = colon if comma is None else comma
            following = find_token(tokens[:colon], stop + 1, {"\\in"})
            if comma is None or following is not None:
                break
            end = stop + 1
        bound += [(name, tokens[within + 1 : stop]) for name in names]
        at = stop + 1
    if colon is None or not bound:
        where = f"{definition.module}, line {tokens[0].line}" if definition else "?"
        raise SpecError(
            f"{where}: the quantifier does not bind a variable in a set",
            hint="write \\E x \\in S : A(x)",
        )
    return bound, tokens[colon + 1 :]


def on_one_line(text: str, tokens: Sequence[SpecToken], names: Mapping[str, str]) -> str:
    """Format tokens on a single line, with names replaced.

    Parameters
    ----------
    text : str
        The text that contains the tokens.
    tokens : sequence of SpecToken
    names : mapping of str to str
        Map from a name to its replacement.

    Returns
    -------
    str
    """
    written = []
    for at, token in enumerate(tokens):
        if at:
            gap = text[tokens[at - 1].end : token.start]
            written.append(" " if gap else "")
        field = at > 0 and tokens[at - 1].text == "."
        written.append(token.text if field else names.get(token.text, token.text))
    return "".join(written)


def laid_out(definition: Formula, tokens: Sequence[SpecToken], names: Mapping[str, str]) -> str:
    """Format tokens with their line breaks and columns, with names replaced.

    Parameters
    ----------
    definition : Formula
        The formula that contains the tokens.
    tokens : sequence of SpecToken
    names : mapping of str to str
        Map from a name to its replacement.

    Returns
    -------
    str
        ``"TRUE"`` if there are no tokens.

    Raises
    ------
    SpecError
        If names must be replaced in several lines.
    """
    if not tokens:
        return "TRUE"
    if tokens[0].line == tokens[-1].line:
        return on_one_line(definition.text, tokens, names)
    if any(token.text in names for token in tokens):
        raise SpecError(
            f"{definition.module}, line {tokens[0].line}: cannot rename variables in this part of "
            f"{definition.name}, which spans several lines",
            hint="make it a definition of its own, with its parameters",
        )
    column = tokens[0].column
    lines = [" " * (column - 1) + definition.text[tokens[0].start : tokens[-1].end]]
    return "\n".join(line[column - 1 :] if line[: column - 1].isspace() else line.lstrip()
                     for line in "\n".join(lines).split("\n"))  # fmt: skip
