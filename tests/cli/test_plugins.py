"""``toolkit plugins`` lists all that packages add; ``--machine`` chooses what is replicated."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from typing import Any

import pytest

from tests.cli.conftest import Toolkit, toolkit
from toolkit import registry
from toolkit.cli.plugins import REGISTRIES
from toolkit.machines import KeyValueStore, MachineSpec, register_machine, unregister_machine
from toolkit.trace import read_traces

__all__ = ["toolkit"]


class Register(KeyValueStore):
    """A store of one key."""

    def random_operation(self, rng: Any) -> Any:
        return super().random_operation(rng) | {"key": "only"}


@pytest.fixture
def register() -> Iterator[None]:
    register_machine(MachineSpec(name="register", title="a register", factory=Register))
    yield
    unregister_machine("register")


@pytest.mark.usefixtures("register")
def test_all_plugins_are_listed_with_their_packages(toolkit: Toolkit) -> None:
    found = toolkit("plugins", "--json")
    assert found.exit_code == 0
    rows = json.loads(found.stdout)["plugins"]
    assert {row["kind"] for row in rows} == {one.kind for one in REGISTRIES}
    assert all(row["title"] and row["problem"] is None for row in rows)
    origins = {row["name"]: row["origin"] for row in rows if row["kind"] == "machine"}
    assert origins == {"kv": "consensus-toolkit", "register": "this process"}
    shown = toolkit("plugins", "machine")
    assert "a register" in shown.stdout
    assert "protocol" not in shown.stdout
    for kind in ("aimed-fault", "aimed fault"):
        assert "crash-leader" in toolkit("plugins", kind).stdout


def test_a_plugin_that_cannot_be_loaded_is_listed_with_the_reason(
    toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = registry._installed
    broken = {"gone": EntryPoint("gone", "no_such_module:x", "toolkit.checks")}
    monkeypatch.setattr(
        registry,
        "_installed",
        lambda group: installed(group) | (broken if group == "toolkit.checks" else {}),
    )
    found = toolkit("plugins", "check", "--json")
    assert found.exit_code == 1
    problems = {row["name"]: row["problem"] for row in json.loads(found.stdout)["plugins"]}
    assert "No module named 'no_such_module'" in problems.pop("gone")
    assert set(problems.values()) == {None}


def test_an_unknown_kind_of_plugin_is_refused(toolkit: Toolkit) -> None:
    found = toolkit("plugins", "chek")
    assert found.exit_code == 2
    assert "unknown kind of plug-in 'chek' (known: protocol, machine" in found.output


@pytest.mark.usefixtures("register")
def test_simulate_replicates_the_machine_that_is_named(toolkit: Toolkit) -> None:
    found = toolkit("simulate", "raft", "--machine", "register", "--seed", "2", "--out", "t.ndjson")
    assert found.exit_code == 0, found.output
    (trace,) = read_traces("t.ndjson")
    assert "--set machine=register" in (trace.header.replay or "")
    assert '"key": "only"' in trace.header.meta["scenario"]


@pytest.mark.usefixtures("register")
def test_compare_runs_the_machine_that_is_named_on_all_protocols(toolkit: Toolkit) -> None:
    found = toolkit(
        "compare", "--machine", "register", "--nodes", "3", "--fault", "crash-leader",
        "--protocol", "raft", "--protocol", "zab", "--json",
    )  # fmt: skip
    assert found.exit_code == 0, found.output
    document = json.loads(found.stdout)
    assert "--machine register" in document["replay"]
    assert [row["linearizable"] for row in document["summary"]] == [True, True]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["simulate", "paxos", "--machine", "kv"], "it defines its own operations"),
        (["simulate", "raft", "--machine", "kvv"], "unknown machine 'kvv' (did you mean 'kv'?)"),
        (["simulate", "raft", "--machine", "kv", "--set", "machine=kv"], "given twice"),
        (["compare", "--set", "raft:machine=kv"], "all protocols replicate the same machine"),
        (["compare", "--protocol", "paxos"], "cannot replicate the machine 'kv' by a log"),
    ],
)
def test_a_machine_that_cannot_be_is_refused(
    toolkit: Toolkit, arguments: list[str], message: str
) -> None:
    end = ["--out", "t.ndjson"] if arguments[0] == "simulate" else []
    found = toolkit(*arguments, *end)
    assert found.exit_code == 2
    assert message in found.output.replace("\n", " ")


def test_compare_runs_further_checks_by_name(toolkit: Toolkit) -> None:
    words = ["compare", "--nodes", "3", "--fault", "crash-leader", "--protocol", "raft"]
    found = toolkit(*words, "--run-check", "fifo", "--json")
    assert found.exit_code == 0, found.output
    (report,) = json.loads(found.stdout)["checks"]
    assert (report["check"], report["runs"], report["findings"]) == ("fifo", 1, [])
    unknown = toolkit(*words, "--run-check", "fifa")
    assert unknown.exit_code == 2
    assert "unknown check 'fifa'" in unknown.output
