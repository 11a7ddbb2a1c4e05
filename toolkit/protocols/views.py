"""Views with change tracking: a node's specification variables, encoded only when they change.

A protocol's *view* is a function of a node that returns the node's variables of the specification.
A plain function is enough: a recording host calls it after every step and compares each value with
the previous one.  A :class:`View` is such a function built from *parts*, which saves most of that
work.  Its :meth:`~View.track` returns a :class:`ViewTracker`, which the host keeps for each node:
it stores the source of each variable and encodes a variable again only if its source has changed.
Nodes do not take part in this.

There are three kinds of parts, which differ in how a change is detected:

:class:`Attribute`
    A value that the trace contains unchanged (a number, a string, a boolean, ``None``), compared by
    value.
:class:`Encoded`
    A value or a small container, compared with a copy of it.
:class:`Growing`
    A list or dict that may be long.  The node may append to it; for any other change it must
    *replace* it by another object.  So it is enough to compare the identity and the length, and
    only added items are encoded.

If a node changes a ``Growing`` container in another way, the trace is wrong.  For the tests of a
protocol, :func:`checked` returns a view that is compared after every step with a view computed
from scratch.
"""

from __future__ import annotations

import copy
from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter, is_
from typing import Any, TypeAlias

import msgspec

from toolkit.errors import InternalError

__all__ = [
    "Attribute",
    "Encoded",
    "Growing",
    "RecordView",
    "SharedLists",
    "StaleViewError",
    "View",
    "ViewTracker",
    "checked",
    "track",
]

Variables: TypeAlias = Callable[[Any], Mapping[str, Any]]
"""A view: a function from a node, or from a disk's content, to variables."""


class StaleViewError(InternalError):
    """A view with change tracking has missed a change."""


@dataclass(frozen=True)
class Attribute:
    """A variable that a trace contains as the node stores it.

    Parameters
    ----------
    name : str
        The name of the variable.
    source : str or callable, optional
        The node's attribute, which may be dotted (``"snapshot.index"``), or
        ``source(node) -> value``; by default the attribute with the variable's name.  The value
        is an integer, a string, a boolean or ``None``.
    """

    name: str
    source: str | Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Encoded:
    """A variable made from an immutable value or a small container.

    Parameters
    ----------
    name : str
        The name of the variable.
    encode : callable
        ``encode(value) -> JSON``: the ITF-encoded value; it must depend only on the value.
    source : str or callable, optional
        See :class:`Attribute`.  A container is copied at each change, with its items unless they
        are immutable: structs in it should be frozen.
    """

    name: str
    encode: Callable[[Any], Any]
    source: str | Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Growing:
    """A variable made from a list or dict that is only appended to, or replaced as a whole.

    A list is encoded as a sequence, and a dict as the set of its encoded values in the order of
    the keys.

    Parameters
    ----------
    name : str
        The name of the variable.
    encode : callable
        ``encode(item) -> JSON``: an item of the list, or a value of the dict, ITF-encoded.
    source : str or callable, optional
        See :class:`Attribute`.
    """

    name: str
    encode: Callable[[Any], Any]
    source: str | Callable[[Any], Any] | None = None


class View:
    """A view built from parts; call it as a function of the node.

    Parameters
    ----------
    *parts : Attribute, Encoded or Growing
        The variables, in their order in a trace.
    rest : callable, optional
        ``rest(node) -> dict``: further variables, computed after every step and compared with
        their previous values.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> node = SimpleNamespace(term=1, votes={"n2"}, log=["a"])
    >>> view = View(
    ...     Attribute("term"),
    ...     Encoded("votes", lambda votes: {"#set": sorted(votes)}),
    ...     Growing("log", str.upper),
    ... )
    >>> view(node)
    {'term': 1, 'votes': {'#set': ['n2']}, 'log': {'#tup': ['A']}}
    >>> tracker = view.track()
    >>> tracker.changes(node) == view(node), tracker.changes(node)
    (True, {})
    >>> node.log.append("b")
    >>> tracker.changes(node)
    {'log': {'#tup': ['A', 'B']}}
    """

    def __init__(
        self, *parts: Attribute | Encoded | Growing, rest: Variables | None = None
    ) -> None:
        self.names = tuple(part.name for part in parts)
        self.attributes = tuple(part.name for part in parts if isinstance(part, Attribute))
        self.read_attributes = _reader(part for part in parts if isinstance(part, Attribute))
        self.encoded = tuple(
            (part.name, part.encode) for part in parts if isinstance(part, Encoded)
        )
        self.read_encoded = _reader(part for part in parts if isinstance(part, Encoded))
        self.growing = tuple(
            (part.name, part.encode) for part in parts if isinstance(part, Growing)
        )
        self.read_growing = _reader(part for part in parts if isinstance(part, Growing))
        self.rest = rest

    def __call__(self, node: Any) -> dict[str, Any]:
        """Return all variables of a node, without change tracking.

        Parameters
        ----------
        node : Node
            The node, or another object that the parts read.

        Returns
        -------
        dict
            Variable to ITF-encoded value.
        """
        return self.track().changes(node)

    def track(self, shared: SharedLists | None = None) -> ViewTracker:
        """Return a new tracker for one node.

        Parameters
        ----------
        shared : SharedLists, optional
            The lists that trackers of several nodes share.
        """
        return ViewTracker(self, shared or SharedLists())


class RecordView(View):
    """A view of one variable that is a record, whose fields are the parts.

    Parameters
    ----------
    name : str
        The name of the variable.
    *parts : Attribute, Encoded or Growing
        The record's fields.

    Examples
    --------
    >>> view = RecordView("durable", Attribute("term", lambda disk: disk.get("term", 0)))
    >>> view({})
    {'durable': {'term': 0}}
    """

    def __init__(self, name: str, *parts: Attribute | Encoded | Growing) -> None:
        super().__init__(*parts)
        self.name = name

    def track(self, shared: SharedLists | None = None) -> ViewTracker:
        """Return a new tracker for one node (see :meth:`View.track`)."""
        return _RecordTracker(self, shared or SharedLists())


class ViewTracker:
    """Tracks the changes of one node's view.

    A recording host keeps one for each node.  After a crash, it continues with the restarted node
    object.

    Parameters
    ----------
    view : View
        The view.
    shared : SharedLists
        The lists that trackers of several nodes share.
    """

    __slots__ = ("_attributes", "_encoded", "_growing", "_last", "_view")

    def __init__(self, view: View, shared: SharedLists) -> None:
        self._view = view
        self._attributes: tuple[Any, ...] = (_NEW,) * len(view.attributes)
        self._encoded: tuple[Any, ...] = (_NEW,) * len(view.encoded)
        self._growing = [_GrowingTracker(name, encode, shared) for name, encode in view.growing]
        # The last encoded values of the parts other than attributes.
        self._last: dict[str, Any] = {}

    def changes(self, node: Any) -> dict[str, Any]:
        """Return the variables that have changed since the last call, with their values.

        The first call returns all variables.  Returned values are never modified later.

        Parameters
        ----------
        node : Node
            The node in its current state.

        Returns
        -------
        dict
            Variable to ITF-encoded value, in the view's order.

        Raises
        ------
        InternalError
            If the value of an :class:`Attribute` is a container.
        """
        view, last = self._view, self._last
        changed: dict[str, Any] = {}
        attributes = view.read_attributes(node)
        if attributes != self._attributes:
            known, self._attributes = self._attributes, attributes
            for position, value in enumerate(attributes):
                if value != known[position]:
                    name = view.attributes[position]
                    if type(value) not in _ATOMS:
                        raise _not_an_atom(name, value)
                    changed[name] = value
        encoded = view.read_encoded(node)
        if encoded != self._encoded:
            known = self._encoded
            copies = [*known]
            for position, value in enumerate(encoded):
                if value != known[position]:
                    copies[position] = value if _IMMUTABLE[type(value)] else _copy(value)
                    name, encode = view.encoded[position]
                    result = encode(value)
                    if result != last.get(name, _NEW):
                        changed[name] = last[name] = result
            self._encoded = tuple(copies)
        if self._growing:
            for position, items in enumerate(view.read_growing(node)):
                part = self._growing[position]
                if items is not part.items or len(items) != part.count:
                    result = part.encoded(items)
                    if result != last.get(part.name, _NEW):
                        changed[part.name] = last[part.name] = result
        if len(changed) > 1:
            changed = {name: changed[name] for name in view.names if name in changed}
        if view.rest is not None:
            for name, result in view.rest(node).items():
                old = last.get(name, _NEW)
                if old is not result and old != result:
                    changed[name] = last[name] = result
        return changed


class _RecordTracker(ViewTracker):
    """A tracker of a variable that is a record."""

    __slots__ = ("_name", "_record")

    def __init__(self, view: RecordView, shared: SharedLists) -> None:
        super().__init__(view, shared)
        self._name = view.name
        self._record: dict[str, Any] = {}

    def changes(self, node: Any) -> dict[str, Any]:
        """Return the whole record if a field has changed, otherwise an empty dict."""
        fields = super().changes(node)
        if not fields:
            return fields
        self._record = self._record | fields
        return {self._name: self._record}


class _GrowingTracker:
    """The encoded form of a growing list or dict; added items are encoded once."""

    __slots__ = ("_encode", "_keys", "_shared", "_tag", "_value", "count", "items", "name")

    def __init__(self, name: str, encode: Callable[[Any], Any], shared: SharedLists) -> None:
        self.name = name
        self._encode = encode
        self._shared = shared
        # Keep a reference to the container, so that no other object can get its identity.
        self.items: Any = None
        self.count = 0
        self._tag = "#tup"
        self._value: dict[str, Any] = {}
        self._keys: list[Any] = []

    def encoded(self, items: Any) -> dict[str, Any]:
        """Return the encoded form of a container that has changed since the last call."""
        if items is not self.items or len(items) < self.count:
            self.items, self.count, self._keys = items, 0, []
            self._tag = "#set" if isinstance(items, dict) else "#tup"
            self._value = {self._tag: []}
        first, self.count = self.count, len(items)
        if self._tag == "#set":
            self._value = self._with_keys(items, self.count - first)
        elif self.count == first + 1:
            self._value = self._shared.append(self._tag, self._value, self._encode(items[-1]))
        else:
            added = map(self._encode, islice(items, first, None))
            self._value = self._shared.keep(self._tag, [*self._value[self._tag], *added])
        return self._value

    def _with_keys(self, items: dict[Any, Any], added: int) -> dict[str, Any]:
        """Return the values in the order of their keys, including the added ones."""
        keys = self._keys
        if added == 1 and (not keys or next(reversed(items)) > keys[-1]):
            key, value = next(reversed(items.items()))
            keys.append(key)
            return self._shared.append(self._tag, self._value, self._encode(value))
        values = [*self._value[self._tag]]
        for key in islice(reversed(items), added):
            position = bisect(keys, key)
            keys.insert(position, key)
            values.insert(position, self._encode(items[key]))
        return self._shared.keep(self._tag, values)


class SharedLists:
    """A cache in which equal encoded sequences and sets are the same object.

    The nodes of a cluster and their disks store the same lists, at slightly different times.
    Sharing them keeps the memory of a trace independent of the number of nodes.  The cache keeps
    only recent values.

    Examples
    --------
    >>> shared, a, b = SharedLists(), {"x": 1}, {"x": 2}
    >>> both = shared.append("#tup", shared.keep("#tup", [a]), b)
    >>> both, shared.keep("#tup", [a, b]) is both
    ({'#tup': [{'x': 1}, {'x': 2}]}, True)
    """

    def __init__(self) -> None:
        # Key: length and identity of the last item.  Value: the value without it, and with it.
        self._known: dict[tuple[int, int], tuple[dict[str, Any] | None, dict[str, Any]]] = {}

    def append(self, tag: str, before: dict[str, Any], item: Any) -> dict[str, Any]:
        """Return a sequence or set with one more item at its end.

        Parameters
        ----------
        tag : str
            ``"#tup"`` or ``"#set"``.
        before : dict
            The value without the item; it is not modified.
        item : JSON
            The encoded item.
        """
        items = before[tag]
        known = self._known.get((len(items) + 1, id(item)))
        if known is not None and known[0] is before:
            return known[1]
        return self.keep(tag, [*items, item], before)

    def keep(
        self, tag: str, items: list[Any], before: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """Return a sequence or set with these items.

        Parameters
        ----------
        tag : str
            ``"#tup"`` or ``"#set"``.
        items : list of JSON
            The encoded items; the caller must not modify the list later.
        before : dict, optional
            The value with all items except the last one.
        """
        if not items:
            return {tag: items}
        key = (len(items), id(items[-1]))
        known = self._known.pop(key, None)
        value = None if known is None else known[1]
        if value is None or tag not in value or not all(map(is_, value[tag], items)):
            value = {tag: items}
        self._known[key] = (before, value)
        if len(self._known) > _CACHE_SIZE:
            del self._known[next(iter(self._known))]
        return value


def track(variables: Variables, shared: SharedLists | None = None) -> ViewTracker:
    """Return a tracker for any view, including a plain function.

    Parameters
    ----------
    variables : callable
        A :class:`View`, or a function from a node to its variables.
    shared : SharedLists, optional
        The lists that trackers of several nodes share.

    Returns
    -------
    ViewTracker
        A new tracker.

    Examples
    --------
    >>> tracker = track(lambda node: {"x": node["x"], "y": node["y"]})
    >>> tracker.changes({"x": 1, "y": 1}), tracker.changes({"x": 1, "y": 2})
    ({'x': 1, 'y': 1}, {'y': 2})
    """
    view = variables if isinstance(variables, View) else View(rest=variables)
    return view.track(shared)


def checked(variables: Variables) -> View:
    """Return a view that checks its change tracking after every step.

    It compares tracked values with values computed from scratch.  That is slow, and meant for the
    tests of a protocol: ``protocol.altered(variables=checked(protocol.runnable.variables))`` is
    recorded as usual, and recording stops with an error if the view has missed a change.

    Parameters
    ----------
    variables : callable
        The view to check.

    Returns
    -------
    View
        Its tracker raises :class:`StaleViewError`.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> node, view = SimpleNamespace(log=["a", "b"]), checked(View(Growing("log", str.upper)))
    >>> tracker = view.track()
    >>> tracker.changes(node)
    {'log': {'#tup': ['A', 'B']}}
    >>> node.log[0] = "c"  # neither appended nor replaced
    >>> tracker.changes(node)
    Traceback (most recent call last):
    ...
    toolkit.protocols.views.StaleViewError: the view shows log = {"#tup":["A","B"]}, but ...
    """
    return _CheckedView(variables)


class _CheckedView(View):
    def __init__(self, variables: Variables) -> None:
        super().__init__(rest=variables)
        self.variables = variables

    def track(self, shared: SharedLists | None = None) -> ViewTracker:
        return _CheckedTracker(self, shared or SharedLists())


class _CheckedTracker(ViewTracker):
    __slots__ = ("_recorded", "_tracker", "_variables")

    def __init__(self, view: _CheckedView, shared: SharedLists) -> None:
        super().__init__(view, shared)
        self._variables = view.variables
        self._tracker = track(view.variables, shared)
        # Stored as JSON, so that later changes of a value are detected.
        self._recorded: dict[str, bytes] = {}

    def changes(self, node: Any) -> dict[str, Any]:
        changed = self._tracker.changes(node)
        self._recorded |= {name: _json(value) for name, value in changed.items()}
        for name, value in self._variables(node).items():
            recorded, actual = self._recorded.get(name, b"nothing"), _json(value)
            if recorded != actual:
                raise StaleViewError(
                    f"the view shows {name} = {recorded.decode()}, but the node has "
                    f"{actual.decode()}",
                    hint="only append to a Growing container, or replace it by another object",
                )
        return changed


_NEW = object()

_CACHE_SIZE = 100
"""Number of lists that are kept for other nodes, which will soon store the same lists."""

_json = msgspec.json.Encoder().encode

_ATOMS = frozenset({int, str, bool, type(None)})


class _ImmutableTypes(dict[type, bool]):
    """Cache of whether a type's values need no copy: atoms, frozen sets and frozen structs."""

    def __missing__(self, kind: type) -> bool:
        frozen = issubclass(kind, msgspec.Struct) and kind.__struct_config__.frozen
        self[kind] = known = kind in _ATOMS or kind is frozenset or frozen
        return known


_IMMUTABLE = _ImmutableTypes()


def _not_an_atom(name: str, value: Any) -> InternalError:
    return InternalError(
        f"an Attribute must be a number, string, boolean or None, but the variable {name!r} is a "
        f"{type(value).__name__}",
        hint="declare it as Encoded or Growing",
    )


def _copy(value: Any) -> Any:
    """Return a copy that does not change with the value."""
    kind = type(value)
    if kind is set:
        return value.copy()
    if kind is dict:
        return {key: item if _IMMUTABLE[type(item)] else _copy(item) for key, item in value.items()}
    return copy.deepcopy(value)


def _reader(parts: Iterator[Attribute | Encoded | Growing]) -> Callable[[Any], tuple[Any, ...]]:
    """Return a function that reads the sources of parts into a tuple."""
    sources = [part.source or part.name for part in parts]
    paths = [source for source in sources if isinstance(source, str)]
    if len(paths) == len(sources) > 1:
        return attrgetter(*paths)
    getters = [attrgetter(source) if isinstance(source, str) else source for source in sources]
    if len(getters) == 1:
        return lambda node: (getters[0](node),)
    return lambda node: tuple([getter(node) for getter in getters])
