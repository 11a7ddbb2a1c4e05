r"""Cache of check results, so that TLC does not run twice for the same check.

The key of a result is the SHA-256 of everything that it depends on:

- the name and the text of every module, and the text of the configuration file;
- every argument of :func:`~toolkit.tlc.check` that can change the result: workers, deadlock
  checking, fingerprint index, seed, options for TLC and for Java, further jars (by content);
- the content of ``tla2tools.jar``, and with it TLC's version;
- the toolkit's version and source, because it parses TLC's output, and the format of the cache.

The key does not contain heap, time limit and callbacks, because a run that they end is not cached.
It does not contain Java's version either, because TLC's results do not depend on it; the result
records the version that was used.  A result from the cache needs no Java.

The results of these runs are not cached:

- runs that were cancelled, ended by a limit of time, memory or stack or without a verdict, or that
  TLC did not end by itself;
- runs that draw random numbers without a seed, because each run is a different sample;
- runs of specifications that read the clock or files, which are not part of the key;
- runs that write files or continue from such files, because the files are wanted as well.

In the last three cases the result has a warning that states the reason.

Each result is a file: a line with a checksum, then compressed JSON with values in the ITF
encoding.  It is written under another name and then renamed, so that no process reads an
incomplete file and several processes can share the folder.  There is no index that could be
damaged.  Nothing is unpickled, so that a planted file cannot run code.
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
"""Version of the file format; results of another version are ignored."""

_SUFFIX = ".result"
_MAGIC = b"toolkit-tlc-result"
_DEFAULT_LIMIT = 2**30

_TRANSIENT = frozenset({"cancelled", "time-limit", "out-of-memory", "stack-overflow"})
_NO_VERDICT = {"error"}
# TLC's messages about exhausted memory or stack, which may follow a violation.
_EXHAUSTED = re.compile(r"STARTMSG (?:1001|1002|1005):")
_FINISHED = re.compile(r"STARTMSG 2186:")

_NOT_IN_KEY = frozenset(
    {
        # These are part of the key as the specification or as the content of the jar.
        "spec", "config", "module_path", "jar", "class_path",
        # These cannot change a result that is cached.
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
_EXTERNAL_INPUT = re.compile(r'\b(?:IOUtils|Json|CSV|SVG|JavaTime)\b|TLCGet\s*\(\s*"duration"')
_RANDOM = re.compile(r"\b(?:Randomization|RandomElement)\b")


class MemoryInfo(msgspec.Struct, frozen=True):
    """Location and size of a :class:`ResultCache`.

    Parameters
    ----------
    folder : str
        The folder of the results.
    entries : int
        Number of results.
    size, limit : int
        Bytes on disk, and the largest number allowed.
    """

    folder: str
    entries: int
    size: int
    limit: int


def _now() -> datetime:
    return datetime.now(UTC)


class ResultCache:
    """A folder of cached check results.

    Several processes and threads can use a folder at the same time.

    Parameters
    ----------
    folder : path, optional
        By default ``results`` in the folder that the environment variable ``TOOLKIT_CACHE``
        names, else in the user's cache folder.
    limit : int
        Largest size of all results in bytes; the least recently used results are removed first.
    clock : callable, optional
        Returns the time that is recorded with a result; by default the current time in UTC.

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
            raise SettingError(f"limit={limit} must be 0 bytes or more")
        self.folder = _default_folder() if folder is None else Path(folder)
        self.limit = limit
        self._clock = clock

    def __repr__(self) -> str:
        return f"ResultCache({str(self.folder)!r}, limit={self.limit})"

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _entries(self) -> Iterator[tuple[Path, os.stat_result]]:
        with contextlib.suppress(FileNotFoundError), os.scandir(self.folder) as files:
            for file in files:
                if re.fullmatch(rf"[0-9a-f]{{64}}{re.escape(_SUFFIX)}", file.name):
                    # Another process may have removed it in the meantime.
                    with contextlib.suppress(FileNotFoundError):
                        yield Path(file.path), file.stat()

    def get(self, key: str) -> CheckResult | None:
        """Return a cached result, with the time when it was computed.

        Parameters
        ----------
        key : str
            A key from :func:`result_key`.

        Returns
        -------
        CheckResult or None
            ``None`` if there is none.  A file that cannot be decoded is removed.
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
        """Store a result.

        Parameters
        ----------
        key : str
            A key from :func:`result_key`.
        result : CheckResult
            The result of a run.

        Returns
        -------
        str or None
            The reason why the result was not stored; ``None`` if it was.
        """
        reason = _uncacheable_reason(result)
        if reason is not None:
            return reason
        try:
            computed = self._clock().isoformat(timespec="seconds")
            data = _encode(result, key, computed)
            # A result that would be decoded differently, or not at all, is not stored.
            if _decode(data, key) != msgspec.structs.replace(result, remembered=computed):
                return "the result changes when it is written as JSON and read again"
        except (ToolkitError, ValueError, TypeError, RecursionError) as error:
            return f"the result cannot be written as JSON: {error}"
        if len(data) > self.limit:
            return f"the result takes {len(data):,} bytes, more than the limit of {self.limit:,}"
        try:
            self._write(key, data)
            self._evict()
        except OSError as error:
            return f"the folder {self.folder} is not writable: {error.strerror}"
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

    def _evict(self) -> None:
        for path in self.folder.glob("new-*"):
            # A file of a process that was killed while writing it.
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
        """Remove a result from the cache, if it is stored.

        Parameters
        ----------
        key : str
            A key from :func:`result_key`.
        """
        with contextlib.suppress(OSError):
            self._path(key).unlink(missing_ok=True)

    def clear(self) -> int:
        """Remove all results, and no other files, and return their number.

        Returns
        -------
        int
        """
        count = 0
        for path, _ in self._entries():
            path.unlink(missing_ok=True)
            count += 1
        return count

    def info(self) -> MemoryInfo:
        """Return location and size of the cache.

        Returns
        -------
        MemoryInfo
        """
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


def _uncacheable_reason(result: CheckResult) -> str | None:
    if result.outcome in _TRANSIENT | _NO_VERDICT:
        return f"the outcome {result.outcome!r} may differ the next time"
    if result.exit_status is None or not _FINISHED.search(
        result.log, max(0, len(result.log) - 4096)
    ):
        return "the run did not finish"
    if _EXHAUSTED.search(result.log):
        return "memory or stack was exhausted"
    return None


class _Stored(msgspec.Struct):
    key: str
    computed: str
    result: dict[str, Any]


def _encode(result: CheckResult, key: str, computed: str) -> bytes:
    plain = msgspec.structs.replace(result, remembered=None)
    body = zlib.compress(msgspec.json.encode(_Stored(key, computed, plain.to_json(log=True))), 3)
    head = b"%s %d %s\n" % (_MAGIC, FORMAT, sha256(body).hexdigest().encode())
    return head + body


def _decode(data: bytes, key: str) -> CheckResult:
    head, _, body = data.partition(b"\n")
    if head != b"%s %d %s" % (_MAGIC, FORMAT, sha256(body).hexdigest().encode()):
        raise ValueError("not a result, or a damaged result")
    stored = msgspec.json.decode(zlib.decompress(body), type=_Stored)
    if stored.key != key:
        raise ValueError("a result with another key")
    result = msgspec.convert(stored.result, CheckResult)
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
    return msgspec.structs.replace(result, counterexamples=examples, remembered=stored.computed)


def check_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return all keyword arguments of :func:`~toolkit.tlc.check`, with its defaults filled in.

    Parameters
    ----------
    options : mapping of str to object
        The given keyword arguments.

    Returns
    -------
    dict

    Raises
    ------
    SettingError
        If an option is unknown.

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
                f"unknown option {name!r} of check()",
                hint=f"did you mean {close[0]!r}?" if close else "see toolkit.tlc.check",
            )
    return {**known, **options}


def why_not_remembered(source: SpecSource, options: Mapping[str, Any]) -> str | None:
    """Return the reason why the result of a check cannot be cached, known before the run.

    Parameters
    ----------
    source : SpecSource
        The specification.
    options : mapping of str to object
        Keyword arguments of :func:`~toolkit.tlc.check`.

    Returns
    -------
    str or None
        ``None`` if the result can be cached.

    Raises
    ------
    SettingError
        If an option is unknown.
    """
    given = check_options(options)
    tlc_options = [str(option) for option in given["options"]]
    for name in _FILES:
        if given[name] is not None:
            return f"with {name!r} the run writes or reads files"
    for option in tlc_options:
        if option.lower() in _FILE_OPTIONS or "file=" in option:
            return f"with {option!r} the run writes or reads files"
    texts = [blank_comments(text) for text in source.modules.values()]
    for text in texts:
        if match := _EXTERNAL_INPUT.search(text):
            return f"the specification uses files or the clock ({match[0]})"
    if given["seed"] is None and "-seed" not in tlc_options:
        if given["simulate"] is not None or "-simulate" in tlc_options:
            return "a simulation without a seed differs each time"
        for text in texts:
            if match := _RANDOM.search(text):
                return f"the specification draws random values ({match[0]}) without a seed"
    for name, value in given.items():
        if name not in _NOT_IN_KEY and not _is_plain(value):
            return f"the option {name!r} is a {type(value).__name__}, which cannot be part of a key"
    return None


def _is_plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, bool | int | float | str)


def result_key(source: SpecSource, options: Mapping[str, Any]) -> str:
    """Return the key of a check: a hash of everything that its result depends on.

    Parameters
    ----------
    source : SpecSource
        The specification.
    options : mapping of str to object
        Keyword arguments of :func:`~toolkit.tlc.check`; an omitted option counts as its default.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    TlcNotFoundError
        If TLC is not found.
    SettingError
        If an option is unknown, or a jar cannot be read.
    """
    given = check_options(options)
    relevant = {name: value for name, value in given.items() if name not in _NOT_IN_KEY}
    relevant["workers"] = given["workers"] or os.cpu_count() or 1
    # This option only sets how many threads Java itself starts; TLC gets the number of workers.
    relevant["java_options"] = [
        str(option)
        for option in given["java_options"]
        if not str(option).startswith("-XX:ActiveProcessorCount=")
    ]
    content = {
        "format": FORMAT,
        "toolkit": [__version__, _source_digest()],
        "root": source.root,
        "modules": dict(source.modules),
        "config": source.config,
        # Notes become warnings of the result.
        "notes": list(source.notes),
        "options": relevant,
        "jar": _digest_of(Path(find_tlc(given["jar"]).path)),
        "class_path": [_digest_of(Path(jar)) for jar in given["class_path"]],
    }
    return sha256(msgspec.json.encode(content, order="deterministic", enc_hook=str)).hexdigest()


@functools.lru_cache(maxsize=1)
def _source_digest() -> str:
    """Return a hash of the toolkit's code that produces results from TLC's output."""
    package = Path(__file__).resolve().parent.parent
    digest = sha256()
    for folder in ("tlc", "values"):
        for path in sorted((package / folder).rglob("*.py")):
            digest.update(f"{path.relative_to(package).as_posix()}\0".encode())
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


@functools.lru_cache(maxsize=64)
def _file_digest(path: Path, size: int, changed: int, number: int) -> str:
    with path.open("rb") as file:
        digest = sha256()
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _digest_of(path: Path) -> str:
    """Return the hash of a file, or of all files in a folder."""
    try:
        if path.is_dir():
            files = sorted(file for file in path.rglob("*") if file.is_file())
            text = "\n".join(f"{_digest_of(file)} {file.relative_to(path)}" for file in files)
            return sha256(text.encode()).hexdigest()
        stat = path.stat()
        return _file_digest(path, stat.st_size, stat.st_mtime_ns, stat.st_ino)
    except OSError as error:
        raise SettingError(
            f"cannot read the jar: {error.strerror}", path=path, hint="check the path"
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
    """Check a specification with TLC, or return the cached result of an equal check.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a loaded specification.
    config : path, optional
        A configuration file (``.cfg``); by default the file of the same name next to the
        specification.
    memory : ResultCache or False, optional
        The cache; by default ``ResultCache()``.  ``False`` turns caching off.
    again : bool
        Whether to run TLC in any case and replace the cached result.
    heap : int, optional
        Heap in MiB, the `memory` of :func:`~toolkit.tlc.check`.
    **options
        All other arguments of :func:`~toolkit.tlc.check`.

    Returns
    -------
    CheckResult
        If the result is from the cache, :attr:`CheckResult.remembered` is the time when it was
        computed; duration, log and Java version are those of the original run, and no callback
        is called.  If the result cannot be cached, a warning states the reason.

    Raises
    ------
    SpecError
        If a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If TLC is not found, or Java is not found and the result is not in the cache.
    SettingError
        If an option is unknown or out of range.
    """
    if memory is not None and memory is not False and not isinstance(memory, ResultCache):
        raise SettingError(
            f"'memory' must be a ResultCache or False, not {memory!r}",
            hint="to set the heap in MiB, use 'heap'",
        )
    given = check_options(options)
    if isinstance(spec, SpecSource):
        if config is not None:
            raise SettingError(
                "a SpecSource contains its own configuration file",
                hint="omit 'config'",
            )
        source = spec
    else:
        source = load_spec(spec, config, module_path=given["module_path"])
    if memory is False:
        return check(source, memory=heap, **options)
    reason = why_not_remembered(source, given)
    if reason is not None:
        return _with_warning(check(source, memory=heap, **options), reason)
    store = memory or ResultCache()
    key = result_key(source, given)
    if not again and (cached := store.get(key)) is not None:
        return cached
    result = check(source, memory=heap, **options)
    reason = store.put(key, result)
    # For an outcome that is never cached no warning is needed.
    return (
        result if reason is None or _uncacheable_reason(result) else _with_warning(result, reason)
    )


def _with_warning(result: CheckResult, reason: str) -> CheckResult:
    warnings = (*result.warnings, f"not cached: {reason}")
    return msgspec.structs.replace(result, warnings=warnings)
