r"""Definitions of a specification, and the variables that each of them reads.

The text is split into tokens and definitions; it is not evaluated.  Names are resolved by their
spelling, over all modules together.  The result may therefore contain too many variables (a bound
variable of a module may have the name of a definition in another module), but never too few: if a
text cannot be parsed, every definition is treated as reading all variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

import msgspec
from pygments.token import (  # type: ignore[import-untyped]
    Comment,
    Keyword,
    Name,
    Operator,
    String,
    Text,
    Whitespace,
)

from toolkit.tlc.constants import assignments
from toolkit.tlc.lexer import TlaLexer
from toolkit.tlc.modules import blank_comments
from toolkit.tlc.source import SpecSource

__all__ = ["Definition", "Definitions", "Token", "read_definitions", "tokens_of", "used_names"]

# Modules that come with TLC and declare no variables.
_STANDARD = frozenset({"Naturals", "Integers", "Reals", "Sequences", "FiniteSets", "Bags", "TLC"})
# Operators whose value or effect is not a function of the state alone.
_IMPURE = frozenset(
    {"TLCGet", "TLCSet", "RandomElement", "JavaTime", "Print", "PrintT", "ENABLED", "UNCHANGED"}
    | {"'", "<>", "~>", "-+->", "WF_", "SF_", "\\cdot", "\\AA", "\\EE", "[_", "]_"}
)
_UNITS = frozenset(
    {"ASSUME", "ASSUMPTION", "AXIOM", "CONSTANT", "CONSTANTS", "COROLLARY", "EXTENDS", "INSTANCE"}
    | {"LEMMA", "LOCAL", "MODULE", "PROPOSITION", "RECURSIVE", "THEOREM", "VARIABLE", "VARIABLES"}
)
_POSTFIX = frozenset({"'", "^+", "^*", "^#"})
_CLOSING = frozenset({">>", ">>_", "@"})
_RULE = re.compile(r"-{4,}|={4,}")


class Token(NamedTuple):
    """A token of TLA+ text.

    Parameters
    ----------
    text : str
    kind : str
        "name", "operator", "keyword", "string", "other" (numbers and brackets) or "unknown".
    start : int
        Position in the text, counted from 0.
    """

    text: str
    kind: str
    start: int

    @property
    def end(self) -> int:
        """The position after the last character."""
        return self.start + len(self.text)


class Definition(msgspec.Struct, frozen=True):
    r"""A definition of a module.

    Parameters
    ----------
    name : str
        The defined name, or the symbol of an operator such as ``\prec``.
    module : str
        The module that contains the definition.
    parameters : tuple of str
        Names of the parameters, or of the arguments of a function.
    body : str
        The text after ``==``, without comments.
    line : int
        The line where the body starts, counted from 1.
    column : int
        The column where the body starts, counted from 0: lists of conjuncts depend on it.
    uses : frozenset of str
        Names and operator symbols in the body and in the domain of a function, except the names
        of record fields.
    """

    name: str
    module: str
    parameters: tuple[str, ...]
    body: str
    line: int
    column: int
    uses: frozenset[str]


class _Module(msgspec.Struct, frozen=True):
    """The parsed text of a module; `problem` describes the part that could not be parsed."""

    definitions: tuple[Definition, ...] = ()
    variables: tuple[str, ...] = ()
    constants: tuple[str, ...] = ()
    extends: frozenset[str] = frozenset()
    needs: frozenset[str] = frozenset()
    substitutions: tuple[tuple[str, frozenset[str]], ...] = ()
    flat: bool = False
    problem: str | None = None


def _kind(kind: object) -> str | None:
    """Return the kind of a token; ``None`` for white space and comments."""
    for parents, name in (
        ((Comment, Whitespace), None),
        ((String,), "string"),
        ((Keyword,), "keyword"),
        ((Name,), "name"),
        ((Operator,), "operator"),
    ):
        if any(kind in parent for parent in parents):
            return name
    return "unknown" if kind in Text else "other"


def tokens_of(plain: str) -> list[Token]:
    """Split a text without comments into tokens.

    Parameters
    ----------
    plain : str
        A result of :func:`toolkit.tlc.modules.blank_comments`.

    Returns
    -------
    list of Token
    """
    tokens = []
    for start, kind, text in TlaLexer().get_tokens_unprocessed(plain):
        name = _kind(kind)
        if name is not None and text.strip():
            tokens.append(Token(text, name, start))
    return tokens


def _opening(tokens: list[Token], at: int, start: int) -> int:
    """Return the index of the opening bracket for the closing bracket at `at`; -1 if missing."""
    depth = 0
    for index in range(at, start - 1, -1):
        if tokens[index].text in {")", "]", "]_"}:
            depth += 1
        elif tokens[index].text in {"(", "[", "[_"}:
            depth -= 1
            if not depth:
                return index
    return -1


class _Head(NamedTuple):
    """The left side of a definition: index of its first token, name and parameters."""

    start: int
    name: str
    parameters: tuple[str, ...]


def _head(tokens: list[Token], at: int, start: int) -> _Head | None:
    """Return the head that ends before the ``==`` at `at`; ``None`` if it cannot be parsed."""
    last = at - 1
    if last < start:
        return None
    token = tokens[last]
    if token.text in {")", "]"}:
        opening = _opening(tokens, last, start)
        if opening <= start - 1 or opening == start or tokens[opening - 1].kind != "name":
            return None
        inside = tokens[opening + 1 : last]
        if token.text == "]":
            names = [
                name.text
                for before, name, after in zip(
                    tokens[opening:last], inside, tokens[opening + 2 :], strict=False
                )
                if name.kind == "name" and before.text in {"[", ","} and after.text in {"\\in", ","}
            ]
        else:
            names = [name.text for name in inside if name.kind == "name" and name.text != "_"]
        return _Head(opening - 1, tokens[opening - 1].text, tuple(names))
    if token.kind == "operator":
        if token.text not in _POSTFIX or last == start or tokens[last - 1].kind != "name":
            return None
        return _Head(last - 1, token.text, (tokens[last - 1].text,))
    if token.kind != "name":
        return None
    before = tokens[last - 1] if last > start else None
    if before is None or before.kind != "operator" or before.text in _POSTFIX | _CLOSING:
        return _Head(last, token.text, ())
    if last - 2 < start or tokens[last - 2].kind != "name":
        return None
    return _Head(last - 2, before.text, (tokens[last - 2].text, token.text))


def used_names(tokens: Sequence[Token]) -> frozenset[str]:
    """Return the names and symbols among tokens, except names of record fields.

    Parameters
    ----------
    tokens : sequence of Token

    Returns
    -------
    frozenset of str
    """
    names = set()
    for at, token in enumerate(tokens):
        if token.kind == "name":
            before = tokens[at - 1].text if at else ""
            after = tokens[at + 1].text if at + 1 < len(tokens) else ""
            if before == "." or (after == "|->" and before in {"[", ","}):
                continue
        elif token.kind not in {"operator", "keyword"} and token.text not in _IMPURE:
            continue
        names.add(token.text)
    return frozenset(names)


def _names_until_unit(tokens: list[Token], at: int) -> list[str]:
    """Return the declared names from `at` on, without parameters of constants."""
    names: list[str] = []
    depth = 0
    while at < len(tokens) and tokens[at].text not in _UNITS and not _RULE.match(tokens[at].text):
        token = tokens[at]
        depth += (token.text == "(") - (token.text == ")")
        if token.kind == "name" and not depth:
            if names and tokens[at - 1].text not in {",", "_"}:
                break
            names.append(token.text)
        at += 1
    return names


def _substitutions(tokens: list[Token]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield each name on the left of a ``<-``, with the names on its right.

    The right side extends to the end of the tokens, which may include too many names.
    """
    for at, token in enumerate(tokens):
        if token.text == "<-" and at:
            yield tokens[at - 1].text, used_names(tokens[at + 1 :])


class _Unit(NamedTuple):
    """Start of a unit of a module; `equals` is the index of ``==`` in a definition."""

    start: int
    equals: int
    head: _Head | None


def _units(tokens: list[Token]) -> tuple[list[_Unit], str | None]:
    """Return the units outside of any LET, in order, and what could not be parsed."""
    units: list[_Unit] = []
    depth = 0
    problem = None
    start = 0
    for at, token in enumerate(tokens):
        if token.text == "LET" and token.kind == "keyword":
            depth += 1
        elif token.text == "IN" and token.kind == "keyword":
            depth -= 1
            if depth < 0:
                return units, "IN without LET"
        elif depth:
            continue
        elif _RULE.match(token.text) and token.kind == "other":
            units.append(_Unit(at, -1, None))
            start = at + 1
        elif token.text in _UNITS and token.kind == "keyword":
            if at and tokens[at - 1].text == "==" and token.text == "INSTANCE":
                continue
            units.append(_Unit(at, -1, None))
            start = at + 1
        elif token.text == "==":
            head = _head(tokens, at, start)
            if head is None:
                problem = problem or "cannot parse the left side of a definition"
                continue
            units.append(_Unit(head.start, at, head))
            start = at + 1
    return units, problem or ("LET without IN" if depth else None)


@lru_cache(maxsize=64)
def _parse_module(module: str, text: str) -> _Module:
    plain = blank_comments(text)
    tokens = tokens_of(plain)
    if any(token.kind == "unknown" or not token.text.isascii() for token in tokens
           if token.kind != "string"):  # fmt: skip
        return _Module(problem=f"module {module}: it contains a character that is not TLA+")
    units, problem = _units(tokens)
    if not any(token.text == "MODULE" for token in tokens):
        problem = "the line '---- MODULE name ----' is missing"
    definitions = []
    variables: list[str] = []
    constants: list[str] = []
    extends: set[str] = set()
    for unit, after in zip(units, [*units[1:], _Unit(len(tokens), -1, None)], strict=True):
        first = tokens[unit.start].text
        inside = tokens[unit.start + 1 : after.start]
        if unit.head is not None:
            body = tokens[unit.equals + 1 : after.start]
            if not body:
                problem = problem or f"the definition of {unit.head.name} is empty"
                continue
            definitions.append(
                Definition(
                    name=unit.head.name,
                    module=module,
                    parameters=unit.head.parameters,
                    body=plain[body[0].start : body[-1].end],
                    line=plain.count("\n", 0, body[0].start) + 1,
                    column=body[0].start - (plain.rfind("\n", 0, body[0].start) + 1),
                    uses=used_names(body)
                    | used_names(tokens[unit.start : unit.equals])
                    - {unit.head.name, *unit.head.parameters},
                )
            )
        elif first in {"VARIABLE", "VARIABLES"}:
            variables += _names_until_unit(tokens, unit.start + 1)
        elif first in {"CONSTANT", "CONSTANTS"}:
            constants += _names_until_unit(tokens, unit.start + 1)
        elif first == "EXTENDS":
            extends |= {token.text for token in inside if token.kind == "name"}
    instances = {
        tokens[at + 1].text
        for at, token in enumerate(tokens[:-1])
        if token.text == "INSTANCE" and token.kind == "keyword"
    }
    inner = {
        name.text
        for token, name in pairwise(tokens)
        if token.text == "MODULE" and token.kind == "keyword"
    }
    return _Module(
        definitions=tuple(definitions),
        variables=tuple(variables),
        constants=tuple(constants),
        extends=frozenset(extends),
        needs=frozenset((extends | instances) - inner),
        substitutions=tuple(_substitutions_of(tokens)),
        flat=not inner - {module} and not any(token.text == "LOCAL" for token in tokens),
        problem=None if problem is None else f"module {module}: {problem}",
    )


def _substitutions_of(tokens: list[Token]) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the substitutions of all INSTANCEs of a module."""
    for at, token in enumerate(tokens):
        if token.text != "INSTANCE" or token.kind != "keyword":
            continue
        end = at + 1
        # Up to the next definition, declaration or rule, whether or not it ends the INSTANCE.
        while (
            end < len(tokens)
            and tokens[end].text not in _UNITS | {"==", "IN"}
            and not _RULE.match(tokens[end].text)
        ):
            end += 1
        yield from _substitutions(tokens[at + 1 : end])


class Definitions:
    """The definitions of a specification and of all modules that it extends or instantiates.

    Parameters
    ----------
    modules : mapping of str to str
        Map from module name to text.
    root : str
        The specification's root module.
    overrides : mapping of str to str, optional
        Replacements of names in a configuration file (``Name <- Other``).

    Attributes
    ----------
    variables, constants : tuple of str
        The variables and constants declared in the root and in the modules that it extends, in
        this order.
    problem : str or None
        The part that could not be parsed; then every definition is treated as reading all
        variables.
    """

    def __init__(
        self, modules: Mapping[str, str], root: str, overrides: Mapping[str, str] | None = None
    ) -> None:
        self._named: dict[str, list[Definition]] = {}
        self._uses: dict[str, set[str]] = {}
        self.problem: str | None = None
        parsed = self._parse_modules(modules, root)
        for module in parsed.values():
            for definition in module.definitions:
                self._named.setdefault(definition.name, []).append(definition)
                self._uses.setdefault(definition.name, set()).update(definition.uses)
            for name, uses in module.substitutions:
                self._uses.setdefault(name, set()).update(uses)
        for name, other in (overrides or {}).items():
            self._uses.setdefault(name, set()).update(re.findall(r"\w+", other))
        order = self._extended(parsed, root)
        self._visible = {name for name in order if parsed[name].flat}
        # Names that an INSTANCE or the configuration file replaces.
        self._replaced = {name for module in parsed.values() for name, _ in module.substitutions}
        self._replaced |= set(overrides or {})
        self.variables = tuple(dict.fromkeys(v for name in order for v in parsed[name].variables))
        self.constants = tuple(dict.fromkeys(c for name in order for c in parsed[name].constants))

    def _parse_modules(self, modules: Mapping[str, str], root: str) -> dict[str, _Module]:
        parsed: dict[str, _Module] = {}
        todo = [root]
        while todo:
            name = todo.pop()
            if name in parsed:
                continue
            if name not in modules:
                if name not in _STANDARD:
                    self.problem = self.problem or f"module {name}: its text is missing"
                continue
            parsed[name] = _parse_module(name, modules[name])
            self.problem = self.problem or parsed[name].problem
            todo += sorted(parsed[name].needs)
        return parsed

    @staticmethod
    def _extended(parsed: Mapping[str, _Module], root: str) -> list[str]:
        order: list[str] = []
        todo = [root]
        while todo:
            name = todo.pop()
            if name in parsed and name not in order:
                order.append(name)
                todo += sorted(parsed[name].extends)
        return order

    def __contains__(self, name: str) -> bool:
        return name in self._named

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __getitem__(self, name: str) -> tuple[Definition, ...]:
        """Return the definitions of a name; several if more than one module defines it.

        Raises
        ------
        KeyError
            If no module defines it.
        """
        return tuple(self._named[name])

    def is_single(self, name: str) -> bool:
        """Return True if there is exactly one definition of a name.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        return len(self._named.get(name, [])) == 1

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """Return the given names and all names that they depend on, directly or indirectly.

        Parameters
        ----------
        names : iterable of str
            Definitions, constants, variables or symbols; any other name only depends on itself.

        Returns
        -------
        frozenset of str
        """
        seen: set[str] = set()
        todo = list(names)
        while todo:
            word = todo.pop()
            if word not in seen:
                seen.add(word)
                todo += self._uses.get(word, ())
        return frozenset(seen)

    def uses(self, name: str) -> frozenset[str]:
        """Return a name and all names that it depends on; see :meth:`closure`.

        Parameters
        ----------
        name : str

        Returns
        -------
        frozenset of str
        """
        return self.closure([name])

    def reads(self, name: str) -> frozenset[str] | None:
        """Return the variables on which the value of a definition can depend.

        Parameters
        ----------
        name : str
            A definition without parameters, such as an invariant.

        Returns
        -------
        frozenset of str or None
            ``None`` means all variables: a text could not be parsed, no module defines the name,
            or its value is not a function of a single state (it uses primes, temporal operators,
            ``ENABLED``, ``TLCGet``, a random choice, or prints).
        """
        return self.reads_of([name]) if name in self._named else None

    def reads_of(self, names: Iterable[str]) -> frozenset[str] | None:
        """Return the variables on which an expression with these names can depend.

        Parameters
        ----------
        names : iterable of str
            A result of :func:`used_names`.

        Returns
        -------
        frozenset of str or None
            See :meth:`reads`.
        """
        used = self.closure(names)
        if self.problem is not None or used & _IMPURE:
            return None
        return used & frozenset(self.variables)

    def is_quotable(self, name: str) -> bool:
        """Return True if the body of a definition can be copied into an extending module.

        Parameters
        ----------
        name : str

        Returns
        -------
        bool
        """
        definitions = self._named.get(name, [])
        return (
            self.problem is None
            and self.is_single(name)
            and self.is_visible(definitions[0])
            and not definitions[0].parameters
        )

    def is_visible(self, definition: Definition) -> bool:
        """Return True if all names in a definition have the same meaning in an extending module.

        Parameters
        ----------
        definition : Definition

        Returns
        -------
        bool
        """
        return (
            definition.module in self._visible
            and definition.name not in self._replaced
            and "\t" not in definition.body
        )


def read_definitions(source: SpecSource) -> Definitions:
    """Parse the definitions of a specification, with the replacements in its configuration file.

    Parameters
    ----------
    source : SpecSource

    Returns
    -------
    Definitions
    """
    overrides = {
        assignment.name: assignment.value
        for assignment in assignments(source.config)
        if assignment.sign == "<-"
    }
    return Definitions(source.modules, source.root, overrides)
