"""Small specifications, each made for one feature or trap of TLC, run through the real one.

``corpus/cases.toml`` says of each what it shows and what must come out of it.  What is written
there was reasoned from the specification and read in TLC's own output, not in the bridge's.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import typing
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.tlc.plain_output import Plain, disagreements, read_plain
from toolkit.cli.result import status_of
from toolkit.tlc import CheckResult, Counterexample, TraceState, check, find_java, find_tlc
from toolkit.tlc.jvm_cache import jvm_cache, start_options
from toolkit.tlc.result import CheckOutcome
from toolkit.values import format_value, parse_value

CORPUS = Path(__file__).with_name("corpus")
MEMORY = 1024
JAVA_OPTIONS = ["-XX:TieredStopAtLevel=1"]
# Nothing that a specification brings about; TLC 2.15 knows no POSTCONDITION.
OF_THE_RUN = {"time-limit", "cancelled", "violation", "postcondition"}


class Example(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a counterexample must be; a state's values are TLA+ text."""

    kind: str
    violated: str | None = None
    location: str | None = None
    length: int
    loop: int | None = None
    stuttering: bool = False
    actions: list[str] | None = None
    states: dict[str, dict[str, str]] = {}
    """By the state's number: all its variables."""
    parts: dict[str, dict[str, str]] = {}
    """By the state's number: some of its variables."""
    unparsed: dict[str, str] = {}
    """By the state's number: TLC's text, which is no value."""


class AsTlcKnowsIt(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How to put the question to a TLC that does not know the configuration's words."""

    config: str
    deadlock: bool


class Case(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A specification, how to check it, and what must come out."""

    name: str
    shows: str
    spec: str
    config: str
    options: list[str] = []
    java_options: list[str] = []
    deadlock: bool = True
    memory: int = MEMORY
    plainly: AsTlcKnowsIt | None = None
    outcome: CheckOutcome
    complete: bool = False
    status: int
    generated: int | None = None
    distinct: int | None = None
    left_on_queue: int | None = None
    depth: int | None = None
    violated: str | None = None
    candidates: list[str] = []
    location: str | None = None
    source: str | None = None
    says: list[str] = []
    warnings: list[str] = []
    caveats: list[str] = []
    printed: int = 0
    """Lines that the specification prints."""
    prints: list[str] = []
    """Some of them."""
    coverage: dict[str, tuple[int, int]] = {}
    """By action: distinct states that it led to, and all."""
    counterexample: list[Example] = []


class _Cases(msgspec.Struct, forbid_unknown_fields=True):
    case: list[Case]


CASES = msgspec.toml.decode((CORPUS / "cases.toml").read_bytes(), type=_Cases).case


class Seen(msgspec.Struct):
    """A case, what the bridge says of it, and what TLC says without ``-tool``."""

    case: Case
    result: CheckResult
    plain: Plain
    plain_text: str


def start_plain(case: Case, folder: Path) -> subprocess.Popen[bytes]:
    """Start TLC on a case as people do, in a folder of its own."""
    shutil.copytree(CORPUS / case.name, folder / "spec")
    (folder / "tmp").mkdir()
    config, deadlock = case.config, case.deadlock
    if case.plainly is not None:
        config, deadlock = case.plainly.config, case.plainly.deadlock
    java, jar = find_java(), find_tlc()
    options = [*JAVA_OPTIONS, *case.java_options]
    # Classes come from Java's cache, which changes nothing but the time to start.
    quick, _ = start_options(jvm_cache(java.path, java.version, jar.path), options, short=False)
    command = [
        java.path, *quick, f"-Xmx{case.memory}m", "-Xss16m", *options,
        "-Duser.language=en", "-Duser.country=US",
        "-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", f"-Djava.io.tmpdir={folder / 'tmp'}",
        "-cp", jar.path, "tlc2.TLC",
        "-metadir", str(folder / "meta"), "-workers", "1", "-fp", "0",
        *([] if deadlock else ["-deadlock"]), *case.options, "-config", config, case.spec,
    ]  # fmt: skip
    with (folder / "out").open("wb") as out:
        return subprocess.Popen(
            command, cwd=folder / "spec", stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )


@pytest.fixture(scope="module", params=CASES, ids=[case.name for case in CASES])
def seen(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Seen]:
    """Run a case both ways, at the same time."""
    case: Case = request.param
    folder = tmp_path_factory.mktemp("plain")
    plainly = start_plain(case, folder)
    try:
        result = check(
            CORPUS / case.name / case.spec,
            CORPUS / case.name / case.config,
            workers=1,
            fingerprint=0,
            deadlock=case.deadlock,
            memory=case.memory,
            timeout=250,
            options=case.options,
            java_options=[*JAVA_OPTIONS, *case.java_options],
        )
        status = plainly.wait(250)
    finally:
        plainly.kill()
        plainly.wait()
    text = (folder / "out").read_text(encoding="utf-8", errors="replace")
    yield Seen(case, result, read_plain(text, status), text)
    shutil.rmtree(folder)


def tokens(text: str) -> list[str]:
    """Return the words and signs of a value, without their order."""
    words = re.findall(r'"(?:[^"\\]|\\.)*"|\w+|\|->|:>|@@|<<|>>|[^\s\w]', text)
    return sorted(word for word in words if word not in "()")


def differences_of_state(state: TraceState, expected: dict[str, str], *, whole: bool) -> list[str]:
    """Say in what a state is not the expected one.

    Values are compared as values, and their texts as texts: were a parser to take a string for
    a model value, it would do so on both sides.
    """
    found = []
    if whole and set(state.variables) != set(expected):
        found.append(f"state {state.index} has {sorted(state.variables)}, not {sorted(expected)}")
    for name in expected.keys() & state.variables.keys():
        value, text = state.variables[name], expected[name]
        said = format_value(value)
        if value != parse_value(text) or tokens(said) != tokens(text):
            found.append(f"state {state.index}: {name} is {said[:200]}, not {text[:200]}")
    return found


def differences_of_example(example: Counterexample, expected: Example) -> list[str]:
    """Say in what a counterexample is not the expected one."""
    fields: list[tuple[str, object, object]] = [
        ("kind", example.kind, expected.kind),
        ("name", example.name, expected.violated),
        ("length", len(example.states), expected.length),
        ("loop", example.loop, expected.loop),
        ("stuttering", example.stuttering, expected.stuttering),
    ]
    if expected.location is not None:
        fields.append(("location", str(example.location), expected.location))
    if expected.actions is not None:
        actions = [state.action or "" for state in example.states]
        fields.append(("actions", actions, expected.actions))
    found = [f"{what} is {ours!r}, not {ought!r}" for what, ours, ought in fields if ours != ought]
    states = {str(state.index): state for state in example.states}
    if [*states] != [str(index + 1) for index in range(len(states))]:
        found.append(f"states are numbered {[*states]}")
    for index in (expected.states.keys() | expected.parts.keys()) & states.keys():
        state = states[index]
        if index in expected.states:
            found += differences_of_state(state, expected.states[index], whole=True)
        else:
            found += differences_of_state(state, expected.parts[index], whole=False)
    unparsed = {index: state.unparsed for index, state in states.items() if state.unparsed}
    if unparsed != expected.unparsed:
        found.append(f"not read: {unparsed}, not {expected.unparsed}")
    return found


def differences(result: CheckResult, case: Case) -> list[str]:
    """Say in what a result is not what the corpus expects."""
    fields: list[tuple[str, object, object]] = [
        ("outcome", result.outcome, case.outcome),
        ("exhaustive", result.complete, case.complete),
        ("exit status", result.exit_status, case.status),
        # How many states a simulation had counted when it ended depends on its threads.
        *([] if "-simulate" in case.options else [("generated", result.generated, case.generated)]),
        ("distinct", result.distinct, case.distinct),
        ("left on queue", result.left_on_queue, case.left_on_queue),
        ("depth", result.depth, case.depth),
        ("name", result.name, case.violated),
        ("candidates", list(result.candidates), case.candidates),
        # Whether TLC can say where a stack overflowed depends on a second overflow.
        *(
            []
            if result.outcome == "stack-overflow"
            else [("location", str(result.location) if result.location else None, case.location)]
        ),
        ("lines printed", len(result.prints.splitlines()), case.printed),
        ("fingerprint", result.fingerprint, 0),
    ]
    if case.source is not None:
        fields.append(("source", result.source, case.source))
    if "-seed" in case.options:
        fields.append(("seed", result.seed, int(case.options[case.options.index("-seed") + 1])))
    found = [f"{what} is {ours!r}, not {ought!r}" for what, ours, ought in fields if ours != ought]
    found += [f"message lacks {text!r}: {result.message!r}" for text in case.says
              if text not in result.message]  # fmt: skip
    if re.search(r"^@!@!@", result.message, re.MULTILINE):
        found.append(f"message has TLC's marks: {result.message!r}")
    for what, said, expected in (
        ("warnings", result.warnings, case.warnings),
        ("caveats", result.caveats, case.caveats),
    ):
        if len(said) != len(expected) or not all(any(e in s for s in said) for e in expected):
            found.append(f"{what} are {said}, not {expected}")
    found += [f"not printed: {line}" for line in case.prints
              if line not in result.prints.splitlines()]  # fmt: skip
    covered = {} if result.coverage is None else {
        action.name: (action.distinct, action.generated)
        for action in result.coverage.actions
        if action.kind != "property"
    }  # fmt: skip
    if covered != case.coverage:
        found.append(f"coverage is {covered}, not {case.coverage}")
    # An error that TLC tells of without any state is told of as a counterexample without states.
    examples = [example for example in result.counterexamples if example.states]
    if len(examples) != len(case.counterexample):
        found.append(f"{len(examples)} counterexamples, not {len(case.counterexample)}")
    for number, (example, ought) in enumerate(
        zip(examples, case.counterexample, strict=False), start=1
    ):
        found += [f"counterexample {number}: {what}"
                  for what in differences_of_example(example, ought)]  # fmt: skip
    return found


@pytest.mark.slow
def test_the_bridge_says_what_the_corpus_expects(seen: Seen) -> None:
    if "Version 2.15" not in seen.result.tlc_version and seen.result.tlc_version:
        pytest.skip("what is expected was seen on TLC 2.15")
    assert differences(seen.result, seen.case) == [], seen.case.shows


def plain_without_count(plain: Plain, generated: int | None) -> Plain:
    return msgspec.structs.replace(plain, generated=generated)


@pytest.mark.slow
def test_the_json_agrees_with_tlcs_own_words_and_exit_status(seen: Seen) -> None:
    document = json.loads(json.dumps(seen.result.to_json()))
    plain = seen.plain
    if "-simulate" in seen.case.options:
        # How many states a simulation had counted when it ended depends on its threads.
        plain = plain_without_count(plain, document["generated"])
    found = disagreements(plain, document, status_of(seen.result))
    assert found == [], seen.plain_text[-5000:]


def test_the_corpus_is_whole() -> None:
    names = [case.name for case in CASES]
    assert len(names) >= 66
    assert len(set(names)) == len(names)
    assert {folder.name for folder in CORPUS.iterdir() if folder.is_dir()} == set(names)
    for case in CASES:
        assert (CORPUS / case.name / case.spec).is_file()
        assert (CORPUS / case.name / case.config).is_file()
        assert case.shows.endswith(".")


def test_every_outcome_that_a_specification_can_bring_about_is_shown() -> None:
    assert {case.outcome for case in CASES} == {*typing.get_args(CheckOutcome)} - OF_THE_RUN


PLAIN = """Error: Invariant Low is violated.
Error: The behavior up to this point is:
State 1: <Initial predicate>
x = 0

"State 9: Error: Deadlock reached."
State 2: <Next line 5, col 9 to line 5, col 24 of module M>
x = 1

3 states generated, 2 distinct states found, 1 states left on queue.
The depth of the complete state graph search is 2.
"""
DOCUMENT: dict[str, typing.Any] = {
    "outcome": "invariant", "ok": False, "exit_status": 12, "generated": 3, "distinct": 2,
    "left_on_queue": 1, "depth": 2, "positions": [],
    "counterexamples": [
        {"kind": "invariant", "states": [{}, {}], "loop": None, "stuttering": False}
    ],
}  # fmt: skip


def test_tlcs_own_words_are_read_and_agree() -> None:
    assert disagreements(read_plain(PLAIN, 12), DOCUMENT, 1) == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("outcome", "success"), ("ok", True), ("exit_status", 0), ("generated", 4),
        ("distinct", 3), ("left_on_queue", None), ("depth", 3), ("counterexamples", []),
        ("outcome", "deadlock"), ("positions", [{"module": "M", "line": 1, "column": 2}]),
    ],
)  # fmt: skip
def test_a_false_figure_or_verdict_is_noticed(field: str, value: object) -> None:
    assert disagreements(read_plain(PLAIN, 12), {**DOCUMENT, field: value}, 1)


def test_an_exit_status_of_0_after_a_violation_is_noticed() -> None:
    assert disagreements(read_plain(PLAIN, 12), DOCUMENT, 0)
