"""Protocol-independent view of a replicated log.

Diagrams, playgrounds, metrics, comparisons and aimed faults need to know which node leads, in
which round, and which entries the logs contain.  Each protocol defines that once, as a
:class:`LogView`: pure functions of a node's *view*, that is, of the node's variables as a trace
records them.  No other part of the toolkit reads a protocol's variables by name.

:func:`check_log_view` checks a protocol's :class:`LogView` with recorded runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, TypeAlias, TypeVar, get_args

from toolkit.errors import SettingError
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
"""The meaning of a role for leadership: ``"leading"``, the node leads or is about to, as its
proposals show; ``"seeking"``, it tries to become the leader; ``"asking"``, it asks whether it
should try; ``"following"``, any other role."""

_T = TypeVar("_T")


class Request(NamedTuple):
    """A client's request in a log entry.

    Attributes
    ----------
    client : str
        The client that sent it.
    number : int
        The client's number of the request.
    operation : JSON
        The requested operation.
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


def _unchanged(state: NodeState) -> NodeState:
    return state


@dataclass(frozen=True, kw_only=True)
class LogView:
    """A protocol's definition of how to read the replicated log from a node's variables.

    Each function is pure: it does not change its argument, and returns equal results for equal
    arguments.  It may assume that the view has all variables that the protocol records for the
    node; it raises :class:`KeyError` if the view lacks a variable that it needs.  Except for `up`,
    no function depends on whether the node is up: the view of a node that is down is the state
    in which it would restart.

    Parameters
    ----------
    role : callable
        ``role(view) -> str``: the node's role, under the protocol's own name; a key of `roles`.
    roles : mapping of str to str
        Role to :data:`Standing`: ``"leading"``, ``"seeking"``, ``"asking"`` or ``"following"``.
        Diagrams colour the roles accordingly.
    leads : callable
        ``leads(view) -> bool``: whether the node considers itself the leader and may propose.
        Its role must then be ``"leading"``.  At most one node leads in a round.
    round : callable
        ``round(view) -> int``: the highest term, ballot or epoch in which the node takes part; a
        negative number if there is none.  It never decreases, except at a crash.
    round_name : str
        The protocol's name of a round: term, ballot or epoch.
    entries : callable
        ``entries(view) -> dict``: index (from 1) to the entry that the node stores there,
        committed or not.  Entries are JSON values; two nodes store the same entry if the values
        are equal.  Entries that a snapshot replaces are left out; gaps are allowed after the
        committed entries.
    entry_rounds : callable
        ``entry_rounds(view) -> dict``: index to the round in which the entry was proposed, for
        the entries whose round the node knows.
    committed : callable
        ``committed(view) -> int``: the last index up to which the node knows all entries to be
        committed, including those in a snapshot; 0 if there is none.  The node has all of these
        entries, or a snapshot that replaces them.
    snapshot : callable
        ``snapshot(view) -> int``: the last index that the node's snapshot covers; 0 without a
        snapshot.  It is at most `committed`.
    durable : callable
        ``durable(view) -> frozenset or None``: the indices of the `entries` that are durable in
        their present form; ``None`` if the view does not tell.
    variables : frozenset of str
        The variables that `entries` and `committed` read.  If none of them has changed, the
        results have not changed.
    label : callable
        ``label(entry) -> str``: the entry's content in a few characters, for a box in a diagram.
    identity : callable
        ``identity(entry) -> str``: the entry's number in the protocol's own form, if that is
        more than a round and an index; ``""`` otherwise.
    requests : callable
        ``requests(entry) -> list of Request``: the clients' requests in this entry, in order.
    message_round : callable
        ``message_round(message) -> int or None``: the round to which a message (a record as in
        a trace) belongs.
    up : callable
        ``up(view) -> bool``: whether the node is up; ``True`` if this was not recorded.
    from_specification : callable
        ``from_specification(state) -> view``: converts a node's variables in a state of the
        specification, for instance in a counterexample, to the form that traces record.

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
    from_specification: Callable[[NodeState], NodeState] = _unchanged

    def __post_init__(self) -> None:
        for role, standing in self.roles.items():
            if standing not in get_args(Standing):
                raise SettingError(
                    f"roles of a LogView: unknown standing {standing!r} of the role {role!r}",
                    hint=f"known: {', '.join(get_args(Standing))}",
                )

    def describe_round(self, number: int | None) -> str:
        """Return a round as text, with its name.

        Parameters
        ----------
        number : int or None
            The round; ``None`` if it is not known.

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
    """Apply a function of a log view; return ``None`` if the view lacks a variable.

    A trace need not record all variables, and another specification with the same name may have
    them in another form.  Diagrams leave out what they cannot read.

    Parameters
    ----------
    function : callable
        A function of a :class:`LogView`.
    view : mapping of str to JSON
        A node's variables.

    Returns
    -------
    object or None
        The function's result.
    """
    try:
        return function(view)
    except (LookupError, TypeError, AttributeError):
        return None


def current_leader(log: LogView, views: Mapping[str, NodeState]) -> str | None:
    """Return the leader in the highest round among nodes.

    Parameters
    ----------
    log : LogView
        The protocol's log view.
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
    """Check a protocol's log view with recorded runs.

    The following rules of :class:`LogView` are checked at every step:

    - Roles are declared, and a leader's role is ``"leading"``.
    - Rounds never decrease except at a crash, and at most one node leads in a round.
    - Committed entries are present, stay committed until a crash, and are equal on all nodes.
    - A snapshot covers only committed entries.
    - Rounds and durable indices belong to entries.
    - `entries` and `committed` change only if one of `variables` changes.
    - No function changes its argument.

    Parameters
    ----------
    log : LogView
        The protocol's log view.
    traces : iterable of Trace
        Runs of a correct implementation, with the states of all nodes and with ``up`` false after
        a crash.  Entries are compared only within a trace.

    Returns
    -------
    list of str
        A line for the first violation of each rule in each trace: trace, step, node, and what was
        found; empty if no rule is violated.
    """
    violations: list[str] = []
    for trace in traces:
        violations += _TraceCheck(log, trace).run()
    return violations


class _TraceCheck:
    """The check of a log view's rules in one trace."""

    def __init__(self, log: LogView, trace: Trace) -> None:
        self.log = log
        self.trace = trace
        self.violations: dict[str, str] = {}
        self.rounds: dict[str, int] = {}
        self.commits: dict[str, int] = {}
        self.logs: dict[str, tuple[dict[int, Any], int]] = {}
        self.leaders: dict[int, str] = {}
        self.agreed: dict[int, Any] = {}

    def run(self) -> list[str]:
        for node, view in self.trace.header.initial.items():
            self._check_state("at the start", node, view, frozenset(view), crashed=True)
        was_up = {node: self.log.up(view) for node, view in self.trace.header.initial.items()}
        for step, states in self.trace.states():
            view = states[step.node]
            now = self.log.up(view)
            crashed = now != was_up.get(step.node, True)
            was_up[step.node] = now
            where = f"step {step.index} ({step.action})"
            self._check_state(where, step.node, view, frozenset(step.state or ()), crashed=crashed)
        name = self.trace.header.trace
        return [f"{name}, {text}" for text in self.violations.values()]

    def _expect(self, holds: bool, rule: str, where: str, node: str, what: object) -> None:
        if not holds:
            self.violations.setdefault(rule, f"{where}, {node}: {rule} ({what})")

    def _check_state(
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
               "the round decreased without a crash", f"{self.rounds.get(node)} to {number}",
               )  # fmt: skip
        if leads and log.up(view):
            first = self.leaders.setdefault(number, node)
            expect(first == node, "two nodes lead in one round",
                   f"{first} and {node} in {log.describe_round(number)}")  # fmt: skip
        expect(all(index > snapshot for index in entries),
               "an entry has an index that the snapshot covers", snapshot)  # fmt: skip
        expect(0 <= snapshot <= committed,
               "the snapshot covers more than is committed",
               f"{snapshot} of {committed}")  # fmt: skip
        missing = [index for index in range(snapshot + 1, committed + 1) if index not in entries]
        expect(not missing, "a committed entry is missing", f"index {missing[:1]}")
        expect(crashed or committed >= self.commits.get(node, 0),
               "the committed index decreased without a crash",
               f"{self.commits.get(node)} to {committed}")  # fmt: skip
        expect(rounds.keys() <= entries.keys(), "a round belongs to a missing entry",
               sorted(rounds.keys() - entries.keys())[:3])  # fmt: skip
        expect(durable is None or durable <= entries.keys(),
               "a durable index belongs to a missing entry",
               sorted((durable or frozenset()) - entries.keys())[:3])  # fmt: skip
        if node in self.logs and log.variables.isdisjoint(changed):
            expect(self.logs[node] == (entries, committed),
                   "entries or committed changed, but none of variables did", sorted(changed),
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
        A trace that records the states of all nodes.
    log : LogView
        The protocol's log view.

    Yields
    ------
    tuple of (float, str, dict, dict, int)
        Time in seconds, node, the node's entries before and after, and its committed index.
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
    """Return the committed client requests in the order of the replicated log.

    Parameters
    ----------
    trace : Trace
        A trace that records the states of all nodes.
    log : LogView
        The protocol's log view.

    Returns
    -------
    list of (str, int)
        Client and number of each request, as often as it was committed; for
        :func:`toolkit.histories.check_fifo`.
    """
    committed_so_far: list[tuple[str, int]] = []
    index = 0
    for _, _, _, entries, committed in log_changes(trace, log):
        while index < committed and index + 1 in entries:
            index += 1
            committed_so_far += [
                (request.client, request.number) for request in log.requests(entries[index])
            ]
    return committed_so_far
