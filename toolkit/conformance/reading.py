"""Reading a specification's text for traces: its actions, nodes, messages and variables.

The conventions are those of :mod:`toolkit.conformance.tracespec`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from toolkit.errors import SpecError
from toolkit.protocols.base import unique
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root
from toolkit.tlc.actions import Disjunct, SpecText
from toolkit.tlc.modules import blank_comments, definitions
from toolkit.tlc.source import spec_from_text

__all__ = ["SHARED", "SpecReading", "modules_of", "shared_text"]

SHARED = ("Trace", "TraceRun", "TraceCodes")
"""The modules of ``specs/trace`` that all trace specifications share."""

_HOOK = re.compile(r"(Constant|Shown|Taken|Param|Handle)_(\w+)")
_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|[0-9]*[A-Za-z_]\w*')
_THEOREM = re.compile(
    r"\b(?:THEOREM|COROLLARY)\b(?:\s+\w+\s*==)?[^=]*?=>\s*\[\]\s*\(?([\w\s/\\]+?)\)?\s*$",
    re.MULTILINE,
)
_CONFIGURED = re.compile(r"\bINVARIANTS?\b((?:\s+(?![A-Z_]+\b\s)\w+)+)")
_MESSAGES = ("msgs", "messages")


class SpecReading:
    """The actions, variables and nodes of a specification, as read from its text.

    Parameters
    ----------
    specification : Specification
        The specification's declaration.

    Attributes
    ----------
    specification : Specification
        The declaration.
    text : SpecText
        The text of the specification's modules.
    hooks : dict of str to str
        Names that the trace module defines by hand, with their places.
    hook_texts : list of str
        The texts of the trace module and of the modules that it extends, except ``Trace``.
    initial, following : str
        Names of the initial predicate and the next-state relation.
    disjuncts : list of Disjunct
        Disjuncts of the next-state relation, in the order of `actions`.
    actions : tuple of str
        The names of actions in traces.
    messages : tuple of str
        The variables that hold messages.
    functions : dict of str to str
        The variables that are functions of nodes, with their domains.
    derived : tuple of str
        Values that the trace module shows and that are not variables.
    trace_variables : tuple of str
        The variables that a step's ``state`` may contain.
    global_variables : frozenset of str
        Those of `trace_variables` that are not functions of nodes.
    invariants : tuple of str
        The invariants to evaluate.
    unplaced : dict of str to str
        Actions whose node is not compared because the specification does not say at which node
        they happen, with that reason.
    renamed : dict of str to str
        Names of the shared modules that the specification also uses, with their replacements.

    Raises
    ------
    SpecError
        If the modules cannot be read, the next-state relation cannot be split into actions, or
        the trace module defines a hook for an unknown action, variable or constant.
    """

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self._source = modules_of(specification.folder, specification.module)
        self.text = SpecText(specification.module, self._source)
        self.hooks, self.hook_texts = self._read_hooks()
        self.initial, self.following = self._behaviour()
        self.disjuncts = self._read_steps()
        self.messages = self._message_variables()
        self.renamed = self._clashes()
        self.unplaced: dict[str, str] = {}
        self._places = {id(step): self._node(step) for step in self.disjuncts}
        self.functions = self._functions_of_nodes()
        self.derived = tuple(
            name
            for kind, name in self.hook_parts()
            if kind == "Shown" and name not in self.text.variables
        )
        self._check_hooks()
        self.actions = specification.actions or unique(
            self.name_of(step) for step in self.disjuncts
        )
        kept = {*self.messages, *specification.hidden, *specification.ghosts}
        self.trace_variables = specification.trace_variables or (
            *(name for name in self.text.variables if name not in kept),
            *self.derived,
            *(() if "up" in {*self.text.variables, *self.derived} else ("up",)),
        )
        self.global_variables = frozenset(
            name
            for name in self.trace_variables
            if name in self.text.variables and name not in self.functions
        )
        self.invariants = (
            self._read_invariants()
            if specification.invariants is None
            else specification.invariants
        )

    # What is read -----------------------------------------------------------------------

    def _read_hooks(self) -> tuple[dict[str, str], list[str]]:
        name = self.specification.trace_module
        if name is None:
            return {}, []
        gathered = modules_of(self.specification.folder, name)
        texts = {
            module: text
            for module, text in gathered.items()
            if module not in self._source and module not in SHARED
        }
        hooks = {
            hook: f"{places[0][0].module}.tla, line {places[0][0].line}"
            for hook, places in definitions(texts).items()
        }
        return hooks, [blank_comments(text) for text in texts.values()]

    def hook_parts(self) -> list[tuple[str, str]]:
        """Return the kind and name of each hook: ``("Shown", "x")`` for ``Shown_x``."""
        matches = (_HOOK.fullmatch(name) for name in self.hooks)
        return [(match[1], match[2]) for match in matches if match is not None]

    def _behaviour(self) -> tuple[str, str]:
        initial, following = self.specification.initial, self.specification.next
        if initial is None or following is None:
            own = self.text.behaviour()
            initial, following = initial or own[0], following or own[1]
        for name in (initial, following):
            if name not in self.text.defined:
                raise SpecError(
                    f"module {self.specification.module} has no definition {name!r}",
                    path=self.specification.folder / f"{self.specification.module}.tla",
                    hint="set initial= and next= of the Specification to the names of the "
                    "initial predicate and the next-state relation",
                )
        return initial, following

    def _read_steps(self) -> list[Disjunct]:
        names = self.specification.action_names
        actions = {*self.specification.actions, *names} - set(names.values())
        steps = self.text.disjuncts(self.following, actions & set(self.text.defined))
        order = {name: at for at, name in enumerate(self.specification.actions)}
        return sorted(steps, key=lambda step: order.get(self.name_of(step), len(order)))

    def name_of(self, step: Disjunct) -> str:
        """Return the name of a disjunct's action in traces.

        Parameters
        ----------
        step : Disjunct
            A disjunct of the next-state relation.
        """
        return self.specification.action_names.get(step.action, step.action)

    def _message_variables(self) -> tuple[str, ...]:
        given = self.specification.messages
        for name in given:
            if name not in self.text.variables:
                raise SpecError(
                    f"module {self.specification.module} has no message variable {name!r}",
                    hint=f"its variables: {', '.join(self.text.variables)}",
                )
        return given or tuple(name for name in _MESSAGES if name in self.text.variables)[:1]

    def is_message(self, domain: str) -> bool:
        """Return True if a set mentions a variable of messages, so that its elements are messages.

        Parameters
        ----------
        domain : str
            The set, a TLA+ expression.
        """
        return bool(self.text.mentions(domain) & set(self.messages))

    def place_of(self, step: Disjunct) -> str | None:
        """Return the expression of the node at which a disjunct happens, or ``None`` if unknown.

        Parameters
        ----------
        step : Disjunct
            A disjunct of the next-state relation.
        """
        return self._places[id(step)]

    def _node(self, step: Disjunct) -> str | None:
        """Find the expression of the node at which a disjunct happens; ``None`` if unknown."""
        given = self.specification.node_of.get(self.name_of(step))
        if given is not None:
            return given
        if step.arguments:
            formal = self.text.defined[step.action].parameters
            used = self.text.indexed(step.action)
            indexing = {
                argument
                for parameter, argument in zip(formal, step.arguments, strict=False)
                if parameter in used
            }
        else:
            indexing = self.text.indexes_in(step.formula)
        for bound in step.binders:
            if bound.name in indexing and not self.is_message(bound.domain):
                return bound.name
        self.unplaced[self.name_of(step)] = (
            "the specification does not say at which node it happens: the node was not compared"
        )
        return None

    def _functions_of_nodes(self) -> dict[str, str]:
        """Return the variables that are functions of nodes, and their domains."""
        domains = set()
        indexed = set()
        for step in self.disjuncts:
            place = self.place_of(step)
            for bound in step.binders:
                if bound.name == place:
                    domains.add(bound.domain)
                    indexed |= self.text.indexed_variables(step, bound.name)
        functions = {}
        for name in self.text.variables:
            domain = self.text.domain(self.initial, name)
            if domain in domains or name in indexed:
                functions[name] = domain or f"DOMAIN {name}"
        return functions

    def _read_invariants(self) -> tuple[str, ...]:
        root = self.specification.module
        names: list[str] = []
        config = self.specification.folder / f"{root}.cfg"
        if config.is_file():
            plain = blank_comments(config.read_text(encoding="utf-8"))
            for match in _CONFIGURED.finditer(plain):
                names += match[1].split()
        for match in _THEOREM.finditer(blank_comments(self._source[root])):
            names += re.findall(r"\w+", match[1])
        return unique(
            name
            for name in names
            if name in self.text.defined
            and not self.text.defined[name].parameters
            and not self.text.is_action(name)
        )

    def _clashes(self) -> dict[str, str]:
        """Return names of the shared modules that the specification also uses, with new names."""
        own = {*self.text.defined, *self.text.constants, *self.text.variables}
        bound = {binder.name for step in self.disjuncts for binder in step.binders}
        shared = {name: shared_text(name) for name in SHARED}
        words = {
            word
            for text in shared.values()
            for word in _WORD.findall(blank_comments(text))
            if not word.startswith('"')
        }
        return {word: f"{word}_" for word in own & words | bound & set(definitions(shared))}

    @property
    def has_null(self) -> bool:
        """Whether the specification defines the constant that ``null`` in a trace stands for."""
        name = self.specification.null
        return name in self.text.constants or name in self.text.defined

    @property
    def compares_sends(self) -> bool:
        """Whether the messages that a step sends can be compared with the specification."""
        return bool(self.messages) or "Sends" in self.hooks

    @property
    def compares_received(self) -> bool:
        """Whether the message that a step receives can be compared with the specification."""
        return (
            bool(self.messages)
            or self._handles_all_by_hand()
            or any(kind == "Handle" for kind, _ in self.hook_parts())
        )

    # What is checked --------------------------------------------------------------------

    def _check_hooks(self) -> None:
        known = {
            "Constant": set(self.text.constants),
            "Param": {bound.recorded for step in self.disjuncts for bound in step.binders},
            "Taken": set(self.text.variables),
            "Handle": {self.name_of(step) for step in self.disjuncts}
            | set(self.specification.actions),
        }
        nouns = {
            "Constant": "constant",
            "Param": "bound variable",
            "Taken": "variable",
            "Handle": "action",
        }
        for kind, name in self.hook_parts():
            if kind == "Shown" or name in known[kind]:
                continue
            close = get_close_matches(name, sorted(known[kind]), n=1)
            raise SpecError(
                f"{self.hooks[f'{kind}_{name}']}: {kind}_{name} is defined, but module "
                f"{self.specification.module} has no {nouns[kind]} {name!r}",
                hint=f"did you mean {kind}_{close[0]}?"
                if close
                else f"known: {', '.join(sorted(known[kind]))}",
            )
        names = {self.name_of(step) for step in self.disjuncts}
        for name in self.specification.node_of:
            if name not in names:
                raise SpecError(
                    f"node_of: module {self.specification.module} has no action {name!r}",
                    hint=f"its actions: {', '.join(sorted(names))}",
                )
        for name in self.specification.action_names:
            if name not in self.text.defined:
                raise SpecError(
                    f"action_names: module {self.specification.module} has no definition {name!r}",
                    hint="action_names maps definitions of the specification to names in traces",
                )
        for name in self.specification.constants:
            if name not in self.text.constants:
                raise SpecError(
                    f"constants: module {self.specification.module} has no constant {name!r}",
                    hint=f"its constants: {', '.join(self.text.constants) or 'none'}",
                )
        for name in self.specification.invariants or ():
            if name not in self.text.defined and name not in self.hooks:
                raise SpecError(
                    f"invariants: module {self.specification.module} has no definition {name!r}",
                    hint="name definitions of the specification or of the trace module",
                )
        for name in self.specification.actions:
            if (
                name not in names
                and f"Handle_{name}" not in self.hooks
                and not self._handles_all_by_hand()
            ):
                raise SpecError(
                    f"the next-state relation {self.following} has no action {name!r}",
                    path=self.specification.folder / f"{self.specification.module}.tla",
                    hint=f"its actions: {', '.join(sorted(names))}",
                )

    def _handles_all_by_hand(self) -> bool:
        return "Handle" in self.hooks


def shared_text(name: str) -> str:
    """Return the text of a module that all trace specifications share.

    Parameters
    ----------
    name : str
        The module's name, one of `SHARED`.
    """
    return (specs_root() / "trace" / f"{name}.tla").read_text(encoding="utf-8")


def modules_of(folder: Path, root: str) -> dict[str, str]:
    """Return the texts of a module and of the modules that it extends or instantiates.

    Parameters
    ----------
    folder : Path
        The folder of the modules.
    root : str
        The first module's name.

    Returns
    -------
    dict of str to str
        Module name to text; standard modules are not included.

    Raises
    ------
    SpecError
        If a module is missing.
    """
    path = folder / f"{root}.tla"
    if not path.is_file():
        neighbours: Sequence[str] = sorted(file.stem for file in folder.glob("*.tla"))
        raise SpecError(
            f"module {root} not found",
            path=path,
            hint=f"modules in the folder: {', '.join(neighbours)}"
            if neighbours
            else "check the folder and the module's name",
        )
    text = path.read_text(encoding="utf-8")
    return dict(spec_from_text(text, "", module_path=[folder], origin=str(path)).modules)
