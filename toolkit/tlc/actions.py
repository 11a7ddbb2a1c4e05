r"""The actions of a specification, parsed from its next-state relation.

The next-state relation is split as TLC splits it: at disjunctions, at existential quantifiers, and
through definitions that consist of these.  The results are its *disjuncts*: an action, the
variables that are bound around it with the sets they range over, and further conjuncts of the
step.  Only the text is parsed; nothing is evaluated.
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
    """A variable bound around an action, with the set that it ranges over.

    Parameters
    ----------
    name : str
        The variable's name in the step.
    domain : str
        The set, as TLA+ text.
    recorded : str
        The variable's name in the specification; differs from `name` only if two bound variables
        have the same name.
    """

    name: str
    domain: str
    recorded: str


class Disjunct(msgspec.Struct, frozen=True):
    """A disjunct of the next-state relation: an action with its context.

    Parameters
    ----------
    action : str
        The name of the action's definition; for a formula without a name, the name of the
        definition that contains it.
    binders : tuple of Binder
        The variables bound around the action, outermost first.
    formula : str
        The action with its arguments, as TLA+ text.
    arguments : tuple of str
        The arguments of the action.
    conjuncts : tuple of str
        Further conjuncts that must hold in the step.
    location : Location
        Position in the module.
    """

    action: str
    binders: tuple[Binder, ...]
    formula: str
    arguments: tuple[str, ...]
    conjuncts: tuple[str, ...]
    location: Location


class SpecText:
    r"""The constants, variables and actions of a specification, parsed from its text.

    Parameters
    ----------
    root : str
        The specification's module.
    modules : mapping of str to str
        Map from module name to text: the root and the modules that it extends.

    Attributes
    ----------
    defined : dict of str to Definition
        The definitions that are visible in the root module.
    constants : dict of str to int
        Map from each constant to the number of its arguments, in order.
    variables : tuple of str
        The variables, in order.
    problem : str or None
        The part of the modules that could not be parsed.

    Examples
    --------
    >>> text = SpecText("M", {"M": r'''---- MODULE M ----
    ... VARIABLE x
    ... Up(k) == x' = x + k
    ... Init == x = 0
    ... Next == \E k \in {1, 2} : Up(k)
    ... ===='''})
    >>> [(step.action, [bound.domain for bound in step.binders]) for step in text.disjuncts("Next")]
    [('Up', ['{1, 2}'])]
    """

    def __init__(self, root: str, modules: Mapping[str, str]) -> None:
        self.root = root
        self.visible = _visible(root, modules)
        definitions = Definitions(self.visible, root)
        self.problem = definitions.problem
        self.variables = definitions.variables
        plain = {name: blank_comments(text) for name, text in self.visible.items()}
        arity = {
            name: holes.count("_")
            for text in plain.values()
            for name, holes in _OPERATOR.findall(text)
        }
        self.constants = {name: arity.get(name, 0) for name in definitions.constants}
        local = {name: set(_LOCAL.findall(text)) for name, text in plain.items() if name != root}
        self.defined = {
            name: definition
            for name in definitions
            for definition in definitions[name]
            if name not in local.get(definition.module, ())
        }
        self._definitions = definitions
        self._action_names: dict[str, bool] = {}
        self._indexes: dict[str, frozenset[str]] = {}

    def behaviour(self) -> tuple[str, str]:
        r"""Return the names of the initial predicate and of the next-state relation.

        They are taken from the formula ``Init /\ [][Next]_vars`` in the root module, whatever
        their names; or they are ``Init`` and ``Next`` if there is no such formula.

        Returns
        -------
        tuple of str

        Raises
        ------
        SpecError
            If they cannot be determined, or there are several such formulas.
        """
        pairs = {}
        for definition in self.defined.values():
            if definition.module != self.root or definition.parameters:
                continue
            match = _BEHAVIOUR.match(definition.body)
            if match:
                pairs[definition.name] = (match[1], match[2])
        distinct = set(pairs.values())
        if "Spec" in pairs:
            return pairs["Spec"]
        if len(distinct) == 1:
            return distinct.pop()
        if {"Init", "Next"} <= set(self.defined):
            return "Init", "Next"
        raise SpecError(
            f"module {self.root}: cannot find the initial predicate and the next-state relation"
            + (f": {', '.join(sorted(pairs))} differ" if distinct else "")
            + (f" ({self.problem})" if self.problem else ""),
            hint="define Spec == Init /\\ [][Next]_vars, or pass initial= and next=",
        )

    def disjuncts(self, name: str, actions: Collection[str] = ()) -> list[Disjunct]:
        """Return the disjuncts of a next-state relation.

        Parameters
        ----------
        name : str
            The name of the relation.
        actions : collection of str
            Definitions to treat as actions in any case.  Any other definition whose disjuncts are
            all named actions is split.

        Returns
        -------
        list of Disjunct

        Raises
        ------
        SpecError
            If the relation is not defined, or its text cannot be parsed.
        """
        if name not in self.defined:
            close = get_close_matches(name, self.defined, n=1)
            raise SpecError(
                f"module {self.root} has no definition {name!r}",
                hint=f"did you mean {close[0]!r}?"
                if close
                else "give the name of the next-state relation",
            )
        root = self._formula(name)
        return list(self._disjuncts(root, root.body, (), (), {}, frozenset(actions), (name,)))

    def is_action(self, name: str) -> bool:
        """Return True if a definition refers to the next state, directly or through others.

        Parameters
        ----------
        name : str
            Name of the definition.

        Returns
        -------
        bool
        """
        known = self._action_names.get(name)
        if known is None:
            primed = bool(self._definitions.uses(name) & {"'", "UNCHANGED"})
            known = self._action_names[name] = name in self.defined and primed
        return known

    def _formula(self, name: str) -> Formula:
        """Return the body of a definition."""
        return formula_of(self.defined[name].body, self.defined[name])

    def mentions(self, text: str) -> frozenset[str]:
        """Return the variables that TLA+ text mentions, directly or through definitions.

        Parameters
        ----------
        text : str

        Returns
        -------
        frozenset of str
        """
        return self._definitions.closure(used_names(tokens_of(text))) & frozenset(self.variables)

    def indexed(self, name: str) -> frozenset[str]:
        """Return the parameters of a definition that index a variable in it.

        ``n`` indexes a variable ``x`` in ``x[n]``, ``x'[n]`` and ``[x EXCEPT ![n] = ...]``, in the
        definition itself or in a definition to which it passes ``n`` as an argument.

        Parameters
        ----------
        name : str
            Name of the definition.

        Returns
        -------
        frozenset of str
        """
        if name not in self._indexes:
            self._indexes[name] = frozenset()
            definition = self.defined[name]
            self._indexes[name] = frozenset(
                self.indexes(self._formula(name).body) & set(definition.parameters)
            )
        return self._indexes[name]

    def indexes(self, body: Sequence[SpecToken]) -> set[str]:
        """Return the names that index a variable in a formula; see :meth:`indexed`.

        Parameters
        ----------
        body : sequence of SpecToken

        Returns
        -------
        set of str
        """
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
        """Return the names that index a variable in TLA+ text; see :meth:`indexed`.

        Parameters
        ----------
        text : str

        Returns
        -------
        set of str
        """
        return self.indexes(formula_of(text).body)

    def indexed_variables(self, step: Disjunct, name: str) -> set[str]:
        """Return the variables of the specification that a bound variable indexes in a step.

        Parameters
        ----------
        step : Disjunct
        name : str
            A variable that is bound around the step.

        Returns
        -------
        set of str
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
        r"""Return the domain of a variable according to an initial predicate, as TLA+ text.

        Parameters
        ----------
        init : str
            Name of the initial predicate.
        variable : str
            Name of the variable.

        Returns
        -------
        str or None
            ``"S"`` for ``x = [n \in S |-> ...]`` or ``x \in [S -> ...]``; ``None`` if the
            predicate contains neither form.
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
                used = {binder.name for binder in inside}
                number = 2
                while fresh in used:
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
            steps = [part for part in parts if self._is_step(part, actions)]
            if len(steps) == 1:
                others = tuple(
                    on_one_line(definition.text, part, names)
                    for part in parts
                    if part is not steps[0]
                )
                yield from self._disjuncts(
                    definition, steps[0], binders, conjuncts + others, names, actions, path
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

    def _is_step(self, tokens: Sequence[SpecToken], actions: frozenset[str]) -> bool:
        """Return True if a conjunct is a named action or a group of named actions."""
        tokens = unwrapped(tokens)
        sign, parts = junction(tokens)
        if sign == "\\/":
            return all(self._is_step(part, actions) for part in parts)
        if tokens and tokens[0].text == "\\E":
            return self._is_step(quantified(tokens, None)[1], actions)
        call = self._call(tokens)
        return call is not None and self.is_action(call[0])

    def _is_disjunction(self, name: str, actions: frozenset[str]) -> bool:
        """Return True if a definition is a disjunction or quantification of named actions only."""
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
            return sum(self._is_step(part, actions) for part in parts) == 1
        return self._is_step(tokens, actions)

    def _call(
        self, tokens: Sequence[SpecToken]
    ) -> tuple[str, tuple[Sequence[SpecToken], ...]] | None:
        """Return operator and arguments if the tokens are the application of a defined operator."""
        if not tokens or tokens[0].text not in self.defined:
            return None
        name = tokens[0].text
        if len(tokens) == 1:
            return name, ()
        if tokens[1].text != "(" or matching_bracket(tokens, 1) != len(tokens) - 1:
            return None
        return name, tuple(arguments_at(tokens, 1))


def _visible(root: str, modules: Mapping[str, str]) -> dict[str, str]:
    """Return the modules whose definitions a module may use, extended modules first."""
    order: dict[str, str] = {}

    def add(name: str, ancestors: tuple[str, ...]) -> None:
        if name in order or name not in modules or name in ancestors:
            return
        for match in _IMPORTED.finditer(blank_comments(modules[name])):
            for imported in re.split(r"\s*,\s*", match[1] or match[2]):
                add(imported, (*ancestors, name))
        order[name] = modules[name]

    add(root, ())
    return order
