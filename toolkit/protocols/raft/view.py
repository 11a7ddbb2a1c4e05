"""A Raft server's state in the variables of ``specs/raft/Raft.tla``, ITF-encoded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.errors import TraceError
from toolkit.protocols.log_entries import entry_label, entry_requests
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.node import RaftNode
from toolkit.trace.logview import LogView, View

__all__ = [
    "LOG_VIEW",
    "constants",
    "durable_variables",
    "final_value",
    "trace_constants",
    "variables",
]


_EMPTY = Log()


def _counts(node: RaftNode, name: str) -> dict[str, Any]:
    """Return nextIndex or matchIndex; the same object as long as nothing changes."""
    of: dict[str, int] = getattr(node, name)
    known, shown = node.shown_counts.get(name, (None, {}))
    if of != known:
        shown = {"#map": [[other, of[other]] for other in sorted(node.others)]}
        node.shown_counts[name] = (of.copy(), shown)
    return shown


def variables(node: RaftNode) -> dict[str, Any]:
    """Return the specification's variables at this server.

    Parameters
    ----------
    node : RaftNode

    Returns
    -------
    dict
        Variable to ITF-encoded value.

    Examples
    --------
    >>> from toolkit.protocols.raft import configure
    >>> node = RaftNode("n1", configure(["n1", "n2", "n3"], {}))
    >>> variables(node)["role"], variables(node)["log"]
    ('follower', {'#tup': []})
    """
    return {
        "role": node.role,
        "currentTerm": node.currentTerm,
        "votedFor": node.votedFor,
        "log": node.log.shown(),
        "commitIndex": node.commitIndex,
        "votesGranted": {"#set": sorted(node.votesGranted)},
        "nextIndex": _counts(node, "nextIndex"),
        "matchIndex": _counts(node, "matchIndex"),
        **node.shown(),
    }


def durable_variables(durable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the variable ``durable`` of a server whose disk holds this.

    Parameters
    ----------
    durable : mapping of str to object
        All durable writes, merged.
    """
    log: Log = durable.get("log", _EMPTY)
    return {
        "durable": {
            "currentTerm": durable.get("currentTerm", 0),
            "votedFor": durable.get("votedFor"),
            "log": log.shown(),
            "snapshot": {"index": log.snapshot.index, "parts": len(log.snapshot.chunks)},
        }
    }


def constants(config: RaftConfig) -> dict[str, Any]:
    """Return the specification's constants for a trace's header, ITF-encoded.

    Returns
    -------
    dict
        ``Servers``, ``Quorums`` (the minimal ones, where they are not all majorities of the
        first voters), ``Batch`` (most entries in a message) and
        ``DiskQueue`` (the most writes that may wait for a disk); ``Window``, ``Options`` and
        ``Voters``.
    """
    return {
        "Servers": {"#set": sorted(config.servers)},
        **(
            {}
            if config.quorums.is_majority()
            else {
                "Quorums": {"#set": [{"#set": sorted(quorum)} for quorum in config.quorums.minimal]}
            }
        ),
        "Batch": config.batch,
        "DiskQueue": 1_000_000,
        "Window": config.window,
        "Options": {"#set": sorted(config.options)},
        "Voters": {"#set": sorted(config.voters)},
    }


def trace_constants(constants: Mapping[str, Any], largest: int) -> dict[str, Any]:
    """Return the constants that depend on what was recorded: none.

    Parameters
    ----------
    constants : mapping
        The header's constants.
    largest : int
        The largest integer in the traces.

    Raises
    ------
    TraceError
        If a constant is missing.
    """
    names = ("Servers", "Batch", "DiskQueue")
    if missing := [name for name in names if name not in constants]:
        raise TraceError(
            f"the header's constants lack {', '.join(missing)}",
            hint=f"a trace of raft gives {', '.join(names)}",
        )
    return {}


def final_value(node: RaftNode) -> Any:
    """Return how far the server has applied its log, or ``None`` if nothing of it."""
    return node.lastApplied or None


def _snapshot(view: View) -> int:
    return int(view.get("snapshot", {}).get("index", 0))


def _entries(view: View) -> dict[int, Any]:
    return dict(enumerate(view["log"]["#tup"], _snapshot(view) + 1))


def _durable(view: View) -> frozenset[int] | None:
    if "durable" not in view:
        return None
    disk = _entries(view["durable"])
    return frozenset(index for index, entry in _entries(view).items() if disk.get(index) == entry)


def _from_specification(state: View) -> View:
    """Return a state of the specification, whose logs are whole, behind its snapshots."""
    view = {**state, "log": {"#tup": state["log"]["#tup"][_snapshot(state) :]}}
    if "durable" in state:
        view["durable"] = _from_specification(state["durable"])
    return view


LOG_VIEW = LogView(
    role=lambda view: str(view["role"]),
    roles={
        "follower": "following",
        "precandidate": "asking",
        "candidate": "seeking",
        "leader": "leading",
    },
    leads=lambda view: bool(view["role"] == "leader"),
    round=lambda view: int(view["currentTerm"]),
    round_name="term",
    entries=_entries,
    entry_rounds=lambda view: {index: entry["term"] for index, entry in _entries(view).items()},
    committed=lambda view: int(view["commitIndex"]),
    snapshot=_snapshot,
    durable=_durable,
    variables=frozenset({"log", "snapshot", "commitIndex"}),
    label=entry_label,
    requests=entry_requests,
    message_round=lambda message: message.get("term"),
    from_specification=_from_specification,
)
"""What a server's variables say of its log: the round is the term."""
