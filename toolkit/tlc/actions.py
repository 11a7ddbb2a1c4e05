r"""The actions of a specification, read from its next-state relation.

The next-state relation is taken apart as TLC does it: at its disjunctions, at its existential
quantifiers, and through definitions that are nothing else.  What is left are *steps*: an action,
the variables that are bound around it with the sets they range over, and what else must hold in
the step.  Only the text is read here; nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from toolkit.errors import SpecError
from toolkit.tlc.modules import Location, blank_comments, definitions

__all__ = ["Binder", "Definition", "SpecText", "SpecToken", "Step"]

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|\\/|/\\|\\[A-Za-z]+|<<|>>|\|->|<=>|->|<-|=>|==|\.\.|\w+|\S'
)
_NAME = re.compile(r"[0-9]*[A-Za-z_]\w*")
_OPENING, _CLOSING = {"(", "[", "{", "<<"}, {")", "]", "}", ">>"}
_SCOPES = {"\\E", "\\A", "\\EE", "\\AA", "LET", "IF", "CASE", "CHOOSE", "LAMBDA"}
_JUNCTIONS = {"\\/": "\\/", "\\lor": "\\/", "/\\": "/\\", "\\land": "/\\"}
_DECLARED = re.compile(
    r"^[ \t]*(?P<kind>VARIABLES?|CONSTANTS?)\b"
    r"(?P<names>\s*\w+\s*(?:\([\s_,]*\))?(?:\s*,\s*\w+\s*(?:\([\s_,]*\))?)*)",
    re.MULTILINE,
)
_ARGUMENTS = re.compile(r"\(([\s_,]*)\)")
_IMPORTED = re.compile(
    r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)|(?<!== )(?<!==)\bINSTANCE\s+(\w+)\s*$", re.M
)
_BEHAVIOUR = re.compile(r"(?:/\\\s*)?(\w+)\s*/\\\s*\[\]\s*\[\s*(\w+)\s*\]_")


class SpecToken(msgspec.Struct, frozen=True):
    """A token of a formula.

    Parameters
    ----------
    text : str
        Its characters.
    start : int
        Its place in the definition's text.
    line, column : int
        Its place in the module, counted from 1.
    """

    text: str
    start: int
    line: int
    column: int

    @property
    def end(self) -> int:
        """Where the next character of the definition's text is."""
        return self.start + len(self.text)

    @property
    def is_name(self) -> bool:
        """Whether it is an identifier or a word of the language."""
        return _NAME.fullmatch(self.text) is not None


class Definition(msgspec.Struct, frozen=True):
    """A definition in a module.

    Parameters
    ----------
    name : str
        What is defined.
    parameters : tuple of str
        Its parameters.
    text : str
        The text of the definition without comments, as far left as it stands in the module.
    body : tuple of SpecToken
        The tokens after ``==``.
    location : Location
        Where it stands.
    """

    name: str
    parameters: tuple[str, ...]
    text: str
    body: tuple[SpecToken, ...]
    location: Location


class Binder(msgspec.Struct, frozen=True):
    """A variable bound around an action, and the set that it ranges over.

    Parameters
    ----------
    name : str
        Its name in the step.
    domain : str
        The set, as TLA+ text.
    recorded : str
        Its name in the specification; another than `name` only where two would be the same.
    """

    name: str
    domain: str
    recorded: str


class Step(msgspec.Struct, frozen=True):
    """One way to take a step of the next-state relation.

    Parameters
    ----------
    action : str
        The name of the definition that the step is; that of the next-state relation itself,
        or of the definition around it, for a formula that has no name.
    binders : tuple of Binder
        What is bound around it, outermost first.
    formula : str
        The action with its arguments, as TLA+ text.
    arguments : tuple of str
        The arguments by themselves.
    conjuncts : tuple of str
        What else must hold in the step.
    location : Location
        Where it stands.
    """

    action: str
    binders: tuple[Binder, ...]
    formula: str
    arguments: tuple[str, ...]
    conjuncts: tuple[str, ...]
    location: Location


class SpecText:
    r"""What the text of a specification says of its constants, variables and actions.

    Parameters
    ----------
    root : str
        The specification's module.
    modules : mapping of str to str
        Module name to text: the root, and what it extends.

    Attributes
    ----------
    defined : dict of str to Definition
        The definitions that the root module can name.
    constants : dict of str to int
        Constant to the number of its arguments, in order.
    variables : tuple of str
        The variables, in order.

    Examples
    --------
    >>> text = SpecText("M", {"M": r'''---- MODULE M ----
    ... VARIABLE x
    ... Up(k) == x' = x + k
    ... Init == x = 0
    ... Next == \E k \in {1, 2} : Up(k)
    ... ===='''})
    >>> [(step.action, [bound.domain for bound in step.binders]) for step in text.steps("Next")]
    [('Up', ['{1, 2}'])]
    """

    def __init__(self, root: str, modules: Mapping[str, str]) -> None:
        self.root = root
        self.visible = _visible(root, modules)
        self.defined: dict[str, Definition] = {}
        self.constants: dict[str, int] = {}
        names: list[str] = []
        for text in self.visible.values():
            for kind, name, arity in _declarations(blank_comments(text)):
                if kind == "VARIABLE":
                    names.append(name)
                else:
                    self.constants[name] = arity
        for name, places in definitions(self.visible).items():
            for location, text in places:
                found = _definition(name, location, text)
                if found is not None and (location.module == root or not _is_local(text)):
                    self.defined[name] = found
        self.variables = tuple(dict.fromkeys(names))
        self._acting: dict[str, bool] = {}
        self._indexing: dict[str, frozenset[str]] = {}

    def behaviour(self) -> tuple[str, str]:
        r"""Return the names of the initial predicate and of the next-state relation.

        They are those of the formula ``Init /\ [][Next]_vars`` in the root module, whatever
        their names; or ``Init`` and ``Next`` where there is no such formula.

        Raises
        ------
        SpecError
            If there are neither, or several such formulas.
        """
        pairs = {}
        for definition in self.defined.values():
            if definition.location.module != self.root or definition.parameters:
                continue
            match = _BEHAVIOUR.match(self._body_text(definition))
            if match:
                pairs[definition.name] = (match[1], match[2])
        found = set(pairs.values())
        if "Spec" in pairs:
            return pairs["Spec"]
        if len(found) == 1:
            return found.pop()
        if {"Init", "Next"} <= set(self.defined):
            return "Init", "Next"
        raise SpecError(
            f"module {self.root}: the initial predicate and the next-state relation are not known"
            + (f": {', '.join(sorted(pairs))} name different ones" if found else ""),
            hint="define Spec == Init /\\ [][Next]_vars, or give init= and next=",
        )

    def steps(self, name: str, actions: Collection[str] = ()) -> list[Step]:
        """Return the steps of a next-state relation.

        Parameters
        ----------
        name : str
            The relation.
        actions : collection of str
            Definitions that are actions whatever they look like; without them, a definition
            that has only named actions as its disjuncts is taken apart.

        Raises
        ------
        SpecError
            If there is no such definition, or its text cannot be taken apart.
        """
        if name not in self.defined:
            close = get_close_matches(name, self.defined, n=1)
            raise SpecError(
                f"module {self.root} has no definition {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else "name the next-state relation",
            )
        root = self.defined[name]
        return list(self._steps(root, root.body, (), (), {}, frozenset(actions), (name,)))

    def is_action(self, name: str) -> bool:
        """Return whether a definition speaks of the next state, itself or through another."""
        known = self._acting.get(name)
        if known is None:
            self._acting[name] = False
            definition = self.defined.get(name)
            known = definition is not None and any(
                token.text in {"'", "UNCHANGED"}
                or (
                    token.text != name and token.text in self.defined and self.is_action(token.text)
                )
                for token in definition.body
            )
            self._acting[name] = known
        return known

    def reads(self, tokens: Sequence[SpecToken]) -> set[str]:
        """Return the variables that a formula mentions, itself or through definitions."""
        found: set[str] = set()
        seen: set[str] = set()
        todo = [token.text for token in tokens]
        while todo:
            word = todo.pop()
            if word in seen:
                continue
            seen.add(word)
            if word in self.variables:
                found.add(word)
            elif word in self.defined:
                todo += [token.text for token in self.defined[word].body]
        return found

    def mentions(self, text: str) -> set[str]:
        """Return the variables that TLA+ text mentions, itself or through definitions."""
        return self.reads(tuple(_tokens(text, Location(None, 1, 1))))

    def indexed(self, name: str) -> frozenset[str]:
        """Return the parameters of a definition that some variable is indexed by in it.

        Indexed is a variable ``x`` by ``n`` in ``x[n]``, ``x'[n]`` and ``[x EXCEPT ![n] = ...]``,
        in the definition itself or in one that it hands ``n`` on to.
        """
        if name not in self._indexing:
            self._indexing[name] = frozenset()
            definition = self.defined[name]
            self._indexing[name] = frozenset(
                self.indexes(definition.body) & set(definition.parameters)
            )
        return self._indexing[name]

    def indexes(self, body: Sequence[SpecToken]) -> set[str]:
        """Return the names by which a formula indexes a variable; see :meth:`indexed`."""
        found: set[str] = set()
        words = [token.text for token in body]
        for at, word in enumerate(words):
            if word == "[" and at and words[at + 2 : at + 3] == ["]"]:
                before = words[at - 2] if words[at - 1] == "'" and at > 1 else words[at - 1]
                if before == "!" or before in self.variables:
                    found.add(words[at + 1])
            elif word in self.defined and words[at + 1 : at + 2] == ["("]:
                used = self.indexed(word)
                formal = self.defined[word].parameters
                for parameter, argument in zip(formal, _arguments(body, at + 1), strict=False):
                    if parameter in used and len(argument) == 1:
                        found.add(argument[0].text)
        return found

    def indexes_in(self, text: str) -> set[str]:
        """Return the names by which TLA+ text indexes a variable; see :meth:`indexed`."""
        return self.indexes(tuple(_tokens(text, Location(None, 1, 1))))

    def indexed_variables(self, step: Step, name: str) -> set[str]:
        """Return the variables that a step indexes by something that is bound around it.

        Parameters
        ----------
        step : Step
        name : str
            One of its bound variables.
        """
        found: set[str] = set()
        seen: set[tuple[str, str]] = set()
        todo = [(tuple(_tokens(step.formula, Location(None, 1, 1))), name)]
        while todo:
            body, index = todo.pop()
            words = [token.text for token in body]
            for at, word in enumerate(words):
                if word == "[" and at and words[at + 1 : at + 3] == [index, "]"]:
                    before = words[at - 2] if words[at - 1] == "'" and at > 1 else words[at - 1]
                    if before == "!":
                        updated = [at for at in range(at) if words[at] == "EXCEPT"]
                        before = words[updated[-1] - 1] if updated else before
                    if before in self.variables:
                        found.add(before)
                elif word in self.defined and words[at + 1 : at + 2] == ["("]:
                    formal = self.defined[word].parameters
                    for parameter, argument in zip(formal, _arguments(body, at + 1), strict=False):
                        handed = len(argument) == 1 and argument[0].text == index
                        if handed and (word, parameter) not in seen:
                            seen.add((word, parameter))
                            todo.append((self.defined[word].body, parameter))
        return found

    def domain(self, init: str, variable: str) -> str | None:
        r"""Return the domain that an initial predicate gives to a variable, as TLA+ text.

        Parameters
        ----------
        init : str
            The initial predicate.
        variable : str
            The variable.

        Returns
        -------
        str or None
            ``"S"`` where it says ``x = [n \in S |-> ...]`` or ``x \in [S -> ...]``; ``None``
            if it says nothing of that kind.
        """
        seen: set[str] = set()
        todo = [init]
        while todo:
            name = todo.pop()
            if name in seen or name not in self.defined:
                continue
            seen.add(name)
            definition = self.defined[name]
            body = definition.body
            words = [token.text for token in body]
            for at, word in enumerate(words):
                if word == variable and words[at + 1 : at + 3] == ["=", "["]:
                    start, stop = at + 5, "|->"
                    if words[at + 4 : at + 5] != ["\\in"]:
                        continue
                elif word == variable and words[at + 1 : at + 3] == ["\\in", "["]:
                    start, stop = at + 3, "->"
                else:
                    if word in self.defined:
                        todo.append(word)
                    continue
                end = _find(body, start, {stop})
                if end is not None:
                    return _flat(definition.text, body[start:end], {})
        return None

    def _body_text(self, definition: Definition) -> str:
        return definition.text[definition.body[0].start :] if definition.body else ""

    def _steps(
        self,
        definition: Definition,
        tokens: Sequence[SpecToken],
        binders: tuple[Binder, ...],
        conjuncts: tuple[str, ...],
        names: Mapping[str, str],
        actions: frozenset[str],
        path: tuple[str, ...],
    ) -> Iterator[Step]:
        tokens = _unwrapped(tokens)
        sign, parts = _parts(tokens)
        if sign == "\\/":
            for part in parts:
                yield from self._steps(definition, part, binders, conjuncts, names, actions, path)
            return
        if tokens and tokens[0].text == "\\E":
            bound, body = _quantified(tokens, definition)
            names = dict(names)
            inside = list(binders)
            for name, domain in bound:
                text = _flat(definition.text, domain, names)
                fresh = name
                taken = {one.name for one in inside}
                number = 2
                while fresh in taken:
                    fresh, number = f"{name}{number}", number + 1
                inside.append(Binder(fresh, text, name))
                names.pop(name, None)
                if fresh != name:
                    names[name] = fresh
            yield from self._steps(definition, body, tuple(inside), conjuncts, names, actions, path)
            return
        if sign == "/\\":
            acting = [part for part in parts if self._leads_on(part, actions)]
            if len(acting) == 1 and not any(
                token.text in {"'", "UNCHANGED"} or self.is_action(token.text)
                for token in acting[0]
                if token.text not in self.defined
            ):
                others = tuple(
                    _flat(definition.text, part, names) for part in parts if part is not acting[0]
                )
                yield from self._steps(
                    definition, acting[0], binders, conjuncts + others, names, actions, path
                )
                return
        call = self._call(tokens)
        if call is None:
            first = tokens[0] if tokens else None
            yield Step(
                definition.name,
                binders,
                _laid_out(definition, tokens, names),
                (),
                conjuncts,
                Location(
                    definition.location.module,
                    first.line if first else definition.location.line,
                    first.column if first else definition.location.column,
                ),
            )
            return
        name, arguments = call
        inner = self.defined[name]
        given = tuple(_flat(definition.text, argument, names) for argument in arguments)
        if name not in actions and name not in path and self._is_disjunction(name, actions):
            yield from self._steps(
                inner,
                inner.body,
                binders,
                conjuncts,
                dict(zip(inner.parameters, given, strict=False)),
                actions,
                (*path, name),
            )
            return
        yield Step(
            name,
            binders,
            f"{name}({', '.join(given)})" if given else name,
            given,
            conjuncts,
            Location(definition.location.module, tokens[0].line, tokens[0].column),
        )

    def _leads_on(self, tokens: Sequence[SpecToken], actions: frozenset[str]) -> bool:
        """Return whether a conjunct is an action by name, or a group of such."""
        tokens = _unwrapped(tokens)
        sign, parts = _parts(tokens)
        if sign == "\\/":
            return all(self._leads_on(part, actions) for part in parts)
        if tokens and tokens[0].text == "\\E":
            return self._leads_on(_quantified(tokens, None)[1], actions)
        call = self._call(tokens)
        return call is not None and self.is_action(call[0])

    def _is_disjunction(self, name: str, actions: frozenset[str]) -> bool:
        """Return whether a definition is nothing but named actions, quantified or by choice."""
        definition = self.defined[name]
        tokens = _unwrapped(definition.body)
        if _parts(tokens)[0] != "\\/" and not (tokens and tokens[0].text == "\\E"):
            return False
        return self._all_named(tokens, actions)

    def _all_named(self, tokens: Sequence[SpecToken], actions: frozenset[str]) -> bool:
        tokens = _unwrapped(tokens)
        sign, parts = _parts(tokens)
        if sign == "\\/":
            return all(self._all_named(part, actions) for part in parts)
        if tokens and tokens[0].text == "\\E":
            return self._all_named(_quantified(tokens, None)[1], actions)
        if sign == "/\\":
            return sum(self._leads_on(part, actions) for part in parts) == 1
        return self._leads_on(tokens, actions)

    def _call(
        self, tokens: Sequence[SpecToken]
    ) -> tuple[str, tuple[Sequence[SpecToken], ...]] | None:
        """Return the operator and the arguments, if tokens apply a defined operator."""
        if not tokens or tokens[0].text not in self.defined:
            return None
        name = tokens[0].text
        if len(tokens) == 1:
            return name, ()
        if tokens[1].text != "(" or _matching(tokens, 1) != len(tokens) - 1:
            return None
        return name, tuple(_arguments(tokens, 1))


def _visible(root: str, modules: Mapping[str, str]) -> dict[str, str]:
    """Return the modules whose definitions a module may use, what it extends first."""
    order: dict[str, str] = {}

    def add(name: str, above: tuple[str, ...]) -> None:
        if name in order or name not in modules or name in above:
            return
        for match in _IMPORTED.finditer(blank_comments(modules[name])):
            for one in re.split(r"\s*,\s*", match[1] or match[2]):
                add(one, (*above, name))
        order[name] = modules[name]

    add(root, ())
    return order


def _declarations(plain: str) -> Iterator[tuple[str, str, int]]:
    for match in _DECLARED.finditer(plain):
        kind = match["kind"].rstrip("S")
        for part in re.split(r",(?![^()]*\))", match["names"]):
            arguments = _ARGUMENTS.search(part)
            arity = arguments[1].count("_") if arguments else 0
            yield kind, _ARGUMENTS.sub("", part).strip(), arity


def _is_local(text: str) -> bool:
    return text.lstrip().startswith("LOCAL ")


def _tokens(text: str, location: Location) -> Iterator[SpecToken]:
    line, line_start = location.line, 0
    for match in _TOKEN.finditer(text):
        newlines = text.count("\n", line_start, match.start())
        if newlines:
            line += newlines
            line_start = text.rindex("\n", 0, match.start()) + 1
        yield SpecToken(match[0], match.start(), line, match.start() - line_start + 1)


def _definition(name: str, location: Location, text: str) -> Definition | None:
    padded = " " * (location.column - 1) + text
    tokens = tuple(_tokens(padded, location))
    at = _find(tokens, 0, {"=="})
    if at is None:
        return None
    head = [token.text for token in tokens[:at] if token.text != "LOCAL"]
    parameters: tuple[str, ...] = ()
    if head[1:2] == ["("]:
        inner = re.sub(r"\(([\s_,]*)\)", "", " ".join(head[2:-1]))
        parameters = tuple(one.strip() for one in inner.split(","))
    return Definition(name, parameters, padded, tokens[at + 1 :], location)


def _find(tokens: Sequence[SpecToken], start: int, wanted: Collection[str]) -> int | None:
    """Return the first place of a token outside all brackets that open behind `start`."""
    depth = 0
    for at in range(start, len(tokens)):
        text = tokens[at].text
        if depth == 0 and text in wanted:
            return at
        depth += (text in _OPENING) - (text in _CLOSING)
        if depth < 0:
            return None
    return None


def _matching(tokens: Sequence[SpecToken], start: int) -> int | None:
    depth = 0
    for at in range(start, len(tokens)):
        depth += (tokens[at].text in _OPENING) - (tokens[at].text in _CLOSING)
        if depth == 0:
            return at
    return None


def _arguments(tokens: Sequence[SpecToken], start: int) -> list[Sequence[SpecToken]]:
    """Return the arguments in the brackets that open at a place."""
    end = _matching(tokens, start)
    if end is None:
        return []
    found: list[Sequence[SpecToken]] = []
    at = start + 1
    while at <= end:
        comma = _find(tokens[:end], at, {","})
        stop = end if comma is None else comma
        found.append(tokens[at:stop])
        at = stop + 1
    return found


def _unwrapped(tokens: Sequence[SpecToken]) -> Sequence[SpecToken]:
    while tokens and tokens[0].text == "(" and _matching(tokens, 0) == len(tokens) - 1:
        tokens = tokens[1:-1]
    return tokens


def _parts(tokens: Sequence[SpecToken]) -> tuple[str | None, list[Sequence[SpecToken]]]:
    r"""Return the outermost junction of a formula, ``\/`` or ``/\``, and what it joins.

    A junction may be a list whose signs stand under each other, or stand between its parts.
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
            # What is bound, or chosen, goes on to the end.
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


def _quantified(
    tokens: Sequence[SpecToken], definition: Definition | None
) -> tuple[list[tuple[str, Sequence[SpecToken]]], Sequence[SpecToken]]:
    """Return what an existential quantifier binds, name and set, and its body."""
    colon = _find(tokens, 1, {":"})
    bound: list[tuple[str, Sequence[SpecToken]]] = []
    at = 1
    while colon is not None and at < colon:
        within = _find(tokens[:colon], at, {"\\in"})
        if within is None:
            break
        names = [token.text for token in tokens[at:within] if token.text != ","]
        # The set ends at a comma that the next names and their \in come after.
        end = within + 1
        while True:
            comma = _find(tokens[:colon], end, {","})
            stop = colon if comma is None else comma
            following = _find(tokens[:colon], stop + 1, {"\\in"})
            if comma is None or following is not None:
                break
            end = stop + 1
        bound += [(name, tokens[within + 1 : stop]) for name in names]
        at = stop + 1
    if colon is None or not bound:
        where = f"{definition.location.module}, line {tokens[0].line}" if definition else "?"
        raise SpecError(
            f"{where}: this quantifier binds nothing in a set",
            hint="write \\E x \\in S : A(x)",
        )
    return bound, tokens[colon + 1 :]


def _flat(text: str, tokens: Sequence[SpecToken], names: Mapping[str, str]) -> str:
    """Return tokens on one line, with names replaced."""
    written = []
    for at, token in enumerate(tokens):
        if at:
            gap = text[tokens[at - 1].end : token.start]
            written.append(" " if gap else "")
        field = at > 0 and tokens[at - 1].text == "."
        written.append(token.text if field else names.get(token.text, token.text))
    return "".join(written)


def _laid_out(definition: Definition, tokens: Sequence[SpecToken], names: Mapping[str, str]) -> str:
    """Return tokens as they stand, lines and columns kept, with names replaced."""
    if not tokens:
        return "TRUE"
    if tokens[0].line == tokens[-1].line:
        return _flat(definition.text, tokens, names)
    if any(token.text in names for token in tokens):
        raise SpecError(
            f"{definition.location.module}, line {tokens[0].line}: this part of "
            f"{definition.name} cannot be told apart from the rest",
            hint="give it a name of its own: a definition with its parameters",
        )
    column = tokens[0].column
    lines = [" " * (column - 1) + definition.text[tokens[0].start : tokens[-1].end]]
    return "\n".join(line[column - 1 :] if line[: column - 1].isspace() else line.lstrip()
                     for line in "\n".join(lines).split("\n"))  # fmt: skip
