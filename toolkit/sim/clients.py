"""Simulated clients: requests, answers, retries and redirects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import msgspec

from toolkit.protocols.base import Command, Output, Redirect
from toolkit.sim.results import Answer, Call
from toolkit.sim.streams import stream

if TYPE_CHECKING:
    from toolkit.sim.host import Simulation

__all__ = ["REDIRECT", "Clients", "Request"]

REDIRECT = 0.005
"""Seconds until a redirected client sends its request to the other node."""


class Request(msgspec.Struct, gc=False):
    """A client's request.

    Parameters
    ----------
    client : str
        The client.
    request : int
        The client's number of the request.
    operation : JSON
        The requested operation.
    node : str
        The node to which the client sends the request next.
    called : float
        Time of the request, in seconds.
    answered : bool
        Whether the request was answered.
    returned : float or None
        Time of the first answer, in seconds.
    result : JSON
        The first answer.
    """

    client: str
    request: int
    operation: Any
    node: str
    called: float
    answered: bool = False
    returned: float | None = None
    result: Any = None


class Clients:
    """All clients of a run.

    Parameters
    ----------
    run : Simulation
        The run.
    follow_up : callable or None
        ``follow_up(answer) -> operation``: a client's next operation, or ``None``.

    Attributes
    ----------
    answers : list of Answer
        All answers, including repeated answers.
    requests : dict
        Client and number to :class:`Request`.
    """

    def __init__(self, run: Simulation, follow_up: Callable[[Answer], Any] | None) -> None:
        self.answers: list[Answer] = []
        self.requests: dict[tuple[str, int], Request] = {}
        self._run = run
        self._follow_up = follow_up
        self._next: Counter[str] = Counter()

    def request(self, client: str, operation: Any, node: str) -> Request:
        """Create a client's next request.

        Parameters
        ----------
        client : str
            The client.
        operation : JSON
            The requested operation.
        node : str
            The node to which the client sends it first.
        """
        number = self._next[client]
        self._next[client] = number + 1
        request = Request(client, number, operation, node, self._run.now)
        self.requests[client, number] = request
        return request

    def ask(self, request: Request) -> None:
        """Send a request to its node, and schedule the retry.

        Parameters
        ----------
        request : Request
            The request.
        """
        retry = self._run.scenario.retry
        node = request.node
        if retry.next_node:
            request.node = self._node_after(request.node)
        if retry.every is not None:
            self._run.later(retry.every, request)
        self.put(request, node)

    def put(self, request: Request, node: str) -> None:
        """Deliver a request to a node, if the node is up.

        Parameters
        ----------
        request : Request
            The request.
        node : str
            The node.
        """
        self._run.command(node, Command(request.client, request.request, request.operation))

    def _node_after(self, name: str) -> str:
        """Return the next node, in the scenario's order, that accepts commands."""
        names = self._run.scenario.nodes
        probe = stream(self._run.seed, "probe")
        random_operation = self._run.protocol.runnable.random_operation
        for step in range(1, len(names) + 1):
            candidate = names[(names.index(name) + step) % len(names)]
            if random_operation(self._run.config, probe, candidate) is not None:
                return candidate
        return name

    def redirect(self, output: Redirect) -> None:
        """Schedule the request of a redirected client to the node named in the redirect.

        Parameters
        ----------
        output : Redirect
            The redirect.
        """
        request = self._request_of(output)
        if output.to is not None and self._run.mailbox is None:
            request.node = output.to
            self._run.later(REDIRECT, request, output.to)

    def answer(self, node: str, output: Output) -> None:
        """Record a client's answer; only the first answer to a request counts.

        Parameters
        ----------
        node : str
            The node.
        output : Output
            The answer.
        """
        now = self._run.now
        answer = Answer(now, node, output.client, output.request, output.result)
        self.answers.append(answer)
        request = self._request_of(output)
        if not request.answered:
            request.answered = True
            request.returned, request.result = now, output.result
            if self._follow_up is not None:
                operation = self._follow_up(answer)
                if operation is not None:
                    # In a separate event, because the answering step is still in progress.
                    self._run.later(0.0, self.request(output.client, operation, node))

    def _request_of(self, output: Output | Redirect) -> Request:
        request = self.requests.get((output.client, output.request))
        if request is None:
            self._run.fail(
                f"answers an unknown request {output.request!r} of client {output.client!r}",
                "answer with the client and request of the Command",
            )
        return request

    def calls(self) -> tuple[Call, ...]:
        """Return all requests with their first answers, in the order of the requests."""
        return tuple(
            Call(
                request.client,
                request.request,
                request.operation,
                request.called,
                request.returned,
                request.result,
            )
            for request in self.requests.values()
        )

    def unanswered(self) -> int:
        """Return the number of requests without an answer."""
        return sum(not request.answered for request in self.requests.values())
