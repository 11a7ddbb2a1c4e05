"""What each client asked takes effect in its order, in every replicated log."""

from __future__ import annotations

import pytest

from toolkit.histories import check_fifo
from toolkit.protocols import get_protocol
from toolkit.sim import (
    Answer,
    ScenarioBuilder,
    random_scenario,
    simulate,
    simulate_trace,
)
from toolkit.trace import MemorySink
from toolkit.trace.logview import committed_requests

NODES = ("n1", "n2", "n3")


@pytest.mark.parametrize("name", ["raft", "multipaxos", "zab"])
def test_under_faults_each_clients_requests_are_committed_in_its_order(name: str) -> None:
    protocol = get_protocol(name)
    for seed in range(1, 7):
        asked: dict[str, int] = {}

        def more(answer: Answer, asked: dict[str, int] = asked) -> object:
            asked[answer.client] = asked.get(answer.client, 0) + 1
            return {"op": "put", "key": "k", "value": asked[answer.client]}

        sink = MemorySink()
        scenario = random_scenario(protocol, NODES, seed)
        result = simulate(protocol, scenario, seed=seed, sink=sink, follow_up=more)
        assert protocol.log is not None
        requests = committed_requests(sink.traces[0], protocol.log)
        found = check_fifo(requests)
        assert found.ok, f"seed {seed}: {found}"
        answered = {(one.client, one.request) for one in result.answers}
        assert answered <= set(requests)
        assert max(request for _, request in requests) > 2


def test_in_zab_requests_that_wait_for_each_other_overtake_nobody() -> None:
    protocol = get_protocol("zab")
    builder = ScenarioBuilder("pipelined", "zab", NODES).network(delay="uniform(0.001, 0.03)")
    for number in range(30):
        builder.command(0.5 + number / 1000, "c", {"op": "put", "key": "k", "value": number}, "n1")
    builder.command(1.2, "d", {"op": "get", "key": "k"}, "n1").retry(None).limit(time=1.5)
    trace, result = simulate_trace(protocol, builder.build(), seed=3)
    assert protocol.log is not None
    requests = [one for one in committed_requests(trace, protocol.log) if one[0] == "c"]
    assert requests == [("c", number) for number in range(30)]
    assert check_fifo(requests).ok
    assert [one.result for one in result.answers if one.client == "d"] == [{"value": 29}]
