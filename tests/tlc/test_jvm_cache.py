"""Java's cache: it is used, it may be missing or damaged, and nothing of it is ever in the way."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

import toolkit.tlc.run
from toolkit.tlc import CheckResult, SpecSource, check, find_java, find_tlc
from toolkit.tlc.jvm_cache import (
    JvmCache,
    jvm_cache,
    jvm_cache_folder,
    major_version,
    read_file_stamp,
    remove_stale_caches,
    request_cache,
    start_options,
)
from toolkit.tlc.jvm_training import make_cache

SOURCE = SpecSource(
    "Small",
    {
        "Small": "---- MODULE Small ----\nEXTENDS Naturals\nVARIABLE x\nInit == x = 0\n"
        "Next == x < 3 /\\ x' = x + 1\nSpec == Init /\\ [][Next]_x\n===="
    },
    "SPECIFICATION Spec",
)


def run(**options: object) -> CheckResult:
    given = {"workers": 2, **options}
    return check(SOURCE, deadlock=False, memory=512, **given)  # type: ignore[arg-type]


def well(result: CheckResult) -> bool:
    """Whether the answer is right and Java has said nothing of its own."""
    words = ("[warning]", "[error", "AOT", "shared", "VM warning", "fatal error")
    return (
        (result.outcome, result.exit_status, result.distinct) == ("success", 0, 4)
        and not result.warnings
        and not any(word in result.log for word in words)
    )


def uses(result: CheckResult) -> bool:
    return any(
        word.startswith(("-XX:AOTCache=", "-XX:SharedArchiveFile=")) for word in result.command
    )


@pytest.fixture(scope="module")
def made() -> JvmCache:
    """The cache that all tests share, made if it is not there."""
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    assert cache is not None
    deadline = time.monotonic() + 120
    # Another process of the test run may be making it.
    while not make_cache(cache) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert cache.state() == "ready", cache.problem()
    return cache


@pytest.fixture
def own(made: JvmCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JvmCache:
    """A copy of the cache in a folder of the test's own."""
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", str(tmp_path / "jvm"))
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    assert cache is not None
    cache.file.parent.mkdir()
    shutil.copy2(made.file, cache.file)
    cache.file.chmod(0o644)
    cache.describe()
    assert cache.state() == "ready"
    return cache


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> JvmCache:
    """A cache that is not there, in a folder of the test's own."""
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", str(tmp_path / "jvm"))
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    assert cache is not None
    return cache


@pytest.mark.slow
def test_a_run_uses_the_cache_and_java_maps_its_file(own: JvmCache) -> None:
    result = run()
    assert well(result)
    assert uses(result)
    log = own.file.with_name("log")
    command = [own.java, *own.options[:1], "-XX:+UseParallelGC", f"-Xlog:class+load:file={log}"]
    subprocess.run([*command, "-cp", own.jar, "tlc2.TLC"], check=False, capture_output=True)
    # Java says of each class where it took it from.
    assert "tlc2.TLC source: shared objects file" in log.read_text()


@pytest.mark.slow
def test_java_refuses_the_cache_of_another_jar(own: JvmCache, tmp_path: Path) -> None:
    assert own.proven()
    other = tmp_path / "other.jar"
    shutil.copy(own.jar, other)
    assert not JvmCache(own.java, str(other), own.kind, own.file).proven()


@pytest.mark.slow
@pytest.mark.parametrize("short", [False, True])
def test_short_runs_have_one_compiler_and_others_what_tlc_advises(
    own: JvmCache, short: bool
) -> None:
    result = run(short=short)
    assert well(result)
    assert uses(result)
    assert ("-XX:+UseSerialGC" in result.command) == short
    assert ("-XX:TieredStopAtLevel=1" in result.command) == short
    assert ("-XX:+UseParallelGC" in result.command) == (not short)


@pytest.mark.slow
def test_a_run_with_one_worker_has_a_collector_with_one_thread_and_all_compilers() -> None:
    result = run(workers=1)
    assert well(result)
    assert "-XX:+UseSerialGC" in result.command
    assert "-XX:TieredStopAtLevel=1" not in result.command
    assert not any("UseParallelGC" in warning for warning in result.warnings)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_tlcs_advice_on_the_collector_is_kept_where_the_caller_chose_it(workers: int) -> None:
    result = run(java_options=["-XX:+UseSerialGC"], workers=workers)
    assert result.ok
    assert "-XX:+UseParallelGC" not in result.command
    assert any("UseParallelGC" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    ("option", "absent"),
    [
        ("-XX:+UseG1GC", "-XX:+UseSerialGC"),
        ("-XX:TieredStopAtLevel=4", "-XX:TieredStopAtLevel=1"),
        ("-Xlog:gc", "-XX:AOTCache"),
        ("-Xshare:off", "-XX:AOTCache"),
        ("-javaagent:a.jar", "-XX:AOTCache"),
    ],
)
def test_the_callers_options_of_java_prevail(own: JvmCache, option: str, absent: str) -> None:
    plain, used = start_options(own, [], short=True)
    assert used
    assert any(word.startswith(absent) for word in plain) or own.kind == "cds"
    given, _ = start_options(own, [option], short=True)
    assert not any(word.startswith(absent) for word in given)


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "overwritten", "gone", "no note", "torn note"])
def test_a_damaged_cache_is_not_used_and_requested_again(
    own: JvmCache, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    requested: list[JvmCache] = []
    monkeypatch.setattr(
        toolkit.tlc.run, "request_cache", lambda cache, version: requested.append(cache)
    )
    if damage == "cut":
        os.truncate(own.file, 5_000_000)
    elif damage == "overwritten":
        own.file.write_bytes(b"\xff" * own.file.stat().st_size)
    elif damage == "gone":
        own.file.unlink()
    elif damage == "no note":
        own.note.unlink()
    else:
        own.note.write_bytes(b'{"java": [')
    assert own.state() != "ready"
    result = run()
    assert well(result)
    assert not uses(result)
    assert requested == [own]


@pytest.mark.slow
@pytest.mark.parametrize("damage", ["cut", "overwritten", "empty", "scrambled"])
def test_a_damage_that_is_not_seen_does_not_reach_the_answer(own: JvmCache, damage: str) -> None:
    if damage == "cut":
        os.truncate(own.file, 5_000_000)
    elif damage == "empty":
        own.file.write_bytes(b"")
    elif damage == "overwritten":
        own.file.write_bytes(b"\xff" * own.file.stat().st_size)
    else:
        with own.file.open("r+b") as file:
            for at in range(4096, own.file.stat().st_size, 997):
                file.seek(at)
                file.write(b"\x5a\xa5\x5a")
    own.describe()
    assert own.state() == "ready"
    assert well(run())
    assert well(run(short=True))


DYING = """#!/bin/sh
for word in "$@"; do
  case "$word" in
    -version) exec {java} "$@";;
    -XX:AOTCache=*|-XX:SharedArchiveFile=*)
      echo '#'; echo '# A fatal error has been detected by the Java Runtime Environment:'
      echo 'noise' >&2; exit 134;;
  esac
done
exec {java} "$@"
"""


@pytest.mark.slow
def test_a_java_that_dies_with_the_cache_is_started_again_without_it(
    own: JvmCache, tmp_path: Path
) -> None:
    script = tmp_path / "java"
    script.write_text(DYING.format(java=find_java().path))
    script.chmod(0o755)
    other = jvm_cache(str(script), find_java().version, find_tlc().path)
    assert other is not None
    shutil.copy2(own.file, other.file)
    other.describe()
    result = run(java=script)
    assert well(result)
    assert not uses(result)
    assert "noise" not in result.log
    # It is not tried again before a day has passed.
    assert other.state() == "failed"
    assert "exited immediately" in other.problem()
    assert not request_cache(other, find_java().version)


@pytest.mark.slow
def test_a_java_that_dies_in_any_case_is_not_started_for_ever(
    own: JvmCache, tmp_path: Path
) -> None:
    script = tmp_path / "java"
    script.write_text(f'#!/bin/sh\n[ "$1" = -version ] && exec {find_java().path} "$@"\nexit 134\n')
    script.chmod(0o755)
    other = jvm_cache(str(script), find_java().version, find_tlc().path)
    assert other is not None
    shutil.copy2(own.file, other.file)
    other.describe()
    result = run(java=script)
    assert not result.ok
    assert result.exit_status == 134


@pytest.mark.slow
def test_the_cache_can_be_turned_off(own: JvmCache, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", "off")
    assert jvm_cache_folder() is None
    result = run()
    assert well(result)
    assert not uses(result)


def test_the_cache_is_in_the_folder_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOOLKIT_CACHE", str(tmp_path))
    monkeypatch.delenv("TOOLKIT_JVM_CACHE")
    assert jvm_cache_folder() == tmp_path / "jvm"
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", str(tmp_path / "elsewhere"))
    assert jvm_cache_folder() == tmp_path / "elsewhere"


@pytest.mark.slow
def test_a_folder_that_cannot_be_written_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TOOLKIT_JVM_CACHE", str(tmp_path / "file" / "jvm"))
    java, jar = find_java(), find_tlc()
    cache = jvm_cache(java.path, java.version, jar.path)
    assert cache is not None
    assert not make_cache(cache)
    assert not request_cache(cache, java.version)
    result = run()
    assert well(result)
    assert not uses(result)


@pytest.mark.slow
def test_several_first_runs_at_once_make_one_cache(empty: JvmCache) -> None:
    program = (
        "import sys; from toolkit.tlc.jvm_cache import *; from toolkit.tlc.jvm_training import *\n"
        "sys.exit(not make_cache(jvm_cache(*sys.argv[1:])))"
    )
    command = [sys.executable, "-c", program, empty.java, find_java().version, empty.jar]
    makers = [subprocess.Popen(command) for _ in range(4)]
    assert sorted(maker.wait(300) for maker in makers)[0] == 0
    assert empty.state() == "ready"
    assert empty.proven()
    # Nothing but the cache, its note, its lock and what Java's version is.
    names = {path.name for path in empty.file.parent.iterdir()} - {"versions.json"}
    assert names == {empty.file.name, empty.note.name, empty.lock.name}


@pytest.mark.slow
def test_a_damaged_cache_is_made_anew(own: JvmCache) -> None:
    os.truncate(own.file, 5_000_000)
    assert make_cache(own)
    assert own.state() == "ready"
    assert own.proven()
    assert own.file.stat().st_size > 5_000_000


@pytest.mark.slow
def test_the_first_run_has_the_cache_made_in_the_background(
    empty: JvmCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolkit.tlc.run, "request_cache", request_cache)
    first = run()
    assert well(first)
    assert not uses(first)
    deadline = time.monotonic() + 120
    while empty.state() != "ready" and time.monotonic() < deadline:
        time.sleep(0.1)
    assert empty.state() == "ready", empty.problem()
    second = run()
    assert well(second)
    assert uses(second)


def test_a_cache_that_java_cannot_make_is_not_tried_again_today(
    empty: JvmCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "java"
    script.write_text("#!/bin/sh\necho no room >&2\nexit 1\n")
    script.chmod(0o755)
    cache = jvm_cache(str(script), "25.0.1", empty.jar)
    assert cache is not None
    assert not make_cache(cache)
    assert cache.state() == "failed"
    assert "no room" in cache.problem()
    later = time.time() + 2 * 24 * 3600
    monkeypatch.setattr("toolkit.tlc.jvm_cache.time.time", lambda: later)
    assert cache.state() == "missing"


def test_another_java_or_jar_has_a_cache_of_its_own(own: JvmCache, tmp_path: Path) -> None:
    version = find_java().version
    jar = tmp_path / "tla2tools.jar"
    shutil.copy(own.jar, jar)
    copied = jvm_cache(own.java, version, str(jar))
    os.utime(jar, (1, 1))
    touched = jvm_cache(own.java, version, str(jar))
    newer = jvm_cache(own.java, "99.0.1", own.jar)
    files = [cache.file for cache in (own, copied, touched, newer) if cache is not None]
    assert len(set(files)) == 4
    assert jvm_cache("/nowhere/java", version, own.jar) is None


def test_the_caches_of_a_jar_that_is_gone_are_removed(own: JvmCache, tmp_path: Path) -> None:
    jar = tmp_path / "tla2tools.jar"
    shutil.copy(own.jar, jar)
    old = jvm_cache(own.java, find_java().version, str(jar))
    assert old is not None
    old.file.write_bytes(b"archive")
    old.describe()
    folder = own.file.parent
    assert remove_stale_caches(folder) == []
    jar.unlink()
    assert remove_stale_caches(folder) == [old.file]
    assert not old.file.exists()
    assert own.state() == "ready"


def test_the_version_of_a_java_is_asked_once(
    own: JvmCache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from toolkit.tlc import locate

    asked: list[str] = []
    monkeypatch.setattr(locate, "_ask_version", lambda path: asked.append(path) or "25.0.9")
    program = tmp_path / "java"
    program.write_bytes(b"\x7fELF one")
    for _ in range(2):
        locate._java_version.cache_clear()
        assert locate._java_version(str(program)) == "25.0.9"
    assert len(asked) == 1
    # Another file at the same place is another Java, and a script may start any.
    program.write_bytes(b"\x7fELF another")
    locate._java_version.cache_clear()
    locate._java_version(str(program))
    assert len(asked) == 2
    program.write_bytes(b"#!/bin/sh\n")
    for _ in range(2):
        locate._java_version.cache_clear()
        locate._java_version(str(program))
    assert len(asked) == 4
    locate._java_version.cache_clear()


def test_the_stamp_of_a_file_is_that_of_what_a_link_names(tmp_path: Path) -> None:
    (tmp_path / "java").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "java")
    assert read_file_stamp(tmp_path / "link") == read_file_stamp(tmp_path / "java")
    assert [major_version(text) for text in ("1.8.0_402", "11.0.2", "25-ea", "")] == [8, 11, 25, 0]
