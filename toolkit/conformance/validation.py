"""Trace validation: TLC decides whether some behaviour of the specification explains a trace."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.conformance.encode import Encoder, Layout, recorded_value
from toolkit.conformance.tracespec import TraceSpec
from toolkit.conformance.verdict import (
    Broken,
    Checked,
    Difference,
    Divergence,
    SpecReplay,
    Successor,
    ValidationReport,
    Verdict,
)
from toolkit.errors import SettingError, TlcError, ToolkitError, UnknownNameError
from toolkit.protocols import get_protocol
from toolkit.protocols.base import unique
from toolkit.protocols.specification import Specification
from toolkit.tlc import CheckResult, check
from toolkit.trace import Step, Trace, read_traces
from toolkit.values import (
    TRUE,
    Record,
    Set,
    Tuple,
    canonical,
    parse_values,
    to_itf,
)

__all__ = ["follow", "validate"]

BATCH_STEPS = 400_000
"""Approximate number of steps in a batch of traces for TLC, which bounds its memory."""

INCREMENTAL = True
"""Whether TLC evaluates after a step only the invariants that the step can have changed."""

_ACCEPT = "SPECIFICATION TraceSpec\nINVARIANT Accepted\nVIEW TraceView"
_CLAIMS = "\nINVARIANT Claims"
_STATES = "SPECIFICATION StatesSpec\nINVARIANTS Accepted Claims\nVIEW TraceView"
_LOCATE = "SPECIFICATION TraceSpec\nINVARIANTS Accepted Stuck"
_EXPLAIN = "SPECIFICATION ExplainSpec\nINVARIANT Before"
_FOLLOW = "SPECIFICATION TraceSpec\nINVARIANTS Accepted Follow"
# Runs with at most so many steps use the JVM options for a fast start, which make code slower.
_SHORT_STEPS = 2_000


_BROKEN = re.compile(r'<<"broken", (\d+), (\d+), "(\w+)">>')


class _TlcOutput:
    """Collector of the lines that TLC prints.

    An invariant that fails once may fail in all later states.  For each invariant and piece, only
    the first failure is kept.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.broken: dict[tuple[int, str], int] = {}

    def add_line(self, line: str) -> None:
        match = _BROKEN.fullmatch(line.strip())
        if match is None:
            self.lines.append(line)
            return
        key, at = (int(match[1]), match[3]), int(match[2])
        self.broken[key] = min(at, self.broken.get(key, at))


class _Tlc:
    """Runner of TLC for a validation, which counts runs and time."""

    def __init__(
        self,
        specification: Specification | None = None,
        *,
        invariants: bool = True,
        claims: Sequence[str] = (),
        **options: Any,
    ) -> None:
        if not isinstance(specification, Specification | None):
            raise SettingError(
                f"specification= must be a Specification, not {specification!r}",
                hint="for a file Name.tla: toolkit.Specification(name='name', "
                "folder=Path('folder'), module='Name')",
            )
        self.specification = specification
        self._readings: dict[int, TraceSpec] = {}
        self.invariants = invariants
        self.claims = claims
        self.options = options
        self.seconds = 0.0
        self.runs = 0
        self.distinct_steps = 0
        self.version = ""

    def of(self, trace: Trace) -> TraceSpec:
        """Return the specification that a trace is checked against.

        Raises
        ------
        UnknownNameError
            If no specification was given and the trace's protocol is not registered.
        """
        specification = self.specification
        if specification is None:
            specification = get_protocol(trace.header.protocol).specification
        spec = self._readings.get(id(specification))
        if spec is None:
            spec = self._readings[id(specification)] = TraceSpec(specification)
        return spec

    def evaluated(self, spec: TraceSpec) -> tuple[str, ...]:
        """Return the state properties to evaluate, the specification's invariants first."""
        further = spec.specification.claims
        for name in self.claims:
            if name not in further and name not in spec.invariants:
                known = ", ".join(further)
                raise UnknownNameError(
                    f"unknown property {name!r} of the specification of {spec.specification.name}",
                    hint=f"properties: {known}" if known else "it defines no further properties",
                )
        return unique([*(spec.invariants if self.invariants else ()), *self.claims])

    def __call__(
        self,
        encoder: Encoder,
        config: str,
        layout: Layout,
        *,
        stop: Sequence[int] | None = None,
        workers: int | None = None,
        incremental: bool = False,
    ) -> tuple[CheckResult, list[list[Any]]]:
        options = dict(self.options)
        if workers is not None:
            options["workers"] = workers
        source = encoder.source(config, layout, stop=stop, incremental=incremental)
        output = _TlcOutput()
        result = check(
            source,
            deadlock=False,
            short=layout.steps <= _SHORT_STEPS,
            on_print=output.add_line,
            **options,
        )
        self.seconds += result.duration
        self.runs += 1
        self.version = result.tlc_version
        rows = []
        if result.ok:
            for value in parse_values("\n".join(output.lines)):
                if isinstance(value, Tuple):
                    rows.append(list(value.elements))
            rows += [
                ["broken", piece, at, name] for (piece, name), at in sorted(output.broken.items())
            ]
        elif result.outcome in {"cancelled", "time-limit", "out-of-memory"}:
            raise TlcError(
                f"TLC did not finish the validation: {result.outcome}",
                hint="allow more time or memory, or validate fewer traces",
            )
        return result, rows


class _Entry:
    """A trace and what is known of its verdict."""

    def __init__(self, source: str | None, trace: Trace) -> None:
        self.source = source
        self.trace = trace
        self.verdict: Verdict | None = None
        self.broken: dict[str, int] = {}
        self.all_states = False

    def decide(self, status: Any, **more: Any) -> None:
        trace = self.trace
        broken = sorted(self.broken.items(), key=lambda item: (item[1], item[0]))
        self.verdict = Verdict(
            trace=trace.header.trace,
            source=self.source,
            status=status,
            steps=len(trace.steps),
            checked=more.pop("checked", Checked()),
            complete=trace.complete,
            broken=tuple(Broken(name, step) for name, step in broken),
            all_states=self.all_states,
            replay=trace.header.replay,
            **more,
        )


def _count_checked(trace: Trace, steps: int) -> Checked:
    observed = trace.header.observed
    counts = dict.fromkeys(("actions", "params", "received", "sent", "variables", "unchecked"), 0)
    for step in trace.steps[:steps]:
        own = trace.header.initial.get(step.node)
        counts["actions"] += step.action is not None
        counts["params"] += bool(step.params)
        counts["received"] += step.received is not None
        counts["sent"] += step.sent is not None
        if step.state is not None:
            names = {name for name in observed if own is None or name in own}
            counts["variables"] += len(names | set(step.state))
        elif step.action is None and step.received is None and step.sent is None:
            counts["unchecked"] += 1
    return Checked(steps=steps, **counts)


def _load(sources: Iterable[Path | str | Trace]) -> Iterator[_Entry]:
    for source in sources:
        if isinstance(source, Trace):
            yield _Entry(None, source)
        else:
            for trace in read_traces(source):
                yield _Entry(str(source), trace)


def validate(
    sources: Iterable[Path | str | Trace],
    *,
    protocol: str | None = None,
    specification: Specification | None = None,
    explain: int = 10,
    invariants: bool = True,
    claims: Sequence[str] = (),
    workers: int | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    java: Path | str | None = None,
    jar: Path | str | None = None,
    cancel: threading.Event | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> ValidationReport:
    """Validate traces with TLC: find which the specification allows, and where others diverge.

    Parameters
    ----------
    sources : iterable of path or Trace
        Trace files, or traces in memory.
    protocol : str, optional
        The protocol that every trace must be of; by default any.
    specification : Specification, optional
        The specification to check the traces against, whatever protocol they name.  By default,
        that of the registered protocol whose name is in the trace's header.
    explain : int
        Maximum number of divergences to explain.  Further divergences are only located, and the
        verdict's reason says so.
    invariants : bool
        Whether to evaluate the protocol's invariants in every state.
    claims : sequence of str
        Further properties to evaluate in every state; they count as invariants.  The
        specification defines them without guaranteeing them (``Protocol.claims``).
    workers, timeout, memory, java, jar, cancel
        As for :func:`toolkit.tlc.check`; the timeout applies to each run of TLC.
    progress : callable, optional
        Called after each batch with the number of traces done and the number of all traces.

    Returns
    -------
    ValidationReport
        One verdict for each trace, in order.

    Raises
    ------
    TraceError
        If a file cannot be read.
    SpecError
        If a specification cannot be read.
    UnknownNameError
        If a trace's protocol is not registered, or its specification lacks a property in `claims`.
    TlcError
        If a run of TLC was cancelled, or ran out of time or memory.
    SettingError
        If a trace is of another protocol than `protocol`.
    """
    started = time.monotonic()
    tlc = _Tlc(
        specification,
        invariants=invariants,
        claims=claims,
        workers=workers,
        timeout=timeout,
        memory=memory,
        java=java,
        jar=jar,
        cancel=cancel,
    )
    entries: list[_Entry] = []
    actions: dict[str, int] = {}
    evaluated: dict[str, None] = {}
    open_parts: dict[str, str] = {}
    explained = 0
    groups: dict[str, list[_Entry]] = {}
    pending = 0

    def flush() -> None:
        nonlocal explained, pending
        for group in groups.values():
            explained += _decide(tlc, group, max(0, explain - explained))
        groups.clear()
        pending = 0
        if progress is not None:
            progress(sum(entry.verdict is not None for entry in entries), len(entries))

    for entry in _load(sources):
        header = entry.trace.header
        try:
            spec = tlc.of(entry.trace)
        except UnknownNameError as error:
            raise UnknownNameError(
                error.message,
                path=entry.source,
                hint=f"{error.hint}; without a registered protocol, give a specification: --spec "
                "FILE.tla, or specification= in Python",
            ) from error
        if protocol is not None and header.protocol != protocol:
            raise SettingError(
                f"trace {header.trace!r} is of protocol {header.protocol!r}, not {protocol!r}",
                path=entry.source,
                hint=f"validate it as {header.protocol!r}, or leave the protocol out",
            )
        entries.append(entry)
        open_parts |= spec.unplaced | dict(spec.specification.unchecked)
        evaluated |= dict.fromkeys(tlc.evaluated(spec))
        expected = spec.specification.expected_actions
        for name in spec.actions if expected is None else expected(header.constants):
            actions.setdefault(name, 0)
        for step in entry.trace.steps:
            if step.action in actions:
                actions[step.action] += 1
        key = canonical([header.protocol, header.constants, list(header.nodes), header.initial])
        groups.setdefault(key, []).append(entry)
        pending += len(entry.trace.steps)
        if pending >= BATCH_STEPS:
            flush()
    flush()
    verdicts = []
    for entry in entries:
        assert entry.verdict is not None
        verdicts.append(entry.verdict)
    return ValidationReport(
        verdicts=tuple(verdicts),
        actions=actions,
        unchecked={name: why for name, why in open_parts.items() if actions.get(name)},
        invariants=tuple(evaluated),
        duration=time.monotonic() - started,
        tlc_seconds=tlc.seconds,
        distinct_steps=tlc.distinct_steps,
        runs=tlc.runs,
        tlc_version=tlc.version,
    )


def _decide(tlc: _Tlc, group: list[_Entry], explain: int) -> int:
    """Decide the verdicts of traces with equal headers; return how many were explained."""
    spec = tlc.of(group[0].trace)
    encoded: list[_Entry] = []
    try:
        encoder = Encoder(spec, group[0].trace, tlc.evaluated(spec))
    except ToolkitError as error:
        for entry in group:
            entry.decide("not checkable", reason=str(error))
        return 0
    for entry in group:
        if not entry.trace.steps:
            entry.decide("not checkable", reason="the trace has no steps")
            continue
        if not _records_anything(entry.trace):
            entry.decide("not checkable", reason="its steps record nothing except their nodes")
            continue
        try:
            encoder.add(entry.trace)
        except ToolkitError as error:
            entry.decide("not checkable", reason=str(error))
            continue
        encoded.append(entry)
    tlc.distinct_steps += encoder.layout(shared=True).steps
    return _decide_encoded(tlc, encoder, encoded, list(range(len(encoded))), explain)


def _records_anything(trace: Trace) -> bool:
    return any(
        step.action or step.received or step.sent is not None or step.state for step in trace.steps
    )


def _decide_encoded(
    tlc: _Tlc, encoder: Encoder, encoded: list[_Entry], chosen: list[int], explain: int
) -> int:
    if not chosen:
        return 0
    layout = encoder.layout(chosen, shared=True)
    config = _ACCEPT + _CLAIMS if encoder.claims else _ACCEPT
    result, rows = tlc(encoder, config, layout, incremental=INCREMENTAL and bool(encoder.claims))
    if not result.ok and INCREMENTAL and encoder.claims:
        # If the incremental evaluation fails, only the result of the ordinary one counts.
        result, rows = tlc(encoder, config, layout)
    if not result.ok:
        # A trace on which TLC fails must not take the verdicts from the other traces.
        if len(chosen) > 1:
            half = len(chosen) // 2
            done = _decide_encoded(tlc, encoder, encoded, chosen[:half], explain)
            return done + _decide_encoded(
                tlc, encoder, encoded, chosen[half:], max(0, explain - done)
            )
        message = encoder.spec.with_origins(result.message)
        reason = f"TLC could not compare it: {result.outcome}: {message}"
        encoded[chosen[0]].decide("not checkable", reason=reason)
        return 0
    accepted = {index for row in rows if row[0] == "accepted" for index in layout.ends(row[1])}
    _note_broken(encoded, layout, [row for row in rows if row[0] == "broken"])
    left = []
    for index in chosen:
        if index in accepted:
            _accept(encoded[index])
        else:
            left.append(index)
    return _locate(tlc, encoder, encoded, left, explain)


def _note_broken(encoded: list[_Entry], layout: Layout, rows: list[list[Any]]) -> None:
    """Record for each trace the first step at which each broken invariant fails."""
    through = layout.through() if rows else []
    for _, piece, pos, name in rows:
        begin, traces = through[piece - 1]
        for index in traces:
            broken = encoded[index].broken
            broken[name] = min(broken.get(name, begin + pos), begin + pos)


def _is_whole(encoder: Encoder, entry: _Entry) -> bool:
    """Return whether a trace records enough to evaluate its states without the specification."""
    needed = encoder.spec.specification.replayable_variables
    return (
        bool(needed)
        and set(needed) <= set(entry.trace.header.observed)
        and all(step.state is not None and step.sent is not None for step in entry.trace.steps)
    )


def _check_recorded_states(
    tlc: _Tlc, encoder: Encoder, encoded: list[_Entry], chosen: list[int]
) -> None:
    """Evaluate the invariants in the recorded states, also after a trace's divergence."""
    if not chosen:
        return
    layout = encoder.layout(chosen, shared=False)
    result, rows = tlc(encoder, _STATES, layout)
    if result.ok:
        _note_broken(encoded, layout, [row for row in rows if row[0] == "broken"])
        for row in rows:
            if row[0] == "accepted":
                encoded[chosen[row[1] - 1]].all_states = True
    elif len(chosen) > 1:
        half = len(chosen) // 2
        _check_recorded_states(tlc, encoder, encoded, chosen[:half])
        _check_recorded_states(tlc, encoder, encoded, chosen[half:])


def _accept(entry: _Entry) -> None:
    reason = None if entry.trace.complete else "the trace has no end record: it may be cut off"
    status = "violates" if entry.broken else "accepted"
    entry.all_states = True
    entry.decide(status, checked=_count_checked(entry.trace, len(entry.trace.steps)), reason=reason)


def _locate(
    tlc: _Tlc, encoder: Encoder, encoded: list[_Entry], left: list[int], explain: int
) -> int:
    if not left:
        return 0
    result, rows = tlc(encoder, _LOCATE, encoder.layout(left, shared=False))
    if not result.ok:
        if len(left) > 1:
            half = len(left) // 2
            done = _locate(tlc, encoder, encoded, left[:half], explain)
            return done + _locate(tlc, encoder, encoded, left[half:], max(0, explain - done))
        message = encoder.spec.with_origins(result.message)
        reason = f"TLC could not compare it: {result.outcome}: {message}"
        encoded[left[0]].decide("not checkable", reason=reason)
        return 0
    stuck: dict[int, int] = {}
    for row in rows:
        index = left[row[1] - 1]
        if row[0] == "accepted" and encoded[index].verdict is None:
            _accept(encoded[index])
        elif row[0] == "stuck":
            stuck[index] = max(stuck.get(index, -1), row[2])
    rejected = [index for index in left if encoded[index].verdict is None]
    if encoder.claims:
        _check_recorded_states(
            tlc,
            encoder,
            encoded,
            [index for index in rejected if _is_whole(encoder, encoded[index])],
        )
    shown = [index for index in rejected if index in stuck][:explain]
    reports, why_not = _explain(tlc, encoder, encoded, shown, [stuck[index] for index in shown])
    for index in rejected:
        entry = encoded[index]
        if index not in stuck:
            entry.decide(
                "diverged",
                divergence=Divergence(-1, None),
                reason="the specification does not allow the initial state",
            )
            continue
        at = stuck[index]
        record = entry.trace.steps[at]
        entry.decide(
            "diverged",
            checked=_count_checked(entry.trace, at),
            divergence=reports.get(index, Divergence(at, record)),
            reason=_unexplained(index, reports, shown, why_not),
        )
    return len(shown)


def _explain(
    tlc: _Tlc, encoder: Encoder, encoded: list[_Entry], shown: list[int], stop: list[int]
) -> tuple[dict[int, Divergence], str]:
    if not shown:
        return {}, ""
    result, rows = tlc(encoder, _EXPLAIN, encoder.layout(shown, shared=False), stop=stop)
    if not result.ok:
        return {}, f"{result.outcome}: {result.message}"
    reports = {}
    spec = encoder.spec
    for place, index in enumerate(shown):
        own = [row for row in rows if row[1] == place + 1]
        before = [row[2] for row in own if row[0] == "before"]
        if not before:
            continue
        step = encoded[index].trace.steps[stop[place]]
        observed = encoded[index].trace.header.observed
        successors = [
            _successor(spec, step, observed, before[0], row[2], step.action or "?", step.node, True)
            for row in own
            if row[0] == "occasion"
        ] + [
            _successor(spec, step, observed, before[0], row[4], row[2], row[3], False)
            for row in own
            if row[0] == "allowed"
        ]
        allowed = sorted({f"{row[2]}({row[3]})" for row in own if row[0] == "allowed"})
        nearest = min(successors, key=lambda s: _distance(step, s), default=None)
        reports[index] = Divergence(
            step=stop[place],
            record=step,
            before={name: to_itf(value) for name, value in before[0].items()},
            behaviours=len(set(before)),
            allowed=tuple(allowed),
            nearest=nearest,
        )
    return reports, "TLC did not reach the step again"


def _unexplained(
    index: int, reports: Mapping[int, Divergence], shown: Sequence[int], why_not: str
) -> str | None:
    if index in reports:
        return None
    if index in shown:
        return f"located, but TLC could not explain it: {why_not}"
    return "located, but not explained: set 'explain' higher"


def _distance(step: Step, successor: Successor) -> tuple[Any, ...]:
    return (
        not successor.same_occasion,
        successor.action != step.action,
        successor.node != step.node,
        len(successor.differences),
        successor.action,
        successor.node,
    )


def _successor(
    spec: TraceSpec,
    step: Step,
    observed: Sequence[str],
    before: Record,
    after: Record,
    action: str,
    node: str,
    same: bool,
) -> Successor:
    differences = []
    recorded = step.state or {}
    for name in dict.fromkeys([*observed, *recorded]):
        old, new = (_at(spec, state, name, step.node) for state in (before, after))
        if name == "up" and name not in spec.text.variables and name not in spec.derived:
            old = new = TRUE
        if new is None or (step.state is None):
            continue
        value = recorded_value(spec, recorded[name]) if name in recorded else old
        if value is not None and value != new:
            differences.append(Difference(name, step.node, to_itf(new), to_itf(value)))
    messages = spec.messages[0] if spec.messages else "msgs"
    old_messages, new_messages = before.get(messages), after.get(messages)
    if step.sent is not None and isinstance(old_messages, Set) and isinstance(new_messages, Set):
        sent = Set(recorded_value(spec, sent.message) for sent in step.sent)
        if Set(old_messages.members | sent.members) != new_messages:
            left = Set(new_messages.members - old_messages.members)
            differences.append(Difference("sent", step.node, to_itf(left), to_itf(sent)))
    return Successor(action, node, same, tuple(differences))


def _at(spec: TraceSpec, state: Record, name: str, node: str) -> Any:
    value = state.get(name)
    if name in spec.global_variables:
        return value
    if isinstance(value, Record) and node in value:
        return value[node]
    return None


def follow(
    trace: Trace,
    *,
    specification: Specification | None = None,
    timeout: float | None = None,
    memory: int | None = None,
    java: Path | str | None = None,
    jar: Path | str | None = None,
    cancel: threading.Event | None = None,
) -> SpecReplay:
    """Return the specification's state after every step of a trace, and the trace's verdict.

    Parameters
    ----------
    trace : Trace
        The trace.
    specification : Specification, optional
        The specification to check the trace against; by default that of the trace's protocol.
    timeout, memory, java, jar, cancel
        As for :func:`toolkit.tlc.check`.

    Returns
    -------
    SpecReplay

    Raises
    ------
    UnknownNameError
        If no specification is given and the trace's protocol is not registered.
    TlcError
        If TLC was cancelled, or ran out of time or memory.
    """
    options: dict[str, Any] = {
        "timeout": timeout,
        "memory": memory,
        "java": java,
        "jar": jar,
        "cancel": cancel,
    }
    entry = _Entry(None, trace)
    rows: list[list[Any]] = []
    tlc = _Tlc(specification, **options)
    spec = tlc.of(trace)
    try:
        encoder = Encoder(spec, trace)
        encoder.add(trace)
        checkable = bool(trace.steps) and _records_anything(trace)
    except ToolkitError:
        checkable = False
    if checkable:
        layout = encoder.layout(shared=False)
        _, rows = tlc(encoder, _FOLLOW + _CLAIMS, layout, workers=1)
        # If the trace is accepted, this run of TLC gives the verdict as well.
        if any(row[0] == "accepted" for row in rows):
            _note_broken([entry], layout, [row for row in rows if row[0] == "broken"])
            _accept(entry)
    verdict = entry.verdict or validate([trace], specification=specification, **options).verdicts[0]
    if verdict.status == "not checkable":
        return SpecReplay(verdict, (), False)
    states: dict[int, dict[str, Any]] = {}
    ambiguous = False
    for row in rows:
        if row[0] == "state":
            if row[2] in states:
                ambiguous = True
            else:
                states[row[2]] = {name: to_itf(value) for name, value in row[3].items()}
    return SpecReplay(verdict, tuple(states[at] for at in sorted(states)), ambiguous)
