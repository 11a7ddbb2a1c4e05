"""Each action is declared once in Python, on its handler, and once in TLA+."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest

from toolkit.conformance.tracespec import TraceSpec
from toolkit.errors import SettingError
from toolkit.protocols import get_protocol
from toolkit.protocols.actions import (
    HOST_ACTIONS,
    action,
    available,
    declared_actions,
    declared_on,
    declaring_classes,
)
from toolkit.protocols.base import Effects
from toolkit.sim import simulate_runs
from toolkit.tlc.actions import SpecText

PROTOCOLS = ["paxos", "multipaxos", "raft", "zab"]
OPTIONS: dict[str, list[dict[str, str]]] = {
    "paxos": [{}],
    "multipaxos": [{}, {"snapshot": "3", "membership": "yes"}],
    "raft": [
        {},
        {"membership": "joint", "snapshot": "3", "pre-vote": "yes", "check-quorum": "yes",
         "transfer": "yes"},
        {"reads": "lease", "check-quorum": "yes"},
    ],
    "zab": [{}, {"observers": "n4", "window": "2", "snapshot": "4", "reads": "sync"}],
}  # fmt: skip


def node_class(protocol: str) -> type:
    made = get_protocol(protocol).runnable.make_node
    assert isinstance(made, type)
    return made


def of_the_next_state_relation(protocol: str) -> set[str]:
    specification = get_protocol(protocol).specification
    path = specification.folder / f"{specification.module}.tla"
    modules = {file.stem: file.read_text("utf-8") for file in specification.folder.glob("*.tla")}
    assert path.stem in modules
    text = SpecText(specification.module, modules)
    _, following = text.behaviour()
    names = specification.action_names
    return {names.get(step.action, step.action) for step in text.disjuncts(following)}


def of_handlers(node: type) -> set[str]:
    return {name for name in declared_actions(node) if name not in HOST_ACTIONS}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_handlers_and_host_perform_exactly_the_actions_of_the_next_state_relation(
    protocol: str,
) -> None:
    assert of_handlers(node_class(protocol)) | set(HOST_ACTIONS) == of_the_next_state_relation(
        protocol
    )
    assert set(TraceSpec(get_protocol(protocol).specification).actions) == set(
        declared_actions(node_class(protocol))
    )


def written(node: type) -> dict[str, set[str]]:
    """Return for each method the actions whose names stand in its text."""
    known = set(declared_actions(node))
    found: dict[str, set[str]] = {}
    for kind in declaring_classes(node):
        if kind is object:
            continue
        (tree,) = ast.parse(inspect.getsource(kind)).body
        assert isinstance(tree, ast.ClassDef)
        for method in tree.body:
            if isinstance(method, ast.FunctionDef):
                names = {
                    one.value
                    for part in method.body
                    for one in ast.walk(part)
                    if isinstance(one, ast.Constant) and one.value in known
                }
                found.setdefault(method.name, set()).update(names)
    return found


def declared(node: type) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for one in declared_actions(node).values():
        if one.handler:
            found.setdefault(one.handler, set()).add(one.name)
    return found


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_name_of_an_action_stands_in_the_handler_that_declares_it(protocol: str) -> None:
    node = node_class(protocol)
    texts, said = written(node), declared(node)
    for handler, names in said.items():
        assert names <= texts[handler], (handler, names)
    for handler, names in texts.items():
        # A name that another handler is told, or the default of a parameter, is no action of it.
        assert names <= said.get(handler, set()) or handler == "proposes", (handler, names)


SEVERAL = {("raft", "AdvanceCommitIndex"): "record_match"}
"""Actions of a handler that performs several, and is named after another one of them.

- ``record_match``: a response is recorded as AdvanceCommitIndex if it makes a quorum.
"""


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_handler_has_the_name_of_its_action(protocol: str) -> None:
    for name, declaration in declared_actions(node_class(protocol)).items():
        if declaration.handler:
            expected = SEVERAL.get((protocol, name), snake_case(name))
            assert declaration.handler == expected, name


class Watch:
    """Checks what the handlers of a node class return against what they declare."""

    def __init__(self, node: type) -> None:
        self.wrong: list[str] = []
        self.seen: set[str] = set()
        components = tuple(
            type(f"Watched{kind.__name__}", (kind,), self.members(node, kind))
            for kind in getattr(node, "components", ())
        )
        members = self.members(node, node)
        if components:
            members["components"] = components
        inherited = node.handle  # type: ignore[attr-defined]

        def handle(this: Any, event: Any, now: float) -> Effects:
            self.passed: set[tuple[int, str]] = set()
            effects: Effects = inherited(this, event, now)
            if effects.action is not None:
                self.seen.add(effects.action)
                if (id(effects), effects.action) not in self.passed:
                    self.wrong.append(f"{effects.action} by a method that does not declare it")
            return effects

        self.node = type(f"Watched{node.__name__}", (node,), {**members, "handle": handle})

    def members(self, node: type, kind: type) -> dict[str, Any]:
        """Return the handlers of a class, a node or a component of it, that are checked."""
        return {
            handler: self.checked(getattr(kind, handler), names)
            for handler, names in declared(node).items()
            if hasattr(kind, handler)
        }

    def checked(self, method: Callable[..., Any], names: set[str]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            result = method(*args, **kwargs)
            if isinstance(result, Effects) and result.action in names:
                self.passed.add((id(result), result.action))
            return result

        return call


def watched(protocol: str, settings: dict[str, str], node: type, runs: int = 4) -> Watch:
    watch = Watch(node)
    plugin = get_protocol(protocol).altered(make_node=watch.node)
    nodes = 4 if "observers" in settings else 5 if settings else 3
    simulate_runs(plugin, runs=runs, seed=1, nodes=nodes, settings=settings)
    return watch


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_what_a_handler_returns_is_declared_on_it_in_random_runs(protocol: str) -> None:
    seen: set[str] = set()
    for settings in OPTIONS[protocol]:
        watch = watched(protocol, settings, node_class(protocol))
        assert watch.wrong == []
        seen |= watch.seen
    assert len(seen) >= 0.7 * len(of_handlers(node_class(protocol)))


def test_a_handler_that_returns_another_action_than_it_declares_is_noticed() -> None:
    base = node_class("paxos")

    class Liar(base):  # type: ignore[misc, valid-type]
        def promise(self, message: Any) -> Effects:
            effects: Effects = super().promise(message)
            effects.action = "Vote"
            return effects

    watch = watched("paxos", {}, Liar)
    assert set(watch.wrong) == {"Vote by a method that does not declare it"}


def test_an_action_that_is_missing_or_declared_for_nothing_is_noticed() -> None:
    base = node_class("paxos")

    class More(base):  # type: ignore[misc, valid-type]
        @action("Nap")
        def nap(self) -> Effects:
            return Effects(action="Nap")

    assert of_handlers(More) - of_the_next_state_relation("paxos") == {"Nap"}

    class Twice(base):  # type: ignore[misc, valid-type]
        @action("Vote")
        def other_vote(self) -> Effects:
            return Effects(action="Vote")

    with pytest.raises(SettingError, match="by two methods of Twice: vote and other_vote"):
        declared_actions(Twice)

    class Host(base):  # type: ignore[misc, valid-type]
        @action("Crash")
        def crash(self) -> Effects:
            return Effects(action="Crash")

    with pytest.raises(SettingError, match=r"Host.crash declares Crash, an action of the host"):
        declared_actions(Host)


def test_components_declare_actions_of_their_node() -> None:
    class Part:
        @action("Nap", options=("naps",))
        def nap(self) -> Effects:
            return Effects(action="Nap")

    class Other(Part):
        @action("Nap")
        def doze(self) -> Effects:
            return Effects(action="Nap")

    class Whole:
        components: tuple[type, ...] = (Part,)

        @action("Work")
        def work(self) -> Effects:
            return Effects(action="Work")

    assert [*declared_actions(Whole)] == ["Work", *HOST_ACTIONS, "Nap"]
    Whole.components = (Other,)
    with pytest.raises(SettingError, match="by two methods of Whole: nap and doze"):
        declared_actions(Whole)


def test_a_method_that_is_overridden_keeps_its_declaration_and_costs_nothing() -> None:
    base = node_class("paxos")

    class Other(base):  # type: ignore[misc, valid-type]
        def vote(self, message: Any) -> Effects:
            effects: Effects = super().vote(message)
            return effects

    assert declared_actions(Other) == declared_actions(base)
    function = base.vote  # type: ignore[attr-defined]
    assert inspect.isfunction(function)
    assert not hasattr(function, "__wrapped__")
    assert [one.name for one in declared_on(function)] == ["Vote"]


def test_options_decide_which_actions_a_run_can_have() -> None:
    actions = declared_actions(node_class("raft"))
    bare = available(actions, {})
    assert "Timeout" in bare
    assert not {"PreVote", "TakeSnapshot", "ChangeConfiguration"} & set(bare)
    some = available(actions, {"Options": {"#set": ["pre-vote", "learners"]}}, ["CountVote"])
    assert {"PreVote", "ChangeConfiguration"} <= set(some)
    assert not {"Timeout", "Resign", "CountVote"} & set(some)


def test_the_paper_is_cited_for_most_actions_that_are_not_of_the_toolkit() -> None:
    for protocol in ("paxos", "raft"):
        named = declared_actions(node_class(protocol)).values()
        without = {one.name for one in named if not one.section}
        assert without == {"Ignore", *HOST_ACTIONS}
