"""Check a specification: run TLC, interpret its output and return the result."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from toolkit.errors import SettingError
from toolkit.tlc.ahead import claim
from toolkit.tlc.checkpoints import CheckpointNote, checkpoints, continue_from, leave_note
from toolkit.tlc.interpret import Interpreter
from toolkit.tlc.jvm_cache import names_collector
from toolkit.tlc.locate import find_java, find_tlc
from toolkit.tlc.messages import Message, MessageParser, OutputEvent, Unmarked
from toolkit.tlc.naming import with_names
from toolkit.tlc.plan import Plan
from toolkit.tlc.result import CheckOutcome, CheckProgress, CheckResult, TraceState, name_actions
from toolkit.tlc.run import TlcRun, default_memory
from toolkit.tlc.source import SpecSource, load_spec

__all__ = ["Log", "check", "conclude"]

_LOG_LIMIT = 64 * 2**20
_NAMING_TIMEOUT = 60.0
_COLLECTOR_ADVICE = 2401


class Log:
    """TLC's output, of which only the end is kept if it is very long."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self.cut = False

    def add(self, line: str) -> None:
        """Append a line.

        Parameters
        ----------
        line : str
        """
        self._lines.append(line)
        self._size += len(line)
        if self._size > 2 * _LOG_LIMIT:
            text = "".join(self._lines)[-_LOG_LIMIT:]
            self._lines, self._size, self.cut = [text], len(text), True

    def text(self) -> str:
        """Return the text that was kept.

        Returns
        -------
        str
        """
        return "".join(self._lines)


def _require(name: str, value: float | None, least: float, rule: str) -> None:
    if value is not None and value < least:
        raise SettingError(f"{name} must be {rule}, not {value}")


def check(
    spec: Path | str | SpecSource,
    config: Path | str | None = None,
    *,
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    deadlock: bool = True,
    fingerprint: int = 0,
    seed: int | None = None,
    keep_going: bool = False,
    coverage: bool = False,
    simulate: int | None = None,
    depth: int | None = None,
    depth_first: int | None = None,
    difference: bool = False,
    name_property: bool = True,
    checkpoint: int | None = None,
    states_folder: Path | str | None = None,
    recover: Path | str | None = None,
    options: Sequence[str] = (),
    module_path: Sequence[Path | str] = (),
    class_path: Sequence[Path | str] = (),
    java_options: Sequence[str] = (),
    short: bool = False,
    java: Path | str | None = None,
    jar: Path | str | None = None,
    on_event: Callable[[OutputEvent], None] | None = None,
    on_progress: Callable[[CheckProgress], None] | None = None,
    on_state: Callable[[TraceState], None] | None = None,
    on_print: Callable[[str], None] | None = None,
    keep_states: bool = True,
    cancel: threading.Event | None = None,
) -> CheckResult:
    """Check a specification with TLC.

    Parameters
    ----------
    spec : path or SpecSource
        A ``.tla`` file, or a loaded specification.
    config : path, optional
        A configuration file (``.cfg``); by default the file of the same name next to the
        specification.  Ignored for a :class:`SpecSource`, which contains its own.
    workers : int, optional
        Number of TLC's worker threads, by default the number of processors.  With 1 worker,
        counts and counterexamples are the same in every run.
    timeout : float, optional
        Seconds after which the run is ended with the outcome ``"time-limit"``.
    memory : int, optional
        Heap in MiB; see :func:`default_memory`.
    deadlock : bool
        Whether a state without a successor is a violation.
    fingerprint : int
        Index of the fingerprint polynomial, 0 to 130; fixed, so that a run can be repeated.
    seed : int, optional
        Seed of TLC's random numbers; by default TLC draws it, and the result reports it.
    keep_going : bool
        Whether to search for further violations after the first; each gives a counterexample.
    coverage : bool
        Whether to count evaluations; see :attr:`CheckResult.coverage`.
    simulate : int, optional
        Number of random behaviours to check instead of all states.
    depth : int, optional
        Maximal length of a random behaviour (TLC's default: 100).
    depth_first : int, optional
        Maximal number of states of a behaviour in a depth-first search (iterative deepening).
    difference : bool
        Whether TLC prints only the changed variables of each state of a counterexample
        (``-difftrace``); the toolkit fills in the others.
    name_property : bool
        Whether to find out which temporal property failed if TLC does not report it, which takes
        about a second for each property.
    checkpoint : int, optional
        Minutes between checkpoints, which are stored in `states_folder`; 0 for none.
    states_folder : path, optional
        Folder for TLC's states, which is kept; by default a temporary folder.
    recover : path, optional
        A checkpoint to continue from (:attr:`CheckResult.checkpoint`).  TLC continues in that
        folder, and removes it when the run succeeds; to keep it, continue from a copy.
    options : sequence of str
        Further options of TLC, passed on unchanged.
    module_path : sequence of paths
        Further folders with modules.
    class_path : sequence of paths
        Further jars, for instance with modules written in Java.  Their code is run.
    java_options : sequence of str
        Further options of Java.
    short : bool
        Whether the run is expected to take only a few seconds.  Java then uses the garbage
        collector and the compiler that start fastest, which make a long run slower.
    java, jar : path, optional
        See :func:`~toolkit.tlc.find_java` and :func:`~toolkit.tlc.find_tlc`.
    on_event : callable, optional
        Called with every message when it arrives.
    on_progress : callable, optional
        Called with every :class:`CheckProgress`.
    on_state : callable, optional
        Called with every state of a counterexample when it arrives.
    on_print : callable, optional
        Called with every line that the specification prints when it arrives.
    keep_states : bool
        Whether the counterexamples of the result contain their states.  With ``False``, a very
        long counterexample can be processed by `on_state` only.
    cancel : threading.Event, optional
        Ends the run when it is set from another thread; the outcome is ``"cancelled"``.

    Returns
    -------
    CheckResult
        Problems of the specification and exhausted time or memory are outcomes, not exceptions.

    Raises
    ------
    SpecError
        If a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If Java or TLC is not found.
    SettingError
        If a number is out of range, two settings exclude each other, or the checkpoint belongs to
        another specification or follows a violation.
    """
    _require("workers", workers, 1, "at least 1")
    _require("timeout", timeout, 1e-9, "more than 0 seconds")
    _require("memory", memory, 16, "at least 16 MiB")
    _require("simulate", simulate, 1, "at least 1")
    _require("depth_first", depth_first, 1, "at least 1")
    _require("checkpoint", checkpoint, 0, "0 or more minutes")
    if simulate is not None and depth_first is not None:
        raise SettingError("simulate and depth_first exclude each other", hint="omit one of them")
    if isinstance(spec, SpecSource):
        source = spec
    else:
        source = load_spec(spec, config, module_path=module_path)
    found_java, found_jar = find_java(java), find_tlc(jar)
    for extra in class_path:
        if not Path(extra).exists():
            raise SettingError("the jar does not exist", path=Path(extra), hint="check the path")
    count = workers or os.cpu_count() or 1
    plan = Plan(source)
    plan.begin(count, fingerprint, states_folder)
    if not deadlock:
        plan.add("-deadlock")
    if seed is not None:
        plan.add("-seed", seed)
    if keep_going:
        plan.add("-continue")
    if coverage:
        # An interval of so many minutes that TLC only reports coverage at the end.
        plan.add("-coverage", 10_000)
    if difference:
        plan.add("-difftrace")
    if simulate is not None:
        plan.add("-simulate", f"num={simulate}")
    if depth is not None:
        plan.add("-depth", depth)
    if depth_first is not None:
        plan.add("-dfid", depth_first)
    if checkpoint is not None:
        plan.add("-checkpoint", checkpoint)
    plan.read_options(options)
    if recover is not None:
        caveats, known = continue_from(Path(recover), source, fingerprint)
        plan.caveats += caveats
        plan.unsure = not known
        plan.add("-recover", Path(recover).absolute())
    plan.read_config()
    given, source = source, plan.source
    before = checkpoints(states_folder)
    interpreter = Interpreter(
        source,
        partial_states="-difftrace" in plan.options,
        on_state=on_state,
        keep_states=keep_states,
    )
    parser = MessageParser()
    log = Log()
    started = time.monotonic()

    own_collector = (short or count == 1) and not names_collector(java_options)

    def take(event: OutputEvent) -> None:
        if own_collector and isinstance(event, Message) and event.code == _COLLECTOR_ADVICE:
            # The toolkit chose another garbage collector than TLC recommends.
            if on_event is not None:
                on_event(event)
            return
        progress = interpreter.take(event)
        if progress is not None and on_progress is not None:
            progress.elapsed = time.monotonic() - started
            on_progress(progress)
        if on_print is not None and isinstance(event, Unmarked) and interpreter.printing:
            on_print(event.text)
        if on_event is not None:
            on_event(event)

    prepared = TlcRun(
        source,
        arguments=plan.arguments,
        memory=memory or default_memory(),
        java=found_java,
        jar=found_jar,
        class_path=[str(Path(extra).absolute()) for extra in class_path],
        java_options=java_options,
        short=short,
        serial=count == 1,
        timeout=timeout,
        cancel=cancel,
    )
    with claim(prepared) as run:
        started = run.started
        for line in run.lines():
            log.add(line)
            for event in parser.feed(line):
                take(event)
            if interpreter.ending:
                run.ending()
        for event in parser.finish():
            take(event)
        stderr = run.stderr()
        command = run.command
        interrupted = run.interrupted
        status = None if interrupted or run.lingered else run.exit_status
    if run.lingered:
        plan.warnings.append("Java did not exit after TLC had finished, and was ended")
    result = conclude(
        plan, interpreter, status, stderr, interrupted,
        duration=time.monotonic() - started,
        log=log.text() + stderr,
        log_cut=log.cut,
        java_version=found_java.version,
        command=command,
        workers=count,
        fingerprint=fingerprint,
        seed=seed,
    )  # fmt: skip
    left = leave_note(
        states_folder,
        before,
        recover,
        CheckpointNote(given.digest(), fingerprint, result.outcome, result.violation),
    )
    result = msgspec.structs.replace(result, checkpoint=left)
    if not name_property or (cancel is not None and cancel.is_set()):
        return result

    def check_property(single: SpecSource) -> CheckResult:
        return check(
            single, workers=1, timeout=_NAMING_TIMEOUT, memory=memory, deadlock=False, short=True,
            class_path=class_path, java_options=java_options, java=java, jar=jar, cancel=cancel,
        )  # fmt: skip

    return with_names(result, source, check_property)


def conclude(
    plan: Plan,
    interpreter: Interpreter,
    status: int | None,
    stderr: str,
    interrupted: CheckOutcome | None,
    *,
    seed: int | None,
    fingerprint: int,
    problem: str | None = None,
    **facts: Any,
) -> CheckResult:
    """Build the result of a run from its plan and TLC's messages.

    Parameters
    ----------
    plan : Plan
    interpreter : Interpreter
        The interpreter of all messages of the run.
    status : int or None
        TLC's exit status, if it ended by itself.
    stderr : str
    interrupted : str or None
        The outcome, if the toolkit ended the run.
    seed : int or None
    fingerprint : int
    problem : str, optional
        The reason why the run was ended, if TLC does not report it.
    **facts
        Further fields of the result.

    Returns
    -------
    CheckResult
    """
    source = plan.source
    finding = interpreter.verdict(status, stderr, interrupted)
    plan.explain(finding, interpreter.version)
    if problem is not None and finding.outcome == interrupted:
        finding.message = problem
    if interpreter.dropped_states:
        plan.caveats.append(
            f"{interpreter.dropped_states} states of counterexamples are not stored in the result"
        )
    success = finding.outcome == "success"
    if success and not plan.sampled and not interpreter.distinct:
        plan.caveats.append("there is no initial state: only the assumptions were checked")
    unsound = any(caveat.startswith("TLC is unsound") for caveat in plan.caveats)
    return CheckResult(
        outcome=finding.outcome,
        name=finding.name,
        message=finding.message,
        location=finding.location,
        source=interpreter.source_at(finding.location),
        positions=finding.positions,
        candidates=finding.candidates,
        generated=interpreter.generated,
        distinct=interpreter.distinct,
        left_on_queue=interpreter.queue,
        depth=interpreter.depth,
        complete=success
        and interpreter.queue == 0
        and bool(interpreter.distinct)
        and not plan.sampled
        and not unsound
        and not plan.unsure,
        caveats=tuple(plan.caveats),
        counterexamples=name_actions(interpreter.examples(), source.modules),
        coverage=interpreter.coverage.result(ended=interpreter.finished),
        prints="\n".join(interpreter.prints),
        prints_cut=interpreter.prints_cut,
        warnings=(*plan.warnings, *interpreter.warnings),
        exit_status=status,
        tlc_version=interpreter.version,
        fingerprint=fingerprint if interpreter.fingerprint is None else interpreter.fingerprint,
        seed=seed if interpreter.seed is None else interpreter.seed,
        modules=dict(source.modules),
        config=source.config,
        **facts,
    )
