"""The checker agrees with trying every order, and finds planted faults."""

from __future__ import annotations

import itertools
import json
import random
from typing import Any

import pytest

from toolkit.errors import SettingError, TraceError
from toolkit.histories import (
    KEY_VALUE,
    REGISTER,
    History,
    Operation,
    SequentialModel,
    check_linearizable,
)
from toolkit.machines import KeyValueStore


def by_trying_every_order(history: History, model: SequentialModel) -> bool:
    """The checker's twin: every order of every choice of unanswered operations."""
    answered = [one for one in history.operations if one.returned is not None]
    pending = [one for one in history.operations if one.returned is None]
    for size in range(len(pending) + 1):
        for chosen in itertools.combinations(pending, size):
            for order in itertools.permutations([*answered, *chosen]):
                if fits(order, model):
                    return True
    return False


def fits(order: tuple[Operation, ...], model: SequentialModel) -> bool:
    states: dict[Any, Any] = {}
    for at, one in enumerate(order):
        if any(
            other.returned is not None and other.returned < one.called for other in order[at + 1 :]
        ):
            return False
        part = model.part(one.operation)
        result, states[part] = model.apply(states.get(part, model.initial), one.operation)
        if one.returned is not None and result != one.result:
            return False
    return True


def random_history(rng: random.Random) -> History:
    """Few operations on two keys, with few values: some histories are linearizable."""
    operations = []
    for number in range(rng.randint(1, 5)):
        called = rng.randint(0, 6)
        returned = None if rng.random() < 0.2 else called + rng.randint(0, 4)
        key, value = rng.choice("ab"), rng.choice((None, 1, 2))
        kind = rng.choice(("get", "get", "put", "delete", "cas"))
        operation: dict[str, Any] = {"op": kind, "key": key}
        result: Any = {"ok": True}
        if kind == "get":
            result = {"value": value}
        elif kind == "put":
            operation["value"] = rng.choice((1, 2))
        elif kind == "delete":
            result = {"ok": rng.random() < 0.5}
        else:
            operation |= {"expected": rng.choice((None, 1)), "value": 2}
            result = {"ok": rng.random() < 0.5, "value": value}
        operations.append(Operation(f"c{number}", operation, called, returned, result))
    return History(tuple(operations))


def test_the_checker_agrees_with_trying_every_order_of_5000_histories() -> None:
    rng = random.Random(1)
    verdicts = []
    for _ in range(5000):
        history = random_history(rng)
        result = check_linearizable(history, KEY_VALUE)
        verdicts.append(result.ok)
        assert result.ok == by_trying_every_order(history, KEY_VALUE), str(result)
        if result.ok:
            assert sorted(result.order) == list(range(len(history.operations)))
            # The order that it tells, part after part, is one in which all can have happened.
            for key in "ab":
                order = [history.operations[at] for at in result.order]
                assert fits(tuple(one for one in order if one.operation["key"] == key), KEY_VALUE)
    assert 1000 < sum(verdicts) < 4000


def run_of_a_store(count: int, seed: int) -> list[Operation]:
    """Ten clients at one store that is as it should be: each operation happens within."""
    rng = random.Random(seed)
    store = KeyValueStore()
    free = [0.0] * 10
    plan = []
    for _ in range(count):
        client = rng.randrange(10)
        called = free[client] + rng.random()
        happens = called + rng.random()
        free[client] = happens + rng.random()
        plan.append((happens, client, called, free[client]))
    operations = []
    for _, client, called, returned in sorted(plan):
        operation = store.random_operation(rng)
        operations.append(
            Operation(f"c{client}", operation, called, returned, store.apply(operation))
        )
    return operations


def test_10000_operations_of_a_store_are_linearizable() -> None:
    result = check_linearizable(History(tuple(run_of_a_store(10_000, 1))), KEY_VALUE)
    assert (result.verdict, result.operations, result.parts) == ("linearizable", 10_000, 3)
    assert result.steps < 200_000


def replaced(operations: list[Operation], at: int, result: Any) -> History:
    one = operations[at]
    operations[at] = Operation(one.client, one.operation, one.called, one.returned, result)
    return History(tuple(operations))


@pytest.mark.parametrize("seed", range(5))
def test_a_value_that_nobody_wrote_is_caught_and_named(seed: int) -> None:
    operations = run_of_a_store(300, seed)
    at = next(k for k in range(150, 300) if operations[k].operation["op"] == "get")
    result = check_linearizable(replaced(operations, at, {"value": "nobody's"}), KEY_VALUE)
    assert result.verdict == "not linearizable"
    assert result.blocked == (at,)
    assert "nobody's" in str(result)
    assert "nobody&#x27;s" in result._repr_html_()


def put(value: int, called: float, returned: float | None = None) -> Operation:
    return Operation("w", {"op": "put", "key": "k", "value": value}, called, returned, {"ok": True})


def got(value: int | None, called: float, returned: float) -> Operation:
    return Operation("r", {"op": "get", "key": "k"}, called, returned, {"value": value})


def verdict(*operations: Operation) -> str:
    return check_linearizable(History(operations), KEY_VALUE).verdict


def test_a_stale_read_and_a_lost_update_are_caught() -> None:
    assert verdict(put(1, 0, 1), put(2, 2, 3), got(1, 4, 5)) == "not linearizable"
    assert verdict(put(1, 0, 1), put(2, 2, 5), got(1, 4, 5)) == "linearizable"
    assert verdict(put(1, 0, 1), put(2, 2, 9), got(2, 3, 4), got(1, 5, 6)) == "not linearizable"
    cas = {"op": "cas", "key": "k", "expected": 1, "value": 2}
    once = Operation("a", cas, 2, 3, {"ok": True, "value": 1})
    twice = Operation("b", cas, 4, 5, {"ok": True, "value": 1})
    assert verdict(put(1, 0, 1), once) == "linearizable"
    assert verdict(put(1, 0, 1), once, twice) == "not linearizable"


def test_an_unanswered_operation_may_take_effect_or_not_but_not_before_its_call() -> None:
    assert verdict(put(1, 0), got(1, 5, 6)) == "linearizable"
    assert verdict(put(1, 0), got(None, 5, 6)) == "linearizable"
    assert verdict(put(1, 0), got(1, 5, 6), got(None, 7, 8)) == "not linearizable"
    assert verdict(put(1, 4), got(1, 2, 3)) == "not linearizable"


def test_a_search_that_is_cut_off_is_not_decided() -> None:
    history = History(tuple(run_of_a_store(300, 1)))
    result = check_linearizable(history, KEY_VALUE, limit=100)
    assert (result.verdict, result.ok) == ("not decided", False)
    with pytest.raises(SettingError, match="limit must be at least 1, got 0"):
        check_linearizable(history, KEY_VALUE, limit=0)


def test_the_model_answers_as_the_machine_does() -> None:
    rng = random.Random(3)
    store = KeyValueStore()
    states: dict[str, Any] = {}
    for _ in range(2000):
        operation = store.random_operation(rng)
        if operation["op"] == "cas" and rng.random() < 0.7:
            operation["expected"] = store.data.get(operation["key"])
        result, states[operation["key"]] = KEY_VALUE.apply(states.get(operation["key"]), operation)
        assert result == store.apply(operation)


def test_the_model_and_the_machine_know_values_apart_as_json_does() -> None:
    values = (1, True, 0, False, 1.5, "1", [1], [True], {"a": 1, "b": 2}, {"b": 2, "a": 1}, None)
    for before in values:
        for expected in values:
            store = KeyValueStore()
            put_in = {"op": "put", "key": "k", "value": before}
            cas = {"op": "cas", "key": "k", "expected": expected, "value": 7}
            store.apply(put_in)
            _, state = KEY_VALUE.apply(None, put_in)
            result, _ = KEY_VALUE.apply(state, cas)
            same = json.dumps(before, sort_keys=True) == json.dumps(expected, sort_keys=True)
            assert result == store.apply(cas) == {"ok": same, "value": before}


def test_histories_are_read_and_written_and_what_makes_no_sense_is_refused() -> None:
    history = History((put(1, 0, 1), put(2, 3)))
    assert History.from_json(history.to_json()) == history
    for record in ({"client": 1, "operation": {}, "called": 0}, {"client": "c"}, 7):
        with pytest.raises(TraceError, match="not a valid record"):
            History.from_json([record])  # type: ignore[list-item]
    with pytest.raises(TraceError, match="before it was"):
        History((put(1, 2, 1),))
    with pytest.raises(TraceError, match="a time that is not finite"):
        History((put(1, float("nan")),))


def test_a_register_is_one_part() -> None:
    write = Operation("a", {"op": "write", "value": 1}, 0, 1)
    result = check_linearizable(History((write, Operation("b", {"op": "read"}, 2, 3, 1))), REGISTER)
    assert (result.ok, result.parts) == (True, 1)
