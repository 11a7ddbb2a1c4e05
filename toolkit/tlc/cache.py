r"""Results that are remembered, so that the same question is not put to TLC twice.

A result is kept under the SHA-256 of all that it depends on:

- the name and the text of every module, and the text of the configuration;
- every argument of :func:`~toolkit.tlc.check` that can change the answer: workers, deadlock
  checking, fingerprint index, seed, the options for TLC and for Java, further jars (by content);
- the content of ``tla2tools.jar``, and with it TLC's version;
- the toolkit's version and source, because it is what reads TLC's output, and the format of
  what is kept.

Left out are heap, time limit and callbacks, for a run that they end is not remembered, and
Java's version, for TLC gives the same answers on all of them; the one that was used is recorded
in the result.  A question that is answered from memory needs no Java at all.

Not remembered are

- runs that were cancelled, or ended by a limit of time, memory or stack, or without a verdict,
  or that TLC did not end by itself;
- runs that draw at random without a seed, for each of them is a sample of its own;
- specifications that look at the clock or at files, whose content is no part of the key;
- runs that leave files behind, or continue from such files: they are asked for more than an
  answer.

In the last three cases the result has a warning that says so.

Each result is one file: a line with a checksum, then compressed JSON, values in the ITF
encoding.  It is written under another name and then renamed, so that no process ever sees half
of one, and many can share the folder.  There is no index that could be damaged, and nothing is
unpickled, so that a file that somebody else put there cannot run anything.
"""

from __future__ import annotations

import contextlib
import functools
import inspect
import os
import re
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import msgspec
import platformdirs

from toolkit import __version__
from toolkit.errors import SettingError, ToolkitError
from toolkit.tlc.checker import check
from toolkit.tlc.locate import find_tlc
from toolkit.tlc.modules import blank_comments
from toolkit.tlc.result import CheckResult
from toolkit.tlc.source import SpecSource, load_spec
from toolkit.values import from_itf

__all__ = [
    "MemoryInfo",
    "ResultCache",
    "cached_check",
    "check_options",
    "result_key",
    "why_not_remembered",
]

FORMAT = 1
"""The version of what is written; results of another one are not read."""

_SUFFIX = ".result"
_MAGIC = b"toolkit-tlc-result"
_DEFAULT_LIMIT = 2**30

_PASSING = frozenset({"cancelled", "time-limit", "out-of-memory", "stack-overflow"})
_NO_VERDICT = {"error"}
# What TLC says when memory or stack gave out, which it may do after a violation.
_EXHAUSTED = re.compile(r"STARTMSG (?:1001|1002|1005):")
_FINISHED = re.compile(r"STARTMSG 2186:")

_ELSEWHERE = frozenset(
    {
        # These reach the answer through the specification or through the jar's content.
        "spec", "config", "module_path", "jar", "class_path",
        # These cannot change an answer that is remembered.
        "java", "timeout", "memory", "short", "cancel",
        "on_event", "on_progress", "on_state", "on_print",
    }
)  # fmt: skip
_FILES = ("states_folder", "recover", "checkpoint")
_FILE_OPTIONS = frozenset(
    {
        "-recover", "-metadir", "-checkpoint", "-dump", "-dumptrace", "-userfile",
        "-generatespecte", "-tespecoutdir", "-debugger",
    }
)  # fmt: skip
_OUTSIDE = re.compile(r'\b(?:IOUtils|Json|CSV|SVG|JavaTime)\b|TLCGet\s*\(\s*"duration"')
_RANDOM = re.compile(r"\b(?:Randomization|RandomElement)\b")


class MemoryInfo(msgspec.Struct, frozen=True):
    """What a :class:`ResultCache` holds.

    Parameters
    ----------
    folder : str
        Where.
    entries : int
        How many results.
    size, limit : int
        Bytes on disk, and how many there may be.
    """

    folder: str
    entries: int
    size: int
    limit: int


def _now() -> datetime:
    return datetime.now(UTC)


class ResultCache:
    """A folder of remembered results.

    Several processes and threads can use one folder at once.

    Parameters
    ----------
    folder : path, optional
        By default the folder ``results`` in the one that the environment variable
        ``TOOLKIT_CACHE`` names, or else in the user's folder for caches.
    limit : int
        Bytes that the results may take; those that were not asked for longest go first.
    clock : callable, optional
        Returns the time that a result is marked with; by default now, in UTC.

    Raises
    ------
    SettingError
        If the limit is negative.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     ResultCache(folder).info().entries
    0
    """

    def __init__(
        self,
        folder: Path | str | None = None,
        *,
        limit: int = _DEFAULT_LIMIT,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        if limit < 0:
            raise SettingError(f"limit={limit}", hint="0 or more bytes")
        self.folder = _default_folder() if folder is None else Path(folder)
        self.limit = limit
        self._clock = clock

    def __repr__(self) -> str:
        return f"ResultCache({str(self.folder)!r}, limit={self.limit})"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as found:
            for one in found:
                if re.fullmatch(rf"[0-9a-f]{{64}}{re.escape(_SUFFIX)}", one.name):
                    # Another process may have removed it in the meantime.
                    with contextlib.suppress(FileNotFoundError):
                        yield Path(one.path), one.stat()

    def get(self, key: str) -> CheckResult | None:
        """Return a result, marked with the time when it was computed.

        Parameters
        ----------
        key : str
            What :func:`result_key` says.

        Returns
        -------
        CheckResult or None
            ``None`` if there is none.  What cannot be read is no result, and is removed.
        """
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        try:
            result = _decode(data, key)
        except (ValueError, LookupError, TypeError, RecursionError, zlib.error, ToolkitError):
            self.forget(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return result

    def put(self, key: str, result: CheckResult) -> str | None:
        """Keep a result.

        Parameters
        ----------
        key : str
            What :func:`result_key` says.
        result : CheckResult
            What came out of a run.

        Returns
        -------
        str or None
            Why it was not kept, if it was not.
        """
        reason = _why_not_kept(result)
        if reason is not None:
            return reason
        try:
            computed = self._clock().isoformat(timespec="seconds")
            data = _encode(result, key, computed)
            # A result that would come back as another one, or not at all, is none to keep.
            if _decode(data, key) != msgspec.structs.replace(result, remembered=computed):
                return "the result does not come back the same from JSON"
        except (ToolkitError, ValueError, TypeError, RecursionError) as error:
            return f"the result cannot be written as JSON: {error}"
        if len(data) > self.limit:
            return f"the result takes {len(data):,} bytes, more than the limit of {self.limit:,}"
        try:
            self._write(key, data)
            self._make_room()
        except OSError as error:
            return f"the folder {self.folder} cannot be written: {error.strerror}"
        return None

    def _write(self, key: str, data: bytes) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f"new-{os.getpid()}-", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.replace(name, self._path(key))
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def _make_room(self) -> None:
        for path in self.folder.glob("new-*"):
            # A file of a process that was killed while it wrote.
            owner = path.name.split("-")[1]
            if owner.isdigit() and not _alive(int(owner)):
                path.unlink(missing_ok=True)
        entries = sorted(self._entries(), key=lambda entry: entry[1].st_mtime_ns)
        size = sum(stat.st_size for _, stat in entries)
        for path, stat in entries:
            if size <= self.limit:
                break
            path.unlink(missing_ok=True)
            size -= stat.st_size

    def forget(self, key: str) -> None:
        """Remove a result, if there is one.

        Parameters
        ----------
        key : str
            What :func:`result_key` says.
        """
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def clear(self) -> int:
        """Remove all results, and nothing else, and return how many there were."""
        count = 0
        for path, _ in self._entries():
            path.unlink(missing_ok=True)
            count += 1
        return count

    def info(self) -> MemoryInfo:
        """Return what is held where."""
        sizes = [stat.st_size for _, stat in self._entries()]
        return MemoryInfo(str(self.folder), len(sizes), sum(sizes), self.limit)


def _default_folder() -> Path:
    named = os.environ.get("TOOLKIT_CACHE")
    base = Path(named) if named else platformdirs.user_cache_path("consensus-toolkit")
    return base / "results"


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _why_not_kept(result: CheckResult) -> str | None:
    if result.outcome in _PASSING | _NO_VERDICT:
        return f"an outcome {result.outcome!r} may be another one the next time"
    if result.exit_status is None or not _FINISHED.search(
        result.log, max(0, len(result.log) - 4096)
    ):
        return "the run did not come to its end"
    if _EXHAUSTED.search(result.log):
        return "memory or stack gave out"
    return None


class _Kept(msgspec.Struct):
    key: str
    computed: str
    result: dict[str, Any]


def _encode(result: CheckResult, key: str, computed: str) -> bytes:
    plain = msgspec.structs.replace(result, remembered=None)
    body = zlib.compress(msgspec.json.encode(_Kept(key, computed, plain.to_json(log=True))), 3)
    head = b"%s %d %s\n" % (_MAGIC, FORMAT, sha256(body).hexdigest().encode())
    return head + body


def _decode(data: bytes, key: str) -> CheckResult:
    head, _, body = data.partition(b"\n")
    if head != b"%s %d %s" % (_MAGIC, FORMAT, sha256(body).hexdigest().encode()):
        raise ValueError("not a result, or a damaged one")
    kept = msgspec.json.decode(zlib.decompress(body), type=_Kept)
    if kept.key != key:
        raise ValueError("the result of another question")
    result = msgspec.convert(kept.result, CheckResult)
    examples = tuple(
        msgspec.structs.replace(
            example,
            states=tuple(
                msgspec.structs.replace(
                    state,
                    variables={name: from_itf(value) for name, value in state.variables.items()},
                )
                for state in example.states
            ),
        )
        for example in result.counterexamples
    )
    return msgspec.structs.replace(result, counterexamples=examples, remembered=kept.computed)


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all keyword arguments of :func:`~toolkit.tlc.check`, with its defaults filled in.

    Parameters
    ----------
    options : mapping of str to object
        Those that are given.

    Raises
    ------
    SettingError
        If there is an unknown one among them.

    Examples
    --------
    >>> check_options({"workers": 1})["deadlock"]
    True
    """
    known = {
        name: parameter.default
        for name, parameter in inspect.signature(check).parameters.items()
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY
    }
    for name in options:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise SettingError(
                f"a check has no option {name!r}",
                hint=f"did you mean {close[0]!r}?" if close else "see toolkit.tlc.check",
            )
    return {**known, **options}


def why_not_remembered(source: SpecSource, options: Mapping[str, Any]) -> str | None:
    """Return why the answer to a question is not remembered, whatever it is.

    Parameters
    ----------
    source : SpecSource
        What is checked.
    options : mapping of str to object
        Keyword arguments of :func:`~toolkit.tlc.check`.

    Returns
    -------
    str or None
        ``None`` if it is remembered.
    """
    given = check_options(options)
    tlc_options = [str(one) for one in given["options"]]
    for name in _FILES:
        if given[name] is not None:
            return f"with {name!r} the run leaves files, or needs them"
    for one in tlc_options:
        if one.lower() in _FILE_OPTIONS or "file=" in one:
            return f"with {one!r} the run leaves files, or needs them"
    texts = [blank_comments(text) for text in source.modules.values()]
    for text in texts:
        if found := _OUTSIDE.search(text):
            return f"the specification looks at files or at the clock ({found[0]})"
    if given["seed"] is None and "-seed" not in tlc_options:
        if given["simulate"] is not None or "-simulate" in tlc_options:
            return "a simulation without a seed is another one each time"
        for text in texts:
            if found := _RANDOM.search(text):
                return f"the specification draws at random ({found[0]}) and there is no seed"
    for name, value in given.items():
        if name not in _ELSEWHERE and not _is_plain(value):
            return f"the option {name!r} is a {type(value).__name__}, which has no lasting name"
    return None


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def result_key(source: SpecSource, options: Mapping[str, Any]) -> str:
    """Return the name of a question: a hash of all that its answer depends on.

    Parameters
    ----------
    source : SpecSource
        What is checked.
    options : mapping of str to object
        Keyword arguments of :func:`~toolkit.tlc.check`; leaving one out and giving its default
        is the same.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    TlcNotFoundError
        If there is no TLC.
    SettingError
        If an option is unknown, or a jar cannot be read.
    """
    given = check_options(options)
    answer = {name: value for name, value in given.items() if name not in _ELSEWHERE}
    answer["workers"] = given["workers"] or os.cpu_count() or 1
    # It says how many threads Java itself starts, and workers are told to TLC.
    answer["java_options"] = [
        str(one)
        for one in given["java_options"]
        if not str(one).startswith("-XX:ActiveProcessorCount=")
    ]
    whole = {
        "format": FORMAT,
        "toolkit": [__version__, _source_digest()],
        "root": source.root,
        "modules": dict(source.modules),
        "config": source.config,
        # They become warnings of the result.
        "notes": list(source.notes),
        "options": answer,
        "jar": _digest_of(Path(find_tlc(given["jar"]).path)),
        "class_path": [_digest_of(Path(one)) for one in given["class_path"]],
    }
    return sha256(msgspec.json.encode(whole, order="deterministic", enc_hook=str)).hexdigest()


@functools.lru_cache(maxsize=1)
def _source_digest() -> str:
    """Return a hash of what reads TLC's output, which decides what a result says."""
    package = Path(__file__).resolve().parent.parent
    whole = sha256()
    for folder in ("tlc", "values"):
        for path in sorted((package / folder).rglob("*.py")):
            whole.update(f"{path.relative_to(package).as_posix()}\0".encode())
            whole.update(sha256(path.read_bytes()).digest())
    return whole.hexdigest()


@functools.lru_cache(maxsize=64)
def _file_digest(path: Path, size: int, changed: int, number: int) -> str:
    with path.open("rb") as file:
        whole = sha256()
        while block := file.read(2**20):
            whole.update(block)
    return whole.hexdigest()


def _digest_of(path: Path) -> str:
    """Return the hash of a file, or of all that is in a folder."""
    try:
        if path.is_dir():
            files = sorted(one for one in path.rglob("*") if one.is_file())
            whole = "\n".join(f"{_digest_of(one)} {one.relative_to(path)}" for one in files)
            return sha256(whole.encode()).hexdigest()
        stat = path.stat()
        return _file_digest(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except OSError as error:
        raise SettingError(
            f"the jar cannot be read: {error.strerror}", path=path, hint="check the path"
        ) from error


def cached_check(
    spec: Path | str | SpecSource,
    config: Path | str | None = None,
    *,
    memory: ResultCache | Literal[False] | None = None,
    again: bool = False,
    heap: int | None = None,
    **options: Any,
) -> CheckResult:
    """Check a specification with TLC, unless the answer is remembered.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a specification gathered already.
    config : path, optional
        A ``.cfg`` file; by default the one beside the specification.
    memory : ResultCache or False, optional
        Where results are kept; by default ``ResultCache()``, and with ``False`` nowhere.
    again : bool
        Run TLC in any case; what comes out is remembered in place of what was.
    heap : int, optional
        Heap in MiB: what :func:`~toolkit.tlc.check` calls `memory`.
    **options
        All other arguments of :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult
        If it was remembered, :attr:`CheckResult.remembered` says when it was computed, its
        duration, log and Java version are those of that time, and no callback was called.  If
        the question is of a kind whose answers are not remembered, or the folder cannot be
        written, a warning says so.

    Raises
    ------
    SpecError
        If a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run; what is remembered needs no Java.
    SettingError
        If an option is unknown or out of range.
    """
    if memory is not None and memory is not False and not isinstance(memory, ResultCache):
        raise SettingError(
            f"memory={memory!r} is no memory of results",
            hint="give a toolkit.tlc.ResultCache; the heap of a run is 'heap', in MiB",
        )
    given = check_options(options)
    if isinstance(spec, SpecSource):
        if config is not None:
            raise SettingError(
                "a specification that was gathered has its own configuration",
                hint="leave 'config' out",
            )
        source = spec
    else:
        source = load_spec(spec, config, module_path=given["module_path"])
    if memory is False:
        return check(source, memory=heap, **options)
    reason = why_not_remembered(source, given)
    if reason is not None:
        return _warned(check(source, memory=heap, **options), reason)
    store = memory or ResultCache()
    key = result_key(source, given)
    if not again and (found := store.get(key)) is not None:
        return found
    result = check(source, memory=heap, **options)
    reason = store.put(key, result)
    # That such an outcome is not kept goes without saying.
    return result if reason is None or _why_not_kept(result) else _warned(result, reason)


def _warned(result: CheckResult, reason: str) -> CheckResult:
    warnings = (*result.warnings, f"not remembered: {reason}")
    return msgspec.structs.replace(result, warnings=warnings)
