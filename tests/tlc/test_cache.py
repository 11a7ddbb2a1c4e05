"""What is remembered is what was computed, and only where the question is the same."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import tempfile
import typing
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from tests.strategies import names, values
from toolkit.errors import JavaNotFoundError, SettingError, ValueParseError
from toolkit.tlc import CheckResult, Counterexample, SpecSource, TraceState, check, find_tlc
from toolkit.tlc.cache import (
    ResultCache,
    cached_check,
    check_options,
    result_key,
    why_not_remembered,
)
from toolkit.tlc.coverage import ActionCoverage, Coverage, ExpressionCoverage
from toolkit.tlc.modules import Location
from toolkit.values import (
    FALSE,
    TRUE,
    ModelValue,
    Record,
    Set,
    Tuple,
    from_itf,
    function,
    interval,
    to_itf,
)

NOON = datetime(2020, 2, 3, 12, 0, tzinfo=UTC)
KEY = "0" * 64
END = "@!@!@STARTMSG 2186:0 @!@!@\nFinished in 1ms\n@!@!@ENDMSG 2186 @!@!@\n"
PLACE = Location("M", 3, 4, 5, 6)
STATE = TraceState(
    2, "Next", PLACE, {"x": TRUE, "y": 1}, unparsed="/\\ x", parameters=("a1", "<<1>>")
)
FULL = CheckResult(
    outcome="invariant", name="Inv", message="violated", location=PLACE, source="x < 3",
    positions=(PLACE, Location(None, 1, 1)), candidates=("A", "B"), generated=10**12, distinct=2,
    left_on_queue=0, depth=3, complete=True, caveats=("cut",), duration=0.1 + 0.2,
    counterexamples=(
        Counterexample(
            kind="temporal", name=None, message="m", location=PLACE, source="s",
            candidates=("A",), states=(STATE,), loop=1, stuttering=True,
        ),
        Counterexample(kind="invariant", name="I", message=""),
    ),
    coverage=Coverage(
        (ActionCoverage("Next", "next", PLACE, None, 1, 2),),
        (ExpressionCoverage(0, 1, PLACE, 5, None),),
        final=False,
    ),
    prints="π\n\x00\ttext", prints_cut=True, warnings=("w",), log=f"\u2028\n{END}", log_cut=True,
    exit_status=12, tlc_version="2.15", java_version="17", command=("java", "-x"), workers=2,
    fingerprint=3, seed=-(2**63), modules={"M": "text", "N": "more"}, config="INIT Init",
    checkpoint="here",
)  # fmt: skip
BODY = """---- MODULE M ----
EXTENDS Naturals, TLC
VARIABLE x
Init == x = 0
Next == x' = (x + 1) % 5
Spec == Init /\\ [][Next]_x
Low == x < 3
====
"""
SOURCE = SpecSource("M", {"M": BODY}, "SPECIFICATION Spec INVARIANT Low")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test looks into the cache of whoever runs it."""
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def memory(tmp_path: Path) -> ResultCache:
    return ResultCache(tmp_path / "memory", clock=lambda: NOON)


def again(memory: ResultCache, result: CheckResult, key: str = KEY) -> CheckResult | None:
    assert memory.put(key, result) is None
    return memory.get(key)


# What comes back


def test_every_field_comes_back(memory: ResultCache) -> None:
    defaults = {f.name: f.default for f in msgspec.structs.fields(CheckResult)}
    same = {name for name, value in defaults.items() if getattr(FULL, name) == value}
    assert same == {"remembered"}
    found = again(memory, FULL)
    assert found == msgspec.structs.replace(FULL, remembered="2020-02-03T12:00:00+00:00")
    assert found.to_json(log=True) | {"remembered": None} == FULL.to_json(log=True)


def test_only_variables_need_an_encoding_of_their_own() -> None:
    """A field of a type that JSON does not keep would come back as another one."""
    found, seen = [], set()

    def walk(kind: Any, where: str) -> None:
        if kind is Any or kind in {object, set, frozenset}:
            found.append(where)
        for part in typing.get_args(kind):
            walk(part, where)
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
            seen.add(kind)
            for name, inner in typing.get_type_hints(kind).items():
                walk(inner, f"{kind.__name__}.{name}")

    walk(CheckResult, "")
    assert found == ["TraceState.variables"]


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(names, values, min_size=1, max_size=4))
def test_any_value_of_a_counterexample_comes_back(variables: dict[str, Any]) -> None:
    state = msgspec.structs.replace(STATE, variables=variables)
    example = msgspec.structs.replace(FULL.counterexamples[0], states=(state, state))
    result = msgspec.structs.replace(FULL, counterexamples=(example,))
    with tempfile.TemporaryDirectory() as folder:
        reason = ResultCache(folder).put(KEY, result)
        found = ResultCache(folder).get(KEY)
    if found is None:
        # A model value that has the name of a keyword cannot be read again.
        assert "#model" in (reason or "")
        with pytest.raises(ValueParseError):
            from_itf({"#map": [[k, to_itf(value)] for k, value in variables.items()]})
        return
    assert found.counterexamples == result.counterexamples
    back = found.trace[1].variables
    assert list(back) == list(variables)
    assert [type(value) for value in back.values()] == [type(v) for v in variables.values()]


def test_values_that_look_alike_stay_apart(memory: ResultCache) -> None:
    values = [
        TRUE, FALSE, 1, 0, 2**70, -(2**70), "a", ModelValue("a"), Set(), Tuple(), Set([1]),
        Tuple([1]), Record({"x": 1}), function([(0, 1)]), function([(ModelValue("x"), 1)]),
        interval(1, 1000), "TRUE", "", "{}", "#bigint",
    ]  # fmt: skip
    variables = {f"v{at}": value for at, value in enumerate(values)}
    example = Counterexample(
        kind="invariant",
        name=None,
        message="",
        states=(TraceState(1, None, None, variables),),
    )
    found = again(memory, msgspec.structs.replace(FULL, counterexamples=(example,)))
    assert found is not None
    assert found.trace[0].variables == variables


def test_a_result_that_would_come_back_as_another_one_is_not_kept(memory: ResultCache) -> None:
    assert memory.put(KEY, msgspec.structs.replace(FULL, positions=[PLACE]))  # a list, no tuple
    assert memory.info().entries == 0


def test_an_interval_that_json_has_no_room_for_is_told(memory: ResultCache) -> None:
    state = msgspec.structs.replace(STATE, variables={"x": interval(1, 10**9)})
    example = msgspec.structs.replace(FULL.counterexamples[0], states=(state,))
    result = msgspec.structs.replace(FULL, counterexamples=(example,))
    assert "cannot be written as JSON" in (memory.put(KEY, result) or "")


# What is kept


@pytest.mark.parametrize(
    "outcome", ["cancelled", "time-limit", "out-of-memory", "stack-overflow", "error"]
)
def test_an_outcome_that_may_be_another_one_next_time_is_not_kept(
    memory: ResultCache, outcome: Any
) -> None:
    assert memory.put(KEY, msgspec.structs.replace(FULL, outcome=outcome))
    assert memory.get(KEY) is None
    assert memory.info().entries == 0


@pytest.mark.parametrize(
    "change",
    [
        {"exit_status": None},
        {"log": "@!@!@STARTMSG 2185:0 @!@!@"},
        {"log": f"@!@!@STARTMSG 1001:1 @!@!@\n{END}"},
        {"log": f"@!@!@STARTMSG 1005:1 @!@!@\n{END}"},
    ],
)
def test_a_violation_before_a_run_broke_off_is_not_kept(
    memory: ResultCache, change: dict[str, Any]
) -> None:
    assert memory.put(KEY, msgspec.structs.replace(FULL, **change))
    assert memory.get(KEY) is None


def test_a_result_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    memory = ResultCache(tmp_path, limit=500)
    assert "limit" in (memory.put(KEY, FULL) or "")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "is not writable" in (ResultCache(tmp_path / "file").put(KEY, FULL) or "")
    assert ResultCache(tmp_path / "file" / "deeper").get(KEY) is None


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    size = len_of_one(tmp_path / "one")
    memory = ResultCache(tmp_path / "three", limit=3 * size + size // 2)
    keys = [str(at) * 64 for at in range(4)]
    for at, key in enumerate(keys[:3]):
        memory.put(key, FULL)
        os.utime(memory.folder / f"{key}.result", (at, at))
    assert memory.get(keys[0]) is not None
    memory.put(keys[3], FULL)
    assert [memory.get(key) is not None for key in keys] == [True, False, True, True]
    assert memory.info().size <= memory.limit


def len_of_one(folder: Path) -> int:
    memory = ResultCache(folder)
    memory.put(KEY, FULL)
    return memory.info().size


def test_clear_removes_results_and_nothing_else(memory: ResultCache) -> None:
    memory.put(KEY, FULL)
    (memory.folder / "mine.txt").write_text("mine")
    assert memory.info().entries == 1
    assert memory.info().folder == str(memory.folder)
    assert memory.clear() == 1
    assert memory.clear() == 0
    assert memory.get(KEY) is None
    assert [one.name for one in memory.folder.iterdir()] == ["mine.txt"]


def test_what_a_killed_process_left_is_removed(memory: ResultCache) -> None:
    memory.put(KEY, FULL)
    dead, alive = memory.folder / "new-4194303-x", memory.folder / f"new-{os.getpid()}-x"
    dead.write_text("half")
    alive.write_text("half")
    memory.put("1" * 64, FULL)
    assert not dead.exists()
    assert alive.exists()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_damaged_entry_is_not_remembered_and_removed(data: st.DataObject) -> None:
    # The length of an entry differs a little from one writing to the next.
    share = data.draw(st.integers(0, 9_999))
    with tempfile.TemporaryDirectory() as folder:
        memory = ResultCache(folder)
        memory.put(KEY, FULL)
        path = Path(folder) / f"{KEY}.result"
        whole = path.read_bytes()
        at = share * len(whole) // 10_000
        if data.draw(st.booleans()):
            path.write_bytes(whole[:at])
        else:
            flipped = whole[at] ^ data.draw(st.integers(1, 255))
            path.write_bytes(whole[:at] + bytes([flipped]) + whole[at + 1 :])
        assert memory.get(KEY) is None
        assert not path.exists()


def test_an_entry_under_another_name_is_not_remembered(memory: ResultCache) -> None:
    memory.put(KEY, FULL)
    (memory.folder / f"{KEY}.result").rename(memory.folder / f"{'1' * 64}.result")
    assert memory.get("1" * 64) is None
    assert memory.info().entries == 0


def test_the_default_folder_is_named_by_the_environment(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert ResultCache().folder == cache / "results"
    monkeypatch.delenv("TOOLKIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert ResultCache().folder.is_relative_to(tmp_path)
    assert "consensus-toolkit" in str(ResultCache().folder)


def test_a_negative_limit_is_refused() -> None:
    with pytest.raises(SettingError, match="limit=-1"):
        ResultCache(limit=-1)


# Which questions are the same


def key(source: SpecSource = SOURCE, **options: Any) -> str:
    return result_key(source, options)


CHANGES: dict[str, dict[str, Any]] = {
    "workers": {"workers": 77},
    "deadlock": {"deadlock": False},
    "fingerprint": {"fingerprint": 1},
    "seed": {"seed": 1},
    "keep_going": {"keep_going": True},
    "coverage": {"coverage": True},
    "simulate": {"simulate": 10},
    "depth": {"depth": 10},
    "depth_first": {"depth_first": 10},
    "difference": {"difference": True},
    "name_property": {"name_property": False},
    "options": {"options": ["-nowarning"]},
    "java_options": {"java_options": ["-Dx=1"]},
    "keep_states": {"keep_states": False},
}
"""Options that an answer depends on, each with another value than its default."""

NOT_KEPT = {"checkpoint": 1, "states_folder": "x", "recover": "x"}
NO_MATTER: dict[str, Any] = {
    "timeout": 5.0, "memory": 99, "short": True, "java": "x", "on_event": print,
    "on_progress": print, "on_state": print, "on_print": print, "cancel": object(),
}  # fmt: skip
ELSEWHERE = {"spec", "config", "module_path", "jar", "class_path"}


def test_it_is_known_of_every_option_whether_the_answer_depends_on_it() -> None:
    known = CHANGES.keys() | NOT_KEPT.keys() | NO_MATTER.keys() | ELSEWHERE
    assert known == inspect.signature(check).parameters.keys()


@pytest.mark.parametrize("name", CHANGES)
def test_another_option_is_another_question(name: str) -> None:
    assert key(**CHANGES[name]) != key()


def test_all_other_questions_are_told_apart() -> None:
    keys = [
        key(),
        *(key(**change) for change in CHANGES.values()),
        key(SpecSource("M", {"M": BODY + " "}, SOURCE.config)),
        key(SpecSource("M", {"M": BODY}, SOURCE.config + " ")),
        key(SpecSource("M", {"M": BODY, "N": ""}, SOURCE.config)),
        key(SpecSource("N", {"M": BODY, "N": ""}, SOURCE.config)),
        key(SpecSource("M", {"M": BODY}, SOURCE.config, notes=("several modules",))),
        key(options=["-a", "b"]),
        key(options=["-a b"]),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", NO_MATTER)
def test_what_cannot_change_a_kept_answer_is_no_part_of_the_question(name: str) -> None:
    assert key(**{name: NO_MATTER[name]}) == key()


def test_a_default_that_is_given_is_the_same_question() -> None:
    assert key(deadlock=True, workers=os.cpu_count(), options=[]) == key()
    assert key(java_options=["-XX:ActiveProcessorCount=1"]) == key()
    other = SpecSource("M", {"M": BODY}, SOURCE.config, origin="elsewhere")
    assert key(other) == key()
    one = SpecSource("M", {"M": BODY, "N": ""}, SOURCE.config)
    other = SpecSource("M", {"N": "", "M": BODY}, SOURCE.config)
    assert key(one) == key(other)


def test_jars_count_by_what_is_in_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, same, other = (tmp_path / name for name in ("1.jar", "2.jar", "3.jar"))
    one.write_bytes(b"jar")
    same.write_bytes(b"jar")
    other.write_bytes(b"jaR")
    assert key(jar=one) == key(jar=same) != key(jar=other)
    monkeypatch.setenv("TLA2TOOLS_JAR", str(one))
    assert key() == key(jar=one)
    assert key(class_path=[one]) == key(class_path=[same]) != key(class_path=[other]) != key()
    assert key(class_path=[one, other]) != key(class_path=[other, one])
    before = key(jar=one)
    one.write_bytes(b"other")
    assert key(jar=one) != before
    with pytest.raises(SettingError, match="cannot read"):
        key(class_path=[tmp_path / "none.jar"])


def test_a_folder_on_the_class_path_counts_by_its_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "X.class").write_bytes(b"1")
    before = key(class_path=[tmp_path])
    assert before == key(class_path=[tmp_path])
    (tmp_path / "a" / "X.class").write_bytes(b"22")
    assert key(class_path=[tmp_path]) != before


def test_another_reader_of_the_output_is_another_question(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr("toolkit.tlc.cache._source_digest", lambda: "other")
    reader = key()
    monkeypatch.setattr("toolkit.tlc.cache.FORMAT", 2)
    assert len({before, reader, key()}) == 3


def test_the_key_is_the_same_in_every_process() -> None:
    code = (
        "from toolkit.tlc import SpecSource\n"
        "from toolkit.tlc.cache import result_key\n"
        f"print(result_key(SpecSource('M', {{'M': {BODY!r}}}, {SOURCE.config!r}), {{}}))"
    )
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.strip() == key()


def test_an_unknown_option_is_told() -> None:
    with pytest.raises(SettingError, match=r"'worker'.*did you mean 'workers'"):
        check_options({"worker": 1})


# Questions whose answers are not remembered


def with_line(line: str) -> SpecSource:
    return SpecSource("M", {"M": BODY.replace("Low ==", f"{line}\nLow ==")}, SOURCE.config)


@pytest.mark.parametrize("name", NOT_KEPT)
def test_runs_that_leave_files_are_not_remembered(name: str) -> None:
    assert why_not_remembered(SOURCE, {name: NOT_KEPT[name]})


@pytest.mark.parametrize(
    ("source", "options", "remembered"),
    [
        (SOURCE, {}, True),
        (SOURCE, {"simulate": 5}, False),
        (SOURCE, {"simulate": 5, "seed": 1}, True),
        (SOURCE, {"options": ["-simulate"]}, False),
        (SOURCE, {"options": ["-simulate", "-seed", "1"]}, True),
        (SOURCE, {"options": ["-dump", "dot", "x"]}, False),
        (SOURCE, {"options": ["-simulate", "file=x,num=1"], "seed": 1}, False),
        (with_line("R == RandomElement({1, 2})"), {}, False),
        (with_line("R == RandomElement({1, 2})"), {"seed": 1}, True),
        (with_line("\\* RandomElement of IOUtils"), {}, True),
        (with_line("T == JavaTime"), {"seed": 1}, False),
        (with_line('T == TLCGet("duration")'), {}, False),
        (with_line("T == INSTANCE IOUtils"), {}, False),
        (SOURCE, {"java_options": [Path("x")]}, False),
    ],
)
def test_runs_that_may_differ_from_one_another_are_not_remembered(
    source: SpecSource, options: dict[str, Any], remembered: bool
) -> None:
    assert (why_not_remembered(source, options) is None) == remembered


def test_the_memory_of_results_is_not_taken_for_the_heap() -> None:
    with pytest.raises(SettingError, match="heap"):
        cached_check(SOURCE, memory=512)  # type: ignore[arg-type]


def test_a_gathered_specification_has_its_own_configuration() -> None:
    with pytest.raises(SettingError, match="own configuration"):
        cached_check(SOURCE, "x.cfg")


# With TLC


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[SpecSource]:
    """The specifications that TLC was run on."""
    started: list[SpecSource] = []

    def counted(source: SpecSource, **options: Any) -> CheckResult:
        started.append(source)
        return check(source, **options)

    counted.__signature__ = inspect.signature(check)  # type: ignore[attr-defined]
    monkeypatch.setattr("toolkit.tlc.cache.check", counted)
    return started


@pytest.mark.slow
def test_a_second_check_needs_no_java_and_says_when_the_first_was(
    memory: ResultCache, runs: list[SpecSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cached_check(SOURCE, memory=memory, workers=1)
    assert (first.outcome, first.remembered) == ("invariant", None)
    monkeypatch.setenv("JAVA_HOME", "/nowhere")
    second = cached_check(SOURCE, memory=memory, workers=1, timeout=60, heap=700)
    assert second == msgspec.structs.replace(first, remembered=NOON.isoformat())
    assert len(runs) == 1
    for changed in (
        {"again": True}, {"memory": False}, {"memory": ResultCache()}, {"deadlock": False},
    ):  # fmt: skip
        with pytest.raises(JavaNotFoundError):
            cached_check(SOURCE, **{"memory": memory, "workers": 1} | changed)
    with pytest.raises(JavaNotFoundError):
        cached_check(with_line("Other == 1"), memory=memory, workers=1)


@pytest.mark.slow
def test_again_runs_again_and_remembers_anew(tmp_path: Path, runs: list[SpecSource]) -> None:
    times = iter([NOON, datetime(2021, 1, 1, tzinfo=UTC)])
    memory = ResultCache(tmp_path / "memory", clock=lambda: next(times))
    cached_check(SOURCE, memory=memory, workers=1)
    assert cached_check(SOURCE, memory=memory, workers=1, again=True).remembered is None
    assert len(runs) == 2
    last = cached_check(SOURCE, memory=memory, workers=1)
    assert last.remembered == "2021-01-01T00:00:00+00:00"
    assert len(runs) == 2


@pytest.mark.slow
def test_another_jar_runs_again(
    tmp_path: Path, memory: ResultCache, runs: list[SpecSource]
) -> None:
    jar = tmp_path / "copy.jar"
    jar.write_bytes(Path(find_tlc().path).read_bytes())
    cached_check(SOURCE, memory=memory, workers=1)
    assert cached_check(SOURCE, memory=memory, workers=1, jar=jar).remembered
    with zipfile.ZipFile(jar, "a") as archive:
        archive.writestr("changed.txt", "changed")
    assert cached_check(SOURCE, memory=memory, workers=1, jar=jar).remembered is None
    assert len(runs) == 2


@pytest.mark.slow
def test_a_time_limit_is_not_remembered(memory: ResultCache, runs: list[SpecSource]) -> None:
    for _ in range(2):
        result = cached_check(SOURCE, memory=memory, workers=1, timeout=0.01)
        assert result.outcome == "time-limit"
        assert result.warnings == ()
    assert len(runs) == 2


@pytest.mark.slow
def test_what_is_not_remembered_by_its_kind_is_told(memory: ResultCache) -> None:
    result = cached_check(with_line("T == JavaTime"), memory=memory, workers=1)
    assert "not cached: the specification uses" in result.warnings[-1]
    assert memory.info().entries == 0


MORE = "".join(
    f"{line}\n"
    for line in (
        "Fair == Spec /\\ WF_x(Next)",
        "Reach == <>(x = 9)",
        'Rich == Init /\\ [][Next /\\ Assert(x < 3, <<"a", {x}, [b |-> x]>>)]_x',
    )
)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("config", "options", "outcome"),
    [
        ("SPECIFICATION Spec", {"coverage": True}, "success"),
        ("SPECIFICATION Spec INVARIANT Low", {"keep_going": True}, "invariant"),
        ("SPECIFICATION Fair PROPERTY Reach", {}, "temporal"),
        ("SPECIFICATION Rich", {}, "assert"),
        ("SPECIFICATION Spec INVARIANT Missing", {}, "config-error"),
        ("SPECIFICATION Spec INVARIANT Low", {"simulate": 3, "seed": 1}, "invariant"),
    ],
)
def test_what_tlc_really_says_comes_back(
    memory: ResultCache, config: str, options: dict[str, Any], outcome: str
) -> None:
    source = SpecSource("M", {"M": BODY.replace("====", MORE + "====")}, config)
    first = cached_check(source, memory=memory, workers=1, **options)
    assert first.outcome == outcome, first.log
    second = cached_check(source, memory=memory, workers=1, **options)
    assert second == msgspec.structs.replace(first, remembered=NOON.isoformat())


WRITER = """
import sys
from pathlib import Path
from tests.tlc.test_cache import FULL
from toolkit.tlc.cache import ResultCache
memory = ResultCache(sys.argv[1], limit=int(sys.argv[2]))
for at in range(150):
    key = format(at % 10, "064x")
    reason = memory.put(key, FULL)
    assert reason is None, reason
    found = memory.get(format(at * 7 % 10, "064x"))
    assert found is None or found.counterexamples == FULL.counterexamples
    if at % 50 == 49:
        memory.clear()
"""


@pytest.mark.slow
def test_processes_share_a_folder(tmp_path: Path, checkout: Path) -> None:
    limit = 5 * len_of_one(tmp_path / "one")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path / "shared"), str(limit)],
            stderr=subprocess.PIPE,
            text=True,
            cwd=checkout,
        )
        for _ in range(3)
    ]
    for process in processes:
        assert process.communicate(timeout=120)[1] == ""
        assert process.returncode == 0
    assert not list((tmp_path / "shared").glob("new-*"))
