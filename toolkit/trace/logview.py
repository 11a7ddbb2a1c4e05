"""One view of a replicated log, whatever the protocol.

Pictures, playgrounds, metrics, comparisons and aimed faults need to know who leads, in which
round, and what stands in the logs.  Each protocol says that once, as a :class:`LogView`: pure
functions of a node's *view*, the node's variables as a trace records them.  Nothing else in the
toolkit looks at a protocol's variables by name.

:func:`check_log_view` holds a view against recorded runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar

from toolkit.trace.model import Trace

__all__ = [
    "LogView",
    "NodeState",
    "Request",
    "Standing",
    "check_log_view",
    "committed_requests",
    "current_leader",
    "log_changes",
    "shown",
]

NodeState: TypeAlias = Mapping[str, Any]
"""A node's variables as a trace records them: name to ITF-encoded value."""

Standing: TypeAlias = Literal["leading", "seeking", "asking", "following"]
"""What a role means for leadership: the node leads, or is about to as its own proposals show; it
tries to become the leader; it asks whether it should try; none of these."""

_T = TypeVar("_T")


class Request(NamedTuple):
    """A client's request in a log entry.

    Attributes
    ----------
    client : str
        The client that sent it.
    number : int
        The client's number for it.
    operation : JSON
        What the client asked for.
    """

    client: str
    number: int
    operation: Any


def _is_up(view: NodeState) -> bool:
    return view.get("up") is not False


def _no_durable(view: NodeState) -> frozenset[int] | None:
    return None


def _no_round(message: Mapping[str, Any]) -> int | None:
    return None


def _plain_label(entry: Any) -> str:
    return str(entry)


def _no_requests(entry: Any) -> list[Request]:
    return []


def _no_identity(entry: Any) -> str:
    return ""


def _same(state: NodeState) -> NodeState:
    return state


@dataclass(frozen=True, kw_only=True)
class LogView:
    """What a node's recorded variables say of its replicated log.

    Each function is pure: it does not change its argument, and returns the same for the same
    argument.  It may assume that the view has all variables that the protocol records for the
    node; for a view that lacks one that it needs it raises :class:`KeyError`.  Except for `up`, no
    function looks at whether the node is up: of a node that is down, the view is the state in
    which it would restart.

    Parameters
    ----------
    role : callable
        ``role(view) -> str``: the node's role, in the protocol's own word; one of `roles`.
    roles : mapping of str to str
        Role to :data:`Standing`: ``"leading"``, ``"seeking"``, ``"asking"`` or ``"following"``.
        Pictures colour the roles by it.
    leads : callable
        ``leads(view) -> bool``: whether the node takes itself for the leader and may propose.
        Then its role is one that is ``"leading"``.  In a round at most one node ever leads.
    round : callable
        ``round(view) -> int``: the highest term, ballot or epoch in which the node takes part; a
        negative number for none.  It never falls, except at a crash.
    round_name : str
        What a round is called: term, ballot, epoch.
    entries : callable
        ``entries(view) -> dict``: by index, from 1, what the node stores there, committed or
        not.  Entries are JSON values, and two nodes store the same entry if these are equal.
        Entries that a snapshot stands for are left out; gaps are allowed after the committed ones.
    entry_rounds : callable
        ``entry_rounds(view) -> dict``: by index, the round in which the entry there was
        proposed, for those of the entries of which the node knows it.
    committed : callable
        ``committed(view) -> int``: the last index that the node knows to be committed together
        with all before it, those in a snapshot included; 0 for none.  The node has all of these
        entries, or a snapshot that stands for them.
    snapshot : callable
        ``snapshot(view) -> int``: the last index for which the node's snapshot stands; 0 for
        none.  It is not greater than `committed`.
    durable : callable
        ``durable(view) -> frozenset or None``: the indices of those of `entries` that the
        node's disk holds as they are; ``None`` if the view does not say.
    variables : frozenset of str
        The variables that `entries` and `committed` look at: where none of them has changed, the
        result has not.
    label : callable
        ``label(entry) -> str``: a few characters on the entry's content, for a box in a picture.
    identity : callable
        ``identity(entry) -> str``: the entry's number in the protocol's own form, where that is
        more than a round and an index; ``""`` otherwise.
    requests : callable
        ``requests(entry) -> list of Request``: what clients asked in this entry, in order.
    message_round : callable
        ``message_round(message) -> int or None``: the round to which a message (a record as in
        a trace) belongs.
    up : callable
        ``up(view) -> bool``: whether the node is up; ``True`` where this was not recorded.
    from_specification : callable
        ``from_specification(state) -> view``: a node's variables in the specification's own
        states, as a counterexample has them, in the form in which traces record them.

    Examples
    --------
    >>> view = LogView(
    ...     role=lambda view: view["role"],
    ...     roles={"leader": "leading", "backup": "following"},
    ...     leads=lambda view: view["role"] == "leader",
    ...     round=lambda view: view["number"],
    ...     round_name="number",
    ...     entries=lambda view: dict(enumerate(view["list"]["#tup"], 1)),
    ...     entry_rounds=lambda view: {},
    ...     committed=lambda view: view["safe"],
    ...     variables=frozenset({"list", "safe"}),
    ... )
    >>> view.entries({"list": {"#tup": ["a", "b"]}})
    {1: 'a', 2: 'b'}
    """

    role: Callable[[NodeState], str]
    roles: Mapping[str, Standing]
    leads: Callable[[NodeState], bool]
    round: Callable[[NodeState], int]
    round_name: str
    entries: Callable[[NodeState], dict[int, Any]]
    entry_rounds: Callable[[NodeState], dict[int, int]]
    committed: Callable[[NodeState], int]
    variables: frozenset[str]
    snapshot: Callable[[NodeState], int] = field(default=lambda view: 0)
    durable: Callable[[NodeState], frozenset[int] | None] = _no_durable
    label: Callable[[Any], str] = _plain_label
    identity: Callable[[Any], str] = _no_identity
    requests: Callable[[Any], list[Request]] = _no_requests
    message_round: Callable[[Mapping[str, Any]], int | None] = _no_round
    up: Callable[[NodeState], bool] = _is_up
    from_specification: Callable[[NodeState], NodeState] = _same

    def describe_round(self, number: int | None) -> str:
        """Return a round with its name, for people.

        Parameters
        ----------
        number : int or None
            ``None`` if it is not known.

        Returns
        -------
        str
            For instance ``"term 3"``; ``"no term"`` for a negative number, ``"term ?"`` for
            ``None``.
        """
        if number is None:
            return f"{self.round_name} ?"
        return f"{self.round_name} {number}" if number >= 0 else f"no {self.round_name}"


def shown(function: Callable[[NodeState], _T], view: NodeState) -> _T | None:
    """Return a function of a view, or ``None`` if the view lacks what it needs.

    A trace need not record all variables, and a specification of the same name may have them in
    another form: pictures leave out what they are not told.

    Parameters
    ----------
    function : callable
        A function of a :class:`LogView`.
    view : mapping of str to JSON
        A node's variables.
    """
    try:
        return function(view)
    except (LookupError, TypeError, AttributeError):
        return None


def current_leader(log: LogView, views: Mapping[str, NodeState]) -> str | None:
    """Return the leader among some nodes; of several the one in the highest round.

    Parameters
    ----------
    log : LogView
        The protocol's.
    views : mapping of str to NodeState
        Node to its view.  A node that is down does not lead.

    Returns
    -------
    str or None
        ``None`` if no node leads.
    """
    leading = [
        (log.round(view), node) for node, view in views.items() if log.up(view) and log.leads(view)
    ]
    return max(leading)[1] if leading else None


def check_log_view(log: LogView, traces: Iterable[Trace]) -> list[str]:
    """Hold a protocol's view of its log against recorded runs.

    The contract of :class:`LogView` is checked at every step: roles are declared and a leader's
    is a leading one; rounds never fall except at a crash, and at most one node leads in each;
    what is committed is there, stays until a crash, and is the same on all nodes; a snapshot
    stands for committed entries only; rounds and durable indices belong to entries; `entries` and
    `committed` change only with `variables`; no function changes its argument.

    Parameters
    ----------
    log : LogView
        The protocol's.
    traces : iterable of Trace
        Runs of a correct implementation of it, with the states of all nodes, in which crashes
        show in ``up``.  Entries are compared within a trace only.

    Returns
    -------
    list of str
        A line for each rule and trace in which it is broken first: trace, step, node, and what
        was found; empty if all is well.
    """
    found: list[str] = []
    for trace in traces:
        found += _Check(log, trace).run()
    return found


class _Check:
    """The rules of a view, held against one trace."""

    def __init__(self, log: LogView, trace: Trace) -> None:
        self.log = log
        self.trace = trace
        self.found: dict[str, str] = {}
        self.rounds: dict[str, int] = {}
        self.commits: dict[str, int] = {}
        self.logs: dict[str, tuple[dict[int, Any], int]] = {}
        self.leaders: dict[int, str] = {}
        self.agreed: dict[int, Any] = {}

    def run(self) -> list[str]:
        for node, view in self.trace.header.initial.items():
            self._look("at the start", node, view, frozenset(view), crashed=True)
        was_up = {node: self.log.up(view) for node, view in self.trace.header.initial.items()}
        for step, states in self.trace.states():
            view = states[step.node]
            now = self.log.up(view)
            crashed = now != was_up.get(step.node, True)
            was_up[step.node] = now
            where = f"step {step.index} ({step.action})"
            self._look(where, step.node, view, frozenset(step.state or ()), crashed=crashed)
        name = self.trace.header.trace
        return [f"{name}, {text}" for text in self.found.values()]

    def _expect(self, holds: bool, rule: str, where: str, node: str, what: object) -> None:
        if not holds:
            self.found.setdefault(rule, f"{where}, {node}: {rule} ({what})")

    def _look(
        self, where: str, node: str, view: NodeState, changed: frozenset[str], *, crashed: bool
    ) -> None:
        log = self.log
        before = repr(view)
        try:
            role, leads, number = log.role(view), log.leads(view), log.round(view)
            entries, committed = log.entries(view), log.committed(view)
            snapshot, rounds, durable = (
                log.snapshot(view),
                log.entry_rounds(view),
                log.durable(view),
            )
        except KeyError as error:
            self._expect(False, "the view lacks a variable", where, node, error)
            return

        def expect(holds: bool, rule: str, what: object) -> None:
            self._expect(holds, rule, where, node, what)

        expect(before == repr(view), "a function changed its argument", sorted(view))
        expect(role in log.roles, "the role is not declared in roles", repr(role))
        expect(not leads or log.roles.get(role) == "leading",
               "a leader's role must be a leading one", repr(role))  # fmt: skip
        expect(crashed or number >= self.rounds.get(node, number),
               "the round falls without a crash", f"{self.rounds.get(node)} to {number}",
               )  # fmt: skip
        if leads and log.up(view):
            first = self.leaders.setdefault(number, node)
            expect(first == node, "two nodes lead in one round",
                   f"{first} and {node} in {log.describe_round(number)}")  # fmt: skip
        expect(all(index > snapshot for index in entries),
               "an entry has an index that the snapshot stands for", snapshot)  # fmt: skip
        expect(0 <= snapshot <= committed,
               "the snapshot stands for more than is committed",
               f"{snapshot} of {committed}")  # fmt: skip
        missing = [index for index in range(snapshot + 1, committed + 1) if index not in entries]
        expect(not missing, "a committed entry is not there", f"index {missing[:1]}")
        expect(crashed or committed >= self.commits.get(node, 0),
               "what is committed falls without a crash",
               f"{self.commits.get(node)} to {committed}")  # fmt: skip
        expect(rounds.keys() <= entries.keys(), "a round belongs to an entry that is not there",
               sorted(rounds.keys() - entries.keys())[:3])  # fmt: skip
        expect(durable is None or durable <= entries.keys(),
               "a durable index belongs to an entry that is not there",
               sorted((durable or frozenset()) - entries.keys())[:3])  # fmt: skip
        if node in self.logs and log.variables.isdisjoint(changed):
            expect(self.logs[node] == (entries, committed),
                   "entries or committed changed without any of variables", sorted(changed),
                   )  # fmt: skip
        for index in range(snapshot + 1, committed + 1):
            if index in entries:
                first_entry = self.agreed.setdefault(index, entries[index])
                expect(first_entry == entries[index],
                       "nodes have different committed entries", f"index {index}")  # fmt: skip
        self.rounds[node], self.commits[node] = number, committed
        self.logs[node] = (entries, committed)


def log_changes(
    trace: Trace, log: LogView
) -> Iterator[tuple[float, str, dict[int, Any], dict[int, Any], int]]:
    """Yield each change of a node's log: time, node, entries before and after, committed.

    Parameters
    ----------
    trace : Trace
        With the states of all nodes.
    log : LogView
    """
    now: dict[str, dict[int, Any]] = {}
    for node, view in trace.header.initial.items():
        now[node] = log.entries(view)
        yield 0.0, node, {}, now[node], log.committed(view)
    for step, states in trace.states():
        if step.state and not log.variables.isdisjoint(step.state):
            view = states[step.node]
            before, now[step.node] = now.get(step.node, {}), log.entries(view)
            yield step.time, step.node, before, now[step.node], log.committed(view)


def committed_requests(trace: Trace, log: LogView) -> list[tuple[str, int]]:
    """Return the clients' requests in the order in which they stand in the replicated log.

    Parameters
    ----------
    trace : Trace
        With the states of all nodes.
    log : LogView

    Returns
    -------
    list of (str, int)
        Client and number of each request, as often as it was committed; for
        :func:`toolkit.histories.check_fifo`.
    """
    found: list[tuple[str, int]] = []
    index = 0
    for _, _, _, entries, committed in log_changes(trace, log):
        while index < committed and index + 1 in entries:
            index += 1
            found += [(one.client, one.number) for one in log.requests(entries[index])]
    return found
