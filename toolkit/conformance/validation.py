"""Trace validation: TLC decides whether some behaviour of the specification explains a trace."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from toolkit.conformance.encode import Encoder, Layout
from toolkit.conformance.tracespec import TraceSpec
from toolkit.conformance.verdict import (
    Broken,
    Checked,
    Difference,
    Divergence,
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
from toolkit.values import Record, Set, Tuple, canonical, from_itf, parse_values, to_itf

__all__ = ["SpecReplay", "follow", "validate"]

BATCH_STEPS = 400_000
"""Traces are given to TLC in batches of about so many steps, to bound its memory."""

INCREMENTAL = True
"""Whether invariants are evaluated after a step only as far as it can have changed them."""

_ACCEPT = "SPECIFICATION TraceSpec\nINVARIANT Accepted\nVIEW TraceView"
_CLAIMS = "\nINVARIANT Claims"
_STATES = "SPECIFICATION StatesSpec\nINVARIANTS Accepted Claims\nVIEW TraceView"
_LOCATE = "SPECIFICATION TraceSpec\nINVARIANTS Accepted Stuck"
_EXPLAIN = "SPECIFICATION ExplainSpec\nINVARIANT Before"
_FOLLOW = "SPECIFICATION TraceSpec\nINVARIANTS Accepted Follow"
# With fewer steps the fast start of a short run saves more than its slower code costs.
_SHORT_STEPS = 2_000


_BROKEN = re.compile(r'<<"broken", (\d+), (\d+), "(\w+)">>')


class _Heard:
    """What TLC prints, as it comes.

    An invariant that fails once may fail in all states that follow: of each, the first place in
    a piece is kept.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.broken: dict[tuple[int, str], int] = {}

    def take(self, line: str) -> None:
        match = _BROKEN.fullmatch(line.strip())
        if match is None:
            self.lines.append(line)
            return
        key, at = (int(match[1]), match[3]), int(match[2])
        self.broken[key] = min(at, self.broken.get(key, at))


class _Tlc:
    """Runs TLC for a validation, and counts what it costs."""

    def __init__(
        self,
        given: Specification | None = None,
        *,
        invariants: bool = True,
        claims: Sequence[str] = (),
        **options: Any,
    ) -> None:
        self.given = given
        self._specs: dict[int, TraceSpec] = {}
        self.invariants = invariants
        self.claims = claims
        self.options = options
        self.seconds = 0.0
        self.runs = 0
        self.distinct_steps = 0
        self.version = ""

    def of(self, trace: Trace) -> TraceSpec:
        """Return the specification that a trace is held against.

        Raises
        ------
        UnknownNameError
            If none was given, and the trace's protocol is not registered.
        """
        found = self.given
        if found is None:
            found = get_protocol(trace.header.protocol).specification
        known = self._specs.get(id(found))
        if known is None:
            known = self._specs[id(found)] = TraceSpec(found)
        return known

    def evaluated(self, spec: TraceSpec) -> tuple[str, ...]:
        """Return the properties of states to evaluate, the specification's own first."""
        promised = spec.specification.claims
        for name in self.claims:
            if name not in promised and name not in spec.invariants:
                known = ", ".join(promised)
                raise UnknownNameError(
                    f"the specification of {spec.specification.name} has no claim {name!r}",
                    hint=f"its claims: {known}" if known else "it has none",
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
        heard = _Heard()
        result = check(
            source,
            deadlock=False,
            short=layout.steps <= _SHORT_STEPS,
            on_print=heard.take,
            **options,
        )
        self.seconds += result.duration
        self.runs += 1
        self.version = result.tlc_version
        said = []
        if result.ok:
            for value in parse_values("\n".join(heard.lines)):
                if isinstance(value, Tuple):
                    said.append(list(value.elements))
            said += [
                ["broken", piece, at, name] for (piece, name), at in sorted(heard.broken.items())
            ]
        elif result.outcome in {"cancelled", "time-limit", "out-of-memory"}:
            raise TlcError(
                f"the validation was not finished: {result.outcome}",
                hint="give it more time or memory, or fewer traces",
            )
        return result, said


class _Entry:
    """A trace on its way to a verdict."""

    def __init__(self, source: str | None, trace: Trace) -> None:
        self.source = source
        self.trace = trace
        self.verdict: Verdict | None = None
        self.broken: dict[str, int] = {}
        self.looked = False

    def decide(self, status: Any, **more: Any) -> None:
        trace = self.trace
        broken = sorted(self.broken.items(), key=lambda one: (one[1], one[0]))
        self.verdict = Verdict(
            trace=trace.header.trace,
            source=self.source,
            status=status,
            steps=len(trace.steps),
            checked=more.pop("checked", Checked()),
            complete=trace.complete,
            broken=tuple(Broken(name, step) for name, step in broken),
            all_states=self.looked,
            replay=trace.header.replay,
            **more,
        )


def _checked(trace: Trace, steps: int) -> Checked:
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
    """Ask TLC which traces the specification allows, and where the others depart from it.

    Parameters
    ----------
    sources : iterable of path or Trace
        Trace files, or traces in memory.
    protocol : str, optional
        Insist that every trace is of this protocol.
    specification : Specification, optional
        What the traces are held against, whatever protocol they name; by default the
        specification of the protocol that is registered by the name in their header.
    explain : int
        At most so many divergences are explained; the others are only located, and say so.
    invariants : bool
        Whether the protocol's invariants are evaluated on every state as well.
    claims : sequence of str
        Further properties that are evaluated on every state and count as invariants: of those
        that the protocol's specification defines and does not promise (``Protocol.claims``).
    workers, timeout, memory, java, jar, cancel
        As for :func:`toolkit.tlc.check`; the time limit is that of one run of TLC.
    progress : callable, optional
        Called with traces done and traces in all, as batches are done.

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
        If a trace is of a protocol that is not registered, or its protocol has no such claim.
    TlcError
        If a run of TLC was cancelled, or ran out of time or memory.
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
            raise UnknownNameError(error.message, path=entry.source, hint=error.hint) from error
        if protocol is not None and header.protocol != protocol:
            raise SettingError(
                f"trace {header.trace!r} is of protocol {header.protocol!r}, not {protocol!r}",
                path=entry.source,
                hint="check it as what it is",
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
    """Decide a group of traces with one header; return how many were explained."""
    spec = tlc.of(group[0].trace)
    good: list[_Entry] = []
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
        if not _says_something(entry.trace):
            entry.decide("not checkable", reason="its steps recorded nothing but their nodes")
            continue
        try:
            encoder.add(entry.trace)
        except ToolkitError as error:
            entry.decide("not checkable", reason=str(error))
            continue
        good.append(entry)
    tlc.distinct_steps += encoder.layout(shared=True).steps
    return _run(tlc, encoder, good, list(range(len(good))), explain)


def _says_something(trace: Trace) -> bool:
    return any(
        step.action or step.received or step.sent is not None or step.state for step in trace.steps
    )


def _run(tlc: _Tlc, encoder: Encoder, good: list[_Entry], chosen: list[int], explain: int) -> int:
    if not chosen:
        return 0
    layout = encoder.layout(chosen, shared=True)
    config = _ACCEPT + _CLAIMS if encoder.claims else _ACCEPT
    result, said = tlc(encoder, config, layout, incremental=INCREMENTAL and bool(encoder.claims))
    if not result.ok and INCREMENTAL and encoder.claims:
        # Where an evaluation fails, what counts is whether it does so in the ordinary one.
        result, said = tlc(encoder, config, layout)
    if not result.ok:
        # One trace that TLC cannot even compare must not cost the others their verdicts.
        if len(chosen) > 1:
            half = len(chosen) // 2
            done = _run(tlc, encoder, good, chosen[:half], explain)
            return done + _run(tlc, encoder, good, chosen[half:], max(0, explain - done))
        message = encoder.spec.in_their_terms(result.message)
        reason = f"TLC could not compare it: {result.outcome}: {message}"
        good[chosen[0]].decide("not checkable", reason=reason)
        return 0
    accepted = {
        index for words in said if words[0] == "accepted" for index in layout.ends(words[1])
    }
    _break(good, layout, [words for words in said if words[0] == "broken"])
    left = []
    for index in chosen:
        if index in accepted:
            _accept(good[index])
        else:
            left.append(index)
    return _locate(tlc, encoder, good, left, explain)


def _break(good: list[_Entry], layout: Layout, said: list[list[Any]]) -> None:
    """Take note of the invariants that do not hold somewhere."""
    through = layout.through() if said else []
    for _, piece, pos, name in said:
        begin, traces = through[piece - 1]
        for index in traces:
            broken = good[index].broken
            broken[name] = min(broken.get(name, begin + pos), begin + pos)


def _is_whole(encoder: Encoder, entry: _Entry) -> bool:
    """Return whether a trace says enough for its states to be looked at by themselves."""
    needed = encoder.spec.specification.replayable_variables
    return (
        bool(needed)
        and set(needed) <= set(entry.trace.header.observed)
        and all(step.state is not None and step.sent is not None for step in entry.trace.steps)
    )


def _look(tlc: _Tlc, encoder: Encoder, good: list[_Entry], chosen: list[int]) -> None:
    """Evaluate the invariants on the states that traces recorded, past where they diverge."""
    if not chosen:
        return
    layout = encoder.layout(chosen, shared=False)
    result, said = tlc(encoder, _STATES, layout)
    if result.ok:
        _break(good, layout, [words for words in said if words[0] == "broken"])
        for words in said:
            if words[0] == "accepted":
                good[chosen[words[1] - 1]].looked = True
    elif len(chosen) > 1:
        half = len(chosen) // 2
        _look(tlc, encoder, good, chosen[:half])
        _look(tlc, encoder, good, chosen[half:])


def _accept(entry: _Entry) -> None:
    reason = None if entry.trace.complete else "the trace was not closed: it may go on"
    status = "violates" if entry.broken else "accepted"
    entry.looked = True
    entry.decide(status, checked=_checked(entry.trace, len(entry.trace.steps)), reason=reason)


def _locate(tlc: _Tlc, encoder: Encoder, good: list[_Entry], left: list[int], explain: int) -> int:
    if not left:
        return 0
    result, said = tlc(encoder, _LOCATE, encoder.layout(left, shared=False))
    if not result.ok:
        if len(left) > 1:
            half = len(left) // 2
            done = _locate(tlc, encoder, good, left[:half], explain)
            return done + _locate(tlc, encoder, good, left[half:], max(0, explain - done))
        message = encoder.spec.in_their_terms(result.message)
        reason = f"TLC could not compare it: {result.outcome}: {message}"
        good[left[0]].decide("not checkable", reason=reason)
        return 0
    stuck: dict[int, int] = {}
    for words in said:
        index = left[words[1] - 1]
        if words[0] == "accepted" and good[index].verdict is None:
            _accept(good[index])
        elif words[0] == "stuck":
            stuck[index] = max(stuck.get(index, -1), words[2])
    rejected = [index for index in left if good[index].verdict is None]
    if encoder.claims:
        _look(tlc, encoder, good, [index for index in rejected if _is_whole(encoder, good[index])])
    shown = [index for index in rejected if index in stuck][:explain]
    reports, why_not = _explain(tlc, encoder, good, shown, [stuck[index] for index in shown])
    for index in rejected:
        entry = good[index]
        if index not in stuck:
            entry.decide(
                "diverged",
                divergence=Divergence(-1, None),
                reason="the initial state is not the specification's",
            )
            continue
        at = stuck[index]
        record = entry.trace.steps[at]
        entry.decide(
            "diverged",
            checked=_checked(entry.trace, at),
            divergence=reports.get(index, Divergence(at, record)),
            reason=_unexplained(index, reports, shown, why_not),
        )
    return len(shown)


def _explain(
    tlc: _Tlc, encoder: Encoder, good: list[_Entry], shown: list[int], stop: list[int]
) -> tuple[dict[int, Divergence], str]:
    if not shown:
        return {}, ""
    result, said = tlc(encoder, _EXPLAIN, encoder.layout(shown, shared=False), stop=stop)
    if not result.ok:
        return {}, f"{result.outcome}: {result.message}"
    reports = {}
    spec = encoder.spec
    for place, index in enumerate(shown):
        words = [one for one in said if one[1] == place + 1]
        before = [one[2] for one in words if one[0] == "before"]
        if not before:
            continue
        step = good[index].trace.steps[stop[place]]
        observed = good[index].trace.header.observed
        successors = [
            _successor(spec, step, observed, before[0], one[2], step.action or "?", step.node, True)
            for one in words
            if one[0] == "occasion"
        ] + [
            _successor(spec, step, observed, before[0], one[4], one[2], one[3], False)
            for one in words
            if one[0] == "allowed"
        ]
        allowed = sorted({f"{one[2]}({one[3]})" for one in words if one[0] == "allowed"})
        nearest = min(successors, key=lambda s: _distance(step, s), default=None)
        reports[index] = Divergence(
            step=stop[place],
            record=step,
            before={name: to_itf(value) for name, value in before[0].items()},
            behaviours=len(set(before)),
            allowed=tuple(allowed),
            nearest=nearest,
        )
    return reports, "it was not reached again"


def _unexplained(
    index: int, reports: Mapping[int, Divergence], shown: Sequence[int], why_not: str
) -> str | None:
    if index in reports:
        return None
    if index in shown:
        return f"located; TLC could not explain it: {why_not}"
    return "located and not explained: see 'explain'"


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
        if new is None or (step.state is None):
            continue
        said = from_itf(recorded[name]) if name in recorded else old
        if said is not None and said != new:
            differences.append(Difference(name, step.node, to_itf(new), to_itf(said)))
    old_messages, new_messages = before.get("msgs"), after.get("msgs")
    if step.sent is not None and isinstance(old_messages, Set) and isinstance(new_messages, Set):
        sent = Set(from_itf(one.message) for one in step.sent)
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


class SpecReplay:
    """A trace with the specification's state beside each of its steps.

    Attributes
    ----------
    verdict : Verdict
        What :func:`validate` says of the trace.
    states : tuple of dict
        The specification's whole state, variable to ITF-encoded value: element 0 is the
        initial state, element k+1 the one after step k; as far as the specification could
        follow.
    ambiguous : bool
        Whether more than one state agreed with what was recorded somewhere; the first one
        found is shown there.
    """

    def __init__(
        self, verdict: Verdict, states: tuple[dict[str, Any], ...], ambiguous: bool
    ) -> None:
        self.verdict = verdict
        self.states = states
        self.ambiguous = ambiguous

    def at(self, node: str, index: int) -> dict[str, Any] | None:
        """Return the specification's variables at one node, as TLC computed them.

        Parameters
        ----------
        node : str
        index : int
            0 for the initial state, k+1 for the one after step k.

        Returns
        -------
        dict or None
            Variable to ITF-encoded value; ``None`` beyond the last state.
        """
        if not 0 <= index < len(self.states):
            return None
        shown = {}
        for name, value in self.states[index].items():
            if isinstance(value, dict) and node in value and not name.startswith("#"):
                shown[name] = value[node]
        return shown


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
    """Return the specification's state at every step of a trace, and the verdict.

    Parameters
    ----------
    trace : Trace
    specification : Specification, optional
        What it is held against; by default that of the protocol that it names.
    timeout, memory, java, jar, cancel
        As for :func:`toolkit.tlc.check`.

    Returns
    -------
    SpecReplay
    """
    options: dict[str, Any] = {
        "timeout": timeout,
        "memory": memory,
        "java": java,
        "jar": jar,
        "cancel": cancel,
    }
    entry = _Entry(None, trace)
    said: list[list[Any]] = []
    tlc = _Tlc(specification, **options)
    spec = tlc.of(trace)
    try:
        encoder = Encoder(spec, trace)
        encoder.add(trace)
        checkable = bool(trace.steps) and _says_something(trace)
    except ToolkitError:
        checkable = False
    if checkable:
        layout = encoder.layout(shared=False)
        _, said = tlc(encoder, _FOLLOW + _CLAIMS, layout, workers=1)
        # Where the trace is accepted, this one run of TLC gives the verdict as well.
        if any(words[0] == "accepted" for words in said):
            _break([entry], layout, [words for words in said if words[0] == "broken"])
            _accept(entry)
    verdict = entry.verdict or validate([trace], specification=specification, **options).verdicts[0]
    if verdict.status == "not checkable":
        return SpecReplay(verdict, (), False)
    states: dict[int, dict[str, Any]] = {}
    ambiguous = False
    for words in said:
        if words[0] == "state":
            if words[2] in states:
                ambiguous = True
            else:
                states[words[2]] = {name: to_itf(value) for name, value in words[3].items()}
    return SpecReplay(verdict, tuple(states[at] for at in sorted(states)), ambiguous)
