"""View of a Paxos node: its state in the variables of ``specs/paxos/Paxos.tla``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from toolkit.protocols.base import message_record
from toolkit.protocols.paxos.config import PaxosConfig
from toolkit.protocols.paxos.node import PaxosNode
from toolkit.trace.logview import LogView, NodeState

__all__ = ["LOG_VIEW", "constants", "durable_variables", "variables"]


def variables(node: PaxosNode) -> dict[str, Any]:
    """Return the specification's variables at a node, for the roles that it has.

    Parameters
    ----------
    node : PaxosNode
        The node.

    Returns
    -------
    dict
        Variable to ITF-encoded value.

    Examples
    --------
    >>> from toolkit.protocols.paxos import configure
    >>> node = PaxosNode("n1", configure(["n1"], {"values": "x"}))
    >>> variables(node)["maxBal"]
    -1
    """
    state: dict[str, Any] = {}
    if node.is_proposer:
        state["want"] = node.want
        state["phase"] = node.phase
        state["pBal"] = node.pBal
        state["pVal"] = node.pVal
        state["promises"] = {
            "#set": [message_record(node.promises[acc]) for acc in sorted(node.promises)]
        }
    if node.is_acceptor:
        state["maxBal"] = node.maxBal
        state["maxVBal"] = node.maxVBal
        state["maxVal"] = node.maxVal
    if node.is_learner:
        state["votes"] = {"#set": [message_record(node.votes[key]) for key in sorted(node.votes)]}
        state["learned"] = node.learned
    return state


def durable_variables(durable: Mapping[str, Any]) -> dict[str, Any]:
    """Return the specification's variable ``durable``, read from a disk's content.

    Parameters
    ----------
    durable : mapping of str to object
        The content of the disk: all durable writes, merged.

    Returns
    -------
    dict
        ``{"durable": record}``, ITF-encoded.
    """
    return {
        "durable": {
            "pBal": durable.get("pBal", -1),
            "maxBal": durable.get("maxBal", -1),
            "maxVBal": durable.get("maxVBal", -1),
            "maxVal": durable.get("maxVal"),
        }
    }


def constants(config: PaxosConfig) -> dict[str, Any]:
    """Return the specification's constants for a trace's header, ITF-encoded.

    Parameters
    ----------
    config : PaxosConfig
        The configuration of the run.

    Returns
    -------
    dict
        ``Proposers`` (a sequence: the owner of ballot b is at position b modulo its length),
        ``Acceptors``, ``Learners``, ``Values``, ``Quorum1``, ``Quorum2`` (sets of minimal quorums)
        and ``DiskQueue`` (maximum number of writes that wait for a disk).
    """
    first, second = config.quorums.phase1, config.quorums.phase2
    return {
        "Proposers": {"#tup": list(config.proposers)},
        "Acceptors": {"#set": sorted(config.acceptors)},
        "Learners": {"#set": sorted(config.learners)},
        "Values": {"#set": sorted(config.values)},
        "Quorum1": {"#set": [{"#set": sorted(quorum)} for quorum in first.minimal]},
        "Quorum2": {"#set": [{"#set": sorted(quorum)} for quorum in second.minimal]},
        "DiskQueue": 1_000_000,
    }


def final_value(node: PaxosNode) -> Any:
    """Return the value that the node knows to be chosen, or ``None``."""
    if node.is_learner and node.learned is not None:
        return node.learned
    return node.pVal if node.phase == "done" else None


_PHASES = {"idle": "idle", "1": "preparing", "2": "proposing", "done": "done"}


def _role(view: NodeState) -> str:
    """Return the proposer's phase, or the role of a node that is not a proposer."""
    if "phase" in view:
        return _PHASES[view["phase"]]
    return "acceptor" if "maxBal" in view else "learner"


def _round(view: NodeState) -> int:
    return max(int(view.get("pBal", -1)), int(view.get("maxBal", -1)))


def _chosen(view: NodeState) -> Any:
    """Return the value that the node knows to be chosen, or ``None``."""
    if view.get("learned") is not None:
        return view["learned"]
    return view["pVal"] if view.get("phase") == "done" else None


def _entries(view: NodeState) -> dict[int, Any]:
    chosen = _chosen(view)
    value = view.get("maxVal") if chosen is None else chosen
    return {} if value is None else {1: value}


def _entry_rounds(view: NodeState) -> dict[int, int]:
    value = _entries(view).get(1)
    accepted = value is not None and view.get("maxVal") == value
    return {1: int(view["maxVBal"])} if accepted else {}


def _durable(view: NodeState) -> frozenset[int] | None:
    if "durable" not in view:
        return None
    value = _entries(view).get(1)
    return frozenset({1} if value is not None and view["durable"]["maxVal"] == value else ())


LOG_VIEW = LogView(
    role=_role,
    roles={
        "idle": "following",
        "preparing": "seeking",
        "proposing": "leading",
        "done": "following",
        "acceptor": "following",
        "learner": "following",
    },
    leads=lambda view: view.get("phase") == "2" and view["pBal"] >= view.get("maxBal", -1),
    round=_round,
    round_name="ballot",
    entries=_entries,
    entry_rounds=_entry_rounds,
    committed=lambda view: 0 if _chosen(view) is None else 1,
    durable=_durable,
    variables=frozenset({"phase", "pVal", "maxVal", "learned"}),
    message_round=lambda message: message.get("bal"),
)
"""The log view of a Paxos node: a log with a single slot.

The entry is the value that the node accepted last or knows to be chosen; the round is the ballot.
  A proposer leads while it proposes and its own acceptor has promised no higher ballot.
"""
