"""Declaration of the specification's actions on the handlers that perform them.

``@action("GrantVote", section="5.4.1")`` declares that a node's method performs the specification's
action ``GrantVote``, with the section of the paper that describes it and the options that it needs.
The decorator only stores the declaration on the function and returns it: it adds no cost when the
node runs.  Lists of actions, and the actions that a run can have, are read from these declarations.
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
    "declaring_classes",
    "options_on",
]

HOST_ACTIONS = ("Flush", "Crash")
"""The actions that the host performs; handlers do not declare them."""

_ATTRIBUTE = "__toolkit_actions__"

Handler = TypeVar("Handler", bound=Callable[..., Any])


class Action(msgspec.Struct, frozen=True, kw_only=True):
    """The declaration of an action.

    Parameters
    ----------
    name : str
        The action's name in the specification.
    section : str
        The section of the paper that describes it; empty if there is none.
    options : tuple of str
        The options that enable it; one of them is enough.  Empty: it is always enabled.
    unless : tuple of str
        The options that disable it.
    handler : str
        The method that performs it; empty for actions of the host.
    """

    name: str
    section: str = ""
    options: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()
    handler: str = ""

    def is_available(self, on: Iterable[str]) -> bool:
        """Return whether a node with these options can perform the action.

        Parameters
        ----------
        on : iterable of str
            The options that are on.
        """
        enabled = set(on)
        return not enabled & set(self.unless) and (
            not self.options or bool(enabled & set(self.options))
        )


def action(
    name: str,
    *,
    section: str = "",
    options: tuple[str, ...] = (),
    unless: tuple[str, ...] = (),
) -> Callable[[Handler], Handler]:
    """Declare that a method performs an action of the specification.

    A method is named after its action, in snake case.  A method that performs one of several
    actions has the decorator several times.  A subclass that overrides the method does not repeat
    the decorator.

    Parameters
    ----------
    name : str
        The action's name in the specification, and in ``Effects.action``.
    section : str
        The section of the paper that describes it, for instance ``"5.2"``.
    options, unless : tuple of str
        See :class:`Action`.

    Returns
    -------
    callable
        A decorator that returns the method unchanged.

    Examples
    --------
    >>> class Node:
    ...     @action("Vote", section="2.3")
    ...     def vote(self): ...
    >>> [declaration.name for declaration in declared_on(Node.vote)]
    ['Vote']
    """

    def declare(handler: Handler) -> Handler:
        declaration = Action(
            name=name, section=section, options=options, unless=unless, handler=handler.__name__
        )
        setattr(handler, _ATTRIBUTE, (declaration, *declared_on(handler)))
        return handler

    return declare


def declared_on(handler: object) -> tuple[Action, ...]:
    """Return the actions declared on a method, in the order of its decorators.

    Parameters
    ----------
    handler : callable
        The method.
    """
    declarations: tuple[Action, ...] = getattr(handler, _ATTRIBUTE, ())
    return declarations


def declared_actions(node: type) -> dict[str, Action]:
    """Return the actions of a node class and of its host, by name.

    Parameters
    ----------
    node : type
        A node class; declarations of its base classes are included, and of the classes that it
        lists in an attribute ``components``: objects that handle a part of its events.

    Returns
    -------
    dict of str to Action
        First the actions without options in the order of the classes, base classes first and
        components in reverse order; then the host's actions and ``Restart``; then the actions with
        options.

    Raises
    ------
    SettingError
        If two methods declare the same action, or a method declares an action of the host.
    """
    found: dict[str, Action] = {}
    for kind in reversed(declaring_classes(node)):
        for member in vars(kind).values():
            for declaration in declared_on(member):
                name, handler = declaration.name, declaration.handler
                known = found.get(name)
                if name in HOST_ACTIONS:
                    raise SettingError(
                        f"{kind.__name__}.{handler} declares {name}, an action of the host",
                        hint="the handler of a restart after a crash must declare Restart",
                    )
                if known is not None and known.handler != handler:
                    raise SettingError(
                        f"the action {name} is declared by two methods of {node.__name__}: "
                        f"{known.handler} and {handler}",
                        hint="declare it only on the method that performs it",
                    )
                found[name] = declaration
    found |= {name: Action(name=name) for name in HOST_ACTIONS}
    late = {"Restart": 2} | dict.fromkeys(HOST_ACTIONS, 1)
    ranked = sorted(found, key=lambda name: (bool(found[name].options), late.get(name, 0)))
    return {name: found[name] for name in ranked}


def declaring_classes(node: type) -> tuple[type, ...]:
    """Return the classes whose methods may declare actions of a node: its components and its own.

    Parameters
    ----------
    node : type
        A node class; its components are the classes in its attribute ``components``, if it has one.
    """
    components: tuple[type, ...] = getattr(node, "components", ())
    kinds = [kind for component in components for kind in component.__mro__]
    return tuple(dict.fromkeys([*kinds, *node.__mro__]))


def options_on(constants: Mapping[str, Any]) -> frozenset[str]:
    """Return the options that are on, from the constant ``Options`` of a trace.

    Parameters
    ----------
    constants : mapping
        The specification's constants, ITF-encoded.
    """
    return frozenset(constants.get("Options", {"#set": []})["#set"])


def available(
    declared: Mapping[str, Action], constants: Mapping[str, Any], without: Iterable[str] = ()
) -> tuple[str, ...]:
    """Return the actions that a run can have.

    Parameters
    ----------
    declared : mapping of str to Action
        The actions of the node class, as from :func:`declared_actions`.
    constants : mapping
        The specification's constants, ITF-encoded.
    without : iterable of str
        Actions that cannot happen for another reason, for instance because there are too few nodes.

    Returns
    -------
    tuple of str
    """
    on, off = options_on(constants), set(without)
    return tuple(
        name
        for name, declaration in declared.items()
        if name not in off and declaration.is_available(on)
    )
