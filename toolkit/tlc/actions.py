r"""The actions of a specification, read from its next-state relation.

The next-state relation is taken apart as TLC does it: at its disjunctions, at its existential
quantifiers, and through definitions that are nothing else.  What is left are its *disjuncts*: an
action, the variables that are bound around it with the sets they range over, and what else must
hold in the step.  Only the text is read here; nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from difflib import get_close_matches

import msgspec

from toolkit.errors import SpecError
from toolkit.tlc.definitions import Definitions, tokens_of, used_names
from toolkit.tlc.formulas import (
    Formula,
    SpecToken,
    arguments_at,
    find_token,
    formula_of,
    junction,
    laid_out,
    matching_bracket,
    on_one_line,
    quantified,
    unwrapped,
)
from toolkit.tlc.modules import Location, blank_comments

__all__ = ["Binder", "Disjunct", "SpecText"]

_IMPORTED = re.compile(
    r"\bEXTENDS\s+(\w+(?:\s*,\s*\w+)*)|(?<!== )(?<!==)\bINSTANCE\s+(\w+)\s*$", re.M
)
_OPERATOR = re.compile(r"\b(\w+)\s*\(\s*(_[\s_,]*)\)")
_LOCAL = re.compile(r"\bLOCAL\s+(\w+)")
_BEHAVIOUR = re.compile(r"(?:/\\\s*)?(\w+)\s*/\\\s*\[\]\s*\[\s*(\w+)\s*\]_")


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


class Disjunct(msgspec.Struct, frozen=True):
    """One disjunct of the next-state relation: a way to take a step.

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
    problem : str or None
        What was not understood in the modules.

    Examples
    --------
    >>> text = SpecText("M", {"M": r'''---- MODULE M ----
    ... VARIABLE x
    ... Up(k) == x' = x + k
    ... Init == x = 0
    ... Next == \E k \in {1, 2} : Up(k)
    ... ===='''})
    >>> [(one.action, [bound.domain for bound in one.binders]) for one in text.disjuncts("Next")]
    [('Up', ['{1, 2}'])]
    """

    def __init__(self, root: str, modules: Mapping[str, str]) -> None:
        self.root = root
        self.visible = _visible(root, modules)
        read = Definitions(self.visible, root)
        self.problem = read.problem
        self.variables = read.variables
        plain = {name: blank_comments(text) for name, text in self.visible.items()}
        arity = {
            name: holes.count("_")
            for text in plain.values()
            for name, holes in _OPERATOR.findall(text)
        }
        self.constants = {name: arity.get(name, 0) for name in read.constants}
        local = {name: set(_LOCAL.findall(text)) for name, text in plain.items() if name != root}
        self.defined = {
            name: one
            for name in read
            for one in read[name]
            if name not in local.get(one.module, ())
        }
        self._read = read
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
            if definition.module != self.root or definition.parameters:
                continue
            match = _BEHAVIOUR.match(definition.body)
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
            + (f": {', '.join(sorted(pairs))} name different ones" if found else "")
            + (f" ({self.problem})" if self.problem else ""),
            hint="define Spec == Init /\\ [][Next]_vars, or give initial= and next=",
        )

    def disjuncts(self, name: str, actions: Collection[str] = ()) -> list[Disjunct]:
        """Return the disjuncts of a next-state relation.

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
        root = self._formula(name)
        return list(self._disjuncts(root, root.body, (), (), {}, frozenset(actions), (name,)))

    def is_action(self, name: str) -> bool:
        """Return whether a definition speaks of the next state, itself or through another."""
        known = self._acting.get(name)
        if known is None:
            primed = bool(self._read.uses(name) & {"'", "UNCHANGED"})
            known = self._acting[name] = name in self.defined and primed
        return known

    def _formula(self, name: str) -> Formula:
        """Return the body of a definition."""
        return formula_of(self.defined[name].body, self.defined[name])

    def mentions(self, text: str) -> frozenset[str]:
        """Return the variables that TLA+ text mentions, itself or through definitions."""
        return self._read.closure(used_names(tokens_of(text))) & frozenset(self.variables)

    def indexed(self, name: str) -> frozenset[str]:
        """Return the parameters of a definition that some variable is indexed by in it.

        Indexed is a variable ``x`` by ``n`` in ``x[n]``, ``x'[n]`` and ``[x EXCEPT ![n] = ...]``,
        in the definition itself or in one that it hands ``n`` on to.
        """
        if name not in self._indexing:
            self._indexing[name] = frozenset()
            definition = self.defined[name]
            self._indexing[name] = frozenset(
                self.indexes(self._formula(name).body) & set(definition.parameters)
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
                for parameter, argument in zip(formal, arguments_at(body, at + 1), strict=False):
                    if parameter in used and len(argument) == 1:
                        found.add(argument[0].text)
        return found

    def indexes_in(self, text: str) -> set[str]:
        """Return the names by which TLA+ text indexes a variable; see :meth:`indexed`."""
        return self.indexes(formula_of(text).body)

    def indexed_variables(self, step: Disjunct, name: str) -> set[str]:
        """Return the variables that a step indexes by something that is bound around it.

        Parameters
        ----------
        step : Disjunct
        name : str
            One of its bound variables.
        """
        found: set[str] = set()
        seen: set[tuple[str, str]] = set()
        todo = [(formula_of(step.formula).body, name)]
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
                    for parameter, argument in zip(
                        formal, arguments_at(body, at + 1), strict=False
                    ):
                        handed = len(argument) == 1 and argument[0].text == index
                        if handed and (word, parameter) not in seen:
                            seen.add((word, parameter))
                            todo.append((self._formula(word).body, parameter))
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
            definition = self._formula(name)
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
                end = find_token(body, start, {stop})
                if end is not None:
                    return on_one_line(definition.text, body[start:end], {})
        return None

    def _disjuncts(
        self,
        definition: Formula,
        tokens: Sequence[SpecToken],
        binders: tuple[Binder, ...],
        conjuncts: tuple[str, ...],
        names: Mapping[str, str],
        actions: frozenset[str],
        path: tuple[str, ...],
    ) -> Iterator[Disjunct]:
        tokens = unwrapped(tokens)
        sign, parts = junction(tokens)
        if sign == "\\/":
            for part in parts:
                yield from self._disjuncts(
                    definition, part, binders, conjuncts, names, actions, path
                )
            return
        if tokens and tokens[0].text == "\\E":
            bound, body = quantified(tokens, definition)
            names = dict(names)
            inside = list(binders)
            for name, domain in bound:
                text = on_one_line(definition.text, domain, names)
                fresh = name
                taken = {one.name for one in inside}
                number = 2
                while fresh in taken:
                    fresh, number = f"{name}{number}", number + 1
                inside.append(Binder(fresh, text, name))
                names.pop(name, None)
                if fresh != name:
                    names[name] = fresh
            yield from self._disjuncts(
                definition, body, tuple(inside), conjuncts, names, actions, path
            )
            return
        if sign == "/\\":
            acting = [part for part in parts if self._leads_on(part, actions)]
            if len(acting) == 1:
                others = tuple(
                    on_one_line(definition.text, part, names)
                    for part in parts
                    if part is not acting[0]
                )
                yield from self._disjuncts(
                    definition, acting[0], binders, conjuncts + others, names, actions, path
                )
                return
        call = self._call(tokens)
        if call is None:
            first = tokens[0] if tokens else None
            yield Disjunct(
                definition.name,
                binders,
                laid_out(definition, tokens, names),
                (),
                conjuncts,
                Location(
                    definition.module,
                    first.line if first else 1,
                    first.column if first else 1,
                ),
            )
            return
        name, arguments = call
        inner = self._formula(name)
        given = tuple(on_one_line(definition.text, argument, names) for argument in arguments)
        if name not in actions and name not in path and self._is_disjunction(name, actions):
            yield from self._disjuncts(
                inner,
                inner.body,
                binders,
                conjuncts,
                dict(zip(inner.parameters, given, strict=False)),
                actions,
                (*path, name),
            )
            return
        yield Disjunct(
            name,
            binders,
            f"{name}({', '.join(given)})" if given else name,
            given,
            conjuncts,
            Location(definition.module, tokens[0].line, tokens[0].column),
        )

    def _leads_on(self, tokens: Sequence[SpecToken], actions: frozenset[str]) -> bool:
        """Return whether a conjunct is an action by name, or a group of such."""
        tokens = unwrapped(tokens)
        sign, parts = junction(tokens)
        if sign == "\\/":
            return all(self._leads_on(part, actions) for part in parts)
        if tokens and tokens[0].text == "\\E":
            return self._leads_on(quantified(tokens, None)[1], actions)
        call = self._call(tokens)
        return call is not None and self.is_action(call[0])

    def _is_disjunction(self, name: str, actions: frozenset[str]) -> bool:
        """Return whether a definition is nothing but named actions, quantified or by choice."""
        definition = self._formula(name)
        tokens = unwrapped(definition.body)
        if junction(tokens)[0] != "\\/" and not (tokens and tokens[0].text == "\\E"):
            return False
        return self._all_named(tokens, actions)

    def _all_named(self, tokens: Sequence[SpecToken], actions: frozenset[str]) -> bool:
        tokens = unwrapped(tokens)
        sign, parts = junction(tokens)
        if sign == "\\/":
            return all(self._all_named(part, actions) for part in parts)
        if tokens and tokens[0].text == "\\E":
            return self._all_named(quantified(tokens, None)[1], actions)
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
        if tokens[1].text != "(" or matching_bracket(tokens, 1) != len(tokens) - 1:
            return None
        return name, tuple(arguments_at(tokens, 1))


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
