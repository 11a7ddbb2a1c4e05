r"""The trace specification: how a recorded step is told to the specification, generated.

``specs/trace/Trace.tla`` needs for each specification which of its steps a recorded event may
be (``Handle``), what a trace may show of a node (``Shown``), what messages a step sent (``Sends``),
the whole state (``Snapshot``), and values for the constants.  All of that follows from the
specification's own text by these conventions:

* The actions are the definitions that the next-state relation is a choice of.
* A bound variable that ranges over a set which depends on the variable of messages is the
  *message* of the step: the recorded one.
* The first bound variable by which the action indexes a variable (``x[n]``, ``![n]``) is the
  *node*: the step's.
* Any other is a *parameter*: the one that the step records under that name, or else any.
* A variable is *of the node* if it is a function of what such nodes range over, or is indexed by
  them; any other is *global*, and shown at every node.
* The constant ``C`` is the header's ``C``; ``None`` is a model value.

What does not follow is written by hand, in a module that EXTENDS ``Trace`` and defines any of

=================  ==========================================================================
``Constant_C``     the value of the constant ``C``
``Param_x(e)``     the values that the bound variable ``x`` may have in the event ``e``
``Handle_A(e)``    the whole action ``A``, of the next-state relation or in the list `actions`
``Shown_x(n)``     what a trace shows of the variable ``x`` at node ``n``; if there is no variable
                   ``x``, a value by that name which follows from the state
``Taken_x(e, n)``  the value of ``x`` at ``n`` after ``e``, the inverse of ``Shown_x``
``Sends(e)``       the messages that left agree with what ``e`` recorded
=================  ==========================================================================

or the whole of ``Handle``, ``Shown``, ``Snapshot`` or ``Take``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from toolkit.errors import SpecError, TraceError
from toolkit.protocols.base import unique
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root
from toolkit.tlc import SpecSource
from toolkit.tlc.actions import SpecText, Step
from toolkit.tlc.modules import blank_comments, definitions, locations
from toolkit.tlc.source import spec_from_text

__all__ = ["GENERATED", "TraceSpec", "trace_module"]

GENERATED = "GeneratedTrace"
"""The name of the generated module."""

_SHARED = ("Trace", "TraceRun", "TraceCodes")
_HOOK = re.compile(r"(Constant|Shown|Taken|Param|Handle)_(\w+)")
_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|[0-9]*[A-Za-z_]\w*')
_THEOREM = re.compile(
    r"\b(?:THEOREM|COROLLARY)\b(?:\s+\w+\s*==)?[^=]*?=>\s*\[\]\s*\(?([\w\s/\\]+?)\)?\s*$",
    re.MULTILINE,
)
_CONFIGURED = re.compile(r"\bINVARIANTS?\b((?:\s+(?![A-Z_]+\b\s)\w+)+)")
_OWN = re.compile(r"Header\.(\w+)")
_OPTIONAL = re.compile(r'"(\w+)"\s*\\in\s+DOMAIN\s+Header|HeaderOr\(\s*"(\w+)"')
_INFINITE = {"Nat", "Int"}
_MESSAGES = ("msgs", "messages")


class TraceSpec:
    """A specification with all that its own text says of its traces.

    Parameters
    ----------
    specification : Specification
        What is known of it.

    Attributes
    ----------
    specification : Specification
    actions : tuple of str
        The names of actions in traces.
    trace_variables : tuple of str
        The variables that a step's ``state`` may mention.
    global_variables : frozenset of str
        Those of them that are no functions of the node.
    invariants : tuple of str
        The invariants that are evaluated.
    unplaced : dict of str to str
        Action to why its node is not compared: the specification does not say where it happens.
    required : tuple of str
        The constants that a trace's header must give.
    module : str
        The generated module.
    config : str
        Constants of the configuration.

    Raises
    ------
    SpecError
        If the modules cannot be read, or the next-state relation not taken apart, or the trace
        module defines something for an action, variable or constant that there is not.
    """

    def __init__(self, specification: Specification) -> None:
        self.specification = specification
        self._source = _modules(specification.folder, specification.module)
        self.text = SpecText(specification.module, self._source)
        self._hooks, hook_texts = self._read_hooks()
        self._initial, self._next = self._behaviour()
        self._steps = self._read_steps()
        self._messages = self._message_variables()
        self._renamed = self._clashes()
        self._origins: dict[int, str] = {}
        self.unplaced: dict[str, str] = {}
        nodes = {id(step): self._node(step) for step in self._steps}
        self._places = nodes
        self._own = self._functions_of_nodes()
        self._shown_only = tuple(
            name
            for kind, name in self._hook_parts()
            if kind == "Shown" and name not in self.text.variables
        )
        self._check_hooks()
        self.actions = specification.actions or unique(self._name(step) for step in self._steps)
        kept = {*self._messages, *specification.hidden, *specification.ghosts}
        self.trace_variables = specification.trace_variables or (
            *(name for name in self.text.variables if name not in kept),
            *self._shown_only,
            *(() if "up" in self.text.variables else ("up",)),
        )
        self.global_variables = frozenset(
            name
            for name in self.trace_variables
            if name in self.text.variables and name not in self._own
        )
        self.invariants = (
            self._read_invariants()
            if specification.invariants is None
            else specification.invariants
        )
        self.module = self._generate()
        self.config = self._configure()
        self.required = self._required(hook_texts)

    # What is read -----------------------------------------------------------------------

    def _read_hooks(self) -> tuple[dict[str, str], list[str]]:
        name = self.specification.trace_module
        if name is None:
            return {}, []
        gathered = _modules(self.specification.folder, name)
        texts = {
            module: text
            for module, text in gathered.items()
            if module not in self._source and module not in _SHARED
        }
        found = {
            hook: f"{places[0][0].module}.tla, line {places[0][0].line}"
            for hook, places in definitions(texts).items()
        }
        return found, [blank_comments(text) for text in texts.values()]

    def _hook_parts(self) -> list[tuple[str, str]]:
        found = (_HOOK.fullmatch(name) for name in self._hooks)
        return [(match[1], match[2]) for match in found if match is not None]

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
                    hint="give the names of the initial predicate and the next-state relation",
                )
        return initial, following

    def _read_steps(self) -> list[Step]:
        names = self.specification.action_names
        actions = {*self.specification.actions, *names} - set(names.values())
        steps = self.text.steps(self._next, actions & set(self.text.defined))
        order = {name: at for at, name in enumerate(self.specification.actions)}
        return sorted(steps, key=lambda step: order.get(self._name(step), len(order)))

    def _name(self, step: Step) -> str:
        return self.specification.action_names.get(step.action, step.action)

    def _message_variables(self) -> tuple[str, ...]:
        given = self.specification.messages
        for name in given:
            if name not in self.text.variables:
                raise SpecError(
                    f"module {self.specification.module} has no variable {name!r} of messages",
                    hint=f"its variables: {', '.join(self.text.variables)}",
                )
        return given or tuple(name for name in _MESSAGES if name in self.text.variables)[:1]

    def _is_message(self, domain: str) -> bool:
        # A set that merely takes a number from a state, as 0 .. Len(x), is not meant.
        return bool(self.text.mentions(domain) & set(self._messages))

    def _node(self, step: Step) -> str | None:
        """Return the expression that gives a step's node, or ``None`` if nothing says it."""
        given = self.specification.node_of.get(self._name(step))
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
            if bound.name in indexing and not self._is_message(bound.domain):
                return bound.name
        self.unplaced[self._name(step)] = (
            "the specification does not say at which node it happens: the node was not compared"
        )
        return None

    def _functions_of_nodes(self) -> dict[str, str]:
        """Return the variables that are functions of nodes, and their domains."""
        domains = set()
        indexed = set()
        for step in self._steps:
            place = self._places[id(step)]
            for bound in step.binders:
                if bound.name == place:
                    domains.add(bound.domain)
                    indexed |= self.text.indexed_variables(step, bound.name)
        found = {}
        for name in self.text.variables:
            domain = self.text.domain(self._initial, name)
            if domain in domains or name in indexed:
                found[name] = domain or f"DOMAIN {name}"
        return found

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
        """Return the words of the shared modules that the specification uses for itself."""
        own = {*self.text.defined, *self.text.constants, *self.text.variables}
        bound = {one.name for step in self._steps for one in step.binders}
        shared = {name: _shared_text(name) for name in _SHARED}
        words = {
            word
            for text in shared.values()
            for word in _WORD.findall(blank_comments(text))
            if not word.startswith('"')
        }
        return {word: f"{word}_" for word in own & words | bound & set(definitions(shared))}

    # What is checked --------------------------------------------------------------------

    def _check_hooks(self) -> None:
        known = {
            "Constant": set(self.text.constants),
            "Param": {bound.recorded for step in self._steps for bound in step.binders},
            "Taken": set(self.text.variables),
            "Handle": {self._name(step) for step in self._steps} | set(self.specification.actions),
        }
        nouns = {
            "Constant": "constant",
            "Param": "bound variable",
            "Taken": "variable",
            "Handle": "action",
        }
        for kind, name in self._hook_parts():
            if kind == "Shown" or name in known[kind]:
                continue
            close = get_close_matches(name, sorted(known[kind]), n=1)
            raise SpecError(
                f"{self._hooks[f'{kind}_{name}']}: {kind}_{name} is for no {nouns[kind]} of "
                f"module {self.specification.module}",
                hint=f"did you mean {kind}_{close[0]}?"
                if close
                else f"there are: {', '.join(sorted(known[kind]))}",
            )
        names = {self._name(step) for step in self._steps}
        for name in self.specification.node_of:
            if name not in names:
                raise SpecError(
                    f"node_of names {name!r}, which is no action of "
                    f"module {self.specification.module}",
                    hint=f"its actions: {', '.join(sorted(names))}",
                )
        for name in self.specification.actions:
            if name not in names and f"Handle_{name}" not in self._hooks and not self._whole():
                raise SpecError(
                    f"the next-state relation {self._next} has no action {name!r}",
                    path=self.specification.folder / f"{self.specification.module}.tla",
                    hint=f"its actions: {', '.join(sorted(names))}",
                )

    def _whole(self) -> bool:
        return "Handle" in self._hooks

    def _required(self, hook_texts: Iterable[str]) -> tuple[str, ...]:
        texts = [*hook_texts, self.module]
        optional = {one or other for text in texts for one, other in _OPTIONAL.findall(text)}
        needed = [name for text in texts for name in _OWN.findall(text)]
        return unique(name for name in needed if name not in optional)

    def check_constants(self, constants: Mapping[str, Any]) -> None:
        """Raise if the constants of a trace's header lack one.

        Parameters
        ----------
        constants : mapping
            Those of the header, and those that the specification has for all traces.

        Raises
        ------
        TraceError
            If a constant is missing.
        """
        if missing := [name for name in self.required if name not in constants]:
            raise TraceError(
                f"the header's constants lack {', '.join(missing)}",
                hint=f"a trace of {self.specification.name} gives {', '.join(self.required)}",
            )

    # What is generated ------------------------------------------------------------------

    def _generate(self) -> str:
        hooks = self.specification.trace_module
        parts = [
            f"---- MODULE {GENERATED} ----",
            rf"\* Generated for module {self.specification.module}"
            + (f", with what {hooks} defines by hand." if hooks else "."),
            f"EXTENDS {hooks or 'Trace'}",
        ]
        if self._needs_no_value():
            parts += ["", r"\* The value of a variable at a node that has none.",
                      f"CONSTANT {_NO_VALUE}"]  # fmt: skip
        parts += self._constants()
        if "SpecInit" not in self.text.defined:
            parts += ["", f"SpecInit == {self._initial}"]
        for name, make in (
            ("Handle", self._handle),
            ("Shown", self._shown),
            ("Sends", self._sends),
            ("Snapshot", self._snapshot),
            ("Take", self._take),
        ):
            if name not in self._hooks:
                parts += ["", *make()]
        text = "\n".join([*parts, "====", ""])
        for number, line in enumerate(text.split("\n"), start=1):
            match = _ORIGIN.search(line)
            if match:
                self._origins[number] = match[1]
        return text

    def _to(self, name: str) -> str:
        """Return the name of an operator of the shared modules."""
        return self._renamed.get(name, name)

    def _constants(self) -> list[str]:
        lines = []
        for name, arity in self.text.constants.items():
            hook = f"Constant_{name}"
            if hook in self._hooks or self._is_model_value(name):
                continue
            if arity:
                raise SpecError(
                    f"the constant {name} of module {self.specification.module} is an operator, "
                    "which a trace cannot give",
                    hint=f"define {hook} in a trace module",
                )
            if name == "Nodes":
                lines.append(f'{hook} == {self._to("HeaderOr")}("Nodes", {self._to("TraceNodes")})')
            else:
                lines.append(f"{hook} == {self._to('Header')}.{name}")
        return ["", *lines] if lines else []

    def _is_model_value(self, name: str) -> bool:
        return name == self.specification.null and f"Constant_{name}" not in self._hooks and (
            name not in self.specification.constants
        )  # fmt: skip

    def _configure(self) -> str:
        """Return the constants' part of the configuration."""
        own = self.specification.folder / f"{self.specification.trace_module}.cfg"
        if self.specification.trace_module is not None and own.is_file():
            config = own.read_text(encoding="utf-8")
        else:
            lines = [
                f"    {name} = {name}"
                if self._is_model_value(name)
                else f"    {name} <- Constant_{name}"
                for name in self.text.constants
            ]
            config = "\n".join(["CONSTANTS", *lines]) if lines else ""
        if self._needs_no_value():
            config += f"\nCONSTANT {_NO_VALUE} = {_NO_VALUE}"
        return config + "\n"

    def _needs_no_value(self) -> bool:
        return self.specification.null not in self.text.constants and ("Shown" not in self._hooks)

    def _no_value(self) -> str:
        return _NO_VALUE if self._needs_no_value() else self.specification.null

    def _node_name(self) -> str:
        counts = Counter(place for place in self._places.values() if place and place.isidentifier())
        return counts.most_common(1)[0][0] if counts else self._free("n")

    def _handle(self) -> list[str]:
        lines = [rf"{self._to('Handle')}({self._event}) =="]
        done = set()
        for step in self._steps:
            name = self._name(step)
            if f"Handle_{name}" in self._hooks:
                if name not in done:
                    done.add(name)
                    lines += self._by_hand(name)
                continue
            done.add(name)
            lines += self._one(step, name)
        for kind, name in self._hook_parts():
            if kind == "Handle" and name not in done:
                lines += self._by_hand(name)
        return lines

    @property
    def _event(self) -> str:
        return self._free("e")

    def _free(self, name: str) -> str:
        """Return a name for something bound that the specification does not use."""
        bound = {one.name for step in self._steps for one in step.binders}
        while name in bound or name in self.text.defined or name in self.text.variables:
            name += "_"
        return name

    def _by_hand(self, name: str) -> list[str]:
        e = self._event
        return [rf'    \/ {self._to("Is")}({e}, "{name}") /\ Handle_{name}({e})'
                rf"  \* {self._hooks[f'Handle_{name}']}"]  # fmt: skip

    def _one(self, step: Step, name: str) -> list[str]:
        e, t = self._event, self._to
        place = self._places[id(step)]
        head = [rf'{t("Is")}({e}, "{name}")']
        received = [bound for bound in step.binders if self._is_message(bound.domain)]
        if not received:
            head.append(self._received_nothing())
        inside = []
        if place is not None and place not in {bound.name for bound in step.binders}:
            inside.append(rf"{t('IsAt')}({e}, {place})")
        quantified = ""
        for bound in step.binders:
            if bound.name == place:
                domain = f"{t('Who')}({e}, {bound.domain})"
            elif f"Param_{bound.recorded}" in self._hooks:
                domain = f"Param_{bound.recorded}({e})"
            elif bound in received:
                domain = f"{t('Received')}({e}, {bound.domain})"
            elif bound.domain in _INFINITE:
                domain = f'{t("NumberParam")}({e}, "{bound.recorded}", {bound.domain})'
            else:
                domain = f'{t("Param")}({e}, "{bound.recorded}", {bound.domain})'
            quantified += rf"\E {bound.name} \in {domain} : "
        comment = rf"  \* {step.location.module}.tla, line {step.location.line}"
        lines = [r"    \/ /\ " + r" /\ ".join(head) + comment]
        formula = step.formula.split("\n")
        if len(formula) == 1:
            parts = [*inside, *formula, *step.conjuncts]
            return [*lines, rf"       /\ {quantified}" + r" /\ ".join(parts)]
        lines.append(rf"       /\ {quantified}")
        for part in (*inside, *step.conjuncts):
            lines.append(rf"             /\ {part}")
        first, *rest = formula
        return [*lines, rf"             /\ {first}", *(f"                {line}" for line in rest)]

    def _received_nothing(self) -> str:
        e = self._event
        if self._messages and not any(
            self._is_message(bound.domain) for step in self._steps for bound in step.binders
        ):
            return f"{self._to('ReceivedIsIn')}({e}, {self._messages[0]})"
        return f"{self._to('NothingReceived')}({e})"

    def _groups(self) -> dict[str, str]:
        """Return for each domain of nodes the name of the test whether a node is in it."""
        domains = unique(
            self._own[name]
            for name in self.trace_variables
            if name in self._own and not self._own[name].startswith("DOMAIN ")
        )
        return {domain: self._free(f"in{at}") for at, domain in enumerate(domains, start=1)}

    def _field(self, name: str, node: str) -> str:
        """Return what is shown of a variable at a node that has it."""
        if f"Shown_{name}" in self._hooks:
            return f"Shown_{name}({node})"
        return f"{name}[{node}]" if name in self._own else name

    def _shown(self) -> list[str]:
        node = self._node_name()
        groups = self._groups()
        fields = []
        for name in self.trace_variables:
            if name not in self.text.variables and name not in self._shown_only:
                if name != "up":
                    raise SpecError(
                        f"module {self.specification.module} has no variable {name!r}",
                        hint=f"its variables: {', '.join(self.text.variables)}",
                    )
                fields.append("up |-> TRUE")
                continue
            value = self._field(name, node)
            if name in self._own:
                domain = self._own[name]
                test = groups.get(domain, rf"{node} \in {domain}")
                value = f"IF {test} THEN {value} ELSE {self._no_value()}"
            fields.append(f"{name} |-> {value}")
        lines = [f"{self._to('Shown')}({node}) =="]
        if groups:
            lines += [
                f"    {'LET' if not at else '   '} {name} == {node} \\in {domain}"
                for at, (domain, name) in enumerate(groups.items())
            ]
        start = "    IN  [" if groups else "    ["
        gap = ",\n" + " " * len(start)
        return [*lines, f"{start}{gap.join(fields)}]"]

    def _sends(self) -> list[str]:
        e = self._event
        if not self._messages:
            return [f"{self._to('Sends')}({e}) == ~ {self._to('Recorded')}({e}, 5)"]
        if len(self._messages) > 1:
            raise SpecError(
                f"module {self.specification.module} has several variables of messages: "
                f"{', '.join(self._messages)}",
                hint="define Sends(e) in a trace module: which of them what was sent went into",
            )
        name = self._messages[0]
        return [f"{self._to('Sends')}({e}) == {self._to('SentTakes')}({e}, {name}, {name}')"]

    def _snapshot(self) -> list[str]:
        node = self._node_name()
        fields = []
        for name in self.text.variables:
            if name in self.specification.ghosts:
                continue
            value = name
            if f"Shown_{name}" in self._hooks:
                value = self._field(name, node)
                if name in self._own:
                    value = rf"[{node} \in DOMAIN {name} |-> {value}]"
            fields.append(f"{name} |-> {value}")
        for name in self._shown_only:
            fields.append(
                rf"{name} |-> [{node} \in {self._to('TraceNodes')} |-> Shown_{name}({node})]"
            )
        return ["Snapshot ==", "    [" + ",\n     ".join(fields) + "]"]

    def _take(self) -> list[str]:
        e, t = self._event, self._to
        if not self.specification.replayable_variables:
            return [f"{t('Take')}({e}) == FALSE"]
        node = self._node_name()
        lines = [f"{t('Take')}({e}) ==", rf"    \E {node} \in {{{t('Value')}({e}, 2)}} :"]
        kept = []
        for name in self.text.variables:
            taken = f"Taken_{name}({e}, {node})"
            if f"Taken_{name}" not in self._hooks:
                if name in self._messages[:1]:
                    taken = f"{t('TookSent')}({e}, {name})"
                elif name not in self.trace_variables:
                    kept.append(name)
                    continue
                elif f"Shown_{name}" in self._hooks:
                    raise SpecError(
                        f"{self._hooks[f'Shown_{name}']}: Shown_{name} has no inverse, so that "
                        "recorded states cannot be looked at by themselves",
                        hint=f"define Taken_{name}(e, {node}), or give no replayable_variables",
                    )
                else:
                    old = "@" if name in self._own else name
                    taken = f'{t("Took")}({e}, "{name}", {old})'
            if name in self._own:
                changed = f"[{name} EXCEPT ![{node}] = {taken}]"
                if len(set(self._own.values())) > 1:
                    changed = rf"IF {node} \in {self._own[name]} THEN {changed} ELSE {name}"
                taken = changed
            lines.append(rf"        /\ {name}' = {taken}")
        if kept:
            lines.append(rf"        /\ UNCHANGED <<{', '.join(kept)}>>")
        return lines

    # What runs --------------------------------------------------------------------------

    def source(self, data: str, claims: str, config: str) -> SpecSource:
        """Return all modules for a run of TLC.

        Parameters
        ----------
        data : str
            The module ``TraceData``.
        claims : str
            The module ``ProtocolTrace``.
        config : str
            What the configuration asks, beside the constants.
        """
        shared = {name: self._renamed_text(_shared_text(name)) for name in _SHARED}
        root = shared.pop("TraceRun")
        return spec_from_text(
            root,
            f"{self.config}{config}\n",
            modules={
                "TraceData": data,
                "ProtocolTrace": claims,
                GENERATED: self.module,
                **shared,
            },
            module_path=[self.specification.folder, specs_root() / "trace"],
            origin="trace validation",
        )

    def _renamed_text(self, text: str) -> str:
        if not self._renamed:
            return text
        return _WORD.sub(lambda match: self._renamed.get(match[0], match[0]), blank_comments(text))

    def in_their_terms(self, message: str) -> str:
        """Return a message of TLC with places in the generated module told by their origin.

        Parameters
        ----------
        message : str
            What TLC said.
        """
        said = []
        for place in locations(message):
            if place.module == GENERATED:
                line = max((at for at in self._origins if at <= place.line), default=None)
                origin = self._origins[line] if line is not None else "the constants"
                said.append(origin)
        if not said:
            return message
        return (
            f"{message} (the generated module {GENERATED}; there it stands for "
            f"{', '.join(unique(said))})"
        )


_NO_VALUE = "TraceNoValue"
_ORIGIN = re.compile(r"\\\* (\w+\.tla, line \d+)$")


def trace_module(specification: Specification) -> str:
    """Return the generated trace specification of a specification, to be read by its author.

    Parameters
    ----------
    specification : Specification
        A specification; what its trace module defines by hand is left out of the result.

    Returns
    -------
    str
        A TLA+ module.

    Raises
    ------
    SpecError
        If its text does not say enough.
    """
    return TraceSpec(specification).module


def _shared_text(name: str) -> str:
    return (specs_root() / "trace" / f"{name}.tla").read_text(encoding="utf-8")


def _modules(folder: Path, root: str) -> dict[str, str]:
    """Return a module of a folder and what it extends or instantiates there, name to text."""
    path = folder / f"{root}.tla"
    if not path.is_file():
        near: Sequence[str] = sorted(one.stem for one in folder.glob("*.tla"))
        raise SpecError(
            f"there is no module {root}",
            path=path,
            hint=f"modules there: {', '.join(near)}" if near else "check folder and module",
        )
    text = path.read_text(encoding="utf-8")
    return dict(spec_from_text(text, "", module_path=[folder], origin=str(path)).modules)
