"""``toolkit models`` and ``toolkit check MODEL``: the manifest, and whether it is so."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.cli.conftest import Toolkit
from toolkit.tlc import Manifest, load_manifest

Expect: TypeAlias = Callable[..., None]

MODEL = """[[model]]
name = "{name}"
title = "A counter"
spec = "Counter.tla"
config = "{config}"
outcome = "{outcome}"
{more}
deadlock = false
size = "small"
leaves_out = "all numbers above 4"
workers = 1
"""


@pytest.fixture
def expect(counter: Path, monkeypatch: pytest.MonkeyPatch) -> Expect:
    """Let the manifest expect this of the model ``counter``."""

    def write(outcome: str, more: str = "", config: str = "Counter.cfg") -> None:
        path = counter.with_name("manifest.toml")
        path.write_text(MODEL.format(name="counter", config=config, outcome=outcome, more=more))

        def load() -> Manifest:
            return load_manifest(path)

        monkeypatch.setattr("toolkit.cli.check.load_manifest", load)

    return write


@pytest.mark.slow
def test_a_model_that_agrees_ends_with_0_and_says_what_it_leaves_out(
    toolkit: Toolkit, expect: Expect
) -> None:
    expect("success", "distinct = 5")
    result = toolkit("check", "counter")
    assert result.exit_code == 0
    assert "agrees with the manifest" in result.stdout
    assert "all numbers above 4" in result.stdout
    document = json.loads(toolkit("check", "counter", "--json").stdout)
    assert document["manifest"] == {
        "model": "counter",
        "compared": True,
        "agrees": True,
        "disagreements": [],
        "leaves_out": "all numbers above 4",
    }


@pytest.mark.slow
def test_a_model_that_fails_as_expected_agrees_and_still_ends_with_1(
    toolkit: Toolkit, expect: Expect
) -> None:
    expect("invariant", 'violated = "Small"\nlength = 3', "small.cfg")
    result = toolkit("check", "counter", "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["manifest"]["agrees"] is True
    assert "which expects a violation" in toolkit("check", "counter").stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("outcome", "more", "config", "said"),
    [
        ("success", "distinct = 6", "Counter.cfg", "expected 6, found 5"),
        ("success", "", "small.cfg", "expected success, found invariant"),
        ("invariant", 'violated = "Small"', "Counter.cfg", "expected invariant, found success"),
        ("invariant", 'violated = "Other"', "small.cfg", "expected Other, found Small"),
    ],
)
def test_a_model_that_disagrees_with_the_manifest_ends_with_1_and_says_in_what(
    toolkit: Toolkit, expect: Expect, outcome: str, more: str, config: str, said: str
) -> None:
    expect(outcome, more, config)
    result = toolkit("check", "counter")
    assert result.exit_code == 1
    assert "DISAGREES with the manifest" in result.stdout
    assert said in result.stdout


@pytest.mark.slow
def test_with_options_of_tlc_the_manifest_has_nothing_to_say(
    toolkit: Toolkit, expect: Expect
) -> None:
    expect("success", "distinct = 6")
    result = toolkit("check", "counter", "--json", "--", "-continue")
    assert result.exit_code == 0
    manifest = json.loads(result.stdout)["manifest"]
    assert (manifest["compared"], manifest["agrees"]) == (False, None)


def test_the_list_shows_every_model_of_the_manifest(toolkit: Toolkit) -> None:
    models = load_manifest().models
    text = toolkit("models").stdout
    for model in models:
        assert model.name in text
    document = json.loads(toolkit("models", "--json").stdout)
    assert [model["name"] for model in document["models"]] == [model.name for model in models]
    assert toolkit("check", "--list").stdout == text


@pytest.mark.slow
def test_a_lesson_of_the_manifest_fails_with_a_counterexample(toolkit: Toolkit) -> None:
    result = toolkit("check", "paxos-disjoint-quorums", "--json")
    assert result.exit_code == 1
    document = json.loads(result.stdout)
    assert document["manifest"]["agrees"] is True
    assert len(document["counterexamples"][0]["states"]) > 2
