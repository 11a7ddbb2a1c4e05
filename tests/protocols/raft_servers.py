"""Raft servers in a stated state, and rules that are tried on the planted bugs too."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from toolkit.protocols.base import Effects, Receive, SetTimer, Timeout
from toolkit.protocols.raft import RaftNode, configure
from toolkit.protocols.raft.core import ELECTION_TIMER
from toolkit.protocols.raft.log import Log
from toolkit.protocols.raft.messages import (
    AppendEntries,
    AppendEntriesResponse,
    Entry,
    RequestVoteResponse,
)

Make = Callable[..., RaftNode]
RULES: dict[str, Callable[[Make], None]] = {}


def rule(test: Callable[[Make], None]) -> Callable[[Make], None]:
    """Keep a test, so that it can be run on the planted bugs too."""
    RULES[test.__name__] = test
    return test


def entries(*terms: int) -> tuple[Entry, ...]:
    return tuple(Entry(term, "command", json.dumps(["c", k, {"op": "put", "key": "k", "value": k}]))
                 for k, term in enumerate(terms))  # fmt: skip


def maker(kind: Callable[..., Any]) -> Make:
    def made(
        *,
        term: int = 0,
        voted: str | None = None,
        log: tuple[Entry, ...] = (),
        nodes: int = 3,
        settings: Mapping[str, str] | None = None,
    ) -> RaftNode:
        names = [f"n{k}" for k in range(1, nodes + 1)]
        node: RaftNode = kind("n1", configure(names, settings or {}))
        node.currentTerm, node.votedFor, node.log = term, voted, Log(log)
        return node

    return made


def get(node: RaftNode, message: Any, sender: str = "n2", now: float = 0.0) -> Effects:
    return node.handle(Receive(sender, message), now)


def candidate(node: RaftNode) -> Effects:
    return node.handle(Timeout(ELECTION_TIMER), 0.0)


def leading(make: Make, **state: Any) -> RaftNode:
    node = make(**state)
    candidate(node)
    get(node, RequestVoteResponse(node.currentTerm, "n2", "n1", True))
    assert node.role == "leader"
    return node


def append(
    term: int, prev: tuple[int, int] = (0, 0), new: tuple[Entry, ...] = (), commit: int = 0
) -> AppendEntries:
    return AppendEntries.of(term, "n2", prev, new, commit)


def success(
    term: int, match: int, sender: str = "n2", round_number: int = 0
) -> AppendEntriesResponse:
    return AppendEntriesResponse(term, sender, "n1", True, match, 0, 0, 0, round_number)


def only(effects: Effects) -> Any:
    (send,) = effects.sends
    return send.message


def timers(effects: Effects) -> dict[str, SetTimer]:
    return {timer.timer: timer for timer in effects.timers}
