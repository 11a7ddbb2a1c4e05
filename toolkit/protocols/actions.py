"""An action of the specification, declared once in Python: on the handler that performs it.

``@action("GrantVote", section="5.4.1")`` says of a node's method that it performs the
specification's action ``GrantVote``, where the paper speaks of it, and which options it needs.  The
decorator only notes that on the function and returns it: it costs nothing when the node runs.
Lists of actions, and which of them a run can have, are read from these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import msgspec

from toolkit.errors import SettingError

__all__ = [
    "HOST_ACTIONS",
    "Action",
    "action",
    "available",
    "declared_actions",
    "declared_on",
    "options_on",
]

HOST_ACTIONS = ("Flush", "Crash")
"""The specification's actions that the host performs: no handler declares them."""

_NOTED = "__toolkit_actions__"

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """What is declared of an action.

    Parameters
    ----------
    name : str
        The action's name in the specification.
    section : str
        Where the paper speaks of it; empty if it does not.
    options : tuple of str
        The options that it comes with: it needs one of them.  Empty: it is always there.
    unless : tuple of str
        The options that take it away.
    handler : str
        The method that performs it; empty for the host's.
    """

    name: str
    section: str = ""
    options: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    handler: str = ""

    def is_available(self, on: Iterable[str]) -> bool:
        """Return whether a node with these options can perform the action."""
        known = set(on)
        return not known & set(self.unless) and (
            not self.options or bool(known & set(self.options))
        )


def action(
    name: str,
    *,
    section: str = "",
    options: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare that a method performs an action of the specification.

    A method that may perform several has the decorator several times.  A subclass that overrides
    the method does not declare it again.

    Parameters
    ----------
    name : str
        The action's name in the specification, and in ``Effects.action``.
    section : str
        Where the paper speaks of it, for instance ``"5.2"``.
    options, unless : tuple of str
        See :class:`Action`.

    Returns
    -------
    callable
        A decorator that returns the method itself.

    Examples
    --------
    >>> class Node:
    ...     @action("Vote", section="2.3")
    ...     def vote(self): ...
    >>> [one.name for one in declared_on(Node.vote)]
    ['Vote']
    """

    def declare(handler: Handler) -> Handler:
        found = Action(
            name=name, section=section, options=options, unless=unless, handler=handler.__name__
        )
        setattr(handler, _NOTED, (found, *declared_on(handler)))
        return handler

    return declare


def declared_on(handler: object) -> tuple[Action, ...]:
    """Return what is declared on a method, in the order of its decorators."""
    noted: tuple[Action, ...] = getattr(handler, _NOTED, ())
    return noted


def declared_actions(node: type) -> dict[str, Action]:
    """Return the actions of a node class with the host's, by name.

    Parameters
    ----------
    node : type
        A node class; what its bases declare is its own as well.

    Returns
    -------
    dict of str to Action
        First those of no option, as they stand in the classes, bases first, then the host's and
        ``Restart``, then those of options.

    Raises
    ------
    SettingError
        If two methods declare the same action, or a method one of the host's.
    """
    found: dict[str, Action] = {}
    for kind in reversed(node.__mro__):
        for member in vars(kind).values():
            for one in declared_on(member):
                known = found.get(one.name)
                if one.name in HOST_ACTIONS:
                    raise SettingError(
                        f"{kind.__name__}.{one.handler} declares {one.name}, which is the host's",
                        hint="a handler that comes up after a crash declares Restart",
                    )
                if known is not None and known.handler != one.handler:
                    raise SettingError(
                        f"the action {one.name} is declared by {known.handler} and by "
                        f"{one.handler} of {node.__name__}",
                        hint="declare it on the method that performs it, and only there",
                    )
                found[one.name] = one
    found |= {name: Action(name=name) for name in HOST_ACTIONS}
    late = {"Restart": 2} | dict.fromkeys(HOST_ACTIONS, 1)
    ranked = sorted(found, key=lambda name: (bool(found[name].options), late.get(name, 0)))
    return {name: found[name] for name in ranked}


def options_on(constants: Mapping[str, Any]) -> frozenset[str]:
    """Return the options that a trace's constants say are on: the set ``Options``."""
    return frozenset(constants.get("Options", {"#set": []})["#set"])


def available(
    declared: Mapping[str, Action], constants: Mapping[str, Any], without: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the actions that a run can have.

    Parameters
    ----------
    declared : mapping of str to Action
        Those of the node class.
    constants : mapping
        The specification's constants, ITF-encoded.
    without : iterable of str
        Actions that cannot happen for another reason, for instance with so few nodes.
    """
    on, off = options_on(constants), set(without)
    return tuple(name for name, one in declared.items() if name not in off and one.is_available(on))
