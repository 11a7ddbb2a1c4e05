"""Every result has one face: text, HTML and JSON that say the same."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import ClassVar

import pytest
from rich.console import Group
from rich.table import Table
from rich.text import Text

from toolkit.checks import BugTable, client_history
from toolkit.checks.bugs import BugReport
from toolkit.conformance import Checked, ValidationReport, Verdict
from toolkit.display.faces import Face, register_face, to_html, to_json, to_text
from toolkit.display.faces.markup import html_of
from toolkit.errors import SettingError
from toolkit.faces import Shown
from toolkit.histories import KEY_VALUE, check_linearizable
from toolkit.installation import Diagnosis, Finding
from toolkit.protocols.protocol import BugSetup
from toolkit.reproduction.reproduce import recorded
from toolkit.sim import load_scenario, simulate_runs, simulate_trace
from toolkit.tlc.result import CheckResult, Counterexample, TraceState

VERDICT = Verdict(trace="t-1", source=None, status="accepted", steps=3, checked=Checked(steps=3),
                  complete=True)  # fmt: skip
REPORT = ValidationReport(
    verdicts=(VERDICT,), actions={"Send": 3}, unchecked={}, invariants=("TypeOK",), duration=1.0,
    tlc_seconds=0.9, distinct_steps=3, runs=1, tlc_version="TLC",
)  # fmt: skip
EXAMPLE = Counterexample(
    kind="invariant", name="Small", message="Small is violated",
    states=(TraceState(index=1, action=None, location=None, variables={"x": 2}),),
)  # fmt: skip
CHECK = CheckResult(
    outcome="invariant", name="Small", message="Small is violated", location=None, generated=5,
    distinct=4, left_on_queue=0, depth=3, complete=False, duration=1.0, counterexamples=(EXAMPLE,),
    prints="", warnings=(), log="", log_cut=False, exit_status=12, tlc_version="TLC",
    java_version="25", command=(), workers=1, fingerprint=0, seed=None,
)  # fmt: skip
BUG = BugReport(
    bug="forgets", rule="It forgets.", stage=BugSetup(), seed=1, runs=2, validation=(1,),
    invariants={}, history=(), others={}, undecided=0, replay=None,
)  # fmt: skip


def results() -> dict[str, tuple[object, str]]:
    """Return one result of each kind, and what each of its faces must say."""
    from toolkit.protocols import get_protocol

    _, run = simulate_trace(get_protocol("raft"), load_scenario("raft-happy"))
    finding = Finding(name="Java", status="missing", essential=True, detail="none", mend="get it")
    return {
        "check": (CHECK, "Small"),
        "counterexample": (EXAMPLE, "Small is violated"),
        "verdict": (VERDICT, "accepted"),
        "validation": (REPORT, "TypeOK"),
        "run": (run, "time limit"),
        "summary": (simulate_runs("paxos", runs=2, seed=1), "paxos"),
        "bugs": (BugTable("paxos", [BUG]), "forgets"),
        "installation": (Diagnosis((finding,)), "get it"),
        "linearizability": (check_linearizable(client_history(run), KEY_VALUE), "linearizable"),
        "figure": (recorded("D"), "not comparable"),
    }


RESULTS = results()


@pytest.mark.parametrize("kind", RESULTS)
def test_text_html_and_json_of_a_result_say_the_same(kind: str) -> None:
    result, said = RESULTS[kind]
    assert type(result).face == kind  # type: ignore[attr-defined]
    text = to_text(result)
    assert said in text
    assert str(result) == text
    assert said in to_html(result)
    assert result._repr_html_() == to_html(result)  # type: ignore[attr-defined]
    assert said in json.dumps(to_json(result))


def test_a_text_is_the_same_within_a_notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = to_text(VERDICT)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: True)
    assert to_text(VERDICT) == expected != ""


def test_what_a_text_holds_cannot_become_markup() -> None:
    assert "&lt;b&gt;" in html_of(Text("<b>"))
    assert "<b>" not in html_of(Text("<b>", style="bold"))
    table = Table(title="<t>")
    table.add_column("<c>")
    table.add_row("<r>")
    shown = html_of(table)
    assert all(part in shown for part in ("&lt;t&gt;", "&lt;c&gt;", "&lt;r&gt;"))


def test_html_keeps_colours_rows_and_the_sides_of_numbers() -> None:
    table = Table()
    table.add_column("name")
    table.add_column("count", justify="right")
    table.add_row("a", "1", style="bold red")
    grid = Table.grid()
    grid.add_row(table, Text("ok", "green"))
    shown = html_of(Group(grid, Text.assemble(("x", "bold"), "y"), Text("all", style="yellow")))
    assert shown.count("<table") == 2
    assert "text-align:right" in shown
    assert '<span style="font-weight:600;color:#b2182b">a</span>' in shown
    assert '<span style="color:#1b7837">ok</span>' in shown
    assert '<span style="font-weight:600">x</span>y' in shown
    assert '<span style="color:#8a6d00">all</span>' in shown


@dataclass
class Mine(Shown):
    """A result of somebody else."""

    face: ClassVar[str] = "mine"

    count: int

    def to_json(self) -> dict[str, int]:
        """Return it as JSON data."""
        return {"count": self.count}


def test_a_result_of_another_package_gets_a_face_of_its_own() -> None:
    with pytest.raises(SettingError, match="no face is registered for Mine objects"):
        to_text(Mine(3))
    face = Face(rich=lambda result: Text(f"count {result.count}"))
    register_face("mine", face)
    register_face("mine", face)
    assert str(Mine(3)) == "count 3"
    assert "count 3" in Mine(3)._repr_html_()
    assert to_json(Mine(3)) == {"count": 3}
    with pytest.raises(SettingError, match="another face named 'mine'"):
        register_face("mine", Face(rich=lambda result: Text("other")))
