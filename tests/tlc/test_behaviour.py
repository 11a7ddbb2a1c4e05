"""Behaviours go to ITF documents and come back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from tests.strategies import names, values
from toolkit.errors import ToolkitError, TraceError
from toolkit.tlc import Counterexample, TraceState, behaviour_from_itf, behaviour_to_itf, read_itf
from toolkit.values import ModelValue, Set

LASSO = Counterexample(
    kind="temporal", name="Live", message="Temporal properties were violated.",
    states=tuple(
        TraceState(k, action, None, {"x": k, "who": Set([ModelValue("a"), "a"])})
        for k, action in ((1, None), (2, "Next"), (3, "Back"))
    ),
    loop=2,
)  # fmt: skip


def test_a_lasso_keeps_the_state_that_it_returns_to() -> None:
    document = json.loads(json.dumps(behaviour_to_itf(LASSO)))
    assert document["loop"] == 1
    assert document["vars"] == ["x", "who"]
    assert [state["#meta"]["action"] for state in document["states"]] == [None, "Next", "Back"]
    assert behaviour_from_itf(document) == LASSO


def test_stuttering_is_a_loop_of_the_last_state_to_others_and_stuttering_to_us() -> None:
    example = msgspec.structs.replace(LASSO, loop=None, stuttering=True)
    document = behaviour_to_itf(example)
    assert document["loop"] == 2
    assert behaviour_from_itf(document) == example
    del document["#meta"]
    assert behaviour_from_itf(document).loop == 3


@given(st.lists(st.dictionaries(names, values, max_size=3), max_size=4))
def test_any_values_come_back_equal(rows: list[dict[str, Any]]) -> None:
    states = tuple(TraceState(k, None, None, row) for k, row in enumerate(rows, 1))
    example = Counterexample(kind="invariant", name=None, message="", states=states)
    assert behaviour_from_itf(json.loads(json.dumps(behaviour_to_itf(example)))) == example


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["#meta", "states", "loop", "x", "#set", "vars", "#bigint"]), inner
            )
        ),
        max_leaves=8,
    )
)
def test_what_is_no_document_is_told_as_an_error_of_ours(document: Any) -> None:
    try:
        found = behaviour_from_itf(document)
    except ToolkitError:
        return
    assert behaviour_from_itf(behaviour_to_itf(found)) == found


def test_files_are_read_and_bad_ones_named(tmp_path: Path) -> None:
    path = tmp_path / "b.itf.json"
    path.write_text(json.dumps(behaviour_to_itf(LASSO)))
    assert read_itf(path) == LASSO
    for text in ("{", "[]", '{"states": [{"x": {"#set": 1}}]}', '{"states": [], "loop": 0}'):
        path.write_text(text)
        with pytest.raises(TraceError, match=r"b\.itf\.json"):
            read_itf(path)
    with pytest.raises(TraceError, match="check the path"):
        read_itf(tmp_path / "none")


def test_a_state_that_was_not_read_is_not_left_out_in_silence() -> None:
    states = (TraceState(1, None, None, {}, "x = ?"),)
    with pytest.raises(TraceError, match="state 1"):
        behaviour_to_itf(msgspec.structs.replace(LASSO, states=states))
