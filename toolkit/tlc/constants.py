r"""Models that differ from one another in their constants.

A configuration can give a constant a number from 0 on, a string without escapes, a model value,
or a set of these.  Whatever else is wanted is defined in a module of its own, which EXTENDS
the specification, and the configuration names that definition: ``Name <- Sweep_Name``.

What a name stands for in a text is decided like this: one that the configuration uses as a model
value, and one that no module defines or declares, is a model value; any other is what the
modules say that it is.
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
"""What the names of generated modules and definitions begin with."""

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
    """What a configuration gives a constant.

    Parameters
    ----------
    name : str
        The constant.
    start, end : int
        Where the assignment stands in the configuration's text.
    sign : str
        ``=`` or ``<-``.
    value : str
        The text after it.
    """

    name: str
    start: int
    end: int
    sign: str
    value: str


def assignments(config: str) -> list[Assignment]:
    """Return what a configuration gives to constants, in order.

    Parameters
    ----------
    config : str
        The configuration's text.

    Examples
    --------
    >>> [(one.name, one.value) for one in assignments("CONSTANTS N = 3 S = {a, b} Q <- Half")]
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
    """Return the place after the value that begins here."""
    depth = 0
    while tokens[at][0]:
        depth += {"{": 1, "[": 1, "(": 1, "}": -1, "]": -1, ")": -1}.get(tokens[at][0], 0)
        negative = tokens[at][0] == "-"
        at += 1
        if depth <= 0 and not negative:
            break
    return at


def _extended(source: SpecSource) -> dict[str, str]:
    """Return the modules whose definitions the root module has, without comments."""
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
    r"""Return the constants that the root module has, its own and those that it extends.

    Parameters
    ----------
    source : SpecSource

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
    """Raise unless a specification has all these constants.

    Parameters
    ----------
    source : SpecSource
    names : iterable of str

    Raises
    ------
    SpecError
        If it lacks one of them.
    """
    declared = declared_constants(source)
    # A configuration may also put something in the place of a definition.
    known = list(dict.fromkeys([*declared, *(one.name for one in assignments(source.config))]))
    for name in names:
        if name not in known:
            close = get_close_matches(str(name), known, n=1)
            raise SpecError(
                f"the specification has no constant {name!r}",
                path=source.origin or source.root,
                hint=f"did you mean {close[0]!r}?"
                if close
                else f"it has {', '.join(known) or 'none at all'}",
            )


def constant_text(value: Any) -> str:
    """Return the TLA+ text of a value of a constant.

    Parameters
    ----------
    value : str, Value or plain Python
        A ``str`` is TLA+ text already.

    Returns
    -------
    str

    Raises
    ------
    ValueParseError
        If it stands for no TLA+ value.

    Examples
    --------
    >>> constant_text("{a1, a2}"), constant_text({1, 2}), constant_text(True)
    ('{a1, a2}', '{1, 2}', 'TRUE')
    """
    return inspect.cleandoc(value) if isinstance(value, str) else format_value(from_python(value))


def _parts(value: Value) -> Iterator[Value]:
    todo: list[Value] = [value]
    while todo:
        one = todo.pop()
        yield one
        if isinstance(one, Set):
            if one.ends is None:
                todo += one
        elif isinstance(one, Tuple):
            todo += one
        elif isinstance(one, Record | Function):
            for key, item in one.items():
                todo += [key, item]


def model_values(value: Value) -> set[str]:
    """Return the names of the model values in a value."""
    return {part.name for part in _parts(value) if isinstance(part, ModelValue)}


def _fits_config(value: Value) -> bool:
    """Whether a configuration can express a value."""
    for part in _parts(value):
        if isinstance(part, Set):
            fits = part.ends is None
        elif isinstance(part, ModelValue):
            fits = _NAME.fullmatch(part.name) is not None and not _is_keyword(part.name)
        elif isinstance(part, str):
            # A configuration has no escapes: a backslash there is a backslash.
            fits = part.isprintable() and not set(part) & {'"', "\\", "`"}
        else:
            fits = isinstance(part, Bool) or (isinstance(part, int) and part >= 0)
        if not fits:
            return False
    return True


class _Names:
    """What the names in a specification stand for."""

    def __init__(self, source: SpecSource, constants: Mapping[str, Any]) -> None:
        self.declared = set(declared_constants(source))
        self.operators = definitions({name: source.modules[name] for name in _extended(source)})
        self.defined = self.declared | self.operators.keys()
        self.model_values: set[str] = set()
        for one in assignments(source.config):
            if one.sign == "=":
                self._learn(one.name, one.value)
        for name, value in constants.items():
            if isinstance(value, str):
                self._learn(name, value)
            else:
                self.model_values |= model_values(from_python(value))

    def _learn(self, constant: str, text: str) -> None:
        value = _parsed(text)
        if value is not None:
            self.model_values |= {
                name
                for name in model_values(value)
                if name == constant or (name not in self.defined and not _is_standard(name))
            }

    def meant(self, value: Value) -> bool:
        """Whether all names in a value that was read from a text are model values."""
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
    r"""Return a specification with other values for some of its constants.

    Parameters
    ----------
    source : SpecSource
        What stands in its configuration for other constants, and all else there, stays.
    constants : mapping of str to object
        Constant to value: a ``str`` is TLA+ text, an expression of any kind; everything else
        is a TLA+ value or becomes one by :func:`toolkit.values.from_python`.

    Returns
    -------
    SpecSource
        The lines of its configuration keep their numbers; what is new stands at the end.
        Where a configuration cannot express a value, the root is a generated module.

    Raises
    ------
    SpecError
        If the specification lacks one of the constants.
    ValueParseError
        If a value is none in TLA+, or has a string that TLC's parser does not read.

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
        certain = value is not None and (not isinstance(given, str) or names.meant(value))
        if value is not None and certain and _fits_config(value):
            lines.append(f"{name} = {format_value(value, width=_WIDTH)}")
        elif isinstance(value, ModelValue) and not certain and value.name in names.operators:
            lines.append(f"{name} <- {value.name}")
        else:
            # What was given as text may be more than a value, and is taken as it is.
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
    whole = "\n".join(_STRING.sub('""', blank_comments(text)) for text in defined.values())
    needed = [
        module
        for module, sign in _NEEDED
        if any(match[0] not in names.defined for match in sign.finditer(whole))
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
    """Return a name, with underscores behind it as long as it is taken."""
    while name in taken:
        name += "_"
    return name


def _indented(text: str, margin: str) -> str:
    return "".join(f"{margin}{line}\n" for line in text.strip("\n").splitlines())


def _without(config: str, names: Collection[str]) -> str:
    """Return a configuration without what it gives to these constants; all else stays in place."""
    for one in reversed(assignments(config)):
        if one.name in names:
            gap = re.sub(r"[^\n]", " ", config[one.start : one.end])
            config = config[: one.start] + gap + config[one.end :]
    return config
