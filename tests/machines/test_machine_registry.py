"""A registered machine runs on every replicated log, and histories are checked by its model."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from toolkit.checks import check_client_history, client_history
from toolkit.display.faces import to_text
from toolkit.errors import SettingError, UnknownNameError
from toolkit.machines import (
    MachineSpec,
    OperationSpec,
    get_machine,
    machine_names,
    operation_label,
    register_machine,
    unregister_machine,
)
from toolkit.protocols import get_protocol
from toolkit.sim import ScenarioBuilder, random_scenario, simulate


class Counter:
    """Counts; ``{"op": "next"}`` returns the next number."""

    def __init__(self) -> None:
        self.count = 0

    def apply(self, operation: Any) -> Any:
        if operation == {"op": "next"}:
            self.count += 1
            return self.count
        return self.count if operation == {"op": "look"} else {"error": "next or look"}

    def reads(self, operation: Any) -> bool:
        return operation != {"op": "next"}

    def snapshot(self) -> Any:
        return self.count

    def restore(self, state: Any) -> None:
        self.count = state

    def random_operation(self, rng: random.Random) -> Any:
        return {"op": rng.choice(("next", "look"))}


SPEC = MachineSpec(
    name="counter",
    title="a counter",
    factory=Counter,
    operations={"next": OperationSpec("count on"), "look": OperationSpec("the last number")},
)
NODES = ("n1", "n2", "n3")


@pytest.fixture(autouse=True)
def _registered() -> Iterator[None]:
    register_machine(SPEC)
    yield
    unregister_machine("counter")


@pytest.mark.parametrize("name", ["raft", "multipaxos", "zab"])
def test_a_registered_machine_runs_on_every_log_and_is_linearizable(name: str) -> None:
    protocol = get_protocol(name)
    answered = 0
    for seed in range(5):
        scenario = random_scenario(protocol, NODES, seed, settings={"machine": "counter"})
        result = simulate(protocol, scenario, seed=seed)
        assert result.machine == "counter"
        history = client_history(result)
        assert len(history.operations) == len(result.calls)
        assert check_client_history(result).ok
        answered += sum(call.returned is not None for call in result.calls)
    assert answered > 10


def test_a_history_that_the_machine_cannot_give_is_found() -> None:
    protocol = get_protocol("raft")
    plan = ScenarioBuilder("s", "raft", NODES).set("machine", "counter")
    plan.command(1.0, "c1", {"op": "next"}, "n1").command(2.0, "c2", {"op": "next"}, "n1")
    result = simulate(protocol, plan.retry(0.1, next_node=True).limit(time=3).build(), seed=1)
    assert [call.result for call in result.calls] == [1, 2]
    stale = replace(result, calls=tuple(_with_result(call, 1) for call in result.calls))
    assert check_client_history(result).ok
    found = check_client_history(stale)
    assert found.verdict == "not linearizable"
    assert "  c2 at 2 s: next -> 1, at 2" in to_text(found)


def _with_result(call: Any, value: int) -> Any:
    return type(call)(call.client, call.request, call.operation, call.called, call.returned, value)


def test_the_key_value_store_is_the_default_and_paxos_has_no_machine() -> None:
    raft, paxos = get_protocol("raft"), get_protocol("paxos")
    assert raft.runnable.machine({}) is get_machine("kv")
    assert raft.runnable.machine({"machine": "counter"}) is SPEC
    assert paxos.runnable.machine({}) is None
    result = simulate(paxos, random_scenario(paxos, NODES, 1), seed=1)
    assert client_history(result).operations == ()
    with pytest.raises(SettingError, match="only for a protocol that replicates a machine"):
        check_client_history(result)


def test_an_unknown_machine_is_refused_with_the_nearest_name() -> None:
    assert machine_names() == ("counter", "kv")
    with pytest.raises(UnknownNameError, match=r"unknown machine 'conter'.*'counter'"):
        random_scenario(get_protocol("raft"), NODES, 1, settings={"machine": "conter"})


def test_pictures_label_operations_by_the_machine_that_has_them() -> None:
    assert operation_label({"op": "next"}) == "next"
    assert operation_label({"op": "put", "key": "k", "value": 1}) == "k=1"
    assert operation_label({"op": "transfer", "to": "n1"}) == "transfer"
    operation, prompt = get_protocol("raft").runnable.typing({"machine": "counter"})
    assert (operation('{"op": "next"}'), prompt) == ({"op": "next"}, "ask")


def test_operations_and_results_are_described_in_the_machines_words() -> None:
    store = get_machine("kv")
    told = [
        ("put k 1", "put k = 1", {"ok": True}, "done"),
        ("get k", "get k", {"value": None}, "nothing"),
        ("get k", "get k", {"value": [1, "a"]}, '[1,"a"]'),
        ("delete k", "delete k", {"ok": False}, "the key had no value"),
        ("cas k null 2", "set k = 2 if it is nothing", {"ok": True, "value": None},
         "done, it was nothing"),
        ("cas k 1 2", "set k = 2 if it is 1", {"ok": False, "value": 3}, "refused, it is 3"),
        ("get k", "get k", {"error": "no"}, "error: no"),
    ]  # fmt: skip
    for typed, words, result, answer in told:
        operation = replace(store, typed_operation=None).typed(typed)
        assert store.understands(operation)
        assert store.describe(operation) == words
        assert store.describe_result(operation, result) == answer


@pytest.mark.parametrize("name", ["kv", "counter"])
def test_every_random_operation_is_described_and_can_be_typed(name: str) -> None:
    machine, rng = replace(get_machine(name), typed_operation=None), random.Random(1)
    running = machine.factory()
    for _ in range(200):
        operation = machine.random_operation(rng)
        assert machine.describe(operation)
        assert machine.describe_result(operation, running.apply(operation))
        fields = machine.operations[operation["op"]].parameters
        words = [json.dumps(operation[one]) for one in fields]
        assert machine.typed(" ".join([operation["op"], *words])) == operation


def test_a_typed_operation_with_too_few_values_is_refused() -> None:
    store = replace(get_machine("kv"), typed_operation=None)
    with pytest.raises(SettingError, match=r"'put' needs 2 values, got 1 \(type put KEY VALUE\)"):
        store.typed("put k")
    assert store.typed(store.typed_example) == {"op": "get", "key": "key"}
    assert store.typed('{"op": "other"}') == {"op": "other"}
    with pytest.raises(SettingError, match=r"unknown operation 'pt' \(did you mean 'put'\?\)"):
        store.typed("pt k 1")


class NotJson(Counter):
    def apply(self, operation: Any) -> Any:
        return {1, 2}


class OddSnapshot(Counter):
    def snapshot(self) -> Any:
        return {"count": {self.count}}


class OddOperation(Counter):
    def random_operation(self, rng: random.Random) -> Any:
        return {"op": object}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"factory": None}, "factory is not callable: None"),
        ({"factory": dict}, r"factory returned \{\}, which lacks apply\(\) and reads\(\)"),
        ({"operations": {"next": "count on"}}, r"operations\['next'\] must be an OperationSpec"),
        ({"factory": NotJson}, r"apply\(.*\) returned \{1, 2\}, which is not JSON"),
        ({"factory": OddSnapshot}, r"snapshot\(\) returned .*, which is not JSON"),
        ({"factory": OddOperation}, r"random_operation\(\) returned .*, which is not JSON"),
        ({"name": "a counter"}, "its name must consist of letters, digits"),
    ],
)
def test_a_machine_that_cannot_be_used_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=f"cannot be registered as a machine: {message}"):
        register_machine(replace(SPEC, **changes))
