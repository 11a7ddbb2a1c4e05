r"""Generation of the trace specification, which relates recorded steps to a specification.

``specs/trace/Trace.tla`` needs five things for each specification: which of its steps a recorded
event may stand for (``Handle``), what a trace may record of a node (``Shown``), which messages a
step sent (``Sends``), the whole state (``Snapshot``), and values for the constants.  They are
generated from the specification's own text by these conventions:

* The actions are the disjuncts of the next-state relation.
* A bound variable whose set depends on the variable of messages is the *message* of the step.
  The trace records it as the received message.
* The first bound variable by which the action indexes a variable (``x[n]``, ``![n]``) is the
  *node* of the step.
* Any other bound variable is a *parameter*.  It has the value that the step records under its
  name; if the step records none, any value is allowed.
* A variable is *of the node* if it is a function over the set of nodes, or if an action indexes
  it by a node.  Any other variable is *global*, and is shown at every node.
* The constant ``C`` has the value of the header's ``C``; ``None`` is a model value.

Exceptions are written by hand, in a module that EXTENDS ``Trace`` and defines any of

=================  ==========================================================================
``Constant_C``     the value of the constant ``C``
``Param_x(e)``     the values that the bound variable ``x`` may have in the event ``e``
``Handle_A(e)``    the whole action ``A``, of the next-state relation or in the list `actions`
``Shown_x(n)``     what a trace records of the variable ``x`` at node ``n``; if there is no
                   variable ``x``, a value with that name which is computed from the state
``Taken_x(e, n)``  the value of ``x`` at ``n`` after ``e``, the inverse of ``Shown_x``
``Sends(e)``       true if the messages sent agree with what ``e`` recorded
=================  ==========================================================================

or ``Handle``, ``Shown``, ``Snapshot`` or ``Take`` as a whole.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from toolkit.conformance.reading import SHARED, SpecReading, shared_text
from toolkit.errors import SpecError, TraceError
from toolkit.protocols.base import unique
from toolkit.protocols.specification import Specification
from toolkit.resources import specs_root
from toolkit.tlc import SpecSource
from toolkit.tlc.actions import Disjunct
from toolkit.tlc.modules import blank_comments, locations
from toolkit.tlc.source import spec_from_text

__all__ = ["GENERATED", "TraceSpec", "trace_module"]

GENERATED = "GeneratedTrace"
"""The name of the generated module."""

_WORD = re.compile(r'"(?:[^"\\\n]|\\.)*"|[0-9]*[A-Za-z_]\w*')
_GIVEN = re.compile(r"Header\.(\w+)")
_OPTIONAL = re.compile(r'"(\w+)"\s*\\in\s+DOMAIN\s+Header|HeaderOr\(\s*"(\w+)"')
_INFINITE = {"Nat", "Int"}
_NO_VALUE = "TraceNoValue"
_ORIGIN = re.compile(r"\\\* (\w+\.tla, line \d+)$")


class TraceSpec(SpecReading):
    """A specification with its generated trace specification, for runs of TLC.

    Parameters
    ----------
    specification : Specification
        The specification's declaration.

    Attributes
    ----------
    module : str
        The text of the generated module.
    config : str
        The constants' part of the TLC configuration.
    required : tuple of str
        The constants that a trace's header must give.

    Raises
    ------
    SpecError
        As for :class:`SpecReading`, and if a definition cannot be generated and is not written
        by hand.
    """

    def __init__(self, specification: Specification) -> None:
        super().__init__(specification)
        self._origins: dict[int, str] = {}
        self.module = self._generate()
        self.config = self._configure()
        self.required = self._required(self.hook_texts)

    def _required(self, hook_texts: Iterable[str]) -> tuple[str, ...]:
        texts = [*hook_texts, self.module]
        optional = {first or second for text in texts for first, second in _OPTIONAL.findall(text)}
        needed = [name for text in texts for name in _GIVEN.findall(text)]
        return unique(name for name in needed if name not in optional)

    def check_constants(self, constants: Mapping[str, Any]) -> None:
        """Check that the header of a trace gives all required constants.

        Parameters
        ----------
        constants : mapping
            The constants of the header, and those that the specification gives for all traces.

        Raises
        ------
        TraceError
            If a constant is missing.
        """
        if missing := [name for name in self.required if name not in constants]:
            hint = (
                f"a trace of {self.specification.name} must give {', '.join(self.required)}, "
                f"unless its trace module defines Constant_{missing[0]}"
            )
            if not self.has_null:
                hint += "; for the constant that null stands for, set null= of the Specification"
            raise TraceError(f"the header's constants lack {', '.join(missing)}", hint=hint)

    # Generated definitions ------------------------------------------------------------------

    def _generate(self) -> str:
        hooks = self.specification.trace_module
        parts = [
            f"---- MODULE {GENERATED} ----",
            rf"\* Generated for module {self.specification.module}"
            + (f", with the definitions written by hand in {hooks}." if hooks else "."),
            f"EXTENDS {hooks or 'Trace'}",
        ]
        if self._needs_no_value():
            parts += ["", r"\* The value of a variable at a node that does not have it.",
                      f"CONSTANT {_NO_VALUE}"]  # fmt: skip
        parts += self._constants()
        if "SpecInit" not in self.text.defined:
            parts += ["", f"SpecInit == {self.initial}"]
        for name, make in (
            ("Handle", self._handle),
            ("Shown", self._shown),
            ("Sends", self._sends),
            ("Snapshot", self._snapshot),
            ("Take", self._take),
        ):
            if name not in self.hooks:
                parts += ["", *make()]
        text = "\n".join([*parts, "====", ""])
        for number, line in enumerate(text.split("\n"), start=1):
            match = _ORIGIN.search(line)
            if match:
                self._origins[number] = match[1]
        return text

    def _op(self, name: str) -> str:
        """Return the name of an operator of the shared modules."""
        return self.renamed.get(name, name)

    def _constants(self) -> list[str]:
        lines = []
        for name, arity in self.text.constants.items():
            hook = f"Constant_{name}"
            if hook in self.hooks or self._is_model_value(name):
                continue
            if arity:
                raise SpecError(
                    f"the constant {name} of module {self.specification.module} is an operator, "
                    "so that a trace cannot give its value",
                    hint=f"define {hook} in a trace module",
                )
            if name == "Nodes":
                lines.append(f'{hook} == {self._op("HeaderOr")}("Nodes", {self._op("TraceNodes")})')
            else:
                lines.append(f"{hook} == {self._op('Header')}.{name}")
        return ["", *lines] if lines else []

    def _is_model_value(self, name: str) -> bool:
        return name == self.specification.null and f"Constant_{name}" not in self.hooks and (
            self.specification.constants.get(name) is None
        )  # fmt: skip

    def _configure(self) -> str:
        """Return the constants' part of the TLC configuration."""
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
        return not self.has_null and "Shown" not in self.hooks

    def _no_value(self) -> str:
        return _NO_VALUE if self._needs_no_value() else self.specification.null

    def _node_name(self) -> str:
        counts = Counter(
            place for place in map(self.place_of, self.disjuncts) if place and place.isidentifier()
        )
        return counts.most_common(1)[0][0] if counts else self._free("n")

    def _handle(self) -> list[str]:
        steps: dict[str, list[str]] = {}
        for step in self.disjuncts:
            name = self.name_of(step)
            if f"Handle_{name}" in self.hooks:
                steps[name] = self._by_hand(name)
            else:
                steps.setdefault(name, []).extend(self._generated_action(step, name))
        for kind, name in self.hook_parts():
            if kind == "Handle" and name not in steps:
                steps[name] = self._by_hand(name)
        e, prefix = self._event, "TraceStep_"
        while any(name.startswith(prefix) for name in (*self.text.defined, *self.text.variables)):
            prefix += "_"
        lines = []
        for name, disjuncts in steps.items():
            lines += [f"{prefix}{name}({e}) ==", *disjuncts, ""]
        codes = {name: code for code, name in enumerate(self.actions, start=1)}
        coded = sorted((codes[name], f"{prefix}{name}({e})") for name in steps if name in codes)
        whole = [rf"\/ {prefix}{name}({e})" for name in steps]
        lines.append(f"{self._op('Handle')}({e}) ==")
        if not coded:
            return [*lines, *(f"    {call}" for call in whole)]
        # TLC tries the members of a disjunction in turn: with forty actions, looking for the
        # recorded one took longer than its step.
        lines.append(f"    IF {e}[1] # 0 THEN")
        lines += self._search(coded, "        ")
        return [*lines, "    ELSE", *(f"        {call}" for call in whole)]

    def _search(self, coded: Sequence[tuple[int, str]], indent: str) -> list[str]:
        """Return an expression that finds the step of the event's action by bisection."""
        if len(coded) == 1:
            return [indent + coded[0][1]]
        middle = len(coded) // 2
        return [
            f"{indent}IF {self._event}[1] < {coded[middle][0]} THEN",
            *self._search(coded[:middle], indent + "  "),
            f"{indent}ELSE",
            *self._search(coded[middle:], indent + "  "),
        ]

    @property
    def _event(self) -> str:
        return self._free("e")

    def _free(self, name: str) -> str:
        """Return a name for a bound variable that the specification does not use."""
        bound = {binder.name for step in self.disjuncts for binder in step.binders}
        while name in bound or name in self.text.defined or name in self.text.variables:
            name += "_"
        return name

    def _by_hand(self, name: str) -> list[str]:
        e = self._event
        return [rf'    \/ {self._op("Is")}({e}, "{name}") /\ Handle_{name}({e})'
                rf"  \* {self.hooks[f'Handle_{name}']}"]  # fmt: skip

    def _generated_action(self, step: Disjunct, name: str) -> list[str]:
        e, t = self._event, self._op
        place = self.place_of(step)
        head = [rf'{t("Is")}({e}, "{name}")']
        received = [bound for bound in step.binders if self.is_message(bound.domain)]
        if not received:
            head.append(self._received_nothing())
        inside = []
        if place is not None and place not in {bound.name for bound in step.binders}:
            inside.append(rf"{t('IsAt')}({e}, {place})")
        quantified = ""
        for bound in step.binders:
            if bound.name == place:
                domain = f"{t('Who')}({e}, {bound.domain})"
            elif f"Param_{bound.recorded}" in self.hooks:
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
        if self.messages and not any(
            self.is_message(bound.domain) for step in self.disjuncts for bound in step.binders
        ):
            return f"{self._op('ReceivedIsIn')}({e}, {self.messages[0]})"
        return f"{self._op('NothingReceived')}({e})"

    def _groups(self) -> dict[str, str]:
        """Return for each domain of nodes the name of its membership test."""
        domains = unique(
            self.functions[name]
            for name in self.trace_variables
            if name in self.functions and not self.functions[name].startswith("DOMAIN ")
        )
        return {domain: self._free(f"in{at}") for at, domain in enumerate(domains, start=1)}

    def _field(self, name: str, node: str) -> str:
        """Return the expression for the value of a variable at a node that has it."""
        if f"Shown_{name}" in self.hooks:
            return f"Shown_{name}({node})"
        return f"{name}[{node}]" if name in self.functions else name

    def _shown(self) -> list[str]:
        node = self._node_name()
        groups = self._groups()
        fields = []
        for name in self.trace_variables:
            if name not in self.text.variables and name not in self.derived:
                if name != "up":
                    raise SpecError(
                        f"module {self.specification.module} has no variable {name!r}",
                        hint=f"its variables: {', '.join(self.text.variables)}",
                    )
                fields.append("up |-> TRUE")
                continue
            value = self._field(name, node)
            if name in self.functions:
                domain = self.functions[name]
                test = groups.get(domain, rf"{node} \in {domain}")
                value = f"IF {test} THEN {value} ELSE {self._no_value()}"
            fields.append(f"{name} |-> {value}")
        lines = [f"{self._op('Shown')}({node}) =="]
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
        if not self.messages:
            return [f"{self._op('Sends')}({e}) == ~ {self._op('Recorded')}({e}, 5)"]
        if len(self.messages) > 1:
            raise SpecError(
                f"module {self.specification.module} has several message variables: "
                f"{', '.join(self.messages)}",
                hint="define Sends(e) in a trace module, to say which of them sent messages enter",
            )
        name = self.messages[0]
        return [f"{self._op('Sends')}({e}) == {self._op('SentTakes')}({e}, {name}, {name}')"]

    def _snapshot(self) -> list[str]:
        node = self._node_name()
        fields = []
        for name in self.text.variables:
            if name in self.specification.ghosts:
                continue
            value = name
            if f"Shown_{name}" in self.hooks:
                value = self._field(name, node)
                if name in self.functions:
                    value = rf"[{node} \in DOMAIN {name} |-> {value}]"
            fields.append(f"{name} |-> {value}")
        for name in self.derived:
            fields.append(
                rf"{name} |-> [{node} \in {self._op('TraceNodes')} |-> Shown_{name}({node})]"
            )
        return ["Snapshot ==", "    [" + ",\n     ".join(fields) + "]"]

    def _take(self) -> list[str]:
        e, t = self._event, self._op
        if not self.specification.replayable_variables:
            return [f"{t('Take')}({e}) == FALSE"]
        node = self._node_name()
        lines = [f"{t('Take')}({e}) ==", rf"    \E {node} \in {{{t('Value')}({e}, 2)}} :"]
        kept = []
        for name in self.text.variables:
            taken = f"Taken_{name}({e}, {node})"
            if f"Taken_{name}" not in self.hooks:
                if name in self.messages[:1]:
                    taken = f"{t('TookSent')}({e}, {name})"
                elif name not in self.trace_variables:
                    kept.append(name)
                    continue
                elif f"Shown_{name}" in self.hooks:
                    raise SpecError(
                        f"{self.hooks[f'Shown_{name}']}: Shown_{name} has no inverse, so that "
                        "recorded states cannot be evaluated without the specification",
                        hint=f"define Taken_{name}(e, {node}), or leave out replayable_variables",
                    )
                else:
                    old = "@" if name in self.functions else name
                    taken = f'{t("Took")}({e}, "{name}", {old})'
            if name in self.functions:
                changed = f"[{name} EXCEPT ![{node}] = {taken}]"
                if len(set(self.functions.values())) > 1:
                    changed = rf"IF {node} \in {self.functions[name]} THEN {changed} ELSE {name}"
                taken = changed
            lines.append(rf"        /\ {name}' = {taken}")
        if kept:
            lines.append(rf"        /\ UNCHANGED <<{', '.join(kept)}>>")
        return lines

    # Modules for TLC --------------------------------------------------------------------------

    def source(
        self, data: str, claims: str, config: str, names: Collection[str] = ()
    ) -> SpecSource:
        """Return all modules for a run of TLC.

        Parameters
        ----------
        data : str
            The module ``TraceData``.
        claims : str
            The module ``ProtocolTrace``.
        config : str
            The TLC configuration except the constants.
        names : collection of str
            The properties that `claims` evaluates: names of the specification.
        """
        shared = {name: self._renamed_text(shared_text(name)) for name in SHARED}
        root = shared.pop("TraceRun")
        return spec_from_text(
            root,
            f"{self.config}{self._renamed_text(config)}\n",
            modules={
                "TraceData": data,
                "ProtocolTrace": self._renamed_text(claims, names),
                GENERATED: self.module,
                **shared,
            },
            module_path=[self.specification.folder, specs_root() / "trace"],
            origin="trace validation",
        )

    def _renamed_text(self, text: str, names: Collection[str] = ()) -> str:
        renamed = {old: new for old, new in self.renamed.items() if old not in names}
        if not renamed:
            return text
        return _WORD.sub(lambda match: renamed.get(match[0], match[0]), blank_comments(text))

    def with_origins(self, message: str) -> str:
        """Return a message of TLC with the origins of places in the generated module.

        Parameters
        ----------
        message : str
            TLC's message.

        Returns
        -------
        str
            The message; for each place in the generated module, it names the place in the
            specification from which that line was generated.
        """
        origins = []
        for place in locations(message):
            if place.module == GENERATED:
                line = max((at for at in self._origins if at <= place.line), default=None)
                origins.append(self._origins[line] if line is not None else "the constants")
        if not origins:
            return message
        return (
            f"{message} (in the generated module {GENERATED}; generated from "
            f"{', '.join(unique(origins))})"
        )


def trace_module(specification: Specification) -> str:
    """Return the generated trace specification of a specification, for its author to read.

    Parameters
    ----------
    specification : Specification
        The specification's declaration.

    Returns
    -------
    str
        A TLA+ module, without the definitions that the trace module contains by hand.

    Raises
    ------
    SpecError
        If a definition cannot be generated and is not written by hand.
    """
    return TraceSpec(specification).module
