"""What newer versions of TLC say, which the embedded one does not.

No newer jar can be recorded here: these outputs are written by hand, after what was seen of
newer versions, and are no recordings.  Where ``TLA2TOOLS_JAR`` names a newer jar, the corpus and
every other test of this folder run with it.
"""

from __future__ import annotations

from typing import Any

import pytest

from toolkit.tlc import CheckResult, MessageParser, SpecSource
from toolkit.tlc.checker import conclude
from toolkit.tlc.interpret import Interpreter
from toolkit.tlc.plan import Plan
from toolkit.values import ModelValue, Tuple

MODULE = """---- MODULE Send ----
EXTENDS Naturals, TLC
CONSTANT Node
VARIABLE sent
Init == sent = <<>>
Send(n, k) ==
    sent' = Append(sent, <<n, k>>)
Next == \\E n \\in Node, k \\in 1..2 : Send(n, k)
Few == Len(sent) < 2
Bound == Len(sent) < 5
Served == <>(sent # <<>>)
Used == [](sent = <<>>)
Post == TLCGet("distinct") = 7
Short == [length |-> Len(sent)]
====
"""
VERSION = "TLC2 Version 2.20 of Day Month 20?? (rev: 0123abc)"
COUNTS = "7 states generated, 5 distinct states found, 2 states left on queue."
DONE = "7 states generated, 5 distinct states found, 0 states left on queue."
GOOD = (2193, 0, "Model checking completed. No error has been found.")
FINISHED = (2186, 0, "Finished in 512ms at (2026-01-02 03:04:05)")
THROWN = (
    "TLC threw an unexpected exception.\nThis was probably caused by an error in the spec or model."
    "\nSee the User Output or TLC Console for clues to what happened.\n"
)

Said = tuple[int, int, str]


def behaviour(*states: str) -> list[Said]:
    return [(2121, 1, "The behavior up to this point is:"), *((2217, 4, one) for one in states)]


FIRST = "1: <Init line 5, col 9 to line 5, col 19 of module Send>\nsent = <<>>\n"
SECOND = "2: <Send(n1,1) line 7, col 5 to line 7, col 34 of module Send>\nsent = <<<<n1, 1>>>>\n"
THIRD = (
    "3: <Send(n2,2) line 7, col 5 to line 7, col 34 of module Send>\n"
    "sent = <<<<n1, 1>>, <<n2, 2>>>>\n"
)


def told(said: list[Said], status: int, config: str = "") -> CheckResult:
    """Return what the bridge makes of these messages."""
    source = SpecSource("Send", {"Send": MODULE}, f"INIT Init NEXT Next CONSTANT Node = {{n1, n2}}"
                        f"\n{config}")  # fmt: skip
    plan = Plan(source)
    plan.read_config()
    interpreter, parser = Interpreter(plan.source), MessageParser()
    start: list[Said] = [
        (1000, 0, "Will generate a SpecTE file pair if error states are encountered."),
        (2262, 0, VERSION),
        (2401, 3, "Please run the Java VM with a throughput optimized garbage collector."),
        (2187, 0, "Running breadth-first search Model-Checking with fp 3 and seed -5 with 1 worker "
         "on 2 cores with 512MB heap and 64MB offheap memory [pid: 9] (Linux)."),
        (2220, 0, "Starting SANY..."), (2219, 0, "SANY finished."), (2185, 0, "Starting..."),
    ]  # fmt: skip
    for code, severity, text in [*start, *said]:
        mark = f"@!@!@STARTMSG {code}:{severity} @!@!@\n{text}\n@!@!@ENDMSG {code} @!@!@"
        for line in mark.split("\n"):
            for event in parser.feed(line):
                interpreter.take(event)
    facts: dict[str, Any] = {
        "duration": 1.0, "log": "", "log_cut": False, "java_version": "21", "command": (),
        "workers": 1,
    }  # fmt: skip
    return conclude(plan, interpreter, status, "", None, seed=None, fingerprint=0, **facts)


def test_an_action_comes_with_its_parameters_and_the_first_state_with_none() -> None:
    result = told(
        [(2110, 1, "Invariant Few is violated."), *behaviour(FIRST, SECOND, THIRD),
         (2199, 0, COUNTS), FINISHED],
        12, "INVARIANT Few",
    )  # fmt: skip
    assert (result.outcome, result.name, str(result.location)) == ("invariant", "Few", "Send:9:1")
    assert [(one.action, one.parameters) for one in result.trace] == [
        (None, ()), ("Send", ("n1", "1")), ("Send", ("n2", "2")),
    ]  # fmt: skip
    assert [str(one.location) for one in result.trace] == ["Send:5:9", "Send:7:5", "Send:7:5"]
    n1, n2 = ModelValue("n1"), ModelValue("n2")
    assert result.trace[-1].variables == {"sent": Tuple([Tuple([n1, 1]), Tuple([n2, 2])])}
    assert (result.generated, result.distinct, result.left_on_queue) == (7, 5, 2)
    assert (result.fingerprint, result.seed, result.tlc_version) == (3, -5, VERSION)
    assert len(result.warnings) == 1


def test_figures_have_separators() -> None:
    result = told(
        [GOOD,
         (2200, 0, "Progress(1,004) at 2026-01-02 03:04:05: 1,414,213 states generated "
          "(1,869 s/min), 1,000,001 distinct states found (1,300 ds/min), "
          "12 states left on queue."),
         (2199, 0, "1,414,213 states generated, 1,000,001 distinct states found, "
          "0 states left on queue."),
         (2194, 0, "The depth of the complete state graph search is 1,004."), FINISHED],
        0,
    )  # fmt: skip
    assert (result.outcome, result.complete) == ("success", True)
    assert (result.generated, result.distinct, result.left_on_queue, result.depth) == (
        1_414_213, 1_000_001, 0, 1004,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "status", "outcome"),
    [
        ("The exception was a tlc2.tool.EvalException\n: Attempted to apply a function.", 255,
         "evaluation-error"),
        ("The exception was a java.lang.RuntimeException\n: Attempted to check equality.", 75,
         "evaluation-error"),
        ("The exception was a java.lang.StackOverflowError", 255, "stack-overflow"),
    ],
)  # fmt: skip
def test_an_error_in_an_expression_comes_with_the_behaviour_before_it(
    said: str, status: int, outcome: str
) -> None:
    result = told(
        [(1000, 1, THROWN + said), *behaviour(FIRST, SECOND),
         (2103, 1, "The error occurred when TLC was evaluating the nested\nexpressions at the "
          "following positions:\n0. Line 7, column 5 to line 7, column 34 in Send\n"
          "1. Line 7, column 13 to line 7, column 34 in Send\n\n"),
         (2199, 0, COUNTS), FINISHED],
        status,
    )  # fmt: skip
    assert (result.outcome, result.ok, result.violation) == (outcome, False, False)
    assert [example.kind for example in result.counterexamples] == [outcome]
    assert len(result.trace) == 2
    assert [str(one) for one in result.positions] == ["Send:7:5", "Send:7:13"]
    assert result.source == "Append(sent, <<n, k>>)"


def test_a_failed_assert_comes_with_the_behaviour_before_it() -> None:
    result = told(
        [(2132, 1, 'The first argument of Assert evaluated to FALSE; the second was:\n"no"'),
         *behaviour(FIRST, SECOND), (2199, 0, COUNTS), FINISHED],
        14,
    )  # fmt: skip
    assert (result.outcome, result.violation, len(result.trace)) == ("assert", True, 2)


@pytest.mark.parametrize(
    ("said", "name", "candidates"),
    [
        ("Temporal properties were violated.", None, ("Served", "Used")),
        ("Temporal property Served was violated.", "Served", ()),
        ("Temporal property Served is violated.", "Served", ()),
    ],
)
def test_a_lasso_says_where_it_returns_to(
    said: str, name: str | None, candidates: tuple[str, ...]
) -> None:
    result = told(
        [(2116, 1, said), (2264, 1, "The following behavior constitutes a counter-example:"),
         (2217, 4, FIRST), (2217, 4, SECOND),
         (2122, 4, "1: <Send(n1,1) line 7, col 5 to line 7, col 34 of module Send>"),
         (2199, 0, COUNTS), FINISHED],
        13, "PROPERTIES Served Used",
    )  # fmt: skip
    [example] = result.counterexamples
    assert (example.kind, example.name, example.candidates) == ("temporal", name, candidates)
    assert (len(example.states), example.loop, example.stuttering) == (2, 1, False)


def test_a_false_postcondition_is_a_violation_although_success_was_printed_before() -> None:
    result = told(
        [GOOD, (2404, 1, "Postcondition Post at line 13, col 9 to line 13, col 31 of module Send "
                "is false."), (2199, 0, DONE), FINISHED],
        10, "POSTCONDITION Post",
    )  # fmt: skip
    assert (result.outcome, result.name) == ("postcondition", "Post")
    assert (result.ok, result.violation, result.complete) == (False, True, False)
    assert result.source == 'TLCGet("distinct") = 7'
    assert "Postcondition Post is false" in result._repr_html_()


def test_the_words_of_newer_configurations_are_none_that_it_does_not_know() -> None:
    result = told([GOOD, (2199, 0, DONE), FINISHED], 0, "POSTCONDITION Post ALIAS Short")
    assert result.outcome == "success"
    assert [caveat for caveat in result.caveats if "alias Short" in caveat]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1003, "out-of-memory"), (2266, "evaluation-error"), (2280, "config-error"),
        (2281, "config-error"), (2282, "evaluation-error"), (2283, "evaluation-error"),
        (2405, "evaluation-error"), (2999, "error"),
    ],
)  # fmt: skip
def test_an_error_that_2_15_does_not_have_is_told_apart_and_never_a_success(
    code: int, outcome: str
) -> None:
    result = told([GOOD, (code, 1, "Something is wrong."), (2199, 0, DONE), FINISHED], 0)
    assert (result.outcome, result.ok, result.complete) == (outcome, False, False)
    assert "Something is wrong." in result.message


def test_the_account_of_a_constraint_is_not_taken_for_the_action_before_it() -> None:
    result = told(
        [GOOD, (2201, 0, "The coverage statistics at 2026-01-02 03:04:05"),
         (2773, 0, "<Init line 5, col 1 to line 5, col 4 of module Send>: 1:1"),
         (2772, 0, "<Send line 6, col 1 to line 6, col 10 of module Send>: 4:6"),
         (2221, 0, "  line 7, col 5 to line 7, col 34 of module Send: 6"),
         (2778, 0, "<Bound line 10, col 1 to line 10, col 5 of module Send>: 5:7"),
         (2221, 0, "  line 10, col 10 to line 10, col 22 of module Send: 7"),
         (2202, 0, "End of statistics."), (2199, 0, DONE), FINISHED],
        0, "CONSTRAINT Bound",
    )  # fmt: skip
    assert result.coverage is not None
    actions = [(one.name, one.kind, one.distinct, one.generated) for one in result.coverage.actions]
    assert actions == [
        ("Init", "init", 1, 1), ("Send", "next", 4, 6), ("Bound", "constraint", 5, 7),
    ]  # fmt: skip
    frame = result.coverage.expression_frame(result.modules)
    assert frame["action"].tolist() == ["Send", "Bound"]
    assert frame["text"].tolist() == ["sent' = Append(sent, <<n, k>>)", "Len(sent) < 5"]
    assert result.coverage.never == ()
