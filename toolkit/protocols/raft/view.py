"""View of a Raft server: its state in the variables of ``specs/raft/Raft.tla``."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import msgspec

from toolkit.protocols.log_entries import entry_label, entry_requests
from toolkit.protocols.raft.config import RaftConfig
from toolkit.protocols.raft.log import Log, Snapshot
from toolkit.protocols.raft.messages import Entry
from toolkit.protocols.raft.node import RaftNode
from toolkit.protocols.views import Attribute, Encoded, Growing, RecordView, View
from toolkit.trace.logview import LogView, NodeState

__all__ = [
    "LOG_VIEW",
    "constants",
    "durable_variables",
    "final_value",
    "variables",
]


@lru_cache(maxsize=50_000)
def _entry(entry: Entry) -> dict[str, Any]:
    """Return an entry ITF-encoded, with lists in place of a configuration's tuples."""
    record: dict[str, Any] = msgspec.to_builtins(entry)
    if entry.config is not None:
        record["config"] = {
            name: {"#set": list(of["#set"])} for name, of in record["config"].items()
        }
    return record


def _servers(servers: set[str]) -> dict[str, Any]:
    return {"#set": sorted(servers)}


def _counts(counts: Mapping[str, int]) -> dict[str, Any]:
    return {"#map": [[other, counts[other]] for other in sorted(counts)]}


def _snapshot(snapshot: Snapshot) -> dict[str, Any]:
    return {"index": snapshot.index, "parts": len(snapshot.chunks)}


variables = View(
    Attribute("role"),
    Attribute("currentTerm"),
    Attribute("votedFor"),
    Growing("log", _entry, "log.entries"),
    Attribute("commitIndex"),
    Encoded("votesGranted", _servers),
    Encoded("nextIndex", _counts),
    Encoded("matchIndex", _counts),
    rest=RaftNode.shown,
)
"""The specification's variables at a server, ITF-encoded.

Examples
--------
>>> from toolkit.protocols.raft import configure
>>> node = RaftNode("n1", configure(["n1", "n2", "n3"], {}))
>>> variables(node)["role"], variables(node)["log"]
('follower', {'#tup': []})
"""

_EMPTY = Log()


def _log(durable: Mapping[str, Any]) -> Log:
    log: Log = durable.get("log", _EMPTY)
    return log


durable_variables = RecordView(
    "durable",
    Attribute("currentTerm", lambda durable: durable.get("currentTerm", 0)),
    Attribute("votedFor", lambda durable: durable.get("votedFor")),
    Growing("log", _entry, lambda durable: _log(durable).entries),
    Encoded("snapshot", _snapshot, lambda durable: _log(durable).snapshot),
)
"""The specification's variable ``durable``, read from a disk's content."""


def constants(config: RaftConfig) -> dict[str, Any]:
    """Return the specification's constants for a trace's header, ITF-encoded.

    Parameters
    ----------
    config : RaftConfig
        The configuration of the run.

    Returns
    -------
    dict
        ``Servers``; ``Quorums`` (the minimal quorums, unless they are the majorities of the
        initial voters); ``Batch`` (maximum number of entries in a message); ``DiskQueue``
        (maximum number of writes that wait for a disk); ``Window``, ``Options`` and ``Voters``.
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


def final_value(node: RaftNode) -> Any:
    """Return the last applied index, or ``None`` if no entry was applied."""
    return node.lastApplied or None


def _snapshot_index(view: NodeState) -> int:
    return int(view.get("snapshot", {}).get("index", 0))


def _entries(view: NodeState) -> dict[int, Any]:
    return dict(enumerate(view["log"]["#tup"], _snapshot_index(view) + 1))


def _durable(view: NodeState) -> frozenset[int] | None:
    if "durable" not in view:
        return None
    disk = _entries(view["durable"])
    return frozenset(index for index, entry in _entries(view).items() if disk.get(index) == entry)


def _from_specification(state: NodeState) -> NodeState:
    """Return a state of the specification with each log cut to the entries after its snapshot."""
    view = {**state, "log": {"#tup": state["log"]["#tup"][_snapshot_index(state) :]}}
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
    snapshot=_snapshot_index,
    durable=_durable,
    variables=frozenset({"log", "snapshot", "commitIndex"}),
    label=entry_label,
    requests=entry_requests,
    message_round=lambda message: message.get("term"),
    from_specification=_from_specification,
)
"""The log view of a Raft server; the round is the term."""
