r"""Assign values to the constants of a specification.

A configuration file can assign to a constant a number from 0 on, a string without escapes, a model
value, or a set of these.  Any other value is defined in a generated module, which EXTENDS the
specification, and the configuration file refers to that definition: ``Name <- Sweep_Name``.

A name in the text of a value is a model value if the configuration file uses it as a model value,
or if no module defines or declares it.  Otherwise it has the meaning that the modules give it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import msgspec

from toolkit.errors import SpecError, ValueParseError
from toolkit.tlc.config import config_sections
from toolkit.tlc.modules import blank_comments, definitions
from toolkit.tlc.source import SpecSource
from toolkit.values import (
    Bool,
    Function,
    ModelValue,
    Record,
    Set,
    Tuple,
    Value,
    format_value,
    from_python,
    parse_value,
    readable_text,
)

__all__ = [
    "Assignment",
    "assignments",
    "constant_text",
    "declared_constants",
    "free_name",
    "model_values",
    "with_constants",
]

PREFIX = "Sweep_"
"""Prefix of the names of generated modules and definitions."""

_WIDTH = 80
_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|\w+|<-|[^\w\s]')
_DECLARED = re.compile(
    r"(?<!NEW )\bCONSTANTS?\b\s*(\w+\s*(?:\([\s_,]*\))?(?:\s*,\s*\w+\s*(?:\([\s_,]*\))?)*)"
)
_ARGUMENTS = re.compile(r"\([^)]*\)")
_EXTENDS = re.compile(r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)")
_WORD = re.compile(r"\w+")
_STRING = re.compile(r'"(?:[^"\\\n]|\\.)*"')
_NAME = re.compile(r"[0-9]*[A-Za-z_][A-Za-z0-9_]*")

_NEEDED = (
    ("Integers", re.compile(r"\.\.|[+*%^]|-(?![-+.|>])|\b(?:Nat|Int)\b|\\div|=<|<=(?!>)|>=|\\leq")),
    ("Sequences", re.compile(r"\b(?:Seq|Len|Append|Head|Tail|SubSeq|SelectSeq)\b|\\o\b")),
    ("FiniteSets", re.compile(r"\b(?:Cardinality|IsFiniteSet)\b")),
    ("TLC", re.compile(r":>|@@|\b(?:Permutations|SortSeq|RandomElement|TLCEval|ToString)\b")),
)


def _is_keyword(word: str) -> bool:
    return bool(config_sections(word))


class Assignment(msgspec.Struct, frozen=True):
    """The assignment of a value to a constant in a configuration file.

    Parameters
    ----------
    name : str
        The constant.
    start, end : int
        Start and end of the assignment in the text of the configuration file.
    sign : str
        ``=`` or ``<-``.
    value : str
        The text after the sign.
    """

    name: str
    start: int
    end: int
    sign: str
    value: str


def assignments(config: str) -> list[Assignment]:
    """Return the assignments to constants in a configuration file, in order.

    Parameters
    ----------
    config : str
        The text of the configuration file.

    Returns
    -------
    list of Assignment

    Examples
    --------
    >>> found = assignments("CONSTANTS N = 3 S = {a, b} Q <- Half")
    >>> [(assignment.name, assignment.value) for assignment in found]
    [('N', '3'), ('S', '{a, b}'), ('Q', 'Half')]
    """
    plain = blank_comments(config)
    tokens = [(match[0], match.start(), match.end()) for match in _TOKEN.finditer(plain)]
    tokens += [("", len(plain), len(plain))] * 2
    found = []
    inside = False
    at = 0
    while tokens[at][0]:
        word, start, _ = tokens[at]
        at += 1
        if _is_keyword(word) and tokens[at][0] not in {"=", "<-"}:
            inside = word in {"CONSTANT", "CONSTANTS"}
            continue
        if not inside:
            continue
        if tokens[at][0] == "(":
            at = _balanced(tokens, at)
        sign = tokens[at][0]
        if sign not in {"=", "<-"}:
            continue
        first = at + 1
        if sign == "<-" and tokens[first][0] == "[":
            # Name <- [Module] Operator
            first = _balanced(tokens, first)
        at = _balanced(tokens, first)
        value = plain[tokens[first][1] : tokens[at - 1][2]]
        found.append(Assignment(word, start, tokens[at - 1][2], sign, value))
    return found


def _balanced(tokens: list[tuple[str, int, int]], at: int) -> int:
    """Return the index after the value that starts at a token."""
    depth = 0
    while tokens[at][0]:
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(tokens[at][0], 0)
        negative = tokens[at][0] == "-"
        at += 1
        if depth <= 0 and not negative:
            break
    return at


def _extended(source: SpecSource) -> dict[str, str]:
    """Return the root module and the modules that it extends, without comments."""
    found: dict[str, str] = {}
    todo = [source.root]
    while todo:
        name = todo.pop()
        if name in found or name not in source.modules:
            continue
        found[name] = blank_comments(source.modules[name])
        for group in _EXTENDS.findall(found[name]):
            todo += _WORD.findall(group)
    return found


def declared_constants(source: SpecSource) -> list[str]:
    r"""Return the constants of the root module and of the modules that it extends.

    Parameters
    ----------
    source : SpecSource

    Returns
    -------
    list of str

    Examples
    --------
    >>> text = "---- MODULE M ----\nCONSTANTS N, Owns(_, _)  \\* some\n===="
    >>> declared_constants(SpecSource("M", {"M": text}, ""))
    ['N', 'Owns']
    """
    found: dict[str, None] = {}
    for text in _extended(source).values():
        for group in _DECLARED.findall(text):
            found.update(dict.fromkeys(_WORD.findall(_ARGUMENTS.sub("", group))))
    return list(found)


def check_names(source: SpecSource, names: Iterable[str]) -> None:
    """Raise an error unless a specification has all given constants.

    Parameters
    ----------
    source : SpecSource
    names : iterable of str

    Raises
    ------
    SpecError
        If the specification lacks a constant.
    """
    declared = declared_constants(source)
    # A configuration file may also replace definitions.
    assigned = (assignment.name for assignment in assignments(source.config))
    known = list(dict.fromkeys([*declared, *assigned]))
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise SpecError(
                f"unknown constant {name!r}",
                path=source.origin or source.root,
                hint=f"did you mean {close[0]!r}?"
                if close
                else f"known: {', '.join(known) or 'none'}",
            )


def constant_text(value: Any) -> str:
    """Return the TLA+ text of a value of a constant.

    Parameters
    ----------
    value : str, Value or plain Python
        A ``str`` is taken as TLA+ text.

    Returns
    -------
    str

    Raises
    ------
    ValueParseError
        If the object cannot be converted to a TLA+ value.

    Examples
    --------
    >>> constant_text("{a1, a2}"), constant_text({1, 2}), constant_text(True)
    ('{a1, a2}', '{1, 2}', 'TRUE')
    """
    return inspect.cleandoc(value) if isinstance(value, str) else format_value(from_python(value))


def _parts(value: Value) -> Iterator[Value]:
    todo: list[Value] = [value]
    while todo:
        part = todo.pop()
        yield part
        if isinstance(part, Set):
            if part.ends is None:
                todo += part
        elif isinstance(part, Tuple):
            todo += part
        elif isinstance(part, Record | Function):
            for key, item in part.items():
                todo += [key, item]


def model_values(value: Value) -> set[str]:
    """Return the names of all model values in a value.

    Parameters
    ----------
    value : Value

    Returns
    -------
    set of str
    """
    return {part.name for part in _parts(value) if isinstance(part, ModelValue)}


def _fits_config(value: Value) -> bool:
    """Return True if a configuration file can express a value."""
    for part in _parts(value):
        if isinstance(part, Set):
            fits = part.ends is None
        elif isinstance(part, ModelValue):
            fits = _NAME.fullmatch(part.name) is not None and not _is_keyword(part.name)
        elif isinstance(part, str):
            # A configuration file has no escapes: a backslash is a plain character.
            fits = part.isprintable() and not set(part) & {'"', "\\", "`"}
        else:
            fits = isinstance(part, Bool) or (isinstance(part, int) and part >= 0)
        if not fits:
            return False
    return True


class _Names:
    """The meaning of names in a specification: model values, constants, operators."""

    def __init__(self, source: SpecSource, constants: Mapping[str, Any]) -> None:
        self.declared = set(declared_constants(source))
        self.operators = definitions({name: source.modules[name] for name in _extended(source)})
        self.defined = self.declared | self.operators.keys()
        self.model_values: set[str] = set()
        for assignment in assignments(source.config):
            if assignment.sign == "=":
                self._add_model_values(assignment.name, assignment.value)
        for name, value in constants.items():
            if isinstance(value, str):
                self._add_model_values(name, value)
            else:
                self.model_values |= model_values(from_python(value))

    def _add_model_values(self, constant: str, text: str) -> None:
        value = _parsed(text)
        if value is not None:
            self.model_values |= {
                name
                for name in model_values(value)
                if name == constant or (name not in self.defined and not _is_standard(name))
            }

    def all_model_values(self, value: Value) -> bool:
        """Return True if all names in a value that was parsed from text are model values."""
        return model_values(value) <= self.model_values

    def used(self, text: str) -> set[str]:
        """Return the model values that an expression mentions."""
        return self.model_values & set(_WORD.findall(_STRING.sub('""', blank_comments(text))))


def _parsed(text: str) -> Value | None:
    try:
        return parse_value(text)
    except ValueParseError:
        return None


_STANDARD = frozenset({"Nat", "Int", "Real", "BOOLEAN", "STRING", "Infinity"})


def _is_standard(name: str) -> bool:
    return name in _STANDARD


def with_constants(source: SpecSource, constants: Mapping[str, Any]) -> SpecSource:
    r"""Assign values to constants of a specification.

    Parameters
    ----------
    source : SpecSource
        The specification.  The rest of its configuration file stays unchanged.
    constants : mapping of str to object
        Map from constant to value: a ``str`` is TLA+ text, an expression of any kind; any other
        object is a TLA+ value or is converted by :func:`toolkit.values.from_python`.

    Returns
    -------
    SpecSource
        The lines of its configuration file keep their numbers; new lines are at the end.  If the
        configuration file cannot express a value, the root is a generated module.

    Raises
    ------
    SpecError
        If the specification lacks a constant.
    ValueParseError
        If a value cannot be converted to TLA+, or has a string that TLC cannot parse.

    Examples
    --------
    >>> text = "---- MODULE M ----\nCONSTANTS N, S\n===="
    >>> source = SpecSource("M", {"M": text}, "CONSTANTS N = 1 S = {}")
    >>> print(with_constants(source, {"N": 5}).config, end="")
    CONSTANTS       S = {}
    CONSTANT
     N = 5
    >>> print(with_constants(source, {"N": "1 + 1"}).modules["Sweep_M"], end="")
    ---- MODULE Sweep_M ----
    EXTENDS M, Integers
    Sweep_N ==
        1 + 1
    ====
    """
    check_names(source, constants)
    names = _Names(source, constants)
    lines: list[str] = []
    defined: dict[str, str] = {}
    used: set[str] = set()
    for name, given in constants.items():
        value = _parsed(given) if isinstance(given, str) else from_python(given)
        certain = value is not None and (
            not isinstance(given, str) or names.all_model_values(value)
        )
        if value is not None and certain and _fits_config(value):
            lines.append(f"{name} = {format_value(value, width=_WIDTH)}")
        elif isinstance(value, ModelValue) and not certain and value.name in names.operators:
            lines.append(f"{name} <- {value.name}")
        else:
            # A given text may be an expression that is not a value; it is used unchanged.
            text = (
                constant_text(given)
                if value is None
                else readable_text(format_value(value, width=_WIDTH))
            )
            defined[name] = text
            lines.append(f"{name} <- {free_name(PREFIX + name, names.defined)}")
            used |= names.used(text)
    config = _without(source.config, constants)
    new = sorted(used - names.declared)
    lines += [f"{name} = {name}" for name in new]
    config = config.rstrip() + "\nCONSTANT\n" + "".join(_indented(line, " ") for line in lines)
    if not defined:
        return msgspec.structs.replace(source, config=config)
    root = free_name(PREFIX + source.root, source.modules)
    parts = [f"---- MODULE {root} ----\n"]
    expressions = "\n".join(_STRING.sub('""', blank_comments(text)) for text in defined.values())
    needed = [
        module
        for module, sign in _NEEDED
        if any(match[0] not in names.defined for match in sign.finditer(expressions))
    ]
    parts.append(f"EXTENDS {', '.join([source.root, *needed])}\n")
    if new:
        parts.append("CONSTANTS\n" + _indented(",\n".join(new), "    "))
    for name, text in defined.items():
        parts.append(f"{free_name(PREFIX + name, names.defined)} ==\n{_indented(text, '    ')}")
    parts.append("====\n")
    modules = {root: "".join(parts), **source.modules}
    return msgspec.structs.replace(source, root=root, modules=modules, config=config)


def free_name(name: str, taken: Collection[str]) -> str:
    """Append underscores to a name until it is not taken.

    Parameters
    ----------
    name : str
    taken : collection of str
        Names that must not be used.

    Returns
    -------
    str
    """
    while name in taken:
        name += "_"
    return name


def _indented(text: str, margin: str) -> str:
    return "".join(f"{margin}{line}\n" for line in text.strip("\n").splitlines())


def _without(config: str, names: Collection[str]) -> str:
    """Blank out the assignments to constants; the other text keeps its position."""
    for assignment in reversed(assignments(config)):
        if assignment.name in names:
            start, end = assignment.start, assignment.end
            gap = re.sub(r"[^\n]", " ", config[start:end])
            config = config[:start] + gap + config[end:]
    return config
