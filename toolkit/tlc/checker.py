"""Check a specification: run TLC, follow what it says, return what came out."""

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
from toolkit.tlc.locate import find_java, find_tlc
from toolkit.tlc.messages import Message, MessageParser, OutputEvent, Unmarked
from toolkit.tlc.naming import with_names
from toolkit.tlc.plan import Plan
from toolkit.tlc.result import CheckOutcome, CheckProgress, CheckResult, TraceState, name_actions
from toolkit.tlc.run import TlcRun, default_memory
from toolkit.tlc.source import SpecSource, load_spec

__all__ = ["Log", "check", "conclude"]

_LOG_LIMIT = 64 * 2**20
_NAMING = 60.0
_COLLECTOR_ADVICE = 2401


class Log:
    """The output, with a bound on what is kept of it: its end."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._size = 0
        self.cut = False

    def add(self, line: str) -> None:
        """Take a line."""
        self._lines.append(line)
        self._size += len(line)
        if self._size > 2 * _LOG_LIMIT:
            text = "".join(self._lines)[-_LOG_LIMIT:]
            self._lines, self._size, self.cut = [text], len(text), True

    def text(self) -> str:
        """Return what was kept."""
        return "".join(self._lines)


def _number(name: str, value: float | None, least: float, what: str) -> None:
    if value is not None and value < least:
        raise SettingError(f"{name}={value}", hint=what)


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
        A ``.tla`` file, or a specification gathered already.
    config : path, optional
        A ``.cfg`` file; by default the one beside the specification.  Not with a
        :class:`SpecSource`, which carries its own.
    workers : int, optional
        TLC's worker threads; by default as many as there are processors.  With one worker
        counts and counterexamples are the same in every run.
    timeout : float, optional
        Seconds after which the run is ended; its outcome is then ``"time-limit"``.
    memory : int, optional
        Heap in MiB; see :func:`default_memory`.
    deadlock : bool
        Whether a state without successor is a violation.
    fingerprint : int
        Index of the fingerprint polynomial, 0 to 130; fixed, so that a run can be repeated.
    seed : int, optional
        Seed of what TLC draws; by default TLC draws it, and the result says which.
    keep_going : bool
        Look for further violations after the first; each is a counterexample of its own.
    coverage : bool
        Count how often everything is evaluated; see :attr:`CheckResult.coverage`.
    simulate : int, optional
        Look at so many random behaviours instead of all states.
    depth : int, optional
        The greatest length of such a behaviour (TLC's default: 100).
    depth_first : int, optional
        Search depth first, up to behaviours of so many states (iterative deepening).
    difference : bool
        Have TLC print only what changed in each state of a counterexample (``-difftrace``);
        what it leaves out is filled in again.
    name_property : bool
        Where TLC does not say which of several temporal properties failed, find it out: a second
        or so for each of them.
    checkpoint : int, optional
        Minutes between checkpoints, kept in `states_folder`; 0 for none.
    states_folder : path, optional
        Where TLC keeps its states, and where they stay; by default in a temporary folder.
    recover : path, optional
        A checkpoint to continue from: what :attr:`CheckResult.checkpoint` said.  TLC goes on
        in that folder, and removes it when the run succeeds: continue from a copy to keep it.
    options : sequence of str
        Further options of TLC, passed on as they are.
    module_path : sequence of paths
        Further folders with modules.
    class_path : sequence of paths
        Further jars, for instance with modules that are written in Java: they run code.
    java_options : sequence of str
        Further options of Java.
    short : bool
        Whether the run is expected to last a few seconds at most.  Java then gets the collector
        and the compiler that start fastest, and a long run takes longer.
    java, jar : path, optional
        See :func:`~toolkit.tlc.find_java` and :func:`~toolkit.tlc.find_tlc`.
    on_event : callable, optional
        Called with every message, as it comes.
    on_progress : callable, optional
        Called with every :class:`CheckProgress`.
    on_state : callable, optional
        Called with every state of a counterexample, as it comes.
    on_print : callable, optional
        Called with every line that the specification prints, as it comes.
    keep_states : bool
        Whether the counterexamples of the result have their states; a very long one can be
        taken by `on_state` alone.
    cancel : threading.Event, optional
        Ends the run when set, from another thread; the outcome is ``"cancelled"``.

    Returns
    -------
    CheckResult
        What is wrong with the specification, and running out of time or memory, are
        outcomes and no exceptions.

    Raises
    ------
    SpecError
        If a file cannot be read.
    JavaNotFoundError, TlcNotFoundError
        If there is nothing to run.
    SettingError
        If a number is out of range, two settings exclude each other, or the checkpoint to
        continue from is not this specification's or comes after a violation.
    """
    _number("workers", workers, 1, "at least one worker")
    _number("timeout", timeout, 1e-9, "more than 0 seconds")
    _number("memory", memory, 16, "at least 16 MiB")
    _number("simulate", simulate, 1, "at least one behaviour")
    _number("depth_first", depth_first, 1, "at least one state")
    _number("checkpoint", checkpoint, 0, "0 or more minutes")
    if simulate is not None and depth_first is not None:
        raise SettingError("a simulation cannot be depth first", hint="leave one of them out")
    if isinstance(spec, SpecSource):
        source = spec
    else:
        source = load_spec(spec, config, module_path=module_path)
    found_java, found_jar = find_java(java), find_tlc(jar)
    for extra in class_path:
        if not Path(extra).exists():
            raise SettingError("there is no such jar", path=Path(extra), hint="check the path")
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
        # So many minutes apart that only the account at the end is given.
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
    asked, source = source, plan.source
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

    def take(event: OutputEvent) -> None:
        if short and isinstance(event, Message) and event.code == _COLLECTOR_ADVICE:
            # Java runs with another collector than TLC advises because we chose it.
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
        plan.warnings.append("Java stayed when TLC had said its last, and was ended")
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
        CheckpointNote(asked.digest(), fingerprint, result.outcome, result.violation),
    )
    result = msgspec.structs.replace(result, checkpoint=left)
    if not name_property or (cancel is not None and cancel.is_set()):
        return result

    def ask(alone: SpecSource) -> CheckResult:
        return check(
            alone, workers=1, timeout=_NAMING, memory=memory, deadlock=False, short=True,
            class_path=class_path, java_options=java_options, java=java, jar=jar, cancel=cancel,
        )  # fmt: skip

    return with_names(result, source, ask)


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
    """Return the result that a plan and what TLC said come to.

    Parameters
    ----------
    plan : Plan
    interpreter : Interpreter
        Which has seen all of TLC's messages.
    status : int or None
        TLC's exit status, if it ended by itself.
    stderr : str
    interrupted : str or None
        The outcome, if it was ended.
    seed : int or None
    fingerprint : int
    problem : str, optional
        Why it was ended, where that is not in TLC's own words.
    **facts
        Further fields of the result.
    """
    source = plan.source
    finding = interpreter.verdict(status, stderr, interrupted)
    plan.explain(finding, interpreter.version)
    if problem is not None and finding.outcome == interrupted:
        finding.message = problem
    if interpreter.dropped_states:
        plan.caveats.append(
            f"{interpreter.dropped_states} states of counterexamples were passed on and not kept"
        )
    success = finding.outcome == "success"
    if success and not plan.sampled and not interpreter.distinct:
        plan.caveats.append("there is no initial state: nothing but the assumptions was checked")
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
