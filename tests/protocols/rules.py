"""Rules of a protocol as tests of one server, each with the planted bugs that break it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from toolkit.protocols.base import Command, Effects, Timeout

__all__ = ["Make", "Rules", "ask", "maker", "run_out"]

Make = Callable[..., Any]
"""Makes a server: ``make(nodes=3, name="n1", **settings)``."""


class Rules(dict[str, tuple[Callable[[Make], None], tuple[str, ...]]]):
    """Rule to its test, and the planted bugs that break it."""

    def rule(self, *bugs: str) -> Callable[[Callable[[Make], None]], Callable[[Make], None]]:
        """Keep a test as a rule."""

        def keep(test: Callable[[Make], None]) -> Callable[[Make], None]:
            self[test.__name__] = (test, bugs)
            return test

        return keep

    def broken_by(self, bug: str) -> list[Callable[[Make], None]]:
        """The rules that a planted bug breaks; there must be one."""
        broken = [test for test, bugs in self.values() if bug in bugs]
        assert broken, f"no rule is broken by {bug}"
        return broken


def maker(kind: Any, configure: Callable[..., Any]) -> Make:
    """Return what makes servers of a kind."""

    def made(nodes: int = 3, name: str = "n1", **settings: str) -> Any:
        return kind(name, configure([f"n{number}" for number in range(1, nodes + 1)], settings))

    return made


def run_out(node: Any, timer: str) -> Effects:
    """Let a timer run out."""
    effects: Effects = node.handle(Timeout(timer), 0.0)
    return effects


def ask(node: Any, client: str = "c", request: int = 0, operation: Any = None) -> Effects:
    """Let a client ask for something: by default to store its number."""
    operation = operation or {"op": "put", "key": "k", "value": request}
    effects: Effects = node.handle(Command(client, request, operation), 0.0)
    return effects
